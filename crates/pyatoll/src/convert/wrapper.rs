//! `Option`, `Box`, `Arc` and `Cell`: as what is in them.

use std::cell::Cell;
use std::sync::Arc;

use pyo3_ffi as ffi;

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

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        match self {
            Some(value) => Ok(value.into_pyobject(py)?.into_any().into_bound()),
            // SAFETY: `None` is a static of CPython.
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

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        self.as_ref().into_pyobject(py)
    }
}

impl<'a, 'py, T: FromPyObject<'a, 'py>> FromPyObject<'a, 'py> for Option<T> {
    type Error = T::Error;

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        // SAFETY: `None` is a static of CPython.
        if object.as_ptr() == unsafe { ffi::Py_None() } {
            Ok(None)
        } else {
            T::extract(object).map(Some)
        }
    }
}

impl<'py, T: IntoPyObject<'py>> IntoPyObject<'py> for Box<T> {
    type Target = T::Target;
    type Output = T::Output;
    type Error = T::Error;

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        (*self).into_pyobject(py)
    }
}

impl<'a, 'py, T> IntoPyObject<'py> for &'a Box<T>
where
    &'a T: IntoPyObject<'py>,
{
    type Target = <&'a T as IntoPyObject<'py>>::Target;
    type Output = <&'a T as IntoPyObject<'py>>::Output;
    type Error = <&'a T as IntoPyObject<'py>>::Error;

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        (**self).into_pyobject(py)
    }
}

impl<'a, 'py, T: FromPyObject<'a, 'py>> FromPyObject<'a, 'py> for Box<T> {
    type Error = T::Error;

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        T::extract(object).map(Box::new)
    }
}

impl<'py, T> IntoPyObject<'py> for Arc<T>
where
    for<'a> &'a T: IntoPyObject<'py>,
{
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

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

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        (**self).into_pyobject(py)
    }
}

impl<'a, 'py, T: FromPyObject<'a, 'py>> FromPyObject<'a, 'py> for Arc<T> {
    type Error = T::Error;

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        T::extract(object).map(Arc::new)
    }
}

impl<'py, T: Copy + IntoPyObject<'py>> IntoPyObject<'py> for Cell<T> {
    type Target = T::Target;
    type Output = T::Output;
    type Error = T::Error;

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        self.get().into_pyobject(py)
    }
}

impl<'py, T: Copy + IntoPyObject<'py>> IntoPyObject<'py> for &Cell<T> {
    type Target = T::Target;
    type Output = T::Output;
    type Error = T::Error;

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        self.get().into_pyobject(py)
    }
}

impl<'a, 'py, T: FromPyObject<'a, 'py>> FromPyObject<'a, 'py> for Cell<T> {
    type Error = T::Error;

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
    fn wrappers_convert_as_what_is_in_them() {
        Python::attach(|py| {
            for object in [
                Some(7).into_bound_py_any(py)?,
                (&Some(7)).into_bound_py_any(py)?,
                Box::new(7).into_bound_py_any(py)?,
                (&Box::new(7)).into_bound_py_any(py)?,
                Arc::new(7).into_bound_py_any(py)?,
                (&Arc::new(7)).into_bound_py_any(py)?,
                Cell::new(7).into_bound_py_any(py)?,
                (&Cell::new(7)).into_bound_py_any(py)?,
            ] {
                let object = object.as_borrowed();
                assert_eq!(object.extract::<Option<i32>>()?, Some(7));
                assert_eq!(*object.extract::<Box<i32>>()?, 7);
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
