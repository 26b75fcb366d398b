//! Events for the crate `tracing`, with the feature `tracing`; nothing without it.
//!
//! The target is `pyatoll::pool`. A subscriber is foreign code: it is called without a lock, and
//! its panics are discarded. The thread may be attached to the interpreter of a worker.

use super::error::PoolError;

/// Defines functions that emit an event.
macro_rules! events {
    ($(
        $(#[$attribute:meta])*
        fn $name:ident($($argument:ident: $kind:ty),*) => $level:ident $text:literal;
    )*) => {$(
        $(#[$attribute])*
        #[inline]
        pub(super) fn $name($($argument: $kind),*) {
            #[cfg(feature = "tracing")]
            crate::panic::discarding(|| {
                tracing::event!(
                    target: "pyatoll::pool",
                    tracing::Level::$level,
                    $($argument,)*
                    $text
                )
            });
            #[cfg(not(feature = "tracing"))]
            let _ = ($($argument,)*);
        }
    )*};
}

events! {
    fn job_submitted(job: u64) => TRACE "job submitted";
    fn job_started(job: u64, interpreter: i64) => TRACE "job started";
    fn job_finished(job: u64) => TRACE "job finished";
    fn job_failed_with(job: u64, error: &str) => DEBUG "job failed";
    fn job_cancelled_with(job: u64, error: &str) => DEBUG "job cancelled";
    fn job_interrupted(job: u64) => DEBUG "job interrupted";
    fn interpreter_created(worker: usize, interpreter: i64) => DEBUG "interpreter created";
    fn interpreter_replaced(worker: usize, interpreter: i64) => WARN "interpreter replaced";
    fn interpreter_ended(worker: usize, interpreter: i64) => DEBUG "interpreter ended";
}

/// The end of a job, to be reported once no lock is held.
pub(super) enum JobEnd {
    Finished,
    Failed(String),
    Cancelled(String),
}

impl JobEnd {
    /// Describes the end of a job that has started.
    pub(super) fn of<R>(result: &Result<R, PoolError>) -> Self {
        match result {
            Ok(_) => Self::Finished,
            Err(error) => Self::failed(error),
        }
    }

    pub(super) fn failed(error: &PoolError) -> Self {
        Self::Failed(text(error))
    }

    /// Describes the end of a job that has not started.
    pub(super) fn cancelled(why: &PoolError) -> Self {
        Self::Cancelled(text(why))
    }

    pub(super) fn report(&self, job: u64) {
        match self {
            Self::Finished => job_finished(job),
            Self::Failed(error) => job_failed_with(job, error),
            Self::Cancelled(error) => job_cancelled_with(job, error),
        }
    }
}

/// Returns the error's text, which is needed for an event only.
fn text(error: &PoolError) -> String {
    if cfg!(feature = "tracing") {
        error.to_string()
    } else {
        String::new()
    }
}
