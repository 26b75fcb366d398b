//! Delegation from a class's slot to the same slot of a base class.
//!
//! A slot cannot use its class's `TypeObject`: it may run in the interpreter's last garbage
//! collection, when that is already dropped. Instead, it searches the bases of the instance's type
//! for itself.

use std::ffi::{c_int, c_void};

use crate::capi::{self as ffi, type_fields};

/// Returns the slot `id` of a type, its own or inherited; null if it has none.
///
/// # Safety
/// Attached; `class` must be a live type object.
#[inline]
unsafe fn slot_of(class: *mut ffi::PyTypeObject, id: c_int) -> *mut c_void {
    macro_rules! field {
        ($name:ident) => {{
            // SAFETY: a live type object (upheld by the caller).
            let function = unsafe { type_fields::$name(class) };
            function.map_or(std::ptr::null_mut(), |function| function as *mut c_void)
        }};
    }
    match id {
        ffi::Py_tp_traverse => field!(tp_traverse),
        ffi::Py_tp_clear => field!(tp_clear),
        ffi::Py_tp_setattro => field!(tp_setattro),
        ffi::Py_tp_descr_set => field!(tp_descr_set),
        ffi::Py_tp_richcompare => field!(tp_richcompare),
        // SAFETY: a live type object (upheld by the caller), and a valid slot number.
        _ => unsafe { ffi::PyType_GetSlot(class, id) },
    }
}

/// Finds the first class, from the type of `slf` upward, whose slot `id` is `own`, and then its
/// nearest base with another function there. Returns that base and the function, or null pointers
/// if there is none.
///
/// # Safety
/// Attached; `slf` must be a live instance of the class with the slot `own`.
pub(super) unsafe fn below(
    slf: *mut ffi::PyObject,
    id: c_int,
    own: *mut c_void,
) -> (*mut ffi::PyTypeObject, *mut c_void) {
    // SAFETY: the instance keeps its type alive, and each type its base.
    unsafe {
        let base_of = |class: *mut ffi::PyTypeObject| type_fields::tp_base(class);
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
