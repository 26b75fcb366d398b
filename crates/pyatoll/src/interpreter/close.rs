//! [`SubInterpreter::close`] and its error.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::attach;
use super::closing::{self, Background};
use super::end::NotEnded;
use super::sub::SubInterpreter;
use super::waits::{Others, Wait};

impl SubInterpreter {
    /// Ends the interpreter, once every thread that is attached to it through this library has
    /// left, and every thread that its Python code started with `threading` has ended, except
    /// daemons. A `Py` that is left can no longer be used, and dropping it does nothing.
    ///
    /// # Errors
    /// Returns [`CloseError`], which holds the interpreter, still usable, if
    /// - this thread is inside one of its `attach` calls,
    /// - a thread inside it waits, in turn, for this thread to leave another interpreter,
    /// - before Python 3.14: a thread that Python code has started in it as a daemon or without
    ///   `threading` does not end within a second. Later versions let such a thread hang once it
    ///   wants to run Python again.
    ///
    /// # Panics
    /// In a `__traverse__`.
    ///
    /// ```
    /// use pyatoll::interpreter::SubInterpreter;
    ///
    /// # pyatoll::Python::initialize();
    /// let sub = SubInterpreter::builder().build()?;
    /// let handle = sub.interpreter();
    /// sub.close()?;
    /// assert!(!handle.is_alive());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// C API: `Py_EndInterpreter`.
    #[track_caller]
    pub fn close(mut self) -> Result<(), CloseError> {
        if closing::is_entered(self.local()) {
            return Err(CloseError::new(self, CloseErrorKind::Inside));
        }
        let Some(ending) = self.take_ending() else {
            let result = closing::end(self.local());
            return self.closed(result);
        };
        let Some(_wait) = Wait::begin(Others::Inside(self.local())) else {
            self.set_ending(ending);
            return self.closed(Err(NotEnded::WouldDeadlock));
        };
        let result = attach::waiting(|| ending.wait(None));
        self.closed(result.unwrap_or(Ok(())))
    }

    /// Ends the interpreter like [`close`](SubInterpreter::close), but on a new thread, and waits
    /// for that for at most `timeout`. For an interpreter whose Python code may have started a
    /// thread that does not end. A thread that is attached to another interpreter is detached while
    /// it waits.
    ///
    /// # Errors
    /// Those of [`close`](SubInterpreter::close), and [`CloseErrorKind::TimedOut`]: then the new
    /// thread goes on. As long as it waits for threads that Python code has started, the
    /// interpreter can be entered, for instance to stop them; afterwards, while it waits for
    /// threads inside, it cannot. Closing the interpreter again waits for the same thread; dropping
    /// it does not wait.
    ///
    /// # Panics
    /// In a `__traverse__`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::{CloseErrorKind, SubInterpreter};
    /// use std::time::Duration;
    ///
    /// # Python::initialize();
    /// let sub = SubInterpreter::builder().build()?;
    /// let plugin = c"
    /// import threading, time
    /// def loop():
    ///     while not done:
    ///         time.sleep(0.01)
    /// done = False
    /// threading.Thread(target=loop).start()
    /// ";
    /// sub.attach(|py| py.run(plugin, None, None))??;
    ///
    /// let error = sub.close_timeout(Duration::from_millis(100)).unwrap_err();
    /// assert_eq!(error.kind(), CloseErrorKind::TimedOut);
    /// let sub = error.into_inner();
    /// sub.attach(|py| py.run(c"done = True", None, None))??;
    /// sub.close()?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn close_timeout(mut self, timeout: Duration) -> Result<(), CloseError> {
        let local = self.local();
        if closing::is_entered(local) {
            return Err(CloseError::new(self, CloseErrorKind::Inside));
        }
        attach::refuse_in_traverse();
        let ending = self.take_ending();
        let ending = ending.unwrap_or_else(|| Background::begin(local));
        // Beyond the range of the clock means without a limit.
        let until = Instant::now().checked_add(timeout);
        match attach::waiting(|| ending.wait(until)) {
            Some(result) => self.closed(result),
            None => {
                self.set_ending(Arc::clone(&ending));
                Err(CloseError::new(self, CloseErrorKind::TimedOut))
            }
        }
    }

    /// Returns the result of closing it.
    fn closed(mut self, result: Result<(), NotEnded>) -> Result<(), CloseError> {
        let kind = match result {
            Ok(()) | Err(NotEnded::Elsewhere) => {
                self.forget();
                return Ok(());
            }
            Err(NotEnded::OtherThreads(threads)) => CloseErrorKind::OtherThreads { threads },
            Err(NotEnded::WouldDeadlock) => CloseErrorKind::WouldDeadlock,
        };
        Err(CloseError::new(self, kind))
    }
}

/// The error of closing a sub-interpreter. Holds the interpreter: close it again, or drop it.
///
/// ```
/// use pyatoll::interpreter::{CloseError, CloseErrorKind, SubInterpreter};
///
/// # pyatoll::Python::initialize();
/// let sub = SubInterpreter::builder().build()?;
/// let handle = sub.interpreter();
/// let error: CloseError = handle.attach(|_py| sub.close())?.unwrap_err();
/// assert_eq!(error.kind(), CloseErrorKind::Inside);
/// assert!(handle.is_alive());
/// error.into_inner().close()?;
/// assert!(!handle.is_alive());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CloseError {
    interpreter: SubInterpreter,
    kind: CloseErrorKind,
}

/// The reason why a sub-interpreter was not closed. Returned by [`CloseError::kind`].
///
/// ```
/// use pyatoll::interpreter::{CloseErrorKind, SubInterpreter};
///
/// # pyatoll::Python::initialize();
/// let sub = SubInterpreter::builder().build()?;
/// let handle = sub.interpreter();
/// let error = handle.attach(|_py| sub.close())?.unwrap_err();
/// assert_eq!(error.kind(), CloseErrorKind::Inside);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CloseErrorKind {
    /// This thread is inside one of the interpreter's `attach` calls. Nothing has been done.
    Inside,
    /// A thread inside the interpreter waits for this thread to leave another interpreter. The
    /// exit functions may have been called.
    WouldDeadlock,
    /// Python code has started threads, as daemons or without `threading`, that still run, with
    /// which CPython cannot end the interpreter before 3.14. The interpreter's `threading` has been
    /// shut down, which thread pools take as their end.
    OtherThreads {
        /// Their number.
        threads: usize,
    },
    /// The interpreter's threads have not left it in time, and the end goes on
    /// ([`SubInterpreter::close_timeout`]).
    TimedOut,
}

impl CloseError {
    fn new(interpreter: SubInterpreter, kind: CloseErrorKind) -> Self {
        Self { interpreter, kind }
    }

    /// Returns the reason.
    ///
    /// ```
    /// use pyatoll::interpreter::{CloseErrorKind, SubInterpreter};
    ///
    /// # pyatoll::Python::initialize();
    /// let sub = SubInterpreter::builder().build()?;
    /// let handle = sub.interpreter();
    /// let error = handle.attach(|_py| sub.close())?.unwrap_err();
    /// assert_eq!(error.kind(), CloseErrorKind::Inside);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn kind(&self) -> CloseErrorKind {
        self.kind
    }

    /// Returns the interpreter, which still runs.
    ///
    /// ```
    /// use pyatoll::interpreter::SubInterpreter;
    ///
    /// # pyatoll::Python::initialize();
    /// let sub = SubInterpreter::builder().build()?;
    /// let (id, handle) = (sub.id(), sub.interpreter());
    /// let error = handle.attach(|_py| sub.close())?.unwrap_err();
    /// assert_eq!(error.into_inner().id(), id);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_inner(self) -> SubInterpreter {
        self.interpreter
    }
}

impl fmt::Display for CloseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot close interpreter {}: ", self.interpreter.id())?;
        match self.kind {
            CloseErrorKind::Inside => {
                f.write_str("this thread is inside its `attach`; close it after leaving")
            }
            CloseErrorKind::WouldDeadlock => f.write_str(
                "a thread inside it is closing an interpreter that this thread is inside; leave \
                 that first",
            ),
            CloseErrorKind::OtherThreads { threads } => write!(
                f,
                "{threads} of its threads still run that Python code started as daemons or without \
                 `threading`"
            ),
            CloseErrorKind::TimedOut => f.write_str("its threads have not left it in time"),
        }
    }
}

impl std::error::Error for CloseError {}
