//! What generated code uses, and what PyO3's own tests take from the inside of PyO3.

pub use pyatoll::impl_::*;

/// PyO3's tests lock with it.
pub mod platform {
    /// See above.
    pub mod sync {
        /// See above.
        pub mod nonpoison {
            use std::sync::{MutexGuard, PoisonError};

            use pyatoll::Python;
            use pyatoll::sync::MutexExt;

            /// The standard library's mutex, where a panic of its holder is nobody else's matter.
            #[derive(Debug, Default)]
            pub struct Mutex<T>(std::sync::Mutex<T>);

            impl<T> Mutex<T> {
                /// A mutex around `value`.
                pub const fn new(value: T) -> Self {
                    Self(std::sync::Mutex::new(value))
                }

                /// Waits for it, attached.
                pub fn lock(&self) -> MutexGuard<'_, T> {
                    self.0.lock().unwrap_or_else(PoisonError::into_inner)
                }

                /// Waits for it, detached.
                pub fn lock_py_attached(&self, py: Python<'_>) -> MutexGuard<'_, T> {
                    self.0
                        .lock_py_attached(py)
                        .unwrap_or_else(PoisonError::into_inner)
                }
            }
        }
    }
}
