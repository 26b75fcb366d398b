//! The harness, and the macros.

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

/// Fails in each way, with a harness of its own.
async fn failures_are_reported() -> PyResult<()> {
    fn ok() -> std::pin::Pin<Box<dyn Future<Output = PyResult<()>> + Send>> {
        Box::pin(async { Ok(()) })
    }
    fn fails() -> std::pin::Pin<Box<dyn Future<Output = PyResult<()>> + Send>> {
        Box::pin(async { Err(pyatoll::exceptions::PyValueError::new_err("expected here")) })
    }
    fn panics() -> std::pin::Pin<Box<dyn Future<Output = PyResult<()>> + Send>> {
        Box::pin(async { panic!("expected here") })
    }
    let test = |name, test_fn| Test { name, test_fn };
    let tests = vec![
        test("ok", &ok as _),
        test("an_expected_failure", &fails),
        test("an_expected_panic", &panics),
    ];
    let error = test_harness(tests, Args::default()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("AssertionError: failed: "), "{text}");
    assert!(text.contains("an_expected_failure") && text.contains("an_expected_panic"));
    assert!(!text.contains("ok"));
    Ok(())
}

#[pyatoll_async::tokio::main(worker_threads = 2)]
async fn main() -> PyResult<()> {
    let names: Vec<_> = pyatoll_async::inventory::iter::<Test>()
        .map(|test| test.name)
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    failures_are_reported().await?;
    pyatoll_async::testing::main().await
}
