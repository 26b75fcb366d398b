//! Every macro, with the library renamed to `pyo3` in `Cargo.toml` and no `crate = "…"`: generated
//! code names the library as this package's `Cargo.toml` does.

#[cfg(test)]
mod paths;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::{create_exception, intern};

create_exception!(renamed, Refused, PyException);

/// A point, converted both ways.
#[derive(FromPyObject, IntoPyObject, IntoPyObjectRef)]
pub struct Point {
    x: i32,
    y: i32,
}

/// A direction.
#[pyclass(eq, eq_int)]
#[derive(PartialEq)]
pub enum Way {
    /// To the left.
    Left,
    /// To the right.
    Right,
}

/// Walks along x.
#[pyclass]
pub struct Walker {
    #[pyo3(get, set)]
    step: i32,
}

#[pymethods]
impl Walker {
    #[new]
    #[pyo3(signature = (step = 1))]
    fn new(step: i32) -> Self {
        Self { step }
    }

    fn __add__(&self, other: PyRef<'_, Self>) -> Self {
        Self {
            step: self.step + other.step,
        }
    }

    #[pyo3(signature = (point, *, way = None))]
    fn walk(&self, point: Point, way: Option<&Way>) -> PyResult<Point> {
        match way {
            None => Err(Refused::new_err("which way?")),
            Some(Way::Left) => Ok(Point {
                x: point.x - self.step,
                ..point
            }),
            Some(Way::Right) => Ok(Point {
                x: point.x + self.step,
                ..point
            }),
        }
    }
}

#[pyfunction]
fn name_of<'py>(class: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    class.getattr(intern!(class.py(), "__name__"))
}

#[pymodule]
fn renamed(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<Walker>()?;
    m.add_class::<Way>()?;
    m.add("Refused", m.py().get_type::<Refused>())?;
    m.add_function(wrap_pyfunction!(name_of, m)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pyo3::wrap_pymodule;

    #[test]
    fn a_build_script_learns_which_python_it_is_for() {
        let configured = env!("CONFIGURED_PYTHON");
        let running = Python::attach(|py| {
            let version = py.version_info();
            format!("{}.{}", version.major, version.minor)
        });
        assert_eq!(configured, running);
        const { assert!(cfg!(Py_3_11), "`use_pyo3_cfgs` sets the `cfg`s") };
    }

    #[test]
    fn code_with_pyo3s_names_works_under_that_name() {
        Python::attach(|py| {
            let module = wrap_pymodule!(renamed)(py);
            let names = pyo3::types::PyDict::new(py);
            names.set_item("renamed", module)?;
            py.run(
                c"
from types import SimpleNamespace
walker = renamed.Walker(2) + renamed.Walker()
walked = walker.walk(SimpleNamespace(x=1, y=2), way=renamed.Way.Right)
assert walked == {'x': 4, 'y': 2}, walked
try:
    walker.walk(SimpleNamespace(x=1, y=2))
except renamed.Refused as error:
    assert str(error) == 'which way?'
else:
    raise AssertionError('not refused')
assert renamed.name_of(renamed.Walker) == 'Walker'
",
                Some(&names),
                None,
            )
        })
        .unwrap();
    }
}
