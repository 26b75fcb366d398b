//! The module `pyo3_runtime`, through which Python code and `pickle` find the class.
//!
//! No file provides it. So that an interpreter that does not have `pyo3_runtime` yet can import it,
//! it is also a submodule of each `#[pymodule]`: importing `name.pyo3_runtime` imports `name`
//! first. Pickled exceptions refer to a function of that submodule.

use std::ffi::{CStr, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::{PanicException, raise_panic};
use crate::error::PyResult;
use crate::exceptions::PyAttributeError;
use crate::intern;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, PyTypeInfo};
use crate::types::returned::new_reference;
use crate::types::{PyAny, PyAnyMethods, PyDict, PyDictMethods, PyString, PyTuple, PyTupleMethods};

const NAME: &CStr = c"pyo3_runtime";

/// A method table's entry in a `static`.
struct Definition(ffi::PyMethodDef);

// SAFETY: immutable; its pointers point to statics.
unsafe impl Sync for Definition {}

impl Definition {
    const fn new(
        name: &'static CStr,
        doc: &'static CStr,
        function: ffi::PyCFunction,
        flags: c_int,
    ) -> Self {
        Self(ffi::PyMethodDef {
            ml_name: name.as_ptr(),
            ml_meth: ffi::PyMethodDefPointer {
                PyCFunction: function,
            },
            ml_flags: flags,
            ml_doc: doc.as_ptr(),
        })
    }
}

/// `PanicException.__reduce__`.
static REDUCE: Definition = Definition::new(
    c"__reduce__",
    c"Helper for pickle.",
    reduce,
    ffi::METH_NOARGS,
);

/// The function that unpickles a `PanicException`.
static REBUILD: Definition = Definition::new(
    c"_panic",
    c"Returns a PanicException, for pickle.",
    rebuild,
    ffi::METH_VARARGS,
);

/// The module's `__getattr__`: the class is created on first use.
static ATTRIBUTE: Definition = Definition::new(
    c"__getattr__",
    c"Returns the class PanicException.",
    attribute,
    ffi::METH_O,
);

/// Adds the methods of the new class. Returns `None` with an exception set on failure.
///
/// # Safety
/// The thread must be attached; `class` must be a live heap type.
pub(super) unsafe fn complete(class: *mut ffi::PyObject) -> Option<()> {
    // SAFETY: attached; a live heap type (upheld by the caller); the definition is a static.
    unsafe {
        let definition = (&raw const REDUCE.0).cast_mut();
        let method = ffi::PyDescr_NewMethod(class.cast(), definition);
        if method.is_null() {
            return None;
        }
        let status = ffi::PyObject_SetAttrString(class, REDUCE.0.ml_name, method);
        ffi::Py_DECREF(method);
        (status == 0).then_some(())
    }
}

/// Makes the class importable from `pyo3_runtime`, and from the submodule `pyo3_runtime` of a
/// module that is being imported.
pub(crate) fn enter(py: Python<'_>, module: &str) -> PyResult<()> {
    let name = format!("{module}.{}", NAME.to_string_lossy());
    let runtime = match entered(py)? {
        Some(runtime) => {
            let Some(rebuild) = runtime.getattr_opt(intern!(py, "_panic"))? else {
                // Another library's.
                return Ok(());
            };
            // Created for an exception that was pickled before any module was imported?
            let attribute = intern!(py, "__module__");
            if rebuild
                .getattr(attribute)?
                .eq(intern!(py, "pyo3_runtime"))?
            {
                rebuild.setattr(attribute, &name)?;
            }
            runtime
        }
        None => create(py, &name)?,
    };
    modules(py).set_item(name, runtime)
}

/// Returns `sys.modules`.
fn modules(py: Python<'_>) -> Bound<'_, PyDict> {
    // SAFETY: attached (`py`); the interpreter keeps the dict alive.
    unsafe { Bound::from_borrowed_ptr(py, ffi::PyImport_GetModuleDict()).cast_into_unchecked() }
}

fn entered(py: Python<'_>) -> PyResult<Option<Bound<'_, PyAny>>> {
    modules(py).get_item(intern!(py, "pyo3_runtime"))
}

/// Creates the module. Pickled exceptions will refer to it as `name`.
fn create<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: attached (`py`); returns a new module or null.
    let runtime: Bound<'py, PyAny> =
        unsafe { new_reference(py, ffi::PyModule_New(NAME.as_ptr()))? };
    let name = PyString::new(py, name);
    for definition in [&REBUILD, &ATTRIBUTE] {
        // SAFETY: attached (`py`); the definition lives as long as the process; returns a new
        // function or null.
        let function: Bound<'_, PyAny> = unsafe {
            let definition = (&raw const definition.0).cast_mut();
            let function = ffi::PyCMethod_New(definition, null_mut(), name.as_ptr(), null_mut());
            new_reference(py, function)?
        };
        runtime.setattr(
            function.getattr(intern!(py, "__name__"))?.cast_into()?,
            function,
        )?;
    }
    // Another thread may have been first.
    let arguments = (intern!(py, "pyo3_runtime"), runtime);
    modules(py).call_method1(intern!(py, "setdefault"), arguments)
}

/// Runs the body of a function that Python calls, and returns its result or raises its error.
///
/// # Safety
/// The thread must be attached.
unsafe fn run(
    body: impl for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyAny>>,
) -> *mut ffi::PyObject {
    // SAFETY: attached (upheld by the caller).
    let py = unsafe { Python::assume_attached() };
    match catch_unwind(AssertUnwindSafe(|| body(py))) {
        Ok(Ok(object)) => return object.into_ptr(),
        Ok(Err(error)) => error.restore(py),
        Err(payload) => raise_panic(py, payload),
    }
    null_mut()
}

unsafe extern "C" fn reduce(
    exception: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: called by CPython, attached, with an instance of the class, alive during the call.
    unsafe {
        run(|py| {
            let exception = Borrowed::from_ptr(py, exception);
            let base = Borrowed::from_ptr(py, ffi::PyExc_BaseException);
            let reduced = base.call_method1(intern!(py, "__reduce__"), (exception,))?;
            let is_exact = exception.get_type().is(PanicException::type_object(py));
            if !is_exact {
                return Ok(reduced);
            }
            let runtime = match entered(py)? {
                Some(runtime) => runtime,
                None => create(py, "pyo3_runtime")?,
            };
            let Some(rebuild) = runtime.getattr_opt(intern!(py, "_panic"))? else {
                return Ok(reduced);
            };
            let reduced = reduced.cast_into::<PyTuple>()?;
            let mut parts: Vec<Bound<'_, PyAny>> = reduced.iter().collect();
            parts[0] = rebuild;
            Ok(PyTuple::new(py, parts)?.into_any())
        })
    }
}

unsafe extern "C" fn rebuild(
    _: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: called by CPython, attached, with a tuple that is alive during the call.
    unsafe {
        run(|py| {
            let arguments = Borrowed::from_ptr(py, arguments);
            let class = PanicException::type_object(py);
            class.call1(arguments.cast::<PyTuple>()?)
        })
    }
}

unsafe extern "C" fn attribute(
    _: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: called by CPython, attached, with an object that is alive during the call.
    unsafe {
        run(|py| {
            let name = Borrowed::from_ptr(py, name);
            if !name.eq(intern!(py, "PanicException"))? {
                return Err(PyAttributeError::new_err(format!(
                    "module 'pyo3_runtime' has no attribute {}",
                    name.repr()?
                )));
            }
            Ok(PanicException::type_object(py).into_any())
        })
    }
}
