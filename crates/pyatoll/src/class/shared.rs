//! [`Shared<T>`]: the value of a class with `shareable`, outside of any interpreter.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::boolean_struct::True;
use super::guard::PyClassGuard;
use super::initializer::PyClassInitializer;
use super::layout::Instance;
use super::pyclass::{ClassImpl, PyClass};
use super::pyref::PyRef;
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, Py};
use crate::types::PyAny;

/// A class with `#[pyclass(frozen, shareable)]`. Only the macro implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a shareable class",
    note = "`#[pyclass(frozen, shareable)]` on its definition makes it one"
)]
pub trait ShareableClass:
    PyClass<Frozen = True> + ClassImpl<Storage = Shared<Self>> + Send + Sync
{
}

/// The value of a `#[pyclass(frozen, shareable)]`, held by reference count outside of any
/// interpreter.
///
/// An instance of such a class holds a `Shared`, too: converting one to Python creates an instance
/// of the attached interpreter's class around the same value, and extracting one takes a further
/// reference to the value. Nothing is copied. The last holder drops the value, on any thread,
/// attached or not. A `Shared` can be sent to other threads and to the jobs of an
/// [`InterpreterPool`](crate::InterpreterPool), and stored in a `static`.
///
/// Two instances around one value are `==` in Python and have the same hash, unless the class has
/// an `__eq__` or a `__hash__` of its own.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use pyatoll::prelude::*;
/// use pyatoll::{Shared, SubInterpreter};
///
/// #[pyclass(frozen, shareable)]
/// struct Counter(AtomicU64);
///
/// #[pymethods]
/// impl Counter {
///     fn add(&self, by: u64) -> u64 {
///         self.0.fetch_add(by, Ordering::Relaxed) + by
///     }
/// }
///
/// # Python::initialize();
/// let counter = Shared::new(Counter(AtomicU64::new(0)));
/// Python::attach(|py| (&counter).into_pyobject(py)?.call_method1("add", (2,)).map(drop))?;
/// let sub = SubInterpreter::builder().build()?;
/// let total = sub.attach(|py| {
///     (&counter).into_pyobject(py)?.call_method1("add", (3,))?.extract::<u64>()
/// })??;
/// assert_eq!((total, counter.0.load(Ordering::Relaxed)), (5, 5));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[repr(transparent)]
pub struct Shared<T>(Arc<T>);

impl<T: ShareableClass> Shared<T> {
    /// Creates a value that is not in Python yet. Does not need an interpreter.
    #[inline]
    pub fn new(value: T) -> Self {
        Self(Arc::new(value))
    }

    /// Returns a reference to the value of an instance.
    ///
    /// # Errors
    /// If the instance has not been constructed yet.
    pub(super) fn of_instance(object: Borrowed<'_, '_, T>) -> PyResult<Self> {
        let _guard = PyClassGuard::try_borrow(object)?;
        // SAFETY: an instance of `T`, kept alive by the reference, and initialized, since it was
        // borrowed.
        Ok(unsafe { Self::of_initialized(object.as_ptr()) })
    }

    /// Returns a reference to the value of an instance.
    ///
    /// # Safety
    /// The object must be a live, initialized instance of `T`.
    unsafe fn of_initialized(object: *mut crate::ffi::PyObject) -> Self {
        // SAFETY: upheld by the caller: the storage of an initialized instance, which never
        // changes.
        unsafe { (*Instance::<T>::of(object).storage()).clone() }
    }
}

impl<T> Shared<T> {
    /// Returns whether two references are to the same value.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::Shared;
    ///
    /// #[pyclass(frozen, shareable)]
    /// struct Name(String);
    ///
    /// let name = Shared::new(Name("tide".into()));
    /// assert!(Shared::ptr_eq(&name, &name.clone()));
    /// assert!(!Shared::ptr_eq(&name, &Shared::new(Name("tide".into()))));
    /// # let _ = &name.0;
    /// ```
    #[inline]
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        Arc::ptr_eq(&this.0, &other.0)
    }

    #[inline(always)]
    pub(super) fn as_ptr(this: &Self) -> *const T {
        Arc::as_ptr(&this.0)
    }
}

impl<T> Clone for Shared<T> {
    #[inline]
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> AsRef<T> for Shared<T> {
    #[inline]
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<T> From<Arc<T>> for Shared<T> {
    #[inline]
    fn from(value: Arc<T>) -> Self {
        Self(value)
    }
}

impl<T> From<Shared<T>> for Arc<T> {
    #[inline]
    fn from(shared: Shared<T>) -> Self {
        shared.0
    }
}

/// Takes a reference to the value of an instance, on any thread, attached or not.
impl<T: ShareableClass> From<&Py<T>> for Shared<T> {
    fn from(object: &Py<T>) -> Self {
        // Panics if it was never initialized.
        object.get();
        // SAFETY: the handle keeps an instance of `T` alive, which is initialized, as `get` has
        // checked.
        unsafe { Self::of_initialized(object.as_ptr()) }
    }
}

impl<T: ShareableClass> From<&Bound<'_, T>> for Shared<T> {
    fn from(object: &Bound<'_, T>) -> Self {
        Self::from(object.as_unbound())
    }
}

impl<T: ShareableClass> From<Bound<'_, T>> for Shared<T> {
    fn from(object: Bound<'_, T>) -> Self {
        Self::from(&object)
    }
}

impl<T: ShareableClass> From<&PyRef<'_, T>> for Shared<T> {
    fn from(value: &PyRef<'_, T>) -> Self {
        // SAFETY: the borrow keeps an instance of `T` alive, which is initialized.
        unsafe { Self::of_initialized(value.as_ptr()) }
    }
}

impl<T: ShareableClass> From<PyRef<'_, T>> for Shared<T> {
    fn from(value: PyRef<'_, T>) -> Self {
        Self::from(&value)
    }
}

/// Initializes an instance with a value that others may hold, too.
impl<T: ShareableClass<BaseType = PyAny>> From<Shared<T>> for PyClassInitializer<T> {
    #[inline]
    fn from(shared: Shared<T>) -> Self {
        Self::of_storage(shared)
    }
}

/// Creates an instance of the attached interpreter's class around the value.
impl<'py, T: ShareableClass<BaseType = PyAny>> IntoPyObject<'py> for Shared<T> {
    type Target = T;
    type Output = Bound<'py, T>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<T>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        Bound::new(py, self)
    }
}

/// Creates an instance of the attached interpreter's class around the value.
impl<'py, T: ShareableClass<BaseType = PyAny>> IntoPyObject<'py> for &Shared<T> {
    type Target = T;
    type Output = Bound<'py, T>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<T>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        Bound::new(py, self.clone())
    }
}

/// Takes a reference to the value of an instance.
impl<'a, 'py, T: ShareableClass> FromPyObject<'a, 'py> for Shared<T> {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<T>() }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Self::of_instance(object.cast::<T>()?)
    }
}
