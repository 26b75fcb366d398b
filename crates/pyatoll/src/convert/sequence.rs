//! `Vec`, arrays and slices: to a `list`, or `bytes` for `u8`; from any sequence.
//!
//! A `str` is a sequence of `str`s, which is hardly ever intended: `Vec` refuses it.

use std::borrow::Cow;

use super::compat;
use super::recursion::RecursionGuard;
use super::traits::private::Token;
use crate::capi as ffi;
use crate::convert::{FromPyObject, FromPyObjectOwned, IntoPyObject};
use crate::error::{CastError, PyErr, PyResult};
use crate::exceptions::{PyTypeError, PyValueError};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, PyTypeCheck, PyTypeInfo};
use crate::types::{PyAny, PyList, PyListMethods, PySequence, PyString};

impl<'py, T: IntoPyObject<'py>> IntoPyObject<'py> for Vec<T> {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = T::SEQUENCE_OUTPUT_TYPE }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        T::owned_sequence_into_pyobject(self, py, Token)
    }
}

impl<'py, T: IntoPyObject<'py>, const N: usize> IntoPyObject<'py> for [T; N] {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = T::SEQUENCE_OUTPUT_TYPE }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        T::owned_sequence_into_pyobject(self, py, Token)
    }
}

impl<'a, 'py, T> IntoPyObject<'py> for &'a [T]
where
    &'a T: IntoPyObject<'py>,
{
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = <&T>::SEQUENCE_OUTPUT_TYPE }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        <&T>::borrowed_sequence_into_pyobject(self, py, Token)
    }
}

impl<'a, 'py, T> IntoPyObject<'py> for &'a Vec<T>
where
    &'a T: IntoPyObject<'py>,
{
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = <&T>::SEQUENCE_OUTPUT_TYPE }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        self.as_slice().into_pyobject(py)
    }
}

impl<'a, 'py, T, const N: usize> IntoPyObject<'py> for &'a [T; N]
where
    &'a T: IntoPyObject<'py>,
{
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = <&'a T>::SEQUENCE_OUTPUT_TYPE }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        self.as_slice().into_pyobject(py)
    }
}

impl<'py, T: Clone> IntoPyObject<'py> for Cow<'_, [T]>
where
    for<'a> &'a T: IntoPyObject<'py>,
{
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = <&T>::SEQUENCE_OUTPUT_TYPE }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        (*self).into_pyobject(py)
    }
}

impl<'py, T: Clone> IntoPyObject<'py> for &Cow<'_, [T]>
where
    for<'a> &'a T: IntoPyObject<'py>,
{
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = <&T>::SEQUENCE_OUTPUT_TYPE }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        (**self).into_pyobject(py)
    }
}

impl<'a, 'py, T: FromPyObjectOwned<'py>> FromPyObject<'a, 'py> for Vec<T> {
    type Error = PyErr;

    crate::object::hint! {
        INPUT_TYPE =
            type_hint_subscript!(type_hint_identifier!("_typeshed", "SupportsGetItem"), type_hint_identifier!("builtins", "int"), T::INPUT_TYPE)
    }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Some(values) = T::extract_vec(object, Token) {
            return values;
        }
        if let Ok(list) = object.cast_exact::<PyList>() {
            return extract_list(&list);
        }
        if PyString::is_type_of(&object) {
            return Err(PyTypeError::new_err("Can't extract `str` to `Vec`"));
        }
        check_sequence(object)?;
        extract_iterable(object)
    }
}

/// Extracts the items of a `list` one by one, as converting an item may change the list.
fn extract_list<'py, T: FromPyObjectOwned<'py>>(list: &Bound<'py, PyList>) -> PyResult<Vec<T>> {
    let mut values = Vec::with_capacity(list.len());
    if compat::BORROWED_ITEMS_ARE_STABLE {
        extract_plain_items(list, &mut values);
        if values.len() == list.len() {
            return Ok(values);
        }
    }
    let _guard = RecursionGuard::of_items::<T>(list.py())?;
    for item in list.iter().skip(values.len()) {
        match T::extract(item.as_borrowed()) {
            Ok(value) => values.push(value),
            Err(error) => return Err(at_index(list.py(), error.into(), values.len())),
        }
    }
    Ok(values)
}

/// Adds a note with the index of the item that the error is about. It is a note, since programs
/// compare the texts of exceptions. Best effort: failures are ignored. A `RecursionError` is not
/// about an item, and there would be a note for each level.
#[cold]
#[inline(never)]
fn at_index(py: Python<'_>, error: PyErr, index: usize) -> PyErr {
    if !error.is_recursion_error(py) {
        let _ = error.add_note(py, format!("at index {index}"));
    }
    error
}

/// Extracts items until that would run code, so that nothing can change the list. Requires
/// [`compat::BORROWED_ITEMS_ARE_STABLE`].
fn extract_plain_items<'py, T: FromPyObjectOwned<'py>>(
    list: &Bound<'py, PyList>,
    values: &mut Vec<T>,
) {
    // SAFETY: attached, a list, whose length does not change while no code runs: every index is in
    // bounds.
    let items = unsafe {
        let list = list.as_ptr();
        let len = ffi::PyList_GET_SIZE(list) as usize;
        (0..len).map(move |index| ffi::PyList_GET_ITEM(list, index as ffi::Py_ssize_t))
    };
    for item in items {
        // SAFETY: the list keeps the item alive, as no code runs while it is read.
        let item = unsafe { Borrowed::from_ptr(list.py(), item) };
        match T::extract_plain(item, Token) {
            Some(value) => values.push(value),
            None => break,
        }
    }
}

/// Maximum capacity, in values, to reserve because of a `__len__`, which may return anything.
const MAX_RESERVED: usize = 1024;

fn extract_iterable<'py, T: FromPyObjectOwned<'py>>(
    object: Borrowed<'_, 'py, PyAny>,
) -> PyResult<Vec<T>> {
    let mut values = Vec::with_capacity(capacity(object));
    read(object, |value| values.push(value))?;
    Ok(values)
}

/// Returns the capacity to reserve for the items of a sequence.
pub(super) fn capacity(object: Borrowed<'_, '_, PyAny>) -> usize {
    sequence_len(object).unwrap_or(0).min(MAX_RESERVED)
}

/// Passes the items of an iterable to `put`.
pub(super) fn read<'py, T: FromPyObjectOwned<'py>>(
    object: Borrowed<'_, 'py, PyAny>,
    mut put: impl FnMut(T),
) -> PyResult<()> {
    let py = object.py();
    let _guard = RecursionGuard::of_items::<T>(py)?;
    // SAFETY: attached; both calls return a new reference or null.
    unsafe {
        let iterator = Bound::from_owned_ptr_or_err(py, ffi::PyObject_GetIter(object.as_ptr()))?;
        let mut index = 0;
        while let Some(item) = Bound::from_owned_ptr_or_opt(py, ffi::PyIter_Next(iterator.as_ptr()))
        {
            match T::extract(item.as_borrowed()) {
                Ok(value) => put(value),
                Err(error) => return Err(at_index(py, error.into(), index)),
            }
            index += 1;
        }
    }
    PyErr::take(py).map_or(Ok(()), Err)
}

impl<'a, 'py, T: FromPyObjectOwned<'py>, const N: usize> FromPyObject<'a, 'py> for [T; N] {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = type_hint_subscript!(type_hint_identifier!("_typeshed", "SupportsLenAndGetItem"), T::INPUT_TYPE) }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Some(values) = T::extract_vec(object, Token) {
            return values?
                .try_into()
                .map_err(|values: Vec<T>| wrong_length(N, values.len()));
        }
        check_sequence(object)?;
        let len = sequence_len(object)?;
        if len != N {
            return Err(wrong_length(N, len));
        }
        let _guard = RecursionGuard::of_items::<T>(object.py())?;
        let mut values = [const { None }; N];
        for (index, value) in values.iter_mut().enumerate() {
            // SAFETY: attached; a live object; the call returns a new reference, or null with an
            // exception set.
            let item = unsafe {
                let item = ffi::PySequence_GetItem(object.as_ptr(), index as ffi::Py_ssize_t);
                Bound::from_owned_ptr_or_err(object.py(), item)?
            };
            *value = match T::extract(item.as_borrowed()) {
                Ok(value) => Some(value),
                Err(error) => return Err(at_index(object.py(), error.into(), index)),
            };
        }
        Ok(values.map(|value| value.expect("each item was set above")))
    }
}

#[cold]
fn wrong_length(expected: usize, actual: usize) -> PyErr {
    PyValueError::new_err(format!(
        "expected a sequence of length {expected} (got {actual})"
    ))
}

fn sequence_len(object: Borrowed<'_, '_, PyAny>) -> PyResult<usize> {
    // SAFETY: attached; a live object.
    let len = unsafe { ffi::PySequence_Size(object.as_ptr()) };
    usize::try_from(len).map_err(|_| PyErr::fetch(object.py()))
}

/// Checks for the sequence protocol, which more types have than the subclasses of
/// `collections.abc.Sequence`.
pub(super) fn check_sequence(object: Borrowed<'_, '_, PyAny>) -> PyResult<()> {
    // SAFETY: attached; a live object.
    if unsafe { ffi::PySequence_Check(object.as_ptr()) } != 0 {
        return Ok(());
    }
    let class = PySequence::classinfo_object(object.py());
    Err(CastError::new(object, class).into())
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::ffi::CStr;

    use proptest::prelude::*;

    use crate::convert::{FromPyObjectOwned, IntoPyObjectExt};
    use crate::error::{PyErr, PyResult};
    use crate::interpreter::Python;

    fn eval<T: for<'py> FromPyObjectOwned<'py>>(code: &CStr) -> PyResult<T> {
        Python::attach(|py| {
            let object = py.eval(code, None, None)?;
            object.as_borrowed().extract::<T>().map_err(Into::into)
        })
    }

    proptest! {
        #[test]
        fn every_vector_survives(value: Vec<Vec<i64>>) {
            Python::attach(|py| {
                for object in [
                    value.clone().into_bound_py_any(py)?,
                    (&value).into_bound_py_any(py)?,
                    value.as_slice().into_bound_py_any(py)?,
                    Cow::Borrowed(value.as_slice()).into_bound_py_any(py)?,
                    (&Cow::Borrowed(value.as_slice())).into_bound_py_any(py)?,
                ] {
                    assert_eq!(object.to_string(), format!("{value:?}"));
                    assert_eq!(object.as_borrowed().extract::<Vec<Vec<i64>>>()?, value);
                }
                Ok::<_, PyErr>(())
            }).unwrap();
        }

        #[test]
        fn every_array_survives(value: [i32; 5]) {
            Python::attach(|py| {
                for object in [value.into_bound_py_any(py)?, (&value).into_bound_py_any(py)?] {
                    assert_eq!(object.as_borrowed().extract::<[i32; 5]>()?, value);
                }
                Ok::<_, PyErr>(())
            }).unwrap();
        }
    }

    #[test]
    fn any_sequence_is_accepted() {
        assert_eq!(eval::<Vec<u16>>(c"range(3)").unwrap(), [0, 1, 2]);
        assert_eq!(eval::<Vec<u16>>(c"(1, 2)").unwrap(), [1, 2]);
        assert_eq!(eval::<[u16; 2]>(c"(1, 2)").unwrap(), [1, 2]);
        assert_eq!(eval::<[char; 2]>(c"'ab'").unwrap(), ['a', 'b']);
        assert_eq!(eval::<[String; 0]>(c"[]").unwrap(), [""; 0]);
        assert_eq!(
            eval::<Vec<u16>>(c"type('L', (list,), {})([5])").unwrap(),
            [5]
        );
    }

    #[test]
    fn an_object_that_is_no_sequence_is_refused() {
        let error = |code| eval::<Vec<String>>(code).unwrap_err().to_string();
        assert_eq!(error(c"'ab'"), "TypeError: Can't extract `str` to `Vec`");
        assert_eq!(
            error(c"1"),
            "TypeError: 'int' object is not an instance of 'Sequence'"
        );
        assert_eq!(
            error(c"{'a'}"),
            "TypeError: 'set' object is not an instance of 'Sequence'"
        );
        assert_eq!(
            error(c"['a', 1]"),
            "TypeError: 'int' object is not an instance of 'str'"
        );
        for code in [c"[1]", c"b'a'", c"(1, 2, 3)"] {
            let error = eval::<[u8; 2]>(code).unwrap_err().to_string();
            let len = if code == c"(1, 2, 3)" { 3 } else { 1 };
            assert_eq!(
                error,
                format!("ValueError: expected a sequence of length 2 (got {len})")
            );
        }
    }

    #[test]
    fn a_wrong_length_reserves_no_memory() {
        let code = c"type('S', (tuple,), {'__len__': lambda self: 2**62})((1, 2))";
        assert_eq!(eval::<Vec<i32>>(code).unwrap(), [1, 2]);
    }

    #[test]
    fn a_list_that_shrinks_during_the_conversion_is_read_to_its_end() {
        let code = c"(lambda l: (l.extend([type('I', (), \
            {'__index__': lambda s: l.clear() or 1})()] * 3), l)[1])([])";
        assert_eq!(eval::<Vec<i32>>(code).unwrap(), [1]);
    }

    #[test]
    fn an_exception_of_the_iterator_is_returned() {
        let code = c"type('S', (), {'__len__': lambda s: 1, \
            '__getitem__': lambda s, i: 1 // 0})()";
        let error = eval::<Vec<i32>>(code).unwrap_err();
        assert!(error.to_string().starts_with("ZeroDivisionError: "));
    }
}
