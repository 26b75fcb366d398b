//! The functions of `cross_one`, `cross_two` and `cross_other`.

use std::sync::atomic::Ordering;

use classes::{ALIVE, Pixel, Point, Side};
use pyatoll::prelude::*;

/// A class of each module that extends a shared one.
#[pyclass(extends = Point, subclass)]
pub struct Named {
    name: String,
}

#[pymethods]
impl Named {
    #[new]
    fn new(name: String) -> (Self, Point) {
        (Self { name }, Point::new(3.0, 4.0, "named"))
    }

    fn full_name(slf: PyRef<'_, Self>) -> String {
        format!("{} {}", slf.name, slf.as_super().label)
    }
}

#[pyfunction]
pub fn make(x: f64, y: f64, label: &str) -> Point {
    Point::new(x, y, label)
}

#[pyfunction]
pub fn by_value(point: Point) -> (f64, String) {
    (point.x, point.label.clone())
}

#[pyfunction]
pub fn by_reference(point: &Point) -> (f64, String) {
    (point.x, point.label.clone())
}

/// Frees the memory of the label, which another module may have allocated.
#[pyfunction]
pub fn by_mutable_reference(point: &mut Point, label: &str) {
    point.x += 1.0;
    point.label = point.label.repeat(10) + label;
}

#[pyfunction]
pub fn borrowed_twice(point: &mut Point, again: &Point) {
    point.x += again.x;
}

#[pyfunction]
pub fn pixel(py: Python<'_>, color: u32) -> PyResult<Bound<'_, Pixel>> {
    Pixel::of(py, color)
}

#[pyfunction]
pub fn color(pixel: PyRef<'_, Pixel>) -> (u32, f64) {
    (pixel.color, pixel.as_super().x)
}

#[pyfunction]
pub fn other_side(side: Side) -> Side {
    match side {
        Side::Left => Side::Right,
        Side::Right => Side::Left,
    }
}

/// Returns how many points were created and dropped by this module, in all interpreters.
#[pyfunction]
pub fn alive() -> i64 {
    ALIVE.load(Ordering::SeqCst).cast_signed()
}
