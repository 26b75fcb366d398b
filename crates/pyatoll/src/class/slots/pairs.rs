//! Slots shared by two methods: setting and deleting attributes, items and descriptors, and
//! `__getattribute__` with `__getattr__`.

use std::ffi::{c_int, c_void};

use pyo3_ffi as ffi;

use super::inherit;
use super::result::raised_if_null;
use crate::call::trampoline::trampoline;
use crate::capi::type_fields;
use crate::class::layout::token_of_instance;
use crate::class::pyclass::PyClass;
use crate::error::{PyErr, PyResult};
use crate::exceptions::{PyAttributeError, PyNotImplementedError};
use crate::interpreter::Python;
use crate::object::Bound;

/// `__setattr__`, `__setitem__` or `__set__`.
pub type SetBody = unsafe fn(
    Python<'_>,
    *mut ffi::PyObject,
    *mut ffi::PyObject,
    *mut ffi::PyObject,
) -> PyResult<()>;

/// `__delattr__`, `__delitem__` or `__delete__`.
pub type DeleteBody = unsafe fn(Python<'_>, *mut ffi::PyObject, *mut ffi::PyObject) -> PyResult<()>;

/// A pair of methods that share a slot.
#[derive(Clone, Copy)]
pub enum Pair {
    /// `__setattr__`, `__delattr__`: `tp_setattro`.
    Attribute,
    /// `__setitem__`, `__delitem__`: `mp_ass_subscript`.
    Item,
    /// `__set__`, `__delete__`: `tp_descr_set`.
    Descriptor,
}

impl Pair {
    fn slot(self) -> c_int {
        match self {
            Self::Attribute => ffi::Py_tp_setattro,
            Self::Item => ffi::Py_mp_ass_subscript,
            Self::Descriptor => ffi::Py_tp_descr_set,
        }
    }

    /// Returns the error if neither the class nor a base has the method.
    fn missing(self, delete: bool) -> PyErr {
        match (self, delete) {
            (Self::Attribute, false) => PyAttributeError::new_err("can't set attribute"),
            (Self::Attribute, true) => PyAttributeError::new_err("can't delete attribute"),
            (Self::Item, false) => PyNotImplementedError::new_err("can't set item"),
            (Self::Item, true) => PyNotImplementedError::new_err("can't delete item"),
            (Self::Descriptor, false) => PyNotImplementedError::new_err("can't set descriptor"),
            (Self::Descriptor, true) => PyNotImplementedError::new_err("can't delete descriptor"),
        }
    }
}

/// Sets a value, or deletes it if `value` is null. Without a method, delegates to the base class.
///
/// # Safety
/// Called by CPython for the slot of `T`, whose function is `own`; the bodies must be methods of
/// `T`.
#[inline]
pub unsafe fn set_or_delete<T: PyClass>(
    pair: Pair,
    own: ffi::setattrofunc,
    [slf, key, value]: [*mut ffi::PyObject; 3],
    set: Option<SetBody>,
    delete: Option<DeleteBody>,
) -> c_int {
    // SAFETY: attached, since CPython calls this; `slf` is an instance of `T`, and all three
    // objects are alive.
    unsafe {
        trampoline(token_of_instance::<T>(slf), |py| {
            match (set, delete) {
                (Some(set), _) if !value.is_null() => set(py, slf, key, value)?,
                (_, Some(delete)) if value.is_null() => delete(py, slf, key)?,
                _ => set_below(py, pair, own, [slf, key, value])?,
            }
            Ok(0)
        })
    }
}

/// Calls the slot of the base class.
///
/// # Safety
/// As for [`set_or_delete`].
#[cold]
unsafe fn set_below(
    py: Python<'_>,
    pair: Pair,
    own: ffi::setattrofunc,
    [slf, key, value]: [*mut ffi::PyObject; 3],
) -> PyResult<()> {
    // SAFETY: `slf` is an instance of the class with the slot; the slots of all three pairs hold
    // functions of this type.
    unsafe {
        let (_, below) = inherit::below(slf, pair.slot(), own as *mut c_void);
        if below.is_null() {
            return Err(pair.missing(value.is_null()));
        }
        let below = std::mem::transmute::<*mut c_void, ffi::setattrofunc>(below);
        match below(slf, key, value) {
            -1 => Err(PyErr::fetch(py)),
            _ => Ok(()),
        }
    }
}

/// `__getattribute__` or `__getattr__`.
pub type GetBody =
    unsafe fn(Python<'_>, *mut ffi::PyObject, *mut ffi::PyObject) -> PyResult<*mut ffi::PyObject>;

/// Looks up an attribute with `__getattribute__`, or like the built-in base; if that raises
/// `AttributeError`, with `__getattr__`, which replaces those of Rust bases. If only
/// `__getattribute__` is defined, its `AttributeError` is replaced by one with the attribute's
/// name, as in PyO3.
///
/// # Safety
/// Called by CPython for the slot of `T`; the bodies must be methods of `T`.
#[inline]
pub unsafe fn getattro<T: PyClass>(
    slf: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
    getattribute: Option<GetBody>,
    getattr: Option<GetBody>,
) -> *mut ffi::PyObject {
    // SAFETY: attached, since CPython calls this; `slf` is an instance of `T`, and both objects are
    // alive.
    unsafe {
        trampoline(token_of_instance::<T>(slf), |py| {
            let found = match getattribute {
                Some(getattribute) => getattribute(py, slf, name),
                None => get_of_native(py, slf, name),
            };
            match found {
                Err(error) if error.is_instance_of::<PyAttributeError>(py) => {
                    match (getattr, getattribute) {
                        (Some(getattr), _) => {
                            drop(error);
                            getattr(py, slf, name)
                        }
                        (None, Some(_)) => Err(no_attribute(py, name)),
                        (None, None) => Err(error),
                    }
                }
                found => found,
            }
        })
    }
}

/// Returns the `AttributeError` for a name.
///
/// # Safety
/// `name` must be alive.
#[cold]
unsafe fn no_attribute(py: Python<'_>, name: *mut ffi::PyObject) -> PyErr {
    // SAFETY: upheld by the caller: a live object.
    let name = unsafe { Bound::from_borrowed_ptr(py, name) };
    PyAttributeError::new_err(name.unbind())
}

/// Looks up an attribute with the slot of the nearest built-in base. That of a class between would
/// call its `__getattr__`, too.
///
/// # Safety
/// As for [`getattro`].
unsafe fn get_of_native(
    py: Python<'_>,
    slf: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
) -> PyResult<*mut ffi::PyObject> {
    // SAFETY: the instance keeps its type alive, and each type its base.
    unsafe {
        let mut class = ffi::Py_TYPE(slf);
        while !class.is_null() && ffi::PyType_HasFeature(class, ffi::Py_TPFLAGS_HEAPTYPE) != 0 {
            class = type_fields::tp_base(class);
        }
        let lookup = match class.is_null() {
            true => None,
            false => type_fields::tp_getattro(class),
        };
        let found = match lookup {
            Some(lookup) => lookup(slf, name),
            None => ffi::PyObject_GenericGetAttr(slf, name),
        };
        raised_if_null(py, found)
    }
}
