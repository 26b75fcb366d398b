//! The `TypeError`s of calls that do not match a function's parameters.
//!
//! The messages are PyO3's, which packages' tests compare: CPython's but for "takes 1 positional
//! arguments", and "keyword argument" where CPython has "keyword-only argument".

use pyo3_ffi as ffi;

use super::signature::Signature;
use crate::error::PyErr;
use crate::exceptions::PyTypeError;
use crate::object::Borrowed;
use crate::types::PyAny;

/// Returns the names as a list in English.
fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => format!("'{only}'"),
        [first, second] => format!("'{first}' and '{second}'"),
        [rest @ .., last] => format!("'{}', and '{last}'", rest.join("', '")),
    }
}

#[cold]
pub(super) fn keywords_must_be_strings() -> PyErr {
    PyTypeError::new_err("keywords must be strings")
}

#[cold]
pub(super) fn multiple_values(signature: Signature, name: Borrowed<'_, '_, PyAny>) -> PyErr {
    let function = signature.full_name();
    PyTypeError::new_err(format!(
        "{function} got multiple values for argument '{name}'"
    ))
}

#[cold]
pub(super) fn unexpected_keyword(signature: Signature, name: Borrowed<'_, '_, PyAny>) -> PyErr {
    let function = signature.full_name();
    PyTypeError::new_err(format!(
        "{function} got an unexpected keyword argument '{name}'"
    ))
}

#[cold]
pub(super) fn positional_only(signature: Signature, names: &[&str]) -> PyErr {
    PyTypeError::new_err(format!(
        "{} got some positional-only arguments passed as keyword arguments: {}",
        signature.full_name(),
        list(names)
    ))
}

/// Returns the error for too many positional arguments: `given` of them.
#[cold]
pub(super) fn too_many(signature: Signature, given: usize) -> PyErr {
    let function = signature.full_name();
    let min = signature.required_positional;
    let max = signature.positional;
    let takes = if min == max {
        max.to_string()
    } else {
        format!("from {min} to {max}")
    };
    let were = if given == 1 { "was" } else { "were" };
    PyTypeError::new_err(format!(
        "{function} takes {takes} positional arguments but {given} {were} given"
    ))
}

/// Returns the error for required positional parameters without a value in `values`.
#[cold]
pub(super) fn missing_positional(signature: Signature, values: &[*mut ffi::PyObject]) -> PyErr {
    let names = signature.names().zip(values);
    let missing: Vec<&str> = names
        .filter(|(_, value)| value.is_null())
        .map(|(name, _)| name)
        .collect();
    missing_error(signature, "positional", &missing)
}

/// Returns the error for required keyword-only parameters without a value in `values`.
#[cold]
pub(super) fn missing_keyword(signature: Signature, values: &[*mut ffi::PyObject]) -> PyErr {
    let names = signature.names().skip(signature.positional.into());
    let parameters = names.zip(signature.required_keyword_only()).zip(values);
    let missing: Vec<&str> = parameters
        .filter(|((_, required), value)| *required && value.is_null())
        .map(|((name, _), _)| name)
        .collect();
    missing_error(signature, "keyword", &missing)
}

fn missing_error(signature: Signature, kind: &str, names: &[&str]) -> PyErr {
    PyTypeError::new_err(format!(
        "{} missing {} required {kind} argument{}: {}",
        signature.full_name(),
        names.len(),
        if names.len() == 1 { "" } else { "s" },
        list(names)
    ))
}
