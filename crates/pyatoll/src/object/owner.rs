//! [`WrongInterpreter`]: use of a handle in an interpreter that does not own it.

use std::any::Any;
use std::cell::Cell;
use std::fmt;

use crate::interpreter::{Interpreter, LocalInternals, Python};

/// The error of using a handle in an interpreter that does not own its object. Becomes a Python
/// `RuntimeError`.
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

thread_local! {
    /// The error of this thread's last [`WrongInterpreter::panic`] that has not reached the
    /// boundary to Python. It is kept beside the panic, whose payload must be text for the panic
    /// hook and the callers of `catch_unwind`.
    static PANICKED: Cell<Option<WrongInterpreter>> = const { Cell::new(None) };
}

impl WrongInterpreter {
    #[cold]
    pub(super) fn new(owner: &'static LocalInternals, py: Python<'_>) -> Self {
        Self {
            owner: Interpreter::new(owner),
            current: py.interpreter(),
        }
    }

    /// Returns the interpreter that owns the object.
    pub fn owner(&self) -> Interpreter {
        self.owner
    }

    /// Returns the interpreter the handle was used in.
    pub fn current(&self) -> Interpreter {
        self.current
    }

    /// Panics with the error, where the signature has no room for one.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub(super) fn panic(self) -> ! {
        PANICKED.set(Some(self));
        panic!("{self}")
    }

    /// Returns the error behind a panic caught on this thread, if [`WrongInterpreter::panic`]
    /// raised it.
    #[cold]
    #[inline(never)]
    pub(crate) fn of_panic(payload: &(dyn Any + Send)) -> Option<Self> {
        let error = PANICKED.get()?;
        // A different panic: raised by a destructor during the unwinding, or after user code caught
        // the one with this error.
        if *payload.downcast_ref::<String>()? != error.to_string() {
            return None;
        }
        PANICKED.set(None);
        Some(error)
    }
}

impl fmt::Display for WrongInterpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this object belongs to interpreter {}", self.owner.id())?;
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
