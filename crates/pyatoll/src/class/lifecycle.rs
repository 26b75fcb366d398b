//! The functions CPython calls over an instance's life: visiting, clearing, deallocating.
//!
//! They work at any time: before an instance is initialised (its owner is null), and in an
//! interpreter's last garbage collection, when what this binary kept for it is dropped already.
//! So they ask no type object of ours, only the instance and CPython.

use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use pyo3_ffi as ffi;

use super::base::ClassBase;
use super::chain::Begun;
use super::layout::{self, InlineSlot, Instance, ThreadCheck};
use super::{PyClass, definition};
use crate::error::PyErr;
use crate::exceptions::PyRuntimeError;
use crate::interpreter::{Python, compat};

/// `tp_traverse` of `T`.
///
/// # Safety
/// Called by CPython's garbage collector with an instance.
pub(super) unsafe extern "C" fn traverse<T: PyClass>(
    object: *mut ffi::PyObject,
    visit: ffi::visitproc,
    arg: *mut c_void,
) -> c_int {
    // SAFETY: the object is alive, and nothing here runs Python code: that is the contract of a
    // visitor, and of `__traverse__`.
    unsafe {
        let result = <T::BaseType as ClassBase>::traverse(object, visit, arg);
        if result != 0 {
            return result;
        }
        let instance = Instance::<T>::of(object);
        if let Some(dict) = instance.dict.place() {
            let dict = dict.read();
            if !dict.is_null() {
                let result = visit(dict, arg);
                if result != 0 {
                    return result;
                }
            }
        }
        match definition::of::<T>().traverse {
            Some(traverse) if !layout::owner::<T>(object).is_null() => traverse(object, visit, arg),
            _ => 0,
        }
    }
}

/// `tp_clear` of `T`.
///
/// # Safety
/// Called by CPython's garbage collector, attached, with an instance.
pub(super) unsafe extern "C" fn clear<T: PyClass>(object: *mut ffi::PyObject) -> c_int {
    // SAFETY: the object is alive: the collector holds a reference.
    unsafe {
        if let Some(clear) = definition::of::<T>().clear
            && !layout::owner::<T>(object).is_null()
        {
            let result = clear(object);
            if result != 0 {
                return result;
            }
        }
        clear_place(&Instance::<T>::of(object).dict);
        <T::BaseType as ClassBase>::clear(object)
    }
}

/// Releases what a place holds, having emptied it first.
unsafe fn clear_place(slot: &impl InlineSlot) {
    if let Some(place) = slot.place() {
        // SAFETY: the place belongs to a live instance, and what it holds is a reference of its
        // own. Zeroed memory holds null.
        unsafe { ffi::Py_XDECREF(place.replace(std::ptr::null_mut())) };
    }
}

/// `tp_dealloc` of `T`. Also called by CPython for instances of Python subclasses, which it has
/// finalised and stripped of what the subclass added.
///
/// # Safety
/// Called by CPython, attached, with an instance whose last reference is gone.
pub(super) unsafe extern "C" fn deallocate<T: PyClass>(object: *mut ffi::PyObject) {
    // SAFETY: as promised. A finaliser runs while everything is in place and may resurrect the
    // object; for a Python subclass, CPython has run it already.
    unsafe {
        let class = ffi::Py_TYPE(object);
        if deallocates_by_itself::<T>(class)
            && (*class).tp_finalize.is_some()
            && !layout::owner::<T>(object).is_null()
            && ffi::PyObject_CallFinalizerFromDealloc(object) < 0
        {
            return;
        }
        if ffi::PyType_HasFeature(class, ffi::Py_TPFLAGS_HAVE_GC) != 0 {
            ffi::PyObject_GC_UnTrack(object.cast());
        }
        take_apart::<T>(object);
    }
}

/// Whether the type's own `tp_dealloc` is that of `T`, and not CPython's for a Python subclass.
///
/// # Safety
/// A live type.
unsafe fn deallocates_by_itself<T: PyClass>(class: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: passed on to the caller.
    unsafe { (*class).tp_dealloc }
        .is_some_and(|own| std::ptr::fn_addr_eq(own, deallocate::<T> as ffi::destructor))
}

/// What is left to do once an instance is finalised and not tracked: at once, or later.
///
/// # Safety
/// Attached, with such an instance, whose last reference is gone.
unsafe extern "C" fn take_apart<T: PyClass>(object: *mut ffi::PyObject) {
    // SAFETY: as promised; the type is alive until its reference is given up, last.
    unsafe {
        let class = ffi::Py_TYPE(object);
        let is_collected = ffi::PyType_HasFeature(class, ffi::Py_TPFLAGS_HAVE_GC) != 0;
        // A Python subclass has taken its part down already, having put it off where it had to.
        let owner = layout::owner::<T>(object)
            .as_ref()
            .filter(|_| deallocates_by_itself::<T>(class) && holds_something::<T>());
        let object = NonNull::new_unchecked(object);
        let Some(begun) = Begun::new(owner, object, is_collected, take_apart::<T>) else {
            return;
        };
        let object = object.as_ptr();
        drop_attachments::<T>(object);
        if !layout::owner::<T>(object).is_null() {
            drop_contents::<T>(object);
        }
        <T::BaseType as ClassBase>::free(object);
        ffi::Py_DECREF(class.cast());
        begun.finish();
    }
}

/// Whether an instance may hold references to others, so that it can be in a chain.
const fn holds_something<T: PyClass>() -> bool {
    std::mem::needs_drop::<T>()
        || <T as super::ClassImpl>::Dict::PRESENT
        || size_of::<<T::BaseType as ClassBase>::Layout>() != size_of::<ffi::PyObject>()
}

/// See [`ClassBase::drop_attachments`].
///
/// # Safety
/// As there.
pub(super) unsafe fn drop_attachments<T: PyClass>(object: *mut ffi::PyObject) {
    // SAFETY: the instance is dying but whole; weak references go first, since their callbacks
    // may look at it.
    unsafe {
        let instance = Instance::<T>::of(object);
        if let Some(list) = instance.weak_list.place()
            && !list.read().is_null()
        {
            ffi::PyObject_ClearWeakRefs(object);
        }
        clear_place(&instance.dict);
        <T::BaseType as ClassBase>::drop_attachments(object);
    }
}

/// See [`ClassBase::drop_contents`].
///
/// # Safety
/// As there.
pub(super) unsafe fn drop_contents<T: PyClass>(object: *mut ffi::PyObject) {
    // SAFETY: dying and initialised, and only we come here: the value is dropped once.
    unsafe {
        if std::mem::needs_drop::<T>() {
            let instance = Instance::<T>::of(object);
            let value = instance.value();
            if instance.thread.is_here() {
                drop_value(layout::token_of_instance::<T>(object), || {
                    value.drop_in_place()
                });
            } else {
                // Dropping it here would be unsound, so it is left.
                let error = PyRuntimeError::new_err(format!(
                    "{} is unsendable, but is being dropped on another thread",
                    std::any::type_name::<T>()
                ));
                let py = layout::token_of_instance::<T>(object);
                drop_value(py, || error.restore(py));
            }
        }
        <T::BaseType as ClassBase>::drop_contents(object);
    }
}

/// Runs a drop, with the exception that may be in flight set aside. A panic in it is reported
/// through `sys.unraisablehook`.
fn drop_value(py: Python<'_>, drop: impl FnOnce()) {
    // SAFETY: attached, and the same thread puts it back.
    let raised = unsafe { compat::take_raised() };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(drop)) {
        crate::panic::raise_panic(py, payload);
    }
    if PyErr::occurred(py) {
        // SAFETY: attached, with an exception set.
        unsafe { ffi::PyErr_WriteUnraisable(std::ptr::null_mut()) };
    }
    // SAFETY: as above.
    unsafe { compat::restore_raised(raised) };
}

/// `tp_new` of a class without a constructor.
///
/// # Safety
/// Called by CPython, attached, with a type.
pub(super) unsafe extern "C" fn no_constructor(
    subtype: *mut ffi::PyTypeObject,
    _arguments: *mut ffi::PyObject,
    _keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: a live type; its names are new references or null.
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
