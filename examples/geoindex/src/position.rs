//! The class `Position`, and the forms in which functions accept a place.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::sphere::{self, Point};

/// A place on Earth, by latitude and longitude in degrees.
#[pyclass(frozen, eq, from_py_object, get_all, module = "geoindex")]
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Position {
    /// Degrees north of the equator.
    pub latitude: f64,
    /// Degrees east of Greenwich.
    pub longitude: f64,
}

impl Position {
    /// Returns the point on the unit sphere.
    pub fn point(&self) -> Point {
        sphere::point(self.latitude, self.longitude)
    }
}

#[pymethods]
impl Position {
    #[new]
    fn new(latitude: f64, longitude: f64) -> PyResult<Self> {
        if !(-90.0..=90.0).contains(&latitude) {
            return Err(PyValueError::new_err(format!(
                "a latitude is from -90 to 90, not {latitude}"
            )));
        }
        if !longitude.is_finite() {
            return Err(PyValueError::new_err(format!(
                "a longitude is a finite number, not {longitude}"
            )));
        }
        Ok(Self {
            latitude,
            longitude: (longitude + 180.0).rem_euclid(360.0) - 180.0,
        })
    }

    /// Returns the distance to another place, in meters.
    fn distance_to(&self, other: Place) -> PyResult<f64> {
        Ok(sphere::distance(self.point(), other.point()?))
    }

    fn __iter__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        let position = slf.get();
        let pair = (position.latitude, position.longitude).into_pyobject(slf.py())?;
        Ok(pair.try_iter()?.into_any().unbind())
    }

    fn __hash__(&self) -> u64 {
        self.latitude.to_bits() ^ self.longitude.to_bits().rotate_left(32)
    }

    fn __repr__(&self) -> String {
        format!("Position({}, {})", self.latitude, self.longitude)
    }

    fn __getnewargs__(&self) -> (f64, f64) {
        (self.latitude, self.longitude)
    }
}

/// A place, as functions accept it: a `Position`, or a pair of numbers.
#[derive(FromPyObject, Clone, Copy)]
pub enum Place {
    /// A `Position`.
    Position(Position),
    /// Latitude and longitude.
    #[pyo3(annotation = "tuple[float, float]")]
    Pair(f64, f64),
}

impl Place {
    /// Returns the position.
    pub fn position(self) -> PyResult<Position> {
        match self {
            Self::Position(position) => Ok(position),
            Self::Pair(latitude, longitude) => Position::new(latitude, longitude),
        }
    }

    /// Returns the point on the unit sphere.
    pub fn point(self) -> PyResult<Point> {
        Ok(self.position()?.point())
    }
}
