//! [`Nesting`]: bounds the recursion of conversions from Python. A list may contain itself, and the
//! type of an item be the type that the list is converted to.
//!
//! A recursive Rust type has a container whose items are on the heap (`Vec`, a map, a set), or a
//! pointer whose conversion is the user's own. So it is enough if containers do this, once for all
//! items; structs, tuples and `Option` do not.

use crate::capi as ffi;
use crate::convert::FromPyObject;
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;

/// Levels of nested containers on one thread, where they are counted. A level takes about two
/// kilobytes of the stack in a debug build, and a thread that Rust starts has two megabytes.
const DEEPEST: u32 = 200;

/// A container whose items are being converted.
pub(super) struct Nesting<'py> {
    py: Python<'py>,
    /// This thread. Only compared.
    this: *mut ffi::PyThreadState,
}

impl<'py> Nesting<'py> {
    /// Begins the conversion of a container's items, which ends with the guard.
    ///
    /// # Errors
    /// `RecursionError` if the stack is nearly exhausted, or, where CPython does not know that, if
    /// this thread is in too many conversions.
    pub(super) fn enter(py: Python<'py>) -> PyResult<Self> {
        // SAFETY: attached.
        let this = unsafe { ffi::PyThreadState_Get() };
        match py.local().conversions().enter(this, DEEPEST) {
            Some(_) => Ok(Self { py, this }),
            None => Err(too_deep(py)),
        }
    }

    /// Does what [`enter`](Nesting::enter) does, unless the items are numbers.
    #[inline]
    pub(super) fn of_items<'a, T: FromPyObject<'a, 'py>>(
        py: Python<'py>,
    ) -> PyResult<Option<Self>> {
        match T::PLAIN {
            true => Ok(None),
            false => Self::enter(py).map(Some),
        }
    }
}

impl Drop for Nesting<'_> {
    #[inline]
    fn drop(&mut self) {
        self.py.local().conversions().leave_any(self.this);
    }
}

#[cold]
#[inline(never)]
fn too_deep(py: Python<'_>) -> PyErr {
    let text = c"maximum recursion depth exceeded while converting a Python object";
    // Raised, so that `PyErr::is_recursion_error` knows it.
    // SAFETY: attached; a class of CPython, and a C string.
    unsafe { ffi::PyErr_SetString(ffi::PyExc_RecursionError, text.as_ptr()) };
    PyErr::fetch(py)
}
