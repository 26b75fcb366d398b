//! [`CapsuleName`]: a capsule's name.

use std::ffi::{CStr, c_char};
use std::ptr::NonNull;

/// The name of a capsule: a pointer to a C string. The code that set the name determines how long
/// it lives: at least as long as the capsule has this name, and usually for the whole process.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyCapsule;
/// use pyatoll::types::capsule::CapsuleName;
///
/// Python::attach(|py| {
///     let name: Option<CapsuleName> = PyCapsule::new_with_value(py, 5, c"five")?.name()?;
///     // SAFETY: the name is static, so it outlives the capsule.
///     assert_eq!(unsafe { name.unwrap().as_cstr() }.to_bytes(), b"five");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyCapsule_GetName`.
#[derive(Clone, Copy)]
pub struct CapsuleName(pub(super) NonNull<c_char>);

impl CapsuleName {
    /// Returns the name as a C string.
    ///
    /// # Safety
    /// The string must live for `'a`. The capsule may be deallocated, and C code may replace its
    /// name.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    ///
    /// Python::attach(|py| {
    ///     let capsule = PyCapsule::new(py, 5, Some(c"owned".to_owned()))?;
    ///     let name = capsule.name()?.unwrap();
    ///     // SAFETY: the capsule owns the name, and lives until after the comparison.
    ///     assert_eq!(unsafe { name.as_cstr() }, c"owned");
    ///     drop(capsule);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyCapsule_GetName`.
    pub unsafe fn as_cstr<'a>(self) -> &'a CStr {
        // SAFETY: a C string; the caller guarantees that it lives for `'a`.
        unsafe { CStr::from_ptr(self.as_ptr()) }
    }

    /// Returns the address of the name.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    /// use std::ffi::CStr;
    ///
    /// Python::attach(|py| {
    ///     static NAME: &CStr = c"five";
    ///     let capsule = PyCapsule::new_with_value(py, 5, NAME)?;
    ///     assert_eq!(capsule.name()?.unwrap().as_ptr(), NAME.as_ptr());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyCapsule_GetName`.
    pub fn as_ptr(self) -> *const c_char {
        self.0.as_ptr()
    }
}
