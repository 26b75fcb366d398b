//! Drops the values of cells at an interpreter's end while it can still be left and entered: a
//! value may own a `SubInterpreter`, or use another interpreter when it is dropped.
//!
//! When CPython clears the interpreter's dict, and the state is torn down, it is too late for that:
//! `_PyInterpreterState_Clear` has already cleared the thread state (`PyThreadState_Clear`), and a
//! debug build does not let a thread return to it (the assertion `tstate_is_alive`). Before CPython
//! has marked the interpreter as finalizing, it is too early: a daemon thread that waits for the
//! GIL may hold references to values.
//!
//! It is also the moment to let threads that are left behind hang, for which the GIL is given up.
//!
//! In between, `finalize_modules` clears the list of modules that are found by index
//! (`PyState_AddModule`), which Python code has no access to. A hidden module in that list is
//! deallocated then. Values that are created later, by the objects that are deallocated last, are
//! dropped when the state is torn down, as are those that this library itself needs until then.

use std::ffi::c_void;
use std::sync::Once;

use super::compat;
use super::entry;
use super::local::{LocalInternals, Phase};
use super::other_threads;
use crate::capi as ffi;
use crate::capi::module_def::StaticDef;

/// The definition of the hidden module, whose state is a pointer to the [`LocalInternals`].
static DEFINITION: StaticDef = StaticDef::new(
    c"_pyatoll_values",
    std::ptr::null(),
    size_of::<*const LocalInternals>(),
    module_is_freed,
);

/// Makes sure that the values are dropped early. Where Python has no memory for that, or the
/// definition's layout is not known, they are dropped when the state is torn down.
///
/// # Safety
/// The thread must be attached to `local`'s interpreter; no exception may be set.
pub(super) unsafe fn watch(local: &'static LocalInternals) {
    static INITIALIZED: Once = Once::new();
    // SAFETY: attached (upheld by the caller); the definition stays, and is initialized once.
    unsafe {
        let definition = DEFINITION.get();
        if definition.is_null() {
            return;
        }
        INITIALIZED.call_once(|| {
            ffi::PyModuleDef_Init(definition);
        });
        // In a second run of the runtime, CPython may have given the index to another module.
        if !ffi::PyState_FindModule(definition).is_null() {
            return;
        }
        let module = ffi::PyModule_Create(definition);
        if !module.is_null() {
            let state: *mut *const LocalInternals = ffi::PyModule_GetState(module).cast();
            if ffi::PyState_AddModule(module, definition) == 0 {
                state.write(local);
            }
            ffi::Py_DECREF(module);
        }
        ffi::PyErr_Clear();
    }
}

unsafe extern "C" fn module_is_freed(module: *mut c_void) {
    // SAFETY: CPython calls this attached, with a module of the definition. Its state is null or,
    // as allocated, a null pointer, before `watch` has set it.
    unsafe {
        let state: *mut *const LocalInternals = ffi::PyModule_GetState(module.cast()).cast();
        let Some(local) = state.as_ref().and_then(|local| local.as_ref()) else {
            return;
        };
        if is_cleared_by_cpython(local) {
            // An exception that is set is kept across, since drops run any code.
            let raised = compat::take_raised();
            other_threads::look_again(local);
            other_threads::let_waiting_hang(local);
            local.drop_values_early();
            compat::restore_raised(raised);
        }
    }
}

/// Returns whether the module was freed because CPython cleared its list. Other code could only
/// have found the list among the collector's objects.
fn is_cleared_by_cpython(local: &LocalInternals) -> bool {
    let is_ending = match local.is_main() {
        true => compat::is_finalizing(),
        false => local.phase() == Phase::Closing && !entry::keeps_from_ending(local),
    };
    is_ending && local.is_usable() && !compat::is_in_python()
}
