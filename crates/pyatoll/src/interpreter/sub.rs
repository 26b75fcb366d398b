//! [`SubInterpreter`]: an interpreter that Rust creates and ends.

use std::fmt;
use std::sync::Arc;

use super::attach::{self, AttachGuard};
use super::closing::{self, Background};
use super::compat::{self, Settings};
use super::detach::DetachGuard;
use super::error::{AttachError, BuildError};
use super::handle::Interpreter;
use super::local::LocalInternals;
use super::make;
use super::python_forks;
use super::start;
use super::token::Python;

/// The GIL of a sub-interpreter (`PyInterpreterConfig.gil`).
///
/// ```
/// use pyatoll::interpreter::Gil;
///
/// assert_eq!(Gil::default(), Gil::Own);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Gil {
    /// Its own (PEP 684): it runs in parallel with other interpreters. From Python 3.12 on.
    #[default]
    Own,
    /// The main interpreter's.
    Shared,
}

/// The settings of a new sub-interpreter: the fields of `PyInterpreterConfig`, its paths, arguments
/// and output. Returned by [`SubInterpreter::builder`] with CPython's settings for an isolated
/// interpreter.
///
/// ```
/// use pyatoll::interpreter::{SubInterpreter, SubInterpreterBuilder};
///
/// # pyatoll::Python::initialize();
/// let worker: SubInterpreterBuilder = SubInterpreter::builder().allow_fork(true);
/// let (first, second) = (worker.build()?, worker.build()?);
/// assert_ne!(first.id(), second.id());
/// # Ok::<_, pyatoll::interpreter::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SubInterpreterBuilder {
    gil: Gil,
    use_main_obmalloc: bool,
    allow_fork: bool,
    allow_exec: bool,
    allow_threads: bool,
    allow_daemon_threads: bool,
    check_multi_interp_extensions: bool,
    steps: Steps,
}

/// A step of setting up a new interpreter. It runs in that interpreter, before any other thread can
/// enter.
pub(crate) type Step = Arc<dyn for<'py> Fn(Python<'py>) -> Result<(), String> + Send + Sync>;

/// The steps of setting up a new interpreter, by what they set.
#[derive(Clone, Default)]
struct Steps(Vec<(&'static str, Step)>);

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(what, _)| what))
            .finish()
    }
}

impl Default for SubInterpreterBuilder {
    fn default() -> Self {
        Self {
            gil: Gil::Own,
            use_main_obmalloc: false,
            allow_fork: false,
            allow_exec: false,
            allow_threads: true,
            allow_daemon_threads: false,
            check_multi_interp_extensions: true,
            steps: Steps::default(),
        }
    }
}

impl SubInterpreterBuilder {
    /// Sets the GIL: its own (the default), or the main interpreter's.
    ///
    /// A free-threaded Python has no GIL to share: there, both mean the same.
    ///
    /// ```
    /// use pyatoll::interpreter::{Gil, SubInterpreter};
    ///
    /// # pyatoll::Python::initialize();
    /// let sub = SubInterpreter::builder().gil(Gil::Shared).build()?;
    /// # Ok::<_, pyatoll::interpreter::BuildError>(())
    /// ```
    #[must_use]
    pub fn gil(mut self, gil: Gil) -> Self {
        self.gil = gil;
        self
    }

    /// Sets CPython's settings for the kind of interpreter that mod_wsgi and older embedders use:
    /// the main interpreter's GIL and allocator, and everything allowed, including extension
    /// modules that do not support sub-interpreters (except on free-threaded builds, which refuse
    /// those). Below Python 3.12 every sub-interpreter is of this kind.
    ///
    /// ```
    /// use pyatoll::interpreter::SubInterpreter;
    ///
    /// # pyatoll::Python::initialize();
    /// let sub = SubInterpreter::builder().legacy().build()?;
    /// # Ok::<_, pyatoll::interpreter::BuildError>(())
    /// ```
    #[must_use]
    pub fn legacy(self) -> Self {
        Self {
            gil: Gil::Shared,
            use_main_obmalloc: true,
            allow_fork: true,
            allow_exec: true,
            allow_threads: true,
            allow_daemon_threads: true,
            check_multi_interp_extensions: compat::legacy_checks_extensions(),
            steps: self.steps,
        }
    }

    /// Sets whether it uses the main interpreter's small-object allocator. Default: `false`, its
    /// own. `true` needs [`Gil::Shared`], since nothing else guards that allocator.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::{Gil, SubInterpreter};
    ///
    /// # pyatoll::Python::initialize();
    /// let builder = SubInterpreter::builder().gil(Gil::Shared).use_main_obmalloc(true);
    /// let sub = builder.build()?;
    /// let sum: i32 = sub.attach(|py| py.eval(c"sum(range(10))", None, None)?.extract())??;
    /// assert_eq!(sum, 45);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn use_main_obmalloc(mut self, yes: bool) -> Self {
        self.use_main_obmalloc = yes;
        self
    }

    /// Sets whether its code may call `os.fork`. Default: `false`. Even if allowed, the child exits
    /// at once: CPython cannot run in a child of a process with sub-interpreters.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::SubInterpreter;
    ///
    /// # pyatoll::Python::initialize();
    /// let sub = SubInterpreter::builder().allow_fork(false).build()?;
    /// sub.attach(|py| {
    ///     // Before Python 3.12, it may.
    ///     if py.version_info() >= (3, 12) {
    ///         assert!(py.run(c"import os; os.fork()", None, None).is_err());
    ///     }
    /// })?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn allow_fork(mut self, yes: bool) -> Self {
        self.allow_fork = yes;
        self
    }

    /// Sets whether its code may replace the process (`os.execv`). Default: `false`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyRuntimeError;
    /// use pyatoll::interpreter::SubInterpreter;
    ///
    /// # pyatoll::Python::initialize();
    /// let sub = SubInterpreter::builder().allow_exec(false).build()?;
    /// sub.attach(|py| {
    ///     let code = c"import os; os.execv('/no/such/program', ['program'])";
    ///     let error = py.run(code, None, None).unwrap_err();
    ///     // Before Python 3.12 it is tried, and there is no such program.
    ///     assert_eq!(error.is_instance_of::<PyRuntimeError>(py), py.version_info() >= (3, 12));
    /// })?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn allow_exec(mut self, yes: bool) -> Self {
        self.allow_exec = yes;
        self
    }

    /// Sets whether its code may start threads with `threading`. Default: `true`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::SubInterpreter;
    ///
    /// # pyatoll::Python::initialize();
    /// let sub = SubInterpreter::builder().allow_threads(false).build()?;
    /// sub.attach(|py| {
    ///     let code = c"import threading; t = threading.Thread(target=int); t.start(); t.join()";
    ///     assert_eq!(py.run(code, None, None).is_err(), py.version_info() >= (3, 12));
    /// })?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn allow_threads(mut self, yes: bool) -> Self {
        self.allow_threads = yes;
        self
    }

    /// Sets whether those threads may be daemons. Default: `false`. Before Python 3.14, CPython
    /// aborts the process if one still runs when the interpreter ends.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::SubInterpreter;
    ///
    /// # pyatoll::Python::initialize();
    /// for yes in [true, false] {
    ///     let sub = SubInterpreter::builder().allow_daemon_threads(yes).build()?;
    ///     sub.attach(|py| {
    ///         let code = c"import threading; threading.Thread(target=int, daemon=True)";
    ///         assert_eq!(py.run(code, None, None).is_ok(), yes || py.version_info() < (3, 12));
    ///     })?;
    /// }
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn allow_daemon_threads(mut self, yes: bool) -> Self {
        self.allow_daemon_threads = yes;
        self
    }

    /// Sets whether extension modules that do not declare support for several interpreters are
    /// refused. Default: `true`, which an interpreter with its own allocator needs.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::{Gil, SubInterpreter};
    ///
    /// # pyatoll::Python::initialize();
    /// // As for mod_wsgi; a free-threaded Python always refuses such modules.
    /// let builder = SubInterpreter::builder().gil(Gil::Shared).use_main_obmalloc(true);
    /// let built = builder.check_multi_interp_extensions(false).build();
    /// let free_threaded = Python::attach(|py| {
    ///     let name = "Py_GIL_DISABLED";
    ///     py.import("sysconfig")?.call_method1("get_config_var", (name,))?.is_truthy()
    /// })?;
    /// assert_eq!(built.is_err(), free_threaded);
    /// # Ok::<_, PyErr>(())
    /// ```
    #[must_use]
    pub fn check_multi_interp_extensions(mut self, yes: bool) -> Self {
        self.check_multi_interp_extensions = yes;
        self
    }

    /// Creates the interpreter. This thread may be attached to any interpreter or to none, and is
    /// so again afterwards; in between it is attached to the main interpreter.
    ///
    /// # Errors
    /// Returns [`BuildError`] if the runtime does not run, CPython refuses the settings or fails,
    /// or a folder that was set is not a [virtual environment](Self::virtual_env).
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::{BuildError, Interpreter, SubInterpreter};
    ///
    /// # pyatoll::Python::initialize();
    /// Python::attach(|py| {
    ///     let sub = SubInterpreter::builder().build()?;
    ///     assert!(sub.id() > 0);
    ///     assert_eq!(Interpreter::current(), Some(py.interpreter()));
    ///     Ok::<_, BuildError>(())
    /// })?;
    /// # Ok::<_, BuildError>(())
    /// ```
    ///
    /// C API: `Py_NewInterpreterFromConfig`; `Py_NewInterpreter` below 3.12.
    pub fn build(&self) -> Result<SubInterpreter, BuildError> {
        attach::refuse_in_traverse();
        self.check()?;
        let in_main = InMain::enter().map_err(BuildError::new)?;
        // SAFETY: attached to the main interpreter, with a thread state to return to.
        let local = unsafe { make::new_interpreter(in_main.local(), &self.settings()) }
            .map_err(BuildError::new)?;
        let created = SubInterpreter {
            local: Some(local),
            ending: None,
        };
        drop(in_main);
        self.set_up(&created)?;
        Ok(created)
    }

    /// Adds a step that sets `what`, after those that were added before.
    pub(crate) fn add_step(mut self, what: &'static str, step: Step) -> Self {
        self.steps.0.push((what, step));
        self
    }

    /// Adds a step that sets `what`, in place of an earlier one.
    pub(crate) fn replace_step(mut self, what: &'static str, step: Step) -> Self {
        self.steps.0.retain(|(other, _)| *other != what);
        self.add_step(what, step)
    }

    /// Runs the steps in a new interpreter.
    fn set_up(&self, created: &SubInterpreter) -> Result<(), BuildError> {
        if self.steps.0.is_empty() {
            return Ok(());
        }
        let run = |py: Python<'_>| self.steps.0.iter().try_for_each(|(_, step)| step(py));
        attach::waiting(|| created.attach(run))
            .map_err(|error| error.to_string())
            .and_then(|result| result)
            .map_err(BuildError::new)
    }

    /// Refuses the combinations that CPython's documentation excludes. CPython itself rarely
    /// reports them: 3.12 aborts the process at the first, and no version notices the second.
    fn check(&self) -> Result<(), BuildError> {
        if !compat::has_settings() {
            return Ok(());
        }
        let message = if !self.use_main_obmalloc && !self.check_multi_interp_extensions {
            "an interpreter with its own allocator cannot take extension modules that do not \
             support several interpreters: set `use_main_obmalloc(true)` or \
             `check_multi_interp_extensions(true)`"
        } else if self.use_main_obmalloc && self.gil == Gil::Own {
            "the main interpreter's allocator is only safe under the main interpreter's GIL: set \
             `gil(Gil::Shared)` or `use_main_obmalloc(false)`"
        } else {
            return Ok(());
        };
        Err(BuildError::new(message.to_owned()))
    }

    fn settings(&self) -> Settings {
        Settings {
            use_main_obmalloc: self.use_main_obmalloc,
            allow_fork: self.allow_fork,
            allow_exec: self.allow_exec,
            allow_threads: self.allow_threads,
            allow_daemon_threads: self.allow_daemon_threads,
            check_multi_interp_extensions: self.check_multi_interp_extensions,
            own_gil: self.gil == Gil::Own,
        }
    }
}

/// A guard that keeps this thread attached to the main interpreter, then restores its previous
/// attachment.
struct InMain {
    // Dropped in this order.
    attached: AttachGuard,
    _detached: Option<DetachGuard>,
}

impl InMain {
    fn enter() -> Result<Self, String> {
        #[cfg(feature = "auto-initialize")]
        start::initialize();
        let main = start::main_interpreter().map_err(|error| error.to_string())?;
        let detached = match AttachGuard::current() {
            Some(attached) if !std::ptr::eq(attached.local(), main) => {
                // SAFETY: attached; nothing that needs it is used until the guard is dropped.
                Some(unsafe { DetachGuard::new(attached.local()) })
            }
            _ => None,
        };
        let attached = AttachGuard::to(main).map_err(|error| error.to_string())?;
        // SAFETY: attached to the main interpreter, by `attached`.
        unsafe { python_forks::watch() };
        Ok(Self {
            attached,
            _detached: detached,
        })
    }

    fn local(&self) -> &'static LocalInternals {
        self.attached.local()
    }
}

/// An interpreter that this program created. Dropping it, or [`close`](SubInterpreter::close), ends
/// the interpreter.
///
/// It may be moved to and used from any thread, and from several at once.
///
/// Where [`close`](SubInterpreter::close) returns an error, dropping it
/// - within its own [`attach`](SubInterpreter::attach): ends it when this thread leaves it, before
///   the outermost `attach` returns;
/// - while a thread inside waits, in turn, for this thread to leave another interpreter: leaves the
///   end to a new thread;
/// - with threads that CPython cannot end it with: prints a message to the standard error and
///   leaves the interpreter as it is.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::interpreter::SubInterpreter;
///
/// # Python::initialize();
/// let sub = SubInterpreter::builder().build()?;
/// let sum: i32 = sub.attach(|py| py.eval(c"sum(range(10))", None, None)?.extract())??;
/// assert_eq!(sum, 45);
/// sub.close()?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// C API: `Py_NewInterpreterFromConfig`, `Py_EndInterpreter`. See: PEP 684, PEP 734.
pub struct SubInterpreter {
    /// `None` once it has ended.
    local: Option<&'static LocalInternals>,
    /// Its end, which has begun on another thread.
    ending: Option<Arc<Background>>,
}

impl SubInterpreter {
    /// Returns a builder with CPython's settings for an isolated interpreter: its own GIL and
    /// allocator; threads but no daemon threads; no fork, no exec. Below 3.12 every sub-interpreter
    /// is of the [legacy](SubInterpreterBuilder::legacy) kind, whatever the settings.
    ///
    /// ```
    /// use pyatoll::interpreter::SubInterpreter;
    ///
    /// # pyatoll::Python::initialize();
    /// let sub = SubInterpreter::builder().allow_daemon_threads(false).build()?;
    /// assert!(sub.id() > 0);
    /// # Ok::<_, pyatoll::interpreter::BuildError>(())
    /// ```
    pub fn builder() -> SubInterpreterBuilder {
        SubInterpreterBuilder::default()
    }

    /// Returns a handle to it, which any thread may keep and which does not keep it alive.
    ///
    /// ```
    /// use pyatoll::interpreter::SubInterpreter;
    ///
    /// # pyatoll::Python::initialize();
    /// let sub = SubInterpreter::builder().build()?;
    /// let handle = sub.interpreter();
    /// drop(sub);
    /// assert!(!handle.is_alive());
    /// # Ok::<_, pyatoll::interpreter::BuildError>(())
    /// ```
    pub fn interpreter(&self) -> Interpreter {
        Interpreter::new(self.local())
    }

    /// Returns CPython's id of it (`PyInterpreterState_GetID`).
    ///
    /// ```
    /// use pyatoll::interpreter::SubInterpreter;
    ///
    /// # pyatoll::Python::initialize();
    /// let sub = SubInterpreter::builder().build()?;
    /// assert_eq!(sub.attach(|py| py.interpreter().id()), Ok(sub.id()));
    /// # Ok::<_, pyatoll::interpreter::BuildError>(())
    /// ```
    pub fn id(&self) -> i64 {
        self.local().id()
    }

    /// Attaches this thread to it and runs `f` with its token: [`Interpreter::attach`].
    ///
    /// # Errors
    /// Returns the errors of [`Interpreter::attach`].
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::SubInterpreter;
    ///
    /// # pyatoll::Python::initialize();
    /// let sub = SubInterpreter::builder().build()?;
    /// sub.attach(|py| py.run(c"import sys; sys.mine = True", None, None))??;
    /// let here = Python::attach(|py| py.import("sys")?.hasattr("mine"))?;
    /// let there = sub.attach(|py| py.import("sys")?.hasattr("mine"))??;
    /// assert!(there && !here);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn attach<F, R>(&self, f: F) -> Result<R, AttachError>
    where
        F: for<'py> FnOnce(Python<'py>) -> R,
    {
        self.interpreter().attach(f)
    }

    /// Returns the state of this binary in it.
    pub(super) fn local(&self) -> &'static LocalInternals {
        self.local
            .expect("present until `close` or `drop` consumes it")
    }

    /// Takes the end that has begun on another thread.
    pub(super) fn take_ending(&mut self) -> Option<Arc<Background>> {
        self.ending.take()
    }

    /// Records that its end has begun on another thread.
    pub(super) fn set_ending(&mut self, ending: Arc<Background>) {
        self.ending = Some(ending);
    }

    /// Records that it has ended.
    pub(super) fn forget(&mut self) {
        self.local = None;
    }
}

impl fmt::Debug for SubInterpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubInterpreter")
            .field("id", &self.id())
            .finish()
    }
}

impl Drop for SubInterpreter {
    fn drop(&mut self) {
        if let Some(local) = self.local.take()
            && self.ending.is_none()
        {
            closing::end_when_possible(local);
        }
    }
}
