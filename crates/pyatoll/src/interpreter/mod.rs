//! Interpreters: their state in this binary, the token, attaching, sub-interpreters.
//!
//! The lowest layer. It knows CPython's interpreters, thread states and reference counts, but no
//! types, conversions, functions or classes.
//!
//! | file | concern |
//! |---|---|
//! | `process` | the current process, to detect a fork |
//! | `sync` | atomics and locks of the parts that loom checks |
//! | `method_def` | C functions that all interpreters share |
//! | `compat` | differences between CPython versions |
//! | `queue` | references dropped by threads that are not attached |
//! | `slots` | per-interpreter values by key |
//! | `gate` | guards that keep an interpreter from ending |
//! | `trashcan` | deferring deeply nested deallocations |
//! | `local` | this binary's state of one interpreter, and its phases |
//! | `registry`, `lookup` | the interpreters that this binary has seen |
//! | `fork` | locks across a fork, and the child |
//! | `internals` | the state that all Pyatoll binaries in one interpreter share |
//! | `entry` | the interpreters that this thread entered or was detached from |
//! | `detach` | a thread that is detached |
//! | `end` | ending a sub-interpreter |
//! | `teardown` | refusing and waiting for other threads at an interpreter's end |
//! | `exit_hook` | noticing that an interpreter ends |
//! | `create` | creating this binary's state of an interpreter |
//! | `error` | the errors of creating and entering interpreters |
//! | `attach` | a thread that is attached |
//! | `token` | `Python` |
//! | `start` | starting the runtime; registering interpreters that other code started |
//! | `handle` | `Interpreter` |
//! | `make` | creating a sub-interpreter |
//! | `sub` | `SubInterpreter` |
//! | `test_interpreter` | a sub-interpreter for each test of a crate |
//! | `enter` | `Python::attach`, `Python::detach` |
//! | `embed` | a runtime for the duration of one call |
//!
//! A file uses only files above it.
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
mod create;
pub(crate) mod detach;
mod embed;
mod end;
mod enter;
mod entry;
mod error;
mod exit_hook;
mod fork;
mod gate;
mod handle;
pub(crate) mod internals;
pub(crate) mod local;
mod lookup;
mod make;
pub(crate) mod method_def;
pub(crate) mod process;
mod queue;
mod registry;
pub(crate) mod slots;
pub(crate) mod start;
mod sub;
pub(crate) mod sync;
mod teardown;
#[cfg(feature = "test-interpreters")]
mod test_interpreter;
mod token;
mod trashcan;

pub(crate) use compat::layout;
pub use embed::with_embedded_python_interpreter;
pub use error::{AttachError, BuildError};
pub use handle::Interpreter;
#[doc(hidden)]
pub use local::LocalInternals;
pub use sub::{CloseError, Gil, SubInterpreter, SubInterpreterBuilder};
pub use token::Python;

/// Entry points for the benchmark of this layer; not part of the API.
#[doc(hidden)]
pub mod bench {
    use super::Python;

    /// Returns the token by the fallback path, as for an entry point to which CPython passes no
    /// object of this binary.
    ///
    /// # Safety
    /// The thread must be attached while `'py` lasts, to an interpreter in which this binary has
    /// been initialized.
    #[inline]
    pub unsafe fn fallback_token<'py>() -> Python<'py> {
        // SAFETY: upheld by the caller: attached for `'py`, and this binary has been initialized
        // there.
        unsafe { Python::assume_called() }
    }
}
