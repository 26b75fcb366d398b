//! [`Scope`]: a future that belongs to an interpreter.

use std::pin::Pin;
use std::task::{Context, Poll};

use pyatoll::interpreter::Interpreter;

/// A future whose code enters an interpreter where it attaches, on any thread that polls or drops
/// it.
pub(crate) struct Scope<F> {
    interpreter: Interpreter,
    /// `None` once it has returned.
    future: Option<Pin<Box<F>>>,
}

impl<F> Scope<F> {
    pub(crate) fn new(interpreter: Interpreter, future: F) -> Self {
        Self {
            interpreter,
            future: Some(Box::pin(future)),
        }
    }
}

impl<F: Future> Future for Scope<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        this.interpreter.as_default(|| {
            let future = this.future.as_mut();
            let future = future.expect("a future must not be polled after it has returned");
            let polled = future.as_mut().poll(cx);
            if polled.is_ready() {
                this.future = None;
            }
            polled
        })
    }
}

impl<F> Drop for Scope<F> {
    fn drop(&mut self) {
        self.interpreter.as_default(|| self.future = None);
    }
}
