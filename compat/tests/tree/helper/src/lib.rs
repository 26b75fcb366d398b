//! A library for others' extension modules: it has a class and an exception, but no module.

use pyo3::exceptions::PyException;
use pyo3::prelude::*;

pyo3::create_exception!(helper, EmptyRoute, PyException);

/// Stops, one after the other: objects with a method `distance_to`.
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

    /// How far it is from the first stop to the last.
    pub fn length(&self, py: Python<'_>) -> PyResult<f64> {
        if self.stops.is_empty() {
            return Err(EmptyRoute::new_err("no stops"));
        }
        let mut length = 0.0;
        for pair in self.stops.windows(2) {
            let way = pair[0].call_method1(py, "distance_to", (&pair[1],))?;
            length += way.extract::<f64>(py)?;
        }
        Ok(length)
    }
}
