//! Interpreters: handles to them, entering them, sub-interpreters.
//!
//! - **Objects** belong to the interpreter that created them. A [`Py<T>`](crate::Py) can be sent
//!   and stored anywhere, but used in its own interpreter only:
//!   [`Py::try_bind`](crate::Py::try_bind) returns an error elsewhere,
//!   [`Py::bind`](crate::Py::bind) panics. Pass Rust values between interpreters.
//! - **Threads** are attached to one interpreter at a time, which the token
//!   ([`Python<'py>`](Python)) proves. [`Interpreter::attach`] enters an interpreter,
//!   [`Python::detach`] leaves it for a while: before another one is entered, and before the thread
//!   blocks. [`Python::attach`] stays where the thread is, or returns there; on a thread that was
//!   never attached it enters the main interpreter.
//! - **The end.** A [`SubInterpreter`] ends when it is closed or dropped; the end waits for the
//!   threads that are inside. Afterwards, [`Interpreter::attach`] returns
//!   [`AttachError::InterpreterGone`]; using a handle to one of its objects is an error, dropping
//!   it is harmless. [`Interpreter::at_end`] registers functions that run before the end.
//!
//! The guide's chapter on many interpreters has the details.
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

// The lowest layer. It knows CPython's interpreters, thread states and reference counts, but no
// types, conversions, functions or classes.
//
// | file | concern |
// |---|---|
// | `sync` | atomics and locks of the parts that loom checks |
// | `process` | the current process, to detect a fork, and locks that a child finds free |
// | `method_def` | C functions that all interpreters share |
// | `compat` | differences between CPython versions |
// | `libpython` | the file of Python's library that runs |
// | `queue` | references and values that threads dropped which were not attached |
// | `slots` | per-interpreter values by key |
// | `error` | the errors of creating and entering interpreters |
// | `gate` | guards that keep an interpreter from ending |
// | `trashcan` | deferring deeply nested deallocations |
// | `local` | this binary's state of one interpreter, and its phases |
// | `token` | `Python`, `AnyThread` |
// | `stored` | the pointer to that state, in handles |
// | `registry`, `lookup` | the interpreters that this binary has seen |
// | `busy` | operations that a fork must not interrupt |
// | `python_forks` | forks by `os.fork` |
// | `runtime_end` | the end of the runtime, and how long it waits |
// | `released` | deleting thread states of other threads |
// | `append_list` | a list that binaries share |
// | `shared_classes` | classes that binaries share in one interpreter |
// | `internals` | the state that all Pyatoll binaries in one interpreter share |
// | `entry` | the interpreters that this thread entered or was detached from |
// | `keeper` | thread states that stay when their thread leaves |
// | `thread_default` | the interpreter that this thread attaches to by default |
// | `other_threads` | threads that an interpreter's end leaves behind |
// | `fork` | locks across a fork, and the child |
// | `detach` | a thread that is detached |
// | `at_end` | functions that run when an interpreter ends |
// | `waits` | detection of threads that wait for each other |
// | `end` | ending a sub-interpreter |
// | `teardown` | refusing and waiting for other threads at an interpreter's end |
// | `exit_hook` | noticing that an interpreter ends |
// | `early_drop` | dropping values while the interpreter can still be left and entered |
// | `create` | creating this binary's state of an interpreter |
// | `attach` | a thread that is attached |
// | `start` | starting the runtime; registering interpreters that other code started |
// | `handle` | `Interpreter` |
// | `make` | creating a sub-interpreter |
// | `closing` | ending a sub-interpreter now, later or elsewhere |
// | `sub` | `SubInterpreter` |
// | `attach_timeout` | attaching with a time limit |
// | `close` | `SubInterpreter::close` |
// | `test_interpreter` | a sub-interpreter for each test of a crate |
// | `enter` | `Python::attach`, `Python::detach`, `Ungil` |
// | `embed` | a runtime for the duration of one call |
// | `alone` | an interpreter for one unit test |
//
// A file uses only files above it.

#[cfg(test)]
mod alone;
mod append_list;
mod at_end;
pub(crate) mod attach;
mod attach_timeout;
mod busy;
mod close;
mod closing;
pub(crate) mod compat;
mod create;
pub(crate) mod detach;
mod early_drop;
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
mod keeper;
mod libpython;
pub(crate) mod local;
mod lookup;
mod make;
pub(crate) mod method_def;
mod other_threads;
pub(crate) mod process;
mod python_forks;
mod queue;
mod registry;
mod released;
mod runtime_end;
pub(crate) mod shared_classes;
pub(crate) mod slots;
pub(crate) mod start;
mod stored;
mod sub;
pub(crate) mod sync;
mod teardown;
#[cfg(feature = "test-interpreters")]
mod test_interpreter;
mod thread_default;
mod token;
mod trashcan;
pub(crate) mod waits;

#[cfg(test)]
pub(crate) use alone::alone;
pub(crate) use attach_timeout::STACK_SIZE;
pub use close::{CloseError, CloseErrorKind};
pub(crate) use compat::{check_version, layout};
pub use embed::with_embedded_python_interpreter;
pub use enter::Ungil;
pub use error::{AttachError, BuildError};
pub use handle::Interpreter;
pub use keeper::ThreadStateKeeper;
#[doc(hidden)]
pub use local::LocalInternals;
pub(crate) use runtime_end::exit_without_finalizing;
pub(crate) use stored::StoredState;
pub(crate) use sub::Step;
pub use sub::{Gil, SubInterpreter, SubInterpreterBuilder};
pub(crate) use token::AnyThread;
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
