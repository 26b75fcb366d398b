//! The `TypeError`s of calls that do not match a function's parameters, with CPython's messages.

use pyo3_ffi as ffi;

use super::signature::Signature;
use crate::error::PyErr;
use crate::exceptions::PyTypeError;
use crate::object::Borrowed;
use crate::types::PyAny;

fn full_name(signature: &Signature) -> String {
    match signature.class_name {
        Some(class) => format!("{class}.{}()", signature.function_name),
        None => format!("{}()", signature.function_name),
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

#[cold]
pub(super) fn keywords_must_be_strings() -> PyErr {
    PyTypeError::new_err("keywords must be strings")
}

#[cold]
pub(super) fn multiple_values(signature: &Signature, name: Borrowed<'_, '_, PyAny>) -> PyErr {
    let function = full_name(signature);
    PyTypeError::new_err(format!(
        "{function} got multiple values for argument '{name}'"
    ))
}

#[cold]
pub(super) fn unexpected_keyword(signature: &Signature, name: Borrowed<'_, '_, PyAny>) -> PyErr {
    let function = full_name(signature);
    PyTypeError::new_err(format!(
        "{function} got an unexpected keyword argument '{name}'"
    ))
}

#[cold]
pub(super) fn positional_only(signature: &Signature, names: &[&str]) -> PyErr {
    PyTypeError::new_err(format!(
        "{} got some positional-only arguments passed as keyword arguments: '{}'",
        full_name(signature),
        names.join(", ")
    ))
}

/// Returns the error for too many positional arguments: `given` of them, beside `named`
/// keyword-only ones.
#[cold]
pub(super) fn too_many(signature: &Signature, given: usize, named: usize) -> PyErr {
    let function = full_name(signature);
    let (min, max) = (
        signature.required_positional,
        signature.positional_names.len(),
    );
    let takes = if min == max {
        format!("{max} positional argument{}", plural(max))
    } else {
        format!("from {min} to {max} positional arguments")
    };
    let extra = if named == 0 {
        String::new()
    } else {
        format!(
            " positional argument{} (and {named} keyword-only argument{})",
            plural(given),
            plural(named)
        )
    };
    let were = if given == 1 && named == 0 {
        "was"
    } else {
        "were"
    };
    PyTypeError::new_err(format!(
        "{function} takes {takes} but {given}{extra} {were} given"
    ))
}

/// Returns the error for required positional parameters without a value in `values`.
#[cold]
pub(super) fn missing_positional(signature: &Signature, values: &[*mut ffi::PyObject]) -> PyErr {
    let names = signature.positional_names.iter().zip(values);
    let missing: Vec<&str> = names
        .filter(|(_, value)| value.is_null())
        .map(|(name, _)| *name)
        .collect();
    missing_error(signature, "positional", &missing)
}

/// Returns the error for required keyword-only parameters without a value in `values`.
#[cold]
pub(super) fn missing_keyword(signature: &Signature, values: &[*mut ffi::PyObject]) -> PyErr {
    let parameters = signature.keyword_only.iter().zip(values);
    let missing: Vec<&str> = parameters
        .filter(|(parameter, value)| parameter.required && value.is_null())
        .map(|(parameter, _)| parameter.name)
        .collect();
    missing_error(signature, "keyword-only", &missing)
}

fn missing_error(signature: &Signature, kind: &str, names: &[&str]) -> PyErr {
    let list = match names {
        [] => String::new(),
        [only] => format!("'{only}'"),
        [first, second] => format!("'{first}' and '{second}'"),
        [rest @ .., last] => format!("'{}', and '{last}'", rest.join("', '")),
    };
    PyTypeError::new_err(format!(
        "{} missing {} required {kind} argument{}: {list}",
        full_name(signature),
        names.len(),
        plural(names.len())
    ))
}
