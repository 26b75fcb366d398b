//! Type objects of CPython that the stable ABI leaves out, and checks for their instances.

#[cfg(not(Py_LIMITED_API))]
pub(crate) use fixed::*;
#[cfg(Py_LIMITED_API)]
pub(crate) use running::*;

#[cfg(not(Py_LIMITED_API))]
mod fixed {
    use pyo3_ffi::PyTypeObject;

    macro_rules! types {
        ($($(#[$attribute:meta])* $function:ident: $name:ident;)*) => {$(
            /// Returns the address of the type object.
            $(#[$attribute])*
            #[inline(always)]
            pub(crate) fn $function() -> *mut PyTypeObject {
                #[allow(unused_unsafe, reason = "on some platforms")]
                // SAFETY: only the address is taken.
                unsafe { &raw mut pyo3_ffi::$name }
            }
        )*};
    }

    types! {
        code_type: PyCode_Type;
        context_type: PyContext_Type;
        frame_type: PyFrame_Type;
        #[cfg(Py_3_15)]
        frozendict_type: PyFrozenDict_Type;
        function_type: PyFunction_Type;
    }
}

#[cfg(Py_LIMITED_API)]
mod running {
    use std::ffi::c_int;

    use pyo3_ffi::{Py_TYPE, PyObject, PyTypeObject};

    use crate::capi::lookup::Symbol;

    macro_rules! types {
        ($($function:ident, $check:ident: $name:literal;)*) => {$(
            /// Returns the address of the type object.
            #[inline]
            pub(crate) fn $function() -> *mut PyTypeObject {
                static TYPE: Symbol = Symbol::of($name);
                TYPE.address().cast()
            }

            /// Returns whether an object is an instance. The type cannot be extended.
            ///
            /// # Safety
            /// `object` must be alive.
            #[inline]
            pub(crate) unsafe fn $check(object: *mut PyObject) -> c_int {
                // SAFETY: alive (upheld by the caller).
                unsafe { (Py_TYPE(object) == $function()).into() }
            }
        )*};
    }

    types! {
        code_type, PyCode_Check: "PyCode_Type\0";
        context_type, PyContext_CheckExact: "PyContext_Type\0";
        frame_type, PyFrame_Check: "PyFrame_Type\0";
        function_type, PyFunction_Check: "PyFunction_Type\0";
    }

    /// Returns the address of the type object.
    #[cfg(Py_3_15)]
    #[inline]
    pub(crate) fn frozendict_type() -> *mut PyTypeObject {
        static TYPE: Symbol = Symbol::of("PyFrozenDict_Type\0");
        TYPE.address().cast()
    }

    /// Returns whether an object is an instance of the type or of a class that extends it.
    ///
    /// # Safety
    /// `object` must be alive.
    #[cfg(Py_3_15)]
    #[inline]
    pub(crate) unsafe fn PyFrozenDict_Check(object: *mut PyObject) -> c_int {
        // SAFETY: alive (upheld by the caller); `frozendict_type` returns a type object.
        unsafe { pyo3_ffi::PyObject_TypeCheck(object, frozendict_type()) }
    }
}
