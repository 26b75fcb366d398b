//! `Decimal`: to a `decimal.Decimal`; from an `int`, or any object whose text is a number.

use pyo3_ffi as ffi;
use rust_decimal::Decimal;

use super::by_reference::by_reference;
use super::decimal;
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyValueError;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::PyAny;

impl<'py> IntoPyObject<'py> for Decimal {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = type_hint_identifier!("decimal", "Decimal") }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        decimal::new(py, (self.to_string(),))
    }
}

by_reference!(Decimal => PyAny, Bound<'py, PyAny>, PyErr);

impl<'a, 'py> FromPyObject<'a, 'py> for Decimal {
    type Error = PyErr;

    crate::object::hint! {
        INPUT_TYPE =
            type_hint_union!(type_hint_identifier!("decimal", "Decimal"), of::<crate::types::PyInt>())
    }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        // SAFETY: attached; a live object. Without this, extraction would raise for a `Decimal`.
        let is_int = unsafe { ffi::PyIndex_Check(object.as_ptr()) } != 0;
        if is_int && let Ok(value) = i64::extract(object) {
            return Ok(Decimal::new(value, 0));
        }
        decimal::parse(object, |text| {
            text.parse()
                .or_else(|_| Decimal::from_scientific(text))
                .map_err(|error| PyValueError::new_err(error.to_string()))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    use crate::convert::IntoPyObjectExt;
    use crate::error::PyErr;
    use crate::interpreter::Python;
    use crate::types::{PyAnyMethods, PyTypeMethods};

    fn check(value: Decimal) {
        Python::attach(|py| {
            for object in [
                value.into_bound_py_any(py)?,
                (&value).into_bound_py_any(py)?,
            ] {
                assert_eq!(object.get_type().name()?.to_string(), "Decimal");
                let found = object.extract::<Decimal>()?;
                assert_eq!((found, found.scale()), (value, value.scale()));
            }
            let text = value.to_string().into_bound_py_any(py)?;
            assert_eq!(text.extract::<Decimal>()?, value);
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    proptest! {
        #[test]
        fn every_number_survives(
            low: u32, middle: u32, high: u32, is_negative: bool, scale in 0..=28u32,
        ) {
            check(Decimal::from_parts(low, middle, high, is_negative, scale));
        }

        #[test]
        fn every_int_survives(value: i64) {
            Python::attach(|py| {
                let object = value.into_bound_py_any(py)?;
                assert_eq!(object.extract::<Decimal>()?, Decimal::from(value));
                Ok::<_, PyErr>(())
            }).unwrap();
        }
    }

    #[test]
    fn limits_survive_and_what_is_beyond_is_refused() {
        check(Decimal::MAX);
        check(Decimal::MIN);
        Python::attach(|py| {
            let decimal = py.import("decimal")?.getattr("Decimal")?;
            for (text, expected) in [
                ("1E+3", Some(Decimal::from(1000))),
                ("-2.5E-3", Some(Decimal::new(-25, 4))),
                ("1E+30", None),
                ("NaN", None),
                ("-Infinity", None),
            ] {
                let object = decimal.call1((text,))?;
                match (object.extract::<Decimal>(), expected) {
                    (Ok(found), Some(expected)) => assert_eq!(found, expected),
                    (Err(error), None) => {
                        assert!(error.to_string().starts_with("ValueError: "), "{error}");
                    }
                    (found, _) => panic!("{text}: {found:?}"),
                }
            }
            let too_large = py.eval(c"1 << 96", None, None)?.extract::<Decimal>();
            assert!(
                too_large
                    .unwrap_err()
                    .to_string()
                    .starts_with("ValueError: ")
            );
            let largest = py
                .eval(c"(1 << 96) - 1", None, None)?
                .extract::<Decimal>()?;
            assert_eq!(largest, Decimal::MAX);
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    #[test]
    fn the_text_of_other_objects_counts() {
        Python::attach(|py| {
            let extract = |code| py.eval(code, None, None)?.extract::<Decimal>();
            assert_eq!(extract(c"0.1")?, Decimal::new(1, 1));
            assert_eq!(extract(c"True")?, Decimal::from(1));
            let code = c"type('D', (__import__('decimal').Decimal,), {})('1.50')";
            assert_eq!(extract(code)?.to_string(), "1.50");
            for (code, expected) in [
                (c"None", "ValueError: Invalid decimal: unknown character"),
                (
                    c"'\\ud800'",
                    "UnicodeEncodeError: 'utf-8' codec can't encode character '\\ud800' in \
                     position 0: surrogates not allowed",
                ),
                (
                    c"type('S', (), {'__str__': lambda self: 1 // 0})()",
                    "ZeroDivisionError: ",
                ),
            ] {
                let error = extract(code).unwrap_err().to_string();
                assert!(error.starts_with(expected), "{error}");
            }
            assert!(PyErr::take(py).is_none());
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
