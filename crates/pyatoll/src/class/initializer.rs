//! [`PyClassInitializer`]: the Rust values of a new instance, including those of its base classes.

use pyo3_ffi as ffi;

use super::base::{BaseArguments, ClassBase, NativeBase, NativeInitializer, ObjectInit};
use super::layout::{self, Instance};
use super::native_base::native;
use super::pyclass::{PyClass, Subclassable};
use super::storage::ValueStorage;
use super::{fields, python_class, type_lookup};
use crate::convert::IntoPyObject;
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Bound, BoundObject, Py};
use crate::types::{PyAny, PyTuple};

/// The initial values of an instance: the value of its class and the initializer of the base class,
/// or an existing instance.
///
/// A `#[new]` function can return it, for example if `(value, base_value)` is not enough because
/// the base class extends another class.
///
/// ```
/// use pyatoll::prelude::*;
///
/// #[pyclass(subclass)]
/// struct Animal {
///     legs: u32,
/// }
///
/// #[pyclass(extends = Animal, subclass)]
/// struct Dog;
///
/// #[pyclass(extends = Dog)]
/// struct Puppy;
///
/// Python::attach(|py| {
///     let puppy = PyClassInitializer::from(Animal { legs: 4 })
///         .add_subclass(Dog)
///         .add_subclass(Puppy);
///     let puppy: Bound<'_, Puppy> = Bound::new(py, puppy)?;
///     assert_eq!(puppy.as_super().as_super().borrow().legs, 4);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub struct PyClassInitializer<T: PyClass>(Kind<T>);

enum Kind<T: PyClass> {
    Existing(Py<T>),
    New {
        value: T::Storage,
        base: <T::BaseType as ClassBase>::Initializer,
    },
}

impl<T: PyClass> PyClassInitializer<T> {
    /// Creates an initializer from the value of the class and the initializer of the base class.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// #[pyclass(subclass)]
    /// struct Base(u8);
    /// #[pyclass(extends = Base)]
    /// struct Derived(u8);
    ///
    /// Python::attach(|py| {
    ///     let base = PyClassInitializer::from(Base(1));
    ///     let derived = Bound::new(py, PyClassInitializer::new(Derived(2), base))?;
    ///     assert_eq!((derived.borrow().0, derived.as_super().borrow().0), (2, 1));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[track_caller]
    pub fn new(value: T, base: <T::BaseType as ClassBase>::Initializer) -> Self {
        Self(Kind::New {
            value: T::Storage::store(value),
            base,
        })
    }

    /// Creates an initializer from the storage of a class that extends no other.
    pub(super) fn of_storage(value: T::Storage) -> Self
    where
        T::BaseType: ClassBase<Initializer = NativeInitializer<T::BaseType>>,
    {
        Self(Kind::New {
            value,
            base: NativeInitializer::new(),
        })
    }

    /// Adds the value of a class that extends this one.
    ///
    /// # Panics
    /// If this initializer holds an existing instance.
    #[track_caller]
    pub fn add_subclass<S>(self, value: S) -> PyClassInitializer<S>
    where
        T: ClassBase<Initializer = Self>,
        S: PyClass<BaseType = T>,
    {
        assert!(
            matches!(self.0, Kind::New { .. }),
            "a subclass's value cannot be added to an instance that exists"
        );
        PyClassInitializer::new(value, self)
    }

    /// Sets the arguments for the `__new__` of the built-in base, which is otherwise called without
    /// arguments: the value of an `int`, a `str`, a `tuple`, …, or the `args` of an exception.
    ///
    /// The base's `__init__` is not affected: Python calls it with the arguments of the
    /// constructor, unless the class has an `__init__` of its own; [`Bound::new`] does not call it.
    ///
    /// # Errors
    /// If the arguments cannot be converted.
    ///
    /// # Panics
    /// If this initializer holds an existing instance.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyInt;
    ///
    /// #[pyclass(extends = PyInt)]
    /// struct Celsius {
    ///     exact: f64,
    /// }
    ///
    /// #[pymethods]
    /// impl Celsius {
    ///     #[new]
    ///     fn new(py: Python<'_>, exact: f64) -> PyResult<PyClassInitializer<Self>> {
    ///         PyClassInitializer::from(Self { exact }).with_base_args(py, (exact.round() as i64,))
    ///     }
    /// }
    ///
    /// Python::attach(|py| {
    ///     let object = py.get_type::<Celsius>().call1((21.6,))?;
    ///     assert_eq!(object.add(1)?.extract::<u8>()?, 23);
    ///     assert_eq!(object.cast::<Celsius>()?.borrow().exact, 21.6);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[track_caller]
    pub fn with_base_args<'py, A>(self, py: Python<'py>, args: A) -> PyResult<Self>
    where
        A: IntoPyObject<'py, Target = PyTuple>,
        T::BaseType: NativeBase + ClassBase<Arguments = BaseArguments>,
    {
        let Kind::New { value, .. } = self.0 else {
            panic!("the arguments of the base's `__new__` were set for an instance that exists");
        };
        let args = args.into_pyobject(py).map_err(Into::into)?;
        let arguments = BaseArguments::of(args.into_bound());
        Ok(Self(Kind::New {
            value,
            base: NativeInitializer::with_arguments(arguments),
        }))
    }

    /// Creates an instance of `T`.
    pub(super) fn create(self, py: Python<'_>) -> PyResult<Bound<'_, T>> {
        let class = type_lookup::get_or_create::<T>(py, None)?;
        // SAFETY: `class` is `T`'s type object; returns a new reference to an instance of it.
        unsafe {
            let object = self.into_new_object(py, class)?;
            Ok(Bound::from_owned_ptr(py, object).cast_into_unchecked())
        }
    }

    /// Creates an instance of `subtype`, or returns the existing instance.
    ///
    /// # Safety
    /// `subtype` must be `T`'s type object in the token's interpreter, or derive from it.
    #[expect(
        clippy::question_mark,
        reason = "a `?` is two calls in a build without optimization, for each class"
    )]
    pub(crate) unsafe fn into_new_object(
        self,
        py: Python<'_>,
        subtype: *mut ffi::PyTypeObject,
    ) -> PyResult<*mut ffi::PyObject> {
        let (value, base) = match self.0 {
            Kind::Existing(object) => return existing(py, object.into_any()),
            Kind::New { value, base } => (value, base),
        };
        // SAFETY: `subtype` is or derives from `T`'s type (upheld by the caller), so the object is
        // a `T`; no other code uses it before it is published.
        unsafe {
            if python_class::is_python_class::<T>()
                && let Err(error) = native::refuse_abstract(py, subtype)
            {
                return Err(error);
            }
            let size = Instance::<T>::SIZE;
            let object =
                match <T::BaseType as ClassBase>::allocate(py, subtype, size, base.arguments()) {
                    // Owned by a handle, which frees the uninitialized instance on a panic.
                    Ok(object) => Bound::from_owned_ptr(py, object),
                    Err(error) => return Err(error),
                };
            if let Err(error) = write_parts::<T>(py, object.as_ptr(), value, base) {
                return Err(error);
            }
            layout::publish::<T>(py, object.as_ptr());
            Ok(object.into_ptr())
        }
    }
}

/// Returns a new reference to an existing instance.
fn existing(py: Python<'_>, object: Py<PyAny>) -> PyResult<*mut ffi::PyObject> {
    Ok(object.try_into_bound(py)?.into_ptr())
}

/// Writes the Rust parts of a new instance, those of the base first.
///
/// # Safety
/// As for [`ObjectInit::write`].
#[inline]
#[expect(
    clippy::question_mark,
    reason = "a `?` is two calls in a build without optimization, for each class"
)]
unsafe fn write_parts<T: PyClass>(
    py: Python<'_>,
    object: *mut ffi::PyObject,
    value: T::Storage,
    base: <T::BaseType as ClassBase>::Initializer,
) -> PyResult<()> {
    if let Err(error) = fields::check_handles(py, value.get()) {
        return Err(error);
    }
    // SAFETY: upheld by the caller: a new, unpublished instance.
    unsafe {
        if let Err(error) = base.write(py, object) {
            return Err(error);
        }
        Instance::<T>::write(object, value);
    }
    Ok(())
}

impl<T: PyClass + Subclassable> ObjectInit<T> for PyClassInitializer<T> {
    #[inline(always)]
    fn arguments(&self) -> &<T as ClassBase>::Arguments {
        match &self.0 {
            Kind::New { base, .. } => base.arguments(),
            Kind::Existing(_) => added_to_existing(),
        }
    }

    #[inline]
    unsafe fn write(self, py: Python<'_>, object: *mut ffi::PyObject) -> PyResult<()> {
        match self.0 {
            // SAFETY: upheld by the caller: a new, unpublished instance.
            Kind::New { value, base } => unsafe { write_parts::<T>(py, object, value, base) },
            Kind::Existing(_) => added_to_existing(),
        }
    }
}

#[cold]
fn added_to_existing() -> ! {
    panic!("a subclass's value cannot be added to an instance that exists")
}

impl<T> From<T> for PyClassInitializer<T>
where
    T: PyClass,
    T::BaseType: ClassBase<Initializer = NativeInitializer<T::BaseType>>,
{
    #[inline]
    fn from(value: T) -> Self {
        Self::new(value, NativeInitializer::new())
    }
}

impl<S, B> From<(S, B)> for PyClassInitializer<S>
where
    S: PyClass<BaseType = B>,
    B: PyClass + ClassBase<Initializer = PyClassInitializer<B>>,
    B::BaseType: ClassBase<Initializer = NativeInitializer<B::BaseType>>,
{
    fn from((value, base): (S, B)) -> Self {
        PyClassInitializer::from(base).add_subclass(value)
    }
}

impl<T: PyClass> From<Py<T>> for PyClassInitializer<T> {
    fn from(object: Py<T>) -> Self {
        Self(Kind::Existing(object))
    }
}

impl<T: PyClass> From<Bound<'_, T>> for PyClassInitializer<T> {
    fn from(object: Bound<'_, T>) -> Self {
        Self(Kind::Existing(object.unbind()))
    }
}

/// Creates the result of a constructor (`tp_new`), a new reference.
///
/// # Safety
/// `subtype` must be `T`'s type object in the token's interpreter, or derive from it.
///
/// # Errors
/// If the class or the instance cannot be created.
pub unsafe fn construct<T: PyClass>(
    py: Python<'_>,
    subtype: *mut ffi::PyTypeObject,
    initializer: impl Into<PyClassInitializer<T>>,
) -> PyResult<*mut ffi::PyObject> {
    // SAFETY: upheld by the caller: `subtype` is `T`'s type or derives from it.
    unsafe { initializer.into().into_new_object(py, subtype) }
}
