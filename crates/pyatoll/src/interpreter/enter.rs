//! The ways to a token: attaching this thread by default, detaching it, and asserting that it is
//! attached.

use super::attach::{AttachGuard, SlowPath};
use super::compat;
use super::create;
use super::detach::detached_then_drained;
use super::entry::{self, Home};
use super::error::NoInterpreter;
use super::local::LocalInternals;
use super::lookup;
use super::start;
use super::thread_default;
use super::token::Python;

/// A value that the closure of [`Python::detach`] may capture and return: every `Send` type,
/// which excludes tokens and [`Bound`](crate::Bound). It cannot exclude those in a wrapper that
/// is `Send` whatever is in it (`SendWrapper`): see [`Python::detach`].
///
/// # Safety
/// The value must be usable without an interpreter, and on a thread that is attached to another
/// one. Only this library implements the trait: another implementation would overlap with that for
/// all `Send` types.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::marker::Ungil;
///
/// fn without_python<T: Ungil>(py: Python<'_>, f: impl Ungil + FnOnce() -> T) -> T {
///     py.detach(f)
/// }
/// assert_eq!(Python::attach(|py| without_python(py, || 1 + 1)), 2);
/// ```
pub unsafe trait Ungil {}

// SAFETY: a token, or a handle with one, is not `Send`, so neither is a value that contains one.
unsafe impl<T: Send> Ungil for T {}

impl Python<'_> {
    /// Attaches this thread to an interpreter and runs `f` with the token.
    ///
    /// - Already attached: stays in that interpreter. This allocates nothing and may be nested.
    /// - Detached, by [`Python::detach`] or by C code that released the GIL: returns to the
    ///   interpreter that it was detached from.
    /// - Within [`Interpreter::as_default`](crate::Interpreter::as_default): enters that
    ///   interpreter. If the thread is also detached, the inner of the two calls decides.
    /// - Never attached: enters the main interpreter if this binary is loaded there, else the only
    ///   interpreter that it is loaded in. Use [`Interpreter::attach`](crate::Interpreter::attach)
    ///   to choose.
    ///
    /// # Panics
    /// If the thread is not attached, and the runtime is not initialized (and the feature
    /// `auto-initialize` is off) or is being finalized, the interpreter is ending, or several
    /// interpreters are known but not the main one. In a `__traverse__`, where no Python may run.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// let version = Python::attach(|py| py.version().to_owned());
    /// assert!(version.starts_with("3."));
    /// ```
    ///
    /// C API: `PyEval_RestoreThread`, `PyThreadState_New`.
    #[doc(alias = "with_gil")]
    #[inline]
    #[track_caller]
    pub fn attach<F, R>(f: F) -> R
    where
        F: for<'py> FnOnce(Python<'py>) -> R,
    {
        let attached = match AttachGuard::already_attached() {
            Ok(attached) => attached,
            Err(slow_path) => enter_or_panic(slow_path),
        };
        f(Python::new(attached.local()))
    }

    /// Attaches this thread: the name that [`Python::attach`] had before PyO3 0.26. Without it, the
    /// compiler would suggest [`Python::assume_attached`], which is wrong and unsafe.
    ///
    /// # Panics
    /// The same as [`Python::attach`].
    #[doc(hidden)]
    #[deprecated(note = "renamed to `Python::attach`")]
    #[inline]
    #[track_caller]
    pub fn with_gil<F, R>(f: F) -> R
    where
        F: for<'py> FnOnce(Python<'py>) -> R,
    {
        Python::attach(f)
    }

    /// Attaches this thread as [`Python::attach`] does, or returns `None` where that panics.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// # Python::initialize();
    /// assert_eq!(Python::try_attach(|_py| 5), Some(5));
    /// ```
    ///
    /// C API: `PyEval_RestoreThread`, `PyThreadState_New`.
    #[inline]
    pub fn try_attach<F, R>(f: F) -> Option<R>
    where
        F: for<'py> FnOnce(Python<'py>) -> R,
    {
        let attached = match AttachGuard::already_attached() {
            Ok(attached) => attached,
            Err(slow_path) => match AttachGuard::enter_again(slow_path) {
                Some(attached) => attached,
                None => enter().ok()?,
            },
        };
        Some(f(Python::new(attached.local())))
    }

    /// Starts the Python runtime with its main interpreter, if it does not run yet.
    ///
    /// The calling thread is not attached afterwards. Signal handlers stay as they are, so Ctrl-C
    /// ends the process.
    ///
    /// If the loader found another libpython than the one that the program was built with, and that
    /// one still exists, Python issues a `RuntimeWarning` that names both files.
    ///
    /// # Panics
    /// If the program was built for another version of Python.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::initialize();
    /// Python::attach(|py| assert!(py.version_info() >= (3, 11)));
    /// ```
    ///
    /// C API: `Py_InitializeEx`.
    #[doc(alias = "prepare_freethreaded_python")]
    #[track_caller]
    pub fn initialize() {
        start::initialize();
    }
}

impl<'py> Python<'py> {
    /// Creates a token out of nothing, where the thread is known to be attached.
    ///
    /// # Safety
    /// The thread must be attached to an interpreter while `'py` lasts.
    ///
    /// # Panics
    /// If no thread is attached.
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
    ///
    /// C API: `PyInterpreterState_Get`.
    #[doc(alias = "assume_gil_acquired")]
    #[inline]
    #[track_caller]
    pub unsafe fn assume_attached() -> Self {
        Self::new(create::current_or_create(compat::running_interpreter()))
    }

    /// Creates a token for the first code of this binary that runs in an interpreter.
    ///
    /// # Safety
    /// As for [`Python::assume_attached`].
    ///
    /// # Panics
    /// If this binary's state of the interpreter cannot be created.
    pub(crate) unsafe fn assume_importing() -> Self {
        Self::new(create::current_or_register(compat::running_interpreter()))
    }

    /// Creates a token for code that runs because an object of this binary was called.
    ///
    /// # Safety
    /// The thread must be attached while `'py` lasts, to an interpreter in which this binary has
    /// been initialized.
    #[inline]
    pub(crate) unsafe fn assume_called() -> Self {
        // SAFETY: attached, to an interpreter that this binary knows (upheld by the caller).
        Self::new(unsafe { create::of_callee() })
    }

    /// Detaches this thread from the interpreter while `f` runs, so that other threads can use it.
    ///
    /// `f` must be `Send`, which keeps tokens and `Bound` references out of it; a
    /// [`Py<T>`](crate::Py) may go in. Inside, [`Python::attach`] returns to this interpreter, and
    /// [`Interpreter::attach`](crate::Interpreter::attach) enters any. References to objects
    /// of this interpreter, and its buffers, that `f` drops are released before this returns, even
    /// if `f` panics.
    ///
    /// # What `Send` does not keep out
    ///
    /// `Send` is about other threads, but the closure runs on this one. So two kinds of code get a
    /// token, a `Bound` or a `Borrowed` into it: a wrapper that is `Send` and checks the thread at
    /// run time (`send_wrapper::SendWrapper`, `fragile::Fragile`), and a thread-local that lends a
    /// reference (`scoped_tls::scoped_thread_local!`). **Using them in there is undefined
    /// behavior**: the thread does not hold the GIL, or is attached to another interpreter by then.
    /// Never put anything with a `'py` into such a wrapper or thread-local; a [`Py<T>`](crate::Py)
    /// needs none. PyO3 has the same gap, which stable Rust has no means to close: `Send` is the
    /// only suitable trait that the compiler derives for closures.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let sum: u64 = py.detach(|| (0..1000u64).sum());
    ///     assert_eq!(sum, 499_500);
    ///     let here = py.interpreter();
    ///     assert!(py.detach(|| Python::attach(|py| py.interpreter() == here)));
    /// });
    /// ```
    ///
    /// C API: `PyEval_SaveThread`, `PyEval_RestoreThread`.
    #[doc(alias = "allow_threads")]
    pub fn detach<T, F>(self, f: F) -> T
    where
        F: Ungil + FnOnce() -> T,
        T: Ungil,
    {
        // SAFETY: attached, as the token shows. `Ungil` keeps everything that needs the attachment
        // out of `f`, since none of it is `Send`.
        unsafe { detached_then_drained(self.local(), f) }
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn enter_or_panic(slow_path: SlowPath) -> AttachGuard {
    // Here, since the guard is returned in registers: a `Result` of it would be in memory.
    if let Some(attached) = AttachGuard::enter_again(slow_path) {
        return attached;
    }
    match enter() {
        Ok(attached) => attached,
        Err(error) => panic!("{error}"),
    }
}

#[inline(never)]
fn enter() -> Result<AttachGuard, NoInterpreter> {
    match AttachGuard::current() {
        Some(attached) if attached.local().is_in_traverse() => Err(NoInterpreter::InTraverse),
        Some(attached) => Ok(attached),
        None => enter_default(),
    }
}

/// Attaches this thread, which is not attached, to the default interpreter of `Python::attach`.
fn enter_default() -> Result<AttachGuard, NoInterpreter> {
    #[cfg(feature = "auto-initialize")]
    start::initialize();
    if !compat::is_running() {
        return return_to_the_end().ok_or(NoInterpreter::NotRunning);
    }
    if let Some(local) = thread_default::get() {
        return AttachGuard::to(local).map_err(NoInterpreter::Refused);
    }
    let home = match entry::home() {
        Some(Home::Known(local)) => Some(local),
        Some(Home::Unseen(thread_state)) => Some(start::meet(thread_state)),
        None => None,
    };
    // The thread that started the runtime belongs to the main interpreter, unless it is a test's.
    #[cfg(feature = "test-interpreters")]
    if home.is_none_or(|local| local.is_main())
        && let Some(entered) = super::test_interpreter::enter()
    {
        return entered;
    }
    let local = match home {
        Some(local) => local,
        None => default_interpreter()?,
    };
    AttachGuard::to(local).map_err(NoInterpreter::Refused)
}

/// Attaches this thread again if it is the one that finalizes the runtime, detached for a moment in
/// a finalizer that Python calls.
fn return_to_the_end() -> Option<AttachGuard> {
    AttachGuard::to(entry::ended_by_this_thread()?).ok()
}

/// Returns the interpreter of a thread that was never attached: the main one if this binary knows
/// it, or knows none yet; else the only one that it knows.
fn default_interpreter() -> Result<&'static LocalInternals, NoInterpreter> {
    if let Some(main) = lookup::main_live() {
        return Ok(main);
    }
    match *lookup::all_live() {
        [only] => Ok(only),
        [] => start::meet_main(),
        ref many => Err(NoInterpreter::Several(many.len())),
    }
}
