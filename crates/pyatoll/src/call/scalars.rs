//! Converts several consecutive parameters whose types are scalars: `bool`, integers and floats.
//!
//! Generated code first extracts the values that most calls pass, inline: that runs no Python code.
//! If any of them is something else, it converts all of them again with one call, which knows their
//! types as data ([`Kinds`]). So a function of many numbers has the code for a rare value once, not
//! once per parameter, and keeps nothing in registers across calls. The order of conversions, and
//! so the first error, is that of the parameters. In a build for size there is only that call.

use std::mem::MaybeUninit;

use super::argument::{extract, named, required};
use super::signature::Signature;
use crate::capi as ffi;
use crate::convert::FromPyObject;
use crate::convert::traits::private::{Scalar, Token};
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::Borrowed;
use crate::types::PyAny;

/// Bits of a type in [`Kinds`].
const BITS: u32 = 4;

/// The types of up to 16 parameters, each in four bits, the first in the lowest. Zero is the end.
#[derive(Clone, Copy, Default)]
pub struct Kinds {
    bits: u64,
    len: u32,
}

impl Kinds {
    /// Returns an empty list.
    pub const fn new() -> Self {
        Self { bits: 0, len: 0 }
    }

    /// Adds the type of the next parameter.
    ///
    /// # Panics
    /// If there are 16.
    #[must_use]
    #[track_caller]
    pub const fn and<'a, 'py, T: FromPyObject<'a, 'py>>(self) -> Self {
        assert!(self.len < u64::BITS / BITS, "more than 16 parameters");
        Self {
            bits: self.bits | (T::SCALAR as u64) << (self.len * BITS),
            len: self.len + 1,
        }
    }
}

/// Returns the value of the required argument at `index` if it is a common one of a scalar type,
/// which is extracted without running Python code. Always returns `None` in a build for size.
///
/// # Safety
/// `index` must be in bounds, and the value there must point to an object that the call keeps
/// alive.
#[inline(always)]
pub unsafe fn scalar_at<'py, T: FromPyObject<'py, 'py>>(
    py: Python<'py>,
    values: &[*mut ffi::PyObject],
    index: usize,
) -> Option<T> {
    if cfg!(optimize_for_size) || matches!(T::SCALAR, Scalar::Other) {
        return None;
    }
    // SAFETY: upheld by the caller: in bounds, and an object that the call keeps alive.
    let object = unsafe { required(py, *values.get_unchecked(index)) };
    T::extract_plain(object, Token)
}

/// Room for the values of `N` parameters.
pub struct Scalars<const N: usize>([MaybeUninit<u64>; N]);

impl<const N: usize> Scalars<N> {
    /// Returns room without values.
    #[inline(always)]
    pub const fn new() -> Self {
        Self([MaybeUninit::uninit(); N])
    }

    /// Converts the required arguments from index `first` on, of the types `kinds`, in this order.
    ///
    /// # Safety
    /// `kinds` must have `N` types, the arguments' indices be in bounds, and their values point to
    /// objects that the call keeps alive.
    ///
    /// # Errors
    /// The error of the first conversion that fails, with a note that names the parameter.
    #[inline(always)]
    pub unsafe fn convert(
        &mut self,
        py: Python<'_>,
        values: &[*mut ffi::PyObject],
        first: usize,
        kinds: Kinds,
        signature: Signature,
    ) -> PyResult<()> {
        debug_assert_eq!(kinds.len as usize, N);
        // SAFETY: upheld by the caller: arguments in bounds; room for a value per type.
        unsafe {
            let values = values.as_ptr().add(first);
            convert(
                py,
                values,
                kinds.bits,
                self.0.as_mut_ptr(),
                signature,
                first,
            )
        }
    }

    /// Returns the value that [`convert`](Scalars::convert) stored at `index`. A type that only
    /// shares the name of a scalar is converted here instead.
    ///
    /// # Safety
    /// `convert` must have returned `Ok` for the same arguments, with `T` at `index` of its types.
    ///
    /// # Errors
    /// That of the conversion here.
    #[inline(always)]
    pub unsafe fn get<'py, T: FromPyObject<'py, 'py>>(
        &self,
        py: Python<'py>,
        values: &[*mut ffi::PyObject],
        (first, index): (usize, usize),
        name: &'static str,
    ) -> PyResult<T> {
        // SAFETY: `convert` has written a `T` for this index if `T` is a scalar, and the argument
        // is in bounds and kept alive (upheld by the caller).
        unsafe {
            if matches!(T::SCALAR, Scalar::Other) {
                return extract(required(py, *values.get_unchecked(first + index)), name);
            }
            Ok(self.0.as_ptr().add(index).cast::<T>().read())
        }
    }
}

impl<const N: usize> Default for Scalars<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// Converts the arguments for [`Scalars::convert`]. Not generic, so that a binary has it once.
///
/// # Safety
/// `values` must point to an object that the call keeps alive for each of `kinds`, and `out` to
/// room for as many values.
#[cfg_attr(not(optimize_for_size), cold)]
#[inline(never)]
unsafe fn convert(
    py: Python<'_>,
    values: *const *mut ffi::PyObject,
    mut kinds: u64,
    out: *mut MaybeUninit<u64>,
    signature: Signature,
    first: usize,
) -> PyResult<()> {
    let mut index = 0;
    while kinds != 0 {
        // SAFETY: upheld by the caller: an object and room for each type.
        let converted = unsafe {
            let object = required(py, *values.add(index));
            convert_one(object, kinds & ((1 << BITS) - 1), out.add(index))
        };
        if let Err(error) = converted {
            let name = signature.names().nth(first + index).unwrap_or_default();
            return Err(named(py, error, name));
        }
        kinds >>= BITS;
        index += 1;
    }
    Ok(())
}

/// Converts a value of a type given as data.
///
/// # Safety
/// `out` must point to room for a value.
#[inline(always)]
unsafe fn convert_one<'py>(
    object: Borrowed<'py, 'py, PyAny>,
    kind: u64,
    out: *mut MaybeUninit<u64>,
) -> PyResult<()> {
    macro_rules! by_kind {
        ($($scalar:ident: $type:ty),*) => {
            // SAFETY: room for any scalar (upheld by the caller), with the alignment of a `u64`.
            unsafe {
                match kind {
                    $(kind if kind == Scalar::$scalar as u64 => store::<$type>(object, out),)*
                    _ => Ok(()),
                }
            }
        };
    }
    by_kind!(
        I8: i8, I16: i16, I32: i32, I64: i64, Isize: isize, U8: u8, U16: u16, U32: u32, U64: u64,
        Usize: usize, F32: f32, F64: f64, Bool: bool
    )
}

/// Extracts a value and writes it to `out`.
///
/// # Safety
/// `out` must point to room for a `u64`.
#[inline(always)]
unsafe fn store<'py, T>(
    object: Borrowed<'py, 'py, PyAny>,
    out: *mut MaybeUninit<u64>,
) -> PyResult<()>
where
    T: FromPyObject<'py, 'py, Error = PyErr>,
{
    const { assert!(size_of::<T>() <= size_of::<u64>() && align_of::<T>() <= align_of::<u64>()) };
    match T::extract(object) {
        Ok(value) => {
            // SAFETY: room for a `u64` (upheld by the caller), and a `T` needs no more.
            unsafe { out.cast::<T>().write(value) };
            Ok(())
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::super::signature::{Counts, SignatureData};
    use super::*;
    use crate::types::{PyAnyMethods, PyListMethods};

    const DATA: &SignatureData<15> = &SignatureData {
        counts: Counts {
            positional: 4,
            positional_only: 4,
            required_positional: 4,
            keyword_only: 0,
            names: 12,
            text: 15,
            varargs: false,
            varkeywords: false,
        },
        text: *b"\x01\0a\x01\0b\x01\0c\x01\0d\x01\0f",
    };
    const SIGNATURE: Signature = Signature::new(DATA);

    /// Evaluates a list of arguments, converts those from `first` on, and passes them to `check`.
    fn convert<const N: usize>(
        code: &std::ffi::CStr,
        first: usize,
        kinds: Kinds,
        check: impl FnOnce(Python<'_>, &[*mut ffi::PyObject], PyResult<Scalars<N>>),
    ) {
        Python::attach(|py| {
            let list = py.eval(code, None, None).unwrap();
            let list = list.cast::<crate::types::PyList>().unwrap();
            let items: Vec<_> = list.iter().collect();
            let values: Vec<_> = items.iter().map(crate::Bound::as_ptr).collect();
            let mut scalars = Scalars::<N>::new();
            // SAFETY: the handles keep the objects alive; there is one for each type.
            let converted = unsafe { scalars.convert(py, &values, first, kinds, SIGNATURE) };
            check(py, &values, converted.map(|()| scalars));
        });
    }

    /// Asserts that each value is converted as its type.
    macro_rules! assert_converted {
        ($code:expr, $($index:literal: $type:ty = $value:expr),*) => {{
            const KINDS: Kinds = Kinds::new()$(.and::<$type>())*;
            const COUNT: usize = [$($index),*].len();
            convert::<COUNT>($code, 0, KINDS, |py, values, converted| {
                let scalars = converted.unwrap();
                $(
                    // SAFETY: `convert` has converted the value as this type.
                    let value = unsafe { scalars.get::<$type>(py, values, (0, $index), "") };
                    assert_eq!(value.unwrap(), $value);
                )*
            });
        }};
    }

    #[test]
    fn each_value_is_converted_as_its_own_type() {
        assert_converted!(
            c"[-2**7, -2**15, -2**31, -2**63, -1, .5, True]",
            0: i8 = i8::MIN, 1: i16 = i16::MIN, 2: i32 = i32::MIN, 3: i64 = i64::MIN,
            4: isize = -1, 5: f32 = 0.5, 6: bool = true
        );
        assert_converted!(
            c"[2**8-1, 2**16-1, 2**32-1, 2**64-1, 7, 1e300]",
            0: u8 = u8::MAX, 1: u16 = u16::MAX, 2: u32 = u32::MAX, 3: u64 = u64::MAX,
            4: usize = 7, 5: f64 = 1e300
        );
        assert_converted!(c"[3, 4, False]", 0: f64 = 3.0, 1: f32 = 4.0, 2: bool = false);
    }

    #[test]
    fn a_type_that_is_not_a_scalar_is_converted_when_its_value_is_needed() {
        assert_converted!(
            c"[1, 'text', 2]",
            0: u8 = 1, 1: String = "text", 2: i64 = 2
        );
    }

    #[test]
    fn the_first_error_names_its_parameter() {
        const KINDS: Kinds = Kinds::new().and::<u8>().and::<f64>().and::<u8>();
        convert::<3>(c"['x', 1, 'y', 256]", 1, KINDS, |py, _, converted| {
            let error = converted.err().unwrap();
            assert_eq!(error.to_string(), "TypeError: must be real number, not str");
            let notes = error.value(py).getattr("__notes__").unwrap();
            assert_eq!(notes.to_string(), "[\"while processing 'c'\"]");
        });
    }

    #[test]
    fn only_common_values_are_plain() {
        Python::attach(|py| {
            let is_plain = |code: &std::ffi::CStr| {
                let object = py.eval(code, None, None).unwrap();
                // SAFETY: the handle keeps the object alive.
                unsafe { scalar_at::<u16>(py, &[object.as_ptr()], 0) }
            };
            let common = is_plain(c"2**16 - 1");
            assert!(common.is_none_or(|value| value == u16::MAX));
            // The layout of 3.11, of digits of 15 bits and of big-endian systems is not read.
            let is_read = cfg!(all(
                Py_3_12,
                target_pointer_width = "64",
                target_endian = "little"
            ));
            if is_read {
                assert!(common.is_some());
            }
            assert_eq!(is_plain(c"2**16"), None);
            assert_eq!(is_plain(c"-1"), None);
            assert_eq!(is_plain(c"1.0"), None);
            let text = py.eval(c"'text'", None, None).unwrap();
            // SAFETY: the handle keeps the object alive.
            let plain = unsafe { scalar_at::<String>(py, &[text.as_ptr()], 0) };
            assert_eq!(plain, None);
        });
    }
}
