//! Runtimes other than tokio.

mod common;

use std::any::Any;
use std::cell::RefCell;
use std::future::{Ready, poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use pyatoll::exceptions::asyncio::CancelledError;
use pyatoll::prelude::*;
use pyatoll_async::TaskLocals;
use pyatoll_async::generic::{self, ContextExt, JoinError, Runtime};

/// No task of these runtimes fails.
struct Never;

impl JoinError for Never {
    fn is_panic(&self) -> bool {
        false
    }

    fn into_panic(self) -> Box<dyn Any + Send> {
        unreachable!("no task fails")
    }
}

/// A thread for each future.
struct Threads;

thread_local! {
    static LOCALS: RefCell<Option<TaskLocals>> = const { RefCell::new(None) };
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

impl Runtime for Threads {
    type JoinError = Never;
    type JoinHandle = Ready<Result<(), Never>>;

    fn spawn<F: Future<Output = ()> + Send + 'static>(fut: F) -> Self::JoinHandle {
        thread::spawn(move || block_on(fut));
        ready(Ok(()))
    }

    fn spawn_blocking<F: FnOnce() + Send + 'static>(f: F) -> Self::JoinHandle {
        thread::spawn(f);
        ready(Ok(()))
    }
}

impl ContextExt for Threads {
    fn scope<F, R>(locals: TaskLocals, fut: F) -> Pin<Box<dyn Future<Output = R> + Send>>
    where
        F: Future<Output = R> + Send + 'static,
    {
        let mut fut = Box::pin(fut);
        Box::pin(poll_fn(move |cx| {
            let outer = LOCALS.replace(Some(locals.clone()));
            let polled = fut.as_mut().poll(cx);
            LOCALS.replace(outer);
            polled
        }))
    }

    fn get_task_locals() -> Option<TaskLocals> {
        LOCALS.with_borrow(Option::clone)
    }
}

#[test]
fn futures_of_any_runtime_carry_their_interpreter() {
    for sub in common::subs(1) {
        sub.attach(|py| {
            let here = py.interpreter();
            let sum = generic::run::<Threads, _, i64>(py, async move {
                let asked = Python::attach(|py| {
                    assert_eq!(py.interpreter(), here);
                    let inner = generic::future_into_py::<Threads, _, _>(py, async move {
                        thread::sleep(Duration::from_millis(1));
                        Python::attach(|py| assert_eq!(py.interpreter(), here));
                        Ok(20)
                    });
                    generic::into_future::<Threads>(inner?)
                });
                let number = asked?.await?;
                let number: i64 = Python::attach(|py| number.extract(py))?;
                Ok(number + 1)
            });
            assert_eq!(sum.unwrap(), 21);
            let panics = generic::run::<Threads, _, ()>(py, async { panic!("oh no") });
            assert!(
                panics
                    .unwrap_err()
                    .to_string()
                    .contains("rust future panicked: oh no")
            );
        })
        .unwrap();
        sub.close().unwrap();
    }
}

/// Drops each future.
struct Lazy;

impl Runtime for Lazy {
    type JoinError = Never;
    type JoinHandle = Ready<Result<(), Never>>;

    fn spawn<F: Future<Output = ()> + Send + 'static>(_: F) -> Self::JoinHandle {
        ready(Ok(()))
    }

    fn spawn_blocking<F: FnOnce() + Send + 'static>(_: F) -> Self::JoinHandle {
        ready(Ok(()))
    }
}

impl ContextExt for Lazy {
    fn scope<F, R>(_: TaskLocals, fut: F) -> Pin<Box<dyn Future<Output = R> + Send>>
    where
        F: Future<Output = R> + Send + 'static,
    {
        Box::pin(fut)
    }

    fn get_task_locals() -> Option<TaskLocals> {
        None
    }
}

#[test]
fn a_future_that_a_runtime_drops_is_cancelled() {
    Python::initialize();
    Python::attach(|py| {
        let result = generic::run::<Lazy, _, ()>(py, async { Ok(()) });
        let cancelled = py.get_type::<CancelledError>();
        assert!(result.unwrap_err().matches(py, cancelled).unwrap());
    });
}
