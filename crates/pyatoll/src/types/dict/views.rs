//! `dict_keys`, `dict_values` and `dict_items`: the views that a dict's methods return in Python.

use crate::types::PyAny;

/// Python's `dict_keys`, a view of a dict.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{IntoPyDict, PyDictItems, PyDictKeys, PyDictValues};
///
/// Python::attach(|py| {
///     let dict = [("a", "x")].into_py_dict(py)?;
///     let keys = dict.call_method0("keys")?.cast_into::<PyDictKeys>()?;
///     let values = dict.call_method0("values")?.cast_into::<PyDictValues>()?;
///     let items = dict.call_method0("items")?.cast_into::<PyDictItems>()?;
///     dict.set_item("b", "y")?;
///     assert_eq!((keys.len()?, values.len()?, items.len()?), (2, 2, 2));
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyDictKeys_Type`.
#[repr(transparent)]
pub struct PyDictKeys(PyAny);

native_type!(PyDictKeys: ("_collections_abc", "dict_keys"), PyDictKeys_Type, PyDictKeys_Check);

/// Python's `dict_values`, a view of a dict: see [`PyDictKeys`].
///
/// C API: `PyDictValues_Type`.
#[repr(transparent)]
pub struct PyDictValues(PyAny);

native_type!(PyDictValues: ("_collections_abc", "dict_values"), PyDictValues_Type, PyDictValues_Check);

/// Python's `dict_items`, a view of a dict: see [`PyDictKeys`].
///
/// C API: `PyDictItems_Type`.
#[repr(transparent)]
pub struct PyDictItems(PyAny);

native_type!(PyDictItems: ("_collections_abc", "dict_items"), PyDictItems_Type, PyDictItems_Check);
