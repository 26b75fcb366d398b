//! [`FunctionDefinition`]: a Rust function as Python's `builtin_function_or_method`.

use std::ffi::{CStr, c_int};

use pyo3_ffi as ffi;

use super::token::is_module_of_this_binary;
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyCFunction, PyModule};

/// The entry point of a function and its calling convention.
#[derive(Clone, Copy)]
pub enum EntryPoint {
    /// `METH_NOARGS`.
    NoArguments(ffi::PyCFunction),
    /// `METH_O`: one argument, by position.
    OneArgument(ffi::PyCFunction),
    /// `METH_FASTCALL`: arguments by position only.
    Fast(ffi::PyCFunctionFast),
    /// `METH_FASTCALL | METH_KEYWORDS`.
    FastWithKeywords(ffi::PyCFunctionFastWithKeywords),
    /// `METH_VARARGS | METH_KEYWORDS`.
    WithKeywords(ffi::PyCFunctionWithKeywords),
}

/// What CPython is told of a function. Never written to.
pub struct FunctionDefinition {
    method: ffi::PyMethodDef,
    /// Whether the function takes the module it is in, and so any module.
    pass_module: bool,
}

// SAFETY: never written to; its pointers are to statics.
unsafe impl Send for FunctionDefinition {}
// SAFETY: as above.
unsafe impl Sync for FunctionDefinition {}

/// Text that ends with NUL, as a C string, at compile time.
///
/// # Panics
/// If there is another NUL in it.
pub const fn c_text(text: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(text.as_bytes()) {
        Ok(text) => text,
        Err(_) => panic!("a name or docstring has a NUL byte in it"),
    }
}

/// A record for CPython's method tables. `flags` (`METH_CLASS`, `METH_STATIC`, or 0) are added to
/// the convention's.
pub const fn method_definition(
    name: &'static CStr,
    doc: &'static CStr,
    entry: EntryPoint,
    flags: c_int,
) -> ffi::PyMethodDef {
    let (ml_meth, convention) = match entry {
        EntryPoint::NoArguments(function) => (
            ffi::PyMethodDefPointer {
                PyCFunction: function,
            },
            ffi::METH_NOARGS,
        ),
        EntryPoint::OneArgument(function) => (
            ffi::PyMethodDefPointer {
                PyCFunction: function,
            },
            ffi::METH_O,
        ),
        EntryPoint::Fast(function) => (
            ffi::PyMethodDefPointer {
                PyCFunctionFast: function,
            },
            ffi::METH_FASTCALL,
        ),
        EntryPoint::FastWithKeywords(function) => (
            ffi::PyMethodDefPointer {
                PyCFunctionFastWithKeywords: function,
            },
            ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        ),
        EntryPoint::WithKeywords(function) => (
            ffi::PyMethodDefPointer {
                PyCFunctionWithKeywords: function,
            },
            ffi::METH_VARARGS | ffi::METH_KEYWORDS,
        ),
    };
    ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth,
        ml_flags: convention | flags,
        ml_doc: doc.as_ptr(),
    }
}

impl FunctionDefinition {
    /// The record of a module-level function.
    pub const fn new(
        name: &'static CStr,
        doc: &'static CStr,
        entry: EntryPoint,
        pass_module: bool,
    ) -> Self {
        Self {
            method: method_definition(name, doc, entry, 0),
            pass_module,
        }
    }

    /// Makes the Python function, in a module or free.
    ///
    /// # Errors
    /// What Python raises.
    ///
    /// C API: `PyCMethod_New`.
    pub fn create<'py>(
        &'static self,
        py: Python<'py>,
        module: Option<&Bound<'py, PyModule>>,
    ) -> PyResult<Bound<'py, PyCFunction>> {
        // The entry point takes its token from a module of this binary only.
        let passed = module.filter(|module| {
            // SAFETY: attached, a live module.
            self.pass_module || unsafe { is_module_of_this_binary(module.as_ptr()) }
        });
        // SAFETY: the definition is static; `passed` is what the entry point expects.
        unsafe { create(py, &raw const self.method, passed, module) }
    }
}

/// Makes a function whose `m_self` is `passed`, and whose `__module__` is the name of `module`.
///
/// # Safety
/// The definition must live as long as the function, and its entry point must take `passed` for
/// its `m_self`.
pub(crate) unsafe fn create<'py>(
    py: Python<'py>,
    definition: *const ffi::PyMethodDef,
    passed: Option<&Bound<'py, PyModule>>,
    module: Option<&Bound<'py, PyModule>>,
) -> PyResult<Bound<'py, PyCFunction>> {
    let null = std::ptr::null_mut();
    // SAFETY: attached; CPython only reads the definition, and takes its own references.
    unsafe {
        let name = match module {
            Some(module) => {
                let name = ffi::PyModule_GetNameObject(module.as_ptr());
                Some(Bound::from_owned_ptr_or_err(py, name)?)
            }
            None => None,
        };
        let function = ffi::PyCFunction_NewEx(
            definition.cast_mut(),
            passed.map_or(null, Bound::as_ptr),
            name.as_ref().map_or(null, Bound::as_ptr),
        );
        Ok(Bound::from_owned_ptr_or_err(py, function)?.cast_into_unchecked())
    }
}

/// The module of a function that takes it, from its `m_self`.
///
/// # Safety
/// `m_self` must be what CPython called the function with.
///
/// # Errors
/// A `TypeError` if the function was made without a module.
pub unsafe fn passed_module<'py>(
    py: Python<'py>,
    m_self: *mut ffi::PyObject,
) -> PyResult<Borrowed<'py, 'py, PyModule>> {
    // SAFETY: null, or a module that the function keeps alive during the call.
    match unsafe { Borrowed::from_ptr_or_opt(py, m_self) } {
        // SAFETY: `create` only puts a module there.
        Some(module) => Ok(unsafe { module.cast_unchecked() }),
        None => Err(crate::exceptions::PyTypeError::new_err(
            "a function with `pass_module` must be wrapped with a module, not with `py`",
        )),
    }
}

/// What `wrap_pyfunction!` takes as its second argument: a module, or a token for a function that
/// is in none.
pub trait WrapIn<'py> {
    /// Makes the Python function.
    ///
    /// # Errors
    /// What Python raises.
    fn wrap(self, definition: &'static FunctionDefinition) -> PyResult<Bound<'py, PyCFunction>>;
}

impl<'py> WrapIn<'py> for Python<'py> {
    fn wrap(self, definition: &'static FunctionDefinition) -> PyResult<Bound<'py, PyCFunction>> {
        definition.create(self, None)
    }
}

impl<'py> WrapIn<'py> for &Bound<'py, PyModule> {
    fn wrap(self, definition: &'static FunctionDefinition) -> PyResult<Bound<'py, PyCFunction>> {
        definition.create(self.py(), Some(self))
    }
}

impl<'py> WrapIn<'py> for Bound<'py, PyModule> {
    fn wrap(self, definition: &'static FunctionDefinition) -> PyResult<Bound<'py, PyCFunction>> {
        definition.create(self.py(), Some(&self))
    }
}

impl<'py> WrapIn<'py> for Borrowed<'_, 'py, PyModule> {
    fn wrap(self, definition: &'static FunctionDefinition) -> PyResult<Bound<'py, PyCFunction>> {
        definition.create(self.py(), Some(&self))
    }
}

impl<'py> WrapIn<'py> for &Borrowed<'_, 'py, PyModule> {
    fn wrap(self, definition: &'static FunctionDefinition) -> PyResult<Bound<'py, PyCFunction>> {
        definition.create(self.py(), Some(self))
    }
}

/// Makes a Python function of a `#[pyfunction]`: `wrap_pyfunction!(path, module_or_py)`.
///
/// With a module, the function is in that module: its `__module__` is the module's name. Without
/// a second argument it is a closure that takes a module or a token, as `PyModule::add_wrapped`
/// expects.
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
            use $function as wrapped;
            $crate::impl_::call::WrapIn::wrap(module_or_py, const { &<wrapped::__Pyatoll as $crate::impl_::module::FunctionExport>::DEFINITION })
        }
    };
    ($function:path, $module_or_py:expr) => {{
        use $function as wrapped;
        $crate::impl_::call::WrapIn::wrap($module_or_py, const { &<wrapped::__Pyatoll as $crate::impl_::module::FunctionExport>::DEFINITION })
    }};
}
