//! CPython's structs of instances, as [`PyLayout`](crate::type_object::PyLayout)s of the types.
//!
//! Nothing in the library uses them: they are for crates that read instances of built-in types, or
//! declare structs that begin with one. An exception's struct begins with that of
//! `BaseException`, which stands for those with fields of their own that CPython does not publish.

use pyo3_ffi as ffi;

use crate::exceptions::*;
use crate::object::{PyLayout, PySizedLayout};
use crate::types::{
    PyAny, PyBool, PyComplex, PyDate, PyDateTime, PyDelta, PyDict, PyFloat, PyFrozenSet, PySet,
    PySlice, PyTime, PyTzInfo, PyWeakrefReference,
};

macro_rules! layouts {
    ($($layout:ident: $($name:ident)*;)*) => {$($(
        // SAFETY: CPython's instances of the type begin with this struct.
        unsafe impl PyLayout<$name> for ffi::$layout {}
        impl PySizedLayout<$name> for ffi::$layout {}
    )*)*};
}

layouts! {
    PyComplexObject: PyComplex;
    PyDateTime_Date: PyDate;
    PyDateTime_DateTime: PyDateTime;
    PyDateTime_Delta: PyDelta;
    PyDateTime_Time: PyTime;
    PyDictObject: PyDict;
    PyFloatObject: PyFloat;
    PyObject: PyAny PyBool PyTzInfo;
    PySetObject: PyFrozenSet PySet;
    PySliceObject: PySlice;
    PyWeakReference: PyWeakrefReference;
    PyOSErrorObject: PyOSError;
    PyStopIterationObject: PyStopIteration;
    PySyntaxErrorObject: PySyntaxError;
    PySystemExitObject: PySystemExit;
    PyBaseExceptionObject: PyArithmeticError PyAssertionError PyAttributeError PyBaseException
        PyBaseExceptionGroup PyBlockingIOError PyBrokenPipeError PyBufferError PyBytesWarning
        PyChildProcessError PyConnectionAbortedError PyConnectionError PyConnectionRefusedError
        PyConnectionResetError PyDeprecationWarning PyEOFError PyEncodingWarning PyException
        PyFileExistsError PyFileNotFoundError PyFloatingPointError PyFutureWarning PyGeneratorExit
        PyImportError PyImportWarning PyIndexError PyInterruptedError PyIsADirectoryError
        PyKeyError PyKeyboardInterrupt PyLookupError PyMemoryError PyModuleNotFoundError
        PyNameError PyNotADirectoryError PyNotImplementedError PyOverflowError
        PyPendingDeprecationWarning PyPermissionError PyProcessLookupError PyRecursionError
        PyReferenceError PyResourceWarning PyRuntimeError PyRuntimeWarning PyStopAsyncIteration
        PySyntaxWarning PySystemError PyTimeoutError PyTypeError PyUnboundLocalError
        PyUnicodeDecodeError PyUnicodeEncodeError PyUnicodeError
        PyUnicodeTranslateError PyUnicodeWarning
        PyUserWarning PyValueError PyWarning PyZeroDivisionError;
}

#[cfg(test)]
mod tests {
    use pyo3_ffi as ffi;

    use crate::interpreter::Python;
    use crate::object::{PySizedLayout, PyTypeInfo};

    /// Fails if an instance is smaller than the struct.
    fn check<T: PyTypeInfo, L: PySizedLayout<T>>(py: Python<'_>) {
        // SAFETY: attached; a live type object.
        let size = unsafe { (*T::type_object_raw(py)).tp_basicsize };
        assert!(
            size_of::<L>() <= size as usize,
            "{}",
            std::any::type_name::<T>()
        );
    }

    macro_rules! check {
        ($py:expr, $($name:ident: $layout:ident,)*) => {
            $(check::<crate::types::$name, ffi::$layout>($py);)*
        };
        ($py:expr, exceptions $($name:ident: $layout:ident,)*) => {
            $(check::<crate::exceptions::$name, ffi::$layout>($py);)*
        };
    }

    #[test]
    fn instances_are_as_large_as_their_structs() {
        Python::attach(|py| {
            check!(
                py,
                PyComplex: PyComplexObject,
                PyDate: PyDateTime_Date,
                PyDateTime: PyDateTime_DateTime,
                PyDelta: PyDateTime_Delta,
                PyTime: PyDateTime_Time,
                PyDict: PyDictObject,
                PyFloat: PyFloatObject,
                PyAny: PyObject,
                PyBool: PyObject,
                PyTzInfo: PyObject,
                PyFrozenSet: PySetObject,
                PySet: PySetObject,
                PySlice: PySliceObject,
                PyWeakrefReference: PyWeakReference,
            );
            check!(
                py,
                exceptions
                PyBaseException: PyBaseExceptionObject,
                PyBaseExceptionGroup: PyBaseExceptionObject,
                PyImportError: PyBaseExceptionObject,
                PyUnicodeDecodeError: PyBaseExceptionObject,
                PyValueError: PyBaseExceptionObject,
                PyOSError: PyOSErrorObject,
                PyStopIteration: PyStopIterationObject,
                PySyntaxError: PySyntaxErrorObject,
                PySystemExit: PySystemExitObject,
                PyUnicodeError: PyBaseExceptionObject,
            );
        });
    }
}
