//! The bridges in the places of pyo3-async-runtimes and pyo3-log.

use pyo3::prelude::*;
use pyo3::wrap_pyfunction;

#[pyo3_async_runtimes::tokio::test]
async fn a_line_of_a_future_is_logged() -> PyResult<()> {
    let (sleep, records) = Python::attach(|py| {
        let records = py.eval(c"[]", None, None)?;
        let logging = py.import("logging")?;
        let handler = logging.call_method0("Handler")?;
        handler.setattr("emit", records.getattr("append")?)?;
        let logger = logging.call_method1("getLogger", ("bridges",))?;
        logger.call_method1("addHandler", (handler,))?;
        logger.call_method1("setLevel", ("INFO",))?;
        pyo3_log::try_init().expect("no other logger");
        let sleep = wrap_pyfunction!(bridges::sleep, py)?.call1((0.01,))?;
        let sleep = pyo3_async_runtimes::tokio::into_future(sleep)?;
        PyResult::Ok((sleep, records.unbind()))
    })?;
    let slept = sleep.await?;
    Python::attach(|py| {
        assert_eq!(slept.extract::<f64>(py)?, 0.01);
        assert_eq!(records.bind(py).len()?, 1);
        Ok(())
    })
}

#[pyo3_async_runtimes::tokio::test]
fn a_test_takes_the_event_loop(event_loop: Py<PyAny>) -> PyResult<()> {
    Python::attach(|py| {
        let locals = pyo3_async_runtimes::TaskLocals::new(event_loop.into_bound(py));
        let sleep = py.import("asyncio")?.call_method1("sleep", (0.01,))?;
        let future = pyo3_async_runtimes::into_future_with_locals(&locals, sleep)?;
        let runtime = pyo3_async_runtimes::tokio::get_runtime();
        py.detach(|| runtime.block_on(future)).map(drop)
    })
}

#[pyo3_async_runtimes::tokio::main(flavor = "multi_thread")]
async fn main() -> PyResult<()> {
    pyo3_async_runtimes::testing::main().await
}
