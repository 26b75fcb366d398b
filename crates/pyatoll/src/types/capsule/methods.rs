//! [`PyCapsuleMethods`]: the methods of a capsule.

use std::ffi::{CStr, c_void};
use std::ptr::{NonNull, null};

use pyo3_ffi as ffi;

use super::{CapsuleName, PyCapsule};
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::returned::status;

/// The methods of [`PyCapsule`].
///
/// A name argument must equal the capsule's name; `None` matches a capsule without one.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyCapsule;
///
/// Python::attach(|py| {
///     let mut context = 5;
///     let capsule = PyCapsule::new_with_value(py, "value", c"name")?;
///     assert!(capsule.context()?.is_null());
///     capsule.set_context((&raw mut context).cast())?;
///     assert_eq!(capsule.context()?, (&raw mut context).cast());
///
///     assert!(capsule.is_valid_checked(Some(c"name")));
///     assert!(!capsule.is_valid_checked(None));
///     assert!(capsule.pointer_checked(Some(c"other")).is_err());
///     // SAFETY: the name is static, and no other code replaces it.
///     assert_eq!(unsafe { capsule.name()?.unwrap().as_cstr() }, c"name");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[doc(alias = "PyCapsule")]
pub trait PyCapsuleMethods<'py>: crate::types::sealed::Sealed {
    /// Sets a second pointer, the context, which is passed to the capsule's destructor.
    ///
    /// # Errors
    /// None for a capsule that this library created.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    /// use std::ptr::null_mut;
    /// use std::sync::mpsc::channel;
    ///
    /// Python::attach(|py| {
    ///     let (sender, receiver) = channel();
    ///     let report = move |_value, context: *mut _| sender.send(context as usize).unwrap();
    ///     let capsule = PyCapsule::new_with_value_and_destructor(py, 7, c"seven", report)?;
    ///     capsule.set_context(null_mut::<u8>().wrapping_add(64).cast())?;
    ///     drop(capsule);
    ///     assert_eq!(receiver.recv(), Ok(64));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyCapsule_SetContext`.
    fn set_context(&self, context: *mut c_void) -> PyResult<()>;

    /// Returns the context; null if none was set.
    ///
    /// # Errors
    /// None for a capsule that this library created.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    ///
    /// Python::attach(|py| {
    ///     let mut number = 5;
    ///     let capsule = PyCapsule::new_with_value(py, (), c"name")?;
    ///     assert!(capsule.context()?.is_null());
    ///     capsule.set_context((&raw mut number).cast())?;
    ///     assert_eq!(capsule.context()?, (&raw mut number).cast());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyCapsule_GetContext`.
    fn context(&self) -> PyResult<*mut c_void>;

    /// Returns the pointer if the capsule has this name. Nothing is known about its target and the
    /// target's lifetime: other code may replace the pointer.
    ///
    /// # Errors
    /// `ValueError` if the capsule has a different name.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyValueError;
    /// use pyatoll::types::PyCapsule;
    ///
    /// Python::attach(|py| {
    ///     let capsule = PyCapsule::new_with_value(py, 5_u32, c"five")?;
    ///     let five = capsule.pointer_checked(Some(c"five"))?.cast::<u32>();
    ///     // SAFETY: a capsule of this name holds a `u32`, and the capsule is alive.
    ///     assert_eq!(unsafe { five.read() }, 5);
    ///     assert!(capsule.pointer_checked(None).unwrap_err().is_instance_of::<PyValueError>(py));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyCapsule_GetPointer`.
    fn pointer_checked(&self, name: Option<&CStr>) -> PyResult<NonNull<c_void>>;

    /// Returns whether the capsule has this name.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    ///
    /// Python::attach(|py| {
    ///     let capsule = PyCapsule::new_with_value(py, 5, c"five")?;
    ///     assert!(capsule.is_valid_checked(Some(c"five")));
    ///     assert!(!capsule.is_valid_checked(Some(c"six")));
    ///     assert!(!capsule.is_valid_checked(None));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyCapsule_IsValid`.
    fn is_valid_checked(&self, name: Option<&CStr>) -> bool;

    /// Returns the capsule's name.
    ///
    /// # Errors
    /// None for a capsule that this library created.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    ///
    /// Python::attach(|py| {
    ///     let capsule = PyCapsule::new_with_value(py, 5, c"five")?;
    ///     // SAFETY: the name is static, and no other code replaces it.
    ///     assert_eq!(unsafe { capsule.name()?.unwrap().as_cstr() }, c"five");
    ///     assert!(PyCapsule::new(py, 5, None)?.name()?.is_none());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyCapsule_GetName`.
    fn name(&self) -> PyResult<Option<CapsuleName>>;
}

impl<'py> PyCapsuleMethods<'py> for Bound<'py, PyCapsule> {
    #[allow(
        clippy::not_unsafe_ptr_arg_deref,
        reason = "the pointer is stored, not read"
    )]
    fn set_context(&self, context: *mut c_void) -> PyResult<()> {
        // SAFETY: attached; `self` is a capsule.
        let result = unsafe { ffi::PyCapsule_SetContext(self.as_ptr(), context) };
        status(self.py(), result)
    }

    fn context(&self) -> PyResult<*mut c_void> {
        // SAFETY: attached; `self` is a capsule.
        let context = unsafe { ffi::PyCapsule_GetContext(self.as_ptr()) };
        if context.is_null() {
            check_no_error(self.py())?;
        }
        Ok(context)
    }

    fn pointer_checked(&self, name: Option<&CStr>) -> PyResult<NonNull<c_void>> {
        let name = name.map_or(null(), CStr::as_ptr);
        // SAFETY: attached; `self` is a capsule; `name` is a valid C string or null.
        let pointer = unsafe { ffi::PyCapsule_GetPointer(self.as_ptr(), name) };
        NonNull::new(pointer).ok_or_else(|| PyErr::fetch(self.py()))
    }

    fn is_valid_checked(&self, name: Option<&CStr>) -> bool {
        let name = name.map_or(null(), CStr::as_ptr);
        // SAFETY: attached; `self` is a capsule; `name` is a valid C string or null.
        unsafe { ffi::PyCapsule_IsValid(self.as_ptr(), name) != 0 }
    }

    fn name(&self) -> PyResult<Option<CapsuleName>> {
        // SAFETY: attached; `self` is a capsule.
        let name = unsafe { ffi::PyCapsule_GetName(self.as_ptr()) };
        match NonNull::new(name.cast_mut()) {
            Some(name) => Ok(Some(CapsuleName(name))),
            None => check_no_error(self.py()).map(|()| None),
        }
    }
}

/// Returns the current exception, if any: a null result may be a value or an error.
fn check_no_error(py: Python<'_>) -> PyResult<()> {
    PyErr::take(py).map_or(Ok(()), Err)
}
