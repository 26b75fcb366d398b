//! Differences between CPython versions and builds that concern its types, as functions with the
//! same meaning on every version.

use std::ffi::{CStr, c_int};

use super::returned::new_reference;
use crate::capi::{self as ffi, at_least};
use crate::error::PyResult;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyAnyMethods, PyFrame, PyFrameMethods, PyString, PyType, PyTypeMethods};

/// Whether other threads may change an object while this thread is attached and runs no Python
/// code, as on free-threaded builds. A build for abi3t expects it everywhere.
pub(super) const FREE_THREADED: bool = cfg!(Py_GIL_DISABLED);

/// Returns the length of a list: iterators ask for it at each item.
///
/// # Safety
/// The thread must be attached; `list` must be a live list.
#[inline]
pub(super) unsafe fn len_of_list(list: *mut ffi::PyObject) -> ffi::Py_ssize_t {
    // SAFETY: attached; a live list (upheld by the caller). With the GIL held, no other thread
    // changes it; without one, the function reads the length atomically.
    unsafe {
        if FREE_THREADED {
            ffi::PyList_Size(list)
        } else {
            ffi::PyList_GET_SIZE(list)
        }
    }
}

/// Does what `PyDict_SetDefaultRef` does: adds an entry if the key is missing, in one step, and
/// writes a new reference to the value of the key to `item`, or null. Returns whether the key was
/// there, or -1 with an exception set.
///
/// Before 3.13, presence is determined by a separate lookup. The answer can only be wrong if
/// hashing or comparing keys runs code that changes the dict in between, and the value under the
/// key afterwards is `value` itself.
///
/// # Safety
/// The thread must be attached; `dict` must be a dict; all objects must be alive.
pub(super) unsafe fn set_default(
    dict: *mut ffi::PyObject,
    key: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    item: &mut *mut ffi::PyObject,
) -> c_int {
    // SAFETY: attached, with live objects (upheld by the caller). Before 3.13 there is a GIL, which
    // is held until the borrowed item has its reference.
    unsafe {
        if at_least(13) {
            return ffi::PyDict_SetDefaultRef(dict, key, value, item);
        }
        let was_there = ffi::PyDict_Contains(dict, key);
        if was_there < 0 {
            return -1;
        }
        let found = ffi::PyDict_SetDefault(dict, key, value);
        if found.is_null() {
            return -1;
        }
        *item = ffi::Py_NewRef(found);
        c_int::from(was_there != 0 || found != value)
    }
}

/// Returns whether the table of functions of `datetime` is a static in C, the same in all
/// interpreters. Before 3.13, the module allocates it, and its capsule frees it.
pub(super) fn datetime_table_is_static() -> bool {
    at_least(13)
}

/// The module that has `CapsuleType`.
#[cfg(feature = "experimental-inspect")]
pub(super) const CAPSULE_MODULE: &str = if cfg!(Py_3_13) {
    "types"
} else {
    "typing_extensions"
};

/// The module that has `Buffer`.
#[cfg(feature = "experimental-inspect")]
pub(super) const BUFFER_MODULE: &str = if cfg!(Py_3_12) {
    "collections.abc"
} else {
    "typing_extensions"
};

/// Whether a reference keeps a `bytes` in memory beyond the end of its interpreter. Free-threaded
/// builds make constants immortal (`intern_constants` in codeobject.c), also ones that were objects
/// before, and free them at the end (`_PyCode_Fini`).
pub(super) const BYTES_OUTLIVE_INTERPRETERS: bool = cfg!(not(Py_GIL_DISABLED));

/// The token for bytes that are borrowed for `$a`: any, where [`BYTES_OUTLIVE_INTERPRETERS`].
#[cfg(not(Py_GIL_DISABLED))]
macro_rules! token_of_bytes {
    ($a:lifetime) => {
        $crate::Python<'_>
    };
}
#[cfg(Py_GIL_DISABLED)]
macro_rules! token_of_bytes {
    ($a:lifetime) => {
        $crate::Python<$a>
    };
}
pub(super) use token_of_bytes;

/// Compares a `str` with a Rust string.
pub(super) fn str_equals(object: Borrowed<'_, '_, PyString>, text: &str) -> bool {
    if !at_least(13) {
        return object.to_str().is_ok_and(|own| own == text);
    }
    let len = text.len() as ffi::Py_ssize_t;
    // SAFETY: attached; `object` is a `str`; `text` is valid UTF-8 of this length. Never fails.
    unsafe { ffi::PyUnicode_EqualToUTF8AndSize(object.as_ptr(), text.as_ptr().cast(), len) == 1 }
}

/// Converts a `str` created through the legacy API, which Python 3.12 removed, to its canonical
/// form.
#[inline(always)]
pub(super) fn make_ready(text: &Bound<'_, PyString>) -> PyResult<()> {
    if at_least(12) {
        return Ok(());
    }
    // SAFETY: attached; `text` is a `str`.
    super::returned::status(text.py(), unsafe { ffi::PyUnicode_READY(text.as_ptr()) })
}

/// Returns the `__module__` of a class, which may be any object.
pub(super) fn module_of_class<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: attached; `class` is a class; returns a new reference or null.
    unsafe {
        let module = if at_least(13) {
            ffi::PyType_GetModuleName(class.as_ptr().cast())
        } else {
            ffi::PyObject_GetAttrString(class.as_ptr(), c"__module__".as_ptr())
        };
        new_reference(class.py(), module)
    }
}

/// Returns the module and qualified name of a class; only the latter for `builtins` and
/// `__main__`.
pub(super) fn fully_qualified_name<'py>(
    class: &Bound<'py, PyType>,
) -> PyResult<Bound<'py, PyString>> {
    if at_least(13) {
        // SAFETY: attached; `class` is a class; returns a new `str` or null.
        return unsafe {
            let name = ffi::PyType_GetFullyQualifiedName(class.as_ptr().cast());
            new_reference(class.py(), name)
        };
    }
    let name = class.qualname()?;
    match module_of_class(class)?.cast::<PyString>() {
        Ok(module) => match super::string::to_string_lossy(module).as_ref() {
            "builtins" | "__main__" => Ok(name),
            module => Ok(PyString::new(class.py(), &format!("{module}.{name}"))),
        },
        Err(_) => Ok(name),
    }
}

/// Returns the value of a frame's local variable, or a `NameError`.
pub(super) fn variable_of_frame<'py>(
    frame: &Bound<'py, PyFrame>,
    name: &CStr,
) -> PyResult<Bound<'py, PyAny>> {
    if at_least(12) {
        // SAFETY: attached; `frame` is a frame; the name is only read; returns a new reference or
        // null.
        return unsafe {
            let value = ffi::PyFrame_GetVarString(frame.as_ptr().cast(), name.as_ptr().cast_mut());
            new_reference(frame.py(), value)
        };
    }
    let text = name.to_string_lossy();
    frame.locals().get_item(text.as_ref()).map_err(|_| {
        crate::exceptions::PyNameError::new_err(format!("variable '{text}' does not exist"))
    })
}

/// Deprecated aliases of types that only some versions have.
pub mod moved {
    /// An alias of [`sync::PyMutex`](crate::sync::PyMutex).
    #[cfg(Py_3_13)]
    #[cfg_attr(not(api_diff), doc(hidden))]
    #[deprecated(note = "moved to `sync::PyMutex`")]
    pub type PyMutex<T> = crate::sync::PyMutex<T>;

    /// An alias of [`sync::PyMutexGuard`](crate::sync::PyMutexGuard).
    #[cfg(Py_3_13)]
    #[cfg_attr(not(api_diff), doc(hidden))]
    #[deprecated(note = "moved to `sync::PyMutexGuard`")]
    pub type PyMutexGuard<'a, T> = crate::sync::PyMutexGuard<'a, T>;
}
