//! The memory of an instance: base object, owner, borrow flag, thread, `__dict__`, list of weak
//! references, Rust value, or for a `shareable` class a reference to it.
//!
//! Invariants:
//! - The memory is initially zeroed. Until [`publish`], the owner is null and the borrow flag says
//!   "mutably borrowed", so the value is not read, borrowed or dropped: a collection or
//!   deallocation of an unfinished instance is safe.
//! - The owner and the flag are written last, once, before the instance is returned. The owner is
//!   at [`HEADER`](super::base::ClassBase::HEADER) of the class, behind the part of the built-in
//!   base: one owner for a class and all its Rust subclasses.
//! - If instances of the built-in base vary in size, the Rust parts are behind the items. The
//!   number of items of an instance never changes.
//! - The value is only accessed under the borrow flag of the first class, from the root, that has
//!   one, or by shared reference if no class of the chain has a flag.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;

use pyo3_ffi as ffi;

use super::base::ClassBase;
use super::borrow_flag::{BorrowFlag, FlagStorage, PyBorrowError, PyBorrowMutError};
use super::parts::{Header, InlineSlot, ThreadCheck};
use super::pyclass::{ClassImpl, PyClass};
use super::storage::ValueStorage;
use crate::interpreter::{LocalInternals, Python};

/// The memory of an instance of `T`, from [`start`](ClassBase::start) on.
#[repr(C)]
pub struct Instance<T: ClassImpl> {
    /// An instance of the base.
    pub(super) base: <T::BaseType as ClassBase>::Layout,
    /// [`Header`]; empty if the base is a Rust class, which has one.
    pub(super) header: <T::BaseType as ClassBase>::OwnHeader,
    /// Empty if the class is `frozen`.
    pub(super) flag: T::BorrowFlag,
    /// Empty unless the class is `unsendable`.
    pub(super) thread: T::ThreadCheck,
    /// Empty unless the class has `dict`.
    pub(super) dict: T::Dict,
    /// Empty unless the class has `weakref`.
    pub(super) weak_list: T::WeakList,
    /// Uninitialized until [`publish`].
    pub(super) value: UnsafeCell<MaybeUninit<T::Storage>>,
}

// The header directly follows the object head.
#[cfg(all(test, target_pointer_width = "64"))]
const _: () = assert!(size_of::<ffi::PyObject>().is_multiple_of(size_of::<usize>()));

impl<T: ClassImpl> Instance<T> {
    /// The size of an instance, in bytes. CPython aligns objects to two words, no further.
    ///
    /// A class that extends a Rust class is always larger than its base, and its instances do not
    /// end with the `__dict__` or the list of weak references. Otherwise CPython would consider the
    /// layouts compatible, and Python code could turn an instance of one into one of the other (by
    /// assigning `__class__`, or through a class that derives from both), whose value was never
    /// initialized. The variants of an enum are exempt, since their methods check the value.
    pub(super) const SIZE: usize = {
        assert!(
            align_of::<Self>() <= 2 * size_of::<usize>(),
            "a class's value may not need an alignment of more than two words: put it in a `Box`"
        );
        // Less what precedes it in an instance of the largest built-in base.
        assert!(
            size_of::<Self>() <= i32::MAX as usize - 256,
            "a class's value may not be larger than CPython can tell: put it in a `Box`"
        );
        assert!(
            !<T::BaseType as ClassBase>::VARIES
                || !(T::Dict::PRESENT || T::WeakList::PRESENT || T::OPTIONS.freelist > 0),
            "a class whose instances vary in size can have no `dict`, `weakref` or `freelist`"
        );
        let mut size = size_of::<Self>();
        let is_behind_class = size_of::<<T::BaseType as ClassBase>::OwnHeader>() == 0;
        if is_behind_class && T::OPTIONS.variant.is_none() {
            let word = size_of::<usize>();
            if size_of::<T>() == 0 && (T::Dict::PRESENT || T::WeakList::PRESENT) {
                size += word;
            }
            let base = <T::BaseType as ClassBase>::SIZE;
            if size <= base {
                size = base + word;
            }
        }
        size
    };

    /// Returns the instance at an object's address.
    ///
    /// # Safety
    /// The object must be an instance of `T`, alive for `'a`.
    #[inline]
    pub(super) unsafe fn of<'a>(object: *mut ffi::PyObject) -> &'a Self {
        // SAFETY: an instance of `T`, alive for `'a` (upheld by the caller); all mutable parts are
        // cells.
        unsafe { &*<T::BaseType as ClassBase>::start(object).cast::<Self>() }
    }

    /// Returns the address of the value.
    ///
    /// # Safety
    /// The instance must be initialized.
    #[inline(always)]
    pub(super) unsafe fn value(&self) -> *mut T {
        // SAFETY: upheld by the caller: the storage is initialized.
        unsafe { T::Storage::value(self.storage()) }
    }

    /// Returns the address of the storage of the value.
    #[inline(always)]
    pub(super) fn storage(&self) -> *mut T::Storage {
        self.value.get().cast()
    }

    /// Writes the parts of `T` that no other code uses before [`publish`]. `__dict__` and weak
    /// references stay as they are: code that found the object with `gc.get_objects` may already
    /// have set them.
    ///
    /// # Safety
    /// The object must be a new, unpublished instance of `T`.
    pub(super) unsafe fn write(object: *mut ffi::PyObject, value: T::Storage) {
        // SAFETY: the instance is unpublished (upheld by the caller), so nothing else accesses
        // these parts.
        unsafe {
            let instance = <T::BaseType as ClassBase>::start(object).cast::<Self>();
            (&raw mut (*instance).thread).write(T::ThreadCheck::here());
            (&raw mut (*instance).value).write(UnsafeCell::new(MaybeUninit::new(value)));
        }
    }
}

/// Returns the header of an instance of `T`.
///
/// # Safety
/// The object must be an instance of `T`, alive for `'a`.
#[inline]
pub(super) unsafe fn header<'a, T: PyClass>(object: *mut ffi::PyObject) -> &'a Header {
    // SAFETY: an instance of `T`, alive for `'a` (upheld by the caller); `HEADER` is the header's
    // offset in all classes of the chain.
    unsafe {
        let start = <T::BaseType as ClassBase>::start(object);
        header_at(start, <T::BaseType as ClassBase>::HEADER)
    }
}

/// Returns the header at `offset` from the start of an instance's `Layout`.
///
/// # Safety
/// `start` must be that of an instance, alive for `'a`, of a class with its header at `offset`.
#[inline]
pub(super) unsafe fn header_at<'a>(start: *mut u8, offset: usize) -> &'a Header {
    // SAFETY: upheld by the caller: an instance, alive for `'a`, with a header at `offset`.
    unsafe { &*start.add(offset).cast::<Header>() }
}

/// Returns the owner of an instance of `T`; null while it is uninitialized.
///
/// # Safety
/// As for [`header`].
#[inline]
pub(super) unsafe fn owner<T: PyClass>(object: *mut ffi::PyObject) -> *const LocalInternals {
    // SAFETY: upheld by the caller: a live instance of `T`.
    unsafe { header::<T>(object).owner() }
}

/// Marks an instance as fully initialized, publishing it to other threads. Threads of a
/// free-threaded interpreter may have found it before, with `gc.get_objects`: until they see the
/// owner and the flag, they cannot use the value.
///
/// # Safety
/// The object must be an instance of `T` in the token's interpreter, with all parts written, and
/// `T` its most derived Rust class.
#[inline]
pub(super) unsafe fn publish<T: PyClass>(py: Python<'_>, object: *mut ffi::PyObject) {
    // SAFETY: upheld by the caller: an instance of `T`, with all parts written.
    unsafe {
        header::<T>(object).publish(py.owner());
        if let Some(flag) = borrow_flag::<T>(object) {
            flag.publish();
        }
    }
}

/// Returns the token for a method, getter, setter or slot of an instance: one load from the
/// instance.
///
/// # Safety
/// The object must be an instance of `T`, and the thread attached to its interpreter for `'py`.
#[inline]
pub unsafe fn token_of_instance<'py, T: PyClass>(object: *mut ffi::PyObject) -> Python<'py> {
    // SAFETY: an instance of `T` (upheld by the caller); a `LocalInternals` is never freed.
    match unsafe { owner::<T>(object).as_ref() } {
        Some(owner) if T::OPTIONS.cross_module.is_none() || owner.is_of_this_binary() => {
            Python::new(owner)
        }
        _ => token_of_other(),
    }
}

/// Returns the token for an uninitialized instance, found through the garbage collector, and for an
/// instance that another module has created.
#[cold]
#[inline(never)]
fn token_of_other<'py>() -> Python<'py> {
    // SAFETY: attached (contract of `token_of_instance`) to an interpreter in which a class of this
    // binary exists.
    unsafe { Python::assume_called() }
}

/// Borrows the value of an instance.
///
/// # Safety
/// The object must be an instance of `T`. On success, [`release_borrow`] must be called once.
#[inline]
#[track_caller]
pub(super) unsafe fn borrow<T: PyClass>(object: *mut ffi::PyObject) -> Result<(), PyBorrowError> {
    // SAFETY: upheld by the caller: a live instance of `T`.
    unsafe {
        let flag = borrow_flag::<T>(object);
        let is_borrowed = match flag {
            // Tells whether the instance is initialized, too.
            Some(flag) => flag.try_borrow().is_ok(),
            None => !owner::<T>(object).is_null(),
        };
        if !is_borrowed {
            return Err(PyBorrowError::of_instance(owner::<T>(object)));
        }
        let on_panic = flag.map(ReleaseBorrow);
        check_thread::<T>(object);
        std::mem::forget(on_panic);
        Ok(())
    }
}

/// Releases a borrow when it is dropped.
struct ReleaseBorrow<'a>(&'a BorrowFlag);

impl Drop for ReleaseBorrow<'_> {
    fn drop(&mut self) {
        self.0.release_borrow();
    }
}

/// Returns whether an instance is initialized and not borrowed mutably. A flag tells both.
///
/// # Safety
/// The object must be a live instance of `T`, and `flag` its flag.
#[inline(always)]
unsafe fn may_be_borrowed<T: PyClass>(
    object: *mut ffi::PyObject,
    flag: Option<&BorrowFlag>,
) -> bool {
    match flag {
        Some(flag) => !flag.is_exclusive(),
        // SAFETY: upheld by the caller: a live instance of `T`.
        None => unsafe { !owner::<T>(object).is_null() },
    }
}

/// Releases a borrow.
///
/// # Safety
/// The object must be a live instance of `T`, borrowed by a successful [`borrow`].
#[inline]
pub(super) unsafe fn release_borrow<T: PyClass>(object: *mut ffi::PyObject) {
    // SAFETY: upheld by the caller: a live instance of `T`, with a borrow that the caller owns.
    if let Some(flag) = unsafe { borrow_flag::<T>(object) } {
        flag.release_borrow();
    }
}

/// Borrows the value of an instance mutably.
///
/// # Safety
/// The object must be an instance of `T`. On success, [`release_borrow_mut`] must be called once.
#[inline]
#[track_caller]
pub(super) unsafe fn borrow_mut<T: PyClass>(
    object: *mut ffi::PyObject,
) -> Result<(), PyBorrowMutError> {
    // SAFETY: upheld by the caller: a live instance of `T`.
    unsafe {
        let flag = borrow_flag::<T>(object);
        if !may_be_borrowed::<T>(object, flag) {
            return Err(PyBorrowMutError::of_instance(owner::<T>(object)));
        }
        check_thread::<T>(object);
        match flag {
            Some(flag) => flag.try_borrow_mut(),
            // Not reached: only classes with `Frozen = False` are borrowed mutably.
            None => Err(PyBorrowMutError::of_instance(owner::<T>(object))),
        }
    }
}

/// Releases a mutable borrow.
///
/// # Safety
/// The object must be a live instance of `T`, borrowed by a successful [`borrow_mut`].
#[inline]
pub(super) unsafe fn release_borrow_mut<T: PyClass>(object: *mut ffi::PyObject) {
    // SAFETY: upheld by the caller: a live instance of `T`, with a borrow that the caller owns.
    if let Some(flag) = unsafe { borrow_flag::<T>(object) } {
        flag.release_borrow_mut();
    }
}

/// Returns the flag that guards an instance of `T`: its base's if that has one, so that borrowing
/// the subclass also borrows the base; else its own.
///
/// # Safety
/// The object must be an instance of `T`, alive for `'a`.
#[inline]
pub(super) unsafe fn borrow_flag<'a, T: PyClass>(
    object: *mut ffi::PyObject,
) -> Option<&'a BorrowFlag> {
    // SAFETY: an instance of `T`, alive for `'a` (upheld by the caller), and so of its base.
    unsafe {
        match <T::BaseType as ClassBase>::borrow_flag(object) {
            Some(flag) => Some(flag),
            None => Instance::<T>::of(object).flag.flag(),
        }
    }
}

/// Panics if the class or one of its bases is `unsendable` and this is not the instance's thread.
///
/// # Safety
/// The object must be an initialized instance of `T`.
#[inline]
#[track_caller]
pub(super) unsafe fn check_thread<T: PyClass>(object: *mut ffi::PyObject) {
    // SAFETY: upheld by the caller: an initialized instance of `T`.
    unsafe {
        <T::BaseType as ClassBase>::check_thread(object);
        if !Instance::<T>::of(object).thread.is_here() {
            sent_to_another_thread::<T>();
        }
    }
}

#[cold]
#[track_caller]
fn sent_to_another_thread<T>() -> ! {
    panic!(
        "{} is unsendable, but sent to another thread",
        std::any::type_name::<T>()
    )
}
