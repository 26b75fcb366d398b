//! The harness, and the macros.

use std::env;
use std::process::Command;

use pyatoll::prelude::*;
use pyatoll_async::testing::{Args, Test, test_harness};

#[pyatoll_async::tokio::test]
async fn an_async_test_awaits_python() -> PyResult<()> {
    let sleep = Python::attach(|py| {
        let sleep = py.import("asyncio")?.call_method1("sleep", (0.01, 5))?;
        pyatoll_async::tokio::into_future(sleep)
    })?;
    let result = sleep.await?;
    Python::attach(|py| assert_eq!(result.extract::<i32>(py).unwrap(), 5));
    Ok(())
}

#[pyatoll_async::tokio::test]
fn a_test_blocks() -> PyResult<()> {
    std::thread::sleep(std::time::Duration::from_millis(5));
    Python::attach(|py| py.run(c"pass", None, None))
}

#[pyatoll_async::tokio::test(crate = "pyatoll_async")]
fn a_test_takes_the_loop(event_loop: Py<PyAny>) -> PyResult<()> {
    Python::attach(|py| {
        let is_running = event_loop.bind(py).call_method0("is_running")?;
        assert!(is_running.is_truthy()?);
        Ok(())
    })
}

/// Set in the process that fails.
const FAIL: &str = "HARNESS_FAILS";

/// Fails in each way, with a harness of its own.
async fn fail() -> PyResult<()> {
    fn ok() -> std::pin::Pin<Box<dyn Future<Output = PyResult<()>> + Send>> {
        Box::pin(async { Ok(()) })
    }
    fn fails() -> std::pin::Pin<Box<dyn Future<Output = PyResult<()>> + Send>> {
        Box::pin(async { Err(pyatoll::exceptions::PyValueError::new_err("an error")) })
    }
    fn panics() -> std::pin::Pin<Box<dyn Future<Output = PyResult<()>> + Send>> {
        Box::pin(async { panic!("a panic") })
    }
    let test = |name, test_fn| Test { name, test_fn };
    let tests = vec![
        test("ok", &ok as _),
        test("an_expected_failure", &fails),
        test("an_expected_panic", &panics),
    ];
    test_harness(tests, Args::default()).await
}

/// Checks the report of failures. In a process of its own, so that the output of these tests does
/// not look like a failure.
fn failures_are_reported() {
    let output = Command::new(env::current_exe().unwrap())
        .env(FAIL, "1")
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    for line in [
        "test ok ... ok",
        "test an_expected_failure ... FAILED",
        "test an_expected_panic ... FAILED",
        "test result: 1 passed; 2 failed",
    ] {
        assert!(stdout.lines().any(|found| found == line), "{stdout}");
    }
    for text in [
        "ValueError: an error",
        "RustPanic: rust future panicked: a panic",
    ] {
        assert!(stderr.contains(text), "{stderr}");
    }
    let (_, failed) = stderr.rsplit_once("AssertionError: failed: ").unwrap();
    assert!(failed.contains("an_expected_failure") && failed.contains("an_expected_panic"));
    assert!(!failed.contains("ok"), "{failed}");
    assert_eq!(output.status.code(), Some(1));
}

#[pyatoll_async::tokio::main(worker_threads = 2)]
async fn main() -> PyResult<()> {
    if env::var_os(FAIL).is_some() {
        return fail().await;
    }
    let names: Vec<_> = pyatoll_async::inventory::iter::<Test>()
        .map(|test| test.name)
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    failures_are_reported();
    pyatoll_async::testing::main().await
}
