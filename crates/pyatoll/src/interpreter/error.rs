//! The errors of creating and entering interpreters.

use std::fmt;

/// The error of attaching a thread to an interpreter.
///
/// ```
/// use pyatoll::interpreter::{AttachError, SubInterpreter};
///
/// # pyatoll::Python::initialize();
/// let (one, two) = (SubInterpreter::builder().build()?, SubInterpreter::builder().build()?);
/// let error: AttachError = one.attach(|_py| two.attach(|_py| ())).unwrap().unwrap_err();
/// assert!(error.to_string().ends_with("leave it first with `py.detach(…)`"));
/// # Ok::<_, pyatoll::interpreter::BuildError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum AttachError {
    /// The interpreter has ended, or is ending and can no longer be entered.
    ///
    /// ```
    /// use pyatoll::interpreter::{AttachError, SubInterpreter};
    ///
    /// # pyatoll::Python::initialize();
    /// let sub = SubInterpreter::builder().build()?;
    /// let (id, handle) = (sub.id(), sub.interpreter());
    /// sub.close()?;
    /// assert_eq!(handle.attach(|_py| ()), Err(AttachError::InterpreterGone { id }));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    InterpreterGone {
        /// Its id (`PyInterpreterState_GetID`).
        id: i64,
    },
    /// This process is a fork, and another thread of its parent was inside the interpreter: its GIL
    /// may be held forever, and its Python code stopped at any point. Interpreters that only the
    /// forking thread was in can be used.
    LostInFork {
        /// Its id (`PyInterpreterState_GetID`).
        id: i64,
    },
    /// Other threads have kept the interpreter's GIL for the whole time limit of
    /// [`Interpreter::attach_timeout`](crate::Interpreter::attach_timeout).
    TimedOut {
        /// Its id (`PyInterpreterState_GetID`).
        id: i64,
    },
    /// This thread is attached to another interpreter: leave that first, with
    /// [`Python::detach`](crate::Python::detach).
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::{AttachError, SubInterpreter};
    ///
    /// # pyatoll::Python::initialize();
    /// let sub = SubInterpreter::builder().build()?;
    /// Python::attach(|py| {
    ///     let (wanted, attached) = (sub.id(), py.interpreter().id());
    ///     let expected = AttachError::AttachedElsewhere { wanted, attached };
    ///     assert_eq!(sub.attach(|_py| ()), Err(expected));
    ///     assert_eq!(py.detach(|| sub.attach(|_py| ())), Ok(()));
    /// });
    /// # Ok::<_, pyatoll::interpreter::BuildError>(())
    /// ```
    AttachedElsewhere {
        /// The id of the interpreter to attach to.
        wanted: i64,
        /// The id of the interpreter this thread is attached to.
        attached: i64,
    },
}

impl fmt::Display for AttachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InterpreterGone { id } => write!(f, "interpreter {id} has ended"),
            Self::LostInFork { id } => write!(
                f,
                "interpreter {id} cannot be used in this process, which was forked while another \
                 thread was inside it: fork before threads use it, or create another interpreter"
            ),
            Self::TimedOut { id } => write!(
                f,
                "interpreter {id} could not be entered in time: another thread blocks while it \
                 holds the GIL"
            ),
            Self::AttachedElsewhere { wanted, attached } => write!(
                f,
                "cannot attach to interpreter {wanted}: this thread is attached to interpreter \
                 {attached}; leave it first with `py.detach(…)`"
            ),
        }
    }
}

impl std::error::Error for AttachError {}

/// The error of creating a sub-interpreter.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::interpreter::SubInterpreter;
///
/// # pyatoll::Python::initialize();
/// if Python::attach(|py| py.version_info() >= (3, 12)) {
///     // With its own allocator, it must check.
///     let built = SubInterpreter::builder().check_multi_interp_extensions(false).build();
///     let message = built.unwrap_err().to_string();
///     assert!(message.starts_with("cannot make a sub-interpreter: "));
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BuildError {
    message: String,
}

impl BuildError {
    pub(crate) fn new(message: String) -> Self {
        Self { message }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot make a sub-interpreter: {}", self.message)
    }
}

impl std::error::Error for BuildError {}

/// The panic of code that asks for Python in a `__traverse__`.
pub(super) const IN_TRAVERSE: &str =
    "Python cannot be used in `__traverse__`: the garbage collector is at work";

/// The reason why there is no interpreter to attach to by default.
#[derive(Debug)]
pub(crate) enum NoInterpreter {
    InTraverse,
    NotRunning,
    Several(usize),
    Refused(AttachError),
    #[cfg(feature = "test-interpreters")]
    TestInterpreter(BuildError),
}

impl fmt::Display for NoInterpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InTraverse => f.write_str(IN_TRAVERSE),
            Self::NotRunning => f.write_str(
                "the Python interpreter is not initialized: call `Python::initialize()` first, or \
                 enable the `auto-initialize` feature",
            ),
            Self::Several(count) => write!(
                f,
                "this thread is not attached, and {count} interpreters are known but the main one \
                 is not: say which with `Interpreter::attach`"
            ),
            Self::Refused(error) => error.fmt(f),
            #[cfg(feature = "test-interpreters")]
            Self::TestInterpreter(error) => error.fmt(f),
        }
    }
}
