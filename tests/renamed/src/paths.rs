//! Items under the paths and with the shapes that PyO3's users know, where those are easily missed.

use pyo3::class::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::DerefToPyAny;

/// A class of its own that is read as a guard, and named by its trait.
#[pyclass(name = "Renamed")]
struct Holder {
    held: Option<Py<PyAny>>,
    more: Vec<Py<PyAny>>,
}

#[pymethods]
impl Holder {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let again = visit;
        visit.call(&self.held)?;
        self.more.iter().try_for_each(|held| again.call(held))
    }

    fn __clear__(&mut self) {
        self.held = None;
        self.more.clear();
    }
}

/// A type of a foreign library: all it has to tell is the type object.
#[repr(transparent)]
struct Decimal(PyAny);

impl DerefToPyAny for Decimal {}

// SAFETY: the class lives as long as its module, which nobody removes here.
unsafe impl pyo3::PyTypeInfo for Decimal {
    fn type_object_raw(py: Python<'_>) -> *mut pyo3::ffi::PyTypeObject {
        let class = py.import("decimal").unwrap().getattr("Decimal").unwrap();
        class.as_ptr().cast()
    }
}

#[test]
fn a_class_is_named_by_its_trait() {
    assert_eq!(<Holder as pyo3::PyClass>::NAME, "Renamed");
}

#[test]
fn a_visitor_can_be_copied() {
    Python::attach(|py| {
        let holder = Holder {
            held: Some(py.None()),
            more: vec![py.None()],
        };
        let holder = Bound::new(py, holder).unwrap();
        let referents = py
            .import("gc")
            .unwrap()
            .call_method1("get_referents", (holder,));
        // `None` twice, and the class.
        assert_eq!(referents.unwrap().len().unwrap(), 3);
    });
}

#[test]
fn a_guard_converts_to_its_instance_and_stays() {
    Python::attach(|py| {
        let holder = Holder {
            held: None,
            more: Vec::new(),
        };
        let holder = Bound::new(py, holder).unwrap();
        let guard: PyClassGuard<'_, Holder> = holder.extract().unwrap();
        assert!((&guard).into_pyobject(py).unwrap().is(&holder));
        assert!(holder.try_borrow_mut().is_err());
        drop(guard);
        let guard: PyClassGuardMut<'_, Holder> = holder.extract().unwrap();
        assert!((&guard).into_pyobject(py).unwrap().is(&holder));
        assert!(holder.try_borrow().is_err());
    });
}

#[test]
fn a_foreign_type_only_tells_its_type_object() {
    Python::attach(|py| {
        let class = py.get_type::<Decimal>();
        let number: Bound<'_, Decimal> = class.call1((5,)).unwrap().cast_into().unwrap();
        assert_eq!(number.as_any().to_string(), "5");
    });
}

#[test]
#[expect(deprecated, reason = "the old paths")]
fn moved_types_are_found_where_they_were() {
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
