//! [`Python<'py>`]: the token that a thread is attached to an interpreter, and to which.

use std::fmt;
use std::marker::PhantomData;

use super::attach::{self, AttachGuard, NoInterpreter};
use super::handle::Interpreter;
use super::local::LocalInternals;
use super::lookup;

/// A token: this thread is attached to an interpreter for as long as `'py` lasts.
///
/// It is a pointer to what this binary keeps for that interpreter, so that a function which has
/// the token has the interpreter's types, interned strings and identity one load away. It is
/// `Copy`, and neither `Send` nor `Sync`.
///
/// A token comes as an argument: declare a parameter `py: Python<'_>` in a `#[pyfunction]` or
/// `#[pymethods]` function, take it from any [`Bound`](crate::Bound) with
/// [`Bound::py`](crate::Bound::py), or enter an interpreter with [`Python::attach`].
///
/// ```
/// use pyatoll::prelude::*;
///
/// Python::attach(|py| {
///     let sum: i32 = py.eval(c"1 + 2", None, None)?.extract()?;
///     assert_eq!(sum, 3);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Python<'py>(&'py LocalInternals, PhantomData<*mut ()>);

impl Python<'_> {
    /// Attaches this thread to an interpreter and runs `f` with the token.
    ///
    /// - Already attached: stays in the interpreter it is in. This allocates nothing and may be
    ///   nested.
    /// - Not attached: enters the main interpreter if this binary is loaded there, else the only
    ///   interpreter it is loaded in. Use [`Interpreter::attach`] to choose.
    ///
    /// # Panics
    /// Not attached, and: the runtime is not initialised (and the feature `auto-initialize` is
    /// off), is being finalised, or several interpreters are known but not the main one. Or in a
    /// `__traverse__`, where no Python may run.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// let version = Python::attach(|py| py.version().to_owned());
    /// assert!(version.starts_with("3."));
    /// ```
    ///
    /// C API: `PyEval_RestoreThread`, `PyThreadState_New`.
    #[inline]
    #[track_caller]
    pub fn attach<F, R>(f: F) -> R
    where
        F: for<'py> FnOnce(Python<'py>) -> R,
    {
        let attached = match AttachGuard::simply_before() {
            Some(attached) => attached,
            None => Self::enter_or_panic(),
        };
        f(Python::new(attached.local()))
    }

    /// As [`Python::attach`], but `None` where that panics.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// # Python::initialize();
    /// assert_eq!(Python::try_attach(|_py| 5), Some(5));
    /// ```
    #[inline]
    pub fn try_attach<F, R>(f: F) -> Option<R>
    where
        F: for<'py> FnOnce(Python<'py>) -> R,
    {
        let attached = match AttachGuard::simply_before() {
            Some(attached) => attached,
            None => Self::enter().ok()?,
        };
        Some(f(Python::new(attached.local())))
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn enter_or_panic() -> AttachGuard {
        match Self::enter() {
            Ok(attached) => attached,
            Err(error) => panic!("{error}"),
        }
    }

    #[inline(never)]
    fn enter() -> Result<AttachGuard, NoInterpreter> {
        match AttachGuard::current() {
            Some(attached) if attached.local().is_in_traverse() => Err(NoInterpreter::InTraverse),
            Some(attached) => Ok(attached),
            None => {
                #[cfg(feature = "test-interpreters")]
                if let Some(entered) = super::test_interpreter::enter() {
                    return entered;
                }
                attach::default_interpreter()
            }
        }
    }

    /// Starts the Python runtime with its main interpreter, if it does not run yet.
    ///
    /// The calling thread is not attached afterwards. Signal handlers are left as they are, so
    /// Ctrl-C ends the process.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::initialize();
    /// Python::attach(|py| assert!(py.version_info() >= (3, 11)));
    /// ```
    ///
    /// C API: `Py_InitializeEx`.
    pub fn initialize() {
        attach::initialize();
    }
}

impl<'py> Python<'py> {
    /// The token of an interpreter this thread is attached to.
    #[inline]
    pub(crate) fn new(local: &'py LocalInternals) -> Self {
        Self(local, PhantomData)
    }

    /// The state this token points to.
    #[inline]
    pub(crate) fn local(self) -> &'py LocalInternals {
        self.0
    }

    /// The same, with the lifetime of the process: the state is never freed.
    #[inline]
    pub(crate) fn owner(self) -> &'static LocalInternals {
        // SAFETY: a `LocalInternals` is never freed.
        unsafe { &*std::ptr::from_ref(self.0) }
    }

    /// A token out of nothing, where the thread is known to be attached.
    ///
    /// # Safety
    /// The thread must be attached to an interpreter while `'py` lasts.
    ///
    /// # Panics
    /// If the thread is not attached.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|_| {
    ///     // SAFETY: the thread is attached within this closure.
    ///     let py = unsafe { Python::assume_attached() };
    ///     assert!(py.eval(c"True", None, None).unwrap().is_truthy().unwrap());
    /// });
    /// ```
    #[inline]
    pub unsafe fn assume_attached() -> Self {
        Self::new(lookup::current(super::compat::current_interpreter()))
    }

    /// A token for code that runs because an object of this binary was called.
    ///
    /// # Safety
    /// The thread must be attached while `'py` lasts, to an interpreter in which this binary has
    /// been initialised.
    #[inline]
    pub(crate) unsafe fn assume_called() -> Self {
        // SAFETY: passed on to the caller.
        Self::new(unsafe { lookup::called() })
    }

    /// Detaches this thread from the interpreter while `f` runs, so that other threads can use it.
    ///
    /// `f` must be `Send`, which keeps tokens and `Bound` references out of it; a
    /// [`Py<T>`](crate::Py) may go in. Inside, the thread may attach again, to this or another
    /// interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let sum: u64 = py.detach(|| (0..1000u64).sum());
    ///     assert_eq!(sum, 499_500);
    /// });
    /// ```
    ///
    /// C API: `PyEval_SaveThread`, `PyEval_RestoreThread`.
    pub fn detach<T, F>(self, f: F) -> T
    where
        F: Send + FnOnce() -> T,
        T: Send,
    {
        // SAFETY: attached by the token's existence. `Send` keeps everything that needs the
        // attachment out of `f`, since none of it is `Send`.
        unsafe { attach::detached(self.0, f) }
    }

    /// The interpreter this token is of, as a handle that any thread may keep.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// let main = Python::attach(|py| py.interpreter());
    /// std::thread::spawn(move || main.attach(|py| assert_eq!(py.interpreter(), main)).unwrap())
    ///     .join()
    ///     .unwrap();
    /// ```
    pub fn interpreter(self) -> Interpreter {
        Interpreter::new(self.owner())
    }
}

impl fmt::Debug for Python<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Python")
            .field("interpreter", &self.0.id())
            .finish()
    }
}
