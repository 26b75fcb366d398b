//! The items that generated code uses, and the PyO3 internals that PyO3's own tests use.

pub use pyatoll::impl_::*;

/// Python code in Rust sources.
pub mod unindent {
    /// Removes the indentation that all lines share.
    pub fn unindent(code: &str) -> String {
        pyatoll::py_run::unindent(code).into_owned()
    }
}

/// Internals of PyO3.
pub mod platform {
    /// Synchronization.
    pub mod sync {
        /// Locks without poisoning.
        pub mod nonpoison {
            use std::sync::{MutexGuard, PoisonError};

            use pyatoll::Python;
            use pyatoll::sync::MutexExt;

            /// The standard library's mutex, ignoring poison.
            #[derive(Debug, Default)]
            pub struct Mutex<T>(std::sync::Mutex<T>);

            impl<T> Mutex<T> {
                /// Creates a mutex around `value`.
                pub const fn new(value: T) -> Self {
                    Self(std::sync::Mutex::new(value))
                }

                /// Locks the mutex; waits attached.
                pub fn lock(&self) -> MutexGuard<'_, T> {
                    self.0.lock().unwrap_or_else(PoisonError::into_inner)
                }

                /// Locks the mutex; waits detached.
                pub fn lock_py_attached(&self, py: Python<'_>) -> MutexGuard<'_, T> {
                    self.0
                        .lock_py_attached(py)
                        .unwrap_or_else(PoisonError::into_inner)
                }
            }
        }
    }
}
