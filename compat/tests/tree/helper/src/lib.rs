//! A library for other extension modules, with a class and an exception but no module.

use pyo3::exceptions::PyException;
use pyo3::prelude::*;

pyo3::create_exception!(helper, EmptyRoute, PyException);

/// A sequence of stops: objects with a method `distance_to`.
#[pyclass]
#[derive(Default, Clone)]
pub struct Route {
    stops: Vec<Py<PyAny>>,
}

#[pymethods]
impl Route {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Adds a stop.
    pub fn add(&mut self, stop: Py<PyAny>) {
        self.stops.push(stop);
    }

    /// Returns the distance from the first stop to the last, through all stops.
    pub fn length(&self, py: Python<'_>) -> PyResult<f64> {
        if self.stops.is_empty() {
            return Err(EmptyRoute::new_err("no stops"));
        }
        let mut length = 0.0;
        for pair in self.stops.windows(2) {
            let distance = pair[0].call_method1(py, "distance_to", (&pair[1],))?;
            length += distance.extract::<f64>(py)?;
        }
        Ok(length)
    }
}
