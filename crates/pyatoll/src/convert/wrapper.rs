//! `Option`, `Arc` and `Cell`: converted like their contents. Not `Box`: a crate may implement the
//! conversions for a `Box` of its own type, which PyO3 leaves to it.

use std::cell::Cell;
use std::sync::Arc;

use pyo3_ffi as ffi;

use super::recursion::RecursionGuard;
use crate::convert::{FromPyObject, IntoPyObject, IntoPyObjectExt};
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, BoundObject, constant};
use crate::types::PyAny;

/// `None` is Python's `None`.
impl<'py, T: IntoPyObject<'py>> IntoPyObject<'py> for Option<T> {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = T::Error;

    crate::object::hint! {
        OUTPUT_TYPE =
            type_hint_union!(T::OUTPUT_TYPE, crate::object::inspect::NONE)
    }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        match self {
            Some(value) => Ok(value.into_pyobject(py)?.into_any().into_bound()),
            // SAFETY: attached; `None` is a constant of CPython.
            None => Ok(unsafe { Bound::from_owned_ptr(py, constant(ffi::Py_None())) }),
        }
    }
}

impl<'a, 'py, T> IntoPyObject<'py> for &'a Option<T>
where
    &'a T: IntoPyObject<'py>,
{
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = <&'a T as IntoPyObject<'py>>::Error;

    crate::object::hint! {
        OUTPUT_TYPE =
            type_hint_union!(<&'a T>::OUTPUT_TYPE, crate::object::inspect::NONE)
    }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        self.as_ref().into_pyobject(py)
    }
}

impl<'a, 'py, T: FromPyObject<'a, 'py>> FromPyObject<'a, 'py> for Option<T> {
    type Error = T::Error;

    crate::object::hint! {
        INPUT_TYPE =
            type_hint_union!(T::INPUT_TYPE, crate::object::inspect::NONE)
    }

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        // SAFETY: only takes the address of `None`.
        if object.as_ptr() == unsafe { ffi::Py_None() } {
            Ok(None)
        } else {
            T::extract(object).map(Some)
        }
    }
}

/// The value may be shared, so it is converted by reference.
impl<'py, T> IntoPyObject<'py> for Arc<T>
where
    for<'a> &'a T: IntoPyObject<'py>,
{
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = <&T>::OUTPUT_TYPE }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        (&*self).into_bound_py_any(py)
    }
}

impl<'a, 'py, T> IntoPyObject<'py> for &'a Arc<T>
where
    &'a T: IntoPyObject<'py>,
{
    type Target = <&'a T as IntoPyObject<'py>>::Target;
    type Output = <&'a T as IntoPyObject<'py>>::Output;
    type Error = <&'a T as IntoPyObject<'py>>::Error;

    crate::object::hint! { OUTPUT_TYPE = <&'a T>::OUTPUT_TYPE }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        (**self).into_pyobject(py)
    }
}

impl<'py, T: Copy + IntoPyObject<'py>> IntoPyObject<'py> for Cell<T> {
    type Target = T::Target;
    type Output = T::Output;
    type Error = T::Error;

    crate::object::hint! { OUTPUT_TYPE = T::OUTPUT_TYPE }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        self.get().into_pyobject(py)
    }
}

impl<'py, T: Copy + IntoPyObject<'py>> IntoPyObject<'py> for &Cell<T> {
    type Target = T::Target;
    type Output = T::Output;
    type Error = T::Error;

    crate::object::hint! { OUTPUT_TYPE = T::OUTPUT_TYPE }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        self.get().into_pyobject(py)
    }
}

/// The type may contain itself in the `Arc`.
impl<'a, 'py, T: FromPyObject<'a, 'py>> FromPyObject<'a, 'py> for Arc<T> {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = T::INPUT_TYPE }

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let _guard = RecursionGuard::of_items::<T>(object.py())?;
        T::extract(object).map(Arc::new).map_err(Into::into)
    }
}

impl<'a, 'py, T: FromPyObject<'a, 'py>> FromPyObject<'a, 'py> for Cell<T> {
    type Error = T::Error;

    crate::object::hint! { INPUT_TYPE = T::INPUT_TYPE }

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        T::extract(object).map(Cell::new)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;

    use crate::convert::IntoPyObjectExt;
    use crate::error::PyErr;
    use crate::interpreter::Python;

    #[test]
    fn wrappers_convert_like_their_contents() {
        Python::attach(|py| {
            for object in [
                Some(7).into_bound_py_any(py)?,
                (&Some(7)).into_bound_py_any(py)?,
                Arc::new(7).into_bound_py_any(py)?,
                (&Arc::new(7)).into_bound_py_any(py)?,
                Cell::new(7).into_bound_py_any(py)?,
                (&Cell::new(7)).into_bound_py_any(py)?,
            ] {
                let object = object.as_borrowed();
                assert_eq!(object.extract::<Option<i32>>()?, Some(7));
                assert_eq!(*object.extract::<Arc<i32>>()?, 7);
                assert_eq!(object.extract::<Cell<i32>>()?.get(), 7);
                assert!(object.extract::<Option<String>>().is_err());
            }
            let none = None::<i32>.into_bound_py_any(py)?;
            assert!(none.as_unbound().is_none(py));
            assert_eq!(none.as_borrowed().extract::<Option<i32>>()?, None);
            assert!(none.as_borrowed().extract::<i32>().is_err());
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
