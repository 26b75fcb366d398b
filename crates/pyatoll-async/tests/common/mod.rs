//! A module with asynchronous functions, and interpreters to use it in.

#![allow(dead_code, reason = "each test uses a part")]

use std::ffi::CStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pyatoll::interpreter::{Gil, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::types::PyDict;

/// Futures of `rust.pending` and `rust.busy`, and objects of `rust.Held`, that exist.
pub static ALIVE: AtomicUsize = AtomicUsize::new(0);

/// Counts in [`ALIVE`].
pub struct Alive;

impl Alive {
    pub fn new() -> Self {
        ALIVE.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::SeqCst);
    }
}

#[pymodule]
pub mod rust {
    use super::*;
    use pyatoll::exceptions::{PyStopIteration, PyValueError};
    use pyatoll_async::tokio::{future_into_py, get_current_locals, into_future, scope};

    /// An object that counts as alive until it is deallocated.
    #[pyclass(frozen)]
    struct Held {
        _alive: Alive,
    }

    #[pymethods]
    impl Held {
        #[new]
        fn new() -> Self {
            Self {
                _alive: Alive::new(),
            }
        }
    }

    #[pyfunction]
    fn sleep(py: Python<'_>, seconds: f64) -> PyResult<Bound<'_, PyAny>> {
        future_into_py(py, async move {
            tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
            Ok(seconds)
        })
    }

    /// Returns the id of the interpreter that the future's code attaches to, on several threads.
    #[pyfunction]
    fn here(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        future_into_py(py, async {
            let here = || Python::attach(|py| py.interpreter().id());
            let mut ids = vec![here()];
            tokio::time::sleep(Duration::from_millis(1)).await;
            ids.push(here());
            let locals = Python::attach(get_current_locals)?;
            let spawned = tokio::spawn(scope(locals, async move { here() }));
            ids.push(spawned.await.unwrap());
            Ok(ids)
        })
    }

    /// Awaits what a function returns.
    #[pyfunction]
    fn call(py: Python<'_>, function: Py<PyAny>) -> PyResult<Bound<'_, PyAny>> {
        future_into_py(py, async move {
            Python::attach(|py| into_future(function.bind(py).call0()?))?.await
        })
    }

    /// Gives up what a function returns after a while.
    #[pyfunction]
    fn call_for(py: Python<'_>, seconds: f64, function: Py<PyAny>) -> PyResult<Bound<'_, PyAny>> {
        future_into_py(py, async move {
            let future = Python::attach(|py| into_future(function.bind(py).call0()?))?;
            let duration = Duration::from_secs_f64(seconds);
            match tokio::time::timeout(duration, future).await {
                Ok(result) => result,
                Err(_) => Python::attach(|py| Ok(py.None())),
            }
        })
    }

    /// Gives up what a function returns once another one returns something true.
    #[pyfunction]
    fn call_until(
        py: Python<'_>,
        holds: Py<PyAny>,
        function: Py<PyAny>,
    ) -> PyResult<Bound<'_, PyAny>> {
        future_into_py(py, async move {
            let future = Python::attach(|py| into_future(function.bind(py).call0()?))?;
            let mut future = std::pin::pin!(future);
            let pause = Duration::from_millis(1);
            loop {
                if let Ok(result) = tokio::time::timeout(pause, future.as_mut()).await {
                    return result;
                }
                if Python::attach(|py| holds.bind(py).call0()?.is_truthy())? {
                    return Python::attach(|py| Ok(py.None()));
                }
            }
        })
    }

    #[pyfunction]
    fn fail(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        future_into_py(py, async { Err::<(), _>(PyValueError::new_err("wrong")) })
    }

    #[pyfunction]
    fn stop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        future_into_py(py, async { Err::<(), _>(PyStopIteration::new_err("stop")) })
    }

    #[pyfunction]
    fn panic(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        future_into_py::<_, ()>(py, async { panic!("oh no") })
    }

    /// A result whose conversion panics.
    struct Unconvertible;

    impl<'py> IntoPyObject<'py> for Unconvertible {
        type Target = PyAny;
        type Output = Bound<'py, PyAny>;
        type Error = PyErr;

        fn into_pyobject(self, _: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            panic!("cannot convert")
        }
    }

    #[pyfunction]
    fn unconvertible(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        future_into_py(py, async { Ok(Unconvertible) })
    }

    /// Fails with an error whose arguments cannot be converted.
    #[pyfunction]
    fn unconvertible_error(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        future_into_py(py, async {
            Err::<(), _>(PyErr::new::<PyValueError, _>((Unconvertible,)))
        })
    }

    /// Never completes, and holds an object.
    #[pyfunction]
    fn pending(py: Python<'_>, object: Py<PyAny>) -> PyResult<Bound<'_, PyAny>> {
        let alive = Alive::new();
        future_into_py(py, async move {
            std::future::pending::<()>().await;
            drop((alive, object));
            Ok(())
        })
    }

    /// Attaches again and again.
    #[pyfunction]
    fn busy(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        let alive = Alive::new();
        future_into_py(py, async move {
            let _alive = alive;
            loop {
                Python::attach(|py| py.run(c"sum(range(100))", None, None))?;
                tokio::task::yield_now().await;
            }
            #[allow(unreachable_code, reason = "the type of the result")]
            Ok(())
        })
    }

    /// Returns how many futures and objects exist.
    #[pyfunction]
    fn alive() -> usize {
        ALIVE.load(Ordering::SeqCst)
    }
}

/// Creates sub-interpreters of each kind.
pub fn subs(of_each: usize) -> Vec<SubInterpreter> {
    Python::initialize();
    let is_old = Python::attach(|py| {
        // On 3.12, it must not be loaded into an interpreter with its own GIL first.
        py.run(c"import asyncio", None, None).unwrap();
        py.version_info() < (3, 12)
    });
    let kinds = match is_old {
        true => vec![Gil::Shared],
        false => vec![Gil::Own, Gil::Shared],
    };
    let kinds = kinds.into_iter().flat_map(|gil| vec![gil; of_each]);
    kinds
        .map(|gil| SubInterpreter::builder().gil(gil).build().unwrap())
        .collect()
}

/// Runs code that has the module, and `main` as a coroutine function if it defines it.
pub fn run(py: Python<'_>, code: &CStr) {
    let globals = PyDict::new(py);
    globals
        .set_item("rust", pyatoll::wrap_pymodule!(rust)(py))
        .unwrap();
    let run = || {
        py.run(code, Some(&globals), None)?;
        py.run(c"import asyncio; asyncio.run(main())", Some(&globals), None)
    };
    if let Err(error) = run() {
        error.print(py);
        panic!("the code has failed");
    }
}

/// Collects garbage. A plain `gc.collect()` does nothing if another thread collects in the same
/// interpreter, such as one that waits in a finalizer.
pub fn collect(py: Python<'_>) {
    let globals = PyDict::new(py);
    let code = c"
import gc, threading
done = []
this = threading.get_ident()
def note(phase, info):
    if phase == 'stop' and threading.get_ident() == this:
        done.append(phase)
gc.callbacks.append(note)
try:
    while not done:
        gc.collect()
finally:
    gc.callbacks.remove(note)
";
    py.run(code, Some(&globals), None).unwrap();
}

/// Waits until something holds.
pub fn eventually(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
