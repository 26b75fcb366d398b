//! Return values that only slots have: hashes, ends of iterations, the instance itself.

use pyo3_ffi as ffi;

use crate::call::output::{IntoOutput, IntoPyErr};
use crate::error::PyResult;
use crate::exceptions::PyStopAsyncIteration;
use crate::interpreter::Python;

/// A return value of `__hash__`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from `__hash__`",
    label = "expected an integer",
    note = "`__hash__` returns an integer of any size, usually `u64` or `isize`, or a `Result` of one"
)]
pub trait HashOutput {
    /// Converts the value to a hash: never -1, which means an error.
    ///
    /// # Errors
    /// The error of a `Result`.
    fn into_hash(self) -> PyResult<ffi::Py_hash_t>;
}

/// Converts the return value of `__hash__`.
///
/// # Errors
/// The error of a `Result`.
#[inline]
pub fn hash<T: HashOutput>(value: T) -> PyResult<ffi::Py_hash_t> {
    value.into_hash()
}

impl<T: HashOutput, E: IntoPyErr> HashOutput for Result<T, E> {
    #[inline]
    fn into_hash(self) -> PyResult<ffi::Py_hash_t> {
        self.map_err(Into::into)?.into_hash()
    }
}

macro_rules! hashes {
    ($($integer:ty)*) => {$(
        /// Truncates to the size of a hash.
        impl HashOutput for $integer {
            #[inline]
            fn into_hash(self) -> PyResult<ffi::Py_hash_t> {
                Ok(match self as ffi::Py_hash_t {
                    -1 => -2,
                    hash => hash,
                })
            }
        }
    )*};
}

hashes!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

/// The return value of `__next__`: `None` of an `Option` ends the iteration, anything else is a
/// value.
///
/// `Next(value).convert(py)` calls the inherent method if `value` is an `Option` or a `Result` of
/// one, else that of [`NextValue`].
pub struct Next<T>(pub T);

/// A return value that is not optional.
pub trait NextValue<T> {
    /// Converts the value to an object.
    ///
    /// # Errors
    /// The error of a `Result`, or of the conversion.
    fn convert<'py>(self, py: Python<'py>) -> PyResult<*mut ffi::PyObject>
    where
        T: IntoOutput<'py, *mut ffi::PyObject>;
}

impl<T> NextValue<T> for Next<T> {
    #[inline]
    fn convert<'py>(self, py: Python<'py>) -> PyResult<*mut ffi::PyObject>
    where
        T: IntoOutput<'py, *mut ffi::PyObject>,
    {
        self.0.into_output(py)
    }
}

impl<T> Next<Option<T>> {
    /// Converts the value to an object; null without an exception ends the iteration.
    ///
    /// # Errors
    /// The error of a `Result`, or of the conversion.
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

impl<T, E: IntoPyErr> Next<Result<Option<T>, E>> {
    /// Converts the value to an object; null without an exception ends the iteration.
    ///
    /// # Errors
    /// The error of a `Result`, or of the conversion.
    #[inline]
    pub fn convert<'py>(self, py: Python<'py>) -> PyResult<*mut ffi::PyObject>
    where
        T: IntoOutput<'py, *mut ffi::PyObject>,
    {
        Next(self.0.map_err(Into::into)?).convert(py)
    }
}

/// The return value of `__anext__`. Like [`Next`], but the iteration ends with
/// `StopAsyncIteration`.
pub struct AsyncNext<T>(pub T);

impl<T> NextValue<T> for AsyncNext<T> {
    #[inline]
    fn convert<'py>(self, py: Python<'py>) -> PyResult<*mut ffi::PyObject>
    where
        T: IntoOutput<'py, *mut ffi::PyObject>,
    {
        self.0.into_output(py)
    }
}

impl<T> AsyncNext<Option<T>> {
    /// Converts the value to an object.
    ///
    /// # Errors
    /// `StopAsyncIteration` for `None`; the error of a `Result`, or of the conversion.
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

impl<T, E: IntoPyErr> AsyncNext<Result<Option<T>, E>> {
    /// Converts the value to an object.
    ///
    /// # Errors
    /// `StopAsyncIteration` for `None`; the error of a `Result`, or of the conversion.
    #[inline]
    pub fn convert<'py>(self, py: Python<'py>) -> PyResult<*mut ffi::PyObject>
    where
        T: IntoOutput<'py, *mut ffi::PyObject>,
    {
        AsyncNext(self.0.map_err(Into::into)?).convert(py)
    }
}

/// The return value of an in-place operator: `()` for the changed instance, or an object to replace
/// it.
///
/// `InPlace(value).convert(py, slf)` calls the inherent method for `()`, else that of
/// [`InPlaceValue`].
pub struct InPlace<T>(pub T);

/// A return value other than `()`.
pub trait InPlaceValue<T> {
    /// Converts the value to an object.
    ///
    /// # Safety
    /// Attached; `slf` must be alive.
    ///
    /// # Errors
    /// The error of a `Result`, or of the conversion.
    unsafe fn convert<'py>(
        self,
        py: Python<'py>,
        slf: *mut ffi::PyObject,
    ) -> PyResult<*mut ffi::PyObject>
    where
        T: IntoOutput<'py, *mut ffi::PyObject>;
}

impl<T> InPlaceValue<T> for InPlace<T> {
    #[inline]
    unsafe fn convert<'py>(
        self,
        py: Python<'py>,
        _slf: *mut ffi::PyObject,
    ) -> PyResult<*mut ffi::PyObject>
    where
        T: IntoOutput<'py, *mut ffi::PyObject>,
    {
        self.0.into_output(py)
    }
}

impl InPlace<()> {
    /// Returns a new reference to the instance.
    ///
    /// # Safety
    /// Attached; `slf` must be alive.
    ///
    /// # Errors
    /// The error of a `Result`.
    #[inline]
    pub unsafe fn convert(
        self,
        _py: Python<'_>,
        slf: *mut ffi::PyObject,
    ) -> PyResult<*mut ffi::PyObject> {
        // SAFETY: upheld by the caller: attached; a live object.
        Ok(unsafe { ffi::compat::Py_NewRef(slf) })
    }
}

impl<E: IntoPyErr> InPlace<Result<(), E>> {
    /// Returns a new reference to the instance.
    ///
    /// # Safety
    /// Attached; `slf` must be alive.
    ///
    /// # Errors
    /// The error of a `Result`.
    #[inline]
    pub unsafe fn convert(
        self,
        py: Python<'_>,
        slf: *mut ffi::PyObject,
    ) -> PyResult<*mut ffi::PyObject> {
        self.0.map_err(Into::into)?;
        // SAFETY: upheld by the caller: attached; a live object.
        unsafe { InPlace(()).convert(py, slf) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::PyErr;
    use crate::types::PyAnyMethods;

    #[test]
    fn a_hash_is_never_the_error_value() {
        assert_eq!(hash(-1).unwrap(), -2);
        assert_eq!(hash(u64::MAX).unwrap(), -2);
        assert_eq!(hash(u128::MAX).unwrap(), -2);
        assert_eq!(hash(Ok::<_, PyErr>(7u8)).unwrap(), 7);
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
                // SAFETY: the conversion returns a new reference.
                let object = unsafe { crate::Bound::from_owned_ptr(py, object) };
                assert_eq!(object.extract::<i32>().unwrap(), 5);
            }
        });
    }
}
