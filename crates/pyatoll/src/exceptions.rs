//! The exception classes.

use pyo3_ffi as ffi;

macro_rules! native_exception {
    ($name:ident, $python:literal, $class:ident) => {
        #[doc = concat!("Python's `", $python, "`.")]
        #[repr(transparent)]
        pub struct $name($crate::types::PyAny);

        impl $crate::DerefToPyAny for $name {}

        // SAFETY: a static class of CPython, valid in every interpreter.
        unsafe impl $crate::PyTypeInfo for $name {
            const NAME: &'static str = $python;
            const MODULE: Option<&'static str> = None;

            #[inline]
            fn type_object_raw(_py: $crate::Python<'_>) -> *mut ffi::PyTypeObject {
                // SAFETY: set by CPython before any token exists, and never changed.
                unsafe { ffi::$class.cast() }
            }
        }

        impl $name {
            /// A lazy exception of this class: see [`PyErr::new`](crate::PyErr::new).
            #[inline]
            pub fn new_err<A>(args: A) -> $crate::PyErr
            where
                A: $crate::PyErrArguments + Send + Sync + 'static,
            {
                $crate::PyErr::new::<Self, A>(args)
            }
        }
    };
}

native_exception!(PyBaseException, "BaseException", PyExc_BaseException);
native_exception!(PyException, "Exception", PyExc_Exception);
native_exception!(PyTypeError, "TypeError", PyExc_TypeError);
native_exception!(PyValueError, "ValueError", PyExc_ValueError);
native_exception!(PyRuntimeError, "RuntimeError", PyExc_RuntimeError);
native_exception!(PySystemError, "SystemError", PyExc_SystemError);
native_exception!(PyOverflowError, "OverflowError", PyExc_OverflowError);
native_exception!(PyAttributeError, "AttributeError", PyExc_AttributeError);
native_exception!(PyStopIteration, "StopIteration", PyExc_StopIteration);
