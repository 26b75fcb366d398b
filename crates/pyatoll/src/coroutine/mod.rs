//! `async fn` as Python functions and methods: coroutines that poll a Rust future.
//!
//! An `async fn` with `#[pyfunction]`, or in `#[pymethods]`, returns a [`Coroutine`], which Python
//! code awaits. Each `send` polls the future; while that is pending, the coroutine yields a future
//! of the running `asyncio` loop, which the waker completes.
//!
//! # Interpreters and threads
//!
//! A coroutine belongs to the interpreter that created it and is polled there only, attached. Its
//! waker may be called anywhere, by a thread that is attached to this or another interpreter or to
//! none: it wakes the loop of the coroutine's own interpreter. It never panics, and does nothing
//! once that interpreter has begun to end. A thread that is attached to another interpreter does
//! not wait: a helper thread wakes the loop.
//!
//! A waker holds no Python object: dropping it anywhere, at any time, leaves nothing behind.
//!
//! ```
//! use pyatoll::prelude::*;
//!
//! #[pyfunction]
//! async fn add(a: i32, b: i32) -> i32 {
//!     a + b
//! }
//!
//! # Python::initialize();
//! Python::attach(|py| {
//!     let coroutine = wrap_pyfunction!(add, py)?.call1((1, 2))?;
//!     let sum = py.import("asyncio")?.call_method1("run", (coroutine,))?;
//!     assert_eq!(sum.extract::<i32>()?, 3);
//!     Ok::<_, PyErr>(())
//! })?;
//! # Ok::<_, PyErr>(())
//! ```

// | file | concern |
// |---|---|
// | `cancel` | the exceptions thrown into a coroutine |
// | `waker` | the waker, and what it wakes |
// | `handover` | waking from a thread that cannot attach |
// | `object` | the Python class |
// | `token` | proof that a future is polled or dropped by its coroutine |
// | `held` | borrowed arguments of an `async fn` |
// | `future` | the functions that generated code calls |

mod cancel;
pub(crate) mod future;
mod handover;
pub(crate) mod held;
mod object;
pub(crate) mod token;
mod waker;

pub use cancel::CancelHandle;
#[doc(hidden)]
pub use cancel::ThrowCallback;
pub use object::Coroutine;
