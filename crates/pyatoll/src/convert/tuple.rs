//! Tuples of up to twelve values, and `()`, which becomes the empty tuple.

use std::convert::Infallible;

use crate::capi as ffi;

use crate::convert::{FromPyObject, IntoPyObject, IntoPyObjectExt};
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyValueError;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, constant};
use crate::types::tuple::item_unchecked;
use crate::types::{PyAny, PyTuple, PyTupleMethods};

/// Creates a tuple of the items.
pub(super) fn new<'py, const N: usize>(
    py: Python<'py>,
    items: [Bound<'py, PyAny>; N],
) -> PyResult<Bound<'py, PyTuple>> {
    // SAFETY: attached; `PyTuple_New` returns a new tuple of length `N`, or null with an exception.
    // Each index is set once, and no code runs in between that could see an unset one.
    unsafe {
        let tuple = ffi::PyTuple_New(N as ffi::Py_ssize_t);
        let tuple = Bound::from_owned_ptr_or_err(py, tuple)?.cast_into_unchecked();
        for (index, item) in items.into_iter().enumerate() {
            ffi::PyTuple_SET_ITEM(tuple.as_ptr(), index as ffi::Py_ssize_t, item.into_ptr());
        }
        Ok(tuple)
    }
}

/// Checks that the object is a tuple of length `len`.
#[inline]
pub(super) fn check<'a, 'py>(
    object: Borrowed<'a, 'py, PyAny>,
    len: usize,
) -> PyResult<Borrowed<'a, 'py, PyTuple>> {
    let tuple = object.cast::<PyTuple>()?;
    let actual = tuple.len();
    if actual == len {
        Ok(tuple)
    } else {
        Err(wrong_length(len, actual))
    }
}

#[cold]
fn wrong_length(expected: usize, actual: usize) -> PyErr {
    PyValueError::new_err(format!(
        "expected tuple of length {expected}, but got tuple of length {actual}"
    ))
}

impl<'py> IntoPyObject<'py> for () {
    type Target = PyTuple;
    type Output = Bound<'py, PyTuple>;
    type Error = Infallible;

    crate::object::hint! {
        OUTPUT_TYPE =
            type_hint_subscript!(of::<PyTuple>(), crate::inspect::PyStaticExpr::Tuple { elts: &[] })
    }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        Ok(PyTuple::empty(py))
    }

    crate::object::hint! { RETURN_TYPE = crate::object::inspect::NONE }

    /// Returns `None`, the result of a function without a return value.
    #[inline]
    fn into_return_value(
        self,
        _py: Python<'py>,
        _: crate::convert::traits::private::Token,
    ) -> PyResult<*mut ffi::PyObject> {
        // SAFETY: attached; `None` is a constant of CPython.
        Ok(unsafe { constant(ffi::Py_None()) })
    }
}

macro_rules! tuple {
    ($len:literal: $($value:ident $index:tt),+) => {
        impl<'py, $($value: IntoPyObject<'py>),+> IntoPyObject<'py> for ($($value,)+) {
            type Target = PyTuple;
            type Output = Bound<'py, PyTuple>;
            type Error = PyErr;

            crate::object::hint! {
                OUTPUT_TYPE =
                    type_hint_subscript!(of::<PyTuple>(), $($value::OUTPUT_TYPE),+)
            }

            #[inline]
            fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
                new(py, [$(self.$index.into_bound_py_any(py)?),+])
            }
        }

        impl<'a, 'py, $($value),+> IntoPyObject<'py> for &'a ($($value,)+)
        where
            $(&'a $value: IntoPyObject<'py>,)+
        {
            type Target = PyTuple;
            type Output = Bound<'py, PyTuple>;
            type Error = PyErr;

            crate::object::hint! {
                OUTPUT_TYPE =
                    type_hint_subscript!(of::<PyTuple>(), $(<&'a $value>::OUTPUT_TYPE),+)
            }

            #[inline]
            fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
                new(py, [$((&self.$index).into_bound_py_any(py)?),+])
            }
        }

        impl<'a, 'py, $($value: FromPyObject<'a, 'py>),+> FromPyObject<'a, 'py>
            for ($($value,)+)
        {
            type Error = PyErr;

            crate::object::hint! {
                INPUT_TYPE =
                    type_hint_subscript!(of::<PyTuple>(), $($value::INPUT_TYPE),+)
            }

            #[inline]
            fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
                let tuple = check(object, $len)?;
                Ok(($(
                    // SAFETY: `check` ensures the length `$len`, and `$index` is below it.
                    $value::extract(unsafe { item_unchecked(tuple, $index) }).map_err(Into::into)?,
                )+))
            }
        }
    };
}

tuple!(1: A 0);
tuple!(2: A 0, B 1);
tuple!(3: A 0, B 1, C 2);
tuple!(4: A 0, B 1, C 2, D 3);
tuple!(5: A 0, B 1, C 2, D 3, E 4);
tuple!(6: A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(7: A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
tuple!(9: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
tuple!(10: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
tuple!(11: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
tuple!(12: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::convert::IntoPyObjectExt;
    use crate::error::PyErr;
    use crate::interpreter::Python;

    proptest! {
        #[test]
        fn tuples_survive(one: (i32,), three: (String, Option<bool>, Vec<u16>)) {
            Python::attach(|py| {
                for object in [one.into_bound_py_any(py)?, (&one).into_bound_py_any(py)?] {
                    assert_eq!(object.as_borrowed().extract::<(i32,)>()?, one);
                }
                for object in [
                    (&three).into_bound_py_any(py)?,
                    three.clone().into_bound_py_any(py)?,
                ] {
                    let back = object
                        .as_borrowed()
                        .extract::<(String, Option<bool>, Vec<u16>)>()?;
                    assert_eq!(back, three);
                }
                Ok::<_, PyErr>(())
            }).unwrap();
        }
    }

    #[test]
    fn tuples_of_zero_to_twelve_items_convert() {
        type Twelve = (u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8);
        Python::attach(|py| {
            let twelve: Twelve = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
            let object = twelve.into_bound_py_any(py)?;
            assert_eq!(object.to_string(), "(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)");
            assert_eq!(object.as_borrowed().extract::<Twelve>()?, twelve);
            assert_eq!(().into_bound_py_any(py)?.to_string(), "()");
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    #[test]
    fn only_a_tuple_of_the_right_length_is_accepted() {
        Python::attach(|py| {
            for (code, expected) in [
                (
                    c"(1,)",
                    "ValueError: expected tuple of length 2, but got tuple of length 1",
                ),
                (
                    c"[1, 2]",
                    "TypeError: 'list' object is not an instance of 'tuple'",
                ),
                (
                    c"(1, None)",
                    "TypeError: 'NoneType' object cannot be interpreted as an integer",
                ),
            ] {
                let object = py.eval(code, None, None)?;
                let error = object.as_borrowed().extract::<(i32, i32)>().unwrap_err();
                assert_eq!(error.to_string(), expected);
            }
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    #[test]
    fn a_member_may_borrow_from_the_tuple() {
        Python::attach(|py| {
            let object = py.eval(c"('a', b'b')", None, None)?;
            let (text, bytes) = object.as_borrowed().extract::<(&str, &[u8])>()?;
            assert_eq!((text, bytes), ("a", b"b".as_slice()));
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
