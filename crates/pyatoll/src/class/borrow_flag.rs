//! The borrow flag of an instance: `RefCell`'s rule, for values that Python shares freely.
//!
//! On builds with a GIL the flag is only touched by the thread that holds it, so plain loads and
//! stores are enough (guards are not `Send`). On free-threaded builds every change is one atomic
//! exchange; taking the flag acquires and giving it back releases, so the value needs no lock of
//! its own.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::PyErr;

/// Somebody borrows the value mutably. Also what zeroed memory says: an instance that is still being
/// made cannot be borrowed.
const EXCLUSIVE: usize = 0;
/// Nobody borrows it; any higher number counts shared borrows on top of it.
const UNUSED: usize = 1;

/// Counts the borrows of one instance.
#[repr(transparent)]
pub struct BorrowFlag(AtomicUsize);

const _: () = assert!(size_of::<BorrowFlag>() == size_of::<usize>());

impl BorrowFlag {
    /// Whether the value is borrowed mutably, or not there yet.
    #[inline(always)]
    pub(super) fn is_exclusive(&self) -> bool {
        let order = if cfg!(Py_GIL_DISABLED) {
            Ordering::Acquire
        } else {
            Ordering::Relaxed
        };
        self.0.load(order) == EXCLUSIVE
    }

    /// The value is there: it can be borrowed from now on.
    #[inline]
    pub(super) fn begin(&self) {
        self.0.store(UNUSED, Ordering::Release);
    }

    /// The flag as plain memory, whose changes the compiler can do away with where they cancel out.
    ///
    /// # Safety
    /// Only on builds with a GIL, by the thread that holds it.
    #[inline(always)]
    unsafe fn plain(&self) -> *mut usize {
        self.0.as_ptr()
    }

    #[inline]
    pub(super) fn try_borrow(&self) -> Result<(), PyBorrowError> {
        // So many shared borrows that the count wraps cannot exist: each is a word of memory.
        let next = |count: usize| (count != EXCLUSIVE).then_some(count.wrapping_add(1));
        let shared = if cfg!(Py_GIL_DISABLED) {
            let (taken, seen) = (Ordering::Acquire, Ordering::Relaxed);
            self.0.fetch_update(taken, seen, next).is_ok()
        } else {
            // SAFETY: the thread holds the GIL, since it uses an instance.
            unsafe {
                let count = self.plain();
                next(*count).map(|next| *count = next).is_some()
            }
        };
        if shared {
            Ok(())
        } else {
            Err(PyBorrowError(()))
        }
    }

    #[inline]
    pub(super) fn release_borrow(&self) {
        let before = if cfg!(Py_GIL_DISABLED) {
            self.0.fetch_sub(1, Ordering::Release)
        } else {
            // SAFETY: as above.
            unsafe { self.plain().replace((*self.plain()).wrapping_sub(1)) }
        };
        debug_assert!(before != UNUSED && before != EXCLUSIVE);
    }

    #[inline]
    pub(super) fn try_borrow_mut(&self) -> Result<(), PyBorrowMutError> {
        let locked = if cfg!(Py_GIL_DISABLED) {
            let (taken, seen) = (Ordering::Acquire, Ordering::Relaxed);
            let locked = self.0.compare_exchange(UNUSED, EXCLUSIVE, taken, seen);
            locked.is_ok()
        } else {
            // SAFETY: as above.
            unsafe {
                let is_free = *self.plain() == UNUSED;
                if is_free {
                    *self.plain() = EXCLUSIVE;
                }
                is_free
            }
        };
        if locked {
            Ok(())
        } else {
            Err(PyBorrowMutError(()))
        }
    }

    #[inline]
    pub(super) fn release_borrow_mut(&self) {
        if cfg!(Py_GIL_DISABLED) {
            self.0.store(UNUSED, Ordering::Release);
        } else {
            // SAFETY: as above.
            unsafe { *self.plain() = UNUSED };
        }
    }
}

/// The place of the borrow flag in an instance: [`BorrowFlag`], or [`NoBorrowFlag`] where the class
/// is `frozen`.
pub trait FlagStorage {
    /// The flag, if there is one.
    fn flag(&self) -> Option<&BorrowFlag>;
}

impl FlagStorage for BorrowFlag {
    #[inline]
    fn flag(&self) -> Option<&BorrowFlag> {
        Some(self)
    }
}

/// A `frozen` class keeps none.
pub struct NoBorrowFlag;

impl FlagStorage for NoBorrowFlag {
    #[inline]
    fn flag(&self) -> Option<&BorrowFlag> {
        None
    }
}

/// The value of an instance is borrowed mutably, so it cannot be borrowed. Becomes a
/// `RuntimeError`.
///
/// ```
/// use pyatoll::prelude::*;
///
/// #[pyclass]
/// struct Counter(u32);
///
/// Python::attach(|py| {
///     let counter = Bound::new(py, Counter(1))?;
///     let _mutable = counter.borrow_mut();
///     let error = counter.try_borrow().err().unwrap();
///     assert_eq!(error.to_string(), "Already mutably borrowed");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub struct PyBorrowError(());

impl PyBorrowError {
    #[cold]
    pub(super) fn new() -> Self {
        Self(())
    }
}

/// The value of an instance is borrowed, so it cannot be borrowed mutably. Becomes a
/// `RuntimeError`.
///
/// ```
/// use pyatoll::prelude::*;
///
/// #[pyclass]
/// struct Counter(u32);
///
/// Python::attach(|py| {
///     let counter = Bound::new(py, Counter(1))?;
///     let _shared = counter.borrow();
///     let error = counter.try_borrow_mut().err().unwrap();
///     assert_eq!(error.to_string(), "Already borrowed");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub struct PyBorrowMutError(());

impl PyBorrowMutError {
    #[cold]
    pub(super) fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for PyBorrowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Already mutably borrowed")
    }
}

impl fmt::Debug for PyBorrowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PyBorrowError")
    }
}

impl std::error::Error for PyBorrowError {}

impl fmt::Display for PyBorrowMutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Already borrowed")
    }
}

impl fmt::Debug for PyBorrowMutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PyBorrowMutError")
    }
}

impl std::error::Error for PyBorrowMutError {}

impl From<PyBorrowError> for PyErr {
    #[cold]
    fn from(error: PyBorrowError) -> Self {
        crate::exceptions::PyRuntimeError::new_err(error.to_string())
    }
}

impl From<PyBorrowMutError> for PyErr {
    #[cold]
    fn from(error: PyBorrowMutError) -> Self {
        crate::exceptions::PyRuntimeError::new_err(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_share_or_one_changes() {
        let flag = BorrowFlag(AtomicUsize::new(0));
        assert!(flag.try_borrow().is_err(), "not there yet");
        assert!(flag.try_borrow_mut().is_err());
        flag.begin();
        flag.try_borrow().unwrap();
        flag.try_borrow().unwrap();
        assert!(flag.try_borrow_mut().is_err());
        flag.release_borrow();
        flag.release_borrow();
        flag.try_borrow_mut().unwrap();
        assert!(flag.try_borrow().is_err());
        assert!(flag.try_borrow_mut().is_err());
        flag.release_borrow_mut();
        assert!(flag.try_borrow().is_ok());
    }
}
