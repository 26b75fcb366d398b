//! `BigInt` and `BigUint`: to an `int`; from an `int` or any object with `__index__`.
//!
//! CPython has digits of 30 bits, `num-bigint` of 64. They are converted directly where the
//! digits of an `int` can be read and written, and through bytes in two's complement elsewhere.

use num_bigint::{BigInt, BigUint, Sign};
use pyo3_ffi as ffi;

use super::{compat, int};
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyOverflowError;
use crate::interpreter::{Python, layout};
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyInt};

/// Bits in a digit of CPython.
const DIGIT: u32 = 30;

/// Calls `f` with a buffer of zeros: on the stack, unless it is large.
fn with_buffer<R>(len: usize, f: impl FnOnce(&mut [u32]) -> R) -> R {
    const SMALL: usize = 64;
    if len <= SMALL {
        f(&mut [0; SMALL][..len])
    } else {
        f(&mut vec![0; len])
    }
}

/// Creates an `int` from a sign and a magnitude.
fn to_int<'py>(
    py: Python<'py>,
    is_negative: bool,
    magnitude: &BigUint,
) -> PyResult<Bound<'py, PyInt>> {
    let bits = magnitude.bits();
    // SAFETY: attached; each function returns a new reference to an `int`, or null with an
    // exception set. `write_digits` writes digits of 30 bits.
    unsafe {
        let int = if bits < 64 {
            let value = magnitude.iter_u64_digits().next().unwrap_or(0) as i64;
            int::from_i64(if is_negative { -value } else { value })
        } else {
            let len = bits.div_ceil(DIGIT.into()) as usize;
            let fill = |digits: &mut [u32]| write_digits(magnitude, digits);
            compat::int_from_digits(is_negative, len, fill)
                .unwrap_or_else(|| int_from_bytes(is_negative, magnitude))
        };
        Ok(Bound::from_owned_ptr_or_err(py, int)?.cast_into_unchecked())
    }
}

/// Writes a magnitude in digits of 30 bits, the lowest first.
fn write_digits(magnitude: &BigUint, digits: &mut [u32]) {
    const MASK: u64 = (1 << DIGIT) - 1;
    let (mut pending, mut bits) = (0u64, 0);
    let mut digits = digits.iter_mut();
    for word in magnitude.iter_u64_digits() {
        for half in [word & u64::from(u32::MAX), word >> 32] {
            // At most 29 bits are pending here.
            pending |= half << bits;
            bits += 32;
            while bits >= DIGIT {
                // The highest half may be zero: then there are fewer digits than bits for them.
                let Some(digit) = digits.next() else { return };
                *digit = (pending & MASK) as u32;
                pending >>= DIGIT;
                bits -= DIGIT;
            }
        }
    }
    if let Some(digit) = digits.next() {
        *digit = pending as u32;
    }
}

/// Returns a new reference to an `int`, or null with an exception set.
///
/// # Safety
/// Attached.
#[cold]
unsafe fn int_from_bytes(is_negative: bool, magnitude: &BigUint) -> *mut ffi::PyObject {
    // One bit more, for the sign.
    let len = (magnitude.bits() / 32 + 1) as usize;
    with_buffer(len, |words| {
        for (word, digit) in words.iter_mut().zip(magnitude.iter_u32_digits()) {
            *word = digit;
        }
        if is_negative {
            negate(words);
        }
        // SAFETY: attached (upheld by the caller).
        unsafe { compat::int_from_le_bytes(to_le_bytes(words)) }
    })
}

/// Negates a number in two's complement.
fn negate(words: &mut [u32]) {
    let mut carry = true;
    for word in words {
        (*word, carry) = (!*word).overflowing_add(carry.into());
    }
}

/// Returns the words as little-endian bytes.
fn to_le_bytes(words: &mut [u32]) -> &mut [u8] {
    for word in words.iter_mut() {
        *word = word.to_le();
    }
    // SAFETY: every bit pattern is a valid `u8`, whose alignment is 1; the length is in bytes.
    unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), size_of_val(words)) }
}

/// Returns the sign and the magnitude of an `int`, or of an object with `__index__`.
fn from_int(object: Borrowed<'_, '_, PyAny>) -> PyResult<(bool, BigUint)> {
    let number;
    // SAFETY: attached; a live object.
    let int = if unsafe { ffi::PyLong_Check(object.as_ptr()) } != 0 {
        object
    } else {
        number = int::index(object)?;
        number.as_borrowed()
    };
    // SAFETY: attached; a live `int`, which outlives the use of its digits.
    unsafe {
        if let Some(value) = layout::compact_int(int.as_ptr()) {
            #[allow(clippy::useless_conversion)]
            let value = i64::from(value);
            return Ok((value < 0, value.unsigned_abs().into()));
        }
        match layout::digits_of_int(int.as_ptr()) {
            Some((digits, is_negative)) => Ok((is_negative, read_digits(digits))),
            None => from_bytes(int),
        }
    }
}

/// Returns the magnitude that digits of 30 bits stand for, the lowest first.
fn read_digits(digits: &[u32]) -> BigUint {
    // The number of bits may not fit a `usize` of 32 bits.
    let len = (digits.len() as u64 * u64::from(DIGIT)).div_ceil(32) as usize;
    with_buffer(len, |words| {
        let mut digits = digits.iter();
        let (mut pending, mut bits) = (0u64, 0);
        for word in words.iter_mut() {
            // At most two digits: 31 bits and another 30 fit.
            while bits < 32 {
                let Some(digit) = digits.next() else { break };
                pending |= u64::from(*digit) << bits;
                bits += DIGIT;
            }
            *word = pending as u32;
            pending >>= 32;
            bits = bits.saturating_sub(32);
        }
        BigUint::from_slice(words)
    })
}

/// Does what [`from_int`] does, through bytes.
#[cold]
fn from_bytes(int: Borrowed<'_, '_, PyAny>) -> PyResult<(bool, BigUint)> {
    let py = int.py();
    // SAFETY: attached; a live `int`.
    let len = unsafe { compat::len_of_int(py, int.as_ptr())? }.div_ceil(4);
    with_buffer(len, |words| {
        // The bytes of zeros are the same in every order.
        let bytes = to_le_bytes(words);
        // SAFETY: attached; a live `int`.
        unsafe { compat::int_to_le_bytes(py, int.as_ptr(), bytes)? };
        for word in words.iter_mut() {
            *word = u32::from_le(*word);
        }
        let is_negative = words.last().is_some_and(|word| word >> 31 != 0);
        if is_negative {
            negate(words);
        }
        Ok((is_negative, BigUint::from_slice(words)))
    })
}

macro_rules! to_python {
    ($($type:ty: |$value:ident| $sign:expr, $magnitude:expr;)*) => {$(
        impl<'py> IntoPyObject<'py> for &$type {
            type Target = PyInt;
            type Output = Bound<'py, PyInt>;
            type Error = PyErr;

            crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyInt>() }

            fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
                let $value = self;
                to_int(py, $sign, $magnitude)
            }
        }

        impl<'py> IntoPyObject<'py> for $type {
            type Target = PyInt;
            type Output = Bound<'py, PyInt>;
            type Error = PyErr;

            crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyInt>() }

            // Not inlined: it also drops the number, which would make its callers too large.
            fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
                (&self).into_pyobject(py)
            }
        }
    )*};
}

to_python! {
    BigInt: |value| value.sign() == Sign::Minus, value.magnitude();
    BigUint: |value| false, value;
}

impl<'a, 'py> FromPyObject<'a, 'py> for BigInt {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = type_hint_identifier!("typing", "SupportsIndex") }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let (is_negative, magnitude) = from_int(object)?;
        let sign = if is_negative { Sign::Minus } else { Sign::Plus };
        Ok(BigInt::from_biguint(sign, magnitude))
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for BigUint {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = type_hint_identifier!("typing", "SupportsIndex") }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match from_int(object)? {
            (false, magnitude) => Ok(magnitude),
            (true, _) => Err(PyOverflowError::new_err(
                "can't convert negative int to unsigned",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use num_bigint::{BigInt, BigUint, Sign};
    use proptest::prelude::*;

    use super::*;
    use crate::convert::IntoPyObjectExt;
    use crate::types::PyAnyMethods;

    /// Checks a value in both directions, by digits and through bytes, against Python's own
    /// hexadecimal notation.
    fn check(value: &BigInt) {
        Python::attach(|py| {
            let magnitude = value.magnitude();
            let is_negative = value.sign() == Sign::Minus;
            let literal = format!("{}{:#x}", if is_negative { "-" } else { "" }, magnitude);
            let literal = std::ffi::CString::new(literal).unwrap();
            let expected = py.eval(&literal, None, None)?;
            let by_bytes: Bound<'_, PyAny> =
                // SAFETY: attached; the call returns a new reference, or null with an exception.
                unsafe { Bound::from_owned_ptr_or_err(py, int_from_bytes(is_negative, magnitude))? };
            for object in [
                value.into_bound_py_any(py)?,
                value.clone().into_bound_py_any(py)?,
                by_bytes,
            ] {
                assert!(object.is_exact_instance_of::<PyInt>());
                assert!(object.eq(&expected)?, "{object} is not {expected}");
                // A wrong number of digits would make equal `int`s hash or compare differently.
                assert_eq!(object.hash()?, expected.hash()?);
                assert_eq!(&object.extract::<BigInt>()?, value);
                assert_eq!(from_bytes(object.as_borrowed())?, (is_negative, magnitude.clone()));
                let unsigned = object.extract::<BigUint>();
                assert_eq!(unsigned.ok().as_ref(), (!is_negative).then_some(magnitude));
            }
            for object in [magnitude.into_bound_py_any(py)?, magnitude.clone().into_bound_py_any(py)?] {
                assert_eq!(&object.extract::<BigUint>()?, magnitude);
            }
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    proptest! {
        #[test]
        fn every_number_survives(
            words in proptest::collection::vec(any::<u32>(), 0..200), is_negative: bool,
        ) {
            let sign = if is_negative { Sign::Minus } else { Sign::Plus };
            check(&BigInt::new(sign, words));
        }

        #[test]
        fn every_small_number_survives(value: i128) {
            check(&value.into());
        }
    }

    #[test]
    fn numbers_around_every_power_of_two_survive() {
        for power in (0..260).chain([1023, 1024, 1025, 1919, 1920, 2047, 2048, 2049, 65536]) {
            for near in -1..=1 {
                let value: BigInt = (BigInt::from(1) << power) + near;
                check(&value);
                check(&-value);
            }
        }
    }

    #[test]
    fn subclasses_and_objects_with_index_are_accepted() {
        Python::attach(|py| {
            for (code, expected) in [
                (c"True", BigInt::from(1)),
                (c"type('I', (int,), {})(-1 << 70)", BigInt::from(-1) << 70),
                (
                    c"type('I', (), {'__index__': lambda self: 1 << 70})()",
                    BigInt::from(1) << 70,
                ),
            ] {
                assert_eq!(py.eval(code, None, None)?.extract::<BigInt>()?, expected);
            }
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    #[test]
    fn other_types_and_negative_numbers_are_refused() {
        Python::attach(|py| {
            for (code, expected) in [
                (
                    c"1.0",
                    "TypeError: 'float' object cannot be interpreted as an integer",
                ),
                (
                    c"'1'",
                    "TypeError: 'str' object cannot be interpreted as an integer",
                ),
                (
                    c"type('I', (), {'__index__': lambda self: 1 // 0})()",
                    "ZeroDivisionError: ",
                ),
            ] {
                let object = py.eval(code, None, None)?;
                let error = object.extract::<BigInt>().unwrap_err().to_string();
                assert!(error.starts_with(expected), "{error}");
                let error = object.extract::<BigUint>().unwrap_err().to_string();
                assert!(error.starts_with(expected), "{error}");
            }
            for code in [c"-1", c"-1 << 100"] {
                let error = py.eval(code, None, None)?.extract::<BigUint>().unwrap_err();
                assert_eq!(
                    error.to_string(),
                    "OverflowError: can't convert negative int to unsigned"
                );
            }
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
