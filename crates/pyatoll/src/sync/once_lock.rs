//! [`PyOnceLock<T>`]: a value initialized once in each interpreter.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::mem::needs_drop;
use std::ops::Deref;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, ThreadId};

use pyo3_ffi as ffi;

use crate::error::PyResult;
use crate::interpreter::Python;
use crate::interpreter::sync::lock;
use crate::object::{Bound, Py, PyTypeCheck};
use crate::types::PyString;

#[cfg(not(feature = "lasting-once-lock"))]
type Values<T> = super::InterpreterLocal<T>;
#[cfg(feature = "lasting-once-lock")]
type Values<T> = super::lasting::LastingLocal<T>;

/// The token for a value that is borrowed for `$a`.
#[cfg(not(feature = "lasting-once-lock"))]
macro_rules! token {
    ($a:lifetime) => { Python<$a> };
}
#[cfg(feature = "lasting-once-lock")]
macro_rules! token {
    ($a:lifetime) => { Python<'_> };
}

/// A cell with one value in each interpreter, written once.
///
/// It is [`InterpreterLocal`] with PyO3's methods, and guarantees that if several threads need the
/// value at once, one of them creates it while the others wait, detached.
///
/// The value is borrowed for `'py`, or for as long as the lock is borrowed, if that is shorter. It
/// is dropped with the lock, or when its interpreter ends, by the thread that ends it. So it must
/// be `Send` and `Sync`, unless it needs no drop, like a pointer.
///
/// With the feature `lasting-once-lock`, the value is borrowed for as long as the lock is, as in
/// PyO3, so a `static` lends `&'static T`. The value is then dropped with the lock, not when its
/// interpreter ends: a `static` keeps the values of all interpreters, with the objects that they
/// refer to, until the process ends.
///
/// [`InterpreterLocal`]: super::InterpreterLocal
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::sync::PyOnceLock;
/// use pyatoll::types::PyList;
///
/// static WORDS: PyOnceLock<Py<PyList>> = PyOnceLock::new();
///
/// fn remember(py: Python<'_>, word: &str) -> PyResult<usize> {
///     let words = WORDS.get_or_init(py, || PyList::empty(py).unbind()).bind(py);
///     words.append(word)?;
///     Ok(words.len())
/// }
///
/// Python::attach(|py| {
///     assert_eq!(remember(py, "lagoon")?, 1);
///     assert_eq!(remember(py, "reef")?, 2);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// It can be a field of a class:
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::sync::PyOnceLock;
///
/// #[pyclass]
/// struct Document {
///     text: String,
///     words: PyOnceLock<Vec<String>>,
/// }
///
/// #[pymethods]
/// impl Document {
///     #[new]
///     fn new(text: String) -> Self {
///         Self { text, words: PyOnceLock::new() }
///     }
///
///     fn __len__(&self, py: Python<'_>) -> usize {
///         let words = || self.text.split_whitespace().map(String::from).collect();
///         self.words.get_or_init(py, words).len()
///     }
/// }
///
/// Python::attach(|py| {
///     let document = Bound::new(py, Document::new("atolls and reefs".into()))?;
///     assert_eq!(document.len()?, 3);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// A value that only its thread may drop is refused:
///
/// ```compile_fail,E0080
/// use pyatoll::prelude::*;
/// use pyatoll::sync::PyOnceLock;
/// use std::rc::Rc;
///
/// let lock: PyOnceLock<Rc<str>> = PyOnceLock::new();
/// Python::attach(|py| lock.get_or_init(py, || Rc::from("atoll")).len());
/// ```
///
/// A lock whose values are not `Send + Sync` cannot be in a `static`:
///
/// ```compile_fail,E0277
/// use pyatoll::sync::PyOnceLock;
///
/// static POINTER: PyOnceLock<*const u8> = PyOnceLock::new();
/// ```
#[doc(alias = "GILOnceCell")]
pub struct PyOnceLock<T: 'static> {
    values: OnceValues<T>,
}

/// The values of a [`PyOnceLock`]. For a type that is not `Send + Sync`, the methods that store a
/// value are those of this struct, which the lock derefs to.
#[doc(hidden)]
pub struct OnceValues<T: 'static> {
    cell: Values<Once<T>>,
    // Makes it `Sync` only if any thread may borrow and set the values.
    marker: PhantomData<OnceLock<T>>,
}

/// One interpreter's value.
struct Once<T> {
    value: OnceLock<T>,
    turn: Turn,
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self {
            value: OnceLock::new(),
            turn: Turn {
                initializer: Mutex::new(None),
                done: Condvar::new(),
            },
        }
    }
}

// SAFETY: a `OnceValues` lends a value, or takes it out, only where it may itself be used: on other
// threads if the value is `Send + Sync`. Another thread may drop the value without being lent the
// cell: it is `Send + Sync` or nothing to drop, since no other is stored.
unsafe impl<T> Send for Once<T> {}
// SAFETY: as for `Send`.
unsafe impl<T> Sync for Once<T> {}

/// Which thread may create a value.
struct Turn {
    /// The thread that is creating the value.
    initializer: Mutex<Option<ThreadId>>,
    done: Condvar,
}

impl Turn {
    fn initializer(&self) -> MutexGuard<'_, Option<ThreadId>> {
        lock(&self.initializer)
    }
}

/// Held by the thread that creates the value.
struct InitGuard<'a>(&'a Turn);

impl Drop for InitGuard<'_> {
    fn drop(&mut self) {
        *self.0.initializer() = None;
        self.0.done.notify_all();
    }
}

impl<T: 'static> OnceValues<T> {
    #[inline]
    fn get<'a>(&'a self, py: token!('a)) -> Option<&'a T> {
        self.cell.get(py)?.value.get()
    }

    #[track_caller]
    fn once<'a>(&'a self, py: token!('a)) -> &'a Once<T> {
        self.cell.get_or_init(py, Once::default)
    }

    /// Returns the value, created with `f` if there is none.
    ///
    /// # Safety
    /// As for [`make`](Self::make).
    #[inline]
    #[track_caller]
    unsafe fn get_or_make<'a, F, E>(&'a self, py: token!('a), f: F) -> Result<&'a T, E>
    where
        F: FnOnce() -> Result<T, E>,
    {
        match self.get(py) {
            Some(value) => Ok(value),
            // SAFETY: `T` is `Send + Sync`, or needs no drop (upheld by the caller).
            None => unsafe { self.make(py, f) },
        }
    }

    /// Creates the value with `f`, unless another thread does.
    ///
    /// # Safety
    /// `T` must be `Send + Sync`, or need no drop.
    #[cold]
    #[inline(never)]
    #[track_caller]
    unsafe fn make<'a, F, E>(&'a self, py: token!('a), f: F) -> Result<&'a T, E>
    where
        F: FnOnce() -> Result<T, E>,
    {
        let once = self.once(py);
        let turn = &once.turn;
        let this_thread = thread::current().id();
        let guard = loop {
            let mut initializer = turn.initializer();
            if let Some(value) = once.value.get() {
                return Ok(value);
            }
            match *initializer {
                None => {
                    *initializer = Some(this_thread);
                    break InitGuard(turn);
                }
                Some(thread) => assert!(
                    thread != this_thread,
                    "making the value of a `PyOnceLock` asked for that value"
                ),
            }
            drop(initializer);
            py.detach(|| {
                let initializer = turn.initializer();
                let wait = turn.done.wait_while(initializer, |thread| thread.is_some());
                drop(wait.unwrap_or_else(PoisonError::into_inner));
            });
        };
        let value = f()?;
        // A value that was `set` in the meantime stays.
        let _ = once.value.set(value);
        drop(guard);
        Ok(once.value.get().expect("set above"))
    }

    /// Refuses, at compile time, values that may only be dropped by their own thread.
    const NOTHING_TO_DROP: () = assert!(
        !needs_drop::<T>(),
        "a value of a `PyOnceLock` must be `Send + Sync`, or need no drop: the thread that ends the \
         interpreter drops it"
    );

    /// Does what [`PyOnceLock::get_or_init`] does.
    #[inline]
    #[track_caller]
    pub fn get_or_init<'a, F>(&'a self, py: token!('a), f: F) -> &'a T
    where
        F: FnOnce() -> T,
    {
        match self.get_or_try_init(py, || Ok::<_, Infallible>(f())) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// Does what [`PyOnceLock::get_or_try_init`] does.
    #[inline]
    #[track_caller]
    pub fn get_or_try_init<'a, F, E>(&'a self, py: token!('a), f: F) -> Result<&'a T, E>
    where
        F: FnOnce() -> Result<T, E>,
    {
        let () = Self::NOTHING_TO_DROP;
        // SAFETY: nothing to drop, by the constant.
        unsafe { self.get_or_make(py, f) }
    }

    /// Does what [`PyOnceLock::set`] does.
    #[track_caller]
    pub fn set(&self, py: Python<'_>, value: T) -> Result<(), T> {
        let () = Self::NOTHING_TO_DROP;
        self.once(py).value.set(value)
    }
}

/// Provides the methods that store values that are not `Send + Sync`.
impl<T: 'static> Deref for PyOnceLock<T> {
    type Target = OnceValues<T>;

    #[inline]
    fn deref(&self) -> &OnceValues<T> {
        &self.values
    }
}

impl<T: 'static> PyOnceLock<T> {
    /// Creates a lock without values.
    pub const fn new() -> Self {
        Self {
            values: OnceValues {
                cell: Values::new(),
                marker: PhantomData,
            },
        }
    }

    /// Returns this interpreter's value, if there is one.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::sync::PyOnceLock;
    ///
    /// static NAME: PyOnceLock<String> = PyOnceLock::new();
    /// Python::attach(|py| {
    ///     assert_eq!(NAME.get(py), None);
    ///     NAME.set(py, "Pyatoll".into()).unwrap();
    ///     assert_eq!(NAME.get(py).unwrap(), "Pyatoll");
    ///     assert_eq!(NAME.set(py, "other".into()), Err("other".into()));
    /// });
    /// ```
    #[inline]
    pub fn get<'a>(&'a self, py: token!('a)) -> Option<&'a T> {
        self.values.get(py)
    }

    /// Returns this interpreter's value for writing, if there is one.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::sync::PyOnceLock;
    ///
    /// let mut words: PyOnceLock<Vec<&str>> = PyOnceLock::new();
    /// Python::attach(|py| {
    ///     words.get_or_init(py, || vec!["lagoon"]);
    ///     words.get_mut(py).unwrap().push("reef");
    ///     assert_eq!(words.get(py).unwrap().len(), 2);
    /// });
    /// ```
    pub fn get_mut<'a>(&'a mut self, py: Python<'a>) -> Option<&'a mut T> {
        self.values.cell.get_mut(py)?.value.get_mut()
    }

    /// Takes the value of the interpreter that this thread is attached to, if there is one. If the
    /// thread is not attached, takes the value of the only interpreter that has one.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::sync::PyOnceLock;
    ///
    /// let mut name: PyOnceLock<String> = PyOnceLock::new();
    /// Python::attach(|py| name.set(py, "Pyatoll".into()).unwrap());
    /// assert_eq!(name.take().unwrap(), "Pyatoll");
    /// assert_eq!(name.take(), None);
    /// ```
    pub fn take(&mut self) -> Option<T> {
        self.values.cell.take_without_token()?.value.into_inner()
    }

    /// Consumes the lock and returns the value that [`take`](PyOnceLock::take) would.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::sync::PyOnceLock;
    ///
    /// let name: PyOnceLock<String> = PyOnceLock::new();
    /// Python::attach(|py| name.set(py, "Pyatoll".into()).unwrap());
    /// assert_eq!(name.into_inner().unwrap(), "Pyatoll");
    /// ```
    pub fn into_inner(mut self) -> Option<T> {
        self.take()
    }
}

impl<T: Send + Sync + 'static> PyOnceLock<T> {
    /// Returns this interpreter's value, creating it with `f` if there is none.
    ///
    /// # Panics
    /// If `f` panics or requests the same value, or the interpreter has already dropped its values.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::sync::PyOnceLock;
    ///
    /// static NAME: PyOnceLock<String> = PyOnceLock::new();
    /// Python::attach(|py| assert_eq!(NAME.get_or_init(py, || "Pyatoll".into()), "Pyatoll"));
    /// ```
    #[inline]
    #[track_caller]
    pub fn get_or_init<'a, F>(&'a self, py: token!('a), f: F) -> &'a T
    where
        F: FnOnce() -> T,
    {
        match self.get_or_try_init(py, || Ok::<_, Infallible>(f())) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// Returns this interpreter's value, creating it with `f`, which can fail, on first use. After
    /// a failure there is no value, and the next call tries again. See
    /// [`get_or_init`](PyOnceLock::get_or_init).
    ///
    /// # Errors
    /// That of `f`.
    ///
    /// # Panics
    /// If `f` panics or requests the same value, or the interpreter has already dropped its values.
    #[inline]
    #[track_caller]
    pub fn get_or_try_init<'a, F, E>(&'a self, py: token!('a), f: F) -> Result<&'a T, E>
    where
        F: FnOnce() -> Result<T, E>,
    {
        // SAFETY: `Send + Sync`, by the bound.
        unsafe { self.values.get_or_make(py, f) }
    }

    /// Sets this interpreter's value, if it has none.
    ///
    /// # Errors
    /// `value`, if there already is one.
    ///
    /// # Panics
    /// If the interpreter has already dropped its values.
    #[track_caller]
    pub fn set(&self, py: Python<'_>, value: T) -> Result<(), T> {
        self.values.once(py).value.set(value)
    }
}

impl<T: 'static> PyOnceLock<Py<T>> {
    /// Creates another lock with this interpreter's value only.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::sync::PyOnceLock;
    ///
    /// Python::attach(|py| {
    ///     let lock: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    ///     lock.set(py, py.None()).unwrap();
    ///     assert!(lock.clone_ref(py).get(py).unwrap().is_none(py));
    /// });
    /// ```
    pub fn clone_ref(&self, py: Python<'_>) -> Self {
        let clone = Self::new();
        if let Some(value) = self.get(py) {
            let _ = clone.set(py, value.clone_ref(py));
        }
        clone
    }
}

impl<T: PyTypeCheck + 'static> PyOnceLock<Py<T>> {
    /// Returns an attribute of a module, which is imported at first use in each interpreter.
    ///
    /// # Errors
    /// The exception of the import, or a `TypeError` if the attribute is not a `T`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::sync::PyOnceLock;
    /// use pyatoll::types::PyType;
    ///
    /// fn fraction<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    ///     static FRACTION: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    ///     FRACTION.import(py, "fractions", "Fraction")?.call1((text,))
    /// }
    ///
    /// Python::attach(|py| assert_eq!(fraction(py, "6/4").unwrap().to_string(), "3/2"));
    /// ```
    #[inline]
    pub fn import<'a, 'py: 'a>(
        &'a self,
        py: Python<'py>,
        module_name: &str,
        attr_name: &str,
    ) -> PyResult<&'a Bound<'py, T>> {
        let value = match self.get(py) {
            Some(value) => value,
            None => self.import_first(py, module_name, attr_name)?,
        };
        Ok(value.bind(py))
    }

    /// Imports the value, unless another thread does.
    #[cold]
    #[inline(never)]
    fn import_first<'a>(
        &'a self,
        py: token!('a),
        module_name: &str,
        attr_name: &str,
    ) -> PyResult<&'a Py<T>> {
        self.get_or_try_init(py, || {
            let module = py.import(module_name)?;
            let name = PyString::new(py, attr_name);
            // SAFETY: attached; both are alive; the call returns a new reference, or null with an
            // exception set.
            let value = unsafe {
                let value = ffi::PyObject_GetAttr(module.as_ptr(), name.as_ptr());
                Bound::from_owned_ptr_or_err(py, value)?
            };
            PyResult::Ok(value.cast_into::<T>()?.unbind())
        })
    }
}

impl<T: 'static> Default for PyOnceLock<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: 'static> fmt::Debug for PyOnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PyOnceLock").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpreter::SubInterpreter;
    use crate::types::PyType;
    use std::ptr::NonNull;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[test]
    fn one_of_many_threads_creates_the_value() {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        static LOCK: PyOnceLock<usize> = PyOnceLock::new();
        Python::initialize();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    Python::attach(|py| {
                        let value = LOCK.get_or_init(py, || {
                            py.detach(|| std::thread::sleep(Duration::from_millis(20)));
                            MADE.fetch_add(1, Ordering::Relaxed)
                        });
                        assert_eq!(*value, 0);
                    });
                });
            }
        });
        assert_eq!(MADE.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_pointer_can_be_the_value() {
        struct Shared(PyOnceLock<NonNull<u8>>);
        // SAFETY: the test only compares the pointers.
        unsafe impl Sync for Shared {}
        static SHARED: Shared = Shared(PyOnceLock::new());
        static BYTES: [u8; 2] = [0; 2];
        let pointer = |index: usize| NonNull::from(&BYTES[index]);
        Python::attach(|py| {
            let value = SHARED.0.get_or_try_init(py, || Ok::<_, ()>(pointer(0)));
            assert_eq!(value, Ok(&pointer(0)));
            assert_eq!(SHARED.0.get_or_init(py, || pointer(1)), &pointer(0));
            assert_eq!(SHARED.0.set(py, pointer(1)), Err(pointer(1)));
            assert_eq!(SHARED.0.get(py), Some(&pointer(0)));
        });
        let sub = SubInterpreter::builder().build().unwrap();
        sub.attach(|py| {
            assert_eq!(SHARED.0.get(py), None);
            assert_eq!(SHARED.0.set(py, pointer(1)), Ok(()));
            assert_eq!(SHARED.0.get(py), Some(&pointer(1)));
        })
        .unwrap();
        sub.close().unwrap();
    }

    #[test]
    fn a_failure_or_panic_leaves_it_empty() {
        static LOCK: PyOnceLock<i32> = PyOnceLock::new();
        Python::attach(|py| {
            assert_eq!(LOCK.get_or_try_init(py, || Err("no")), Err("no"));
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                LOCK.get_or_init(py, || panic!("no"));
            }));
            assert!(caught.is_err());
            assert_eq!(LOCK.get(py), None);
            assert_eq!(LOCK.get_or_init(py, || 3), &3);
        });
    }

    #[test]
    fn requesting_the_value_while_creating_it_panics_instead_of_hanging() {
        static LOCK: PyOnceLock<i32> = PyOnceLock::new();
        let caught = std::panic::catch_unwind(|| {
            Python::attach(|py| *LOCK.get_or_init(py, || LOCK.get_or_init(py, || 1) + 1))
        });
        assert!(caught.is_err());
        Python::attach(|py| assert_eq!(LOCK.get_or_init(py, || 5), &5));
    }

    #[test]
    fn a_value_set_during_the_initialization_stays() {
        static LOCK: PyOnceLock<i32> = PyOnceLock::new();
        Python::attach(|py| {
            let value = LOCK.get_or_init(py, || {
                LOCK.set(py, 1).unwrap();
                2
            });
            assert_eq!(*value, 1);
        });
    }

    #[test]
    fn each_interpreter_imports_its_own() {
        static FRACTION: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let import = |py: Python<'_>| {
            let class = FRACTION.import(py, "fractions", "Fraction").unwrap();
            class.as_ptr() as usize
        };
        let ours = Python::attach(import);
        let sub = SubInterpreter::builder().build().unwrap();
        // A class written in Python is an object of its interpreter.
        assert_ne!(sub.attach(import).unwrap(), ours);
        assert_eq!(Python::attach(import), ours);
    }

    #[test]
    fn an_imported_value_must_be_of_the_type() {
        static NOT_A_CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        Python::attach(|py| {
            let error = NOT_A_CLASS.import(py, "sys", "path").unwrap_err();
            assert!(error.is_instance_of::<crate::exceptions::PyTypeError>(py));
            assert!(NOT_A_CLASS.get(py).is_none());
        });
    }
}
