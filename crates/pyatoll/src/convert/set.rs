//! `HashSet` and `BTreeSet`: to a `set`, from a `set` or `frozenset`.

use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher, Hash};

use pyo3_ffi as ffi;

use super::recursion::RecursionGuard;
use crate::convert::{FromPyObject, FromPyObjectOwned, IntoPyObject, IntoPyObjectExt};
use crate::error::{PyErr, PyResult, error_on_minusone};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyFrozenSet, PySet};

pub(super) fn new<'py, T: IntoPyObject<'py>>(
    py: Python<'py>,
    values: impl IntoIterator<Item = T>,
) -> PyResult<Bound<'py, PySet>> {
    // SAFETY: attached; the call returns a new reference to a set, or null with an exception.
    let set = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PySet_New(std::ptr::null_mut()))? };
    for value in values {
        let value = value.into_bound_py_any(py)?;
        // SAFETY: attached; both objects are alive; the set takes its own reference.
        error_on_minusone(py, unsafe { ffi::PySet_Add(set.as_ptr(), value.as_ptr()) })?;
    }
    // SAFETY: created above as a set.
    Ok(unsafe { set.cast_into_unchecked() })
}

/// Returns the length of a `set` or `frozenset`; refuses any other object.
pub(super) fn check(object: Borrowed<'_, '_, PyAny>) -> PyResult<usize> {
    if let Err(error) = object.cast::<PySet>()
        && object.cast::<PyFrozenSet>().is_err()
    {
        return Err(error.into());
    }
    // SAFETY: attached; a live set, as just checked.
    Ok(unsafe { ffi::PySet_Size(object.as_ptr()) } as usize)
}

/// Passes the values of a `set` or `frozenset` to `put`, after [`check`].
///
/// # Errors
/// A `RuntimeError` if the set changes during the iteration: converting a value may run arbitrary
/// code.
pub(super) fn read<'py, T: FromPyObjectOwned<'py>>(
    object: Borrowed<'_, 'py, PyAny>,
    mut put: impl FnMut(T),
) -> PyResult<()> {
    let py = object.py();
    let _guard = RecursionGuard::of_items::<T>(py)?;
    // SAFETY: attached; both calls return a new reference or null.
    unsafe {
        let iterator = Bound::from_owned_ptr_or_err(py, ffi::PyObject_GetIter(object.as_ptr()))?;
        while let Some(value) =
            Bound::from_owned_ptr_or_opt(py, ffi::PyIter_Next(iterator.as_ptr()))
        {
            put(T::extract(value.as_borrowed()).map_err(Into::into)?);
        }
    }
    PyErr::take(py).map_or(Ok(()), Err)
}

/// Implements the conversions of a hash set, to a `set`, from a `set` or `frozenset`. `$value` is
/// the type that has to be hashable in the conversion of a borrowed set with values of type `T`.
macro_rules! hash_set {
    ($set:ident, $value:ty) => {
        impl<'py, T, S> IntoPyObject<'py> for $set<T, S>
        where
            T: IntoPyObject<'py> + Eq + Hash,
            S: BuildHasher,
        {
            type Target = PySet;
            type Output = Bound<'py, PySet>;
            type Error = PyErr;

            crate::object::hint! {
                OUTPUT_TYPE =
                    type_hint_subscript!(of::<crate::types::PySet>(), T::OUTPUT_TYPE)
            }

            fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
                $crate::convert::set::new(py, self)
            }
        }

        impl<'a, 'py, T, S> IntoPyObject<'py> for &'a $set<T, S>
        where
            &'a T: IntoPyObject<'py>,
            $value: Eq + Hash,
            S: BuildHasher,
        {
            type Target = PySet;
            type Output = Bound<'py, PySet>;
            type Error = PyErr;

            crate::object::hint! {
                OUTPUT_TYPE =
                    type_hint_subscript!(of::<crate::types::PySet>(), <&'a T>::OUTPUT_TYPE)
            }

            fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
                $crate::convert::set::new(py, self)
            }
        }

        impl<'a, 'py, T, S> FromPyObject<'a, 'py> for $set<T, S>
        where
            T: FromPyObjectOwned<'py> + Eq + Hash,
            S: BuildHasher + Default,
        {
            type Error = PyErr;

            crate::object::hint! {
                INPUT_TYPE =
                    type_hint_union!(type_hint_subscript!(of::<crate::types::PySet>(), T::INPUT_TYPE), type_hint_subscript!(of::<crate::types::PyFrozenSet>(), T::INPUT_TYPE))
            }

            fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
                let len = $crate::convert::set::check(object)?;
                let mut set = $set::with_capacity_and_hasher(len, S::default());
                $crate::convert::set::read(object, |value| {
                    set.insert(value);
                })?;
                Ok(set)
            }
        }
    };
}
#[cfg(feature = "hashbrown")]
pub(super) use hash_set;

hash_set!(HashSet, T);

impl<'py, T: IntoPyObject<'py> + Ord> IntoPyObject<'py> for BTreeSet<T> {
    type Target = PySet;
    type Output = Bound<'py, PySet>;
    type Error = PyErr;

    crate::object::hint! {
        OUTPUT_TYPE =
            type_hint_subscript!(of::<crate::types::PySet>(), T::OUTPUT_TYPE)
    }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        new(py, self)
    }
}

impl<'a, 'py, T> IntoPyObject<'py> for &'a BTreeSet<T>
where
    &'a T: IntoPyObject<'py>,
    T: Ord,
{
    type Target = PySet;
    type Output = Bound<'py, PySet>;
    type Error = PyErr;

    crate::object::hint! {
        OUTPUT_TYPE =
            type_hint_subscript!(of::<crate::types::PySet>(), <&'a T>::OUTPUT_TYPE)
    }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        new(py, self)
    }
}

impl<'a, 'py, T: FromPyObjectOwned<'py> + Ord> FromPyObject<'a, 'py> for BTreeSet<T> {
    type Error = PyErr;

    crate::object::hint! {
        INPUT_TYPE =
            type_hint_union!(type_hint_subscript!(of::<crate::types::PySet>(), T::INPUT_TYPE), type_hint_subscript!(of::<crate::types::PyFrozenSet>(), T::INPUT_TYPE))
    }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        check(object)?;
        let mut set = BTreeSet::new();
        read(object, |value| {
            set.insert(value);
        })?;
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use proptest::prelude::*;

    use crate::convert::IntoPyObjectExt;
    use crate::error::PyErr;
    use crate::interpreter::Python;
    use crate::types::PySet;

    proptest! {
        #[test]
        fn every_set_survives(value: BTreeSet<i64>) {
            Python::attach(|py| {
                let hashed: HashSet<_> = value.iter().copied().collect();
                for object in [
                    (&value).into_bound_py_any(py)?,
                    value.clone().into_bound_py_any(py)?,
                    (&hashed).into_bound_py_any(py)?,
                    hashed.clone().into_bound_py_any(py)?,
                ] {
                    assert!(object.cast::<PySet>().is_ok());
                    let object = object.as_borrowed();
                    assert_eq!(object.extract::<BTreeSet<i64>>()?, value);
                    assert_eq!(object.extract::<HashSet<i64>>()?, hashed);
                }
                Ok::<_, PyErr>(())
            }).unwrap();
        }
    }

    #[test]
    fn a_set_that_changes_during_the_conversion_is_an_error() {
        Python::attach(|py| {
            let code = c"(lambda s: (s.update(type('I', (), {'__index__': \
                lambda self: s.clear() or 7})() for _ in range(3)), s)[1])(set())";
            for error in [
                py.eval(code, None, None)?
                    .as_borrowed()
                    .extract::<HashSet<i32>>()
                    .unwrap_err(),
                py.eval(code, None, None)?
                    .as_borrowed()
                    .extract::<BTreeSet<i32>>()
                    .unwrap_err(),
            ] {
                assert_eq!(
                    error.to_string(),
                    "RuntimeError: Set changed size during iteration"
                );
            }
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    #[test]
    fn a_frozenset_is_accepted_and_a_list_is_not() {
        Python::attach(|py| {
            let frozen = py.eval(c"frozenset({1, 2})", None, None)?;
            let set = frozen.as_borrowed().extract::<HashSet<i32>>()?;
            assert_eq!(set, HashSet::from([1, 2]));
            let list = py.eval(c"[1]", None, None)?;
            let error = list.as_borrowed().extract::<BTreeSet<i32>>().unwrap_err();
            assert_eq!(
                error.to_string(),
                "TypeError: 'list' object is not an instance of 'set'"
            );
            let wrong = py.eval(c"{'a'}", None, None)?;
            assert!(wrong.as_borrowed().extract::<HashSet<i32>>().is_err());
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
