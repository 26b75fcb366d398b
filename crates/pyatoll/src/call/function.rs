//! [`FunctionDefinition`]: a Rust function as Python's `builtin_function_or_method`.

use std::ffi::{CStr, c_int};

use super::token::is_module_of_this_binary;
use crate::capi as ffi;
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::{PyAny, PyCFunction};

/// The C function behind a Python function, by calling convention.
#[derive(Clone, Copy)]
pub enum EntryPoint {
    /// `METH_NOARGS`.
    NoArguments(ffi::PyCFunction),
    /// `METH_O`: one positional argument.
    OneArgument(ffi::PyCFunction),
    /// `METH_FASTCALL`: positional arguments only.
    Fast(ffi::PyCFunctionFast),
    /// `METH_FASTCALL | METH_KEYWORDS`.
    FastWithKeywords(ffi::PyCFunctionFastWithKeywords),
    /// `METH_VARARGS | METH_KEYWORDS`.
    WithKeywords(ffi::PyCFunctionWithKeywords),
}

/// The static definition of a module-level function. Immutable.
pub struct FunctionDefinition {
    method: ffi::PyMethodDef,
    /// Whether the function takes its module, which may then be any module.
    pass_module: bool,
}

// SAFETY: immutable; all pointers in it point to statics.
unsafe impl Send for FunctionDefinition {}
// SAFETY: immutable; all pointers in it point to statics.
unsafe impl Sync for FunctionDefinition {}

/// Converts NUL-terminated text to a C string, at compile time.
///
/// # Panics
/// If the text contains another NUL.
#[track_caller]
pub const fn c_text(text: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(text.as_bytes()) {
        Ok(text) => text,
        Err(_) => panic!("a name or docstring has a NUL byte in it"),
    }
}

/// Returns an entry for CPython's method tables. `flags` (`METH_CLASS`, `METH_STATIC`, or 0) are
/// added to those of the calling convention.
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
        EntryPoint::Fast(function) => (ffi::fast_function(function), ffi::METH_FASTCALL),
        EntryPoint::FastWithKeywords(function) => (
            ffi::fast_function_with_keywords(function),
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
    /// Defines a module-level function.
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

    /// Creates the Python function, in `module` if given.
    ///
    /// # Errors
    /// Any exception raised by Python.
    ///
    /// C API: `PyCMethod_New`.
    pub fn create<'py>(
        &'static self,
        py: Python<'py>,
        module: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCFunction>> {
        // The entry point can take its token from a module of this binary only.
        let passed = module.filter(|module| {
            // SAFETY: attached (`py`); the handle keeps the module alive.
            self.pass_module || unsafe { is_module_of_this_binary(module.as_ptr()) }
        });
        // SAFETY: the definition is static; `passed` is an `m_self` that the entry point accepts.
        unsafe { create(py, &raw const self.method, passed, module) }
    }
}

/// Creates a function whose `m_self` is `passed` and whose `__module__` is the name of `module`.
///
/// # Safety
/// The definition must outlive the function, and its entry point must accept `passed` as `m_self`.
pub(crate) unsafe fn create<'py>(
    py: Python<'py>,
    definition: *const ffi::PyMethodDef,
    passed: Option<&Bound<'py, PyAny>>,
    module: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyCFunction>> {
    let null = std::ptr::null_mut();
    // SAFETY: attached (`py`); CPython only reads the definition, and takes its own references.
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
