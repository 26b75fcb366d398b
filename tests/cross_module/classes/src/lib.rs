//! Classes that the modules `cross_one`, `cross_two` and, as another build, `cross_other` share.

use std::sync::atomic::{AtomicU64, Ordering};

use pyatoll::exceptions::PyValueError;
use pyatoll::intern;
use pyatoll::prelude::*;
use pyatoll::pyclass::CrossModule;
use pyatoll::sync::PyOnceLock;
use pyatoll::types::PyDict;

/// Values that exist, as this module counts them.
pub static ALIVE: AtomicU64 = AtomicU64::new(0);

/// A point, which tells how many exist.
#[pyclass(
    cross_module,
    subclass,
    dict,
    weakref,
    get_all,
    set_all,
    from_py_object
)]
pub struct Point {
    /// The first coordinate.
    pub x: f64,
    /// The second coordinate.
    pub y: f64,
    /// A text, which is allocated.
    pub label: String,
    #[cfg(feature = "wide")]
    /// The third coordinate.
    pub z: f64,
}

// SAFETY: numbers and a text.
unsafe impl CrossModule for Point {}

impl Point {
    /// Creates a value, and counts it.
    pub fn new(x: f64, y: f64, label: &str) -> Self {
        ALIVE.fetch_add(1, Ordering::SeqCst);
        Self {
            x,
            y,
            label: label.to_owned(),
            #[cfg(feature = "wide")]
            z: 0.0,
        }
    }
}

impl Clone for Point {
    fn clone(&self) -> Self {
        Self::new(self.x, self.y, &self.label)
    }
}

impl Drop for Point {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// An object of each interpreter.
static SEEN: PyOnceLock<Py<PyDict>> = PyOnceLock::new();

#[pymethods]
impl Point {
    #[classattr]
    const DIMENSIONS: u8 = 2;

    #[new]
    #[pyo3(signature = (x = 0.0, y = 0.0, label = ""))]
    fn construct(x: f64, y: f64, label: &str) -> Self {
        Self::new(x, y, label)
    }

    #[staticmethod]
    fn origin() -> Self {
        Self::new(0.0, 0.0, "origin")
    }

    fn scale(&mut self, by: f64) {
        self.x *= by;
        self.y *= by;
    }

    fn plus(&self, other: &Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y, &self.label)
    }

    /// Uses the token of the call: interned names, objects of the interpreter, another class.
    fn visit(slf: &Bound<'_, Self>) -> PyResult<usize> {
        let py = slf.py();
        let seen = SEEN.get_or_init(py, || PyDict::new(py).unbind()).bind(py);
        seen.set_item(intern!(py, "last"), slf)?;
        seen.set_item(intern!(py, "pixel"), Pixel::of(py, 1)?)?;
        let last = seen.as_any().get_item(intern!(py, "last"))?;
        assert!(last.is(slf));
        seen.del_item(intern!(py, "last"))?;
        Ok(seen.len())
    }

    fn fail(&self) -> PyResult<()> {
        Err(PyValueError::new_err(self.label.clone()))
    }

    fn panic(&self) {
        panic!("{}", self.label)
    }

    fn __add__(&self, other: &Self) -> Self {
        self.plus(other)
    }

    fn __repr__(&self) -> String {
        format!("Point({}, {})", self.x, self.y)
    }
}

/// Extends a class that modules share.
#[pyclass(cross_module, extends = Point, subclass)]
pub struct Pixel {
    #[pyo3(get, set)]
    /// Its color.
    pub color: u32,
}

// SAFETY: a number.
unsafe impl CrossModule for Pixel {}

impl Pixel {
    /// Creates an instance.
    pub fn of(py: Python<'_>, color: u32) -> PyResult<Bound<'_, Self>> {
        let base = PyClassInitializer::from(Point::new(1.0, 2.0, "pixel"));
        Bound::new(py, base.add_subclass(Self { color }))
    }
}

#[pymethods]
impl Pixel {
    #[new]
    fn construct(color: u32) -> (Self, Point) {
        (Self { color }, Point::new(0.0, 0.0, ""))
    }

    fn brighter(slf: PyRef<'_, Self>) -> (u32, String) {
        (slf.color + 1, slf.as_super().label.clone())
    }
}

/// An enum: its variants are attributes of the one class.
#[pyclass(cross_module, eq, eq_int, from_py_object)]
#[derive(Clone, PartialEq)]
pub enum Side {
    /// One.
    Left,
    /// The other.
    Right,
}

// SAFETY: a number.
unsafe impl CrossModule for Side {}
