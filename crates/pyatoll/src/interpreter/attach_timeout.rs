//! Attaching with a time limit.
//!
//! CPython cannot give up a wait for the GIL, so another thread waits for it. The function that it
//! is to run stays here until that thread is attached: a caller whose time is over takes it back.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;
use std::time::{Duration, Instant};

use super::compat;
use super::error::AttachError;
use super::handle::Interpreter;
use super::sub::SubInterpreter;
use super::sync::{Arc, Condvar, Mutex, MutexGuard, lock};
use super::token::Python;
use super::waits::Wait;

/// The stack size, in bytes, of the library's threads that run Python code: that of a process's
/// main thread on most systems. Python recurses deeply, and the stack is only address space until
/// it is used.
pub(crate) const STACK_SIZE: usize = 8 << 20;

/// The function, which borrows from the caller.
type Borrowing<'a> = Box<dyn for<'py> FnOnce(Python<'py>) + Send + 'a>;
/// The same without the lifetime.
type Function = Borrowing<'static>;

/// What the two threads share.
struct Attempt {
    phase: Mutex<Phase>,
    changed: Condvar,
}

enum Phase {
    /// Nobody has begun to run this function.
    Waiting(Function),
    /// The other thread runs it, or has run it and still leaves the interpreter.
    Running,
    /// The other thread no longer uses anything of the caller's.
    Finished {
        result: Result<(), Failure>,
        /// For the caller to drop.
        _unused: Option<Function>,
    },
    /// The caller has taken the function back.
    GivenUp,
}

/// Why the other thread has not run the function.
enum Failure {
    Refused(AttachError),
    Panicked(Box<dyn Any + Send>),
}

impl Interpreter {
    /// Attaches to the interpreter and runs `f` with its token, as [`attach`](Interpreter::attach)
    /// does, unless other threads keep the interpreter's GIL for longer than `timeout`.
    ///
    /// A thread in C or Rust code that blocks without releasing the GIL may hold it for any time,
    /// and CPython cannot give up waiting for it. So if this thread is not attached yet, a new
    /// thread attaches and runs `f`, which therefore is `Send`, sees that thread's thread-locals,
    /// and may not use instances of `unsendable` classes that this thread has created. If it is not
    /// attached in time, `f` is dropped without being called; that thread goes on waiting, does
    /// nothing once it gets the GIL, and until then keeps the interpreter from ending, as any
    /// thread does that waits to attach.
    ///
    /// The limit is for the wait only. Once `f` runs, this call takes as long as `f` does.
    ///
    /// Creating the thread takes some tens of microseconds. If this thread is attached to the
    /// interpreter already, this only runs `f`.
    ///
    /// # Errors
    /// [`AttachError::TimedOut`], and those of [`attach`](Interpreter::attach).
    ///
    /// # Panics
    /// If `f` panics; if the system cannot start a thread; in a `__traverse__`.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    ///
    /// use pyatoll::SubInterpreter;
    /// use pyatoll::interpreter::AttachError;
    ///
    /// # pyatoll::Python::initialize();
    /// let sub = SubInterpreter::builder().build()?;
    /// let here = sub.interpreter();
    /// assert_eq!(here.attach_timeout(Duration::from_secs(600), |_py| 5), Ok(5));
    ///
    /// let (begin, begun) = mpsc::channel();
    /// let (stop, stopped) = mpsc::channel::<()>();
    /// // Blocks while attached, which code should not do.
    /// let blocking = std::thread::spawn(move || {
    ///     here.attach(|_py| {
    ///         begin.send(()).unwrap();
    ///         stopped.recv().unwrap();
    ///     })
    /// });
    /// begun.recv()?;
    /// let entered = here.attach_timeout(Duration::from_millis(20), |_py| ());
    /// # let error = AttachError::TimedOut { id: sub.id() };
    /// // On a free-threaded Python, nothing blocks.
    /// assert!(entered == Err(error) || entered == Ok(()));
    /// stop.send(())?;
    /// blocking.join().unwrap()?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// C API: `PyEval_RestoreThread`.
    #[track_caller]
    pub fn attach_timeout<F, R>(&self, timeout: Duration, f: F) -> Result<R, AttachError>
    where
        F: for<'py> FnOnce(Python<'py>) -> R + Send,
        R: Send,
    {
        if !compat::current_interpreter().is_null() {
            // Attached here, or elsewhere, which is an error: neither waits.
            return self.attach(f);
        }
        let mut result = None;
        let function = |py: Python<'_>| {
            // Not on the other thread: this one is to continue the panic.
            result = Some(catch_unwind(AssertUnwindSafe(|| f(py))));
        };
        let function: Borrowing<'_> = Box::new(function);
        // SAFETY: only the lifetime changes. `run` returns after the function was dropped or has
        // returned, so what it borrows is still there.
        let function = unsafe { std::mem::transmute::<Borrowing<'_>, Function>(function) };
        run(*self, timeout, function)?;
        match result.expect("the function has run") {
            Ok(result) => Ok(result),
            Err(payload) => resume_unwind(payload),
        }
    }
}

impl SubInterpreter {
    /// Attaches to it and runs `f` with its token, unless other threads keep its GIL for longer
    /// than `timeout`: [`Interpreter::attach_timeout`].
    ///
    /// # Errors
    /// Those of [`Interpreter::attach_timeout`].
    ///
    /// # Panics
    /// As for [`Interpreter::attach_timeout`].
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use pyatoll::SubInterpreter;
    ///
    /// # pyatoll::Python::initialize();
    /// let sub = SubInterpreter::builder().build()?;
    /// let id = sub.attach_timeout(Duration::from_secs(600), |py| py.interpreter().id())?;
    /// assert_eq!(id, sub.id());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn attach_timeout<F, R>(&self, timeout: Duration, f: F) -> Result<R, AttachError>
    where
        F: for<'py> FnOnce(Python<'py>) -> R + Send,
        R: Send,
    {
        self.interpreter().attach_timeout(timeout, f)
    }
}

/// Has another thread attach and run the function, unless it could not attach within `timeout`.
/// Afterwards the function has returned or was dropped.
#[track_caller]
fn run(interpreter: Interpreter, timeout: Duration, function: Function) -> Result<(), AttachError> {
    let deadline = Instant::now().checked_add(timeout);
    let attempt = Arc::new(Attempt {
        phase: Mutex::new(Phase::Waiting(function)),
        changed: Condvar::new(),
    });
    let mut phase = lock(&attempt.phase);
    let other = {
        let attempt = Arc::clone(&attempt);
        let name = format!("attach@{}", interpreter.id());
        let thread = thread::Builder::new().name(name).stack_size(STACK_SIZE);
        // If it fails, unwinding drops the function.
        thread
            .spawn(move || attempt.make(interpreter))
            .unwrap_or_else(|error| panic!("cannot start a thread that attaches: {error}"))
    };
    // Before the other thread does anything: it needs the lock first.
    let wait = Wait::for_threads(vec![other.thread().id()]);
    loop {
        phase = match std::mem::replace(&mut *phase, Phase::GivenUp) {
            Phase::Finished { result, _unused } => {
                // User code may run in the drop of the function.
                drop((phase, wait));
                return match result {
                    Ok(()) => Ok(()),
                    Err(Failure::Refused(error)) => Err(error),
                    Err(Failure::Panicked(payload)) => resume_unwind(payload),
                };
            }
            Phase::Waiting(function) => {
                let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
                if left.is_some_and(|left| left.is_zero()) {
                    // The phase stays `GivenUp`. User code may run in the drop of the function.
                    drop((phase, wait));
                    drop(function);
                    let id = interpreter.id();
                    return Err(AttachError::TimedOut { id });
                }
                *phase = Phase::Waiting(function);
                attempt.wait(phase, left)
            }
            running => {
                *phase = running;
                attempt.wait(phase, None)
            }
        };
    }
}

impl Attempt {
    fn wait<'a>(
        &self,
        phase: MutexGuard<'a, Phase>,
        left: Option<Duration>,
    ) -> MutexGuard<'a, Phase> {
        match left {
            Some(left) => match self.changed.wait_timeout(phase, left) {
                Ok((phase, _)) => phase,
                Err(poisoned) => poisoned.into_inner().0,
            },
            None => self
                .changed
                .wait(phase)
                .unwrap_or_else(|poisoned| poisoned.into_inner()),
        }
    }

    /// Attaches and runs the function, if the caller still wants that. Runs on the other thread.
    fn make(&self, interpreter: Interpreter) {
        // The caller announces its wait under the lock.
        drop(lock(&self.phase));
        let attach = || {
            interpreter.attach(|py| {
                if let Some(function) = self.begin() {
                    function(py);
                }
            })
        };
        let result = match catch_unwind(AssertUnwindSafe(attach)) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Failure::Refused(error)),
            Err(payload) => Err(Failure::Panicked(payload)),
        };
        let mut phase = lock(&self.phase);
        let _unused = match std::mem::replace(&mut *phase, Phase::GivenUp) {
            Phase::Waiting(function) => Some(function),
            Phase::Running => None,
            Phase::GivenUp | Phase::Finished { .. } => return,
        };
        *phase = Phase::Finished { result, _unused };
        self.changed.notify_one();
    }

    /// Takes the function to run it; `None` if the caller has given up.
    fn begin(&self) -> Option<Function> {
        let mut phase = lock(&self.phase);
        match std::mem::replace(&mut *phase, Phase::Running) {
            Phase::Waiting(function) => Some(function),
            other => {
                *phase = other;
                None
            }
        }
    }
}
