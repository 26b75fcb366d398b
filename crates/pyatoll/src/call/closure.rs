//! Rust closures as Python functions.

use std::ffi::CStr;
use std::ptr;

use pyo3_ffi as ffi;

use super::output::IntoOutput;
use super::trampoline::{trampoline, trampoline_unraisable};
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::interpreter::local::LocalInternals;
use crate::object::{Borrowed, Bound};
use crate::types::{PyCFunction, PyDict, PyTuple};

const CAPSULE: &CStr = c"pyatoll.closure";

/// The contents of the capsule that is the `m_self` of a closure's function.
struct Closure<F> {
    closure: F,
    local: &'static LocalInternals,
    definition: ffi::PyMethodDef,
}

impl PyCFunction {
    /// Creates a Python function from a Rust closure. The closure gets the positional arguments as
    /// a tuple and the keyword arguments, if any, as a dict. It is dropped with the function.
    ///
    /// A panic in the closure becomes a [`PanicException`](crate::panic::PanicException).
    ///
    /// # Errors
    /// Any exception raised by Python.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyCFunction, PyDict, PyTuple};
    ///
    /// Python::attach(|py| {
    ///     let add = |args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>| {
    ///         let (a, b): (i64, i64) = args.extract()?;
    ///         PyResult::Ok(a + b)
    ///     };
    ///     let add = PyCFunction::new_closure(py, Some(c"add"), None, add)?;
    ///     assert_eq!(add.call1((1, 2))?.extract::<i64>()?, 3);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyCFunction_NewEx`.
    pub fn new_closure<'py, F, R>(
        py: Python<'py>,
        name: Option<&'static CStr>,
        doc: Option<&'static CStr>,
        closure: F,
    ) -> PyResult<Bound<'py, PyCFunction>>
    where
        F: Fn(&Bound<'_, PyTuple>, Option<&Bound<'_, PyDict>>) -> R + Send + Sync + 'static,
        R: for<'p> IntoOutput<'p, *mut ffi::PyObject>,
    {
        let closure = Box::into_raw(Box::new(Closure {
            closure,
            local: py.owner(),
            definition: ffi::PyMethodDef {
                ml_name: name.unwrap_or(c"pyatoll-closure").as_ptr(),
                ml_meth: ffi::PyMethodDefPointer {
                    PyCFunctionWithKeywords: call_closure::<F, R>,
                },
                ml_flags: ffi::METH_VARARGS | ffi::METH_KEYWORDS,
                ml_doc: doc.unwrap_or(c"").as_ptr(),
            },
        }));
        // SAFETY: attached (`py`). Once created, the capsule owns the closure. The function holds
        // the capsule, and releases it only after its last use of the definition in it.
        unsafe {
            let capsule =
                ffi::PyCapsule_New(closure.cast(), CAPSULE.as_ptr(), Some(drop_closure::<F>));
            let Some(capsule) = Bound::from_owned_ptr_or_opt(py, capsule) else {
                drop(Box::from_raw(closure));
                return Err(PyErr::fetch(py));
            };
            let function = ffi::PyCFunction_NewEx(
                &raw mut (*closure).definition,
                capsule.as_ptr(),
                ptr::null_mut(),
            );
            Ok(Bound::from_owned_ptr_or_err(py, function)?.cast_into_unchecked())
        }
    }
}

unsafe extern "C" fn call_closure<F, R>(
    capsule: *mut ffi::PyObject,
    args: *mut ffi::PyObject,
    kwargs: *mut ffi::PyObject,
) -> *mut ffi::PyObject
where
    F: Fn(&Bound<'_, PyTuple>, Option<&Bound<'_, PyDict>>) -> R + Send + Sync + 'static,
    R: for<'p> IntoOutput<'p, *mut ffi::PyObject>,
{
    // SAFETY: called by CPython, attached to the interpreter of the function, whose `m_self` is a
    // capsule created by `new_closure`, with a tuple, and a dict or null.
    unsafe {
        let this: *const Closure<F> = ffi::PyCapsule_GetPointer(capsule, CAPSULE.as_ptr()).cast();
        let Some(this) = this.as_ref() else {
            return ptr::null_mut();
        };
        trampoline(Python::new(this.local), |py| {
            let args = Borrowed::from_ptr(py, args).cast_unchecked::<PyTuple>();
            let kwargs = Borrowed::from_ptr_or_opt(py, kwargs)
                .map(|kwargs| kwargs.cast_unchecked::<PyDict>());
            (this.closure)(&args, kwargs.as_deref()).into_output(py)
        })
    }
}

unsafe extern "C" fn drop_closure<F>(capsule: *mut ffi::PyObject) {
    // SAFETY: called by CPython, attached, once, with a capsule created by `new_closure`. Dropping
    // the closure runs user code, which may panic.
    unsafe {
        let this: *mut Closure<F> = ffi::PyCapsule_GetPointer(capsule, CAPSULE.as_ptr()).cast();
        if this.is_null() {
            return ffi::PyErr_Clear();
        }
        let py = Python::new((*this).local);
        trampoline_unraisable(py, ptr::null_mut(), |_| {
            drop(Box::from_raw(this));
            Ok(())
        });
    }
}
