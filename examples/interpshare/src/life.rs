//! Whether the interpreter and the thread that hold a lock still exist, and whether an interpreter
//! has begun to end.
//!
//! Invariants:
//! - An interpreter's [`InterpreterLife`] is created when the module is imported, and dropped by
//!   the interpreter when it ends, so an interpreter without one is ending.
//! - In the child of a fork, only the thread that has forked exists: [`ThreadLife`] knows the
//!   number of forks that it has survived.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use pyatoll::exceptions::PyRuntimeError;
use pyatoll::prelude::*;
use pyatoll::sync::InterpreterLocal;
use pyatoll::types::{PyCFunction, PyDict, PyTuple};

use crate::errors::InterpreterEnding;

/// The life of one interpreter.
pub(crate) struct InterpreterLife {
    is_main: bool,
    /// Whether `threading` tells when it waits for the interpreter's threads.
    is_told_by_threading: AtomicBool,
    is_ending: AtomicBool,
    has_ended: AtomicBool,
}

/// The value in the interpreter, which drops it at its end.
struct UntilTheEnd(Arc<InterpreterLife>);

impl Drop for UntilTheEnd {
    fn drop(&mut self) {
        self.0.is_ending.store(true, Ordering::SeqCst);
        self.0.has_ended.store(true, Ordering::SeqCst);
    }
}

static INTERPRETER: InterpreterLocal<UntilTheEnd> = InterpreterLocal::new();

/// Whether the main interpreter has begun to end, and with it the process.
static PROCESS_IS_ENDING: AtomicBool = AtomicBool::new(false);

/// The number of forks between the process that has loaded the module and this one.
static FORKS: AtomicU32 = AtomicU32::new(0);

impl InterpreterLife {
    /// Returns that of the token's interpreter.
    ///
    /// # Errors
    /// [`InterpreterEnding`].
    #[inline]
    pub(crate) fn of(py: Python<'_>) -> PyResult<&Arc<Self>> {
        match INTERPRETER.get(py) {
            Some(life) => Ok(&life.0),
            None => Err(ending()),
        }
    }

    /// Prepares for a wait of the token's interpreter, whose life this is.
    ///
    /// At the end of an interpreter, `threading` waits for the threads that are not daemons before
    /// the exit functions run: without this, one that waits here would never be told.
    /// `concurrent.futures` does the same.
    ///
    /// # Errors
    /// [`InterpreterEnding`].
    pub(crate) fn prepare(self: &Arc<Self>, py: Python<'_>) -> PyResult<()> {
        self.check()?;
        if self.is_told_by_threading.load(Ordering::SeqCst) {
            return Ok(());
        }
        let threading = py.import("threading")?;
        if let Ok(register) = threading.getattr("_register_atexit") {
            let life = Arc::clone(self);
            let mark = move |_: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
                life.mark_ending();
            };
            let function = PyCFunction::new_closure(py, None, None, mark)?;
            if let Err(error) = register.call1((function,)) {
                if error.is_instance_of::<PyRuntimeError>(py) {
                    // It is waiting for the threads already.
                    self.mark_ending();
                    return Err(ending());
                }
                return Err(error);
            }
        }
        // Set last: a thread that starts to wait before this registers, too, or learns that it is
        // too late.
        self.is_told_by_threading.store(true, Ordering::SeqCst);
        Ok(())
    }

    fn mark_ending(&self) {
        self.is_ending.store(true, Ordering::SeqCst);
        if self.is_main {
            PROCESS_IS_ENDING.store(true, Ordering::SeqCst);
        }
    }

    /// Returns an error if the interpreter must not wait any longer.
    pub(crate) fn check(&self) -> PyResult<()> {
        if self.is_ending.load(Ordering::SeqCst) || PROCESS_IS_ENDING.load(Ordering::SeqCst) {
            return Err(ending());
        }
        Ok(())
    }
}

#[cold]
fn ending() -> PyErr {
    InterpreterEnding::new_err(
        "the interpreter has begun to end, so it cannot wait; close queues and join threads before \
         its main thread returns",
    )
}

/// Begins the life of the interpreter that imports the module.
pub(crate) fn begin(py: Python<'_>) -> PyResult<()> {
    if INTERPRETER.get(py).is_some() {
        return Ok(());
    }
    let is_main = py.interpreter().id() == 0;
    if is_main {
        // A program may start Python again.
        PROCESS_IS_ENDING.store(false, Ordering::SeqCst);
    }
    let life = Arc::new(InterpreterLife {
        is_main,
        is_told_by_threading: AtomicBool::new(false),
        is_ending: AtomicBool::new(false),
        has_ended: AtomicBool::new(false),
    });
    if INTERPRETER.set(py, UntilTheEnd(Arc::clone(&life))).is_err() {
        return Ok(());
    }
    if !is_main {
        let _ = forget_importing_thread(py);
    }
    if is_main {
        // At its end, this waits for the workers of executors, which may wait here, in interpreters
        // of their own. What is registered last is called first.
        py.import("concurrent.futures.thread")?;
        life.prepare(py)?;
    }
    // For daemon threads, and threads that other code has started. An error: it has ended.
    let _ = py.interpreter().at_end(move |_| life.mark_ending());
    Ok(())
}

/// Has `threading` not wait for the thread that has imported it, as the module `queue` does.
///
/// Before 3.13, `threading` takes that one for the interpreter's main thread, and waits at the
/// interpreter's end, in whatever thread, until CPython has freed its thread state: that is later,
/// so an interpreter that imports this package in another thread than its first one would not end.
fn forget_importing_thread(py: Python<'_>) -> PyResult<()> {
    if py.version_info() >= (3, 13) {
        return Ok(());
    }
    let threading = py.import("threading")?;
    let thread = threading.getattr("_main_thread")?;
    let lock = thread.getattr("_tstate_lock")?;
    let locks = threading.getattr("_shutdown_locks")?;
    locks.call_method1("discard", (lock,)).map(drop)
}

/// The life of one thread.
struct ThreadLife {
    has_ended: AtomicBool,
    forks: AtomicU32,
}

struct UntilTheThreadEnds(Arc<ThreadLife>);

impl Drop for UntilTheThreadEnds {
    fn drop(&mut self) {
        self.0.has_ended.store(true, Ordering::SeqCst);
    }
}

thread_local! {
    static THREAD: UntilTheThreadEnds = UntilTheThreadEnds(Arc::new(ThreadLife {
        has_ended: AtomicBool::new(false),
        forks: AtomicU32::new(FORKS.load(Ordering::SeqCst)),
    }));
}

/// Counts a fork, in the child, on its only thread.
#[cfg(unix)]
pub(crate) fn begin_child() {
    let forks = FORKS.fetch_add(1, Ordering::SeqCst) + 1;
    let _ = THREAD.try_with(|life| life.0.forks.store(forks, Ordering::SeqCst));
}

/// A thread in an interpreter, which holds a lock or runs a function.
#[derive(Clone)]
pub(crate) struct Owner {
    interpreter: Arc<InterpreterLife>,
    thread: Arc<ThreadLife>,
}

impl Owner {
    /// Returns the thread and the interpreter that it is attached to.
    ///
    /// # Errors
    /// [`InterpreterEnding`].
    pub(crate) fn current(py: Python<'_>) -> PyResult<Self> {
        let interpreter = Arc::clone(InterpreterLife::of(py)?);
        let thread = THREAD.try_with(|life| Arc::clone(&life.0));
        Ok(Self {
            interpreter,
            thread: thread.map_err(|_| ending())?,
        })
    }

    /// Returns whether both are the same thread in the same interpreter.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.interpreter, &other.interpreter)
            && Arc::ptr_eq(&self.thread, &other.thread)
    }

    /// Returns whether the thread or the interpreter has ended.
    pub(crate) fn is_dead(&self) -> bool {
        self.interpreter.has_ended.load(Ordering::SeqCst)
            || self.thread.has_ended.load(Ordering::SeqCst)
            || self.thread.forks.load(Ordering::SeqCst) != FORKS.load(Ordering::SeqCst)
    }
}
