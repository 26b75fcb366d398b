//! `Complex`: to a `complex`; from a `complex`, or any object with `__complex__`, `__float__` or
//! `__index__`.

use std::convert::Infallible;
use std::ffi::c_double;

use super::by_reference::by_reference;
use crate::capi as ffi;
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyComplex};
use num_complex::Complex;

impl PyComplex {
    /// Creates a `complex` from a [`Complex`].
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// ```
    /// use num_complex::Complex;
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyComplex;
    ///
    /// Python::attach(|py| {
    ///     let number = PyComplex::from_complex_bound(py, Complex::new(1.5_f32, -2.0));
    ///     assert_eq!((number.real(), number.imag()), (1.5, -2.0));
    ///     let number: Complex<f64> = number.extract()?;
    ///     assert_eq!(number, Complex::new(1.5, -2.0));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyComplex_FromDoubles`.
    #[track_caller]
    pub fn from_complex_bound<F: Into<c_double>>(
        py: Python<'_>,
        complex: Complex<F>,
    ) -> Bound<'_, PyComplex> {
        PyComplex::from_doubles(py, complex.re.into(), complex.im.into())
    }
}

/// Returns the value of a `complex`, or of an object that converts to one.
fn value(object: Borrowed<'_, '_, PyAny>) -> PyResult<Complex<f64>> {
    // SAFETY: attached; a live object.
    let value = unsafe { ffi::PyComplex_AsCComplex(object.as_ptr()) };
    if value.real == -1.0
        && let Some(error) = PyErr::take(object.py())
    {
        return Err(error);
    }
    Ok(Complex::new(value.real, value.imag))
}

macro_rules! complex {
    ($($float:ident: |$value:ident| $converted:expr;)*) => {$(
        impl<'py> IntoPyObject<'py> for Complex<$float> {
            type Target = PyComplex;
            type Output = Bound<'py, PyComplex>;
            type Error = Infallible;

            crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyComplex>() }

            #[inline]
            fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
                Ok(PyComplex::from_complex_bound(py, self))
            }
        }

        by_reference!(Complex<$float> => PyComplex, Bound<'py, PyComplex>, Infallible);

        impl<'a, 'py> FromPyObject<'a, 'py> for Complex<$float> {
            type Error = PyErr;

            crate::object::hint! {
                INPUT_TYPE =
                    type_hint_union!(type_hint_identifier!("typing", "SupportsComplex"), type_hint_identifier!("typing", "SupportsFloat"), type_hint_identifier!("typing", "SupportsIndex"))
            }

            fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
                let $value = value(object)?;
                Ok($converted)
            }
        }
    )*};
}

complex! {
    f64: |value| value;
    f32: |value| Complex::new(value.re as f32, value.im as f32);
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;
    use proptest::prelude::*;

    use crate::convert::IntoPyObjectExt;
    use crate::error::PyErr;
    use crate::interpreter::Python;
    use crate::types::{PyAnyMethods, PyComplex};

    /// Compares bits, so that NaN is equal to itself and zero has a sign.
    fn same(left: Complex<f64>, right: Complex<f64>) -> bool {
        let same = |left: f64, right: f64| {
            left.to_bits() == right.to_bits() || (left.is_nan() && right.is_nan())
        };
        same(left.re, right.re) && same(left.im, right.im)
    }

    proptest! {
        #[test]
        fn every_number_survives(re in any::<f64>(), im in any::<f64>(), narrow in any::<f32>()) {
            Python::attach(|py| {
                let value = Complex::new(re, im);
                for object in [value.into_bound_py_any(py)?, (&value).into_bound_py_any(py)?] {
                    assert!(object.is_exact_instance_of::<PyComplex>());
                    assert!(same(object.extract()?, value));
                }
                let value = Complex::new(narrow, -narrow);
                for object in [value.into_bound_py_any(py)?, (&value).into_bound_py_any(py)?] {
                    let found: Complex<f32> = object.extract()?;
                    assert!(found == value || (narrow.is_nan() && found.re.is_nan()));
                }
                Ok::<_, PyErr>(())
            }).unwrap();
        }
    }

    #[test]
    fn whatever_converts_to_complex_is_accepted() {
        Python::attach(|py| {
            for (code, expected) in [
                (c"-1+0j", Complex::new(-1.0, 0.0)),
                (c"type('C', (complex,), {})(1, 2)", Complex::new(1.0, 2.0)),
                (
                    c"type('C', (), {'__complex__': lambda self: 3-4j})()",
                    Complex::new(3.0, -4.0),
                ),
                (
                    c"type('F', (), {'__float__': lambda self: 2.5})()",
                    Complex::new(2.5, 0.0),
                ),
                (
                    c"type('I', (), {'__index__': lambda self: -1})()",
                    Complex::new(-1.0, 0.0),
                ),
            ] {
                assert_eq!(
                    py.eval(code, None, None)?.extract::<Complex<f64>>()?,
                    expected
                );
            }
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    #[test]
    fn other_objects_and_failures_are_errors() {
        Python::attach(|py| {
            for (code, expected) in [
                (c"'1j'", "TypeError: must be real number, not str"),
                (c"None", "TypeError: must be real number, not NoneType"),
                (
                    c"type('C', (), {'__complex__': lambda self: 1 // 0})()",
                    "ZeroDivisionError: ",
                ),
                (
                    c"type('C', (), {'__complex__': lambda self: 1})()",
                    "TypeError: ",
                ),
            ] {
                let object = py.eval(code, None, None)?;
                let error = object.extract::<Complex<f64>>().unwrap_err().to_string();
                let narrow = object.extract::<Complex<f32>>().unwrap_err().to_string();
                assert_eq!(error, narrow);
                assert!(error.starts_with(expected), "{error}");
            }
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
