//! [`InterpreterLocal<T>`]: a `static` with one value in each interpreter.

use std::ffi::c_void;
use std::fmt;
use std::marker::PhantomData;

use crate::interpreter::Python;
use crate::interpreter::local::Phase;
use crate::interpreter::slots::SlotKey;

/// A cell with one value per interpreter, for use in a `static`. This library keeps its own types
/// and strings in such cells; use them instead of a plain `static` or a thread-local for the state
/// of a module.
///
/// A value is created at first use in its interpreter, read with two loads, borrowed for `'py`, and
/// dropped (attached, in reverse order of creation) when the interpreter ends.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::sync::InterpreterLocal;
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// static CALLS: InterpreterLocal<AtomicUsize> = InterpreterLocal::new();
///
/// fn count(py: Python<'_>) -> usize {
///     CALLS.get_or_init(py, || AtomicUsize::new(0)).fetch_add(1, Ordering::Relaxed) + 1
/// }
///
/// Python::attach(|py| assert_eq!((count(py), count(py)), (1, 2)));
/// ```
pub struct InterpreterLocal<T: 'static> {
    key: SlotKey,
    // Invariant: a value that is set through one reference is read through another.
    marker: PhantomData<fn(T) -> T>,
}

impl<T: Send + Sync + 'static> InterpreterLocal<T> {
    /// Creates a cell without values.
    pub const fn new() -> Self {
        Self {
            key: SlotKey::new(),
            marker: PhantomData,
        }
    }

    /// Returns this interpreter's value, if there is one.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::sync::InterpreterLocal;
    ///
    /// static NAME: InterpreterLocal<String> = InterpreterLocal::new();
    /// Python::attach(|py| assert!(NAME.get(py).is_none()));
    /// ```
    #[inline]
    pub fn get<'py>(&self, py: Python<'py>) -> Option<&'py T> {
        let value = py.local().slots().get(&self.key);
        // SAFETY: the slot of this key holds null or a `Box<T>` from `insert`, which is kept until
        // the interpreter ends, and so longer than any token.
        unsafe { value.cast::<T>().as_ref() }
    }

    /// Returns this interpreter's value, creating it with `f` if there is none.
    ///
    /// `f` may run Python code, and may use this cell. If that, or another thread, sets a value
    /// first, that value stays and the result of `f` is dropped.
    ///
    /// # Panics
    /// If `f` panics, or the interpreter has already dropped its values.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::sync::InterpreterLocal;
    ///
    /// static NAME: InterpreterLocal<String> = InterpreterLocal::new();
    /// Python::attach(|py| assert_eq!(NAME.get_or_init(py, || "Pyatoll".into()), "Pyatoll"));
    /// ```
    #[inline]
    #[track_caller]
    pub fn get_or_init<'py>(&self, py: Python<'py>, f: impl FnOnce() -> T) -> &'py T {
        match self.get(py) {
            Some(value) => value,
            None => self.insert(py, f()).unwrap_or_else(|(first, _)| first),
        }
    }

    /// Returns this interpreter's value, creating it with `f`, which can fail, on first use. After
    /// a failure there is no value, and the next call tries again. See
    /// [`get_or_init`](InterpreterLocal::get_or_init).
    ///
    /// # Errors
    /// That of `f`.
    ///
    /// # Panics
    /// If `f` panics, or the interpreter has already dropped its values.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::sync::InterpreterLocal;
    ///
    /// static LOADS: InterpreterLocal<Py<PyAny>> = InterpreterLocal::new();
    ///
    /// Python::attach(|py| {
    ///     let loads = LOADS.get_or_try_init(py, || {
    ///         Ok::<_, PyErr>(py.import("json")?.getattr("loads")?.unbind())
    ///     })?;
    ///     assert_eq!(loads.bind(py).call1(("[1]",))?.len()?, 1);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn get_or_try_init<'py, E>(
        &self,
        py: Python<'py>,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<&'py T, E> {
        match self.get(py) {
            Some(value) => Ok(value),
            None => Ok(self.insert(py, f()?).unwrap_or_else(|(first, _)| first)),
        }
    }

    /// Sets this interpreter's value, if it has none.
    ///
    /// # Errors
    /// `value`, if there already is one.
    ///
    /// # Panics
    /// If the interpreter has already dropped its values.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::sync::InterpreterLocal;
    ///
    /// static NAME: InterpreterLocal<&str> = InterpreterLocal::new();
    /// Python::attach(|py| {
    ///     assert_eq!(NAME.set(py, "first"), Ok(()));
    ///     assert_eq!(NAME.set(py, "second"), Err("second"));
    /// });
    /// ```
    #[track_caller]
    pub fn set(&self, py: Python<'_>, value: T) -> Result<(), T> {
        self.insert(py, value).map(drop).map_err(|(_, value)| value)
    }

    /// Stores the value if there is none; otherwise returns the existing one and `value`.
    #[cold]
    #[track_caller]
    fn insert<'py>(&self, py: Python<'py>, value: T) -> Result<&'py T, (&'py T, T)> {
        unsafe fn drop_value<T>(value: *mut c_void) {
            // SAFETY: `insert` stored a `Box<T>`, which is dropped once.
            drop(unsafe { Box::from_raw(value.cast::<T>()) });
        }
        let local = py.local();
        assert!(
            local.phase() != Phase::Emptied,
            "interpreter {} is at its end: it keeps no new values",
            local.id()
        );
        let value = Box::into_raw(Box::new(value));
        // SAFETY: attached (`py`); `drop_value::<T>` drops a `Box<T>`.
        let set = unsafe { local.slots().set(&self.key, value.cast(), drop_value::<T>) };
        match set {
            // SAFETY: the slot keeps the value until the interpreter ends.
            Ok(()) => Ok(unsafe { &*value }),
            // SAFETY: the slot keeps the first value until the interpreter ends; `value` was not
            // stored, so it is still owned here.
            Err(first) => Err(unsafe { (&*first.cast::<T>(), *Box::from_raw(value)) }),
        }
    }
}

impl<T: Send + Sync + 'static> Default for InterpreterLocal<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: 'static> fmt::Debug for InterpreterLocal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InterpreterLocal").finish_non_exhaustive()
    }
}
