//! Getters and setters of `#[pyo3(get, set)]` fields: the generated functions are shells over
//! these.

use std::ffi::{CStr, c_int};
use std::marker::PhantomData;

use pyo3_ffi as ffi;

use super::boolean_struct::{Boolean, False};
use super::borrow_flag::{PyBorrowError, PyBorrowMutError};
use super::items::MethodItem;
use super::layout::{self, Instance};
use super::{PyClass, type_tables};
use crate::call::argument;
use crate::call::trampoline::trampoline;
use crate::convert::{FromPyObjectOwned, IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::exceptions::PyAttributeError;
use crate::interpreter::Python;
use crate::object::Py;
use crate::types::PyAny;

/// Borrows the value and reads a field of it.
///
/// # Safety
/// Called by CPython, attached, with an instance of `T`.
#[inline]
pub unsafe fn get<T: PyClass>(
    object: *mut ffi::PyObject,
    read: impl for<'py> FnOnce(Python<'py>, &T) -> PyResult<*mut ffi::PyObject>,
) -> *mut ffi::PyObject {
    /// Ends the borrow, also when reading panics.
    struct Shared<T: PyClass>(*mut ffi::PyObject, PhantomData<T>);
    impl<T: PyClass> Drop for Shared<T> {
        fn drop(&mut self) {
            // SAFETY: shared below, before it was made.
            unsafe { layout::release_borrow::<T>(self.0) };
        }
    }
    // SAFETY: an instance of `T`, alive during the call.
    unsafe {
        trampoline(layout::token_of_instance::<T>(object), |py| {
            layout::borrow::<T>(object).map_err(|error: PyBorrowError| error)?;
            let _shared = Shared::<T>(object, PhantomData);
            read(py, &*Instance::<T>::of(object).value())
        })
    }
}

/// Converts a value and puts it into a field.
///
/// # Safety
/// Called by CPython, attached, with an instance of `T`; a null value deletes, which is refused.
#[inline]
pub unsafe fn set<T, F>(
    object: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    name: &'static str,
    replace: impl FnOnce(&mut T, F) -> F,
) -> c_int
where
    T: PyClass<Frozen = False>,
    F: for<'py> FromPyObjectOwned<'py>,
{
    // SAFETY: an instance of `T`, alive during the call, as is the value.
    unsafe {
        trampoline(layout::token_of_instance::<T>(object), |py| {
            let Some(value) = argument::optional(py, value) else {
                return Err(PyAttributeError::new_err("can't delete attribute"));
            };
            let value: F = argument::extract(value, name)?;
            layout::borrow_mut::<T>(object).map_err(|error: PyBorrowMutError| error)?;
            let old = replace(&mut *Instance::<T>::of(object).value(), value);
            layout::release_borrow_mut::<T>(object);
            // What drops the old value may run any code, and find the instance free.
            drop(old);
            Ok(0)
        })
    }
}

/// A field to be read: converted from a reference to it if there is such a conversion, else
/// cloned. Called as `(&FieldRef(&value.field)).read(py)` with both traits in scope.
pub struct FieldRef<'a, F>(pub &'a F);

/// The first choice.
pub trait ReadByReference<'py> {
    /// The field's object, a new reference.
    fn read(&self, py: Python<'py>) -> PyResult<*mut ffi::PyObject>;
}

impl<'a, 'py, F> ReadByReference<'py> for FieldRef<'a, F>
where
    &'a F: IntoPyObject<'py>,
{
    #[inline]
    fn read(&self, py: Python<'py>) -> PyResult<*mut ffi::PyObject> {
        Ok(self.0.into_bound_py_any(py)?.into_ptr())
    }
}

/// The second choice.
pub trait ReadByClone<F> {
    /// The field's object, a new reference.
    fn read<'py>(&self, py: Python<'py>) -> PyResult<*mut ffi::PyObject>
    where
        F: Clone + IntoPyObject<'py>;
}

impl<F> ReadByClone<F> for &FieldRef<'_, F> {
    #[inline]
    fn read<'py>(&self, py: Python<'py>) -> PyResult<*mut ffi::PyObject>
    where
        F: Clone + IntoPyObject<'py>,
    {
        Ok(self.0.clone().into_bound_py_any(py)?.into_ptr())
    }
}

/// Whether a field is a `Py<…>`: `Field::<F>::IS_HANDLE`, with [`NotAHandle`] in scope.
pub struct Field<F>(PhantomData<F>);

impl<T> Field<Py<T>> {
    /// It is.
    pub const IS_HANDLE: bool = true;
}

/// Any other field.
pub trait NotAHandle {
    /// It is not.
    const IS_HANDLE: bool = false;
}

impl<F> NotAHandle for Field<F> {}

/// The getter of a field at `offset` in a value of `T`. CPython itself reads one that is a `Py<…>`
/// and never changes: its first word is the object.
pub const fn getter<T: PyClass>(
    name: &'static CStr,
    doc: Option<&'static CStr>,
    constant_handle: bool,
    offset: usize,
    function: ffi::getter,
) -> MethodItem {
    if constant_handle {
        MethodItem::Member(ffi::PyMemberDef {
            name: name.as_ptr(),
            type_code: ffi::Py_T_OBJECT_EX,
            offset: (std::mem::offset_of!(Instance<T>, value) + offset) as ffi::Py_ssize_t,
            flags: ffi::Py_READONLY,
            doc: match doc {
                Some(doc) => doc.as_ptr(),
                None => std::ptr::null(),
            },
        })
    } else {
        MethodItem::Getter {
            name,
            doc,
            function,
        }
    }
}

/// Refuses a value with a handle of another interpreter in a field that Python reads by itself, as
/// it lies in memory ([`getter`] with `constant_handle`).
#[inline]
pub(super) fn check_handles<T: PyClass>(py: Python<'_>, value: &T) -> PyResult<()> {
    if !<T::Frozen as Boolean>::VALUE {
        // Only frozen classes have such fields.
        return Ok(());
    }
    for offset in type_tables::of::<T>().handles() {
        // SAFETY: at this offset in an instance is a field of the value's, a `Py` of some class,
        // whose layout does not depend on that.
        let handle = unsafe {
            let field = offset - std::mem::offset_of!(Instance<T>, value);
            &*std::ptr::from_ref(value)
                .byte_add(field)
                .cast::<Py<PyAny>>()
        };
        handle.try_bind(py)?;
    }
    Ok(())
}
