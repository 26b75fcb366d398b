//! `#[main]` with a runtime of the current thread.

use std::env;
use std::process::Command;

use pyatoll::exceptions::PyValueError;
use pyatoll::prelude::*;

/// Set in the process whose `main` fails.
const FAILS: &str = "PYATOLL_ASYNC_TEST_FAILS";

#[pyatoll_async::tokio::main(flavor = "current_thread")]
async fn main() -> PyResult<()> {
    if env::var_os(FAILS).is_some() {
        return Err(PyValueError::new_err("as asked for"));
    }
    let runtime = pyatoll_async::tokio::get_runtime();
    assert_eq!(runtime.metrics().num_workers(), 1);
    assert!(pyatoll_async::tokio::init_with_runtime(runtime).is_err());
    let sleep = Python::attach(|py| {
        let sleep = py.import("asyncio")?.call_method1("sleep", (0.01,))?;
        pyatoll_async::tokio::into_future(sleep)
    })?;
    sleep.await?;
    a_failing_main_prints_the_error_and_exits_with_1();
    Ok(())
}

fn a_failing_main_prints_the_error_and_exits_with_1() {
    let program = env::current_exe().unwrap();
    let output = Command::new(program).env(FAILS, "1").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(printed.contains("ValueError: as asked for"), "{printed}");
}
