//! What a class gets besides its own slots: sequence items by way of `__getitem__`, and
//! `Class[item]` for `generic`.

use std::ffi::c_int;

use pyo3_ffi as ffi;

/// `sq_item` of a class with `__getitem__`: C code that takes it for a sequence asks by number.
///
/// # Safety
/// Called by CPython, attached, with an instance.
pub(super) unsafe extern "C" fn item(
    object: *mut ffi::PyObject,
    index: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: attached; the new reference to the index is released.
    unsafe {
        let index = ffi::PyLong_FromSsize_t(index);
        if index.is_null() {
            return index;
        }
        let result = ffi::PyObject_GetItem(object, index);
        ffi::Py_DECREF(index);
        result
    }
}

/// `sq_ass_item` of a class with `__setitem__` or `__delitem__`.
///
/// # Safety
/// Called by CPython, attached, with an instance; a null value deletes.
pub(super) unsafe extern "C" fn assign_item(
    object: *mut ffi::PyObject,
    index: ffi::Py_ssize_t,
    value: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: attached; the new reference to the index is released.
    unsafe {
        let index = ffi::PyLong_FromSsize_t(index);
        if index.is_null() {
            return -1;
        }
        let result = if value.is_null() {
            ffi::PyObject_DelItem(object, index)
        } else {
            ffi::PyObject_SetItem(object, index, value)
        };
        ffi::Py_DECREF(index);
        result
    }
}

unsafe extern "C" fn class_getitem(
    class: *mut ffi::PyObject,
    item: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls it attached, with both alive.
    unsafe { ffi::Py_GenericAlias(class, item) }
}

/// `__class_getitem__` of a `generic` class.
pub(super) const CLASS_GETITEM: ffi::PyMethodDef = ffi::PyMethodDef {
    ml_name: c"__class_getitem__".as_ptr(),
    ml_meth: ffi::PyMethodDefPointer {
        PyCFunction: class_getitem,
    },
    ml_flags: ffi::METH_O | ffi::METH_CLASS,
    ml_doc: c"See PEP 585".as_ptr(),
};
