//! Items whose paths and signatures in PyO3 are easily overlooked.

use pyo3::class::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::DerefToPyAny;

/// A class that is extracted as a guard, and whose name is read from its trait.
#[pyclass(name = "Renamed")]
struct Container {
    item: Option<Py<PyAny>>,
    more: Vec<Py<PyAny>>,
}

#[pymethods]
impl Container {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let again = visit;
        visit.call(&self.item)?;
        self.more.iter().try_for_each(|item| again.call(item))
    }

    fn __clear__(&mut self) {
        self.item = None;
        self.more.clear();
    }
}

/// A type of a foreign library, which only provides the type object.
#[repr(transparent)]
struct Decimal(PyAny);

impl DerefToPyAny for Decimal {}

// SAFETY: the module keeps the class alive, and no test removes it from `sys.modules`.
unsafe impl pyo3::PyTypeInfo for Decimal {
    fn type_object_raw(py: Python<'_>) -> *mut pyo3::ffi::PyTypeObject {
        let class = py.import("decimal").unwrap().getattr("Decimal").unwrap();
        class.as_ptr().cast()
    }
}

#[test]
fn the_trait_has_the_name_of_a_class() {
    assert_eq!(<Container as pyo3::PyClass>::NAME, "Renamed");
}

#[test]
fn a_visitor_can_be_copied() {
    Python::attach(|py| {
        let container = Container {
            item: Some(py.None()),
            more: vec![py.None()],
        };
        let container = Bound::new(py, container).unwrap();
        let referents = py
            .import("gc")
            .unwrap()
            .call_method1("get_referents", (container,));
        // `None` twice, and the class.
        assert_eq!(referents.unwrap().len().unwrap(), 3);
    });
}

#[test]
fn a_guard_converts_to_its_instance_and_keeps_its_borrow() {
    Python::attach(|py| {
        let container = Container {
            item: None,
            more: Vec::new(),
        };
        let container = Bound::new(py, container).unwrap();
        let guard: PyClassGuard<'_, Container> = container.extract().unwrap();
        assert!((&guard).into_pyobject(py).unwrap().is(&container));
        assert!(container.try_borrow_mut().is_err());
        drop(guard);
        let guard: PyClassGuardMut<'_, Container> = container.extract().unwrap();
        assert!((&guard).into_pyobject(py).unwrap().is(&container));
        assert!(container.try_borrow().is_err());
    });
}

#[test]
fn a_foreign_type_only_needs_its_type_object() {
    Python::attach(|py| {
        let class = py.get_type::<Decimal>();
        let number: Bound<'_, Decimal> = class.call1((5,)).unwrap().cast_into().unwrap();
        assert_eq!(number.as_any().to_string(), "5");
    });
}

#[test]
#[expect(deprecated, reason = "the old paths")]
fn moved_types_are_available_under_their_old_paths() {
    Python::attach(|py| {
        let mut builder = pyo3::types::PyFrozenSetBuilder::new(py).unwrap();
        builder.add(1).unwrap();
        let set: Bound<'_, pyo3::types::PyFrozenSet> = builder.finalize();
        assert_eq!(set.len(), 1);
        let bytes = pyo3::types::bytes::PyBytes::new(py, b"a");
        assert_eq!(bytes.as_bytes(), b"a");
        assert!(pyo3::basic::CompareOp::Lt.matches(1.cmp(&2)));
        let _: fn(pyo3::gc::PyVisit<'_>) = |_| ();
        let file = pyo3::types::PyCodeInput::File;
        assert!(matches!(file, pyo3::types::code::PyCodeInput::File));
    });
}
