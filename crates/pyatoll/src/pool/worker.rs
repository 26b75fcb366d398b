//! A worker: a thread with an interpreter that it creates, uses and ends.
//!
//! Invariants:
//! - A worker that waits for a job is not in its interpreter: it holds no GIL, no thread state and
//!   no interpreter guard, so that it does not block the end of the interpreter or the runtime.
//! - A job that was taken is run or returned to the queue.
//! - The end of the thread is always recorded ([`Shared::worker_ends`]).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use pyo3_ffi as ffi;

use super::error::{PoolBuildError, PoolError};
use super::job::{Job, drop_discarding_panic};
use super::runtime_end;
use super::shared::Shared;
use crate::error::{PyResult, RaisedException};
use crate::interpreter::{
    BuildError, Interpreter, Python, SubInterpreter, SubInterpreterBuilder, attach, start,
};

pub(super) type Initializer = dyn for<'py> Fn(Python<'py>) -> PyResult<()> + Send + Sync;

/// The settings of all workers of a pool.
#[derive(Clone)]
pub(super) struct WorkerSettings {
    pub(super) interpreter: SubInterpreterBuilder,
    pub(super) initializer: Option<Arc<Initializer>>,
    /// Maximum number of consecutive failures to replace an interpreter.
    pub(super) restart_limit: u32,
}

/// Time after which a worker with more jobs detaches to let other threads attach: CPython's own
/// switch interval, which only applies to Python code.
const SWITCH_INTERVAL: Duration = Duration::from_millis(5);

pub(super) struct Worker {
    shared: Arc<Shared>,
    settings: Arc<WorkerSettings>,
    /// A job that was taken out of the queue and has not started.
    taken: Option<Arc<dyn Job>>,
    /// The reason why the worker has no interpreter.
    failure: Option<String>,
}

/// The reason why a worker stops running jobs in an interpreter.
enum ServeEnd {
    /// The pool is closed and has no more jobs.
    NoMoreJobs,
    /// The interpreter has ended.
    InterpreterGone { after_a_job: bool },
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>, settings: Arc<WorkerSettings>) -> Self {
        Self {
            shared,
            settings,
            taken: None,
            failure: None,
        }
    }

    /// Runs the worker. Sends the result of creating its first interpreter to `started`.
    pub(super) fn work(mut self, started: Sender<Result<(), PoolBuildError>>) {
        let mut interpreter = match self.start() {
            Ok(interpreter) => {
                let _ = started.send(Ok(()));
                drop(started);
                interpreter
            }
            Err(error) => {
                self.failure = Some(error.to_string());
                // Before the receiver learns of the failure.
                drop(self);
                let _ = started.send(Err(error));
                return;
            }
        };
        let mut failures = 0;
        loop {
            let serve_end = self.serve(&interpreter);
            self.end(interpreter);
            match serve_end {
                ServeEnd::NoMoreJobs => return,
                ServeEnd::InterpreterGone { after_a_job } => {
                    failures = if after_a_job { 0 } else { failures + 1 };
                    self.failure = Some("its interpreter was ended".into());
                }
            }
            interpreter = loop {
                let needed = self.taken.is_some() || self.shared.is_open_or_has_jobs();
                if failures > self.settings.restart_limit || !needed {
                    return;
                }
                match self.start() {
                    Ok(interpreter) => break interpreter,
                    Err(error) => {
                        self.failure = Some(error.to_string());
                        failures += 1;
                    }
                }
            };
        }
    }

    /// Creates an interpreter and runs the initializer in it.
    fn start(&self) -> Result<SubInterpreter, PoolBuildError> {
        let create = || create_interpreter(&self.shared, &self.settings.interpreter);
        let created = catch_unwind(AssertUnwindSafe(create)).unwrap_or_else(|payload| {
            let error = PoolError::panicked(payload);
            Err(BuildError::new(error.to_string()))
        });
        let interpreter = created.map_err(PoolBuildError::Interpreter)?;
        self.shared.add_worker(interpreter.interpreter());
        if let Err(error) = self.initialize(&interpreter) {
            self.end(interpreter);
            return Err(PoolBuildError::Initializer(error));
        }
        Ok(interpreter)
    }

    /// Ends an interpreter, unless it was ended, or is being ended, elsewhere.
    fn end(&self, interpreter: SubInterpreter) {
        if interpreter.interpreter().is_alive() {
            drop(interpreter);
        } else {
            std::mem::forget(interpreter);
        }
        // Not before: a thread inside the interpreter must not wait for this one.
        self.shared.remove_worker();
    }

    fn initialize(&self, interpreter: &SubInterpreter) -> Result<(), PoolError> {
        let Some(initializer) = &self.settings.initializer else {
            return Ok(());
        };
        let entered = interpreter.attach(|py| {
            let run = || {
                initializer(py).map_err(|error| PoolError::Raised(RaisedException::new(py, &error)))
            };
            catch_unwind(AssertUnwindSafe(run))
                .unwrap_or_else(|payload| Err(PoolError::panicked(payload)))
        });
        entered.unwrap_or_else(|gone| Err(PoolError::Broken(gone.to_string())))
    }

    /// Runs jobs in the interpreter until there are no more or the interpreter has ended.
    fn serve(&mut self, interpreter: &SubInterpreter) -> ServeEnd {
        let interpreter = interpreter.interpreter();
        let shared = &self.shared;
        let taken = &mut self.taken;
        let mut after_a_job = false;
        loop {
            if taken.is_none() {
                *taken = shared.next();
            }
            if taken.is_none() {
                return ServeEnd::NoMoreJobs;
            }
            let entered = interpreter.attach(|py| {
                let since = Instant::now();
                while let Some(job) = taken.take() {
                    after_a_job = true;
                    run(py, job);
                    // The end of the interpreter waits for this thread to leave.
                    if since.elapsed() >= SWITCH_INTERVAL || !interpreter.is_alive() {
                        break;
                    }
                    *taken = shared.try_next();
                }
            });
            if entered.is_err() {
                return ServeEnd::InterpreterGone { after_a_job };
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.shared
            .worker_ends(self.failure.take(), self.taken.take());
    }
}

/// Runs a job and restores the state of the thread for the next one.
fn run(py: Python<'_>, job: Arc<dyn Job>) {
    job.run(py);
    // This may be the last reference to the result.
    drop_discarding_panic(job);
    // SAFETY: attached. An exception that the job left set must not affect the next one.
    unsafe {
        if !ffi::PyErr_Occurred().is_null() {
            ffi::PyErr_Clear();
        }
        py.local().drain();
    }
}

/// Runs a job on this thread, which is the worker of `interpreter` and runs another job.
pub(super) fn run_inline(interpreter: Interpreter, job: &dyn Job) {
    let run = || interpreter.attach(|py| job.run(py));
    let entered = match Interpreter::current() {
        // The running job attached to another interpreter.
        Some(current) if current != interpreter => attach::waiting(run),
        _ => run(),
    };
    if let Err(gone) = entered {
        job.refuse(PoolError::Broken(gone.to_string()));
    }
}

/// Creates an interpreter from the main one, and registers the pool with the runtime.
fn create_interpreter(
    shared: &Arc<Shared>,
    builder: &SubInterpreterBuilder,
) -> Result<SubInterpreter, BuildError> {
    let refused = |error: &dyn std::fmt::Display| BuildError::new(error.to_string());
    let main = start::main_interpreter().map_err(|error| refused(&error))?;
    let created = Interpreter::new(main).attach(|py| {
        runtime_end::register(py, shared).map_err(|error| refused(&error))?;
        builder.build()
    });
    created.unwrap_or_else(|error| Err(refused(&error)))
}
