//! `float` and Rust's floats.
//!
//! Extraction accepts a `float` or any object with `__float__` or `__index__`. An `f32` is rounded.

use std::convert::Infallible;

use super::by_reference::by_reference;
use super::traits::private::{Scalar, Token};
use crate::capi as ffi;
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyFloat};

impl<'py> IntoPyObject<'py> for f64 {
    type Target = PyFloat;
    type Output = Bound<'py, PyFloat>;
    type Error = Infallible;

    crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyFloat>() }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        // SAFETY: attached; the call returns a new reference to a `float`, or null.
        Ok(unsafe {
            Bound::from_owned_ptr(py, ffi::PyFloat_FromDouble(self)).cast_into_unchecked()
        })
    }

    #[inline]
    fn into_return_value(self, _py: Python<'py>, _: Token) -> PyResult<*mut ffi::PyObject> {
        // SAFETY: attached (`_py`).
        Ok(unsafe { ffi::PyFloat_FromDouble(self) })
    }
}

impl<'py> IntoPyObject<'py> for f32 {
    type Target = PyFloat;
    type Output = Bound<'py, PyFloat>;
    type Error = Infallible;

    crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyFloat>() }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        f64::from(self).into_pyobject(py)
    }

    #[inline]
    fn into_return_value(self, py: Python<'py>, token: Token) -> PyResult<*mut ffi::PyObject> {
        f64::from(self).into_return_value(py, token)
    }
}

by_reference!(f64 => PyFloat, Bound<'py, PyFloat>, Infallible);
by_reference!(f32 => PyFloat, Bound<'py, PyFloat>, Infallible);

impl<'a, 'py> FromPyObject<'a, 'py> for f64 {
    type Error = PyErr;

    crate::object::hint! {
        INPUT_TYPE =
            type_hint_union!(type_hint_identifier!("typing", "SupportsFloat"), type_hint_identifier!("typing", "SupportsIndex"))
    }

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match exact(object) {
            Some(value) => Ok(value),
            None => any_as_f64(object),
        }
    }

    const PLAIN: bool = true;

    const SCALAR: Scalar = Scalar::F64;

    #[inline]
    fn extract_plain(object: Borrowed<'_, '_, PyAny>, _: Token) -> Option<Self> {
        exact(object)
    }
}

/// Returns the value of a `float` that is not an instance of a subclass, without a call.
#[inline(always)]
fn exact(object: Borrowed<'_, '_, PyAny>) -> Option<f64> {
    // SAFETY: attached; a live object, whose type is checked before it is read as a `float`.
    unsafe {
        (ffi::PyFloat_CheckExact(object.as_ptr()) != 0)
            .then(|| ffi::PyFloat_AS_DOUBLE(object.as_ptr()))
    }
}

#[inline(never)]
fn any_as_f64(object: Borrowed<'_, '_, PyAny>) -> PyResult<f64> {
    // SAFETY: attached; a live object.
    let value = unsafe { ffi::PyFloat_AsDouble(object.as_ptr()) };
    if value == -1.0
        && let Some(error) = PyErr::take(object.py())
    {
        return Err(error);
    }
    Ok(value)
}

impl<'a, 'py> FromPyObject<'a, 'py> for f32 {
    type Error = <f64 as FromPyObject<'a, 'py>>::Error;

    crate::object::hint! {
        INPUT_TYPE =
            type_hint_union!(type_hint_identifier!("typing", "SupportsFloat"), type_hint_identifier!("typing", "SupportsIndex"))
    }

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        f64::extract(object).map(|value| value as f32)
    }

    const PLAIN: bool = true;

    const SCALAR: Scalar = Scalar::F32;

    #[inline]
    fn extract_plain(object: Borrowed<'_, '_, PyAny>, _: Token) -> Option<Self> {
        exact(object).map(|value| value as f32)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::convert::IntoPyObjectExt;
    use crate::error::PyErr;
    use crate::interpreter::Python;

    proptest! {
        #[test]
        fn every_f64_survives_bit_for_bit(bits: u64) {
            let value = f64::from_bits(bits);
            let back = Python::attach(|py| {
                let object = value.into_bound_py_any(py)?;
                object.as_borrowed().extract::<f64>()
            }).unwrap();
            prop_assert!(back == value || (back.is_nan() && value.is_nan()));
        }

        #[test]
        fn every_f32_survives(value: f32) {
            let back = Python::attach(|py| {
                let object = (&value).into_bound_py_any(py)?;
                object.as_borrowed().extract::<f32>()
            }).unwrap();
            prop_assert!(back == value || (back.is_nan() && value.is_nan()));
        }
    }

    #[test]
    fn minus_one_integers_and_objects_with_float_are_accepted() {
        Python::attach(|py| {
            let cases = [
                (c"-1.0", -1.0),
                (c"-1", -1.0),
                (c"type('F', (), {'__float__': lambda self: 2.5})()", 2.5),
            ];
            for (code, value) in cases {
                let object = py.eval(code, None, None)?;
                assert_eq!(object.as_borrowed().extract::<f64>()?, value);
            }
            let text = py.eval(c"'1'", None, None)?;
            let error = text.as_borrowed().extract::<f64>().unwrap_err();
            assert_eq!(error.to_string(), "TypeError: must be real number, not str");
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
