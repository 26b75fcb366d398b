//! [`Interpreter`]: a handle to an interpreter that any thread may keep.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::at_end;
use super::attach::{self, AttachGuard};
use super::detach::detached;
use super::entry;
use super::error::AttachError;
use super::keeper::ThreadStateKeeper;
use super::local::LocalInternals;
use super::lookup;
use super::start;
use super::thread_default;
use super::token::Python;

/// A handle to one interpreter. It does not keep the interpreter alive, and it never refers to
/// another one, even after the interpreter has ended and CPython has reused its id or address.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::interpreter::SubInterpreter;
///
/// # Python::initialize();
/// let sub = SubInterpreter::builder().build()?;
/// let handle = sub.interpreter();
/// assert!(handle.is_alive());
/// handle.attach(|py| py.run(c"import json", None, None))??;
/// sub.close()?;
/// assert!(!handle.is_alive());
/// assert!(handle.attach(|_| ()).is_err());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Interpreter(&'static LocalInternals);

impl Interpreter {
    pub(crate) fn new(local: &'static LocalInternals) -> Self {
        Self(local)
    }

    /// Returns this binary's state of the interpreter.
    pub(crate) fn local(self) -> &'static LocalInternals {
        self.0
    }

    /// Returns the interpreter that this thread is attached to, if any.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::Interpreter;
    ///
    /// assert!(Interpreter::current().is_none());
    /// Python::attach(|py| assert_eq!(Interpreter::current(), Some(py.interpreter())));
    /// ```
    pub fn current() -> Option<Self> {
        AttachGuard::current().map(|attached| Self(attached.local()))
    }

    /// Returns the main interpreter, or `None` if the runtime does not run or is being finalized.
    ///
    /// If this binary has not been loaded there yet (only a sub-interpreter imported the extension
    /// module), the thread attaches to it for a moment, so that it is known from then on.
    ///
    /// # Panics
    /// In a `__traverse__`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::{Interpreter, SubInterpreter};
    ///
    /// # Python::initialize();
    /// let main = Interpreter::main().expect("the runtime runs");
    /// assert!(main.is_main());
    /// let sub = SubInterpreter::builder().build()?;
    /// sub.attach(|py| assert_eq!(py.detach(Interpreter::main), Some(main)))?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// C API: `PyInterpreterState_Main`.
    #[track_caller]
    pub fn main() -> Option<Self> {
        attach::refuse_in_traverse();
        let local = start::main_interpreter().ok()?;
        local.gate().is_open().then_some(Self(local))
    }

    /// Returns the live interpreters that this binary has been loaded in, oldest first.
    ///
    /// Interpreters that another extension module or Python code created
    /// (`concurrent.interpreters`) are among them once they have imported a module of this binary,
    /// or a thread attached to them has used this library.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::{Interpreter, SubInterpreter};
    ///
    /// # Python::initialize();
    /// let sub = SubInterpreter::builder().build()?;
    /// let all = Interpreter::all();
    /// assert!(all.contains(&sub.interpreter()));
    /// assert!(all.iter().any(Interpreter::is_main));
    /// sub.close()?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn all() -> Vec<Self> {
        let mut all: Vec<Self> = lookup::all_live().into_iter().map(Self).collect();
        all.retain(Self::is_alive);
        all
    }

    /// Returns CPython's id of the interpreter. Ids count up from 0, the main interpreter's, and
    /// start again when the runtime is started again.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// assert_eq!(Python::attach(|py| py.interpreter().id()), 0);
    /// ```
    ///
    /// C API: `PyInterpreterState_GetID`.
    pub fn id(&self) -> i64 {
        self.0.id()
    }

    /// Returns whether it is the main interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// assert!(Python::attach(|py| py.interpreter().is_main()));
    /// ```
    pub fn is_main(&self) -> bool {
        self.0.is_main()
    }

    /// Returns whether threads could attach to it at the moment of the call.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// assert!(Python::attach(|py| py.interpreter().is_alive()));
    /// ```
    pub fn is_alive(&self) -> bool {
        self.0.is_usable() && self.0.gate().is_open()
    }

    /// Returns whether this thread is attached to it, or entered it through this library and is
    /// detached.
    pub(crate) fn is_entered(&self) -> bool {
        self.0.is_current() || entry::has_guard(self.0)
    }

    /// Attaches this thread to the interpreter and runs `f` with its token. If the thread is
    /// attached to it already, this only runs `f`.
    ///
    /// No `Bound` or token of another interpreter must be used in `f`. None gets into the closure
    /// of [`Python::detach`], except through `send_wrapper`, `scoped-tls` and the like
    /// ([details](Python::detach)). Such use is undefined behavior;
    /// debug builds panic where they notice it, with the text of
    /// [`WrongInterpreter`](crate::WrongInterpreter).
    ///
    /// # Errors
    /// [`AttachError::InterpreterGone`] if it has ended;
    /// [`AttachError::AttachedElsewhere`] if this thread is attached to another interpreter:
    /// [`Python::detach`] first.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// let main = Python::attach(|py| py.interpreter());
    /// let version = main.attach(|py| py.version().to_owned())?;
    /// assert!(version.starts_with("3."));
    /// # Ok::<_, pyatoll::interpreter::AttachError>(())
    /// ```
    #[track_caller]
    pub fn attach<F, R>(&self, f: F) -> Result<R, AttachError>
    where
        F: for<'py> FnOnce(Python<'py>) -> R,
    {
        let attached = AttachGuard::to(self.0)?;
        Ok(f(Python::new(attached.local())))
    }
}

impl Interpreter {
    /// Registers a function that runs when the interpreter ends: on the thread that ends it,
    /// attached, while Python code can run and other threads can enter. The function registered
    /// last runs first.
    ///
    /// Use it to stop what works for the interpreter (threads, connections), and to give up what
    /// belongs to it. It may use everything, including the values of `PyOnceLock`s and
    /// `InterpreterLocal`s, and may register further functions, which run next. If it panics, the
    /// panic hook reports that, and the other functions still run.
    ///
    /// The functions run as one of Python's exit functions (`atexit`), registered when this binary
    /// first sees the interpreter, whoever ends the interpreter. The main interpreter ends with the
    /// runtime, which a program that embeds Python has to finalize for that:
    /// [`with_embedded_python_interpreter`](super::with_embedded_python_interpreter) or
    /// `Py_FinalizeEx`.
    ///
    /// This thread is attached to the interpreter for a moment, if it is not already.
    ///
    /// # Errors
    /// As for [`Interpreter::attach`]; [`AttachError::InterpreterGone`] also once the functions
    /// have run. `function` is dropped then.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::SubInterpreter;
    /// use std::sync::mpsc;
    ///
    /// # Python::initialize();
    /// let sub = SubInterpreter::builder().build()?;
    /// let (jobs, queue) = mpsc::channel::<i32>();
    /// let worker = std::thread::spawn(move || queue.iter().sum::<i32>());
    /// jobs.send(20)?;
    /// let (result, results) = mpsc::channel();
    /// sub.interpreter().at_end(move |py| {
    ///     jobs.send(22).unwrap();
    ///     drop(jobs);
    ///     let sum = py.detach(|| worker.join()).unwrap();
    ///     result.send(sum).unwrap();
    /// })?;
    /// sub.close()?;
    /// assert_eq!(results.recv()?, 42);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// See: [`atexit`](https://docs.python.org/3/library/atexit.html).
    pub fn at_end<F>(&self, function: F) -> Result<(), AttachError>
    where
        F: for<'py> FnOnce(Python<'py>) + Send + 'static,
    {
        let attached = AttachGuard::to(self.0)?;
        // SAFETY: attached to the interpreter, as the guard shows.
        unsafe { at_end::register(attached.local(), Box::new(function)) }
    }

    /// Keeps one thread state of the interpreter for this thread while `f` runs: every attachment
    /// of this thread within `f` uses it. Without this, the outermost attachment creates one and
    /// deletes it at its end, along with what Python keeps for the thread (`threading.local`).
    ///
    /// Meant for the main loop of a thread that attaches often. This thread is not attached while
    /// `f` runs, unless it was before, in which case `f` simply runs; [`Python::attach`] within `f`
    /// means this interpreter. The interpreter's end waits for `f`, as for any attachment.
    ///
    /// # Errors
    /// As for [`Interpreter::attach`]; `f` has not run then.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::{Interpreter, SubInterpreter};
    ///
    /// # Python::initialize();
    /// let sub = SubInterpreter::builder().build()?;
    /// let worker = sub.interpreter();
    /// let sum = worker.keep_thread_state(|| {
    ///     assert_eq!(Interpreter::current(), None);
    ///     (0..3)
    ///         .map(|_| worker.attach(|py| py.eval(c"2", None, None)?.extract::<i32>()))
    ///         .map(|two| two.unwrap().unwrap())
    ///         .sum::<i32>()
    /// })?;
    /// assert_eq!(sum, 6);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// C API: `PyThreadState_New`, `PyThreadState_DeleteCurrent`.
    pub fn keep_thread_state<R>(&self, f: impl FnOnce() -> R) -> Result<R, AttachError> {
        let attached = AttachGuard::to(self.0)?;
        if !attached.has_entered() {
            return Ok(f());
        }
        // SAFETY: attached only here, so nothing in `f` needs the attachment.
        Ok(unsafe { detached(self.0, f) })
    }

    /// Makes this thread keep its thread state of the interpreter between attachments, from its
    /// next one until the result is dropped: an attachment then costs little more than taking the
    /// GIL. Meant for the threads of a runtime that attach often and briefly (tokio's
    /// `on_thread_start`). A thread may have keepers for several interpreters.
    ///
    /// Unlike [`keep_thread_state`](Interpreter::keep_thread_state), this neither changes which
    /// interpreter [`Python::attach`] enters nor delays the interpreter's end, which deletes the
    /// thread state without waking this thread. It does not attach, and cannot fail: once the
    /// interpreter has ended, it has no effect.
    ///
    /// # Conditions
    /// - Only attachments of a thread that is in no interpreter use it: not those within
    ///   [`Python::detach`] or `keep_thread_state`, not those of a thread that Python or C code has
    ///   attached, and not those of the thread that started the runtime.
    /// - What Python keeps for a thread (`threading.local`, the values of context variables) lives
    ///   on between the attachments, and so does an exception that `ffi` code leaves set. Python
    ///   counts the thread as one of its own in that time (`threading.enumerate`).
    /// - Dropping the result does not take the GIL, nor does the end of a thread that has leaked it
    ///   (`std::mem::forget`). So the thread state is left to the next thread that attaches with a
    ///   keeper for the first time, or to the interpreter's end. Either thread releases what Python
    ///   kept for the one that has ended, and runs the finalizers: a value that its thread alone
    ///   may drop (`#[pyclass(unsendable)]`) leaks.
    /// - An end of the interpreter that is called off deletes idle thread states, too, and so does
    ///   Python code that calls its exit functions.
    /// - While it is idle, other extension modules built with this library cannot tell the thread
    ///   from one that may use their values, and leave those to the end of the process if the
    ///   interpreter ends.
    /// - It has an effect on Linux, with a Python from 3.12 to 3.14 that has a GIL and is not a
    ///   debug build, where CPython insists that a thread deletes its own thread states. Elsewhere
    ///   an attachment costs what it does without. A Python that was configured
    ///   `--with-assertions`, without being a debug build, cannot be told from others: there, the
    ///   process ends when another thread deletes the thread state.
    /// - Before 3.13, the thread state of the attachment that imports `threading` is not kept.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// # Python::initialize();
    /// let main = Python::attach(|py| py.interpreter());
    /// std::thread::spawn(move || {
    ///     let _keeper = main.thread_state_keeper();
    ///     for _ in 0..1000 {
    ///         Python::attach(|_py| ());
    ///     }
    /// })
    /// .join()
    /// .unwrap();
    /// ```
    ///
    /// C API: `PyEval_RestoreThread`, `PyEval_SaveThread`, `PyThreadState_Delete`.
    pub fn thread_state_keeper(&self) -> ThreadStateKeeper {
        ThreadStateKeeper::new(self.0)
    }

    /// Runs `f` with this as the interpreter that [`Python::attach`] and [`Python::try_attach`]
    /// enter on this thread. Does not attach by itself.
    ///
    /// Use it in an executor or a thread pool that runs code for an interpreter: code that calls
    /// `Python::attach` then enters the right one. It has no effect while the thread is attached.
    /// Of nested calls of `as_default`, [`Python::detach`] and [`Interpreter::keep_thread_state`],
    /// the innermost decides.
    ///
    /// After the end of the interpreter, `Python::attach` in `f` panics, and `Python::try_attach`
    /// returns `None`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::SubInterpreter;
    ///
    /// # Python::initialize();
    /// let sub = SubInterpreter::builder().build()?;
    /// let here = sub.interpreter();
    /// std::thread::spawn(move || {
    ///     assert!(Python::attach(|py| py.interpreter().is_main()));
    ///     here.as_default(|| assert_eq!(Python::attach(|py| py.interpreter()), here));
    /// })
    /// .join()
    /// .unwrap();
    /// # Ok::<_, pyatoll::interpreter::BuildError>(())
    /// ```
    pub fn as_default<R>(&self, f: impl FnOnce() -> R) -> R {
        let _guard = thread_default::set(self.0);
        f()
    }
}

impl Python<'_> {
    /// Returns a handle to the interpreter of this token, which any thread may keep.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// let main = Python::attach(|py| py.interpreter());
    /// std::thread::spawn(move || main.attach(|py| assert_eq!(py.interpreter(), main)).unwrap())
    ///     .join()
    ///     .unwrap();
    /// ```
    ///
    /// C API: `PyInterpreterState_Get`.
    pub fn interpreter(self) -> Interpreter {
        Interpreter::new(self.owner())
    }
}

impl PartialEq for Interpreter {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Interpreter {}

impl Hash for Interpreter {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::from_ref(self.0).hash(state);
    }
}

impl fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interpreter")
            .field("id", &self.id())
            .field("alive", &self.is_alive())
            .finish()
    }
}
