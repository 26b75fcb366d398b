//! The functions CPython calls over an instance's life: visiting, clearing, deallocating.
//!
//! They work at any time: before an instance is initialised (its owner is null), and in an
//! interpreter's last garbage collection, when what this binary kept for it is dropped already.
//! So they ask no type object of ours, only the instance and CPython.

use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use pyo3_ffi as ffi;

use super::PyClass;
use super::base::ClassBase;
use super::layout::{self, InlineSlot, Instance, ThreadCheck};
use super::trashcan::TrashcanGuard;
use crate::error::PyErr;
use crate::exceptions::PyRuntimeError;
use crate::interpreter::{LocalInternals, Python, compat};

/// `tp_traverse` of a `T` without a `__traverse__`. Where there is no room for a `__dict__` either,
/// that of the base does the same.
///
/// # Safety
/// Called by CPython's garbage collector with an instance.
pub(super) unsafe extern "C" fn traverse<T: PyClass>(
    object: *mut ffi::PyObject,
    visit: ffi::visitproc,
    arg: *mut c_void,
) -> c_int {
    // SAFETY: the object is alive, and nothing here runs Python code: that is the contract of a
    // visitor.
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

/// `tp_clear` of a `T` without a `__clear__`. Where there is no room for a `__dict__` either, that of
/// the base does the same.
///
/// # Safety
/// Called by CPython's garbage collector, attached, with an instance.
pub(super) unsafe extern "C" fn clear<T: PyClass>(object: *mut ffi::PyObject) -> c_int {
    // SAFETY: the object is alive: the collector holds a reference.
    unsafe {
        clear_slot(Instance::<T>::of(object).dict.slot());
        <T::BaseType as ClassBase>::clear(object)
    }
}

/// Releases what a place holds, having emptied it first.
///
/// # Safety
/// Attached; the place, if any, belongs to a live instance, and what it holds is a reference of its
/// own or null.
unsafe fn clear_slot(place: Option<NonNull<*mut ffi::PyObject>>) {
    if let Some(place) = place {
        // SAFETY: as promised.
        unsafe { ffi::Py_XDECREF(place.replace(std::ptr::null_mut())) };
    }
}

/// What the end of an instance needs to know of its class, as data: what is done with it is one
/// function for all classes of a binary. An optimised build has a copy of that in each `tp_dealloc`,
/// where this is constant.
struct DeallocInfo {
    /// The class's own `tp_dealloc`.
    deallocate: ffi::destructor,
    /// Where in an instance the owner is.
    owner: usize,
    /// [`finish_dealloc`] of the class, if an instance may hold references to others, so that it can be
    /// in a chain.
    finish_dealloc: Option<ffi::destructor>,
    /// See [`ClassBase::clear_dict_and_weakrefs`]; `None` where there are none.
    clear_dict_and_weakrefs: Option<unsafe fn(*mut ffi::PyObject)>,
    /// See [`ClassBase::drop_contents`]; `None` where there are none.
    drop_contents: Option<unsafe fn(*mut ffi::PyObject)>,
    /// See [`ClassBase::free`].
    free: unsafe fn(*mut ffi::PyObject),
}

impl DeallocInfo {
    const fn of<T: PyClass>() -> Self {
        Self {
            deallocate: deallocate::<T>,
            owner: <T::BaseType as ClassBase>::HEADER,
            finish_dealloc: if holds_something::<T>() {
                Some(finish_dealloc::<T>)
            } else {
                None
            },
            clear_dict_and_weakrefs: if has_attachments::<T>() {
                Some(clear_dict_and_weakrefs::<T>)
            } else {
                None
            },
            drop_contents: if has_contents::<T>() {
                Some(drop_contents::<T>)
            } else {
                None
            },
            free: <T::BaseType as ClassBase>::free,
        }
    }

    /// The owner of an instance; null while it is not initialised.
    ///
    /// # Safety
    /// The object must be an instance of the class.
    #[inline(always)]
    unsafe fn owner<'a>(&self, object: *mut ffi::PyObject) -> Option<&'a LocalInternals> {
        // SAFETY: passed on to the caller; a state is never freed.
        unsafe { layout::header_at(object, self.owner).owner().as_ref() }
    }

    /// Whether the type's own `tp_dealloc` is that of the class, and not CPython's for a Python
    /// subclass.
    ///
    /// # Safety
    /// A live type.
    #[inline(always)]
    unsafe fn is_of(&self, class: *mut ffi::PyTypeObject) -> bool {
        // SAFETY: passed on to the caller.
        match unsafe { (*class).tp_dealloc } {
            Some(own) => std::ptr::fn_addr_eq(own, self.deallocate),
            None => false,
        }
    }
}

/// Whether an instance may hold references to others.
const fn holds_something<T: PyClass>() -> bool {
    std::mem::needs_drop::<T>()
        || <T as super::ClassImpl>::Dict::PRESENT
        || size_of::<<T::BaseType as ClassBase>::Layout>() != size_of::<ffi::PyObject>()
}

/// See [`ClassBase::HAS_CONTENTS`].
pub(super) const fn has_contents<T: PyClass>() -> bool {
    std::mem::needs_drop::<T>() || <T::BaseType as ClassBase>::HAS_CONTENTS
}

/// See [`ClassBase::HAS_ATTACHMENTS`].
pub(super) const fn has_attachments<T: PyClass>() -> bool {
    <T as super::ClassImpl>::Dict::PRESENT
        || <T as super::ClassImpl>::WeakList::PRESENT
        || <T::BaseType as ClassBase>::HAS_ATTACHMENTS
}

/// `tp_dealloc` of `T`. Also called by CPython for instances of Python subclasses, which it has
/// finalised and stripped of what the subclass added.
///
/// # Safety
/// Called by CPython, attached, with an instance whose last reference is gone.
pub(super) unsafe extern "C" fn deallocate<T: PyClass>(object: *mut ffi::PyObject) {
    // SAFETY: passed on to the caller.
    unsafe { deallocate_as(const { &DeallocInfo::of::<T>() }, object) }
}

/// [`deallocate`].
///
/// # Safety
/// As there, with an instance of the class.
#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
unsafe fn deallocate_as(ending: &DeallocInfo, object: *mut ffi::PyObject) {
    // SAFETY: as promised. A finaliser runs while everything is in place and may resurrect the
    // object; for a Python subclass, CPython has run it already.
    unsafe {
        let class = ffi::Py_TYPE(object);
        if ending.is_of(class)
            && (*class).tp_finalize.is_some()
            && ending.owner(object).is_some()
            && ffi::PyObject_CallFinalizerFromDealloc(object) < 0
        {
            return;
        }
        if ffi::PyType_HasFeature(class, ffi::Py_TPFLAGS_HAVE_GC) != 0 {
            ffi::PyObject_GC_UnTrack(object.cast());
        }
        finish_dealloc_as(ending, object);
    }
}

/// What is left to do once an instance is finalised and not tracked: at once, or later.
///
/// # Safety
/// Attached, with such an instance, whose last reference is gone.
unsafe extern "C" fn finish_dealloc<T: PyClass>(object: *mut ffi::PyObject) {
    // SAFETY: passed on to the caller.
    unsafe { finish_dealloc_as(const { &DeallocInfo::of::<T>() }, object) }
}

/// [`finish_dealloc`].
///
/// # Safety
/// As there, with an instance of the class.
#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
unsafe fn finish_dealloc_as(ending: &DeallocInfo, object: *mut ffi::PyObject) {
    // SAFETY: as promised; the type is alive until its reference is given up, last.
    unsafe {
        let class = ffi::Py_TYPE(object);
        let owner = ending.owner(object);
        let mut begun = None;
        if let (Some(again), Some(owner)) = (ending.finish_dealloc, owner) {
            let is_collected = ffi::PyType_HasFeature(class, ffi::Py_TPFLAGS_HAVE_GC) != 0;
            match TrashcanGuard::new(owner, NonNull::new_unchecked(object), is_collected, again) {
                Some(deallocation) => begun = Some(deallocation),
                None => return,
            }
        }
        if let Some(drop) = ending.clear_dict_and_weakrefs {
            drop(object);
        }
        if let (Some(drop), Some(_)) = (ending.drop_contents, owner) {
            drop(object);
        }
        (ending.free)(object);
        ffi::Py_DECREF(class.cast());
        if let Some(begun) = begun {
            begun.finish();
        }
    }
}

/// See [`ClassBase::clear_dict_and_weakrefs`].
///
/// # Safety
/// As there.
pub(super) unsafe fn clear_dict_and_weakrefs<T: PyClass>(object: *mut ffi::PyObject) {
    // SAFETY: the instance is dying but whole; weak references go first, since their callbacks
    // may look at it.
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

/// See [`ClassBase::drop_contents`].
///
/// # Safety
/// As there.
pub(super) unsafe fn drop_contents<T: PyClass>(object: *mut ffi::PyObject) {
    // SAFETY: dying and initialised, and only we come here: the value is dropped once.
    unsafe {
        if std::mem::needs_drop::<T>() {
            let instance = Instance::<T>::of(object);
            let py = layout::token_of_instance::<T>(object);
            if instance.thread.is_here() {
                let value = instance.value();
                drop_value(py, || value.drop_in_place());
            } else {
                // Dropping it here would be unsound, so it is left.
                dropped_elsewhere(py, std::any::type_name::<T>());
            }
        }
        <T::BaseType as ClassBase>::drop_contents(object);
    }
}

/// Reports that a value stays, since this thread may not drop it.
#[cold]
#[inline(never)]
fn dropped_elsewhere(py: Python<'_>, class: &str) {
    let error = PyRuntimeError::new_err(format!(
        "{class} is unsendable, but is being dropped on another thread"
    ));
    drop_value(py, || error.restore(py));
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
