//! Arguments, receivers and results.

use std::borrow::Cow;
use std::path::Path;

use pyatoll::exceptions::PyValueError;
use pyatoll::prelude::*;
use pyatoll::types::{PyDict, PyTuple, PyType};

use crate::everywhere::everywhere;
use crate::futures::pause;

fn length(object: &Bound<'_, PyAny>) -> PyResult<usize> {
    object.len()
}

#[pymodule]
pub(crate) mod argued {
    use super::*;

    #[pyfunction]
    #[pyo3(signature = (a, /, b, *args, c = 3, **kwargs))]
    async fn all_kinds(
        a: i32,
        b: Option<i32>,
        args: Py<PyTuple>,
        c: i32,
        kwargs: Option<Py<PyDict>>,
    ) -> (i32, Option<i32>, Py<PyTuple>, i32, Option<Py<PyDict>>) {
        pause().await;
        (a, b, args, c, kwargs)
    }

    #[pyfunction(signature = (*args, **kwargs))]
    async fn only_variadic(
        args: Py<PyTuple>,
        kwargs: Option<Py<PyDict>>,
    ) -> (Py<PyTuple>, Option<Py<PyDict>>) {
        (args, kwargs)
    }

    #[pyfunction(signature = (one, /))]
    async fn one(one: Py<PyAny>) -> Py<PyAny> {
        one
    }

    #[pyfunction(signature = (text, bytes, path, copied, maybe = None, defaulted = "d"))]
    #[expect(clippy::needless_lifetimes, reason = "a named lifetime must work, too")]
    async fn borrowed<'a>(
        text: &'a str,
        bytes: &[u8],
        path: &Path,
        copied: Cow<'_, str>,
        maybe: Option<&str>,
        defaulted: &str,
    ) -> String {
        pause().await;
        let path = path.display();
        format!(
            "{text} {} {path} {copied} {maybe:?} {defaulted}",
            bytes.len()
        )
    }

    #[pyfunction]
    async fn converted(
        #[pyo3(from_py_with = length)] length: usize,
        #[pyo3(from_py_with = |object: &Bound<'_, PyAny>| object.extract::<i32>().map(|n| -n))]
        negated: i32,
    ) -> (usize, i32) {
        pause().await;
        (length, negated)
    }

    #[pyfunction]
    async fn borrowed_result(text: &str) -> &str {
        pause().await;
        text.trim()
    }

    #[pyfunction]
    async fn fails(kind: &str) -> PyResult<()> {
        pause().await;
        match kind {
            "value" => Err(PyValueError::new_err("refused")),
            _ => Ok(()),
        }
    }

    #[pyfunction]
    async unsafe fn is_unsafe() -> i32 {
        7
    }

    #[pyfunction(pass_module)]
    async fn module_name(module: Py<PyModule>) -> PyResult<String> {
        pause().await;
        Python::attach(|py| module.bind(py).name()?.extract())
    }

    #[pyfunction]
    #[pyo3(warn(message = "old", category = pyatoll::exceptions::PyDeprecationWarning))]
    async fn warned() {}

    #[pyclass(subclass)]
    pub(super) struct Counter {
        pub(super) count: usize,
    }

    #[pymethods]
    impl Counter {
        #[new]
        fn new() -> Self {
            Self { count: 0 }
        }

        async fn get(&self) -> usize {
            pause().await;
            self.count
        }

        async fn add(&mut self, other: Option<&Counter>, by: usize) -> usize {
            self.count += by;
            pause().await;
            self.count + other.map_or(0, |other| other.count)
        }

        async fn handle(slf: Py<Self>) -> PyResult<usize> {
            pause().await;
            Python::attach(|py| Ok(slf.try_borrow(py)?.count))
        }

        #[classmethod]
        async fn class_name(cls: Py<PyType>) -> PyResult<String> {
            pause().await;
            Python::attach(|py| cls.bind(py).name()?.extract())
        }

        #[staticmethod]
        async fn reset(counter: &mut Counter) {
            pause().await;
            counter.count = 0;
        }

        async fn __call__(&self, by: usize) -> usize {
            pause().await;
            self.count * by
        }

        async fn __aenter__(slf: Py<Self>) -> Py<Self> {
            pause().await;
            slf
        }

        async fn __aexit__(&mut self, _kind: Py<PyAny>, _value: Py<PyAny>, _traceback: Py<PyAny>) {
            pause().await;
            self.count = 99;
        }
    }
}

const SETUP: &std::ffi::CStr = setup!(
    "
import warnings
from argued import *

run = asyncio.run
"
);

fn check(code: &std::ffi::CStr) {
    crate::append();
    everywhere(SETUP, code);
}

#[test]
fn arguments_are_matched_at_the_call_and_converted_at_the_await() {
    check(
        c"
assert run(all_kinds(1, 2)) == (1, 2, (), 3, None)
assert run(all_kinds(1, None, 5, 6, c=4, d=7)) == (1, None, (5, 6), 4, {'d': 7})
assert run(only_variadic(1, 2, a=3)) == ((1, 2), {'a': 3})
assert run(only_variadic()) == ((), None)
token = object()
assert run(one(token)) is token
assert run(borrowed('t', b'by', 'p/q', 'c')) == 't 2 p/q c None d'
assert run(borrowed('t', b'by', 'p/q', copied='c', maybe='m', defaulted='e')) == 't 2 p/q c Some(\"m\") e'
assert run(converted([1, 2], 3)) == (2, -3)
assert run(borrowed_result('  x ')) == 'x'
assert run(is_unsafe()) == 7

raises(TypeError, 'missing 1 required positional argument', lambda: all_kinds(1))
raises(TypeError, 'missing 1 required positional argument', borrowed_result)
raises(TypeError, 'got an unexpected keyword argument', lambda: borrowed_result(text='x', y=1))
coroutine = borrowed_result(1)
raises(TypeError, \"'int' object\", lambda: run(coroutine))
coroutine = all_kinds('x', 2)
try:
    run(coroutine)
except TypeError as error:
    assert error.__notes__ == [\"while processing 'a'\"], error.__notes__
",
    );
}

#[test]
fn errors_modules_and_warnings_work_as_in_functions() {
    check(
        c"
raises(ValueError, 'refused', lambda: run(fails('value')))
assert run(fails('')) is None
assert run(module_name()) == 'argued'
assert all_kinds.__text_signature__ == '(a, /, b, *args, c=3, **kwargs)'
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter('always')
    coroutine = warned()
assert [str(warning.message) for warning in caught] == ['old']
assert run(coroutine) is None
",
    );
}

#[test]
fn receivers_are_borrowed_from_the_first_poll_to_the_last() {
    check(
        c"
counter = Counter()
assert run(counter.get()) == 0
assert run(counter.add(None, 2)) == 2
other = Counter()
run(other.add(None, 5))
assert run(counter.add(other, 1)) == 8
assert run(counter.handle()) == 3
assert run(counter(4)) == 12

class Derived(Counter):
    pass

assert run(Derived.class_name()) == 'Derived' and run(Counter().class_name()) == 'Counter'
assert run(Derived().get()) == 0

# Not borrowed before the first poll, and not after the last.
pending = counter.add(None, 1)
run(Counter.reset(counter))
assert run(pending) == 1

first = counter.add(None, 1)
first.send(None)
raises(RuntimeError, 'Already mutably borrowed', lambda: counter.get().send(None))
raises(RuntimeError, 'Already borrowed', lambda: counter.add(None, 1).send(None))
first.close()
assert run(counter.get()) == 2

# The same instance, borrowed twice.
raises(RuntimeError, 'Already mutably borrowed', lambda: run(counter.add(counter, 1)))
shared = counter.get()
shared.send(None)
assert run(counter.get()) == 2
raises(RuntimeError, 'Already borrowed', lambda: run(counter.add(None, 1)))
del shared
assert run(counter.add(None, 1)) == 3

async def manage():
    async with counter as entered:
        assert entered is counter
    return await counter.get()

assert run(manage()) == 99
",
    );
}

#[test]
fn the_instance_stays_alive_while_its_coroutine_does() {
    check(
        c"
coroutine = Counter().add(None, 3)
coroutine.send(None)
import gc
gc.collect()
try:
    coroutine.send(None)
except StopIteration as stop:
    assert stop.value == 3
else:
    raise AssertionError
",
    );
}
