//! The `atexit` callback of an interpreter: the first that this library hears of its end, while
//! Python code can still run.
//!
//! `Py_EndInterpreter` aborts the process (3.12, 3.13) if another thread has a thread state of the
//! interpreter. So the callback closes the gate and waits, detached, until every thread that came
//! in through it has left; whoever comes later is told that the interpreter is gone.

use std::ffi::CStr;
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::compat;
use super::local::LocalInternals;

const CAPSULE: &CStr = c"pyatoll.local_internals";

/// The method definition of the callback. CPython only reads it.
struct Definition(ffi::PyMethodDef);
// SAFETY: never written to; its pointers are to statics.
unsafe impl Sync for Definition {}

static CALLBACK: Definition = Definition(ffi::PyMethodDef {
    ml_name: c"_pyatoll_interpreter_ends".as_ptr(),
    ml_meth: ffi::PyMethodDefPointer {
        PyCFunction: interpreter_ends,
    },
    ml_flags: ffi::METH_NOARGS,
    ml_doc: std::ptr::null(),
});

/// Registers the callback with the interpreter's `atexit` module. If Python refuses (it is too far
/// into its end already), the gate is closed at once.
///
/// # Safety
/// The thread must be attached to `local`'s interpreter; no exception may be set.
pub(super) unsafe fn register_atexit(local: &'static LocalInternals) {
    // SAFETY: attached. Every new reference is released below; null is passed on only where
    // CPython takes null for "an exception is set".
    unsafe {
        let pointer = std::ptr::from_ref(local).cast_mut().cast();
        let capsule = ffi::PyCapsule_New(pointer, CAPSULE.as_ptr(), None);
        let mut done = null_mut();
        if !capsule.is_null() {
            let definition = (&raw const CALLBACK.0).cast_mut();
            let callback = ffi::PyCFunction_NewEx(definition, capsule, null_mut());
            let module = ffi::PyImport_ImportModule(c"atexit".as_ptr());
            if !callback.is_null() && !module.is_null() {
                let register = ffi::PyObject_GetAttrString(module, c"register".as_ptr());
                if !register.is_null() {
                    done = ffi::PyObject_CallFunctionObjArgs(
                        register,
                        callback,
                        null_mut::<ffi::PyObject>(),
                    );
                    ffi::Py_DECREF(register);
                }
            }
            ffi::Py_XDECREF(module);
            ffi::Py_XDECREF(callback);
            ffi::Py_DECREF(capsule);
        }
        if done.is_null() {
            ffi::PyErr_Clear();
            local.gate().close();
        }
        ffi::Py_XDECREF(done);
    }
}

unsafe extern "C" fn interpreter_ends(
    capsule: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with the capsule `register_atexit` gave the function.
    // The state it points to is never freed.
    unsafe {
        let local: *const LocalInternals =
            ffi::PyCapsule_GetPointer(capsule, CAPSULE.as_ptr()).cast();
        let Some(local) = local.as_ref() else {
            return null_mut();
        };
        let gate = local.gate();
        gate.close();
        if !gate.is_empty_but_for_this_thread() {
            let note = compat::note_attached(false);
            let thread_state = ffi::PyEval_SaveThread();
            gate.wait_until_empty_but_for_this_thread();
            ffi::PyEval_RestoreThread(thread_state);
            note.restore();
        }
        ffi::Py_NewRef(ffi::Py_None())
    }
}
