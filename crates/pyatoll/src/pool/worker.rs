//! A worker: an operating system's thread with an interpreter that it makes, uses and ends.
//!
//! Invariants:
//! - A worker that waits for a job is not in its interpreter: it holds no GIL, no thread state and
//!   no pass, so it keeps nobody from ending the interpreter or the runtime.
//! - A job that was taken is run, or goes back to the queue.
//! - Whatever happens, the end of the thread is noted ([`Shared::depart`]).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use pyo3_ffi as ffi;

use super::error::{PoolBuildError, PoolError, RaisedException};
use super::job::{Job, drop_quietly};
use super::runtime_end;
use super::shared::Shared;
use crate::error::PyResult;
use crate::interpreter::{
    BuildError, Interpreter, Python, SubInterpreter, SubInterpreterBuilder, attach,
};

pub(super) type Initializer = dyn for<'py> Fn(Python<'py>) -> PyResult<()> + Send + Sync;

/// What every worker of a pool is made with.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) interpreter: SubInterpreterBuilder,
    pub(super) initializer: Option<Arc<Initializer>>,
    /// How many interpreters in a row may come to nothing.
    pub(super) restart_limit: u32,
}

/// How long a worker stays in its interpreter while there are jobs, before it lets others in
/// (CPython's own switch interval, which only counts for Python code).
const TURN: Duration = Duration::from_millis(5);

pub(super) struct Worker {
    shared: Arc<Shared>,
    settings: Arc<Settings>,
    /// A job taken out of the queue that has not begun.
    carried: Option<Arc<dyn Job>>,
    /// Why it has no interpreter any more.
    failure: Option<String>,
}

/// Why a worker has no more to do in an interpreter.
enum Served {
    /// There are no jobs any more.
    All,
    /// The interpreter has ended under it.
    InterpreterGone { after_a_job: bool },
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>, settings: Arc<Settings>) -> Self {
        Self {
            shared,
            settings,
            carried: None,
            failure: None,
        }
    }

    /// The life of the worker. `started` hears how its first interpreter came to be.
    pub(super) fn work(mut self, started: Sender<Result<(), PoolBuildError>>) {
        let mut interpreter = match self.start() {
            Ok(interpreter) => {
                let _ = started.send(Ok(()));
                drop(started);
                interpreter
            }
            Err(error) => {
                self.failure = Some(error.to_string());
                // Gone before it is heard of.
                drop(self);
                let _ = started.send(Err(error));
                return;
            }
        };
        let mut failures = 0;
        loop {
            let served = self.serve(&interpreter);
            self.end(interpreter);
            match served {
                Served::All => return,
                Served::InterpreterGone { after_a_job } => {
                    failures = if after_a_job { 0 } else { failures + 1 };
                    self.failure = Some("its interpreter was ended".into());
                }
            }
            interpreter = loop {
                let needed = self.carried.is_some() || self.shared.is_open_or_has_jobs();
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

    /// Makes an interpreter and runs the initialiser in it.
    fn start(&self) -> Result<SubInterpreter, PoolBuildError> {
        let make = AssertUnwindSafe(|| make_interpreter(&self.shared, &self.settings.interpreter));
        let made = catch_unwind(make).unwrap_or_else(|payload| {
            let error = PoolError::panicked(payload);
            Err(BuildError::new(error.to_string()))
        });
        let interpreter = made.map_err(PoolBuildError::Interpreter)?;
        self.shared.arrive(interpreter.interpreter());
        if let Err(error) = self.initialize(&interpreter) {
            self.end(interpreter);
            return Err(PoolBuildError::Initializer(error));
        }
        Ok(interpreter)
    }

    /// Ends an interpreter, unless somebody else has or is about to.
    fn end(&self, interpreter: SubInterpreter) {
        if interpreter.interpreter().is_alive() {
            drop(interpreter);
        } else {
            std::mem::forget(interpreter);
        }
        // Not before: a thread that is inside it must not wait for this one.
        self.shared.leave();
    }

    fn initialize(&self, interpreter: &SubInterpreter) -> Result<(), PoolError> {
        let Some(initializer) = &self.settings.initializer else {
            return Ok(());
        };
        let entered = interpreter.attach(|py| {
            let run = || {
                initializer(py).map_err(|error| PoolError::Raised(RaisedException::new(py, error)))
            };
            catch_unwind(AssertUnwindSafe(run))
                .unwrap_or_else(|payload| Err(PoolError::panicked(payload)))
        });
        entered.unwrap_or_else(|gone| Err(PoolError::Broken(gone.to_string())))
    }

    /// Runs jobs in the interpreter.
    fn serve(&mut self, interpreter: &SubInterpreter) -> Served {
        let interpreter = interpreter.interpreter();
        let shared = &self.shared;
        let carried = &mut self.carried;
        let mut after_a_job = false;
        loop {
            if carried.is_none() {
                *carried = shared.next();
            }
            if carried.is_none() {
                return Served::All;
            }
            let entered = interpreter.attach(|py| {
                let since = Instant::now();
                while let Some(job) = carried.take() {
                    after_a_job = true;
                    run(py, job);
                    // The end of the interpreter waits for this thread to leave.
                    if since.elapsed() >= TURN || !interpreter.is_alive() {
                        break;
                    }
                    *carried = shared.try_next();
                }
            });
            if entered.is_err() {
                return Served::InterpreterGone { after_a_job };
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.shared.depart(self.failure.take(), self.carried.take());
    }
}

/// Runs a job, and leaves the interpreter as it was found.
fn run(py: Python<'_>, job: Arc<dyn Job>) {
    job.run(py);
    // Perhaps the last one that knew its result.
    drop_quietly(job);
    // SAFETY: attached. An exception that a job set and left is not the next one's.
    unsafe {
        if !ffi::PyErr_Occurred().is_null() {
            ffi::PyErr_Clear();
        }
        py.local().drain();
    }
}

/// Runs a job on this thread, which is the worker of `interpreter` and in the middle of a job.
pub(super) fn run_here(interpreter: Interpreter, job: &dyn Job) {
    let run = || interpreter.attach(|py| job.run(py));
    let entered = match Interpreter::current() {
        // The job that is running went elsewhere.
        Some(current) if current != interpreter => attach::waiting(run),
        _ => run(),
    };
    if let Err(gone) = entered {
        job.refuse(PoolError::Broken(gone.to_string()));
    }
}

/// Makes an interpreter, from the main one, whose end this pool will hear of.
fn make_interpreter(
    shared: &Arc<Shared>,
    builder: &SubInterpreterBuilder,
) -> Result<SubInterpreter, BuildError> {
    let refused = |error: &dyn std::fmt::Display| BuildError::new(error.to_string());
    let main = crate::interpreter::start::main_interpreter().map_err(|error| refused(&error))?;
    let made = Interpreter::new(main).attach(|py| {
        runtime_end::watch(py, shared).map_err(|error| refused(&error))?;
        builder.build()
    });
    made.unwrap_or_else(|error| Err(refused(&error)))
}
