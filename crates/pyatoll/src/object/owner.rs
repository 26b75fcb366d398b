//! [`WrongInterpreter`]: a handle was used in an interpreter that does not own it.

use std::fmt;

use crate::interpreter::{Interpreter, LocalInternals, Python};

/// A handle's interpreter is not the one it was used in. Becomes a Python `RuntimeError`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::interpreter::SubInterpreter;
///
/// let list: Py<PyAny> = Python::attach(|py| py.eval(c"[]", None, None).unwrap().unbind());
/// let sub = SubInterpreter::builder().build()?;
/// let error = sub.attach(|py| list.try_bind(py).unwrap_err())?;
/// assert!(error.to_string().contains("interpreter 0"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct WrongInterpreter {
    owner: Interpreter,
    current: Interpreter,
}

/// How the message of the panic begins that stands for a [`WrongInterpreter`] where no error can be
/// returned. The boundary to Python turns such a panic into a `RuntimeError`.
pub(crate) const WRONG_INTERPRETER_PANIC: &str = "this object belongs to interpreter ";

impl WrongInterpreter {
    #[cold]
    pub(super) fn new(owner: &'static LocalInternals, py: Python<'_>) -> Self {
        Self {
            owner: Interpreter::new(owner),
            current: py.interpreter(),
        }
    }

    /// The interpreter that owns the object.
    pub fn owner(&self) -> Interpreter {
        self.owner
    }

    /// The interpreter it was used in.
    pub fn current(&self) -> Interpreter {
        self.current
    }

    /// Stands in where the signature leaves no room for an error.
    #[cold]
    #[track_caller]
    pub(super) fn panic(self) -> ! {
        panic!("{self}")
    }
}

impl fmt::Display for WrongInterpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{WRONG_INTERPRETER_PANIC}{}", self.owner.id())?;
        if !self.owner.is_alive() {
            f.write_str(", which has ended,")?;
        }
        write!(
            f,
            " and cannot be used in interpreter {}: each interpreter needs an object of its own",
            self.current.id()
        )
    }
}

impl fmt::Debug for WrongInterpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WrongInterpreter")
            .field("owner", &self.owner.id())
            .field("current", &self.current.id())
            .finish()
    }
}

impl std::error::Error for WrongInterpreter {}
