//! Forks by `os.fork`, as opposed to those whose child is replaced by another program and needs no
//! Python.

#[cfg(unix)]
pub(super) use unix::{is_under_way, watch};

/// Does nothing: there is no fork.
#[cfg(not(unix))]
pub(super) unsafe fn watch() {}

#[cfg(unix)]
mod unix {
    use std::ptr::null_mut;
    use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

    use crate::capi as ffi;

    use super::super::compat;
    use super::super::local;
    use super::super::method_def::MethodDef;

    /// The thread that is in `os.fork`, or 0.
    static PYTHON_FORKS: AtomicUsize = AtomicUsize::new(0);

    /// Returns whether this thread is in `os.fork`.
    pub(in super::super) fn is_under_way() -> bool {
        // SAFETY: may be called at any time.
        PYTHON_FORKS.load(Ordering::Relaxed) == unsafe { libc::pthread_self() } as usize
    }

    static BEFORE: MethodDef = MethodDef::no_args(c"_pyatoll_before_fork", before);
    static AFTER: MethodDef = MethodDef::no_args(c"_pyatoll_after_fork", after);

    unsafe extern "C" fn before(
        _: *mut ffi::PyObject,
        _: *mut ffi::PyObject,
    ) -> *mut ffi::PyObject {
        // SAFETY: `pthread_self` may be called at any time; attached.
        unsafe {
            PYTHON_FORKS.store(libc::pthread_self() as usize, Ordering::Relaxed);
            ffi::Py_NewRef(ffi::Py_None())
        }
    }

    unsafe extern "C" fn after(_: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
        PYTHON_FORKS.store(0, Ordering::Relaxed);
        // SAFETY: called by CPython, attached.
        unsafe { ffi::Py_NewRef(ffi::Py_None()) }
    }

    /// Registers functions with `os.register_at_fork`, once in each run of the runtime, to
    /// distinguish `os.fork` from forks whose child is replaced by another program and needs no
    /// Python.
    ///
    /// # Safety
    /// The thread must be attached to the main interpreter.
    pub(in super::super) unsafe fn watch() {
        static WATCHED: AtomicU32 = AtomicU32::new(u32::MAX);
        if !local::is_first_in_run(&WATCHED) {
            return;
        }
        // SAFETY: attached; new references are released. An exception that is set is put back
        // afterwards. An error is dropped: then a child crashes or hangs, as without this library.
        unsafe {
            let raised = compat::take_raised();
            let module = ffi::PyImport_ImportModule(c"os".as_ptr());
            let names = ffi::PyDict_New();
            let none = ffi::PyTuple_New(0);
            if !module.is_null() && !names.is_null() && !none.is_null() {
                let places = [
                    (c"before", &BEFORE),
                    (c"after_in_parent", &AFTER),
                    (c"after_in_child", &AFTER),
                ];
                for (name, definition) in places {
                    let function =
                        ffi::PyCFunction_NewEx(definition.as_ptr(), null_mut(), null_mut());
                    if !function.is_null() {
                        ffi::PyDict_SetItemString(names, name.as_ptr(), function);
                        ffi::Py_DECREF(function);
                    }
                }
                let register = ffi::PyObject_GetAttrString(module, c"register_at_fork".as_ptr());
                if !register.is_null() {
                    ffi::Py_XDECREF(ffi::PyObject_Call(register, none, names));
                    ffi::Py_DECREF(register);
                }
            }
            ffi::Py_XDECREF(none);
            ffi::Py_XDECREF(names);
            ffi::Py_XDECREF(module);
            compat::restore_raised(raised);
        }
    }
}
