//! Interpreters: their state in this binary, the token, attaching, sub-interpreters.
//!
//! The lowest layer. It knows CPython's interpreters, thread states and reference counts, and
//! nothing of types, conversions, functions or classes.
//!
//! | file | concern |
//! |---|---|
//! | `local` | what this binary keeps for one interpreter, and its life |
//! | `slots` | per-interpreter values by key |
//! | `queue` | references dropped by threads that are not attached |
//! | `gate` | who may come in from outside, until the interpreter ends |
//! | `stay` | this thread's passes |
//! | `internals` | what all Pyatoll binaries in one interpreter share |
//! | `registry` | which interpreters this binary has seen |
//! | `lookup` | from a running interpreter to its state |
//! | `teardown` | the interpreter's `atexit` callback |
//! | `attach` | attaching and detaching this thread |
//! | `trashcan` | how deep a thread is in deallocations |
//! | `resting` | the thread states this thread was detached from |
//! | `fork` | which process this is |
//! | `life` | making an interpreter and ending it |
//! | `token`, `handle`, `sub` | `Python`, `Interpreter`, `SubInterpreter` |
//! | `test_interpreter` | a sub-interpreter for each test of a crate |
//! | `embed` | a runtime for the time of one call |
//! | `sync` | atomics and locks of the parts that loom checks |
//! | `compat` | what differs between CPython versions |
//!
//! ```
//! use pyatoll::prelude::*;
//! use pyatoll::interpreter::{Interpreter, SubInterpreter};
//!
//! # Python::initialize();
//! let sub = SubInterpreter::builder().build()?;
//! let list: Py<PyAny> = sub.attach(|py| py.eval(c"[]", None, None).map(Bound::unbind))??;
//! assert_eq!(list.interpreter(), sub.interpreter());
//! Python::attach(|py| assert!(list.try_bind(py).is_err(), "it is another interpreter's"));
//! assert_eq!(Interpreter::current(), None);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

pub(crate) mod attach;
pub(crate) mod compat;
mod embed;
pub(crate) mod fork;
mod gate;
mod handle;
pub(crate) mod internals;
pub(crate) mod layout;
mod life;
pub(crate) mod local;
pub(crate) mod lookup;
pub(crate) mod method_def;
mod queue;
mod registry;
mod resting;
pub(crate) mod slots;
mod stay;
mod sub;
pub(crate) mod sync;
mod teardown;
#[cfg(feature = "test-interpreters")]
mod test_interpreter;
mod token;
mod trashcan;

pub use attach::AttachError;
pub use embed::with_embedded_python_interpreter;
pub use handle::Interpreter;
pub use local::LocalInternals;
pub use sub::{BuildError, CloseError, Gil, SubInterpreter, SubInterpreterBuilder};
pub use token::Python;

/// What the benchmark of this layer needs; not part of the API.
#[doc(hidden)]
pub mod bench {
    use super::Python;

    /// The token by the fallback path, as for an entry point that finds nothing of ours in what
    /// CPython hands it.
    ///
    /// # Safety
    /// The thread must be attached while `'py` lasts, to an interpreter in which this binary has
    /// been initialised.
    #[inline]
    pub unsafe fn fallback_token<'py>() -> Python<'py> {
        // SAFETY: passed on to the caller.
        unsafe { Python::assume_called() }
    }
}
