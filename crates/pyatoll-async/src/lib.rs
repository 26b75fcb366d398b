//! Rust futures as Python awaitables and the reverse, in any number of interpreters.
//!
//! A future that runs on a runtime of Rust is polled on threads that belong to no interpreter. So
//! what these functions create carries the interpreter that it was created in: results and wake-ups
//! get to the event loop there, and code in the future that calls `Python::attach` enters it.
//!
//! The names and signatures are those of `pyo3-async-runtimes`. [`tokio`] has them for that
//! runtime, [`generic`] for any other.
//!
//! ```
//! use pyatoll::prelude::*;
//!
//! #[pymodule]
//! mod client {
//!     use pyatoll::prelude::*;
//!     use tokio::io::AsyncReadExt;
//!     use tokio::net::TcpStream;
//!
//!     /// Reads what a server sends.
//!     #[pyfunction]
//!     fn read(py: Python<'_>, address: String) -> PyResult<Bound<'_, PyAny>> {
//!         pyatoll_async::tokio::future_into_py(py, async move {
//!             let mut text = String::new();
//!             TcpStream::connect(address).await?.read_to_string(&mut text).await?;
//!             Ok(text)
//!         })
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! # Cancellation
//!
//! It goes both ways. Cancelling the Python future drops the Rust future. Dropping the Rust future
//! of a Python awaitable cancels the Python task, once the future has been polled: one that never
//! was only schedules the awaitable.
//!
//! # The end of an interpreter
//!
//! The end of an interpreter also ends its pending conversions. Exit functions (`atexit`) that were
//! registered after this library first saw the interpreter run before that. The Rust futures are
//! dropped: by the runtime within a second, otherwise by the thread that ends the interpreter. The
//! Rust futures of Python awaitables return a `RuntimeError`. [`TaskLocals`] can be kept: they own
//! no object of the interpreter.

// | file | concern |
// |---|---|
// | `asyncio` | calls of `asyncio` |
// | `locals` | `TaskLocals` |
// | `err` | the exception of a panic |
// | `pending` | what is pending in an interpreter |
// | `scope` | a future that belongs to an interpreter |
// | `awaitable` | a Python awaitable as a Rust future |
// | `task` | a Rust future as a future of `asyncio` |
// | `stream` | asynchronous iterators as streams |
// | `generic` | the conversions for any runtime |
// | `tokio` | those for `tokio` |
// | `testing` | a harness for tests |

mod asyncio;
mod awaitable;
pub mod err;
pub mod generic;
mod locals;
mod pending;
#[cfg(feature = "tokio")]
mod scope;
mod stream;
mod task;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "tokio")]
pub mod tokio;

use pyatoll::prelude::*;

pub use asyncio::get_running_loop;
#[cfg(all(feature = "attributes", feature = "testing"))]
#[doc(hidden)]
pub use inventory;
pub use locals::TaskLocals;

/// What the macros' code names.
#[cfg(feature = "attributes")]
#[doc(hidden)]
pub mod private {
    pub use pyatoll::PyResult;
}

/// Converts a Python awaitable into a Rust future of its result.
///
/// The event loop of the locals runs the awaitable as a task, in their context, whether or not the
/// Rust future is polled. Dropping the Rust future after it was polled cancels the task, as
/// cancelling the awaiting task would in Python.
///
/// The future can be awaited on any thread and in any runtime. It returns
///
/// - the result or the exception of the awaitable;
/// - a `TypeError` if the object is not awaitable;
/// - `asyncio.CancelledError` if the task was cancelled or the loop was closed;
/// - a `RuntimeError` if the interpreter has ended.
///
/// # Errors
/// Any exception raised by the event loop, such as a `RuntimeError` if it is closed.
///
/// # Panics
/// If the awaitable is of another interpreter than the locals.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll_async::tokio::{get_current_locals, run};
///
/// Python::attach(|py| {
///     run(py, async {
///         let sleep = Python::attach(|py| {
///             let sleep = py.import("asyncio")?.call_method1("sleep", (0.01, "slept"))?;
///             pyatoll_async::into_future_with_locals(&get_current_locals(py)?, sleep)
///         })?;
///         let result = sleep.await?;
///         Python::attach(|py| assert_eq!(result.to_string(), "slept"));
///         Ok(())
///     })
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub fn into_future_with_locals(
    locals: &TaskLocals,
    awaitable: Bound<'_, PyAny>,
) -> PyResult<impl Future<Output = PyResult<Py<PyAny>>> + Send + use<>> {
    awaitable::Awaited::new(locals, awaitable)
}
