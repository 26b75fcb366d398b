//! `SmallVec`: as `Vec`.

use smallvec::{Array, SmallVec};

use super::sequence;
use super::traits::private::Token;
use crate::convert::{FromPyObject, FromPyObjectOwned, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyTypeError;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, PyTypeInfo};
use crate::types::{PyAny, PyString};

impl<'py, A> IntoPyObject<'py> for SmallVec<A>
where
    A: Array,
    A::Item: IntoPyObject<'py>,
{
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = A::Item::SEQUENCE_OUTPUT_TYPE }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        <A::Item>::owned_sequence_into_pyobject(self, py, Token)
    }
}

impl<'a, 'py, A> IntoPyObject<'py> for &'a SmallVec<A>
where
    A: Array,
    &'a A::Item: IntoPyObject<'py>,
{
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = <&'a A::Item>::SEQUENCE_OUTPUT_TYPE }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        self.as_slice().into_pyobject(py)
    }
}

impl<'a, 'py, A> FromPyObject<'a, 'py> for SmallVec<A>
where
    A: Array,
    A::Item: FromPyObjectOwned<'py>,
{
    type Error = PyErr;

    crate::object::hint! {
        INPUT_TYPE =
            type_hint_subscript!(type_hint_identifier!("_typeshed", "SupportsGetItem"), type_hint_identifier!("builtins", "int"), A::Item::INPUT_TYPE)
    }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if PyString::is_type_of(&object) {
            return Err(PyTypeError::new_err("Can't extract `str` to `SmallVec`"));
        }
        sequence::check_sequence(object)?;
        let mut values = SmallVec::with_capacity(sequence::capacity(object));
        sequence::read(object, |value| values.push(value))?;
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use smallvec::{SmallVec, smallvec};

    use crate::convert::IntoPyObjectExt;
    use crate::error::PyErr;
    use crate::interpreter::Python;
    use crate::types::{PyAnyMethods, PyBytes, PyList};

    type Numbers = SmallVec<[i64; 4]>;
    type Octets = SmallVec<[u8; 4]>;

    proptest! {
        #[test]
        fn every_vector_survives(value: Vec<i64>) {
            Python::attach(|py| {
                let value = Numbers::from_vec(value);
                for object in [(&value).into_bound_py_any(py)?, value.clone().into_bound_py_any(py)?] {
                    assert!(object.is_exact_instance_of::<PyList>());
                    let found = object.extract::<Numbers>()?;
                    assert_eq!(found.spilled(), value.len() > 4);
                    assert_eq!(found, value);
                }
                Ok::<_, PyErr>(())
            }).unwrap();
        }

        #[test]
        fn every_byte_string_survives(value: Vec<u8>) {
            Python::attach(|py| {
                let value = Octets::from_vec(value);
                for object in [(&value).into_bound_py_any(py)?, value.clone().into_bound_py_any(py)?] {
                    assert!(object.is_exact_instance_of::<PyBytes>());
                    assert_eq!(object.extract::<Octets>()?, value);
                }
                Ok::<_, PyErr>(())
            }).unwrap();
        }
    }

    #[test]
    fn any_sequence_but_a_str_is_accepted() {
        Python::attach(|py| {
            let extract = |code| py.eval(code, None, None)?.extract::<Numbers>();
            let expected: Numbers = smallvec![1, 2];
            for code in [
                c"(1, 2)",
                c"range(1, 3)",
                c"bytearray(b'\\x01\\x02')",
                c"type('L', (list,), {})([1, 2])",
                c"type('S', (tuple,), {'__len__': lambda self: 2**62})((1, 2))",
            ] {
                assert_eq!(extract(code)?, expected);
            }
            for (code, expected) in [
                (c"'ab'", "TypeError: Can't extract `str` to `SmallVec`"),
                (
                    c"{1}",
                    "TypeError: 'set' object is not an instance of 'Sequence'",
                ),
                (
                    c"[1, 'a']",
                    "TypeError: 'str' object cannot be interpreted as an integer",
                ),
                (
                    c"type('S', (), {'__getitem__': lambda s, i: 1 // 0})()",
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
