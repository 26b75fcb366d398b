//! Iterators, awaitables and asynchronous iterators.

use pyatoll::exceptions::PyValueError;
use pyatoll::prelude::*;

use crate::{everywhere, names, run, run_with};

/// Counts to a limit.
#[pyclass]
pub(crate) struct Iterator {
    next: u32,
    limit: u32,
}

#[pymethods]
impl Iterator {
    #[new]
    fn new(limit: u32) -> Self {
        Self { next: 0, limit }
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&mut self) -> Option<u32> {
        if self.next == self.limit {
            return None;
        }
        self.next += 1;
        Some(self.next)
    }
}

/// Fails at three.
#[pyclass]
struct FailingIterator(u32);

#[pymethods]
impl FailingIterator {
    #[new]
    fn new() -> Self {
        Self(0)
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__(&mut self) -> PyResult<Option<u32>> {
        self.0 += 1;
        match self.0 {
            3 => Err(PyValueError::new_err("three")),
            4.. => Ok(None),
            number => Ok(Some(number)),
        }
    }
}

/// Ends only by raising `StopIteration` with a value.
#[pyclass]
struct Endless(u32);

#[pymethods]
impl Endless {
    #[new]
    fn new() -> Self {
        Self(0)
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__(&mut self) -> PyResult<u32> {
        self.0 += 1;
        if self.0 > 2 {
            return Err(pyatoll::exceptions::PyStopIteration::new_err("result"));
        }
        Ok(self.0)
    }
}

#[pyclass]
struct Awaitable;

#[pymethods]
impl Awaitable {
    #[new]
    fn new() -> Self {
        Self
    }

    fn __await__(&self, py: Python<'_>) -> PyResult<Py<Endless>> {
        Py::new(py, Endless(1))
    }
}

#[pyclass]
struct AsyncIterator(u32);

#[pymethods]
impl AsyncIterator {
    #[new]
    fn new() -> Self {
        Self(0)
    }

    fn __aiter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __anext__(&mut self) -> Option<Awaitable> {
        self.0 += 1;
        (self.0 < 3).then_some(Awaitable)
    }
}

#[test]
fn iterators_end_with_none_or_stop_iteration() {
    everywhere(|py| {
        run::<Iterator>(
            py,
            "assert list(cls(3)) == [1, 2, 3] and list(cls(0)) == []",
        );
        run::<FailingIterator>(
            py,
            "
            i = cls()
            assert [next(i), next(i)] == [1, 2] and raises(next, i) == 'ValueError: three'
            assert raises(next, i) == 'StopIteration: '
            ",
        );
        run::<Endless>(
            py,
            "
            def generator():
                return (yield from cls())
            g = generator()
            assert [next(g), next(g)] == [1, 2]
            try:
                next(g)
            except StopIteration as stop:
                assert stop.value == 'result'
            else:
                assert False
            ",
        );
    });
}

#[test]
fn awaitables_and_asynchronous_iterators_work() {
    everywhere(|py| {
        let names = names(py);
        names
            .set_item("awaitable", py.get_type::<Awaitable>())
            .unwrap();
        names
            .set_item("iterator", py.get_type::<AsyncIterator>())
            .unwrap();
        run_with(
            py,
            &names,
            "
            async def once():
                return await awaitable()

            async def all():
                return [item async for item in iterator()]

            def drive(coroutine):
                yielded = []
                try:
                    while True:
                        yielded.append(coroutine.send(None))
                except StopIteration as stop:
                    return yielded, stop.value

            assert drive(once()) == ([2], 'result')
            assert drive(all()) == ([2, 2], ['result', 'result'])
            ",
        );
    });
}
