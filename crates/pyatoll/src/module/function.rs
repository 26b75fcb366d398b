//! Functions and the modules they belong to: `wrap_pyfunction!`, `pass_module`, and C functions.

use std::collections::BTreeMap;
use std::ffi::{CStr, c_int};

use pyo3_ffi as ffi;

use super::pymodule::PyModule;
use crate::call::function::{FunctionDefinition, create};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::interpreter::method_def::MethodDef;
use crate::interpreter::process::ProcessMutex;
use crate::object::{Borrowed, Bound};
use crate::types::PyCFunction;

impl PyCFunction {
    /// Creates a Python function from a C function without arguments. The C function's first
    /// argument is `module`, or null.
    ///
    /// # Safety
    /// Python code can call `fun` in any interpreter that it gets into, from any thread. `fun` must
    /// be sound when CPython calls it as a `METH_NOARGS` function: attached, with `module` or null
    /// as its first argument. It must return a new reference, or null with an exception set, and
    /// must not unwind.
    ///
    /// # Errors
    /// Any exception raised by Python.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::{ffi, types::PyCFunction};
    ///
    /// unsafe extern "C" fn answer(
    ///     _: *mut ffi::PyObject,
    ///     _: *mut ffi::PyObject,
    /// ) -> *mut ffi::PyObject {
    ///     // SAFETY: called by CPython, attached.
    ///     unsafe { ffi::PyLong_FromLong(42) }
    /// }
    ///
    /// Python::attach(|py| {
    ///     // SAFETY: ignores its arguments, and returns a new reference or null.
    ///     let answer =
    ///         unsafe { PyCFunction::new(py, answer, c"answer", c"The answer.", None)? };
    ///     assert_eq!(answer.call0()?.extract::<i32>()?, 42);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyCFunction_NewEx`, `METH_NOARGS`.
    pub unsafe fn new<'py>(
        py: Python<'py>,
        fun: ffi::PyCFunction,
        name: &'static CStr,
        doc: &'static CStr,
        module: Option<&Bound<'py, PyModule>>,
    ) -> PyResult<Bound<'py, PyCFunction>> {
        let pointer = ffi::PyMethodDefPointer { PyCFunction: fun };
        let definition = definition_of(pointer, name, doc, ffi::METH_NOARGS);
        let module = module.map(|module| module.as_any());
        // SAFETY: definitions are never freed; `fun` accepts `module` (upheld by the caller).
        unsafe { create(py, definition, module, module) }
    }

    /// Creates a Python function from a C function that takes a tuple of positional arguments and a
    /// dict of keyword arguments, or null. The C function's first argument is `module`, or null.
    ///
    /// # Safety
    /// As for [`new`](PyCFunction::new), with a `METH_VARARGS | METH_KEYWORDS` function.
    ///
    /// # Errors
    /// Any exception raised by Python.
    ///
    /// C API: `PyCFunction_NewEx`, `METH_VARARGS | METH_KEYWORDS`.
    pub unsafe fn new_with_keywords<'py>(
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
        let module = module.map(|module| module.as_any());
        // SAFETY: definitions are never freed; `fun` accepts `module` (upheld by the caller).
        unsafe { create(py, definition, module, module) }
    }
}

/// Returns the definition of a C function: one per function, name and docstring. Never freed, since
/// functions of any interpreter may refer to it.
fn definition_of(
    function: ffi::PyMethodDefPointer,
    name: &'static CStr,
    doc: &'static CStr,
    flags: c_int,
) -> *const ffi::PyMethodDef {
    type Key = (usize, &'static CStr, &'static CStr, c_int);
    static DEFINITIONS: ProcessMutex<BTreeMap<Key, Box<MethodDef>>> = ProcessMutex::new();

    let mut definitions = DEFINITIONS.lock();
    let key = (function.as_ptr().addr(), name, doc, flags);
    let definition = definitions
        .entry(key)
        .or_insert_with(|| Box::new(MethodDef::new(name, function, flags, Some(doc))));
    definition.as_ptr()
}

/// Returns the module of a function with `pass_module`, from its `m_self`.
///
/// # Safety
/// `m_self` must be the one that CPython called the function with.
///
/// # Errors
/// A `TypeError` if the function was created without a module.
pub unsafe fn passed_module<'py>(
    py: Python<'py>,
    m_self: *mut ffi::PyObject,
) -> PyResult<Borrowed<'py, 'py, PyModule>> {
    // SAFETY: null, or a module that the function keeps alive during the call.
    match unsafe { Borrowed::from_ptr_or_opt(py, m_self) } {
        // SAFETY: `FunctionDefinition::create` passes null or a module to these functions.
        Some(module) => Ok(unsafe { module.cast_unchecked() }),
        None => Err(crate::exceptions::PyTypeError::new_err(
            "a function with `pass_module` must be wrapped with a module, not with `py`",
        )),
    }
}

/// A parameter that takes the module: of `#[pymodule]`, `#[pymodule_init]`, and with `pass_module`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the module",
    label = "not a handle to a module",
    note = "take `&Bound<'_, PyModule>`"
)]
pub trait ModuleArgument<M> {
    /// Converts the module.
    fn of(module: M) -> Self;
}

#[diagnostic::do_not_recommend]
impl<M: Into<T>, T> ModuleArgument<M> for T {
    #[inline]
    fn of(module: M) -> Self {
        module.into()
    }
}

/// Passes the module to a function.
#[inline]
pub fn module_argument<M, T: ModuleArgument<M>>(module: M) -> T {
    T::of(module)
}

/// The second argument of `wrap_pyfunction!`: a module, or a token for a function without a module.
pub trait WrapIn<'py> {
    /// Creates the Python function.
    ///
    /// # Errors
    /// Any exception raised by Python.
    fn wrap(self, definition: &'static FunctionDefinition) -> PyResult<Bound<'py, PyCFunction>>;
}

impl<'py> WrapIn<'py> for Python<'py> {
    fn wrap(self, definition: &'static FunctionDefinition) -> PyResult<Bound<'py, PyCFunction>> {
        definition.create(self, None)
    }
}

/// The handles of a module.
macro_rules! wrap_in_module {
    ($($handle:ty)*) => {$(
        impl<'py> WrapIn<'py> for $handle {
            fn wrap(
                self,
                definition: &'static FunctionDefinition,
            ) -> PyResult<Bound<'py, PyCFunction>> {
                definition.create(self.py(), Some(self.as_any()))
            }
        }
    )*};
}

wrap_in_module! {
    &Bound<'py, PyModule>
    Bound<'py, PyModule>
    Borrowed<'_, 'py, PyModule>
    &Borrowed<'_, 'py, PyModule>
}

/// Creates the Python function of a `#[pyfunction]`: `wrap_pyfunction!(path, module_or_py)`.
///
/// With a module, the function belongs to that module: its `__module__` is the module's name.
/// Without a second argument, the result is a closure that takes a module or a token, as
/// `PyModule::add_wrapped` expects.
///
/// ```
/// use pyatoll::prelude::*;
///
/// #[pyfunction]
/// fn double(number: i64) -> i64 {
///     number * 2
/// }
///
/// Python::attach(|py| {
///     let function = wrap_pyfunction!(double, py)?;
///     assert_eq!(function.call1((21,))?.extract::<i64>()?, 42);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[macro_export]
macro_rules! wrap_pyfunction {
    ($function:path) => {
        &|module_or_py| {
            #[allow(unused_imports)]
            use $crate::impl_::module::plain::in_wrap::*;
            use $function as wrapped;
            $crate::impl_::call::WrapIn::wrap(module_or_py, const { &<wrapped::__Pyatoll as $crate::impl_::module::FunctionExport>::DEFINITION })
        }
    };
    ($function:path, $module_or_py:expr) => {{
        #[allow(unused_imports)]
        use $crate::impl_::module::plain::in_wrap::*;
        use $function as wrapped;
        $crate::impl_::call::WrapIn::wrap($module_or_py, const { &<wrapped::__Pyatoll as $crate::impl_::module::FunctionExport>::DEFINITION })
    }};
}
