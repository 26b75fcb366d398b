//! [`BorrowFlag`]: the borrow flag of an instance, with the rules of `RefCell`.
//!
//! With a GIL, only the thread that holds it accesses the flag, so plain loads and stores suffice
//! (guards are not `Send`). On free-threaded builds each change is one atomic operation: borrowing
//! acquires and releasing a borrow releases, so the value needs no lock of its own.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::compat::{ACQUIRE_UNLESS_GIL, FREE_THREADED};
use crate::error::PyErr;
use crate::interpreter::LocalInternals;

/// Mutably borrowed. Also the state of zeroed memory: an uninitialized instance cannot be borrowed.
const EXCLUSIVE: usize = 0;
/// Not borrowed. Higher numbers count shared borrows.
const UNUSED: usize = 1;

/// The number of borrows of an instance.
#[repr(transparent)]
pub struct BorrowFlag(AtomicUsize);

const _: () = assert!(size_of::<BorrowFlag>() == size_of::<usize>());

impl BorrowFlag {
    /// Returns whether the value is borrowed mutably, or uninitialized.
    #[inline(always)]
    pub(super) fn is_exclusive(&self) -> bool {
        self.0.load(ACQUIRE_UNLESS_GIL) == EXCLUSIVE
    }

    /// Marks the value as initialized, so that it can be borrowed.
    #[inline]
    pub(super) fn publish(&self) {
        self.0.store(UNUSED, Ordering::Release);
    }

    /// Returns the flag as plain memory: the compiler can elide changes that cancel out.
    ///
    /// # Safety
    /// Only on builds with a GIL, for the thread that holds it.
    #[inline(always)]
    unsafe fn plain(&self) -> *mut usize {
        self.0.as_ptr()
    }

    #[inline]
    pub(super) fn try_borrow(&self) -> Result<(), PyBorrowError> {
        // The count cannot wrap: each shared borrow takes at least a word of memory.
        let next = |count: usize| (count != EXCLUSIVE).then_some(count.wrapping_add(1));
        let borrowed = if FREE_THREADED {
            let (success, failure) = (Ordering::Acquire, Ordering::Relaxed);
            // Without loading it first: another processor that has the flag gives it up once, not
            // twice.
            let first = self
                .0
                .compare_exchange(UNUSED, UNUSED + 1, success, failure);
            first.is_ok() || self.0.fetch_update(success, failure, next).is_ok()
        } else {
            // SAFETY: the thread uses an instance, so it holds the GIL.
            unsafe {
                let count = self.plain();
                next(*count).map(|next| *count = next).is_some()
            }
        };
        if borrowed {
            Ok(())
        } else {
            Err(PyBorrowError(Refusal::Borrowed))
        }
    }

    #[inline]
    pub(super) fn release_borrow(&self) {
        let before = if FREE_THREADED {
            self.0.fetch_sub(1, Ordering::Release)
        } else {
            // SAFETY: the thread uses an instance, so it holds the GIL.
            unsafe { self.plain().replace((*self.plain()).wrapping_sub(1)) }
        };
        debug_assert!(before != UNUSED && before != EXCLUSIVE);
    }

    #[inline]
    pub(super) fn try_borrow_mut(&self) -> Result<(), PyBorrowMutError> {
        let borrowed = if FREE_THREADED {
            let (success, failure) = (Ordering::Acquire, Ordering::Relaxed);
            self.0
                .compare_exchange(UNUSED, EXCLUSIVE, success, failure)
                .is_ok()
        } else {
            // SAFETY: the thread uses an instance, so it holds the GIL.
            unsafe {
                let is_unused = *self.plain() == UNUSED;
                if is_unused {
                    *self.plain() = EXCLUSIVE;
                }
                is_unused
            }
        };
        if borrowed {
            Ok(())
        } else {
            Err(PyBorrowMutError(Refusal::Borrowed))
        }
    }

    #[inline]
    pub(super) fn release_borrow_mut(&self) {
        if FREE_THREADED {
            self.0.store(UNUSED, Ordering::Release);
        } else {
            // SAFETY: the thread uses an instance, so it holds the GIL.
            unsafe { *self.plain() = UNUSED };
        }
    }
}

/// The borrow flag in an instance: [`BorrowFlag`], or [`NoBorrowFlag`] if the class is `frozen`.
pub trait FlagStorage {
    /// Returns the flag, if any.
    fn flag(&self) -> Option<&BorrowFlag>;
}

impl FlagStorage for BorrowFlag {
    #[inline]
    fn flag(&self) -> Option<&BorrowFlag> {
        Some(self)
    }
}

/// A `frozen` class has no flag.
pub struct NoBorrowFlag;

impl FlagStorage for NoBorrowFlag {
    #[inline]
    fn flag(&self) -> Option<&BorrowFlag> {
        None
    }
}

/// Why a value cannot be borrowed.
#[derive(Clone, Copy)]
enum Refusal {
    /// By another borrow.
    Borrowed,
    /// The instance has no value.
    NotConstructed,
    /// The token is of another interpreter than the instance.
    Foreign,
}

impl Refusal {
    /// Returns the reason for an instance with this owner.
    #[cold]
    fn of_instance(owner: *const LocalInternals) -> Self {
        if owner.is_null() {
            Self::NotConstructed
        } else {
            Self::Borrowed
        }
    }

    /// Returns the message; `borrowed` is that of a borrowed value.
    fn message(self, borrowed: &'static str) -> &'static str {
        match self {
            Self::Borrowed => borrowed,
            Self::NotConstructed => {
                "this instance has not been constructed: the `__new__` of its class has not returned"
            }
            Self::Foreign => {
                "this instance belongs to another interpreter than the token: `Py::try_bind` names \
                 both"
            }
        }
    }
}

/// The error of borrowing a value that is mutably borrowed, or that an instance does not have yet.
/// Converts to `RuntimeError`.
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
pub struct PyBorrowError(Refusal);

impl PyBorrowError {
    /// The error for a token of another interpreter.
    pub(super) const FOREIGN: Self = Self(Refusal::Foreign);

    /// Creates the error for an instance with this owner.
    #[cold]
    pub(super) fn of_instance(owner: *const LocalInternals) -> Self {
        Self(Refusal::of_instance(owner))
    }
}

/// The error of mutably borrowing a value that is borrowed, or that an instance does not have yet.
/// Converts to `RuntimeError`.
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
pub struct PyBorrowMutError(Refusal);

impl PyBorrowMutError {
    /// The error for a token of another interpreter.
    pub(super) const FOREIGN: Self = Self(Refusal::Foreign);

    /// Creates the error for an instance with this owner.
    #[cold]
    pub(super) fn of_instance(owner: *const LocalInternals) -> Self {
        Self(Refusal::of_instance(owner))
    }
}

impl fmt::Display for PyBorrowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.message("Already mutably borrowed"))
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
        f.write_str(self.0.message("Already borrowed"))
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
    fn borrows_are_shared_or_exclusive() {
        let flag = BorrowFlag(AtomicUsize::new(0));
        assert!(flag.try_borrow().is_err(), "uninitialized");
        assert!(flag.try_borrow_mut().is_err());
        flag.publish();
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
