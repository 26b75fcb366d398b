//! [`Interrupter`]: interrupting what runs in an interpreter on a thread, outside of jobs as well.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::job;
use super::running::{JobId, RunningJobs};
use super::thread_list::ThreadList;
use crate::error::PyResult;
use crate::interpreter::{Python, STACK_SIZE};

/// A handle with which any thread can interrupt the Python code that another one runs in
/// [`Python::interruptible`]. It can be cloned, and keeps nothing alive.
///
/// ```
/// use std::sync::mpsc;
/// use std::thread;
///
/// use pyatoll::prelude::*;
/// use pyatoll::{Interrupter, SubInterpreter};
/// use pyatoll::exceptions::PyKeyboardInterrupt;
///
/// # Python::initialize();
/// let sub = SubInterpreter::builder().build()?;
/// let (sender, receiver) = mpsc::channel::<Interrupter>();
/// let watch = thread::spawn(move || receiver.recv().unwrap().interrupt());
/// sub.attach(|py| {
///     let result = py.interruptible(|interrupter| {
///         sender.send(interrupter.clone()).unwrap();
///         py.run(c"while True: pass", None, None)
///     });
///     assert!(result.unwrap_err().is_instance_of::<PyKeyboardInterrupt>(py));
/// })?;
/// assert!(watch.join().unwrap());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Interrupter {
    running: Arc<RunningJobs>,
    id: JobId,
    is_interrupted: Arc<AtomicBool>,
}

impl Interrupter {
    /// Raises a `KeyboardInterrupt` in the Python code that runs. Returns `false` if that has
    /// ended, or if the system cannot start the thread that raises the exception.
    ///
    /// Does not wait, and may be called by a thread that is attached to any interpreter or to none.
    /// Python raises the exception before its next instruction: code that is busy or waits outside
    /// of Python, in C or Rust, is not interrupted until it returns there, and may catch the
    /// exception. Once the closure has returned, no exception is raised any more.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let interrupter = py.interruptible(|interrupter| Ok(interrupter.clone()))?;
    ///     assert!(!interrupter.interrupt(), "nothing runs");
    ///     assert!(!interrupter.is_interrupted());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyThreadState_SetAsyncExc`.
    pub fn interrupt(&self) -> bool {
        // Before the exception can arrive.
        let was_interrupted = self.is_interrupted.swap(true, Ordering::AcqRel);
        let is_running = self.running.interrupt(self.id);
        if !is_running && !was_interrupted {
            self.is_interrupted.store(false, Ordering::Release);
        }
        is_running
    }

    /// Returns whether [`interrupt`](Interrupter::interrupt) has reached the code, on this handle
    /// or a clone: whether a `KeyboardInterrupt` is likely to be ours and not the user's.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let result = py.interruptible(|interrupter| {
    ///         assert!(interrupter.interrupt());
    ///         assert!(interrupter.is_interrupted());
    ///         py.run(c"while True: pass", None, None)
    ///     });
    ///     assert!(result.is_err());
    /// });
    /// ```
    pub fn is_interrupted(&self) -> bool {
        self.is_interrupted.load(Ordering::Acquire)
    }
}

impl fmt::Debug for Interrupter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupter")
            .field("interpreter", &self.running.interpreter())
            .field("interrupted", &self.is_interrupted())
            .finish()
    }
}

impl Python<'_> {
    /// Runs `f`, whose Python code other threads can interrupt with the [`Interrupter`] that it
    /// receives: to enforce a time limit, for example. Jobs of a
    /// [pool](crate::InterpreterPool) need no such call: see
    /// [`JobHandle::interrupt`](crate::pool::JobHandle::interrupt).
    ///
    /// Calls may be nested, and may be made in a job. An interrupt that is meant for the code
    /// around the innermost call is raised when that has returned. Do not switch greenlets within
    /// `f`: an interrupt could reach the code of another one.
    ///
    /// # Errors
    /// Those of `f`. Code that is interrupted and does not catch the exception ends with a
    /// `KeyboardInterrupt`; [`Interrupter::is_interrupted`] tells it from one that the code raised.
    ///
    /// # Panics
    /// If `f` panics.
    ///
    /// ```
    /// use std::sync::mpsc::{RecvTimeoutError, channel};
    /// use std::thread;
    /// use std::time::Duration;
    ///
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let result = py.interruptible(|interrupter| {
    ///         let (finish, finished) = channel::<()>();
    ///         let interrupter = interrupter.clone();
    ///         thread::spawn(move || {
    ///             let end = finished.recv_timeout(Duration::from_millis(50));
    ///             if end == Err(RecvTimeoutError::Timeout) {
    ///                 interrupter.interrupt();
    ///             }
    ///         });
    ///         let result = py.run(c"while True: pass", None, None);
    ///         drop(finish);
    ///         result
    ///     });
    ///     let error = result.unwrap_err();
    ///     assert!(error.is_instance_of::<pyatoll::exceptions::PyKeyboardInterrupt>(py));
    /// });
    /// ```
    ///
    /// C API: `PyThreadState_SetAsyncExc`.
    #[track_caller]
    pub fn interruptible<R>(self, f: impl FnOnce(&Interrupter) -> PyResult<R>) -> PyResult<R> {
        let interpreter = self.interpreter();
        // That of a worker, or of a call around this one: there is one list for a thread.
        let (running, _list) = match ThreadList::current(interpreter) {
            Some(running) => (running, None),
            None => {
                let list = RunningJobs::of_this_thread(0, interpreter, STACK_SIZE);
                let running = Arc::new(list);
                (Arc::clone(&running), Some(ThreadList::new(running)))
            }
        };
        let id = job::next_id();
        let interrupter = Interrupter {
            running: Arc::clone(&running),
            id,
            is_interrupted: Arc::default(),
        };
        running.push(id);
        running.open(self);
        let result = catch_unwind(AssertUnwindSafe(|| f(&interrupter)));
        running.close(self);
        running.pop(self);
        match result {
            Ok(result) => result,
            Err(payload) => resume_unwind(payload),
        }
    }
}
