//! The conversions of classes, as functions that generated code calls.

use std::any::TypeId;
use std::ffi::CStr;
use std::marker::PhantomData;

use pyo3_ffi as ffi;

use super::boolean_struct::False;
use super::guard::{PyClassGuard, PyClassGuardMut};
use super::initializer::PyClassInitializer;
use super::pyclass::PyClass;
use super::type_lookup;
use crate::call::argument::{RefArgument, RefMutArgument};
use crate::error::{CastError, PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::PyAny;

/// Creates an instance from a value: `IntoPyObject` of a class.
///
/// # Errors
/// As for [`Bound::new`].
pub fn value_into_object<T>(py: Python<'_>, value: T) -> PyResult<Bound<'_, T>>
where
    T: PyClass + Into<PyClassInitializer<T>>,
{
    Bound::new(py, value)
}

/// Returns the instance that is the class attribute of an enum's variant: `IntoPyObject` of a
/// simple enum. Creates a new one if Python code has changed the attribute.
///
/// # Errors
/// As for [`Bound::new`].
pub fn variant_object<'py, T>(py: Python<'py>, value: T, name: &CStr) -> PyResult<Bound<'py, T>>
where
    T: PyClass + Into<PyClassInitializer<T>>,
{
    let class = type_lookup::get_or_create::<T>(py, None)?;
    // SAFETY: attached (`py`); `class` is alive; returns a new reference or null.
    let known = unsafe {
        let attribute = ffi::PyObject_GetAttrString(class.cast(), name.as_ptr());
        Bound::from_owned_ptr_or_opt(py, attribute)
    };
    match known {
        Some(known) => {
            if let Ok(known) = known.cast_into_exact::<T>() {
                let is_same = known.try_borrow().is_ok_and(|known| {
                    std::mem::discriminant::<T>(&known) == std::mem::discriminant(&value)
                });
                if is_same {
                    return Ok(known);
                }
            }
        }
        // SAFETY: attached (`py`).
        None => unsafe { ffi::PyErr_Clear() },
    }
    Bound::new(py, value)
}

/// Clones the value of an instance: `FromPyObject` of a class with `from_py_object`.
///
/// # Errors
/// If the object has another class, or is mutably borrowed.
pub fn clone_value<T: PyClass + Clone>(object: Borrowed<'_, '_, PyAny>) -> PyResult<T> {
    match object.extract::<PyClassGuard<'_, T>>() {
        Ok(guard) => Ok(T::clone(&guard)),
        Err(error) => Err(PyErr::from(error)),
    }
}

#[diagnostic::do_not_recommend]
impl<'a: 'holder, 'holder, 'py: 'a, T: PyClass> RefArgument<'a, 'holder, 'py> for T {
    type Holder = Option<PyClassGuard<'a, T>>;

    crate::object::hint! { INPUT_TYPE = of::<T>() }

    #[inline]
    fn extract_ref(
        object: Borrowed<'a, 'py, PyAny>,
        holder: &'holder mut Self::Holder,
    ) -> PyResult<&'holder Self> {
        if !T::is_type_of(&object) {
            return Err(not_an_instance::<T>(object));
        }
        // SAFETY: an instance of `T`, as just checked.
        match PyClassGuard::try_borrow(unsafe { object.cast_unchecked() }) {
            Ok(guard) => Ok(holder.insert(guard)),
            Err(error) => Err(error.into()),
        }
    }

    #[inline]
    unsafe fn extract_operand<C: 'static>(
        slf: *mut ffi::PyObject,
        object: Borrowed<'a, 'py, PyAny>,
        holder: &'holder mut Self::Holder,
    ) -> Option<&'holder Self> {
        // SAFETY: both objects are alive. An object with the type of an instance of `T` is one,
        // too.
        let is_same = TypeId::of::<T>() == TypeId::of::<C>()
            && unsafe { ffi::Py_TYPE(slf) == ffi::Py_TYPE(object.as_ptr()) };
        if !is_same && !T::is_type_of(&object) {
            return None;
        }
        // SAFETY: an instance of `T`, as just checked.
        let guard = PyClassGuard::try_borrow(unsafe { object.cast_unchecked() }).ok()?;
        Some(holder.insert(guard))
    }
}

#[cold]
#[inline(never)]
fn not_an_instance<T: PyClass>(object: Borrowed<'_, '_, PyAny>) -> PyErr {
    CastError::new(object, T::type_object(object.py()).into_any()).into()
}

#[diagnostic::do_not_recommend]
impl<'a: 'holder, 'holder, 'py: 'a, T: PyClass<Frozen = False>> RefMutArgument<'a, 'holder, 'py>
    for T
{
    type Holder = Option<PyClassGuardMut<'a, T>>;

    crate::object::hint! { INPUT_TYPE = of::<T>() }

    #[inline]
    fn extract_mut(
        object: Borrowed<'a, 'py, PyAny>,
        holder: &'holder mut Self::Holder,
    ) -> PyResult<&'holder mut Self> {
        if !T::is_type_of(&object) {
            return Err(not_an_instance::<T>(object));
        }
        // SAFETY: an instance of `T`, as just checked.
        match PyClassGuardMut::try_borrow_mut(unsafe { object.cast_unchecked() }) {
            Ok(guard) => Ok(holder.insert(guard)),
            Err(error) => Err(error.into()),
        }
    }
}

/// The check of the bounds of a class that is not `unsendable`: Python moves and shares instances
/// between threads. `SendAndSync::<T>::assert` is the inherent function if `T` is `Sync`, else that
/// of [`SyncFirst`]: so a type that is neither is reported once. The compiler shows the lines with
/// the bounds, and the comments there.
pub struct SendAndSync<T>(PhantomData<T>);

impl<T: Sync> SendAndSync<T> {
    /// Checks that `T` is `Send`.
    pub fn assert()
    where
        T: Send, // `Arc` for `Rc`, `Py<T>` for `Bound`; or `#[pyclass(unsendable)]`
    {
    }
}

/// The check of a class that is not `Sync`.
pub trait SyncFirst<T> {
    /// Checks that `T` is `Sync`.
    fn assert()
    where
        T: Sync; // `Arc` for `Rc`, `Mutex` or atomics for cells; or `#[pyclass(unsendable)]`
}

impl<T> SyncFirst<T> for SendAndSync<T> {
    fn assert()
    where
        T: Sync,
    {
    }
}
