//! A pool of interpreters: worker threads, each with an interpreter of its own, run jobs from a
//! queue.
//!
//! From Python 3.12 on, each interpreter has its own GIL by default, so that jobs of pure Python
//! run in parallel, like with `InterpreterPoolExecutor` of Python 3.14. Before 3.12 they share one.
//!
//! - A job is a closure that receives the token of the worker's interpreter. It returns any Rust
//!   value, which may contain a [`Py<T>`](crate::Py) that is usable in that interpreter only.
//! - The handle of a job can be joined or awaited, and can cancel or interrupt the job; with an
//!   [`InterruptHandle`], other threads can do so while one waits. A job may have a timeout.
//! - A thread that waits (for a result, for space in the queue, for the end) is detached while it
//!   waits, if it was attached.
//! - A job may submit jobs to its own pool and wait for them: a job that has not started then runs
//!   on the same thread. It must not wait for another *thread* that waits for a job of the pool.
//! - The end of the Python runtime ends the pool.
//!
//! ```
//! use pyatoll::prelude::*;
//! use pyatoll::InterpreterPool;
//!
//! # Python::initialize();
//! let pool = InterpreterPool::builder()
//!     .size(2)
//!     .initializer(|py| py.run(c"import json", None, None))
//!     .build()?;
//!
//! let answer = pool.submit(|py| py.eval(c"6 * 7", None, None)?.extract::<i32>());
//! assert_eq!(answer.join(), Ok(42));
//!
//! let texts = ["[1, 2]", "[3", "[4]"];
//! let lens = pool.map(texts, |py, text| py.import("json")?.call_method1("loads", (text,))?.len());
//! let lens: Vec<Option<usize>> = lens.map(Result::ok).collect();
//! assert_eq!(lens, [Some(2), None, Some(1)]);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! With the feature `tracing`, a pool emits events with the target `pyatoll::pool`: jobs that are
//! submitted, started, finished, failed, cancelled and interrupted (level `TRACE` or `DEBUG`), and
//! interpreters that are created, ended (`DEBUG`) and replaced (`WARN`). The subscriber is called
//! on a thread that may be attached: it must not wait for another one that attaches.

// | file | concern |
// |---|---|
// | `deadline` | jobs with a timeout |
// | `broadcast` | a job for each worker |
// | `interpreter_pool` | `InterpreterPool`: submitting jobs, shutting down |
// | `builder` | `InterpreterPoolBuilder`: the options of a pool |
// | `handle` | `JobHandle`: waiting for the result of a job |
// | `interrupt_handle` | `InterruptHandle`: interrupting a job from other threads |
// | `shutdown` | `Shutdown`: the end of a pool as a future |
// | `options` | `JobOptions`: the options of one job |
// | `map` | `Map`: a job for each item, with the results in order |
// | `worker` | a worker thread and its interpreters |
// | `runtime_end` | ending the pools before the runtime |
// | `shared` | the queue and the workers of a pool |
// | `job` | a job and its result |
// | `running` | the jobs that run on a worker's thread, and their interrupts |
// | `thread_list` | this thread's lists of those jobs |
// | `interrupter` | `Interrupter`: interrupting Python code outside of jobs |
// | `stats` | `PoolStats`: counters of a pool |
// | `events` | events for the crate `tracing` |
// | `error` | errors as plain values |
// | `timer` | calling functions at given times |
// | `thread_name` | names of threads, with their interpreter |
// | `waker` | the waker of a task that awaits something of a pool |
// | `wait` | waiting on condition variables |

mod broadcast;
mod builder;
mod deadline;
mod error;
mod events;
mod handle;
mod interpreter_pool;
mod interrupt_handle;
mod interrupter;
mod job;
mod map;
mod options;
mod running;
mod runtime_end;
mod shared;
mod shutdown;
mod stats;
mod thread_list;
mod thread_name;
mod timer;
mod wait;
mod waker;
mod worker;

pub use crate::error::RaisedException;
pub use builder::InterpreterPoolBuilder;
pub use error::{PoolBuildError, PoolError, ShutdownError, TrySubmitError};
pub use handle::JobHandle;
pub use interpreter_pool::InterpreterPool;
pub use interrupt_handle::InterruptHandle;
pub use interrupter::Interrupter;
pub use map::Map;
pub use options::JobOptions;
pub use shutdown::Shutdown;
pub use stats::PoolStats;

const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<InterpreterPool>();
    is_send_and_sync::<InterpreterPoolBuilder>();
    is_send_and_sync::<JobHandle<std::cell::Cell<u8>>>();
    is_send_and_sync::<InterruptHandle>();
    is_send_and_sync::<Interrupter>();
    is_send_and_sync::<PoolError>();
    is_send_and_sync::<Shutdown>();
};
