//! Values that each interpreter has its own of, and locks for threads that are attached.

pub mod critical_section;
mod extensions;
mod intern;
mod interpreter_local;
#[cfg(Py_3_13)]
mod mutex;
#[cfg(Py_3_14)]
mod mutex_trait;
#[cfg(Py_3_13)]
pub mod nonpoison;
mod once_lock;

pub use extensions::{MutexExt, OnceExt, OnceLockExt, RwLockExt};
#[doc(hidden)]
pub use intern::InternedName;
pub use interpreter_local::InterpreterLocal;
#[cfg(Py_3_13)]
pub use mutex::{PyMutex, PyMutexGuard};
#[cfg(Py_3_14)]
pub use mutex_trait::PyMutexTrait;
pub use once_lock::PyOnceLock;
