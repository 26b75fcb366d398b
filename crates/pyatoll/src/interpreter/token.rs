//! [`Python<'py>`]: the token that shows that a thread is attached to an interpreter, and to which.

use std::fmt;
use std::marker::PhantomData;

use super::local::LocalInternals;

/// A token that shows that this thread is attached to an interpreter for as long as `'py` lasts.
///
/// It points to this binary's state of that interpreter: a function that has the token has the
/// interpreter's types, interned strings and identity one load away. It is `Copy`, and neither
/// `Send` nor `Sync`.
///
/// A token comes as an argument: declare a parameter `py: Python<'_>` in a `#[pyfunction]` or
/// `#[pymethods]` function, take it from any [`Bound`](crate::Bound) with
/// [`Bound::py`](crate::Bound::py), or enter an interpreter with [`Python::attach`].
///
/// ```
/// use pyatoll::prelude::*;
///
/// Python::attach(|py| {
///     let sum: i32 = py.eval(c"1 + 2", None, None)?.extract()?;
///     assert_eq!(sum, 3);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Python<'py>(&'py LocalInternals, PhantomData<*mut ()>);

/// The type in the bounds that keep `Python` and the handles with a token from being `Send` and
/// `Sync`: it does not implement the traits that those `impl`s require. So the compiler gives one
/// reason, in the words of the trait, instead of one for each pointer in the structs.
pub struct AnyThread;

/// The bound that keeps `Python` from being `Send` and `Sync`: no type implements it.
#[diagnostic::on_unimplemented(
    message = "`{T}` stays on its thread, and in the attachment that it comes from",
    label = "uses a `Python` token where the thread is not attached with it",
    note = "attach there instead: with `Python::attach` in a detached closure, and with \
            `py.interpreter().attach(…)` in a thread of your own"
)]
pub trait MayUseToken<T> {}

// SAFETY: the bound never holds: no type implements the trait.
unsafe impl<'py> Send for Python<'py> where AnyThread: MayUseToken<Python<'py>> {}
// SAFETY: the bound never holds: no type implements the trait.
unsafe impl<'py> Sync for Python<'py> where AnyThread: MayUseToken<Python<'py>> {}

impl<'py> Python<'py> {
    /// Creates the token of an interpreter that this thread is attached to.
    #[inline]
    pub(crate) fn new(local: &'py LocalInternals) -> Self {
        Self(local, PhantomData)
    }

    /// Returns the state that this token points to.
    #[inline]
    pub(crate) fn local(self) -> &'py LocalInternals {
        self.0
    }

    /// Returns the state that this token points to, with the lifetime of the process.
    #[inline]
    pub(crate) fn owner(self) -> &'static LocalInternals {
        // SAFETY: a `LocalInternals` is never freed.
        unsafe { &*std::ptr::from_ref(self.0) }
    }
}

impl fmt::Debug for Python<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Python")
            .field("interpreter", &self.0.id())
            .finish()
    }
}
