//! What slots return beyond what functions do: hashes, the ends of iterations, the instance itself.

use pyo3_ffi as ffi;

use crate::call::output::IntoOutput;
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyStopAsyncIteration;
use crate::interpreter::Python;

/// A hash value: never -1, which stands for an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Hash(ffi::Py_hash_t);

/// What `__hash__` returned, for C.
#[inline]
pub fn hash<'py>(py: Python<'py>, value: impl IntoOutput<'py, Hash>) -> PyResult<ffi::Py_hash_t> {
    value.into_output(py).map(|hash| hash.0)
}

macro_rules! hashes {
    ($($integer:ty)*) => {$(
        /// The low bits are the hash.
        impl IntoOutput<'_, Hash> for $integer {
            #[inline]
            fn into_output(self, _py: Python<'_>) -> PyResult<Hash> {
                Ok(match self as ffi::Py_hash_t {
                    -1 => Hash(-2),
                    hash => Hash(hash),
                })
            }
        }
    )*};
}

hashes!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

/// What `__next__` returned: an `Option` ends the iteration with `None`, anything else is a value.
///
/// `Next(value).convert(py)` takes the inherent method if `value` is an `Option` or a `Result` of
/// one, and that of [`NextValue`] otherwise.
pub struct Next<T>(pub T);

/// The values that are not optional.
pub trait NextValue<'py> {
    /// The value's object.
    fn convert(self, py: Python<'py>) -> PyResult<*mut ffi::PyObject>;
}

impl<'py, T: IntoOutput<'py, *mut ffi::PyObject>> NextValue<'py> for Next<T> {
    #[inline]
    fn convert(self, py: Python<'py>) -> PyResult<*mut ffi::PyObject> {
        self.0.into_output(py)
    }
}

impl<T> Next<Option<T>> {
    /// The value's object; null, with no exception set, at the end.
    #[inline]
    pub fn convert<'py>(self, py: Python<'py>) -> PyResult<*mut ffi::PyObject>
    where
        T: IntoOutput<'py, *mut ffi::PyObject>,
    {
        match self.0 {
            Some(value) => value.into_output(py),
            None => Ok(std::ptr::null_mut()),
        }
    }
}

impl<T, E: Into<PyErr>> Next<Result<Option<T>, E>> {
    /// The value's object; null, with no exception set, at the end.
    #[inline]
    pub fn convert<'py>(self, py: Python<'py>) -> PyResult<*mut ffi::PyObject>
    where
        T: IntoOutput<'py, *mut ffi::PyObject>,
    {
        Next(self.0.map_err(Into::into)?).convert(py)
    }
}

/// As [`Next`], for `__anext__`, which ends with `StopAsyncIteration`.
pub struct AsyncNext<T>(pub T);

impl<'py, T: IntoOutput<'py, *mut ffi::PyObject>> NextValue<'py> for AsyncNext<T> {
    #[inline]
    fn convert(self, py: Python<'py>) -> PyResult<*mut ffi::PyObject> {
        self.0.into_output(py)
    }
}

impl<T> AsyncNext<Option<T>> {
    /// The value's object, or `StopAsyncIteration`.
    #[inline]
    pub fn convert<'py>(self, py: Python<'py>) -> PyResult<*mut ffi::PyObject>
    where
        T: IntoOutput<'py, *mut ffi::PyObject>,
    {
        match self.0 {
            Some(value) => value.into_output(py),
            None => Err(PyStopAsyncIteration::new_err(())),
        }
    }
}

impl<T, E: Into<PyErr>> AsyncNext<Result<Option<T>, E>> {
    /// The value's object, or `StopAsyncIteration`.
    #[inline]
    pub fn convert<'py>(self, py: Python<'py>) -> PyResult<*mut ffi::PyObject>
    where
        T: IntoOutput<'py, *mut ffi::PyObject>,
    {
        AsyncNext(self.0.map_err(Into::into)?).convert(py)
    }
}

/// What an in-place operator returned: nothing, which stands for the instance it has changed, or an
/// object to take its place.
///
/// `InPlace(value).convert(py, slf)` takes the inherent method if there is nothing, and that of
/// [`InPlaceValue`] otherwise.
pub struct InPlace<T>(pub T);

/// The values that are something.
pub trait InPlaceValue<'py> {
    /// The value's object.
    ///
    /// # Safety
    /// Attached; `slf` is alive.
    unsafe fn convert(
        self,
        py: Python<'py>,
        slf: *mut ffi::PyObject,
    ) -> PyResult<*mut ffi::PyObject>;
}

impl<'py, T: IntoOutput<'py, *mut ffi::PyObject>> InPlaceValue<'py> for InPlace<T> {
    #[inline]
    unsafe fn convert(
        self,
        py: Python<'py>,
        _slf: *mut ffi::PyObject,
    ) -> PyResult<*mut ffi::PyObject> {
        self.0.into_output(py)
    }
}

impl InPlace<()> {
    /// A new reference to the instance.
    ///
    /// # Safety
    /// Attached; `slf` is alive.
    #[inline]
    pub unsafe fn convert(
        self,
        _py: Python<'_>,
        slf: *mut ffi::PyObject,
    ) -> PyResult<*mut ffi::PyObject> {
        // SAFETY: passed on to the caller.
        Ok(unsafe { ffi::compat::Py_NewRef(slf) })
    }
}

impl<E: Into<PyErr>> InPlace<Result<(), E>> {
    /// A new reference to the instance.
    ///
    /// # Safety
    /// Attached; `slf` is alive.
    #[inline]
    pub unsafe fn convert(
        self,
        py: Python<'_>,
        slf: *mut ffi::PyObject,
    ) -> PyResult<*mut ffi::PyObject> {
        self.0.map_err(Into::into)?;
        // SAFETY: passed on to the caller.
        unsafe { InPlace(()).convert(py, slf) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::PyAnyMethods;

    fn hashed<T: for<'py> IntoOutput<'py, Hash>>(value: T) -> isize {
        Python::attach(|py| hash(py, value).unwrap())
    }

    #[test]
    fn a_hash_is_never_the_sign_of_an_error() {
        assert_eq!(hashed(-1), -2);
        assert_eq!(hashed(u64::MAX), -2);
        assert_eq!(hashed(u128::MAX), -2);
        assert_eq!(hashed(Ok::<_, PyErr>(7u8)), 7);
    }

    #[test]
    fn only_an_option_ends_an_iteration() {
        Python::attach(|py| {
            assert!(Next(None::<i32>).convert(py).unwrap().is_null());
            assert!(
                Next(Ok::<_, PyErr>(None::<i32>))
                    .convert(py)
                    .unwrap()
                    .is_null()
            );
            let error = AsyncNext(None::<i32>).convert(py).unwrap_err();
            assert!(error.is_instance_of::<PyStopAsyncIteration>(py));
            for object in [
                Next(Some(5)).convert(py).unwrap(),
                Next(5).convert(py).unwrap(),
                Next(Ok::<_, PyErr>(5)).convert(py).unwrap(),
                AsyncNext(Ok::<_, PyErr>(Some(5))).convert(py).unwrap(),
            ] {
                // SAFETY: an owned reference came back.
                let object = unsafe { crate::Bound::from_owned_ptr(py, object) };
                assert_eq!(object.extract::<i32>().unwrap(), 5);
            }
        });
    }
}
