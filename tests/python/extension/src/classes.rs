//! Classes of all kinds.

use std::sync::atomic::{AtomicI64, Ordering};

use pyatoll::exceptions::PyAttributeError;
use pyatoll::prelude::*;
use pyatoll::types::{PyDict, PyTuple, PyType};
use pyatoll::{PyTraverseError, PyVisit};

/// Has readable and writable fields, and equality.
#[pyclass(get_all, set_all, eq, str = "({x}, {y})")]
#[derive(Clone, PartialEq, Default)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

#[pymethods]
impl Point {
    #[classattr]
    const DIMENSIONS: u8 = 2;

    #[new]
    #[pyo3(signature = (x = 0.0, y = 0.0))]
    fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// A point by its angle and distance.
    #[staticmethod]
    fn polar(distance: f64, angle: f64) -> Self {
        Self {
            x: distance * angle.cos(),
            y: distance * angle.sin(),
        }
    }

    /// Returns the name of the class it was called on.
    #[classmethod]
    fn class_name(class: &Bound<'_, PyType>) -> PyResult<String> {
        Ok(class.name()?.to_string())
    }

    fn moved(&self, by: &Point) -> Point {
        Point {
            x: self.x + by.x,
            y: self.y + by.y,
        }
    }

    fn move_by(&mut self, x: f64, y: f64) {
        self.x += x;
        self.y += y;
    }

    fn __repr__(&self) -> String {
        format!("Point({}, {})", self.x, self.y)
    }
}

/// Immutable and hashable.
#[pyclass(frozen, eq, ord, hash, get_all, module = "pyatoll_tests")]
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Frozen {
    number: i64,
    text: String,
}

#[pymethods]
impl Frozen {
    #[new]
    fn new(number: i64, text: String) -> Self {
        Self { number, text }
    }

    fn __getnewargs__(&self) -> (i64, String) {
        (self.number, self.text.clone())
    }
}

/// Getters, setters and deleters.
#[pyclass]
#[derive(Default)]
pub struct Properties {
    #[pyo3(get, set)]
    plain: i64,
    value: Option<i64>,
}

#[pymethods]
impl Properties {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    #[getter]
    fn value(&self) -> PyResult<i64> {
        self.value.ok_or_else(|| PyAttributeError::new_err("value"))
    }

    #[setter]
    fn set_value(&mut self, value: i64) {
        self.value = Some(value);
    }

    #[deleter]
    fn delete_value(&mut self) {
        self.value = None;
    }
}

#[pymethods]
impl Properties {
    /// In a second `#[pymethods]` block.
    fn both(&self) -> (i64, Option<i64>) {
        (self.plain, self.value)
    }
}

/// Attributes whose accessors are in several places, or incomplete.
#[pyclass]
#[derive(Default)]
pub struct Accessors {
    #[pyo3(get)]
    clamped: i64,
    #[pyo3(set)]
    field: i64,
    secret: Option<String>,
}

#[pymethods]
impl Accessors {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// The getter is the field's.
    #[setter]
    fn set_clamped(&mut self, clamped: i64) {
        self.clamped = clamped.clamp(0, 10);
    }

    /// There is no getter.
    #[setter]
    fn set_secret(&mut self, secret: String) {
        self.secret = Some(secret);
    }

    #[deleter]
    fn delete_secret(&mut self) {
        self.secret = None;
    }

    /// There is nothing else.
    #[deleter]
    fn delete_all(&mut self) {
        *self = Self::default();
    }

    fn sum(&self) -> i64 {
        self.clamped + self.field + self.secret.as_ref().map_or(0, |secret| secret.len() as i64)
    }
}

/// Can be subclassed.
#[pyclass(subclass)]
pub struct Animal {
    name: String,
}

#[pymethods]
impl Animal {
    #[new]
    fn new(name: String) -> Self {
        Self { name }
    }

    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    fn speak(&self) -> String {
        format!("{} is silent", self.name)
    }
}

/// Extends a Rust class.
#[pyclass(extends = Animal, subclass)]
pub struct Dog {
    tricks: Vec<String>,
}

#[pymethods]
impl Dog {
    #[new]
    #[pyo3(signature = (name, *tricks))]
    fn new(name: String, tricks: &Bound<'_, PyTuple>) -> PyResult<PyClassInitializer<Self>> {
        let mut of_dog = Vec::new();
        for trick in tricks {
            of_dog.push(trick.extract()?);
        }
        let animal = PyClassInitializer::from(Animal::new(name));
        Ok(animal.add_subclass(Self { tricks: of_dog }))
    }

    fn speak(this: PyRef<'_, Self>) -> String {
        let tricks = this.tricks.join(", ");
        format!("{} barks; {tricks}", this.as_super().name)
    }
}

/// Extends a built-in class.
#[pyclass(extends = PyDict)]
pub struct DictOfOurs {
    #[pyo3(get)]
    tag: i32,
}

#[pymethods]
impl DictOfOurs {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self { tag: 5 }
    }
}

/// Has a `__dict__` and supports weak references.
#[pyclass(dict, weakref, subclass)]
pub struct Open;

#[pymethods]
impl Open {
    #[new]
    fn new() -> Self {
        Self
    }
}

/// Can be used only by the thread that created it.
#[pyclass(unsendable)]
pub struct Unsendable {
    value: std::rc::Rc<i32>,
}

#[pymethods]
impl Unsendable {
    #[new]
    fn new(value: i32) -> Self {
        Self {
            value: std::rc::Rc::new(value),
        }
    }

    fn value(&self) -> i32 {
        *self.value
    }
}

/// Number of live nodes in the process.
static NODES: AtomicI64 = AtomicI64::new(0);

/// Refers to any object, and takes part in garbage collection.
#[pyclass]
pub struct Node {
    next: Option<Py<PyAny>>,
}

#[pymethods]
impl Node {
    #[new]
    #[pyo3(signature = (next = None))]
    fn new(next: Option<Py<PyAny>>) -> Self {
        NODES.fetch_add(1, Ordering::Relaxed);
        Self { next }
    }

    #[getter]
    fn next(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.next.as_ref().map(|next| next.clone_ref(py))
    }

    #[setter]
    fn set_next(&mut self, next: Option<Py<PyAny>>) {
        self.next = next;
    }

    /// Returns the number of live nodes in the process.
    #[staticmethod]
    fn alive() -> i64 {
        NODES.load(Ordering::Relaxed)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.next)
    }

    fn __clear__(&mut self) {
        self.next = None;
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        NODES.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A simple enum.
#[pyclass(eq, eq_int, hash, frozen)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Color {
    Red = 1,
    Green,
    Blue = 10,
}

#[pymethods]
impl Color {
    fn next(&self) -> Self {
        match self {
            Self::Red => Self::Green,
            Self::Green => Self::Blue,
            Self::Blue => Self::Red,
        }
    }
}

/// An ordered simple enum.
#[pyclass(eq, ord)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Planet {
    Mercury,
    Venus,
    Earth,
}

/// A complex enum.
#[pyclass]
pub enum Shape {
    Circle {
        radius: f64,
    },
    Rectangle {
        width: f64,
        height: f64,
    },
    #[pyo3(constructor = (x = 0, y = 0))]
    Dot {
        x: i32,
        y: i32,
    },
}

#[pymethods]
impl Shape {
    fn area(&self) -> f64 {
        match self {
            Self::Circle { radius } => radius * radius * std::f64::consts::PI,
            Self::Rectangle { width, height } => width * height,
            Self::Dot { .. } => 0.0,
        }
    }
}
