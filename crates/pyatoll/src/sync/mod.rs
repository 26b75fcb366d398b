//! Values with one instance per interpreter, and locks for attached threads.
//!
//! | for | use |
//! |---|---|
//! | a `static` with a value per interpreter | [`PyOnceLock`], [`InterpreterLocal`] |
//! | a handle that may outlive its interpreter | [`PyArc`] |
//! | waiting for a lock of the standard library while attached | [`MutexExt`], [`RwLockExt`], [`OnceExt`], [`OnceLockExt`] |
//! | several steps on one object, without a GIL | [`critical_section`] |
//!
//! ```
//! use pyatoll::prelude::*;
//! use pyatoll::sync::PyOnceLock;
//! use pyatoll::types::PyDict;
//!
//! fn cache(py: Python<'_>) -> &Bound<'_, PyDict> {
//!     static CACHE: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
//!     CACHE.get_or_init(py, || PyDict::new(py).unbind()).bind(py)
//! }
//!
//! Python::attach(|py| {
//!     cache(py).set_item("key", 1)?;
//!     assert_eq!(cache(py).len(), 1);
//!     Ok::<_, PyErr>(())
//! })?;
//! # Ok::<_, PyErr>(())
//! ```

// | file | concern |
// |---|---|
// | `interpreter_local` | `InterpreterLocal`: a `static` with one value per interpreter |
// | `lasting` | an `InterpreterLocal` whose values live as long as the cell |
// | `once_lock` | `PyOnceLock`: a value initialized once per interpreter |
// | `intern` | `intern!`: interned `str` objects |
// | `py_arc` | `PyArc`: a shared handle to an object that the interpreter keeps |
// | `extensions` | the standard library's locks, waiting detached |
// | `lock_api` | the same for the locks of `lock_api` and `parking_lot` |
// | `critical_section` | per-object locks of free-threaded Pythons |
// | `mutex_section` | critical sections of a `PyMutex` |
// | `mutex` | `PyMutex`: CPython's mutex, with poisoning |
// | `nonpoison` | CPython's mutex, without poisoning |
// | `mutex_trait` | `PyMutexTrait`: either of the two, or a pointer to one |
// | `refusals` | examples that must not compile |
// | `compat` | critical sections with and without a GIL |

mod compat;
pub mod critical_section;
mod extensions;
mod intern;
mod interpreter_local;
#[cfg(any(test, feature = "lasting-once-lock"))]
mod lasting;
#[cfg(feature = "lock_api")]
mod lock_api;
#[cfg(Py_3_13)]
mod mutex;
#[cfg(Py_3_14)]
mod mutex_section;
#[cfg(Py_3_14)]
mod mutex_trait;
#[cfg(Py_3_13)]
pub mod nonpoison;
mod once_lock;
mod py_arc;
#[cfg(all(doctest, Py_3_14))]
mod refusals;

pub use extensions::{MutexExt, OnceExt, OnceLockExt, RwLockExt};
#[doc(hidden)]
pub use intern::{InternedFormat, InternedName};
pub use interpreter_local::InterpreterLocal;
#[cfg(Py_3_13)]
pub use mutex::{PyMutex, PyMutexGuard};
#[cfg(Py_3_14)]
pub use mutex_trait::PyMutexTrait;
pub use once_lock::PyOnceLock;
pub use py_arc::PyArc;
