//! [`CapsuleName`]: a capsule's name.

use std::ffi::{CStr, c_char};
use std::ptr::NonNull;

/// A capsule's name: a pointer to a text which lives as long as whoever set the name promised,
/// usually for ever, at least as long as the capsule has that name.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyCapsule;
/// use pyatoll::types::capsule::CapsuleName;
///
/// Python::attach(|py| {
///     let name: Option<CapsuleName> = PyCapsule::new_with_value(py, 5, c"five")?.name()?;
///     // SAFETY: the text is static, so it outlives the capsule.
///     assert_eq!(unsafe { name.unwrap().as_cstr() }.to_bytes(), b"five");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[derive(Clone, Copy)]
pub struct CapsuleName(pub(super) NonNull<c_char>);

impl CapsuleName {
    /// The text.
    ///
    /// # Safety
    /// The text must live for `'a`: the capsule may die, and C code may give it another name.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyCapsule;
    ///
    /// Python::attach(|py| {
    ///     let capsule = PyCapsule::new(py, 5, Some(c"owned".to_owned()))?;
    ///     let name = capsule.name()?.unwrap();
    ///     // SAFETY: the capsule owns the text, and lives until after the comparison.
    ///     assert_eq!(unsafe { name.as_cstr() }, c"owned");
    ///     drop(capsule);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    pub unsafe fn as_cstr<'a>(self) -> &'a CStr {
        // SAFETY: a C string; how long it lives is passed on to the caller.
        unsafe { CStr::from_ptr(self.as_ptr()) }
    }

    /// The text's address.
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
    pub fn as_ptr(self) -> *const c_char {
        self.0.as_ptr()
    }
}
