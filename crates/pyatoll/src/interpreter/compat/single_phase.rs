//! Modules with single-phase initialization that crash in a sub-interpreter.

use crate::capi::{self as ffi, at_least};

/// Keeps `decimal`, `datetime` and `zoneinfo` from importing `_decimal`, `_datetime` and
/// `_zoneinfo` where these crash before Python 3.13. They then use their Python implementations.
///
/// All three have single-phase initialization. In an interpreter that refuses that, Python 3.12
/// calls the module's init function before it raises the `ImportError`, unless the main interpreter
/// has imported the module. The module's statics then belong to an interpreter that ends, and the
/// process aborts. `_decimal` and `_zoneinfo` also keep objects in statics that all interpreters
/// share: the context of the last thread state, and a cache of time zones that is used after its
/// interpreter's end.
///
/// # Safety
/// The thread must be attached.
#[inline]
pub(crate) unsafe fn avoid_single_phase_modules() {
    if at_least(13) {
        return;
    }
    // SAFETY: attached (upheld by the caller).
    unsafe {
        let interpreter = ffi::PyInterpreterState_Get();
        if interpreter != ffi::PyInterpreterState_Main() {
            block_module(c"_decimal");
            block_module(c"_zoneinfo");
        }
        /// "Import checks a module for support of sub-interpreters."
        const MULTI_INTERP_EXTENSIONS: std::ffi::c_ulong = 1 << 8;
        if at_least(12)
            && ffi::_PyInterpreterState_HasFeature(interpreter, MULTI_INTERP_EXTENSIONS) != 0
        {
            block_module(c"_datetime");
        }
    }
}

/// Keeps `asyncio` from importing `_asyncio` in the interpreter that this thread is attached to, a
/// new sub-interpreter, before Python 3.12: it caches the running loop in a static, for the id of a
/// thread state, which a thread of another interpreter has as well. `asyncio` has a version in
/// Python.
///
/// # Safety
/// The thread must be attached; no exception may be set.
pub(crate) unsafe fn avoid_asyncio_in_c() {
    if !at_least(12) {
        // SAFETY: attached (upheld by the caller).
        unsafe { block_module(c"_asyncio") };
    }
}

/// Makes the import of a module an `ImportError`, unless it was imported already.
///
/// # Safety
/// Attached.
unsafe fn block_module(name: &std::ffi::CStr) {
    // SAFETY: attached (upheld by the caller); `sys.modules` is borrowed while it is used. A
    // `MemoryError` is ignored: the import would raise it again.
    unsafe {
        let modules = ffi::PyImport_GetModuleDict();
        if ffi::PyDict_GetItemString(modules, name.as_ptr()).is_null() {
            ffi::PyDict_SetItemString(modules, name.as_ptr(), ffi::Py_None());
            ffi::PyErr_Clear();
        }
    }
}
