//! [`Handover`]: waking from a thread that cannot attach to the coroutine's interpreter.
//!
//! Such a thread is attached to another interpreter, or in a `__traverse__`. It could detach, wake
//! the loop and return, but it would wait for two GILs, perhaps while it holds a lock that a thread
//! with one of these GILs waits for. So it passes the waker to a helper thread. Each interpreter
//! has at most one, which ends when its queue is empty.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;

use super::waker::LoopWaker;
use crate::interpreter::process::process;
use crate::interpreter::sync::lock;
use crate::interpreter::{Interpreter, Python};
use crate::sync::InterpreterLocal;

/// The wakers of an interpreter that a helper thread is to call.
pub(super) struct Handover {
    interpreter: Interpreter,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    wakers: Vec<Arc<LoopWaker>>,
    /// The process in which a helper thread runs. A fork does not copy it.
    helper: Option<u32>,
}

impl Handover {
    /// Returns the handover of the token's interpreter.
    pub(super) fn of(py: Python<'_>) -> Arc<Self> {
        static HANDOVER: InterpreterLocal<Arc<Handover>> = InterpreterLocal::new();
        let handover = HANDOVER.get_or_init(py, || {
            Arc::new(Self {
                interpreter: py.interpreter(),
                queue: Mutex::default(),
            })
        });
        Arc::clone(handover)
    }

    /// Lets a helper thread call the waker. If there is none and none can be started, the waker
    /// stays in the queue for the next one.
    pub(super) fn wake(self: &Arc<Self>, waker: Arc<LoopWaker>) {
        {
            let mut queue = lock(&self.queue);
            queue.wakers.push(waker);
            if queue.helper == Some(process()) {
                return;
            }
            queue.helper = Some(process());
        }
        let this = Arc::clone(self);
        let started = thread::Builder::new()
            .name("pyatoll-waker".to_owned())
            .spawn(move || this.work());
        if started.is_err() {
            lock(&self.queue).helper = None;
        }
    }

    /// Calls the wakers in the queue until it is empty. Drops those of an interpreter that refuses
    /// threads because it is ending.
    fn work(&self) {
        loop {
            let wakers = {
                let mut queue = lock(&self.queue);
                if queue.wakers.is_empty() {
                    queue.helper = None;
                    return;
                }
                std::mem::take(&mut queue.wakers)
            };
            let called = catch_unwind(AssertUnwindSafe(|| {
                let _ = self.interpreter.attach(|py| {
                    for waker in &wakers {
                        waker.release(py);
                    }
                });
            }));
            if let Err(payload) = called {
                crate::panic::discard(payload);
            }
        }
    }
}
