//! Values that each interpreter has its own of, and locks for threads that are attached.

pub mod critical_section;
mod extensions;
mod intern;
mod interpreter_local;
mod once_lock;

pub use extensions::{MutexExt, OnceExt, OnceLockExt, RwLockExt};
#[doc(hidden)]
pub use intern::Interned;
pub use interpreter_local::InterpreterLocal;
pub use once_lock::PyOnceLock;
