//! `async fn`: functions and a method that other threads wake, and one that notices its
//! cancellation.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use pyatoll::coroutine::CancelHandle;
use pyatoll::prelude::*;

/// Completes when a thread says so.
#[derive(Clone, Default)]
struct Timer(Arc<Mutex<(bool, Option<Waker>)>>);

impl Timer {
    fn new(milliseconds: u64) -> Self {
        let timer = Self::default();
        let fired = timer.clone();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(milliseconds));
            let waker = {
                let mut state = fired.0.lock().unwrap_or_else(|error| error.into_inner());
                state.0 = true;
                state.1.take()
            };
            if let Some(waker) = waker {
                waker.wake();
            }
        });
        timer
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock().unwrap_or_else(|error| error.into_inner());
        if state.0 {
            return Poll::Ready(());
        }
        state.1 = Some(context.waker().clone());
        Poll::Pending
    }
}

/// Returns the object after a time.
#[pyfunction]
pub async fn later(milliseconds: u64, object: Py<PyAny>) -> Py<PyAny> {
    Timer::new(milliseconds).await;
    object
}

/// Waits for its cancellation. Returns the exception's text.
#[pyfunction]
pub async fn cancelled(#[pyo3(cancel_handle)] mut cancel: CancelHandle) -> PyResult<String> {
    let exception = cancel.cancelled().await;
    Python::attach(|py| Ok(exception.bind(py).repr()?.to_string()))
}

/// A number that grows slowly.
#[pyclass]
pub struct Slow {
    #[pyo3(get)]
    number: u64,
}

#[pymethods]
impl Slow {
    #[new]
    fn new() -> Self {
        Self { number: 0 }
    }

    async fn add(&mut self, by: u64, milliseconds: u64) -> u64 {
        Timer::new(milliseconds).await;
        self.number += by;
        self.number
    }
}
