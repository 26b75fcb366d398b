//! [`RunningJobs`]: the jobs that run on a worker's thread, and their interrupts.
//!
//! CPython raises an exception in a *thread* (`PyThreadState_SetAsyncExc`), which may run one job
//! inside another, and goes on to the next. So an interrupt is held back here until its job is the
//! innermost one, and what CPython has not raised by the end of the job is withdrawn.
//!
//! Invariants:
//! - CPython is told to raise only under the lock, while the job is innermost and open. The worker
//!   closes the job under the lock, so nothing is raised in later code.
//! - A thread that waits for the lock is detached: its holder may be attached to the interpreter.
//! - Interrupting does not wait: another thread enters the interpreter, which the job may block.

use std::any::Any;
use std::ffi::{CStr, c_ulong};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::thread::{self, ThreadId};

use super::{events, thread_name};
use crate::exceptions::PyKeyboardInterrupt;
use crate::interpreter::compat::{
    WITHDRAWING_LEAVES_A_FLAG, raise_interrupt, restore_raised, take_raised, thread_ident,
    withdraw_interrupt, without_gc,
};
use crate::interpreter::process::process;
use crate::interpreter::sync::lock;
use crate::interpreter::{Interpreter, Python, attach};

/// The identity of a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct JobId(pub(super) u64);

/// The jobs that run on the thread of a worker, in one of its interpreters.
pub(super) struct RunningJobs {
    /// The number of the worker.
    number: usize,
    /// The stack size of the threads that this starts.
    stack_size: usize,
    interpreter: Interpreter,
    thread: ThreadId,
    /// CPython's id of the thread.
    ident: c_ulong,
    process: u32,
    state: Mutex<RunningState>,
}

#[derive(Default)]
struct RunningState {
    /// The innermost job is the last one.
    jobs: Vec<RunningJob>,
    /// The pool has replaced the worker.
    is_abandoned: bool,
}

struct RunningJob {
    id: JobId,
    phase: Phase,
    /// An interrupt that CPython has not been told of.
    is_requested: bool,
    /// CPython was told to raise an exception.
    is_raised: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Its code does not run yet.
    Starting,
    /// Its code may be interrupted.
    Open,
    /// Its code has returned.
    Closed,
}

impl RunningJobs {
    /// Creates the list of this thread, the worker with this number, for `interpreter`.
    pub(super) fn of_this_thread(
        number: usize,
        interpreter: Interpreter,
        stack_size: usize,
    ) -> Self {
        Self {
            number,
            stack_size,
            interpreter,
            thread: thread::current().id(),
            ident: thread_ident(),
            process: process(),
            state: Mutex::default(),
        }
    }

    pub(super) fn number(&self) -> usize {
        self.number
    }

    pub(super) fn interpreter(&self) -> Interpreter {
        self.interpreter
    }

    pub(super) fn thread(&self) -> ThreadId {
        self.thread
    }

    /// Returns whether this process is a fork of the worker's process.
    pub(super) fn is_forked(&self) -> bool {
        self.process != process()
    }

    /// Locks the state. A thread that has to wait detaches, as the holder may be attached to the
    /// same interpreter.
    fn state(&self) -> MutexGuard<'_, RunningState> {
        loop {
            match self.state.try_lock() {
                Ok(state) => return state,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                // No code that could hold the lock for long runs during a traversal.
                Err(TryLockError::WouldBlock) if attach::is_in_traverse() => {
                    return lock(&self.state);
                }
                Err(TryLockError::WouldBlock) => attach::waiting(|| drop(lock(&self.state))),
            }
        }
    }

    /// Adds a job as the innermost one; it can be interrupted once it is [`open`](Self::open).
    pub(super) fn push(&self, id: JobId) {
        self.state().jobs.push(RunningJob {
            id,
            phase: Phase::Starting,
            is_requested: false,
            is_raised: false,
        });
    }

    /// Opens the innermost job to interrupts. An interrupt of the job around it that CPython has
    /// not raised yet is held back.
    pub(super) fn open(&self, py: Python<'_>) {
        let outer_is_raised = {
            let state = self.state();
            let mut outer = state.jobs.iter().rev().skip(1);
            outer.next().is_some_and(|outer| outer.is_raised)
        };
        let held_back = outer_is_raised && self.take_back(py);
        let mut state = self.state();
        if held_back && let Some(outer) = state.jobs.iter_mut().rev().nth(1) {
            outer.is_requested = true;
            outer.is_raised = false;
        }
        if let Some(job) = state.jobs.last_mut() {
            job.phase = Phase::Open;
        }
        self.raise(py, &mut state);
    }

    /// Returns whether CPython was told to raise an interrupt in the innermost job.
    pub(super) fn is_interrupted(&self) -> bool {
        let state = self.state();
        state.jobs.last().is_some_and(|job| job.is_raised)
    }

    /// Closes the innermost job to interrupts.
    pub(super) fn close(&self, py: Python<'_>) {
        let is_raised = {
            let mut state = self.state();
            let Some(job) = state.jobs.last_mut() else {
                return;
            };
            job.phase = Phase::Closed;
            job.is_raised
        };
        if is_raised {
            self.withdraw(py);
            clear_unhandled_interrupt(py);
        }
    }

    /// Removes the innermost job. If the job around it was to be interrupted, it is now.
    pub(super) fn pop(&self, py: Python<'_>) {
        let mut state = self.state();
        state.jobs.pop();
        self.raise(py, &mut state);
    }

    /// Interrupts a job on this list; returns whether its code may still run. Does not wait.
    pub(super) fn interrupt(self: &Arc<Self>, id: JobId) -> bool {
        let mut state = self.state();
        let Some(index) = state.jobs.iter().position(|job| job.id == id) else {
            return false;
        };
        let is_innermost = index + 1 == state.jobs.len();
        let job = &mut state.jobs[index];
        match job.phase {
            Phase::Closed => return false,
            _ if job.is_requested => return true,
            _ => job.is_requested = true,
        }
        // Otherwise the worker does it, in `open` or `pop`.
        let needs_thread = is_innermost && job.phase == Phase::Open;
        drop(state);
        if needs_thread && self.raise_elsewhere(id).is_err() {
            self.forget_request(id);
            return false;
        }
        // Last, as the subscriber may wait for the job to give way.
        events::job_interrupted(id.0);
        true
    }

    /// Lets another call interrupt the job, as this one could not.
    fn forget_request(&self, id: JobId) {
        let mut state = self.state();
        let job = state.jobs.iter_mut().find(|job| job.id == id);
        if let Some(job) = job {
            job.is_requested = false;
        }
    }

    /// Starts a thread that raises the interrupt once it could enter the interpreter.
    fn raise_elsewhere(self: &Arc<Self>, id: JobId) -> io::Result<()> {
        let this = Arc::clone(self);
        let thread = thread::Builder::new().name(format!("interrupt-{}", self.number));
        let thread = thread.stack_size(self.stack_size);
        let raise = move || {
            thread_name::show_interpreter(&format!("interrupt-{}", this.number), this.interpreter);
            let entered = this.interpreter.attach(|py| {
                let mut state = this.state();
                this.raise(py, &mut state);
            });
            if entered.is_err() {
                this.forget_request(id);
            }
        };
        thread.spawn(raise).map(drop)
    }

    /// Tells CPython to raise an interrupt in the innermost job, if it was requested.
    fn raise(&self, _py: Python<'_>, state: &mut RunningState) {
        let Some(job) = state.jobs.last_mut() else {
            return;
        };
        if job.phase == Phase::Open && job.is_requested {
            job.is_requested = false;
            job.is_raised = true;
            // SAFETY: attached (`_py`).
            unsafe { raise_interrupt(self.ident) };
        }
    }

    /// Takes back the exception that CPython was told to raise in the job around the innermost one;
    /// returns whether it had not been raised yet. The interrupted job still runs.
    fn take_back(&self, py: Python<'_>) -> bool {
        keeping_raised(py, || match run_python(py) {
            Ran::ToItsEnd => false,
            Ran::Interrupted => true,
            Ran::Failed => {
                self.withdraw_pending(py);
                false
            }
        })
    }

    /// Withdraws what CPython was told to raise in this thread and has not raised yet.
    fn withdraw(&self, py: Python<'_>) {
        // First: foreign code, such as a destructor, may run below.
        self.withdraw_pending(py);
        if WITHDRAWING_LEAVES_A_FLAG {
            keeping_raised(py, || self.reset_flag(py));
        }
    }

    /// Resets CPython's flag that there is an exception to raise, by letting it raise one.
    fn reset_flag(&self, py: Python<'_>) {
        // Runs what else CPython has scheduled, such as the garbage collector.
        run_python(py);
        let raise = || {
            // SAFETY: attached (`py`).
            unsafe { raise_interrupt(self.ident) };
            if !matches!(run_python(py), Ran::Interrupted) {
                self.withdraw_pending(py);
            }
        };
        // SAFETY: attached (`py`), and again after running Python code.
        unsafe { without_gc(raise) };
    }

    /// Withdraws what CPython has not raised, which may leave its flag set.
    fn withdraw_pending(&self, _py: Python<'_>) {
        // SAFETY: attached (`_py`).
        unsafe { withdraw_interrupt(self.ident) };
    }

    /// Marks the worker as abandoned if the job is still on its list; returns whether it did. The
    /// caller must replace the worker then.
    pub(super) fn abandon(&self, id: JobId) -> bool {
        let mut state = self.state();
        let is_running = state.jobs.iter().any(|job| job.id == id);
        is_running && !std::mem::replace(&mut state.is_abandoned, true)
    }

    /// Returns whether the worker has been replaced. Once the list is empty, that does not change.
    pub(super) fn is_abandoned(&self) -> bool {
        self.state().is_abandoned
    }
}

/// The end of Python code that does nothing.
enum Ran {
    ToItsEnd,
    /// With a `KeyboardInterrupt`.
    Interrupted,
    /// With another exception or a panic.
    Failed,
}

/// Runs Python code that does nothing, so that CPython raises what it was told to.
fn run_python(py: Python<'_>) -> Ran {
    run_code(py, c"pass")
}

fn run_code(py: Python<'_>, code: &CStr) -> Ran {
    let run = || match py.run(code, None, None) {
        Ok(()) => Ran::ToItsEnd,
        Err(error) if error.is_instance_of::<PyKeyboardInterrupt>(py) => Ran::Interrupted,
        Err(_) => Ran::Failed,
    };
    let ran: Result<Ran, Box<dyn Any + Send>> = catch_unwind(AssertUnwindSafe(run));
    ran.unwrap_or_else(|payload| {
        crate::panic::discard(payload);
        Ran::Failed
    })
}

/// Clears the flag with which CPython notes that a `KeyboardInterrupt` has ended code given as text
/// (`exec`), caught or not. If it is set at its end, `python` kills itself with `SIGINT`.
fn clear_unhandled_interrupt(py: Python<'_>) {
    // Each run of such code resets the flag first.
    keeping_raised(py, || run_code(py, c"exec('')"));
}

/// Calls `f`, which does not panic, without the exception that a job may have left set.
fn keeping_raised<R>(_py: Python<'_>, f: impl FnOnce() -> R) -> R {
    // SAFETY: attached (`_py`).
    let left = unsafe { take_raised() };
    let result = f();
    // SAFETY: attached to the same interpreter (`_py`).
    unsafe { restore_raised(left) };
    result
}
