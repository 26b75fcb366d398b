//! `datetime.tzinfo` as a base of classes. Each interpreter has its own type object, which may be
//! written in Python; instances have the layout of `object`.

use std::ffi::{c_int, c_void};

use pyo3_ffi as ffi;

use super::base::{ClassBase, NativeInitializer};
use super::borrow_flag::BorrowFlag;
use super::parts::Header;
use crate::error::PyResult;
use crate::exceptions::PySystemError;
use crate::interpreter::Python;
use crate::object::{Bound, PyTypeInfo};
use crate::types::{PyAny, PyTzInfo};

// SAFETY: `base_type` checks that the layout of an instance is that of `object`, so the functions
// are those for `object`. An instance is always tracked by the collector, since those of a class
// written in Python are.
unsafe impl ClassBase for PyTzInfo {
    type Layout = <PyAny as ClassBase>::Layout;
    type OwnHeader = Header;
    type Initializer = NativeInitializer<PyTzInfo>;
    const SIZE: usize = PyAny::SIZE;
    const HEADER: usize = PyAny::HEADER;
    const NEEDS_DROP: bool = false;
    const HAS_DICT_OR_WEAKREFS: bool = false;

    fn base_type<'py>(
        py: Python<'py>,
        _module: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<*mut ffi::PyTypeObject> {
        let class = PyTzInfo::type_object_raw(py);
        // SAFETY: a live type object.
        let (actual, offsets) = unsafe {
            let offsets = ((*class).tp_dictoffset, (*class).tp_weaklistoffset);
            ((*class).tp_basicsize as usize, offsets)
        };
        if actual == PyAny::SIZE && offsets == (0, 0) {
            return Ok(class);
        }
        let size = PyAny::SIZE;
        Err(PySystemError::new_err(format!(
            "an instance of the base class has {actual} bytes in this Python, not {size}"
        )))
    }

    fn has_dict_and_weak_list() -> (bool, bool) {
        (false, false)
    }

    fn is_collected() -> bool {
        true
    }

    #[inline]
    unsafe fn borrow_flag<'a>(_object: *mut ffi::PyObject) -> Option<&'a BorrowFlag> {
        None
    }

    #[inline]
    unsafe fn check_thread(_object: *mut ffi::PyObject) {}

    #[inline]
    unsafe fn allocate(
        py: Python<'_>,
        subtype: *mut ffi::PyTypeObject,
        size: usize,
    ) -> PyResult<*mut ffi::PyObject> {
        // SAFETY: upheld by the caller: `subtype` derives from this type, and so from `object`.
        unsafe { PyAny::allocate(py, subtype, size) }
    }

    unsafe extern "C" fn traverse(
        object: *mut ffi::PyObject,
        visit: ffi::visitproc,
        arg: *mut c_void,
    ) -> c_int {
        // SAFETY: upheld by the caller: called by the collector with a live instance.
        unsafe { PyAny::traverse(object, visit, arg) }
    }

    unsafe extern "C" fn clear(_object: *mut ffi::PyObject) -> c_int {
        0
    }

    unsafe fn drop_value(_object: *mut ffi::PyObject) {}

    unsafe fn clear_dict_and_weakrefs(_object: *mut ffi::PyObject) {}

    unsafe fn free(object: *mut ffi::PyObject) {
        // SAFETY: upheld by the caller: attached; an instance whose values are dropped.
        unsafe { PyAny::free(object) }
    }
}
