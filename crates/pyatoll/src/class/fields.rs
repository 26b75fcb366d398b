//! Getters and setters of `#[pyo3(get, set)]` fields. Generated functions are thin shells over
//! these.

use std::ffi::{CStr, c_int};
use std::marker::PhantomData;

use pyo3_ffi as ffi;

use super::base::ClassBase;
use super::boolean_struct::{Boolean, False};
use super::borrow_flag::{PyBorrowError, PyBorrowMutError};
use super::items::MethodItem;
use super::layout::{self, Instance};
use super::pyclass::PyClass;
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
    /// A guard that releases the borrow, even if reading panics.
    struct Release<T: PyClass>(*mut ffi::PyObject, PhantomData<T>);
    impl<T: PyClass> Drop for Release<T> {
        fn drop(&mut self) {
            // SAFETY: created below, after a successful borrow.
            unsafe { layout::release_borrow::<T>(self.0) };
        }
    }
    // SAFETY: attached; `object` is an instance of `T`, alive during the call.
    unsafe {
        trampoline(layout::token_of_instance::<T>(object), |py| {
            layout::borrow::<T>(object).map_err(|error: PyBorrowError| error)?;
            let _release = Release::<T>(object, PhantomData);
            read(py, &*Instance::<T>::of(object).value())
        })
    }
}

/// Converts a value and stores it in a field.
///
/// # Safety
/// Called by CPython, attached, with an instance of `T`; a null value deletes, which is an error.
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
    // SAFETY: attached; `object` is an instance of `T`; both objects are alive during the call.
    unsafe {
        trampoline(layout::token_of_instance::<T>(object), |py| {
            let Some(value) = argument::optional(py, value) else {
                return Err(PyAttributeError::new_err("property has no deleter"));
            };
            let value: F = argument::extract(value, name)?;
            layout::borrow_mut::<T>(object).map_err(|error: PyBorrowMutError| error)?;
            let old = replace(&mut *Instance::<T>::of(object).value(), value);
            layout::release_borrow_mut::<T>(object);
            // After the borrow is released: the drop may run any code, which may use the instance.
            drop(old);
            Ok(0)
        })
    }
}

/// A field to read. `(&FieldRef(&value.field)).read(py)`, with both traits below in scope, converts
/// a reference to the field if `&F` has a conversion, else a clone (autoref specialization).
pub struct FieldRef<'a, F>(pub &'a F);

/// A field that is read by reference.
pub trait ReadByReference<'py> {
    /// Returns the field's object, a new reference.
    ///
    /// # Errors
    /// The error of the conversion.
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

/// A field that is read by cloning it.
pub trait ReadByClone<F> {
    /// Returns the field's object, a new reference.
    ///
    /// # Errors
    /// The error of the conversion.
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

/// The check whether a field is a `Py<…>`: `Field::<F>::IS_HANDLE`, with [`NotAHandle`] in scope.
pub struct Field<F>(PhantomData<F>);

impl<T> Field<Py<T>> {
    /// Whether the field is a `Py<…>`.
    pub const IS_HANDLE: bool = true;
}

/// A field of any other type.
pub trait NotAHandle {
    /// Whether the field is a `Py<…>`.
    const IS_HANDLE: bool = false;
}

impl<F> NotAHandle for Field<F> {}

/// Returns the item for a getter of the field at `offset` in a value of `T`. CPython reads a
/// constant `Py<…>` field directly, as a member, unless its offset depends on the instance: its
/// first word is the object pointer. The offset is that in the Rust parts.
pub const fn getter<T: PyClass>(
    name: &'static CStr,
    doc: Option<&'static CStr>,
    constant_handle: bool,
    offset: usize,
    function: ffi::getter,
) -> MethodItem {
    if constant_handle && !<T::BaseType as ClassBase>::VARIES {
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

/// Returns an error if a field that CPython reads directly ([`getter`] with `constant_handle`) is a
/// handle of another interpreter.
#[inline]
pub(super) fn check_handles<T: PyClass>(py: Python<'_>, value: &T) -> PyResult<()> {
    if !<T::Frozen as Boolean>::VALUE {
        // Only frozen classes have such fields.
        return Ok(());
    }
    let tables = T::statics().tables();
    let before = match <T::BaseType as ClassBase>::FIXED {
        true => 0,
        false => tables.before,
    };
    for offset in tables.handles() {
        // SAFETY: the offset is that of a `Py<…>` field of the value, and the layout of `Py<T>`
        // does not depend on `T`.
        let handle = unsafe {
            let field = offset - before - std::mem::offset_of!(Instance<T>, value);
            &*std::ptr::from_ref(value)
                .byte_add(field)
                .cast::<Py<PyAny>>()
        };
        handle.try_bind(py)?;
    }
    Ok(())
}
