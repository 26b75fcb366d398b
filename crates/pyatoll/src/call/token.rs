//! Where an entry point finds its interpreter: in what CPython hands it.
//!
//! Invariant: the state of a module of this binary is a [`ModuleState`], and `m_self` of a function
//! made by this binary is null or such a module; but where the function takes the module itself
//! (`pass_module`), any module may be there, and the token comes from [`token_of_call`].

use std::ptr;

use pyo3_ffi as ffi;

use crate::interpreter::local::LocalInternals;
use crate::interpreter::{Python, layout};

/// The state CPython keeps for each module of this binary (`PyModule_GetState`). Zeroed at first.
#[repr(C)]
pub(crate) struct ModuleState {
    /// The interpreter's state; null until the module is executed.
    pub(crate) local: *const LocalInternals,
}

const _: () = assert!(size_of::<ModuleState>() == size_of::<*const ()>());

/// Marks the modules of this binary: each has it as its `m_free`. It has nothing to free.
pub(crate) unsafe extern "C" fn module_of_this_binary(_module: *mut std::ffi::c_void) {
    /// Named by this function only, so that no linker takes it for another one that does nothing.
    static MARK: u8 = 0;
    std::hint::black_box(&raw const MARK);
}

/// Whether the state of `module` is a [`ModuleState`] of this binary, filled in.
///
/// # Safety
/// The thread must be attached; `module` must be a live object.
pub(crate) unsafe fn is_module_of_this_binary(module: *mut ffi::PyObject) -> bool {
    // SAFETY: attached, a live object. The definition of a module is static.
    unsafe {
        if ffi::PyModule_Check(module) == 0 {
            // What an import found in `sys.modules` may be anything.
            return false;
        }
        let definition = ffi::PyModule_GetDef(module);
        if definition.is_null() {
            // A module without a definition: no exception is set for it.
            return false;
        }
        let Some(free) = (*definition).m_free else {
            return false;
        };
        if !ptr::fn_addr_eq(free, module_of_this_binary as ffi::freefunc) {
            return false;
        }
        let state: *const ModuleState = ffi::PyModule_GetState(module).cast();
        layout::has_module_state(module) && !(*state).local.is_null()
    }
}

/// The token for a module-level function, from its `m_self`.
///
/// # Safety
/// The thread must be attached while `'py` lasts, because CPython called a function of this binary
/// with this `m_self`, which is null or a module of this binary.
#[inline]
pub unsafe fn token_of_module<'py>(m_self: *mut ffi::PyObject) -> Python<'py> {
    // SAFETY: as the caller promises. The state of an executed module points to the state of its
    // interpreter, which is never freed.
    unsafe {
        if m_self.is_null() {
            return token_without_module();
        }
        let state: *const ModuleState = layout::module_state(m_self).cast();
        debug_assert!(!state.is_null() && !(*state).local.is_null());
        Python::new(&*(*state).local)
    }
}

/// Whether [`token_of_class`] may be used for a class.
///
/// # Safety
/// The thread must be attached; `class` must be a live heap type.
pub(crate) unsafe fn is_class_of_this_binary(class: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: passed on to the caller. No exception stays set.
    unsafe {
        let module = ffi::PyType_GetModule(class);
        if module.is_null() {
            ffi::PyErr_Clear();
            return false;
        }
        layout::module_of_class(class) == module && is_module_of_this_binary(module)
    }
}

/// The token for the constructor of a class, from the class itself, and not one that derives from
/// it.
///
/// # Safety
/// The thread must be attached while `'py` lasts, because CPython called the class, which must be
/// one for which [`is_class_of_this_binary`] held when it was made.
#[inline(always)]
pub(crate) unsafe fn token_of_class<'py>(class: *mut ffi::PyTypeObject) -> Python<'py> {
    // SAFETY: as the caller promises. A class keeps its module until the garbage collector takes it
    // apart; the rest is as for a function of the module.
    unsafe {
        let module = layout::module_of_class(class);
        if module.is_null() {
            return token_without_module();
        }
        let state: *const ModuleState = layout::module_state(module).cast();
        Python::new(&*(*state).local)
    }
}

/// The token for a function that was made without a module.
///
/// # Safety
/// As for [`token_of_call`].
#[cold]
#[inline(never)]
unsafe fn token_without_module<'py>() -> Python<'py> {
    // SAFETY: passed on to the caller.
    unsafe { Python::assume_called() }
}

/// The token for any other function of this binary: the fallback.
///
/// # Safety
/// The thread must be attached while `'py` lasts, because CPython called something of this binary.
#[inline]
pub unsafe fn token_of_call<'py>() -> Python<'py> {
    // SAFETY: passed on to the caller; what is called was made by this binary in that interpreter.
    unsafe { Python::assume_called() }
}
