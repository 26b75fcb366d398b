//! `builtin_function_or_method` and `function`.

use crate::types::PyAny;

/// Python's `builtin_function_or_method`: a function written in C or Rust.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyCFunction;
///
/// Python::attach(|py| {
///     assert!(py.eval(c"len", None, None).unwrap().is_instance_of::<PyCFunction>());
/// });
/// ```
///
/// C API: `PyCFunction_Type`.
#[repr(transparent)]
pub struct PyCFunction(PyAny);

native_type!(PyCFunction: ("types", "BuiltinFunctionType"), PyCFunction_Type, PyCFunction_Check);

/// Python's `function`: a function written in Python.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyFunction;
///
/// Python::attach(|py| {
///     assert!(py.eval(c"lambda: 1", None, None).unwrap().is_instance_of::<PyFunction>());
/// });
/// ```
///
/// C API: `PyFunction_Type`.
#[repr(transparent)]
pub struct PyFunction(PyAny);

native_type!(PyFunction: ("types", "FunctionType"), { crate::capi::function_type() }, PyFunction_Check);
