//! [`InterpreterLocal<T>`]: a cell with one value in each interpreter.
//!
//! References to a value end with the borrow of the cell or with the attachment, whichever is
//! first, so there is none when the cell is dropped.

use std::fmt;
use std::marker::PhantomData;

use crate::interpreter::local::Phase;
use crate::interpreter::slots::{SlotKey, Withdrawn};
use crate::interpreter::{Interpreter, LocalInternals, Python};

/// A cell with one value per interpreter. This library keeps its own types and strings in such
/// cells, in `static`s; use them instead of a plain `static` or a thread-local for the state of a
/// module.
///
/// A value is created at first use in its interpreter, read with two loads, and dropped (attached,
/// in reverse order of creation) when the interpreter ends. It is borrowed for `'py`, or for as
/// long as the cell is borrowed, if that is shorter.
///
/// A cell that is not in a `static` (a field of a class, say) drops its values when it is dropped:
/// the value of the interpreter that the thread is attached to at once, the others when their
/// interpreters are next entered, or when a [`Python::detach`] from them returns.
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

    /// Creates a cell whose values stay longer than those of others, since this library needs them
    /// until the interpreter's end is complete. Their drop must not enter another interpreter.
    pub(crate) const fn lasting() -> Self {
        Self {
            key: SlotKey::lasting(),
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
    pub fn get<'a>(&'a self, py: Python<'a>) -> Option<&'a T> {
        let value = py.local().slots().get(&self.key);
        // SAFETY: the slot of this key holds null or a `T` from `insert`. It is kept until this
        // cell, which is borrowed, is dropped, or the interpreter ends, which a token prevents.
        unsafe { value.cast::<T>().as_ref() }
    }

    /// Returns this interpreter's value for writing, if there is one.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::sync::InterpreterLocal;
    ///
    /// let mut words: InterpreterLocal<Vec<&str>> = InterpreterLocal::new();
    /// Python::attach(|py| {
    ///     words.set(py, vec!["lagoon"]).unwrap();
    ///     words.get_mut(py).unwrap().push("reef");
    ///     assert_eq!(words.get(py).unwrap().len(), 2);
    /// });
    /// ```
    pub fn get_mut<'a>(&'a mut self, py: Python<'a>) -> Option<&'a mut T> {
        let value = py.local().slots().get(&self.key);
        // SAFETY: as in `get`; the exclusive borrow of the cell excludes other references.
        unsafe { value.cast::<T>().as_mut() }
    }

    /// Takes this interpreter's value out of the cell, if there is one.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::sync::InterpreterLocal;
    ///
    /// let mut name: InterpreterLocal<String> = InterpreterLocal::new();
    /// Python::attach(|py| {
    ///     name.set(py, "Pyatoll".into()).unwrap();
    ///     assert_eq!(name.take(py).unwrap(), "Pyatoll");
    ///     assert_eq!(name.take(py), None);
    /// });
    /// ```
    pub fn take(&mut self, py: Python<'_>) -> Option<T> {
        let value = self.key.withdraw_one(Some(py.local().slots()))?;
        // SAFETY: the values of this key are `T`s.
        Some(unsafe { value.into_value() })
    }

    /// Takes the value of the interpreter that this thread is attached to; if it is not attached,
    /// that of the only interpreter that has one.
    pub(super) fn take_without_token(&mut self) -> Option<T> {
        let attached = Interpreter::current();
        let slots = attached.as_ref().map(|attached| attached.local().slots());
        let value: Withdrawn = self.key.withdraw_one(slots)?;
        // SAFETY: the values of this key are `T`s.
        Some(unsafe { value.into_value() })
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
    pub fn get_or_init<'a>(&'a self, py: Python<'a>, f: impl FnOnce() -> T) -> &'a T {
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
    pub fn get_or_try_init<'a, E>(
        &'a self,
        py: Python<'a>,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<&'a T, E> {
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
    fn insert<'a>(&'a self, py: Python<'a>, value: T) -> Result<&'a T, (&'a T, T)> {
        let local = py.local();
        assert!(
            local.phase() != Phase::Emptied,
            "interpreter {} is at its end: it keeps no new values",
            local.id()
        );
        // SAFETY: attached (`py`). The key is always used with `T`, which is `Send` and `Sync`;
        // references end with the borrow of this cell, and with the attachment.
        unsafe {
            match local.slots().set(&self.key, value) {
                Ok(value) => Ok(&*value),
                Err((first, value)) => Err((&*first, value)),
            }
        }
    }
}

impl<T: 'static> Drop for InterpreterLocal<T> {
    #[inline]
    fn drop(&mut self) {
        if self.key.is_used() {
            LocalInternals::drop_values_of(&mut self.key);
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
