//! A module in the module, with what `pickle` carries between interpreters.

use pyatoll::prelude::*;

/// What pickle carries.
#[pymodule(submodule)]
pub mod post {
    use pyatoll::prelude::*;

    /// A class with fields, a constructor that differs from them, and a `__dict__`.
    #[pyclass(pickle, eq, get_all, subclass, dict)]
    #[derive(PartialEq, Clone)]
    pub struct Parcel {
        contents: Vec<String>,
        weight: Option<f64>,
    }

    #[pymethods]
    impl Parcel {
        #[new]
        #[pyo3(signature = (*contents))]
        fn new(contents: Vec<String>) -> Self {
            Self {
                contents,
                weight: Some(0.5),
            }
        }

        fn count(&self) -> usize {
            self.contents.len()
        }

        #[staticmethod]
        fn unit() -> &'static str {
            "kg"
        }

        #[classmethod]
        fn empty(cls: &Bound<'_, pyatoll::types::PyType>) -> PyResult<Py<PyAny>> {
            Ok(cls.call0()?.unbind())
        }
    }

    #[pyclass(pickle, eq, frozen)]
    #[derive(PartialEq, Clone)]
    pub enum Route {
        Direct(),
        Via { stops: Vec<i32> },
    }

    #[pyclass(pickle, eq)]
    #[derive(PartialEq, Clone)]
    pub enum Stamp {
        Red,
        Black,
    }

    #[pyclass(enum = "IntEnum")]
    pub enum Priority {
        Low = 1,
        High = 10,
    }

    /// Returns what it was given.
    #[pyfunction]
    fn deliver(
        parcel: &Parcel,
        route: Bound<'_, Route>,
        priority: Priority,
    ) -> (usize, Py<Route>, Priority) {
        (parcel.count(), route.unbind(), priority)
    }

    #[pymodule]
    mod office {
        use pyatoll::prelude::*;

        #[pyfunction]
        fn interpreter(py: Python<'_>) -> i64 {
            py.interpreter().id()
        }
    }
}
