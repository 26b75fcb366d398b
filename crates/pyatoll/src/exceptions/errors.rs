//! The errors other than those of the operating system and of Unicode.

native_exception! {
    PyBaseException, "BaseException", PyExc_BaseException,
    exception_example!(PyBaseException),
    #[inline]
    fn is_type_of(object: &crate::Bound<'_, crate::PyAny>) -> bool {
        // SAFETY: the object is valid.
        unsafe { pyo3_ffi::PyExceptionInstance_Check(object.as_ptr()) != 0 }
    }
}

native_exceptions! {
    PyArithmeticError = "ArithmeticError", PyExc_ArithmeticError;
    PyAssertionError = "AssertionError", PyExc_AssertionError;
    PyAttributeError = "AttributeError", PyExc_AttributeError;
    PyBufferError = "BufferError", PyExc_BufferError;
    PyEOFError = "EOFError", PyExc_EOFError;
    PyException = "Exception", PyExc_Exception;
    PyFloatingPointError = "FloatingPointError", PyExc_FloatingPointError;
    PyGeneratorExit = "GeneratorExit", PyExc_GeneratorExit;
    PyImportError = "ImportError", PyExc_ImportError;
    PyIndentationError = "IndentationError", PyExc_IndentationError;
    PyIndexError = "IndexError", PyExc_IndexError;
    PyKeyError = "KeyError", PyExc_KeyError;
    PyKeyboardInterrupt = "KeyboardInterrupt", PyExc_KeyboardInterrupt;
    PyLookupError = "LookupError", PyExc_LookupError;
    PyMemoryError = "MemoryError", PyExc_MemoryError;
    PyModuleNotFoundError = "ModuleNotFoundError", PyExc_ModuleNotFoundError;
    PyNameError = "NameError", PyExc_NameError;
    PyNotImplementedError = "NotImplementedError", PyExc_NotImplementedError;
    PyOverflowError = "OverflowError", PyExc_OverflowError;
    PyRecursionError = "RecursionError", PyExc_RecursionError;
    PyReferenceError = "ReferenceError", PyExc_ReferenceError;
    PyRuntimeError = "RuntimeError", PyExc_RuntimeError;
    PyStopAsyncIteration = "StopAsyncIteration", PyExc_StopAsyncIteration;
    PyStopIteration = "StopIteration", PyExc_StopIteration;
    PySyntaxError = "SyntaxError", PyExc_SyntaxError;
    PySystemError = "SystemError", PyExc_SystemError;
    PySystemExit = "SystemExit", PyExc_SystemExit;
    PyTabError = "TabError", PyExc_TabError;
    PyTypeError = "TypeError", PyExc_TypeError;
    PyUnboundLocalError = "UnboundLocalError", PyExc_UnboundLocalError;
    PyValueError = "ValueError", PyExc_ValueError;
    PyZeroDivisionError = "ZeroDivisionError", PyExc_ZeroDivisionError;
}
