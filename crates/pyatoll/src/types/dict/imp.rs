//! The implementation of [`PyDictMethods`]: the methods convert their arguments, then call CPython
//! or one of the non-generic functions at the end.

use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::{BoundDictIterator, PyDictMethods};
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::interpreter::layout;
use crate::object::{Borrowed, Bound, BoundObject};
use crate::sync::critical_section::with_critical_section;
use crate::types::compat;
use crate::types::returned::{new_reference, new_reference_or_panic, status, truth};
use crate::types::{PyAny, PyDict, PyList, PyMapping};

impl<'py> PyDictMethods<'py> for Bound<'py, PyDict> {
    fn copy(&self) -> PyResult<Bound<'py, PyDict>> {
        // SAFETY: attached; `self` is a dict; returns a new dict or null.
        unsafe { new_reference(self.py(), ffi::PyDict_Copy(self.as_ptr())) }
    }

    fn clear(&self) {
        // SAFETY: attached; `self` is a dict.
        unsafe { ffi::PyDict_Clear(self.as_ptr()) };
    }

    #[inline]
    fn len(&self) -> usize {
        // SAFETY: attached; `self` is a dict.
        unsafe { layout::size_of_dict(self.as_ptr()) }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn contains<K>(&self, key: K) -> PyResult<bool>
    where
        K: IntoPyObject<'py>,
    {
        let key = key.into_pyobject_or_pyerr(self.py())?.into_any();
        // SAFETY: `self` is a dict.
        unsafe { contains(self.as_any(), key.as_borrowed()) }
    }

    fn get_item<K>(&self, key: K) -> PyResult<Option<Bound<'py, PyAny>>>
    where
        K: IntoPyObject<'py>,
    {
        let key = key.into_pyobject_or_pyerr(self.py())?.into_any();
        // SAFETY: `self` is a dict.
        unsafe { get_item(self.as_any(), key.as_borrowed()) }
    }

    fn set_item<K, V>(&self, key: K, value: V) -> PyResult<()>
    where
        K: IntoPyObject<'py>,
        V: IntoPyObject<'py>,
    {
        let key = key.into_pyobject_or_pyerr(self.py())?.into_any();
        let value = value.into_pyobject_or_pyerr(self.py())?.into_any();
        set_item(self, key.as_borrowed(), value.as_borrowed())
    }

    fn del_item<K>(&self, key: K) -> PyResult<()>
    where
        K: IntoPyObject<'py>,
    {
        let key = key.into_pyobject_or_pyerr(self.py())?.into_any();
        // SAFETY: attached; `self` is a dict, `key` a valid object.
        let result = unsafe { ffi::PyDict_DelItem(self.as_ptr(), key.as_ptr()) };
        status(self.py(), result)
    }

    fn keys(&self) -> Bound<'py, PyList> {
        // SAFETY: attached; `self` is a dict; returns a new list or null.
        unsafe { new_reference_or_panic(self.py(), ffi::PyDict_Keys(self.as_ptr())) }
    }

    fn values(&self) -> Bound<'py, PyList> {
        // SAFETY: attached; `self` is a dict; returns a new list or null.
        unsafe { new_reference_or_panic(self.py(), ffi::PyDict_Values(self.as_ptr())) }
    }

    fn items(&self) -> Bound<'py, PyList> {
        // SAFETY: attached; `self` is a dict; returns a new list or null.
        unsafe { new_reference_or_panic(self.py(), ffi::PyDict_Items(self.as_ptr())) }
    }

    #[inline]
    fn iter(&self) -> BoundDictIterator<'py> {
        BoundDictIterator::new(self.clone())
    }

    fn locked_for_each<F>(&self, closure: F) -> PyResult<()>
    where
        F: Fn(Bound<'py, PyAny>, Bound<'py, PyAny>) -> PyResult<()>,
    {
        with_critical_section(self, || {
            self.iter().try_for_each(|(key, value)| closure(key, value))
        })
    }

    #[inline]
    fn as_mapping(&self) -> &Bound<'py, PyMapping> {
        // SAFETY: a dict is a mapping.
        unsafe { self.cast_unchecked() }
    }

    #[inline]
    fn into_mapping(self) -> Bound<'py, PyMapping> {
        // SAFETY: a dict is a mapping.
        unsafe { self.cast_into_unchecked() }
    }

    fn update(&self, other: &Bound<'_, PyMapping>) -> PyResult<()> {
        // SAFETY: attached; `self` is a dict, `other` a valid object.
        let result = unsafe { ffi::PyDict_Update(self.as_ptr(), other.as_ptr()) };
        status(self.py(), result)
    }

    fn update_if_missing(&self, other: &Bound<'_, PyMapping>) -> PyResult<()> {
        // SAFETY: attached; `self` is a dict, `other` a valid object.
        let result = unsafe { ffi::PyDict_Merge(self.as_ptr(), other.as_ptr(), 0) };
        status(self.py(), result)
    }

    fn set_default<K, V>(&self, key: K, default_value: V) -> PyResult<bool>
    where
        K: IntoPyObject<'py>,
        V: IntoPyObject<'py>,
    {
        let (added, _) = self.set_default_with_result(key, default_value)?;
        Ok(added)
    }

    fn set_default_with_result<K, V>(
        &self,
        key: K,
        default_value: V,
    ) -> PyResult<(bool, Bound<'py, PyAny>)>
    where
        K: IntoPyObject<'py>,
        V: IntoPyObject<'py>,
    {
        let key = key.into_pyobject_or_pyerr(self.py())?.into_any();
        let value = default_value.into_pyobject_or_pyerr(self.py())?.into_any();
        let mut result = null_mut();
        // SAFETY: attached; `self` is a dict, `key` and `value` valid objects. Unless the call
        // fails, `result` is a new reference.
        unsafe {
            let present = truth(
                self.py(),
                compat::set_default(self.as_ptr(), key.as_ptr(), value.as_ptr(), &mut result),
            )?;
            Ok((!present, Bound::from_owned_ptr(self.py(), result)))
        }
    }
}

/// Implements `contains`.
///
/// # Safety
/// `dict` must be a dict or a frozen dict.
#[inline]
pub(in crate::types) unsafe fn contains(
    dict: &Bound<'_, PyAny>,
    key: Borrowed<'_, '_, PyAny>,
) -> PyResult<bool> {
    // SAFETY: attached; `dict` is one (upheld by the caller), `key` a valid object.
    truth(dict.py(), unsafe {
        ffi::PyDict_Contains(dict.as_ptr(), key.as_ptr())
    })
}

/// Implements `get_item`.
///
/// # Safety
/// `dict` must be a dict or a frozen dict.
#[inline]
pub(in crate::types) unsafe fn get_item<'py>(
    dict: &Bound<'py, PyAny>,
    key: Borrowed<'_, '_, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let mut value = null_mut();
    // SAFETY: attached; `dict` is one (upheld by the caller), `key` a valid object; `value` is a
    // new reference or null.
    unsafe {
        let found = ffi::compat::PyDict_GetItemRef(dict.as_ptr(), key.as_ptr(), &raw mut value);
        status(dict.py(), found)?;
        Ok(Bound::from_owned_ptr_or_opt(dict.py(), value))
    }
}

#[inline]
fn set_item(
    dict: &Bound<'_, PyDict>,
    key: Borrowed<'_, '_, PyAny>,
    value: Borrowed<'_, '_, PyAny>,
) -> PyResult<()> {
    // SAFETY: attached; `dict` is a dict, `key` and `value` valid objects.
    status(dict.py(), unsafe {
        ffi::PyDict_SetItem(dict.as_ptr(), key.as_ptr(), value.as_ptr())
    })
}
