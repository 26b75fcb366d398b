//! A harness for tests that need a running event loop.
//!
//! Rust's own harness runs each test on a new thread, where no event loop runs. Put such tests into
//! a target with `harness = false`. Its `main` function starts an event loop and awaits
//! [`testing::main`](main) in it. The attributes need the features `tokio`, `attributes` and
//! `testing`:
//!
//! ```toml
//! [[test]]
//! name = "test_with_asyncio"
//! harness = false
//! ```
//!
//! ```
//! use pyatoll::prelude::*;
//!
//! #[pyatoll_async::tokio::test]
//! async fn asyncio_sleeps() -> PyResult<()> {
//!     let sleep = Python::attach(|py| {
//!         let sleep = py.import("asyncio")?.call_method1("sleep", (0.01,))?;
//!         pyatoll_async::tokio::into_future(sleep)
//!     })?;
//!     sleep.await.map(drop)
//! }
//!
//! #[pyatoll_async::tokio::test]
//! fn a_test_may_block() -> PyResult<()> {
//!     std::thread::sleep(std::time::Duration::from_millis(1));
//!     Ok(())
//! }
//!
//! #[pyatoll_async::tokio::main]
//! async fn main() -> PyResult<()> {
//!     pyatoll_async::testing::main().await
//! }
//! ```

use std::env;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use futures_util::{FutureExt, StreamExt, stream};
use pyatoll::exceptions::PyAssertionError;
use pyatoll::prelude::*;

use crate::task::panicked;

/// How many tests run at once.
const AT_ONCE: usize = 4;

/// The arguments of the program.
#[derive(Clone, Debug, Default)]
pub struct Args {
    filter: Option<String>,
}

/// Reads the arguments of the program: a text that the names of the tests to run must contain.
/// Options, as `cargo test` passes them to Rust's own harness, have no effect.
pub fn parse_args() -> Args {
    parse(env::args().skip(1))
}

fn parse(mut args: impl Iterator<Item = String>) -> Args {
    while let Some(arg) = args.next() {
        match &*arg {
            "--color" | "--format" | "--logfile" | "--skip" | "--test-threads" | "-Z" => {
                args.next();
            }
            option if option.starts_with('-') => {}
            _ => return Args { filter: Some(arg) },
        }
    }
    Args::default()
}

type TestFn = dyn Fn() -> Pin<Box<dyn Future<Output = PyResult<()>> + Send>> + Send + Sync;

/// A test, as `#[test]` of a runtime's module registers it.
#[derive(Clone)]
pub struct Test {
    /// Its path.
    pub name: &'static str,
    /// The function that starts it.
    pub test_fn: &'static TestFn,
}

inventory::collect!(Test);

impl Test {
    /// Starts the test.
    pub fn task(&self) -> Pin<Box<dyn Future<Output = PyResult<()>> + Send>> {
        (self.test_fn)()
    }
}

/// Runs tests, several at once, and prints their results.
///
/// # Errors
/// An `AssertionError` with the names of those that failed.
pub async fn test_harness(tests: Vec<Test>, args: Args) -> PyResult<()> {
    let is_wanted = |test: &Test| match &args.filter {
        Some(filter) => test.name.contains(filter.as_str()),
        None => true,
    };
    let wanted = tests.into_iter().filter(is_wanted).map(|test| async move {
        let run = AssertUnwindSafe(async { test.task().await }).catch_unwind();
        let result = run.await.unwrap_or_else(|payload| Err(panicked(payload)));
        match result {
            Ok(()) => {
                println!("test {} ... ok", test.name);
                None
            }
            Err(error) => {
                println!("test {} ... FAILED", test.name);
                Python::attach(|py| error.print(py));
                Some(test.name)
            }
        }
    });
    let results: Vec<_> = stream::iter(wanted)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let failed: Vec<_> = results.iter().flatten().copied().collect();
    println!(
        "\ntest result: {} passed; {} failed\n",
        results.len() - failed.len(),
        failed.len()
    );
    match failed.is_empty() {
        true => Ok(()),
        false => Err(PyAssertionError::new_err(format!(
            "failed: {}",
            failed.join(", ")
        ))),
    }
}

/// Runs the tests of this program that `#[test]` has registered.
///
/// # Errors
/// Those of [`test_harness`].
pub async fn main() -> PyResult<()> {
    let tests = inventory::iter::<Test>().cloned().collect();
    test_harness(tests, parse_args()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_is_the_first_argument_that_is_no_option() {
        let filter = |args: &[&str]| parse(args.iter().map(|arg| (*arg).to_owned())).filter;
        assert_eq!(filter(&[]), None);
        assert_eq!(filter(&["--quiet", "--test-threads", "1"]), None);
        assert_eq!(filter(&["-q", "name"]).as_deref(), Some("name"));
    }
}
