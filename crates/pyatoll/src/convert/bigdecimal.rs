//! `BigDecimal`: to a `decimal.Decimal`; from any object whose text is a number.

use bigdecimal::BigDecimal;
use num_bigint::Sign;

use super::decimal;
use super::imported::Imported;
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyValueError;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyTuple};

/// # Errors
/// `decimal.InvalidOperation` if the exponent is out of range.
impl<'py> IntoPyObject<'py> for BigDecimal {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = type_hint_identifier!("decimal", "Decimal") }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let (number, scale) = self.into_bigint_and_scale();
        if scale == 0 {
            return decimal::new(py, (number,));
        }
        // `Decimal` takes any `int` that fits a `Py_ssize_t`, and checks its range.
        let exponent = scale.checked_neg().and_then(|it| isize::try_from(it).ok());
        let exponent = exponent.ok_or_else(|| invalid_operation(py))?;
        let (sign, digits) = number.to_radix_be(10);
        let digits = PyTuple::new(py, digits)?;
        decimal::new(py, ((sign == Sign::Minus, digits, exponent),))
    }
}

#[cold]
fn invalid_operation(py: Python<'_>) -> PyErr {
    static CLASS: Imported = Imported::new(c"decimal", c"InvalidOperation");
    match CLASS.get(py).and_then(|class| Ok(class.cast()?.clone())) {
        Ok(class) => PyErr::from_type(class, ()),
        Err(error) => error,
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for BigDecimal {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = type_hint_identifier!("decimal", "Decimal") }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        decimal::parse(object, |text| {
            text.parse()
                .map_err(|error: bigdecimal::ParseBigDecimalError| {
                    PyValueError::new_err(error.to_string())
                })
        })
    }
}

#[cfg(test)]
mod tests {
    use bigdecimal::BigDecimal;
    use num_bigint::{BigInt, Sign};
    use proptest::prelude::*;

    use crate::convert::IntoPyObjectExt;
    use crate::error::PyErr;
    use crate::interpreter::Python;
    use crate::types::{PyAnyMethods, PyTypeMethods};

    proptest! {
        #[test]
        fn every_number_survives(
            words in proptest::collection::vec(any::<u32>(), 0..20),
            is_negative: bool,
            scale in -1000..1000i64,
        ) {
            Python::attach(|py| {
                let sign = if is_negative { Sign::Minus } else { Sign::Plus };
                let value = BigDecimal::new(BigInt::new(sign, words), scale);
                let object = value.clone().into_bound_py_any(py)?;
                assert_eq!(object.get_type().name()?.to_string(), "Decimal");
                let found = object.extract::<BigDecimal>()?;
                assert_eq!(found, value);
                assert_eq!(found.into_bigint_and_scale().1, scale);
                Ok::<_, PyErr>(())
            }).unwrap();
        }
    }

    #[test]
    fn an_exponent_out_of_range_is_an_error() {
        Python::attach(|py| {
            // The limits differ between systems with 32 and with 64 bits.
            let limit = py
                .import("decimal")?
                .getattr("MAX_EMAX")?
                .extract::<i64>()?;
            BigDecimal::new(1.into(), -limit).into_bound_py_any(py)?;
            // The implementation in Python, which is used without `_decimal`, checks no range.
            let is_checked = py.import("_decimal").is_ok();
            let checked = [i64::MAX, -i64::MAX, -limit - 1, 3 * limit];
            let checked = is_checked.then_some(checked).into_iter().flatten();
            for scale in [i64::MIN].into_iter().chain(checked) {
                match BigDecimal::new(1.into(), scale).into_bound_py_any(py) {
                    Err(error) => {
                        let error = error.to_string();
                        assert!(error.contains("InvalidOperation"), "{error}");
                    }
                    Ok(object) => panic!("{scale}: {object}"),
                }
            }
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    #[test]
    fn the_text_of_other_objects_counts() {
        Python::attach(|py| {
            let extract = |code| py.eval(code, None, None)?.extract::<BigDecimal>();
            assert_eq!(extract(c"0.1")?, "0.1".parse::<BigDecimal>().unwrap());
            assert_eq!(extract(c"1 << 70")?, BigDecimal::from(1u128 << 70));
            let code = c"type('D', (__import__('decimal').Decimal,), {})('1.50')";
            assert_eq!(extract(code)?.into_bigint_and_scale(), (150.into(), 2));
            for code in [
                c"None",
                c"float('nan')",
                c"__import__('decimal').Decimal('-Infinity')",
            ] {
                let error = extract(code).unwrap_err().to_string();
                assert!(error.starts_with("ValueError: "), "{error}");
            }
            let code = c"type('S', (), {'__str__': lambda self: 1 // 0})()";
            let error = extract(code).unwrap_err().to_string();
            assert!(error.starts_with("ZeroDivisionError: "), "{error}");
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
