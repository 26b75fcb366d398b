//! [`SharedAny`]: the value of any shareable class, of this binary or another one.

use std::ffi::c_void;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ptr::NonNull;
use std::sync::Arc;

use super::share_table::{self, ShareTable};
use super::shared::{ShareableClass, Shared};
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::PyAny;

/// The value of an instance of any `#[pyclass(frozen, shareable)]`: a [`Shared`] that does not know
/// the type.
///
/// It is extracted from an instance of any such class, also one of another extension module that
/// was built with Pyatoll, by another compiler. Any other object is a `TypeError`. Converting it to
/// Python creates an instance in the attached interpreter, any number of times; the interpreter
/// imports the class's module if need be, which is known once the value has been extracted from an
/// instance. As with `Shared`, nothing is copied, and the last holder drops the value, on any
/// thread, attached or not.
///
/// Two of them are equal if they are of the same value, whatever the class defines. So it can be a
/// key of a map, and containers that hold Python values without an interpreter can hold instances.
///
/// ```
/// use std::collections::HashMap;
///
/// use pyatoll::prelude::*;
/// use pyatoll::{Shared, SharedAny, SubInterpreter};
///
/// #[pyclass(frozen, shareable)]
/// struct Name(String);
///
/// #[pymethods]
/// impl Name {
///     fn length(&self) -> usize {
///         self.0.len()
///     }
/// }
///
/// # Python::initialize();
/// let name = Shared::new(Name("tide".into()));
/// let any: SharedAny = Python::attach(|py| (&name).into_pyobject(py)?.extract())?;
/// assert_eq!(any, SharedAny::from(name.clone()));
/// assert!(Shared::ptr_eq(&any.downcast::<Name>().unwrap(), &name));
/// let seen = HashMap::from([(any.clone(), 1)]);
/// assert_eq!(seen[&any], 1);
///
/// let sub = SubInterpreter::builder().build()?;
/// let length = sub.attach(|py| any.into_pyobject(py)?.call_method0("length")?.extract::<usize>());
/// assert_eq!(length??, 4);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct SharedAny {
    /// A reference, in the sense of the table's functions.
    value: NonNull<c_void>,
    table: &'static ShareTable,
}

// SAFETY: the value of a shareable class is `Send` and `Sync`.
unsafe impl Send for SharedAny {}
// SAFETY: the value of a shareable class is `Send` and `Sync`.
unsafe impl Sync for SharedAny {}

impl SharedAny {
    /// Returns the value, if it is that of `T`.
    pub fn downcast<T: ShareableClass>(&self) -> Option<Shared<T>> {
        if !std::ptr::eq(self.table, share_table::of_class::<T>()) {
            return None;
        }
        let value = self.value.cast::<T>().as_ptr().cast_const();
        // SAFETY: the table is that of `T`, so the value is in an `Arc<T>` of this binary, to which
        // this holds a reference; a further one is taken.
        let value = unsafe {
            Arc::increment_strong_count(value);
            Arc::from_raw(value)
        };
        Some(value.into())
    }

    /// Returns the Python name of the value's class.
    pub fn class_name(&self) -> &str {
        self.table.class_name()
    }
}

impl Clone for SharedAny {
    fn clone(&self) -> Self {
        // SAFETY: the table is that of the value, to which this holds a reference.
        unsafe { (self.table.clone)(self.value.as_ptr()) };
        Self {
            value: self.value,
            table: self.table,
        }
    }
}

impl Drop for SharedAny {
    fn drop(&mut self) {
        // SAFETY: the table is that of the value; the reference is this one's own.
        unsafe { (self.table.drop)(self.value.as_ptr()) };
    }
}

/// Whether both are of the same value.
impl PartialEq for SharedAny {
    fn eq(&self, other: &Self) -> bool {
        // Values of no size in different types may have one address.
        self.value == other.value && std::ptr::eq(self.table, other.table)
    }
}

impl Eq for SharedAny {}

impl Hash for SharedAny {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl fmt::Debug for SharedAny {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedAny({} at {:p})", self.class_name(), self.value)
    }
}

/// Holds the value without its type. An interpreter that has not imported the class's module gets a
/// class without a module, as from the [`Shared`] itself.
impl<T: ShareableClass> From<Shared<T>> for SharedAny {
    fn from(shared: Shared<T>) -> Self {
        let value = Arc::<T>::into_raw(shared.into()).cast_mut();
        // SAFETY: the pointer of an `Arc` is not null.
        let value = unsafe { NonNull::new_unchecked(value) };
        Self {
            value: value.cast(),
            table: share_table::of_class::<T>(),
        }
    }
}

/// Takes a reference to the value of an instance of any shareable class.
impl<'a, 'py> FromPyObject<'a, 'py> for SharedAny {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<PyAny>() }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let table = ShareTable::of_object(object)?;
        // SAFETY: attached (the token in `object`), with an instance of exactly the class whose
        // table this is.
        match NonNull::new(unsafe { (table.take)(object.as_ptr()) }) {
            Some(value) => Ok(Self { value, table }),
            None => Err(PyErr::fetch(object.py())),
        }
    }
}

/// Creates an instance of the attached interpreter's class around the value.
impl<'py> IntoPyObject<'py> for &SharedAny {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyAny>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        // SAFETY: attached (`py`); the table is that of the value, to which this holds a reference.
        // The result is a new reference, or null with an exception set.
        unsafe {
            let object = (self.table.create)(self.value.as_ptr());
            Bound::from_owned_ptr_or_err(py, object)
        }
    }
}

/// Creates an instance of the attached interpreter's class around the value.
impl<'py> IntoPyObject<'py> for SharedAny {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyAny>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        (&self).into_pyobject(py)
    }
}
