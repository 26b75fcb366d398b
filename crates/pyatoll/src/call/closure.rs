//! Rust closures and raw C functions as Python functions.

use std::collections::BTreeMap;
use std::ffi::{CStr, c_int};
use std::ptr;
use std::sync::Mutex;

use pyo3_ffi as ffi;

use super::function::create;
use super::output::IntoOutput;
use super::trampoline::{trampoline, trampoline_unraisable};
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::interpreter::local::LocalInternals;
use crate::interpreter::method_def::MethodDef;
use crate::interpreter::sync::lock;
use crate::object::{Borrowed, Bound};
use crate::types::{PyCFunction, PyDict, PyModule, PyTuple};

const CAPSULE: &CStr = c"pyatoll.closure";

/// What the capsule behind a closure's function points to.
struct Closure<F> {
    closure: F,
    local: &'static LocalInternals,
    definition: ffi::PyMethodDef,
}

impl PyCFunction {
    /// Makes a Python function of a Rust closure, which gets the positional arguments as a tuple
    /// and the keyword arguments, if any, as a dict. It is dropped with the function.
    ///
    /// A panic in it becomes a [`PanicException`](crate::panic::PanicException).
    ///
    /// # Errors
    /// What Python raises.
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
        // SAFETY: attached. From its creation on, the capsule owns the closure. The function keeps
        // the capsule, and CPython releases it last, after the definition inside it.
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

    /// Makes a Python function of a C function without arguments. Its first argument is `module`,
    /// or null.
    ///
    /// # Errors
    /// What Python raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::{ffi, types::PyCFunction};
    ///
    /// unsafe extern "C" fn answer(_: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
    ///     // SAFETY: CPython calls this attached.
    ///     unsafe { ffi::PyLong_FromLong(42) }
    /// }
    ///
    /// Python::attach(|py| {
    ///     let answer = PyCFunction::new(py, answer, c"answer", c"The answer.", None)?;
    ///     assert_eq!(answer.call0()?.extract::<i32>()?, 42);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyCFunction_NewEx`, `METH_NOARGS`.
    pub fn new<'py>(
        py: Python<'py>,
        fun: ffi::PyCFunction,
        name: &'static CStr,
        doc: &'static CStr,
        module: Option<&Bound<'py, PyModule>>,
    ) -> PyResult<Bound<'py, PyCFunction>> {
        let pointer = ffi::PyMethodDefPointer { PyCFunction: fun };
        let definition = definition_of(pointer, name, doc, ffi::METH_NOARGS);
        // SAFETY: definitions are never freed; `fun` takes whatever module it is given.
        unsafe { create(py, definition, module, module) }
    }

    /// As [`new`](PyCFunction::new), with a tuple of positional arguments and a dict of keyword
    /// arguments, or null.
    ///
    /// # Errors
    /// What Python raises.
    ///
    /// C API: `PyCFunction_NewEx`, `METH_VARARGS | METH_KEYWORDS`.
    pub fn new_with_keywords<'py>(
        py: Python<'py>,
        fun: ffi::PyCFunctionWithKeywords,
        name: &'static CStr,
        doc: &'static CStr,
        module: Option<&Bound<'py, PyModule>>,
    ) -> PyResult<Bound<'py, PyCFunction>> {
        let pointer = ffi::PyMethodDefPointer {
            PyCFunctionWithKeywords: fun,
        };
        let flags = ffi::METH_VARARGS | ffi::METH_KEYWORDS;
        let definition = definition_of(pointer, name, doc, flags);
        // SAFETY: as in `new`.
        unsafe { create(py, definition, module, module) }
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
    // SAFETY: CPython calls this attached, in the interpreter of the function, whose `m_self` is
    // the capsule that `new_closure` made; with a tuple, and a dict or null.
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
    // SAFETY: CPython calls this attached, once, with the capsule that `new_closure` made. The
    // drop runs user code, which may panic.
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

/// Returns the definition of a C function: one per function, name and docstring. It is never freed,
/// since each interpreter may have functions made from it.
fn definition_of(
    function: ffi::PyMethodDefPointer,
    name: &'static CStr,
    doc: &'static CStr,
    flags: c_int,
) -> *const ffi::PyMethodDef {
    type Key = (usize, &'static CStr, &'static CStr, c_int);
    static DEFINITIONS: Mutex<BTreeMap<Key, Box<MethodDef>>> = Mutex::new(BTreeMap::new());

    let mut definitions = lock(&DEFINITIONS);
    let key = (function.as_ptr().addr(), name, doc, flags);
    let definition = definitions
        .entry(key)
        .or_insert_with(|| Box::new(MethodDef::new(name, function, flags, Some(doc))));
    definition.as_ptr()
}
