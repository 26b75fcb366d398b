//! Futures for the tests: one that is woken at once, one that is woken by a thread after a time,
//! and one whose waker the test gets.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

/// Lets the loop poll again.
pub async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Completes when another thread says so.
#[derive(Clone, Default)]
pub struct Signal(Arc<Mutex<(bool, Option<Waker>)>>);

impl Signal {
    /// Returns a signal that a new thread gives after a time.
    pub fn after(milliseconds: u64) -> Self {
        let signal = Self::default();
        let given = signal.clone();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(milliseconds));
            given.give();
        });
        signal
    }

    /// Completes the future, and wakes its task.
    pub fn give(&self) {
        let waker = {
            let mut state = self.0.lock().unwrap();
            state.0 = true;
            state.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Future for Signal {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock().unwrap();
        if state.0 {
            return Poll::Ready(());
        }
        state.1 = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// Never completes. Sends the waker of its task at every poll.
pub struct Suspended(pub mpsc::Sender<Waker>);

impl Future for Suspended {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let _ = self.0.send(cx.waker().clone());
        Poll::Pending
    }
}
