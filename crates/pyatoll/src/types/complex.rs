//! `complex`.

use std::ffi::c_double;
use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::capi as ffi;
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::sealed::Sealed;
use crate::types::{PyAny, PyAnyMethods};

/// Python's `complex`. Its handles support Rust's operators `+`, `-`, `*` and `/`.
///
/// The operators panic where Python raises: on division by zero, and if a method of a subclass
/// raises or does not return a `complex`. [`PyAnyMethods::add`] and its siblings return the error
/// instead.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyComplex;
///
/// Python::attach(|py| {
///     let i = PyComplex::from_doubles(py, 0.0, 1.0);
///     let product = &i * &i;
///     assert_eq!((product.real(), product.imag()), (-1.0, 0.0));
/// });
/// ```
///
/// C API: `PyComplex_Type`.
#[repr(transparent)]
pub struct PyComplex(PyAny);

native_type!(PyComplex: ("builtins", "complex"), PyComplex_Type, PyComplex_Check);

impl PyComplex {
    /// Creates `complex(real, imag)`.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// C API: `PyComplex_FromDoubles`.
    #[track_caller]
    pub fn from_doubles(py: Python<'_>, real: c_double, imag: c_double) -> Bound<'_, PyComplex> {
        // SAFETY: attached; returns a new reference or null.
        unsafe {
            Bound::from_owned_ptr(py, ffi::PyComplex_FromDoubles(real, imag)).cast_into_unchecked()
        }
    }
}

/// The methods of `complex`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyComplex;
///
/// Python::attach(|py| {
///     let number = PyComplex::from_doubles(py, 3.0, 4.0);
///     assert_eq!((number.real(), number.imag()), (3.0, 4.0));
///     assert_eq!(PyComplexMethods::abs(&number), 5.0);
///     let square = PyComplexMethods::pow(&number, &PyComplex::from_doubles(py, 2.0, 0.0));
///     assert_eq!((square.real(), square.imag()), (-7.0, 24.0));
/// });
/// ```
pub trait PyComplexMethods<'py>: Sealed {
    /// Returns the real part.
    ///
    /// C API: `PyComplex_RealAsDouble`.
    fn real(&self) -> c_double;

    /// Returns the imaginary part.
    ///
    /// C API: `PyComplex_ImagAsDouble`.
    fn imag(&self) -> c_double;

    /// Returns the absolute value: Python's `abs(self)`.
    ///
    /// # Panics
    /// If the result is too large for a `float`, or the `__abs__` of a subclass raises.
    ///
    /// C API: `PyNumber_Absolute`.
    #[track_caller]
    fn abs(&self) -> c_double;

    /// Returns Python's `self ** other`.
    ///
    /// # Panics
    /// If 0 is raised to a negative or complex power, or the `__pow__` of a subclass raises.
    ///
    /// C API: `PyNumber_Power`.
    #[track_caller]
    fn pow(&self, other: &Bound<'py, PyComplex>) -> Bound<'py, PyComplex>;
}

impl<'py> PyComplexMethods<'py> for Bound<'py, PyComplex> {
    fn real(&self) -> c_double {
        // SAFETY: attached; `self` is a `complex`, whose value is read without calling Python code.
        unsafe { ffi::PyComplex_RealAsDouble(self.as_ptr()) }
    }

    fn imag(&self) -> c_double {
        // SAFETY: attached; `self` is a `complex`, whose value is read without calling Python code.
        unsafe { ffi::PyComplex_ImagAsDouble(self.as_ptr()) }
    }

    fn abs(&self) -> c_double {
        match PyAnyMethods::abs(self.as_any()).and_then(|absolute| absolute.extract()) {
            Ok(absolute) => absolute,
            Err(error) => failed("__abs__", &error),
        }
    }

    fn pow(&self, other: &Bound<'py, PyComplex>) -> Bound<'py, PyComplex> {
        let none = self.py().None();
        expect_complex("__pow__", PyAnyMethods::pow(self.as_any(), other, none))
    }
}

#[track_caller]
fn expect_complex<'py>(method: &str, result: PyResult<Bound<'py, PyAny>>) -> Bound<'py, PyComplex> {
    match result.and_then(|object| Ok(object.cast_into::<PyComplex>()?)) {
        Ok(complex) => complex,
        Err(error) => failed(method, &error),
    }
}

#[cold]
#[track_caller]
fn failed(method: &str, error: &crate::PyErr) -> ! {
    panic!("the method `{method}` of a complex number failed: {error}")
}

macro_rules! operator {
    ($trait:ident, $method:ident, $python:literal) => {
        operator!(
            @ $trait, $method, $python, Borrowed<'_, 'py, PyComplex>, Borrowed<'_, 'py, PyComplex>
        );
        operator!(@ $trait, $method, $python, Bound<'py, PyComplex>, Bound<'py, PyComplex>);
        operator!(@ $trait, $method, $python, Bound<'py, PyComplex>, &Bound<'py, PyComplex>);
        operator!(@ $trait, $method, $python, &Bound<'py, PyComplex>, Bound<'py, PyComplex>);
        operator!(@ $trait, $method, $python, &Bound<'py, PyComplex>, &Bound<'py, PyComplex>);
    };
    (@ $trait:ident, $method:ident, $python:literal, $left:ty, $right:ty) => {
        impl<'py> $trait<$right> for $left {
            type Output = Bound<'py, PyComplex>;

            #[track_caller]
            fn $method(self, other: $right) -> Self::Output {
                expect_complex($python, PyAnyMethods::$method(self.as_any(), other))
            }
        }
    };
}

operator!(Add, add, "__add__");
operator!(Sub, sub, "__sub__");
operator!(Mul, mul, "__mul__");
operator!(Div, div, "__truediv__");

macro_rules! negate {
    ($($handle:ty),*) => {$(
        impl<'py> Neg for $handle {
            type Output = Bound<'py, PyComplex>;

            #[track_caller]
            fn neg(self) -> Self::Output {
                expect_complex("__neg__", PyAnyMethods::neg(self.as_any()))
            }
        }
    )*};
}

negate!(
    Borrowed<'_, 'py, PyComplex>,
    Bound<'py, PyComplex>,
    &Bound<'py, PyComplex>
);

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(number: Bound<'_, PyComplex>) -> (f64, f64) {
        (number.real(), number.imag())
    }

    #[test]
    fn operators_return_the_same_results_as_python() {
        Python::attach(|py| {
            let left = PyComplex::from_doubles(py, 3.0, 1.5);
            let right = PyComplex::from_doubles(py, 1.0, -2.0);
            assert_eq!(parts(&left + &right), (4.0, -0.5));
            assert_eq!(parts(&left - right.clone()), (2.0, 3.5));
            assert_eq!(parts(left.clone() * &right), (6.0, -4.5));
            assert_eq!(parts(left.clone() / left.clone()), (1.0, 0.0));
            assert_eq!(parts(-&left), (-3.0, -1.5));
            assert_eq!(parts(left.as_borrowed() + right.as_borrowed()), (4.0, -0.5));
        });
    }

    #[test]
    #[should_panic(expected = "__truediv__")]
    fn division_by_zero_panics_with_pythons_error() {
        Python::attach(|py| {
            let zero = PyComplex::from_doubles(py, 0.0, 0.0);
            let _ = &zero / &zero;
        });
    }

    #[test]
    fn a_subclass_is_read_without_calling_it() {
        Python::attach(|py| {
            let code = c"type('C', (complex,), {'__complex__': lambda self: 1 / 0})(1, 2)";
            let object = py.eval(code, None, None).unwrap();
            assert_eq!(parts(object.cast_into().unwrap()), (1.0, 2.0));
        });
    }
}
