//! `Ratio`: to a `fractions.Fraction`; from any object with `numerator` and `denominator`.

use num_rational::Ratio;
use pyo3_ffi as ffi;

use super::imported::Imported;
use crate::convert::{FromPyObject, FromPyObjectOwned, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::intern;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyAnyMethods, PyString};

static FRACTION: Imported = Imported::new(c"fractions", c"Fraction");

/// Returns `int(object.name)`.
fn int<'py>(
    object: Borrowed<'_, 'py, PyAny>,
    name: &Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyAny>> {
    let value = object.getattr(name)?;
    // SAFETY: attached; a live object; the call returns a new reference, or null with an exception.
    unsafe { Bound::from_owned_ptr_or_err(object.py(), ffi::PyNumber_Long(value.as_ptr())) }
}

/// Returns the numerator and the denominator of an object. The denominator is positive.
///
/// # Errors
/// If the denominator is zero, a `ZeroDivisionError` of `Fraction`.
fn parts<'py, T>(object: Borrowed<'_, 'py, PyAny>) -> PyResult<(T, T)>
where
    T: FromPyObjectOwned<'py, Error = PyErr> + Ord + Default,
{
    let py = object.py();
    let (numerator_name, denominator_name) = (intern!(py, "numerator"), intern!(py, "denominator"));
    let (numerator, denominator) = (int(object, numerator_name)?, int(object, denominator_name)?);
    let parts: (T, T) = (numerator.extract()?, denominator.extract()?);
    if parts.1 > T::default() {
        return Ok(parts);
    }
    // Only another class than `Fraction` has such a denominator. Negating the numerator here could
    // overflow.
    let fraction = FRACTION.call(py, (numerator, denominator))?;
    let fraction = fraction.as_borrowed();
    Ok((
        int(fraction, numerator_name)?.extract()?,
        int(fraction, denominator_name)?.extract()?,
    ))
}

macro_rules! ratio {
    ($($int:ty),*) => {$(
        impl<'py> IntoPyObject<'py> for &Ratio<$int> {
            type Target = PyAny;
            type Output = Bound<'py, PyAny>;
            type Error = PyErr;

            crate::object::hint! { OUTPUT_TYPE = type_hint_identifier!("fractions", "Fraction") }

            fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
                FRACTION.call(py, (self.numer(), self.denom()))
            }
        }

        impl<'py> IntoPyObject<'py> for Ratio<$int> {
            type Target = PyAny;
            type Output = Bound<'py, PyAny>;
            type Error = PyErr;

            crate::object::hint! { OUTPUT_TYPE = type_hint_identifier!("fractions", "Fraction") }

            #[inline]
            fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
                (&self).into_pyobject(py)
            }
        }

        impl<'a, 'py> FromPyObject<'a, 'py> for Ratio<$int> {
            type Error = PyErr;

            crate::object::hint! { INPUT_TYPE = type_hint_identifier!("fractions", "Fraction") }

            fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
                let (numerator, denominator) = parts(object)?;
                Ok(Ratio::new(numerator, denominator))
            }
        }
    )*};
}

ratio!(i8, i16, i32, i64, isize);
#[cfg(feature = "num-bigint")]
ratio!(num_bigint::BigInt);

#[cfg(test)]
mod tests {
    use num_rational::Ratio;
    use proptest::prelude::*;

    use crate::convert::IntoPyObjectExt;
    use crate::error::PyErr;
    use crate::interpreter::Python;
    use crate::types::{PyAnyMethods, PyTypeMethods};

    macro_rules! survives {
        ($($name:ident: $int:ty),*) => {
            proptest! {$(
                #[test]
                fn $name(numerator: $int, denominator in 1..=<$int>::MAX) {
                    Python::attach(|py| {
                        let value = Ratio::new(numerator, denominator);
                        for object in [
                            value.into_bound_py_any(py)?,
                            (&value).into_bound_py_any(py)?,
                        ] {
                            assert_eq!(object.to_string(), value.to_string());
                            assert_eq!(object.get_type().name()?.to_string(), "Fraction");
                            assert_eq!(object.extract::<Ratio<$int>>()?, value);
                        }
                        Ok::<_, PyErr>(())
                    }).unwrap();
                }
            )*}
        };
    }

    survives!(i8_survives: i8, i16_survives: i16, i32_survives: i32, i64_survives: i64,
        isize_survives: isize);

    #[cfg(feature = "num-bigint")]
    proptest! {
        #[test]
        fn big_int_survives(numerator: i128, denominator in 1..=u128::MAX) {
            use num_bigint::BigInt;
            Python::attach(|py| {
                let value = Ratio::new(BigInt::from(numerator), BigInt::from(denominator));
                let object = (&value).into_bound_py_any(py)?;
                assert_eq!(object.to_string(), value.to_string());
                assert_eq!(object.extract::<Ratio<BigInt>>()?, value);
                assert_eq!(value.clone().into_bound_py_any(py)?.extract::<Ratio<BigInt>>()?, value);
                Ok::<_, PyErr>(())
            }).unwrap();
        }
    }

    /// An object with these attributes.
    fn rational(numerator: &str, denominator: &str) -> std::ffi::CString {
        let code =
            format!("type('R', (), {{'numerator': {numerator}, 'denominator': {denominator}}})()");
        std::ffi::CString::new(code).unwrap()
    }

    #[test]
    fn whatever_has_a_numerator_and_a_denominator_is_accepted() {
        Python::attach(|py| {
            let extract = |code: &std::ffi::CStr| py.eval(code, None, None)?.extract::<Ratio<i8>>();
            assert_eq!(extract(c"7")?, Ratio::from(7));
            assert_eq!(extract(c"True")?, Ratio::from(1));
            for (numerator, denominator, expected) in [
                ("4", "6", Ratio::new(2, 3)),
                ("1.9", "'2'", Ratio::new(1, 2)),
                ("1", "-2", Ratio::new(-1, 2)),
                ("-128", "-128", Ratio::from(1)),
                ("-128", "-2", Ratio::from(64)),
                ("-128", "127", Ratio::new(-128, 127)),
            ] {
                assert_eq!(extract(&rational(numerator, denominator))?, expected);
            }
            let code = c"type('F', (__import__('fractions').Fraction,), {})('0.75')";
            assert_eq!(extract(code)?, Ratio::new(3, 4));
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    #[test]
    fn other_objects_and_values_out_of_range_are_errors() {
        Python::attach(|py| {
            for (code, expected) in [
                (
                    c"1.5".to_owned(),
                    "AttributeError: 'float' object has no attribute 'numerator'",
                ),
                (rational("1", "0"), "ZeroDivisionError: Fraction(1, 0)"),
                (
                    rational("128", "1"),
                    "OverflowError: out of range integral type conversion attempted",
                ),
                (
                    rational("-128", "-1"),
                    "OverflowError: out of range integral type conversion attempted",
                ),
                (
                    rational("[]", "1"),
                    "TypeError: int() argument must be a string, a bytes-like object or a real \
                     number, not 'list'",
                ),
            ] {
                let error = py
                    .eval(&code, None, None)?
                    .extract::<Ratio<i8>>()
                    .unwrap_err();
                assert_eq!(error.to_string(), expected);
            }
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
