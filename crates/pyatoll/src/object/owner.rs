//! [`WrongInterpreter`]: use of a handle in an interpreter that does not own it.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;

use crate::interpreter::process::ProcessMutex;
use crate::interpreter::{Interpreter, Python, attach};

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
    /// The Rust type of the object, with its path; empty if it is not known.
    type_name: &'static str,
}

/// Errors behind panics of [`WrongInterpreter::panic`] that have not reached the boundary to
/// Python, oldest first, with the texts of the panics. They are kept beside the panics, whose
/// payload must be text: the panic hook and callers of `catch_unwind` show it. A panic may be
/// carried to another thread (rayon) before it gets to the boundary.
static PANICKED: ProcessMutex<VecDeque<(String, WrongInterpreter)>> = ProcessMutex::new();

/// Errors that are kept. User code may catch a panic, so that it never gets to the boundary; and
/// many threads may panic while one that has panicked is not scheduled.
const MAX_PANICKED: usize = 1000;

impl WrongInterpreter {
    #[cold]
    pub(crate) fn new(owner: Interpreter, py: Python<'_>) -> Self {
        Self {
            owner,
            current: py.interpreter(),
            type_name: "",
        }
    }

    /// Creates the error for an object of type `T`.
    #[cold]
    pub(crate) fn of<T>(owner: Interpreter, py: Python<'_>) -> Self {
        Self {
            type_name: std::any::type_name::<T>(),
            ..Self::new(owner, py)
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
    pub(crate) fn panic(self) -> ! {
        let text = self.to_string();
        let mut panicked = PANICKED.lock();
        if panicked.len() == MAX_PANICKED {
            panicked.pop_front();
        }
        panicked.push_back((text.clone(), self));
        drop(panicked);
        panic!("{text}")
    }

    /// Returns the error behind a panic that was caught, if [`WrongInterpreter::panic`] raised it.
    #[cold]
    #[inline(never)]
    pub(crate) fn of_panic(payload: &(dyn Any + Send)) -> Option<Self> {
        let text = payload.downcast_ref::<String>()?;
        let mut panicked = PANICKED.lock();
        let index = panicked.iter().rposition(|(raised, _)| raised == text)?;
        panicked.remove(index).map(|(_, error)| error)
    }
}

/// Panics, in debug builds, if this thread is attached to another interpreter than the token's.
///
/// Only code that gets a token or a `Bound` past the bound of [`Python::detach`] can cause that:
/// `send_wrapper`, `scoped-tls` and the like, for which `Send` is about other threads only.
#[inline]
#[track_caller]
pub(super) fn check_attached(py: Python<'_>) {
    if cfg!(debug_assertions)
        && let Some(current) = attach::attached_elsewhere(py.local())
    {
        let error = WrongInterpreter {
            owner: Interpreter::new(py.owner()),
            current: Interpreter::new(current),
            type_name: "",
        };
        error.panic()
    }
}

impl fmt::Display for WrongInterpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.owner == self.current {
            // A `PyArc` used by code that runs at the interpreter's very end.
            return write!(
                f,
                "interpreter {} is at its end and has given this object up",
                self.owner.id()
            );
        }
        write!(f, "this object belongs to interpreter {}", self.owner.id())?;
        if !self.owner.is_alive() {
            f.write_str(", which has ended,")?;
        }
        write!(
            f,
            " and cannot be used in interpreter {}: each interpreter needs an object of its own. \
             Keep ",
            self.current.id()
        )?;
        match self.type_name {
            "" => f.write_str("it")?,
            name => write!(f, "the `Py<{}>`", without_paths(name))?,
        }
        f.write_str(
            " in a `PyOnceLock`, not in a `static` or thread-local; in a thread of your own, \
             attach with `Py::interpreter()`",
        )
    }
}

/// Returns the name of a type as it is usually written: `Vec<String>` for
/// `alloc::vec::Vec<alloc::string::String>`.
fn without_paths(name: &str) -> String {
    let mut short = String::new();
    for part in name.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_') {
        short.push_str(part);
        if short.ends_with("::") {
            let path =
                short.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            short.truncate(path.len());
        }
    }
    short
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

#[cfg(test)]
mod tests {
    use super::without_paths;

    #[test]
    fn a_type_is_named_as_it_is_usually_written() {
        for (name, short) in [
            ("u32", "u32"),
            ("pyatoll::types::list::PyList", "PyList"),
            (
                "core::option::Option<(a::B, alloc::vec::Vec<&c_d::E>)>",
                "Option<(B, Vec<&E>)>",
            ),
        ] {
            assert_eq!(without_paths(name), short);
        }
    }
}
