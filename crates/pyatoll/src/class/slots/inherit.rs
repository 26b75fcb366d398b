//! What a class's slot hands on to: the same slot of the class below it.
//!
//! A slot of ours never asks for its own class's type object: it may run in the interpreter's last
//! garbage collection, when that is gone. It finds its place in the bases of the instance's type.

use std::ffi::{c_int, c_void};

use pyo3_ffi as ffi;

/// The slot `id` of a type, inherited or its own; null if it has none.
///
/// # Safety
/// Attached; `class` is a live type object.
#[inline]
pub(super) unsafe fn slot_of(class: *mut ffi::PyTypeObject, id: c_int) -> *mut c_void {
    #[cfg(not(Py_LIMITED_API))]
    {
        macro_rules! field {
            ($name:ident) => {{
                // SAFETY: a live type object, whose slots do not change while it is in use here.
                let function = unsafe { (*class).$name };
                function.map_or(std::ptr::null_mut(), |function| function as *mut c_void)
            }};
        }
        match id {
            ffi::Py_tp_traverse => return field!(tp_traverse),
            ffi::Py_tp_clear => return field!(tp_clear),
            ffi::Py_tp_getattro => return field!(tp_getattro),
            ffi::Py_tp_setattro => return field!(tp_setattro),
            ffi::Py_tp_descr_set => return field!(tp_descr_set),
            ffi::Py_tp_richcompare => return field!(tp_richcompare),
            _ => {}
        }
    }
    // SAFETY: a live type object and a valid slot.
    unsafe { ffi::PyType_GetSlot(class, id) }
}

/// # Safety
/// As for [`slot_of`].
#[inline]
unsafe fn base_of(class: *mut ffi::PyTypeObject) -> *mut ffi::PyTypeObject {
    // SAFETY: a live type object keeps its base alive.
    #[cfg(not(Py_LIMITED_API))]
    return unsafe { (*class).tp_base };
    // SAFETY: as above.
    #[cfg(Py_LIMITED_API)]
    return unsafe { ffi::PyType_GetSlot(class, ffi::Py_tp_base) }.cast();
}

/// The nearest class below the one whose slot `id` is `own`, in the bases of the type of `slf`,
/// that has another function there; and that function. Null if there is none.
///
/// # Safety
/// Attached; `slf` is a live instance of the class with the slot `own`.
pub(super) unsafe fn below(
    slf: *mut ffi::PyObject,
    id: c_int,
    own: *mut c_void,
) -> (*mut ffi::PyTypeObject, *mut c_void) {
    // SAFETY: the instance keeps its type alive, and that its bases.
    unsafe {
        let mut class = ffi::Py_TYPE(slf);
        while !class.is_null() && slot_of(class, id) != own {
            class = base_of(class);
        }
        while !class.is_null() && slot_of(class, id) == own {
            class = base_of(class);
        }
        if class.is_null() {
            return (class, std::ptr::null_mut());
        }
        (class, slot_of(class, id))
    }
}
