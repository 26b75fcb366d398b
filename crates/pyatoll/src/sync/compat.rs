//! Critical sections on Pythons with and without a GIL.
//!
//! Each function runs `f` in a critical section, and ends the section even if `f` panics. With a
//! GIL, which makes sections unnecessary, it only calls `f`.

pub(super) use sections::*;

#[cfg(Py_GIL_DISABLED)]
mod sections {
    use std::cell::UnsafeCell;
    use std::marker::PhantomPinned;
    use std::mem::MaybeUninit;
    use std::pin::{Pin, pin};

    use crate::capi as ffi;

    /// CPython's struct for a section. CPython keeps its address while the section is open, so it
    /// must not move.
    struct Section<T> {
        section: UnsafeCell<MaybeUninit<T>>,
        end: unsafe extern "C" fn(*mut T),
        _pinned: PhantomPinned,
    }

    /// A guard that ends the section.
    struct SectionGuard<'a, T>(Pin<&'a Section<T>>);

    impl<T> Section<T> {
        fn new(end: unsafe extern "C" fn(*mut T)) -> Self {
            Self {
                section: UnsafeCell::new(MaybeUninit::zeroed()),
                end,
                _pinned: PhantomPinned,
            }
        }

        fn as_ptr(self: Pin<&Self>) -> *mut T {
            self.get_ref().section.get().cast()
        }

        /// Begins the section with `begin`.
        ///
        /// # Safety
        /// `begin` must begin the section at the address it is given, as the counterpart of `end`.
        /// The guard must be dropped on this thread, while the section is the innermost one.
        unsafe fn begin(self: Pin<&Self>, begin: impl FnOnce(*mut T)) -> SectionGuard<'_, T> {
            begin(self.as_ptr());
            SectionGuard(self)
        }
    }

    impl<T> Drop for SectionGuard<'_, T> {
        fn drop(&mut self) {
            // SAFETY: `Section::begin` began the section on this thread; the guard ends it once.
            unsafe { (self.0.end)(self.0.as_ptr()) };
        }
    }

    /// # Safety
    /// Attached; `object` must be alive until this returns.
    pub(in crate::sync) unsafe fn with_object<R>(
        object: *mut ffi::PyObject,
        f: impl FnOnce() -> R,
    ) -> R {
        let section = pin!(Section::new(ffi::PyCriticalSection_End));
        let begin = |section: *mut _| {
            // SAFETY: attached; a live object; the pinned section outlives the guard.
            unsafe { ffi::PyCriticalSection_Begin(section, object) }
        };
        // SAFETY: `begin` matches `PyCriticalSection_End`; the guard is dropped at the end of this
        // scope, so sections nest.
        let _guard = unsafe { section.as_ref().begin(begin) };
        f()
    }

    /// # Safety
    /// Attached; both objects must be alive until this returns.
    pub(in crate::sync) unsafe fn with_objects<R>(
        a: *mut ffi::PyObject,
        b: *mut ffi::PyObject,
        f: impl FnOnce() -> R,
    ) -> R {
        let section = pin!(Section::new(ffi::PyCriticalSection2_End));
        let begin = |section: *mut _| {
            // SAFETY: attached; live objects; the pinned section outlives the guard.
            unsafe { ffi::PyCriticalSection2_Begin(section, a, b) }
        };
        // SAFETY: `begin` matches `PyCriticalSection2_End`; the guard is dropped at the end of this
        // scope, so sections nest.
        let _guard = unsafe { section.as_ref().begin(begin) };
        f()
    }

    /// # Safety
    /// Attached; `mutex` must be valid and must not move until this returns.
    #[cfg(Py_3_14)]
    pub(in crate::sync) unsafe fn with_mutex<R>(
        mutex: *mut ffi::PyMutex,
        f: impl FnOnce() -> R,
    ) -> R {
        let section = pin!(Section::new(ffi::PyCriticalSection_End));
        let begin = |section: *mut _| {
            // SAFETY: attached; a valid mutex; the pinned section outlives the guard.
            unsafe { ffi::PyCriticalSection_BeginMutex(section, mutex) }
        };
        // SAFETY: `begin` matches `PyCriticalSection_End`; the guard is dropped at the end of this
        // scope, so sections nest.
        let _guard = unsafe { section.as_ref().begin(begin) };
        f()
    }

    /// # Safety
    /// Attached; both mutexes must be valid and must not move until this returns.
    #[cfg(Py_3_14)]
    pub(in crate::sync) unsafe fn with_mutexes<R>(
        a: *mut ffi::PyMutex,
        b: *mut ffi::PyMutex,
        f: impl FnOnce() -> R,
    ) -> R {
        let section = pin!(Section::new(ffi::PyCriticalSection2_End));
        let begin = |section: *mut _| {
            // SAFETY: attached; valid mutexes; the pinned section outlives the guard.
            unsafe { ffi::PyCriticalSection2_BeginMutex(section, a, b) }
        };
        // SAFETY: `begin` matches `PyCriticalSection2_End`; the guard is dropped at the end of this
        // scope, so sections nest.
        let _guard = unsafe { section.as_ref().begin(begin) };
        f()
    }
}

#[cfg(not(Py_GIL_DISABLED))]
mod sections {
    use crate::capi as ffi;

    /// # Safety
    /// Attached; `object` must be alive until this returns.
    #[inline(always)]
    pub(in crate::sync) unsafe fn with_object<R>(
        _object: *mut ffi::PyObject,
        f: impl FnOnce() -> R,
    ) -> R {
        f()
    }

    /// # Safety
    /// Attached; both objects must be alive until this returns.
    #[inline(always)]
    pub(in crate::sync) unsafe fn with_objects<R>(
        _a: *mut ffi::PyObject,
        _b: *mut ffi::PyObject,
        f: impl FnOnce() -> R,
    ) -> R {
        f()
    }

    /// # Safety
    /// Attached; `mutex` must be valid and must not move until this returns.
    #[cfg(Py_3_14)]
    #[inline(always)]
    pub(in crate::sync) unsafe fn with_mutex<R>(
        _mutex: *mut ffi::PyMutex,
        f: impl FnOnce() -> R,
    ) -> R {
        f()
    }

    /// # Safety
    /// Attached; both mutexes must be valid and must not move until this returns.
    #[cfg(Py_3_14)]
    #[inline(always)]
    pub(in crate::sync) unsafe fn with_mutexes<R>(
        _a: *mut ffi::PyMutex,
        _b: *mut ffi::PyMutex,
        f: impl FnOnce() -> R,
    ) -> R {
        f()
    }
}
