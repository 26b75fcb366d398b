//! [`SubInterpreter`]: an interpreter that Rust made and Rust ends.

use std::fmt;
use std::sync::atomic::AtomicU32;

use super::attach::{self, AttachGuard};
use super::compat::{self, Settings};
use super::detach::DetachGuard;
use super::end::EndClaim;
use super::entry;
use super::error::{AttachError, BuildError};
use super::fork;
use super::handle::Interpreter;
use super::local::{self, LocalInternals, Phase};
use super::lookup;
use super::make;
use super::start;
use super::token::Python;

/// Which GIL a sub-interpreter runs under (`PyInterpreterConfig.gil`).
///
/// ```
/// use pyatoll::interpreter::Gil;
///
/// assert_eq!(Gil::default(), Gil::Own);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Gil {
    /// Its own (PEP 684): it runs in parallel with the others. From Python 3.12.
    #[default]
    Own,
    /// The main interpreter's.
    Shared,
}

/// How to make a sub-interpreter: the fields of `PyInterpreterConfig`. Made by
/// [`SubInterpreter::builder`], with CPython's settings for an isolated interpreter.
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
        }
    }
}

impl SubInterpreterBuilder {
    /// Its own GIL (the default), or the main interpreter's.
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

    /// CPython's settings for the kind of interpreter that mod_wsgi and older embedders use: the
    /// main interpreter's GIL and allocator, everything allowed, extension modules that know
    /// nothing of sub-interpreters included (not on free-threaded builds, which refuse to). Below
    /// Python 3.12 there is no other kind.
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
            check_multi_interp_extensions: compat::LEGACY_CHECKS_EXTENSIONS,
        }
    }

    /// Whether it uses the main interpreter's small-object allocator. Default: no, its own. Yes
    /// needs [`Gil::Shared`], since nothing else guards that allocator.
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

    /// Whether code in it may call `os.fork`. Default: no. Even where it may, the child ends at
    /// once: CPython cannot go on in a child of a process with sub-interpreters.
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

    /// Whether code in it may replace the process (`os.execv`). Default: no.
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

    /// Whether code in it may start threads with `threading`. Default: yes.
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

    /// Whether those threads may be daemons. Default: no. Before Python 3.14, CPython aborts the
    /// process if one still runs when the interpreter ends.
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

    /// Whether extension modules that do not say they support several interpreters are refused.
    /// Default: yes; an interpreter with its own allocator needs it.
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

    /// Makes the interpreter. This thread may be attached to any interpreter or to none, and is as
    /// attached afterwards as it was before; meanwhile it is attached to the main interpreter.
    ///
    /// # Errors
    /// [`BuildError`]: the runtime does not run, or CPython refuses the settings or fails.
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
        Ok(SubInterpreter { local: Some(local) })
    }

    /// Refuses what CPython's documentation excludes. CPython itself says so only sometimes: 3.12
    /// aborts the process at the first of these, and no version notices the second.
    fn check(&self) -> Result<(), BuildError> {
        if !compat::HAS_SETTINGS {
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

/// This thread is attached to the main interpreter, wherever it was before and comes back to.
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
                // SAFETY: nothing that needs the attachment is used until it is back.
                Some(unsafe { DetachGuard::new(attached.local()) })
            }
            _ => None,
        };
        let attached = AttachGuard::to(main).map_err(|error| error.to_string())?;
        static WATCHED: AtomicU32 = AtomicU32::new(u32::MAX);
        if local::is_first_in_run(&WATCHED) {
            // SAFETY: attached to it, by `attached`.
            unsafe { fork::watch_python() };
        }
        Ok(Self {
            attached,
            _detached: detached,
        })
    }

    fn local(&self) -> &'static LocalInternals {
        self.attached.local()
    }
}

/// An interpreter made by this program. Dropping it, or [`close`](SubInterpreter::close), ends it.
///
/// It may be moved to and used from any thread, and several at once.
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
/// C API: PEP 684, PEP 734, `Py_NewInterpreterFromConfig`, `Py_EndInterpreter`.
pub struct SubInterpreter {
    /// `None` once it has ended.
    local: Option<&'static LocalInternals>,
}

impl SubInterpreter {
    /// A builder with CPython's settings for an isolated interpreter: its own GIL and allocator,
    /// threads but no daemon threads, no fork, no exec. Below 3.12 what it makes is the
    /// [legacy](SubInterpreterBuilder::legacy) kind, whatever the settings.
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

    /// A handle to it that any thread may keep, and that does not keep it alive.
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

    /// CPython's id of it (`PyInterpreterState_GetID`).
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
    /// As for [`Interpreter::attach`].
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
    pub fn attach<F, R>(&self, f: F) -> Result<R, AttachError>
    where
        F: for<'py> FnOnce(Python<'py>) -> R,
    {
        self.interpreter().attach(f)
    }

    /// Ends it, after every thread that is attached to it through this library has left. Objects
    /// of it that are still referenced through a `Py` become unusable, and dropping those does
    /// nothing.
    ///
    /// # Errors
    /// [`CloseError`], with the interpreter: this thread is inside one of its `attach` calls.
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
    pub fn close(mut self) -> Result<(), CloseError> {
        if Self::is_entered(self.local()) {
            return Err(CloseError { interpreter: self });
        }
        self.end();
        Ok(())
    }

    /// What this binary keeps for it.
    pub(super) fn local(&self) -> &'static LocalInternals {
        self.local
            .expect("present until `close` or `drop` consumes it")
    }

    /// Returns whether this thread is attached to it, or is detached from it just now.
    fn is_entered(local: &'static LocalInternals) -> bool {
        local.is_current() || entry::is_inside(local)
    }

    /// Ends it, this thread not being inside.
    fn end(&mut self) {
        attach::refuse_in_traverse();
        let Some(local) = self.local.take() else {
            return;
        };
        if local.phase() != Phase::Live || !compat::is_running() {
            // Somebody else has ended it or does so now: the runtime, or `_interpreters.destroy`.
            return;
        }
        // The runtime's end, should it begin now, waits for this.
        let main = lookup::main_live();
        let _guard = match main {
            Some(main) if !main.is_current() && !entry::has_guard(main) => {
                match main.gate().enter_to_finish() {
                    Some(guard) => Some(guard),
                    // It has begun.
                    None => return,
                }
            }
            _ => None,
        };
        let _attached = match compat::ENDS_UNDER_ANOTHERS_GIL.then(Self::attach_elsewhere) {
            Some(Some(attached)) => Some(attached),
            Some(None) => return,
            None => None,
        };
        if let Some(claim) = EndClaim::to_live(local) {
            // SAFETY: this thread is not attached to it, and attached to another one where it must.
            unsafe { claim.end() };
        }
    }

    /// Keeps this thread attached where it is, or attaches it to the main interpreter.
    fn attach_elsewhere() -> Option<AttachGuard> {
        let attached = AttachGuard::current();
        attached.or_else(|| AttachGuard::to(start::main_interpreter().ok()?).ok())
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
        let Some(local) = self.local else { return };
        if Self::is_entered(local) {
            // It cannot be ended from within. Another thread does it once this one has left.
            let mut this = SubInterpreter {
                local: self.local.take(),
            };
            std::thread::spawn(move || this.end());
        } else {
            self.end();
        }
    }
}

/// A sub-interpreter could not be closed, because the calling thread is inside one of its `attach`
/// calls. Holds the interpreter: close it again after leaving.
///
/// ```
/// use pyatoll::interpreter::{CloseError, SubInterpreter};
///
/// # pyatoll::Python::initialize();
/// let sub = SubInterpreter::builder().build()?;
/// let handle = sub.interpreter();
/// let error: CloseError = handle.attach(|_py| sub.close())?.unwrap_err();
/// assert!(handle.is_alive());
/// error.into_inner().close()?;
/// assert!(!handle.is_alive());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CloseError {
    interpreter: SubInterpreter,
}

impl CloseError {
    /// The interpreter, still running.
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
        write!(
            f,
            "cannot close interpreter {}: this thread is inside its `attach`; close it after \
             leaving",
            self.interpreter.id()
        )
    }
}

impl std::error::Error for CloseError {}
