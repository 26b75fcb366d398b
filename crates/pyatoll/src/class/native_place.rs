//! Where the Rust parts of an instance are: behind the memory of the built-in base, or behind its
//! items if the instances of the base vary in size. The stable ABI hides the size of all bases but
//! `object`: a build for it determines the offset at run time.
//!
//! The items of `int`, `tuple` and `bytes` are at a fixed offset, so a class that extends them can
//! have no field at a fixed offset (PEP 697 excludes this case). But CPython allocates the size of
//! the class and the items in one block: a class that is larger than its base has room behind the
//! items. CPython then also considers it a layout of its own, and refuses to combine two of them or
//! to assign `__class__`.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::compat;
use super::parts::Header;
use crate::capi::{self as ffi, type_fields};
use crate::error::PyResult;
use crate::exceptions::PySystemError;
use crate::interpreter::Python;

/// CPython aligns objects to two words.
pub(super) const ALIGNMENT: usize = 2 * size_of::<usize>();

/// The place of the Rust parts, for [`ClassBase`](super::base::ClassBase).
pub trait Place {
    /// See `ClassBase::Layout`.
    type Layout;
    /// See `ClassBase::FIXED`.
    const FIXED: bool;
    /// See `ClassBase::VARIES`.
    const VARIES: bool;

    /// Returns an error unless instances of the base are as expected.
    fn check(py: Python<'_>, class: *mut ffi::PyTypeObject) -> PyResult<()>;

    /// See `ClassBase::size_before`.
    fn size_before(class: *mut ffi::PyTypeObject) -> usize;

    /// See `ClassBase::size_before`; for a class that was checked, which need not be passed.
    fn known_size_before() -> usize;

    /// See `ClassBase::start`.
    ///
    /// # Safety
    /// The object must be an instance of a checked class.
    unsafe fn start(object: *mut ffi::PyObject) -> *mut u8;
}

/// Behind instances of the base, which have the memory `L`.
#[allow(dead_code, reason = "of no use in a build for `abi3t`")]
pub struct Behind<L>(PhantomData<L>);

impl<L> Place for Behind<L> {
    type Layout = L;
    const FIXED: bool = true;
    const VARIES: bool = false;

    fn check(_py: Python<'_>, class: *mut ffi::PyTypeObject) -> PyResult<()> {
        // SAFETY: a static type object, initialized with the runtime.
        let actual = unsafe { type_fields::tp_basicsize(class) } as usize;
        let size = size_of::<L>();
        if actual == size {
            return Ok(());
        }
        Err(PySystemError::new_err(format!(
            "an instance of the base class has {actual} bytes in this Python, not {size}"
        )))
    }

    fn size_before(_class: *mut ffi::PyTypeObject) -> usize {
        0
    }

    fn known_size_before() -> usize {
        0
    }

    #[inline(always)]
    unsafe fn start(object: *mut ffi::PyObject) -> *mut u8 {
        object.cast()
    }
}

/// Behind the items of an instance, which `C` counts.
pub struct BehindItems<C>(PhantomData<C>);

/// The start of the Rust parts behind the items.
#[repr(C)]
pub struct AfterItems([Header; 0]);

impl<C: CountItems> Place for BehindItems<C> {
    type Layout = AfterItems;
    const FIXED: bool = false;
    const VARIES: bool = true;

    fn check(py: Python<'_>, class: *mut ffi::PyTypeObject) -> PyResult<()> {
        C::check(py, class)
    }

    fn size_before(class: *mut ffi::PyTypeObject) -> usize {
        // SAFETY: attached, since a class is created; a static type object.
        let (base, item) = unsafe {
            (
                type_fields::tp_basicsize(class),
                type_fields::tp_itemsize(class),
            )
        };
        let sizes = C::sizes();
        sizes.base.store(base as usize, Ordering::Relaxed);
        sizes.item.store(item as usize, Ordering::Relaxed);
        Self::known_size_before()
    }

    fn known_size_before() -> usize {
        C::sizes().base.load(Ordering::Relaxed) + (ALIGNMENT - 1)
    }

    #[inline]
    unsafe fn start(object: *mut ffi::PyObject) -> *mut u8 {
        let sizes = C::sizes();
        let base = sizes.base.load(Ordering::Relaxed);
        let item = sizes.item.load(Ordering::Relaxed);
        // SAFETY: upheld by the caller. The block has `size_before` bytes and the Rust parts in
        // addition to the items.
        unsafe {
            let end = base + item * C::count(object);
            object.cast::<u8>().add(end.next_multiple_of(ALIGNMENT))
        }
    }
}

/// The sizes of an instance without items, and of an item: zero until the first class that extends
/// the base is created.
pub struct Sizes {
    base: AtomicUsize,
    item: AtomicUsize,
}

/// The number of items for which an instance has space.
pub trait CountItems {
    /// Returns the sizes. They are the same in all interpreters: built-in types are static.
    fn sizes() -> &'static Sizes;

    /// Returns the number of items. It never changes.
    ///
    /// # Safety
    /// The object must be an instance of the base.
    unsafe fn count(object: *mut ffi::PyObject) -> usize;

    /// Returns an error unless [`count`](CountItems::count) is correct in this Python.
    fn check(_py: Python<'_>, _class: *mut ffi::PyTypeObject) -> PyResult<()> {
        Ok(())
    }
}

/// The items of `tuple`.
pub struct TupleItems;

/// The items of `bytes`.
pub struct BytesItems;

/// Implements [`CountItems::sizes`].
macro_rules! sizes {
    () => {
        #[inline(always)]
        fn sizes() -> &'static Sizes {
            static SIZES: Sizes = Sizes {
                base: AtomicUsize::new(0),
                item: AtomicUsize::new(0),
            };
            &SIZES
        }
    };
}

impl CountItems for TupleItems {
    sizes!();

    #[inline]
    unsafe fn count(object: *mut ffi::PyObject) -> usize {
        // SAFETY: upheld by the caller: an instance of `tuple`.
        unsafe { ffi::PyTuple_GET_SIZE(object) as usize }
    }
}

impl CountItems for BytesItems {
    sizes!();

    #[inline]
    unsafe fn count(object: *mut ffi::PyObject) -> usize {
        // SAFETY: upheld by the caller: an instance of `bytes`.
        unsafe { ffi::bytes_len(object) as usize }
    }
}

/// The digits of `int`.
pub struct Digits;

impl CountItems for Digits {
    sizes!();

    #[inline]
    unsafe fn count(object: *mut ffi::PyObject) -> usize {
        // SAFETY: upheld by the caller: an instance of `int`.
        unsafe { compat::digits_of_int(object) }
    }

    fn check(py: Python<'_>, class: *mut ffi::PyTypeObject) -> PyResult<()> {
        use crate::object::Bound;
        use crate::types::PyAny;
        // SAFETY: attached (`py`); a static type object. Each call returns a new reference or null.
        let (counted, needed) = unsafe {
            let text = c"-1000000000000000000000000000000".as_ptr();
            let number = ffi::PyLong_FromString(text, std::ptr::null_mut(), 10);
            let number: Bound<'_, PyAny> = Bound::from_owned_ptr_or_err(py, number)?;
            // 100 bits, in digits of 30 or 15.
            let bits = if type_fields::tp_itemsize(class) == 4 {
                30
            } else {
                15
            };
            let needed = 100_usize.div_ceil(bits);
            (compat::digits_of_int(number.as_ptr()), needed)
        };
        if counted == needed {
            return Ok(());
        }
        Err(PySystemError::new_err(format!(
            "an `int` of {needed} digits is taken to have {counted} in this Python"
        )))
    }
}
