//! Dicts, with strong references where CPython once lent borrowed ones.

use crate::capi::{self as ffi, at_least};

/// Returns the item of a dict under a key: a new reference, or null, in which case an exception may
/// be set.
///
/// # Safety
/// The thread must be attached; `dict` must be a dict, both alive.
pub(crate) unsafe fn item_of_dict(
    dict: *mut ffi::PyObject,
    key: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    let mut item = std::ptr::null_mut();
    // SAFETY: attached, with live objects (upheld by the caller). Below 3.13 there is a GIL, and
    // nothing runs before the borrowed item gets its reference.
    unsafe { ffi::compat::PyDict_GetItemRef(dict, key, &raw mut item) };
    item
}

/// Puts `value` into a dict unless the key is in it already, and returns the item that is then
/// under the key: a new reference, or null with an exception set.
///
/// # Safety
/// The thread must be attached; `dict` must be a dict, all of them alive.
pub(crate) unsafe fn item_or_insert(
    dict: *mut ffi::PyObject,
    key: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    if at_least(13) {
        let mut item = std::ptr::null_mut();
        // SAFETY: attached, with live objects (upheld by the caller).
        unsafe { ffi::PyDict_SetDefaultRef(dict, key, value, &raw mut item) };
        return item;
    }
    // SAFETY: attached, with live objects (upheld by the caller). The GIL is held until the
    // borrowed item has its reference.
    unsafe {
        let item = ffi::PyDict_SetDefault(dict, key, value);
        ffi::Py_XINCREF(item);
        item
    }
}
