//! A worker: a thread with an interpreter that it creates, uses and ends.
//!
//! Invariants:
//! - A worker that waits for a job is not in its interpreter: it holds no GIL, no thread state and
//!   no interpreter guard, so that it does not block the end of the interpreter or the runtime.
//! - A job that was taken is run or returned to the queue.
//! - The end of the thread is always recorded ([`Shared::worker_ends`]), unless it was abandoned,
//!   in a job, the initializer or the end of its interpreter: then another thread has its place.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pyo3_ffi as ffi;

use super::error::{PoolBuildError, PoolError};
use super::events;
use super::job::{Job, drop_discarding_panic};
use super::running::RunningJobs;
use super::runtime_end;
use super::shared::{CurrentWorker, Shared};
use super::thread_list::ThreadList;
use super::thread_name;
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
    pub(super) thread_name: String,
    pub(super) stack_size: usize,
}

/// Time after which a worker with more jobs detaches to let other threads attach: CPython's own
/// switch interval, which only applies to Python code.
const SWITCH_INTERVAL: Duration = Duration::from_millis(5);

pub(super) struct Worker {
    number: usize,
    shared: Arc<Shared>,
    settings: Arc<WorkerSettings>,
    /// A job that was taken out of the queue and has not started.
    taken: Option<Arc<dyn Job>>,
    /// The reason why the worker has no interpreter.
    failure: Option<String>,
    /// Another thread has, or will have, the place of this one in the pool.
    is_replaced: bool,
}

/// An interpreter of a worker.
struct WorkerInterpreter {
    interpreter: SubInterpreter,
    running: Arc<RunningJobs>,
    _list: ThreadList,
}

impl WorkerInterpreter {
    fn id(&self) -> i64 {
        self.interpreter.id()
    }
}

/// The reason why a worker stops running jobs in an interpreter.
enum ServeEnd {
    /// The pool is closed and has no more jobs.
    NoMoreJobs,
    /// The interpreter has ended.
    InterpreterGone { after_a_job: bool },
    /// A job has not given way in time.
    Replaced,
    /// A job has forked this process, which has no other worker.
    Forked,
}

impl Worker {
    pub(super) fn new(number: usize, shared: Arc<Shared>, settings: Arc<WorkerSettings>) -> Self {
        Self {
            number,
            shared,
            settings,
            taken: None,
            failure: None,
            is_replaced: false,
        }
    }

    /// Starts the worker's thread, which sends the result of creating its first interpreter to
    /// `started`. If there is none, failures count towards the limit.
    pub(super) fn spawn(
        self,
        started: Option<Sender<Result<(), PoolBuildError>>>,
    ) -> std::io::Result<JoinHandle<()>> {
        let thread = thread::Builder::new().name(self.name());
        let thread = thread.stack_size(self.settings.stack_size);
        thread.spawn(move || match started {
            Some(started) => self.work(started),
            None => self.serve_all(None),
        })
    }

    /// Returns Rust's name of the thread.
    fn name(&self) -> String {
        format!("{}-{}", self.settings.thread_name, self.number)
    }

    /// Runs the worker. Sends the result of creating its first interpreter to `started`.
    fn work(mut self, started: Sender<Result<(), PoolBuildError>>) {
        match self.start() {
            Ok(interpreter) => {
                let _ = started.send(Ok(()));
                drop(started);
                self.serve_all(Some(interpreter));
            }
            Err(error) => {
                self.failure = Some(error.to_string());
                // Before the receiver learns of the failure.
                drop(self);
                let _ = started.send(Err(error));
            }
        }
    }

    /// Runs jobs in one interpreter after the other, until the pool ends or they cannot be
    /// replaced.
    fn serve_all(mut self, mut next: Option<WorkerInterpreter>) {
        let mut failures = 0;
        loop {
            let Some(interpreter) = next.take().or_else(|| self.restart(&mut failures)) else {
                return;
            };
            let serve_end = self.serve(&interpreter);
            if let ServeEnd::Forked = serve_end {
                std::mem::forget(interpreter);
                return;
            }
            self.end(interpreter);
            match serve_end {
                ServeEnd::NoMoreJobs | ServeEnd::Replaced | ServeEnd::Forked => return,
                ServeEnd::InterpreterGone { after_a_job } => {
                    failures = if after_a_job { 0 } else { failures + 1 };
                    self.failure = Some("its interpreter was ended".into());
                }
            }
        }
    }

    /// Creates an interpreter in place of a lost one; `None` if that has failed too often, or none
    /// is needed.
    fn restart(&mut self, failures: &mut u32) -> Option<WorkerInterpreter> {
        loop {
            let needed = self.taken.is_some() || self.shared.is_open_or_has_jobs(self.number);
            if self.is_replaced || *failures > self.settings.restart_limit || !needed {
                return None;
            }
            match self.start() {
                Ok(interpreter) => {
                    self.shared.counters.interpreter_replaced();
                    events::interpreter_replaced(self.number, interpreter.id());
                    return Some(interpreter);
                }
                Err(error) => {
                    self.failure = Some(error.to_string());
                    *failures += 1;
                }
            }
        }
    }

    /// Creates an interpreter and runs the initializer in it.
    fn start(&mut self) -> Result<WorkerInterpreter, PoolBuildError> {
        let create = || create_interpreter(&self.shared, &self.settings.interpreter);
        let created = catch_unwind(AssertUnwindSafe(create)).unwrap_or_else(|payload| {
            let error = PoolError::panicked(payload);
            Err(BuildError::new(error.to_string()))
        });
        let interpreter = created.map_err(PoolBuildError::Interpreter)?;
        let stack_size = self.settings.stack_size;
        let id = interpreter.interpreter();
        thread_name::show_interpreter(&self.name(), id);
        let running = RunningJobs::of_this_thread(self.number, id, stack_size);
        let running = Arc::new(running);
        let started = WorkerInterpreter {
            interpreter,
            _list: ThreadList::new(Arc::clone(&running)),
            running,
        };
        self.shared.add_worker(self.number, &started.running);
        events::interpreter_created(self.number, started.id());
        let mut initialized = self.initialize(&started.interpreter);
        if started.running.is_abandoned() {
            initialized = Err(PoolError::TimedOut);
        }
        if let Err(error) = initialized {
            self.end(started);
            return Err(PoolBuildError::Initializer(error));
        }
        Ok(started)
    }

    /// Ends an interpreter, unless it was ended, or is being ended, elsewhere. Takes note if this
    /// thread was abandoned in it.
    fn end(&mut self, ended: WorkerInterpreter) {
        let interpreter = ended.interpreter;
        if interpreter.interpreter().is_alive() {
            drop(interpreter);
        } else {
            std::mem::forget(interpreter);
        }
        // Not before: functions that run at the end of the interpreter may run jobs.
        self.is_replaced |= ended.running.is_abandoned();
        // Nor this: a thread inside the interpreter must not wait for this one.
        self.shared.remove_worker(self.number, &ended.running);
        events::interpreter_ended(self.number, ended.running.interpreter().id());
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
    fn serve(&mut self, interpreter: &WorkerInterpreter) -> ServeEnd {
        let running = &interpreter.running;
        let interpreter = interpreter.interpreter.interpreter();
        let (number, shared) = (self.number, &self.shared);
        let taken = &mut self.taken;
        let mut after_a_job = false;
        loop {
            if taken.is_none() {
                *taken = shared.next(number);
            }
            if taken.is_none() {
                return ServeEnd::NoMoreJobs;
            }
            let entered = interpreter.attach(|py| {
                let since = Instant::now();
                while let Some(job) = taken.take() {
                    after_a_job = true;
                    run(py, job, running);
                    if shared.is_forked() {
                        break;
                    }
                    // Its place is another thread's: it must not take a job.
                    if running.is_abandoned() {
                        break;
                    }
                    // The end of the interpreter waits for this thread to leave.
                    if since.elapsed() >= SWITCH_INTERVAL || !interpreter.is_alive() {
                        break;
                    }
                    *taken = shared.try_next(number);
                }
            });
            if shared.is_forked() {
                return ServeEnd::Forked;
            }
            if running.is_abandoned() {
                return ServeEnd::Replaced;
            }
            if entered.is_err() {
                return ServeEnd::InterpreterGone { after_a_job };
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.shared.is_forked() {
            return;
        }
        let (failure, taken) = (self.failure.take(), self.taken.take());
        if !self.is_replaced {
            self.shared.worker_ends(self.number, failure, taken);
        } else if let Some(taken) = taken {
            self.shared.put_back(self.number, taken);
        }
    }
}

/// Runs a job and restores the state of the thread for the next one.
fn run(py: Python<'_>, job: Arc<dyn Job>, running: &Arc<RunningJobs>) {
    job.run(py, running);
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

/// Runs a job on this thread, which is a worker and runs another job.
pub(super) fn run_inline(worker: &CurrentWorker, job: &dyn Job) {
    let interpreter = worker.running.interpreter();
    let run = || interpreter.attach(|py| job.run(py, &worker.running));
    let entered = match Interpreter::current() {
        // The running job attached to another interpreter.
        Some(current) if current != interpreter => attach::waiting(run),
        _ => run(),
    };
    if let Err(gone) = entered {
        job.refuse(PoolError::Broken(gone.to_string()));
    }
}

/// Starts another thread in the place of a worker that was abandoned, and whose thread may have
/// ended by now. A thread is abandoned at most once.
pub(super) fn replace(
    shared: &Arc<Shared>,
    settings: &Arc<WorkerSettings>,
    abandoned: &Arc<RunningJobs>,
) {
    let number = abandoned.number();
    shared.remove_worker(number, abandoned);
    shared.remove_thread(abandoned.thread());
    let mut worker = Worker::new(number, Arc::clone(shared), Arc::clone(settings));
    worker.failure = Some("a worker that did not give way could not be replaced".into());
    // If the thread cannot be started, dropping the worker records its end.
    if let Ok(thread) = worker.spawn(None) {
        shared.add_thread(thread);
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
