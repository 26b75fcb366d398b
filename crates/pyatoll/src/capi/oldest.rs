//! Functions and types that 3.10 and 3.11 added to the stable ABI. A build for 3.9 or 3.10 must
//! load in these versions, to report that it needs 3.11, so all of them are looked up by name.

#[cfg(not(Py_3_10))]
pub(crate) use before_3_10::*;
#[cfg(not(Py_3_11))]
pub(crate) use before_3_11::*;

/// Returns one of CPython's exception classes, borrowed.
macro_rules! exception_class {
    (PyExc_EncodingWarning) => {
        $crate::capi::encoding_warning()
    };
    (PyExc_BaseExceptionGroup) => {
        $crate::capi::base_exception_group()
    };
    ($name:ident) => {
        ::pyo3_ffi::$name
    };
}

pub(crate) use exception_class;

/// Defines a function that returns an exception class. (On some platforms, reading the static is
/// not `unsafe`.)
macro_rules! newer_exceptions {
    ($($cfg:meta: $function:ident $name:ident;)*) => {$(
        #[cfg($cfg)]
        #[inline(always)]
        #[allow(unused_unsafe, reason = "on some platforms")]
        pub(crate) fn $function() -> *mut pyo3_ffi::PyObject {
            // SAFETY: a static of CPython, set before any token exists, which never changes.
            unsafe { pyo3_ffi::$name }
        }

        #[cfg(not($cfg))]
        #[inline]
        pub(crate) fn $function() -> *mut pyo3_ffi::PyObject {
            static CLASS: crate::capi::lookup::Symbol =
                crate::capi::lookup::Symbol::of(concat!(stringify!($name), "\0"));
            // SAFETY: a static of CPython, set before any token exists, which never changes.
            unsafe { CLASS.address().cast::<*mut pyo3_ffi::PyObject>().read() }
        }
    )*};
}

newer_exceptions! {
    Py_3_10: encoding_warning PyExc_EncodingWarning;
    Py_3_11: base_exception_group PyExc_BaseExceptionGroup;
}

/// Returns the pointer for a method table.
#[cfg(Py_3_10)]
pub(crate) const fn fast_function(
    function: pyo3_ffi::PyCFunctionFast,
) -> pyo3_ffi::PyMethodDefPointer {
    pyo3_ffi::PyMethodDefPointer {
        PyCFunctionFast: function,
    }
}

/// Returns the pointer for a method table.
#[cfg(Py_3_10)]
pub(crate) const fn fast_function_with_keywords(
    function: pyo3_ffi::PyCFunctionFastWithKeywords,
) -> pyo3_ffi::PyMethodDefPointer {
    pyo3_ffi::PyMethodDefPointer {
        PyCFunctionFastWithKeywords: function,
    }
}

#[cfg(not(Py_3_10))]
mod before_3_10 {
    use std::ffi::{c_int, c_ulong, c_void};

    use pyo3_ffi::*;

    use crate::capi::functions::{Entry, FIRST, LATEST, functions};

    functions! {
        entries _ENTRIES, symbols symbols:

        fn PyFrame_GetCode(frame: *mut PyFrameObject) -> *mut PyCodeObject, FIRST..=LATEST;
        fn PyIter_Send(
            iterator: *mut PyObject, value: *mut PyObject, result: *mut *mut PyObject,
        ) -> PySendResult, FIRST..=LATEST;
        fn PyObject_CallNoArgs(function: *mut PyObject) -> *mut PyObject, FIRST..=LATEST;
        fn PyThreadState_GetFrame(
            thread_state: *mut PyThreadState,
        ) -> *mut PyFrameObject, FIRST..=LATEST;
        fn PyThreadState_GetID(thread_state: *mut PyThreadState) -> i64, FIRST..=LATEST;
        fn PyThreadState_GetInterpreter(
            thread_state: *mut PyThreadState,
        ) -> *mut PyInterpreterState, FIRST..=LATEST;
        fn PyType_FromModuleAndSpec(
            module: *mut PyObject, spec: *mut PyType_Spec, bases: *mut PyObject,
        ) -> *mut PyObject, FIRST..=LATEST;
        fn PyType_GetModule(class: *mut PyTypeObject) -> *mut PyObject, FIRST..=LATEST;
        fn PyUnicode_AsUTF8AndSize(
            text: *mut PyObject, len: *mut Py_ssize_t,
        ) -> *const std::ffi::c_char, FIRST..=LATEST;
    }

    /// # Safety
    /// As for CPython's function.
    pub(crate) unsafe extern "C" fn PyObject_GenericGetDict(
        object: *mut PyObject,
        context: *mut c_void,
    ) -> *mut PyObject {
        type Function = unsafe extern "C" fn(*mut PyObject, *mut c_void) -> *mut PyObject;
        static SYMBOL: crate::capi::lookup::Symbol =
            crate::capi::lookup::Symbol::of("PyObject_GenericGetDict\0");
        // SAFETY: CPython's function of this name has this signature. The rest is upheld by the
        // caller.
        unsafe { std::mem::transmute::<*mut c_void, Function>(SYMBOL.address())(object, context) }
    }

    #[repr(C)]
    #[allow(non_camel_case_types, reason = "CPython's names")]
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub(crate) enum PySendResult {
        PYGEN_RETURN = 0,
        PYGEN_ERROR = -1,
        PYGEN_NEXT = 1,
    }

    pub(crate) const METH_FASTCALL: c_int = 0x80;
    pub(crate) const Py_TPFLAGS_IMMUTABLETYPE: c_ulong = 1 << 8;

    /// Returns the pointer for a method table.
    pub(crate) const fn fast_function(function: PyCFunctionFast) -> PyMethodDefPointer {
        // SAFETY: any pointer to a function; the flags in the table say of which type it is.
        unsafe { std::mem::transmute::<PyCFunctionFast, PyMethodDefPointer>(function) }
    }

    /// Returns the pointer for a method table.
    pub(crate) const fn fast_function_with_keywords(
        function: PyCFunctionFastWithKeywords,
    ) -> PyMethodDefPointer {
        // SAFETY: any pointer to a function; the flags in the table say of which type it is.
        unsafe { std::mem::transmute::<PyCFunctionFastWithKeywords, PyMethodDefPointer>(function) }
    }

    pub(crate) type PyCFunctionFast =
        unsafe extern "C" fn(*mut PyObject, *mut *mut PyObject, Py_ssize_t) -> *mut PyObject;
    pub(crate) type PyCFunctionFastWithKeywords = unsafe extern "C" fn(
        *mut PyObject,
        *const *mut PyObject,
        Py_ssize_t,
        *mut PyObject,
    ) -> *mut PyObject;
}

#[cfg(not(Py_3_11))]
mod before_3_11 {
    use std::ffi::{c_char, c_int, c_void};

    use pyo3_ffi::*;

    use crate::capi::functions::{Entry, FIRST, LATEST, functions};

    functions! {
        entries _ENTRIES, symbols symbols:

        fn PyBuffer_FromContiguous(
            view: *const Py_buffer, bytes: *const c_void, len: Py_ssize_t, order: c_char,
        ) -> c_int, FIRST..=LATEST;
        fn PyBuffer_IsContiguous(view: *const Py_buffer, order: c_char) -> c_int, FIRST..=LATEST;
        fn PyBuffer_Release(view: *mut Py_buffer), FIRST..=LATEST;
        fn PyBuffer_ToContiguous(
            bytes: *mut c_void, view: *const Py_buffer, len: Py_ssize_t, order: c_char,
        ) -> c_int, FIRST..=LATEST;
        fn PyObject_GetBuffer(
            object: *mut PyObject, view: *mut Py_buffer, flags: c_int,
        ) -> c_int, FIRST..=LATEST;
        fn PyType_GetName(class: *mut PyTypeObject) -> *mut PyObject, FIRST..=LATEST;
        fn PyType_GetQualName(class: *mut PyTypeObject) -> *mut PyObject, FIRST..=LATEST;
    }

    #[repr(C)]
    pub struct Py_buffer {
        pub(crate) buf: *mut c_void,
        pub(crate) obj: *mut PyObject,
        pub(crate) len: Py_ssize_t,
        pub(crate) itemsize: Py_ssize_t,
        pub(crate) readonly: c_int,
        pub(crate) ndim: c_int,
        pub(crate) format: *mut c_char,
        pub(crate) shape: *mut Py_ssize_t,
        pub(crate) strides: *mut Py_ssize_t,
        pub(crate) suboffsets: *mut Py_ssize_t,
        pub(crate) internal: *mut c_void,
    }

    /// `PyBUF_INDIRECT | PyBUF_FORMAT`
    pub(crate) const PyBUF_FULL_RO: c_int = 0x0100 | 0x0010 | 0x0008 | 0x0004;
}
