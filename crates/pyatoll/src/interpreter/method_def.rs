//! [`MethodDef`]: a `PyMethodDef` that threads may share.

use std::ffi::{CStr, c_int};

use pyo3_ffi as ffi;

/// A `PyMethodDef`. CPython keeps a pointer to it in every function made from it and only reads it,
/// so one definition serves all interpreters; it must outlive those functions.
#[repr(transparent)]
pub(crate) struct MethodDef(ffi::PyMethodDef);

// SAFETY: never written to after construction; its pointers are to `'static` strings and functions.
unsafe impl Send for MethodDef {}
// SAFETY: immutable after construction.
unsafe impl Sync for MethodDef {}

impl MethodDef {
    /// Creates a definition of `function`, whose signature must be the one that `flags` name.
    pub(crate) const fn new(
        name: &'static CStr,
        function: ffi::PyMethodDefPointer,
        flags: c_int,
        doc: Option<&'static CStr>,
    ) -> Self {
        Self(ffi::PyMethodDef {
            ml_name: name.as_ptr(),
            ml_meth: function,
            ml_flags: flags,
            ml_doc: match doc {
                Some(doc) => doc.as_ptr(),
                None => std::ptr::null(),
            },
        })
    }

    /// Creates a definition of a function without arguments.
    pub(crate) const fn no_args(name: &'static CStr, function: ffi::PyCFunction) -> Self {
        let function = ffi::PyMethodDefPointer {
            PyCFunction: function,
        };
        Self::new(name, function, ffi::METH_NOARGS, None)
    }

    /// Returns the pointer that CPython's functions take.
    pub(crate) fn as_ptr(&self) -> *mut ffi::PyMethodDef {
        std::ptr::from_ref(&self.0).cast_mut()
    }
}
