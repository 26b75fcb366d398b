//! `int`.

use std::convert::Infallible;

use crate::convert::IntoPyObject;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyAnyMethods};

/// Python's `int`. Its handles compare with Rust integers of any width, whatever their own size.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyInt;
///
/// Python::attach(|py| {
///     let number: Bound<'_, PyInt> = PyInt::new(py, 300);
///     assert_eq!(number, 300);
///     assert_ne!(number, 44u8);
///     assert_eq!(number.extract::<i64>()?, 300);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyLong_Type`.
#[repr(transparent)]
pub struct PyInt(PyAny);

native_type!(PyInt: ("builtins", "int"), PyLong_Type, PyLong_Check);

impl PyInt {
    /// Creates an `int` from a Rust integer.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// C API: `PyLong_FromLongLong` and its siblings.
    #[inline]
    #[track_caller]
    pub fn new<'py, T>(py: Python<'py>, i: T) -> Bound<'py, PyInt>
    where
        T: IntoPyObject<'py, Target = PyInt, Output = Bound<'py, PyInt>, Error = Infallible>,
    {
        let Ok(int) = i.into_pyobject(py);
        int
    }
}

macro_rules! int_eq {
    ($($rust:ident)*) => {$(
        value_eq!(PyInt, $rust, |object: Borrowed<'_, '_, PyInt>, value: &$rust| {
            // Extraction fails for a value that does not fit.
            object.as_any().extract::<$rust>().is_ok_and(|int| int == *value)
        });
    )*};
}

int_eq!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(
        clippy::bool_comparison,
        clippy::nonminimal_bool,
        clippy::op_ref,
        reason = "the comparisons are what is tested"
    )]
    fn every_width_compares_from_both_sides() {
        macro_rules! check {
            ($py:ident $($rust:ident)*) => {$(
                let int = PyInt::new($py, $rust::MAX);
                assert!(int == $rust::MAX && $rust::MAX == int && int.as_borrowed() == $rust::MAX);
                assert!(int != $rust::MIN && $rust::MIN != &int);
            )*};
        }
        Python::attach(|py| {
            check!(py i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);
        });
    }

    #[test]
    #[allow(
        clippy::bool_comparison,
        clippy::nonminimal_bool,
        clippy::op_ref,
        reason = "the comparisons are what is tested"
    )]
    fn an_int_beyond_the_rust_type_is_unequal_and_leaves_no_exception() {
        Python::attach(|py| {
            let big = PyInt::new(py, u64::MAX);
            assert!(big != -1i64 && big != u8::MAX && PyInt::new(py, -1) != u64::MAX);
            assert!(!crate::PyErr::occurred(py));
        });
    }
}
