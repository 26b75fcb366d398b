//! Classes for the special methods.

use std::ffi::c_int;

use pyatoll::exceptions::{
    PyBufferError, PyIndexError, PyKeyError, PyStopAsyncIteration, PyZeroDivisionError,
};
use pyatoll::ffi;
use pyatoll::prelude::*;
use pyatoll::pyclass::CompareOp;
use pyatoll::types::{PyDict, PyTuple};

/// Behaves like a number.
#[pyclass]
#[derive(Clone)]
pub struct Number {
    value: i64,
}

#[pymethods]
impl Number {
    #[new]
    fn new(value: i64) -> Self {
        Self { value }
    }

    fn __add__(&self, other: i64) -> Self {
        Self::new(self.value + other)
    }

    fn __radd__(&self, other: i64) -> Self {
        Self::new(other + self.value)
    }

    fn __sub__(&self, other: &Bound<'_, Number>) -> Self {
        Self::new(self.value - other.borrow().value)
    }

    fn __mul__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Py<PyAny>> {
        match other.extract::<i64>() {
            Ok(other) => Ok(Py::new(py, Self::new(self.value * other))?.into_any()),
            Err(_) => Ok(py.NotImplemented()),
        }
    }

    fn __truediv__(&self, other: i64) -> PyResult<f64> {
        match other {
            0 => Err(PyZeroDivisionError::new_err("no division by zero")),
            other => Ok(self.value as f64 / other as f64),
        }
    }

    fn __pow__(&self, exponent: u32, modulus: Option<i64>) -> i64 {
        let power = self.value.pow(exponent);
        modulus.map_or(power, |modulus| power % modulus)
    }

    fn __iadd__(&mut self, other: i64) {
        self.value += other;
    }

    fn __neg__(&self) -> Self {
        Self::new(-self.value)
    }

    fn __int__(&self) -> i64 {
        self.value
    }

    fn __index__(&self) -> i64 {
        self.value
    }

    fn __bool__(&self) -> bool {
        self.value != 0
    }
}

/// Has comparison and hash methods.
#[pyclass]
pub struct Ordered {
    key: i64,
}

#[pymethods]
impl Ordered {
    #[new]
    fn new(key: i64) -> Self {
        Self { key }
    }

    fn __richcmp__(&self, other: &Self, op: CompareOp) -> bool {
        op.matches(self.key.cmp(&other.key))
    }

    fn __hash__(&self) -> u64 {
        self.key as u64
    }
}

/// Behaves like a sequence.
#[pyclass(sequence)]
pub struct Sequence {
    items: Vec<i64>,
}

#[pymethods]
impl Sequence {
    #[new]
    fn new(items: Vec<i64>) -> Self {
        Self { items }
    }

    fn __len__(&self) -> usize {
        self.items.len()
    }

    fn __getitem__(&self, index: usize) -> PyResult<i64> {
        self.items
            .get(index)
            .copied()
            .ok_or_else(|| PyIndexError::new_err("no such item"))
    }

    fn __setitem__(&mut self, index: usize, value: i64) -> PyResult<()> {
        let item = self
            .items
            .get_mut(index)
            .ok_or_else(|| PyIndexError::new_err("no such item"))?;
        *item = value;
        Ok(())
    }

    fn __delitem__(&mut self, index: usize) -> PyResult<()> {
        if index >= self.items.len() {
            return Err(PyIndexError::new_err("no such item"));
        }
        self.items.remove(index);
        Ok(())
    }

    fn __contains__(&self, value: i64) -> bool {
        self.items.contains(&value)
    }

    fn __concat__(&self, other: &Self) -> Self {
        Self::new([&self.items[..], &other.items].concat())
    }
}

/// Adds as a number does, and what is no number as a sequence does.
#[pyclass]
pub struct Sum {
    #[pyo3(get)]
    value: i64,
}

#[pymethods]
impl Sum {
    #[new]
    fn new(value: i64) -> Self {
        Self { value }
    }

    fn __add__(&self, other: i64) -> Self {
        Self::new(self.value + other)
    }

    fn __concat__(&self, other: &Self) -> Self {
        Self::new(self.value * 100 + other.value)
    }
}

/// Behaves like a mapping.
#[pyclass(mapping)]
pub struct Mapping {
    items: Py<PyDict>,
}

#[pymethods]
impl Mapping {
    #[new]
    fn new(items: Py<PyDict>) -> Self {
        Self { items }
    }

    fn __len__(&self, py: Python<'_>) -> usize {
        self.items.bind(py).len()
    }

    fn __getitem__<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.items
            .bind(py)
            .get_item(key)?
            .ok_or_else(|| PyKeyError::new_err(key.clone().unbind()))
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.items.bind(py).try_iter()?.into_any())
    }
}

/// An iterator.
#[pyclass]
pub struct Steps {
    next: u32,
    end: u32,
}

#[pymethods]
impl Steps {
    #[new]
    fn new(end: u32) -> Self {
        Self { next: 0, end }
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&mut self) -> Option<u32> {
        let step = self.next;
        self.next += 1;
        (step < self.end).then_some(step)
    }
}

/// An asynchronous iterator.
#[pyclass]
pub struct AsyncSteps {
    next: u32,
    end: u32,
}

#[pymethods]
impl AsyncSteps {
    #[new]
    fn new(end: u32) -> Self {
        Self { next: 0, end }
    }

    fn __aiter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __anext__(&mut self, py: Python<'_>) -> PyResult<Py<Ready>> {
        let step = self.next;
        self.next += 1;
        match step < self.end {
            true => Py::new(py, Ready { value: Some(step) }),
            false => Err(PyStopAsyncIteration::new_err(())),
        }
    }
}

/// An awaitable that is ready at once.
#[pyclass]
pub struct Ready {
    value: Option<u32>,
}

#[pymethods]
impl Ready {
    fn __await__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&mut self) -> PyResult<()> {
        Err(pyatoll::exceptions::PyStopIteration::new_err(
            self.value.take(),
        ))
    }
}

/// A callable.
#[pyclass]
pub struct Callable;

#[pymethods]
impl Callable {
    #[new]
    fn new() -> Self {
        Self
    }

    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(
        &self,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> (usize, usize) {
        (args.len(), kwargs.map_or(0, |kwargs| kwargs.len()))
    }
}

/// A context manager that suppresses `ValueError`.
#[pyclass]
pub struct Guard {
    #[pyo3(get)]
    depth: i32,
}

#[pymethods]
impl Guard {
    #[new]
    fn new() -> Self {
        Self { depth: 0 }
    }

    fn __enter__(mut this: PyRefMut<'_, Self>) -> PyRefMut<'_, Self> {
        this.depth += 1;
        this
    }

    fn __exit__(
        &mut self,
        class: &Bound<'_, PyAny>,
        _value: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) -> bool {
        self.depth -= 1;
        let value_error = class.py().get_type::<pyatoll::exceptions::PyValueError>();
        class.is(&value_error)
    }
}

/// A descriptor that counts how often it is read.
#[pyclass]
pub struct Descriptor {
    reads: u32,
    value: Option<Py<PyAny>>,
}

#[pymethods]
impl Descriptor {
    #[new]
    fn new() -> Self {
        Self {
            reads: 0,
            value: None,
        }
    }

    fn __get__(
        &mut self,
        py: Python<'_>,
        _instance: Option<&Bound<'_, PyAny>>,
        _class: Option<&Bound<'_, PyAny>>,
    ) -> (u32, Option<Py<PyAny>>) {
        self.reads += 1;
        (
            self.reads,
            self.value.as_ref().map(|value| value.clone_ref(py)),
        )
    }

    fn __set__(&mut self, _instance: &Bound<'_, PyAny>, value: Py<PyAny>) {
        self.value = Some(value);
    }
}

/// Fills in a view of an object's memory, given by its address and length.
///
/// # Safety
/// As for `PyBuffer_FillInfo`, and the memory must be valid while the object is alive.
pub unsafe fn fill_view(
    owner: &Bound<'_, PyAny>,
    view: *mut ffi::Py_buffer,
    (start, len): (*const u8, usize),
    is_readonly: bool,
    flags: c_int,
) -> PyResult<()> {
    if view.is_null() {
        return Err(PyBufferError::new_err("no view"));
    }
    // SAFETY: upheld by the caller.
    let status = unsafe {
        ffi::PyBuffer_FillInfo(
            view,
            owner.as_ptr(),
            start.cast_mut().cast(),
            len as ffi::Py_ssize_t,
            is_readonly.into(),
            flags,
        )
    };
    match status {
        0 => Ok(()),
        _ => Err(PyErr::fetch(owner.py())),
    }
}

/// Exports its bytes through the buffer protocol.
#[pyclass(frozen)]
pub struct Buffer {
    bytes: Vec<u8>,
}

#[pymethods]
impl Buffer {
    #[new]
    fn new(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    unsafe fn __getbuffer__(
        this: Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        let bytes = &this.get().bytes;
        let memory = (bytes.as_ptr(), bytes.len());
        // SAFETY: `view` is the caller's to fill in. It keeps `this` alive, which is frozen, so the
        // bytes do not move.
        unsafe { fill_view(this.as_any(), view, memory, true, flags) }
    }
}
