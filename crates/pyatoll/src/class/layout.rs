//! The memory of an instance: base object, owner, borrow flag, thread, `__dict__`, weak list,
//! the Rust value.
//!
//! Invariants:
//! - The memory is zeroed at first, so until [`publish`], the owner is null and the borrow flag
//!   says that somebody has the value: the value is then not read, not borrowed and not dropped. A collection or a deallocation
//!   before construction is finished is safe.
//! - The owner and the flag are written last, once, before the instance is handed to anyone. The
//!   owner lies at [`HEADER`](super::base::ClassBase::HEADER) of the class, behind the part that
//!   belongs to the built-in base: one owner for a class and all its Rust subclasses.
//! - The value is only reached under the borrow flag (of the most basic class that has one), or
//!   shared where no class of the chain has a flag.

use std::cell::{Cell, UnsafeCell};
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::thread::ThreadId;

use pyo3_ffi as ffi;

use super::base::ClassBase;
use super::borrow_flag::{BorrowFlag, FlagStorage, PyBorrowError, PyBorrowMutError};
use super::{ClassImpl, PyClass};
use crate::interpreter::{LocalInternals, Python};

/// What stands between the built-in base and the Rust parts: the owner.
#[repr(C)]
pub struct Header {
    /// Null until the instance is initialised.
    owner: AtomicPtr<LocalInternals>,
}

impl Header {
    #[inline]
    pub(super) fn owner(&self) -> *const LocalInternals {
        // See `publish`.
        let order = if cfg!(Py_GIL_DISABLED) {
            Ordering::Acquire
        } else {
            Ordering::Relaxed
        };
        self.owner.load(order)
    }
}

const _: () = assert!(size_of::<Header>() == size_of::<usize>());

/// The memory of an instance of `T`.
#[repr(C)]
pub struct Instance<T: ClassImpl> {
    /// The base's part; for a Rust class, all of its instance.
    pub(super) base: <T::BaseType as ClassBase>::Layout,
    /// [`Header`]; nothing where the base is a Rust class, which has one.
    pub(super) header: <T::BaseType as ClassBase>::OwnHeader,
    /// Nothing where the class is `frozen`.
    pub(super) flag: T::BorrowFlag,
    /// Nothing unless the class is `unsendable`.
    pub(super) thread: T::ThreadCheck,
    /// Nothing unless the class has `dict`.
    pub(super) dict: T::Dict,
    /// Nothing unless the class has `weakref`.
    pub(super) weak_list: T::WeakList,
    /// The value.
    pub(super) value: UnsafeCell<MaybeUninit<T>>,
}

// The smallest class: object, owner, value.
#[cfg(all(test, target_pointer_width = "64"))]
const _: () = assert!(size_of::<ffi::PyObject>().is_multiple_of(size_of::<usize>()));

impl<T: ClassImpl> Instance<T> {
    /// How many bytes an instance takes. CPython aligns objects to two words, no further.
    ///
    /// Behind a Rust class it is more than the base's, also where the class adds nothing, and does not
    /// end with a `__dict__` or weak references. CPython takes classes without anything else between
    /// them for the same, and lets Python code turn an instance of one into one of the other (with
    /// `__class__`, or by a class that derives from both): it would have a value that nobody made.
    /// For an enum's variants that is no harm, since their methods look which one the value is.
    pub(super) const SIZE: usize = {
        assert!(
            align_of::<Self>() <= 2 * size_of::<usize>(),
            "a class's value may not need an alignment of more than two words: put it in a `Box`"
        );
        assert!(
            size_of::<Self>() <= i32::MAX as usize,
            "a class's value may not be larger than CPython can tell: put it in a `Box`"
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

    /// The instance at an object's address.
    ///
    /// # Safety
    /// The object must be an instance of `T`, alive for `'a`.
    #[inline]
    pub(super) unsafe fn of<'a>(object: *mut ffi::PyObject) -> &'a Self {
        // SAFETY: passed on to the caller; everything that changes is in a cell.
        unsafe { &*object.cast::<Self>() }
    }

    /// The address of the value.
    #[inline]
    pub(super) fn value(&self) -> *mut T {
        self.value.get().cast()
    }

    /// Writes what of `T`'s own nobody else uses before [`publish`]. `__dict__` and weak references
    /// are empty in zeroed memory, and whoever has found the object with `gc.get_objects` may have
    /// used them.
    ///
    /// # Safety
    /// The object must be a new instance of `T`, not handed out.
    pub(super) unsafe fn write(object: *mut ffi::PyObject, value: T) {
        let instance = object.cast::<Self>();
        // SAFETY: as promised.
        unsafe {
            (&raw mut (*instance).thread).write(T::ThreadCheck::here());
            (&raw mut (*instance).value).write(UnsafeCell::new(MaybeUninit::new(value)));
        }
    }
}

/// The header of an instance of `T`.
///
/// # Safety
/// The object must be an instance of `T`, alive for `'a`.
#[inline]
pub(super) unsafe fn header<'a, T: PyClass>(object: *mut ffi::PyObject) -> &'a Header {
    // SAFETY: `HEADER` is where the root class of the chain has it.
    unsafe { header_at(object, <T::BaseType as ClassBase>::HEADER) }
}

/// The header of an instance whose class has it at `offset`.
///
/// # Safety
/// The object must be an instance of such a class, alive for `'a`.
#[inline]
pub(super) unsafe fn header_at<'a>(object: *mut ffi::PyObject, offset: usize) -> &'a Header {
    // SAFETY: passed on to the caller.
    unsafe { &*object.byte_add(offset).cast::<Header>() }
}

/// The owner of an instance of `T`; null while it is not initialised.
///
/// # Safety
/// As for [`header`].
#[inline]
pub(super) unsafe fn owner<T: PyClass>(object: *mut ffi::PyObject) -> *const LocalInternals {
    // SAFETY: passed on to the caller.
    unsafe { header::<T>(object).owner() }
}

/// Says that an instance of `T` is initialised, in all parts. On free-threaded builds another thread
/// may have found it before, with `gc.get_objects`: by the owner and the flag it sees all of it, or
/// is refused.
///
/// # Safety
/// The object must be an instance of `T` itself, not of a base, whose parts are written, in the
/// token's interpreter.
#[inline]
pub(super) unsafe fn publish<T: PyClass>(py: Python<'_>, object: *mut ffi::PyObject) {
    let owner = std::ptr::from_ref(py.owner()).cast_mut();
    // SAFETY: passed on to the caller.
    unsafe {
        header::<T>(object).owner.store(owner, Ordering::Release);
        if let Some(flag) = borrow_flag::<T>(object) {
            flag.begin();
        }
    }
}

/// The token for code that runs because a method, getter, setter or slot of the instance was
/// called: one load from the instance.
///
/// # Safety
/// The object must be an instance of `T`, and the thread attached to its interpreter while `'py`
/// lasts.
#[inline]
pub unsafe fn token_of_instance<'py, T: PyClass>(object: *mut ffi::PyObject) -> Python<'py> {
    // SAFETY: passed on to the caller; a state is never freed.
    match unsafe { owner::<T>(object).as_ref() } {
        Some(owner) => Python::new(owner),
        None => token_of_uninitialized(),
    }
}

/// The token where an instance that is being made was found, through the garbage collector.
#[cold]
#[inline(never)]
fn token_of_uninitialized<'py>() -> Python<'py> {
    // SAFETY: attached, by the caller's contract, to an interpreter in which a class of this binary
    // exists.
    unsafe { Python::assume_called() }
}

/// Borrows the value of an instance for reading.
///
/// # Safety
/// The object must be an instance of `T`. On success, [`release_borrow`] must be called once.
#[inline]
pub(super) unsafe fn borrow<T: PyClass>(object: *mut ffi::PyObject) -> Result<(), PyBorrowError> {
    // SAFETY: passed on to the caller.
    unsafe {
        let flag = borrow_flag::<T>(object);
        if !may_be_borrowed::<T>(object, flag) {
            return Err(PyBorrowError::new());
        }
        check_thread::<T>(object);
        match flag {
            Some(flag) => flag.try_borrow(),
            None => Ok(()),
        }
    }
}

/// Whether an instance is made, and not borrowed mutably: by its flag, where it has one, which says
/// both.
///
/// # Safety
/// The object must be an instance of `T`, with that flag.
#[inline(always)]
unsafe fn may_be_borrowed<T: PyClass>(
    object: *mut ffi::PyObject,
    flag: Option<&BorrowFlag>,
) -> bool {
    match flag {
        Some(flag) => !flag.is_exclusive(),
        // SAFETY: passed on to the caller.
        None => unsafe { !owner::<T>(object).is_null() },
    }
}

/// Ends what [`share`] began.
///
/// # Safety
/// As there.
#[inline]
pub(super) unsafe fn release_borrow<T: PyClass>(object: *mut ffi::PyObject) {
    // SAFETY: passed on to the caller.
    if let Some(flag) = unsafe { borrow_flag::<T>(object) } {
        flag.release_borrow();
    }
}

/// Borrows the value of an instance for changing.
///
/// # Safety
/// The object must be an instance of `T`. On success, [`release_borrow_mut`] must be called once.
#[inline]
pub(super) unsafe fn borrow_mut<T: PyClass>(
    object: *mut ffi::PyObject,
) -> Result<(), PyBorrowMutError> {
    // SAFETY: passed on to the caller.
    unsafe {
        let flag = borrow_flag::<T>(object);
        if !may_be_borrowed::<T>(object, flag) {
            return Err(PyBorrowMutError::new());
        }
        check_thread::<T>(object);
        match flag {
            Some(flag) => flag.try_borrow_mut(),
            // A frozen class is never borrowed mutably: its `Frozen` type keeps callers out.
            None => Err(PyBorrowMutError::new()),
        }
    }
}

/// Ends what [`lock`] began.
///
/// # Safety
/// As there.
#[inline]
pub(super) unsafe fn release_borrow_mut<T: PyClass>(object: *mut ffi::PyObject) {
    // SAFETY: passed on to the caller.
    if let Some(flag) = unsafe { borrow_flag::<T>(object) } {
        flag.release_borrow_mut();
    }
}

/// The flag that guards an instance of `T`: its base's if that has one, so that a borrow of the
/// subclass is one of the base as well; else its own.
///
/// # Safety
/// The object must be an instance of `T`, alive for `'a`.
#[inline]
pub(super) unsafe fn borrow_flag<'a, T: PyClass>(
    object: *mut ffi::PyObject,
) -> Option<&'a BorrowFlag> {
    // SAFETY: passed on to the caller; an instance of a class is one of its base.
    unsafe {
        match <T::BaseType as ClassBase>::borrow_flag(object) {
            Some(flag) => Some(flag),
            None => Instance::<T>::of(object).flag.flag(),
        }
    }
}

/// Panics if the class, or a base of it, is `unsendable` and this is not the instance's thread.
///
/// # Safety
/// The object must be an initialised instance of `T`.
#[inline]
pub(super) unsafe fn check_thread<T: PyClass>(object: *mut ffi::PyObject) {
    // SAFETY: passed on to the caller.
    unsafe {
        <T::BaseType as ClassBase>::check_thread(object);
        if !Instance::<T>::of(object).thread.is_here() {
            sent_to_another_thread::<T>();
        }
    }
}

#[cold]
fn sent_to_another_thread<T>() -> ! {
    panic!(
        "{} is unsendable, but sent to another thread",
        std::any::type_name::<T>()
    )
}

/// What an instance keeps to know its thread: [`Sendable`] or [`Unsendable`].
pub trait ThreadCheck {
    /// For an instance made by this thread.
    fn here() -> Self;
    /// Whether this thread may use the instance.
    fn is_here(&self) -> bool;
}

/// Any thread may use the instance.
pub struct Sendable;

impl ThreadCheck for Sendable {
    #[inline]
    fn here() -> Self {
        Self
    }

    #[inline]
    fn is_here(&self) -> bool {
        true
    }
}

/// Only the thread that made the instance may use it.
pub struct Unsendable(ThreadId);

impl ThreadCheck for Unsendable {
    #[inline(never)]
    fn here() -> Self {
        Self(std::thread::current().id())
    }

    #[inline(never)]
    fn is_here(&self) -> bool {
        std::thread::current().id() == self.0
    }
}

/// Room for an object that CPython manages by its offset: [`Pointer`], or [`Nothing`]. Zeroed at
/// first: no object.
pub trait InlineSlot {
    /// Whether there is room.
    const PRESENT: bool;

    /// The place.
    fn slot(&self) -> Option<NonNull<*mut ffi::PyObject>>;
}

/// No room.
pub struct NoSlot;

impl InlineSlot for NoSlot {
    const PRESENT: bool = false;

    #[inline]
    fn slot(&self) -> Option<NonNull<*mut ffi::PyObject>> {
        None
    }
}

/// Room for one object: a `__dict__` or a list of weak references.
#[repr(transparent)]
pub struct ObjectSlot(Cell<*mut ffi::PyObject>);

impl InlineSlot for ObjectSlot {
    const PRESENT: bool = true;

    #[inline]
    fn slot(&self) -> Option<NonNull<*mut ffi::PyObject>> {
        NonNull::new(self.0.as_ptr())
    }
}

/// A class's own header: [`Header`], or nothing behind a Rust base. Zeroed at first.
pub trait OwnHeader {}

impl OwnHeader for Header {}

impl OwnHeader for () {}
