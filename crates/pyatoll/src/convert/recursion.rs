//! [`RecursionGuard`]: bounds the recursion of conversions from Python. A list may contain itself,
//! and a Rust type may contain a list of itself.
//!
//! What keeps its items on the heap (`Vec`, maps, sets, `Arc`) does this, once for all items;
//! structs, tuples and `Option` need not. A type may also contain itself in a pointer whose
//! conversion is the user's own: that is not bounded.

use std::ffi::c_int;

use crate::capi as ffi;
use crate::convert::FromPyObject;
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyRecursionError;
use crate::interpreter::Python;
use crate::interpreter::compat::Limits;

/// Levels of nested containers on one thread, where they are counted. A level takes about two
/// kilobytes of the stack in a debug build, besides the items. A thread that Rust starts has two
/// megabytes.
const DEEPEST: usize = 200;

/// The bytes of the stack that levels may take for items, where levels are counted.
const ITEMS_ON_STACK: usize = 1 << 20;

/// Levels that are allowed whatever the size of the items: types that do not recurse are nested,
/// too.
const ALWAYS_ALLOWED: usize = 4;

/// How many copies of an item a level has on the stack in a debug build.
const COPIES: usize = 8;

/// The unit of CPython's margins, in bytes.
const MARGIN: usize = 2048 * size_of::<usize>();

/// CPython's margins for small items, and for the largest ones: there are smaller stacks than these
/// need, and types that do not recurse.
const MARGINS: (usize, usize) = (2, 64);

/// Returns the limits for a type of items.
const fn limits_of<T>() -> Limits {
    let size = COPIES * size_of::<T>();
    let deepest = match size {
        0 => DEEPEST,
        size => clamp(ITEMS_ON_STACK / size, ALWAYS_ALLOWED, DEEPEST),
    };
    // CPython does not know a stack that is exhausted by more than its margins.
    let margins = clamp(MARGINS.0 + size / MARGIN, MARGINS.0, MARGINS.1);
    Limits {
        deepest: deepest as u32,
        margins: margins as c_int,
    }
}

const fn clamp(value: usize, least: usize, most: usize) -> usize {
    if value < least {
        least
    } else if value > most {
        most
    } else {
        value
    }
}

/// A container whose items are being converted.
pub(super) struct RecursionGuard<'py> {
    py: Python<'py>,
    /// This thread. Only compared.
    this: *mut ffi::PyThreadState,
}

impl<'py> RecursionGuard<'py> {
    /// Enters a level of recursion with items of type `T`, which is left when the guard is dropped.
    ///
    /// # Errors
    /// `RecursionError` if the stack is nearly exhausted, or, where CPython does not know that, if
    /// this thread has too many nested conversions.
    pub(super) fn enter<T>(py: Python<'py>) -> PyResult<Self> {
        Self::enter_within(py, const { limits_of::<T>() })
    }

    fn enter_within(py: Python<'py>, limits: Limits) -> PyResult<Self> {
        // SAFETY: attached.
        let this = unsafe { ffi::PyThreadState_Get() };
        match py.local().conversion_depth().enter(this, limits) {
            Some(_) => Ok(Self { py, this }),
            None => Err(too_deep()),
        }
    }

    /// Enters a level like [`enter`](RecursionGuard::enter), except for plain items (`bool`, `f64`,
    /// small integers), which cannot recurse.
    #[inline]
    pub(super) fn of_items<'a, T: FromPyObject<'a, 'py>>(
        py: Python<'py>,
    ) -> PyResult<Option<Self>> {
        match T::PLAIN {
            true => Ok(None),
            false => Self::enter::<T>(py).map(Some),
        }
    }
}

impl Drop for RecursionGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.py.local().conversion_depth().leave_any(self.this);
    }
}

#[cold]
#[inline(never)]
fn too_deep() -> PyErr {
    PyRecursionError::new_err("maximum recursion depth exceeded while converting a Python object")
}
