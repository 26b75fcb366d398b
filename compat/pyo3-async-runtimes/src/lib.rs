//! [`pyatoll_async`] under the name of `pyo3-async-runtimes`, for a `[patch]` beside that of
//! `pyo3`.

pub use pyatoll_async::*;

#[cfg(feature = "tokio-runtime")]
pub mod tokio {
    //! [`pyatoll_async::tokio`], with macros whose code names this package.

    pub use pyatoll_async::tokio::*;
    #[cfg(feature = "attributes")]
    pub use pyatoll_async_macros::pyo3_tokio_main as main;
    #[cfg(all(feature = "attributes", feature = "testing"))]
    pub use pyatoll_async_macros::pyo3_tokio_test as test;
}

#[cfg(feature = "async-std-runtime")]
compile_error!(
    "pyatoll-async has no module for async-std, which is discontinued: use the feature \
     `tokio-runtime`, or implement the traits of `generic` for it"
);
