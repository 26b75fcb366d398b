//! `tp_traverse`, `tp_clear` and `tp_dealloc`.
//!
//! They work at any time: on uninitialized instances, whose owner is null, and in an interpreter's
//! last garbage collection, when the per-interpreter state of this binary is already dropped. So
//! they use only the instance and CPython's data, never a type object of this binary.

use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use super::base::ClassBase;
use super::layout::{self, Instance};
use super::parts::{InlineSlot, ThreadCheck};
use super::pyclass::{ClassImpl, PyClass};
use super::trashcan::TrashcanGuard;
use crate::capi::{self as ffi, type_fields};
use crate::error::PyErr;
use crate::exceptions::PyRuntimeError;
use crate::interpreter::{LocalInternals, Python, compat};

/// Implements `tp_traverse` for a class without `__traverse__`. A class without a `__dict__` uses
/// its base's function instead, which does the same.
///
/// # Safety
/// Called by CPython's garbage collector with an instance.
pub(super) unsafe extern "C" fn traverse<T: PyClass>(
    object: *mut ffi::PyObject,
    visit: ffi::visitproc,
    arg: *mut c_void,
) -> c_int {
    // SAFETY: the object is a live instance (upheld by the caller). Visitors run no Python code.
    unsafe {
        let result = <T::BaseType as ClassBase>::traverse(object, visit, arg);
        if result != 0 {
            return result;
        }
        match Instance::<T>::of(object)
            .dict
            .slot()
            .map(|dict| dict.read())
        {
            Some(dict) if !dict.is_null() => visit(dict, arg),
            _ => 0,
        }
    }
}

/// Implements `tp_clear` for a class without `__clear__`. A class without a `__dict__` uses its
/// base's function instead, which does the same.
///
/// # Safety
/// Called by CPython's garbage collector, attached, with an instance.
pub(super) unsafe extern "C" fn clear<T: PyClass>(object: *mut ffi::PyObject) -> c_int {
    // SAFETY: the object is a live instance: the collector holds a reference.
    unsafe {
        clear_slot(Instance::<T>::of(object).dict.slot());
        <T::BaseType as ClassBase>::clear(object)
    }
}

/// Sets a slot to null, then releases its object.
///
/// # Safety
/// Attached; the slot, if any, must belong to a live instance, and hold an owned reference or null.
unsafe fn clear_slot(slot: Option<NonNull<*mut ffi::PyObject>>) {
    if let Some(slot) = slot {
        // SAFETY: upheld by the caller: attached; the slot's reference is owned, or null.
        unsafe { ffi::Py_XDECREF(slot.replace(std::ptr::null_mut())) };
    }
}

/// The properties of a class that deallocation depends on, as data, so that an unoptimized build
/// has one deallocator for all classes of a binary. An optimized build inlines it into each
/// `tp_dealloc`, where this is constant.
struct DeallocInfo {
    /// The class's `tp_dealloc`.
    deallocate: ffi::destructor,
    /// The offset of the header from the start of an instance's `Layout`.
    header: usize,
    /// See [`ClassBase::start`]; `None` if it is the object's address.
    start: Option<unsafe fn(*mut ffi::PyObject) -> *mut u8>,
    /// [`finish_dealloc`] of the class, if instances can form a chain.
    finish_dealloc: Option<ffi::destructor>,
    /// See [`ClassBase::clear_dict_and_weakrefs`]; `None` if it does nothing.
    clear_dict_and_weakrefs: Option<unsafe fn(*mut ffi::PyObject)>,
    /// See [`ClassBase::drop_value`]; `None` if it does nothing.
    drop_value: Option<unsafe fn(*mut ffi::PyObject)>,
    /// See [`ClassBase::free`].
    free: unsafe fn(*mut ffi::PyObject),
}

impl DeallocInfo {
    const fn of<T: PyClass>() -> Self {
        Self {
            deallocate: deallocate::<T>,
            header: <T::BaseType as ClassBase>::HEADER,
            start: if <T::BaseType as ClassBase>::FIXED {
                None
            } else {
                Some(<T::BaseType as ClassBase>::start)
            },
            finish_dealloc: if can_hold_references::<T>() {
                Some(finish_dealloc::<T>)
            } else {
                None
            },
            clear_dict_and_weakrefs: if has_dict_or_weakrefs::<T>() {
                Some(clear_dict_and_weakrefs::<T>)
            } else {
                None
            },
            drop_value: if needs_drop::<T>() {
                Some(drop_value::<T>)
            } else {
                None
            },
            free: <T::BaseType as ClassBase>::free,
        }
    }

    /// Returns the owner of an instance, or `None` if it is uninitialized.
    ///
    /// # Safety
    /// The object must be an instance of the class.
    #[inline(always)]
    unsafe fn owner<'a>(&self, object: *mut ffi::PyObject) -> Option<&'a LocalInternals> {
        // SAFETY: upheld by the caller; a `LocalInternals` is never freed.
        unsafe {
            let start = match self.start {
                None => object.cast(),
                Some(start) => start(object),
            };
            layout::header_at(start, self.header).owner().as_ref()
        }
    }

    /// Returns whether the `tp_dealloc` of a type is the class's, and not CPython's for Python
    /// subclasses.
    ///
    /// # Safety
    /// `class` must be a live type object.
    #[inline(always)]
    unsafe fn deallocates(&self, class: *mut ffi::PyTypeObject) -> bool {
        // SAFETY: upheld by the caller: a live type object.
        match unsafe { type_fields::tp_dealloc(class) } {
            Some(own) => std::ptr::fn_addr_eq(own, self.deallocate),
            None => false,
        }
    }
}

/// Returns whether an instance may hold references to other objects: always where a build does not
/// know that the base is `object`.
const fn can_hold_references<T: PyClass>() -> bool {
    std::mem::needs_drop::<T::Storage>()
        || <T as ClassImpl>::Dict::PRESENT
        || !<T::BaseType as ClassBase>::FIXED
        || size_of::<<T::BaseType as ClassBase>::Layout>() != size_of::<ffi::PyObject>()
}

/// Computes [`ClassBase::NEEDS_DROP`] for `T`.
pub(super) const fn needs_drop<T: PyClass>() -> bool {
    std::mem::needs_drop::<T::Storage>() || <T::BaseType as ClassBase>::NEEDS_DROP
}

/// Computes [`ClassBase::HAS_DICT_OR_WEAKREFS`] for `T`.
pub(super) const fn has_dict_or_weakrefs<T: PyClass>() -> bool {
    <T as ClassImpl>::Dict::PRESENT
        || <T as ClassImpl>::WeakList::PRESENT
        || <T::BaseType as ClassBase>::HAS_DICT_OR_WEAKREFS
}

/// Implements `tp_dealloc` for `T`. CPython also calls it for instances of Python subclasses, after
/// finalizing them and clearing the subclass's part.
///
/// # Safety
/// Called by CPython, attached, with an instance whose last reference is gone.
pub(super) unsafe extern "C" fn deallocate<T: PyClass>(object: *mut ffi::PyObject) {
    // SAFETY: upheld by the caller: attached; an instance of `T` without references.
    unsafe { deallocate_as(const { &DeallocInfo::of::<T>() }, object) }
}

/// Implements [`deallocate`] for all classes.
///
/// # Safety
/// Called by CPython, attached, with an instance of the class whose last reference is gone.
#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
unsafe fn deallocate_as(info: &DeallocInfo, object: *mut ffi::PyObject) {
    // SAFETY: upheld by the caller. The finalizer runs on an intact instance and may resurrect it;
    // for a Python subclass, CPython has already run it.
    unsafe {
        let class = ffi::Py_TYPE(object);
        if info.deallocates(class)
            && type_fields::tp_finalize(class).is_some()
            && info.owner(object).is_some()
            && ffi::PyObject_CallFinalizerFromDealloc(object) < 0
        {
            return;
        }
        if ffi::PyType_HasFeature(class, ffi::Py_TPFLAGS_HAVE_GC) != 0 {
            ffi::PyObject_GC_UnTrack(object.cast());
        }
        finish_dealloc_as(info, object);
    }
}

/// Deallocates an instance that is finalized and untracked, now or later.
///
/// # Safety
/// Attached; the object must be such an instance, whose last reference is gone.
unsafe extern "C" fn finish_dealloc<T: PyClass>(object: *mut ffi::PyObject) {
    // SAFETY: upheld by the caller: attached; an instance of `T` without references.
    unsafe { finish_dealloc_as(const { &DeallocInfo::of::<T>() }, object) }
}

/// Implements [`finish_dealloc`] for all classes.
///
/// # Safety
/// Attached; the object must be a finalized, untracked instance of the class, whose last reference
/// is gone.
#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
unsafe fn finish_dealloc_as(info: &DeallocInfo, object: *mut ffi::PyObject) {
    // SAFETY: upheld by the caller; the instance's reference to the type is released last.
    unsafe {
        let class = ffi::Py_TYPE(object);
        let owner = info.owner(object);
        let mut guard = None;
        if let (Some(retry), Some(owner)) = (info.finish_dealloc, owner) {
            let is_collected = ffi::PyType_HasFeature(class, ffi::Py_TPFLAGS_HAVE_GC) != 0;
            match TrashcanGuard::new(owner, NonNull::new_unchecked(object), is_collected, retry) {
                Some(entered) => guard = Some(entered),
                None => return,
            }
        }
        if let Some(clear) = info.clear_dict_and_weakrefs {
            clear(object);
        }
        if let (Some(drop), Some(_)) = (info.drop_value, owner) {
            drop(object);
        }
        (info.free)(object);
        ffi::Py_DECREF(class.cast());
        if let Some(guard) = guard {
            guard.finish();
        }
    }
}

/// Implements [`ClassBase::clear_dict_and_weakrefs`] for `T`.
///
/// # Safety
/// As for [`ClassBase::clear_dict_and_weakrefs`].
pub(super) unsafe fn clear_dict_and_weakrefs<T: PyClass>(object: *mut ffi::PyObject) {
    // SAFETY: upheld by the caller. Weak references are cleared first, since their callbacks may
    // use the instance, which is still intact.
    unsafe {
        let instance = Instance::<T>::of(object);
        if let Some(list) = instance.weak_list.slot()
            && !list.read().is_null()
        {
            ffi::PyObject_ClearWeakRefs(object);
        }
        clear_slot(instance.dict.slot());
        <T::BaseType as ClassBase>::clear_dict_and_weakrefs(object);
    }
}

/// Implements [`ClassBase::drop_value`] for `T`.
///
/// # Safety
/// As for [`ClassBase::drop_value`].
pub(super) unsafe fn drop_value<T: PyClass>(object: *mut ffi::PyObject) {
    // SAFETY: upheld by the caller: the instance is initialized and being deallocated, and this
    // runs once for it, so the value is dropped once.
    unsafe {
        if std::mem::needs_drop::<T::Storage>() {
            let instance = Instance::<T>::of(object);
            let py = layout::token_of_instance::<T>(object);
            if instance.thread.is_here() {
                let value = instance.storage();
                run_drop(py, || value.drop_in_place());
            } else {
                // Dropping the value on this thread would be unsound: leak it.
                report_leak(py, std::any::type_name::<T>());
            }
        }
        <T::BaseType as ClassBase>::drop_value(object);
    }
}

/// Reports a value that leaks, since this thread may not drop it.
#[cold]
#[inline(never)]
fn report_leak(py: Python<'_>, class: &str) {
    let error = PyRuntimeError::new_err(format!(
        "{class} is unsendable, but is being dropped on another thread"
    ));
    run_drop(py, || error.restore(py));
}

/// Runs a drop, preserving the current exception. A panic or an exception is reported through
/// `sys.unraisablehook`.
fn run_drop(py: Python<'_>, drop: impl FnOnce()) {
    // SAFETY: attached (`py`); restored below, on the same thread.
    let raised = unsafe { compat::take_raised() };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(drop)) {
        crate::panic::raise_panic(py, payload);
    }
    if PyErr::occurred(py) {
        // SAFETY: attached (`py`), with an exception set.
        unsafe { ffi::PyErr_WriteUnraisable(std::ptr::null_mut()) };
    }
    // SAFETY: attached (`py`); taken above, on the same thread.
    unsafe { compat::restore_raised(raised) };
}
