//! Slots that follow from other items and options: sequence items through `__getitem__`,
//! `Class[item]` for `generic`, and the `tp_new` of a class without a constructor.

use std::ffi::c_int;

use crate::capi as ffi;

/// Implements `sq_item` for a class with `__getitem__`: C code may treat instances as sequences.
///
/// # Safety
/// Called by CPython, attached, with an instance.
pub(super) unsafe extern "C" fn item(
    object: *mut ffi::PyObject,
    index: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: attached, and `object` is alive (upheld by the caller); the new reference to the
    // index is released.
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

/// Implements `sq_ass_item` for a class with `__setitem__` or `__delitem__`.
///
/// # Safety
/// Called by CPython, attached, with an instance; a null value deletes.
pub(super) unsafe extern "C" fn assign_item(
    object: *mut ffi::PyObject,
    index: ffi::Py_ssize_t,
    value: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: attached, and the objects are alive (upheld by the caller); the new reference to the
    // index is released.
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
    // SAFETY: called by CPython, attached, with live objects.
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

/// Implements `tp_new` for a class without a constructor: raises a `TypeError`.
///
/// # Safety
/// Called by CPython, attached, with a type.
pub(super) unsafe extern "C" fn no_constructor(
    subtype: *mut ffi::PyTypeObject,
    _arguments: *mut ffi::PyObject,
    _keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: attached, and `subtype` is alive (upheld by the caller); the names are new
    // references or null.
    unsafe {
        let module = ffi::PyObject_GetAttrString(subtype.cast(), c"__module__".as_ptr());
        if module.is_null() {
            return module;
        }
        let name = ffi::PyObject_GetAttrString(subtype.cast(), c"__qualname__".as_ptr());
        if !name.is_null() {
            ffi::PyErr_Format(
                ffi::PyExc_TypeError,
                c"cannot create '%S.%S' instances".as_ptr(),
                module,
                name,
            );
            ffi::Py_DECREF(name);
        }
        ffi::Py_DECREF(module);
    }
    std::ptr::null_mut()
}
