//! The token of an entry point, from the pointers that CPython passes to it.
//!
//! Invariant: the state of a module of this binary is a [`ModuleState`], and `m_self` of a function
//! of this binary is null or such a module. The exception is a function with `pass_module`: its
//! `m_self` may be any module, and its token comes from [`token_of_call`].

use crate::capi as ffi;
use crate::capi::module_def::ModuleTable;
use crate::interpreter::local::LocalInternals;
use crate::interpreter::{Python, layout};

/// The module state of each module of this binary (`PyModule_GetState`). Initially zeroed.
#[repr(C)]
pub(crate) struct ModuleState {
    /// The interpreter's `LocalInternals`; null until the module is executed.
    pub(crate) local: *const LocalInternals,
}

const _: () = assert!(size_of::<ModuleState>() == size_of::<*const ()>());

/// Returns whether the state of `module` is an initialized [`ModuleState`] of this binary.
///
/// # Safety
/// The thread must be attached; `module` must be a live object.
pub(crate) unsafe fn is_module_of_this_binary(module: *mut ffi::PyObject) -> bool {
    // SAFETY: attached, and `module` is alive (upheld by the caller).
    unsafe {
        if ffi::PyModule_Check(module) == 0 {
            // `sys.modules` may hold any object.
            return false;
        }
        if ModuleTable::of(module).is_none() {
            return false;
        }
        let state: *const ModuleState = ffi::PyModule_GetState(module).cast();
        layout::has_module_state(module) && !(*state).local.is_null()
    }
}

/// Returns the token for a module-level function, from its `m_self`.
///
/// # Safety
/// The thread must be attached for `'py`, because CPython called a function of this binary with
/// this `m_self`, which must be null or a module of this binary.
#[inline]
pub unsafe fn token_of_module<'py>(m_self: *mut ffi::PyObject) -> Python<'py> {
    // SAFETY: attached, and `m_self` is null or a module of this binary (upheld by the caller). The
    // state of an executed module points to its interpreter's `LocalInternals`, which is never
    // freed.
    unsafe {
        if m_self.is_null() {
            return token_without_module();
        }
        let state: *const ModuleState = layout::module_state(m_self).cast();
        debug_assert!(!state.is_null() && !(*state).local.is_null());
        Python::new(&*(*state).local)
    }
}

/// Returns whether [`token_of_class`] may be used for a class.
///
/// # Safety
/// The thread must be attached; `class` must be a live heap type.
pub(crate) unsafe fn is_class_of_this_binary(class: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: upheld by the caller. The exception is cleared.
    unsafe {
        let module = ffi::PyType_GetModule(class);
        if module.is_null() {
            ffi::PyErr_Clear();
            return false;
        }
        layout::module_of_class(class) == module && is_module_of_this_binary(module)
    }
}

/// Returns the token for the constructor of a class, from the class itself (not a subclass).
///
/// # Safety
/// The thread must be attached for `'py`, because CPython called the class, for which
/// [`is_class_of_this_binary`] must have held when it was created.
#[inline(always)]
pub(crate) unsafe fn token_of_class<'py>(class: *mut ffi::PyTypeObject) -> Python<'py> {
    // SAFETY: attached, and the class was checked (upheld by the caller). The class holds its
    // module, null once it is cleared; the module's state points to a `LocalInternals`, which is
    // never freed.
    unsafe {
        let module = layout::module_of_class(class);
        if module.is_null() {
            return token_without_module();
        }
        let state: *const ModuleState = layout::module_state(module).cast();
        Python::new(&*(*state).local)
    }
}

/// Returns the token for a function without a module.
///
/// # Safety
/// As for [`token_of_call`].
#[cold]
#[inline(never)]
unsafe fn token_without_module<'py>() -> Python<'py> {
    // SAFETY: upheld by the caller: attached for `'py`, and a function of this binary was called.
    unsafe { Python::assume_called() }
}

/// Returns the token for any other function of this binary: the fallback.
///
/// # Safety
/// The thread must be attached for `'py`, because CPython called a function or an object of this
/// binary.
#[inline]
pub unsafe fn token_of_call<'py>() -> Python<'py> {
    // SAFETY: upheld by the caller; the callee was created by this binary in that interpreter.
    unsafe { Python::assume_called() }
}
