//! `int` and Rust's integers.
//!
//! Extraction accepts an `int` or any object with `__index__`; a float is refused. A value out of
//! range is an `OverflowError`, a negative one for an unsigned type included. Each width is a thin
//! shell over one function per C conversion.

use std::convert::Infallible;
use std::ffi::c_long;
use std::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroIsize, NonZeroU8,
    NonZeroU16, NonZeroU32, NonZeroU64, NonZeroU128, NonZeroUsize, TryFromIntError,
};

use pyo3_ffi as ffi;

use super::by_reference::by_reference;
use super::compat;
use super::traits::private;
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::exceptions::{PyOverflowError, PyValueError};
use crate::interpreter::{Python, layout};
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyInt};

/// Returns the value of a small `int`, which most are, without a call.
#[inline(always)]
fn small(object: Borrowed<'_, '_, PyAny>) -> Option<c_long> {
    // SAFETY: attached; a live object, whose type is checked before it is read as an `int`.
    unsafe {
        if ffi::PyLong_CheckExact(object.as_ptr()) == 0 {
            return None;
        }
        layout::compact_int(object.as_ptr())
    }
}

/// Returns the value of an `int`, or of an object with `__index__`.
#[inline]
fn as_long(object: Borrowed<'_, '_, PyAny>) -> PyResult<c_long> {
    match small(object) {
        Some(value) => Ok(value),
        None => any_as_long(object),
    }
}

#[inline(never)]
fn any_as_long(object: Borrowed<'_, '_, PyAny>) -> PyResult<c_long> {
    // SAFETY: attached; a live object.
    let value = unsafe { ffi::PyLong_AsLong(object.as_ptr()) };
    if value == -1 {
        check(object.py())?;
    }
    Ok(value)
}

#[inline]
fn as_i64(object: Borrowed<'_, '_, PyAny>) -> PyResult<i64> {
    // The `long` functions are used where `long` is wide enough, for CPython's overflow message.
    if size_of::<c_long>() == size_of::<i64>() {
        #[allow(clippy::useless_conversion)]
        return as_long(object).map(i64::from);
    }
    if let Some(value) = small(object) {
        #[allow(clippy::useless_conversion)]
        return Ok(value.into());
    }
    // SAFETY: attached; a live object.
    let value = unsafe { ffi::PyLong_AsLongLong(object.as_ptr()) };
    if value == -1 {
        check(object.py())?;
    }
    Ok(value)
}

#[inline]
fn as_u64(object: Borrowed<'_, '_, PyAny>) -> PyResult<u64> {
    match small(object).map(u64::try_from) {
        Some(Ok(value)) => Ok(value),
        _ => any_as_u64(object),
    }
}

#[inline(never)]
fn any_as_u64(object: Borrowed<'_, '_, PyAny>) -> PyResult<u64> {
    // SAFETY: attached; a live object.
    if unsafe { ffi::PyLong_Check(object.as_ptr()) } == 0 {
        // Unlike the signed conversions, this one does not use `__index__`.
        return any_as_u64(index(object)?.as_borrowed());
    }
    // SAFETY: attached; a live `int`.
    let value = unsafe { ffi::PyLong_AsUnsignedLongLong(object.as_ptr()) };
    if value == u64::MAX {
        check(object.py())?;
    }
    Ok(value)
}

/// Calls `operator.index`, which returns the object itself if it is an `int`.
#[cold]
pub(super) fn index<'py>(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: attached; a live object; the call returns a new reference, or null with an exception.
    unsafe { Bound::from_owned_ptr_or_err(object.py(), ffi::PyNumber_Index(object.as_ptr())) }
}

/// Distinguishes a failure from the value that also signals one.
#[cold]
fn check(py: Python<'_>) -> PyResult<()> {
    PyErr::take(py).map_or(Ok(()), Err)
}

#[cold]
fn out_of_range(error: TryFromIntError) -> PyErr {
    PyOverflowError::new_err(error.to_string())
}

/// Returns the 16 bytes of an `int`, in native byte order.
fn as_128<const SIGNED: bool>(object: Borrowed<'_, '_, PyAny>) -> PyResult<[u8; 16]> {
    let py = object.py();
    let number;
    // SAFETY: attached; a live object.
    let int = if unsafe { ffi::PyLong_Check(object.as_ptr()) } != 0 {
        object
    } else {
        number = index(object)?;
        number.as_borrowed()
    };
    let mut bytes = [0; 16];
    // SAFETY: attached; a live `int`.
    unsafe { compat::int_to_bytes::<SIGNED>(py, int.as_ptr(), &mut bytes)? };
    Ok(bytes)
}

/// Creates an `int`, with `PyLong_FromLong` where the value fits: it is the most direct of
/// CPython's functions. Returns a new reference, or null with an exception set.
///
/// # Safety
/// Attached.
#[inline(always)]
pub(super) unsafe fn from_i64(value: i64) -> *mut ffi::PyObject {
    // SAFETY: attached, as the caller guarantees.
    unsafe {
        match c_long::try_from(value) {
            Ok(value) => ffi::PyLong_FromLong(value),
            Err(_) => ffi::PyLong_FromLongLong(value),
        }
    }
}

/// Does what [`from_i64`] does, for unsigned values.
///
/// # Safety
/// Attached.
#[inline(always)]
unsafe fn from_u64(value: u64) -> *mut ffi::PyObject {
    // SAFETY: attached, as the caller guarantees.
    unsafe {
        match c_long::try_from(value) {
            Ok(value) => ffi::PyLong_FromLong(value),
            Err(_) => ffi::PyLong_FromUnsignedLongLong(value),
        }
    }
}

/// `int!(u32 U32 as i64, via as_i64, from PyLong_FromLongLong);`
macro_rules! int {
    (
        $type:ident $scalar:ident as $wide:ty, via $extract:ident, from $make:expr $(, $hooks:tt)?
    ) => {
        impl<'py> IntoPyObject<'py> for $type {
            type Target = PyInt;
            type Output = Bound<'py, PyInt>;
            type Error = Infallible;

            crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyInt>() }

            #[inline]
            fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
                // SAFETY: attached; the call returns a new reference to an `int`, or null.
                Ok(unsafe {
                    Bound::from_owned_ptr(py, $make(self as $wide)).cast_into_unchecked()
                })
            }

            #[inline]
            fn into_return_value(
                self,
                _py: Python<'py>,
                _: private::Token,
            ) -> PyResult<*mut ffi::PyObject> {
                // SAFETY: attached (`_py`).
                Ok(unsafe { $make(self as $wide) })
            }

            $(int_hooks!($hooks owned);)?
        }

        by_reference!(
            $type => PyInt, Bound<'py, PyInt>, Infallible $(, { int_hooks!($hooks borrowed); })?
        );

        impl<'a, 'py> FromPyObject<'a, 'py> for $type {
            type Error = PyErr;

            crate::object::hint! { INPUT_TYPE = type_hint_identifier!("typing", "SupportsIndex") }

            #[inline]
            fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
                #[allow(irrefutable_let_patterns)]
                $type::try_from($extract(object)?)
                    .map_err(|error| out_of_range(TryFromIntError::from(error)))
            }

            // An `Option` of a type as wide as a register is returned in two: the compiler
            // generates better code for `extract` alone there.
            const PLAIN: bool = size_of::<$type>() < size_of::<i64>();

            const SCALAR: private::Scalar = private::Scalar::$scalar;

            #[inline]
            fn extract_plain(object: Borrowed<'_, '_, PyAny>, _: private::Token) -> Option<Self> {
                $type::try_from(small(object)?).ok()
            }

            $(int_hooks!($hooks extract);)?
        }
    };
}

/// Overrides the conversion of sequences: a sequence of `u8` is `bytes`.
macro_rules! int_hooks {
    (bytes owned) => {
        crate::object::hint! { SEQUENCE_OUTPUT_TYPE = of::<crate::types::PyBytes>() }

        #[inline]
        fn owned_sequence_into_pyobject<I>(
            values: I,
            py: Python<'py>,
            _: private::Token,
        ) -> PyResult<Bound<'py, PyAny>>
        where
            I: AsRef<[u8]>,
        {
            super::bytes::new(py, values.as_ref())
        }
    };
    (bytes borrowed) => {
        crate::object::hint! { SEQUENCE_OUTPUT_TYPE = of::<crate::types::PyBytes>() }

        #[inline]
        fn borrowed_sequence_into_pyobject<I>(
            values: I,
            py: Python<'py>,
            _: private::Token,
        ) -> PyResult<Bound<'py, PyAny>>
        where
            I: AsRef<[<Self as private::Reference>::Target]>,
        {
            super::bytes::new(py, values.as_ref())
        }
    };
    (bytes extract) => {
        #[inline]
        fn extract_vec(
            object: Borrowed<'a, 'py, PyAny>,
            _: private::Token,
        ) -> Option<PyResult<Vec<Self>>> {
            super::bytes::copy(object).map(Ok)
        }
    };
}

int!(i8 I8 as c_long, via as_long, from ffi::PyLong_FromLong);
int!(i16 I16 as c_long, via as_long, from ffi::PyLong_FromLong);
int!(i32 I32 as c_long, via as_long, from ffi::PyLong_FromLong);
int!(u8 U8 as c_long, via as_long, from ffi::PyLong_FromLong, bytes);
int!(u16 U16 as c_long, via as_long, from ffi::PyLong_FromLong);
int!(u32 U32 as i64, via as_i64, from from_i64);
int!(i64 I64 as i64, via as_i64, from from_i64);
int!(isize Isize as i64, via as_i64, from from_i64);
int!(u64 U64 as u64, via as_u64, from from_u64);
int!(usize Usize as u64, via as_u64, from from_u64);

macro_rules! int_128 {
    ($type:ident, $signed:literal) => {
        impl<'py> IntoPyObject<'py> for $type {
            type Target = PyInt;
            type Output = Bound<'py, PyInt>;
            type Error = Infallible;

            crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyInt>() }

            fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
                if let Ok(small) = i64::try_from(self) {
                    return small.into_pyobject(py);
                }
                // SAFETY: attached; the call returns a new reference to an `int`, or null.
                Ok(unsafe {
                    let int = compat::int_from_bytes::<$signed>(self.to_ne_bytes());
                    Bound::from_owned_ptr(py, int).cast_into_unchecked()
                })
            }
        }

        by_reference!($type => PyInt, Bound<'py, PyInt>, Infallible);

        impl<'a, 'py> FromPyObject<'a, 'py> for $type {
            type Error = PyErr;

            crate::object::hint! { INPUT_TYPE = type_hint_identifier!("typing", "SupportsIndex") }

            fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
                as_128::<$signed>(object).map($type::from_ne_bytes)
            }
        }
    };
}

int_128!(i128, true);
int_128!(u128, false);

macro_rules! nonzero {
    ($($nonzero:ident: $int:ident),*) => {$(
        impl<'py> IntoPyObject<'py> for $nonzero {
            type Target = PyInt;
            type Output = Bound<'py, PyInt>;
            type Error = Infallible;

            crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyInt>() }

            #[inline]
            fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
                self.get().into_pyobject(py)
            }
        }

        by_reference!($nonzero => PyInt, Bound<'py, PyInt>, Infallible);

        impl<'a, 'py> FromPyObject<'a, 'py> for $nonzero {
            type Error = PyErr;

            crate::object::hint! { INPUT_TYPE = type_hint_identifier!("typing", "SupportsIndex") }

            #[inline]
            fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
                $nonzero::new($int::extract(object)?)
                    .ok_or_else(|| PyValueError::new_err("invalid zero value"))
            }
        }
    )*};
}

nonzero!(
    NonZeroI8: i8, NonZeroI16: i16, NonZeroI32: i32, NonZeroI64: i64, NonZeroI128: i128,
    NonZeroIsize: isize, NonZeroU8: u8, NonZeroU16: u16, NonZeroU32: u32, NonZeroU64: u64,
    NonZeroU128: u128, NonZeroUsize: usize
);

#[cfg(test)]
mod tests {
    use std::ffi::{CStr, CString};
    use std::fmt::Display;
    use std::num::{NonZeroI8, NonZeroU128};

    use proptest::prelude::*;

    use crate::convert::{FromPyObjectOwned, IntoPyObject, IntoPyObjectExt};
    use crate::error::{PyErr, PyResult};
    use crate::interpreter::Python;

    fn eval<T: for<'py> FromPyObjectOwned<'py>>(code: &CStr) -> PyResult<T> {
        Python::attach(|py| {
            let object = py.eval(code, None, None)?;
            object.as_borrowed().extract::<T>().map_err(Into::into)
        })
    }

    fn error<T: for<'py> FromPyObjectOwned<'py> + std::fmt::Debug>(code: &CStr) -> String {
        eval::<T>(code).unwrap_err().to_string()
    }

    /// Converts a value to Python, where it must print as in Rust, and back; and extracts it from
    /// its literal.
    fn round_trip<T>(value: T)
    where
        T: for<'py> IntoPyObject<'py>
            + for<'py> FromPyObjectOwned<'py>
            + Copy
            + Display
            + PartialEq
            + std::fmt::Debug,
        for<'a, 'py> &'a T: IntoPyObject<'py>,
    {
        Python::attach(|py| {
            for object in [
                value.into_bound_py_any(py)?,
                (&value).into_bound_py_any(py)?,
            ] {
                assert_eq!(object.to_string(), value.to_string());
                assert_eq!(
                    object.as_borrowed().extract::<T>().map_err(Into::into)?,
                    value
                );
            }
            let literal = CString::new(value.to_string()).unwrap();
            assert_eq!(eval::<T>(&literal)?, value);
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    macro_rules! round_trips {
        ($($name:ident: $type:ident),*) => {
            proptest! {$(
                #[test]
                fn $name(value: $type) {
                    round_trip::<$type>(value);
                }
            )*}

            #[test]
            fn limits_survive_and_one_beyond_overflows() {
                $(
                    round_trip::<$type>($type::MIN);
                    round_trip::<$type>($type::MAX);
                    for code in [
                        format!("{} + 1", $type::MAX),
                        format!("{} - 1", $type::MIN),
                        "1 << 200".into(),
                        "-1 << 200".into(),
                    ] {
                        let error = error::<$type>(&CString::new(code).unwrap());
                        assert!(error.starts_with("OverflowError: "), "{error}");
                    }
                )*
            }
        };
    }

    round_trips!(
        i8_survives: i8, i16_survives: i16, i32_survives: i32, i64_survives: i64,
        i128_survives: i128, isize_survives: isize, u8_survives: u8, u16_survives: u16,
        u32_survives: u32, u64_survives: u64, u128_survives: u128, usize_survives: usize
    );

    #[test]
    fn overflow_has_pythons_text() {
        assert_eq!(
            error::<u8>(c"256"),
            "OverflowError: out of range integral type conversion attempted"
        );
        assert_eq!(
            error::<u64>(c"-1"),
            "OverflowError: can't convert negative int to unsigned"
        );
        assert_eq!(error::<u128>(c"-1"), error::<u64>(c"-1"));
        for error in [error::<i128>(c"1 << 127"), error::<u128>(c"1 << 130")] {
            assert_eq!(
                error,
                if crate::capi::at_least(13) {
                    "OverflowError: Python int larger than 128 bits"
                } else {
                    "OverflowError: int too big to convert"
                }
            );
        }
    }

    #[test]
    fn only_integers_and_objects_with_index_are_accepted() {
        const INDEX: &CStr = c"type('I', (), {'__index__': lambda self: 7})()";
        assert_eq!(eval::<i32>(INDEX).unwrap(), 7);
        assert_eq!(eval::<u64>(INDEX).unwrap(), 7);
        assert_eq!(eval::<i128>(INDEX).unwrap(), 7);
        assert_eq!(eval::<u8>(c"True").unwrap(), 1);
        let refused = |error: String, name: &str| {
            assert_eq!(
                error,
                format!("TypeError: '{name}' object cannot be interpreted as an integer")
            );
        };
        refused(error::<i32>(c"1.0"), "float");
        refused(error::<u64>(c"'1'"), "str");
        refused(error::<u128>(c"None"), "NoneType");
    }

    #[test]
    fn minus_one_is_not_mistaken_for_a_failure() {
        assert_eq!(eval::<i8>(c"-1").unwrap(), -1);
        assert_eq!(eval::<i64>(c"-1").unwrap(), -1);
        assert_eq!(eval::<u64>(c"(1 << 64) - 1").unwrap(), u64::MAX);
    }

    #[test]
    fn zero_is_not_a_nonzero() {
        assert_eq!(eval::<NonZeroI8>(c"-3").unwrap().get(), -3);
        assert_eq!(error::<NonZeroU128>(c"0"), "ValueError: invalid zero value");
        assert!(error::<NonZeroI8>(c"300").starts_with("OverflowError: "));
        round_trip::<NonZeroI8>(NonZeroI8::MIN);
    }
}
