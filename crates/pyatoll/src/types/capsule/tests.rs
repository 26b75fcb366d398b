//! Tests of capsules.

use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{PyCapsule, PyCapsuleMethods};
use crate::interpreter::Python;
use crate::types::{PyAnyMethods, PyDict, PyDictMethods};

/// Counts its drops.
struct Counts(Arc<AtomicUsize>);

impl Drop for Counts {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_value_is_dropped_once_on_any_thread() {
    let drops = Arc::new(AtomicUsize::new(0));
    let capsules = Python::attach(|py| {
        let value = || Counts(drops.clone());
        [
            PyCapsule::new_with_value(py, value(), c"name").unwrap(),
            PyCapsule::new(py, value(), Some(c"owned".to_owned())).unwrap(),
            PyCapsule::new(py, value(), None).unwrap(),
        ]
        .map(|capsule| capsule.unbind())
    });
    assert_eq!(drops.load(Ordering::Relaxed), 0);
    std::thread::spawn(move || Python::attach(|_| drop(capsules)))
        .join()
        .unwrap();
    // Free-threaded builds defer the last decrement to the thread that created the objects.
    Python::attach(|py| py.run(c"import gc; gc.collect()", None, None).unwrap());
    assert_eq!(drops.load(Ordering::Relaxed), 3);
}

#[test]
fn an_owned_name_lives_with_the_capsule() {
    Python::attach(|py| {
        let name = CString::new("made at run time").unwrap();
        let capsule = PyCapsule::new(py, 5_u64, Some(name.clone())).unwrap();
        let pointer = capsule.pointer_checked(Some(&name)).unwrap();
        // SAFETY: the capsule holds a `u64`; it is alive, and so is its name.
        unsafe {
            assert_eq!(*pointer.cast::<u64>().as_ref(), 5);
            assert_eq!(capsule.name().unwrap().unwrap().as_cstr(), &*name);
        }
        let nameless = PyCapsule::new(py, (), None).unwrap();
        assert!(nameless.name().unwrap().is_none());
        assert!(nameless.is_valid_checked(None));
    });
}

#[test]
fn a_panic_in_a_destructor_does_not_propagate() {
    Python::attach(|py| {
        let drops = Arc::new(AtomicUsize::new(0));
        let value = Counts(drops.clone());
        let capsule = PyCapsule::new_with_value_and_destructor(py, value, c"name", |_value, _| {
            panic!("expected: a destructor's panic")
        });
        drop(capsule.unwrap());
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_raised_exception_survives_a_destructor() {
    Python::attach(|py| {
        let names = PyDict::new(py);
        let capsule = PyCapsule::new_with_destructor(py, (), None, |(), _| {
            Python::attach(|py| assert!(py.eval(c"1 / 0", None, None).is_err()));
        });
        names.set_item("held", [capsule.unwrap()]).unwrap();
        // `list` drops its items, the capsule among them, while the exception is set.
        let code = c"
def items():
    yield held.pop()
    raise IndexError('kept')
try:
    list(items())
except IndexError as error:
    seen = str(error)
";
        py.run(code, Some(&names), None).unwrap();
        let seen = names.get_item("seen").unwrap().unwrap();
        assert_eq!(seen.to_string(), "kept");
    });
}

#[test]
fn a_capsule_is_imported_by_its_name_only() {
    Python::attach(|py| {
        let capsule = PyCapsule::new_with_value(py, 7_u64, c"sys.pyatoll_seven").unwrap();
        let sys = py.import("sys").unwrap();
        sys.setattr("pyatoll_seven", &capsule).unwrap();
        sys.setattr("pyatoll_eight", &capsule).unwrap();
        // SAFETY: the capsule holds a `u64`.
        let seven = unsafe { PyCapsule::import::<u64>(py, c"sys.pyatoll_seven") };
        assert_eq!(*seven.unwrap(), 7);
        assert!(PyCapsule::import_pointer(py, c"sys.pyatoll_eight").is_err());
        assert!(PyCapsule::import_pointer(py, c"sys.nothing_here").is_err());
        sys.delattr("pyatoll_seven").unwrap();
        sys.delattr("pyatoll_eight").unwrap();
    });
}

#[test]
fn an_unaligned_pointer_is_refused() {
    #[repr(C, align(8))]
    struct Bytes([u8; 16]);
    static BYTES: Bytes = Bytes([0; 16]);
    Python::attach(|py| {
        let pointer = std::ptr::NonNull::from(&BYTES.0[1]).cast();
        // SAFETY: the pointer is to a static, and is never read through.
        let capsule = unsafe { PyCapsule::new_with_pointer(py, pointer, c"sys.pyatoll_odd") };
        let sys = py.import("sys").unwrap();
        sys.setattr("pyatoll_odd", capsule.unwrap()).unwrap();
        // SAFETY: the pointer is refused before it is read.
        let error = unsafe { PyCapsule::import::<u64>(py, c"sys.pyatoll_odd") };
        let error = error.unwrap_err().to_string();
        assert!(error.contains("is not aligned to rust type u64"), "{error}");
        sys.delattr("pyatoll_odd").unwrap();
    });
}
