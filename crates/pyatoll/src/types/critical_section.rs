//! Holding an object's own lock, which free-threaded builds have; elsewhere the GIL is held anyway.

use crate::object::Bound;

/// Runs `f` with the object locked. Python code that runs within may let go of the lock while it
/// waits for something else.
///
/// Source: `Py_BEGIN_CRITICAL_SECTION`.
#[inline]
pub(crate) fn with_critical_section<T, R>(object: &Bound<'_, T>, f: impl FnOnce() -> R) -> R {
    #[cfg(Py_GIL_DISABLED)]
    {
        use pyo3_ffi as ffi;
        use std::mem::MaybeUninit;

        struct Section(MaybeUninit<ffi::PyCriticalSection>);
        impl Drop for Section {
            fn drop(&mut self) {
                // SAFETY: begun below, by this thread, and not moved since.
                unsafe { ffi::PyCriticalSection_End(self.0.as_mut_ptr()) };
            }
        }
        let mut section = Section(MaybeUninit::uninit());
        // SAFETY: attached; the object outlives the section, which stays in its place until it
        // ends, also on a panic.
        unsafe { ffi::PyCriticalSection_Begin(section.0.as_mut_ptr(), object.as_ptr()) };
        f()
    }
    #[cfg(not(Py_GIL_DISABLED))]
    {
        let _ = object;
        f()
    }
}
