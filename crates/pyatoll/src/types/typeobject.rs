//! `type`.

use pyo3_ffi as ffi;

use crate::object::Bound;
use crate::types::PyAny;

/// Python's `type`.
#[repr(transparent)]
pub struct PyType(PyAny);

native_type!(PyType, "type", PyType_Type, PyType_Check);

/// The object's class.
pub(crate) fn type_of<'py>(object: &Bound<'py, PyAny>) -> Bound<'py, PyType> {
    // SAFETY: attached; the class is alive while the object is.
    unsafe {
        let class = ffi::Py_TYPE(object.as_ptr()).cast();
        Bound::from_borrowed_ptr(object.py(), class).cast_into_unchecked()
    }
}

/// A name that a class has, for messages.
pub(crate) fn name_attribute(class: &Bound<'_, PyAny>, name: &std::ffi::CStr) -> String {
    // SAFETY: attached; a new reference or null comes back.
    unsafe {
        let name = ffi::PyObject_GetAttrString(class.as_ptr(), name.as_ptr());
        match Bound::from_owned_ptr_or_opt(class.py(), name) {
            Some(name) => crate::types::string::to_string_lossy(&name).into_owned(),
            None => {
                ffi::PyErr_Clear();
                "<unknown>".to_owned()
            }
        }
    }
}

/// `type(object).__name__`, for messages.
pub(crate) fn name_of_type(object: &Bound<'_, PyAny>) -> String {
    name_attribute(&type_of(object), c"__name__")
}

/// `type(object).__qualname__`, for messages.
pub(crate) fn qualname_of_type(object: &Bound<'_, PyAny>) -> String {
    qualname_of_class(&type_of(object))
}

/// `class.__qualname__`, for messages.
pub(crate) fn qualname_of_class(class: &Bound<'_, PyAny>) -> String {
    name_attribute(class, c"__qualname__")
}

/// The name of a class, or those of a tuple of classes joined by `|`, for messages.
pub(crate) fn describe_classinfo(class: &Bound<'_, PyAny>) -> String {
    // SAFETY: attached; a tuple's items are borrowed from it.
    unsafe {
        if ffi::PyTuple_Check(class.as_ptr()) == 0 {
            return qualname_of_class(class);
        }
        let names: Vec<String> = (0..ffi::PyTuple_Size(class.as_ptr()))
            .map(|place| {
                let item = ffi::PyTuple_GetItem(class.as_ptr(), place);
                describe_classinfo(&Bound::from_borrowed_ptr(class.py(), item))
            })
            .collect();
        names.join(" | ")
    }
}
