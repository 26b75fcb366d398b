//! [`PySequenceMethods`]: the methods of a sequence.

use crate::convert::IntoPyObject;
use crate::error::PyResult;
use crate::object::Bound;
use crate::types::{PyAny, PyList, PySequence, PyTuple};

/// The methods of [`PySequence`]. Each returns the errors of the object's own method.
///
/// Indices count from the front; an index that is out of range never wraps around.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyList;
///
/// Python::attach(|py| {
///     let sequence = PyList::new(py, ["a", "b"])?.into_sequence();
///     let twice = sequence.concat(&sequence)?;
///     assert_eq!(twice.len()?, 4);
///     assert_eq!(twice.count("b")?, 2);
///     assert_eq!(twice.index("b")?, 1);
///     assert!(twice.contains("a")?);
///     assert_eq!(twice.get_item(3)?.to_string(), "b");
///     assert_eq!(twice.get_slice(1, 3)?.to_string(), "['b', 'a']");
///     assert_eq!(sequence.repeat(2)?.to_string(), twice.to_string());
///
///     twice.set_item(0, "x")?;
///     twice.del_item(1)?;
///     twice.set_slice(1, 3, sequence.as_any())?;
///     assert_eq!(twice.to_tuple()?.to_string(), "('x', 'a', 'b')");
///     twice.del_slice(0, 2)?;
///     assert_eq!(twice.to_list()?.len(), 1);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[doc(alias = "PySequence")]
pub trait PySequenceMethods<'py>: crate::types::sealed::Sealed {
    /// Returns `len(sequence)`.
    ///
    /// # Errors
    /// If `__len__` raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     assert_eq!(sequence.len()?, 2);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_Size`.
    fn len(&self) -> PyResult<usize>;

    /// Returns whether the length is 0.
    ///
    /// # Errors
    /// If `__len__` raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     assert!(!sequence.is_empty()?);
    ///     assert!(sequence.get_slice(1, 1)?.is_empty()?);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_Size`.
    fn is_empty(&self) -> PyResult<bool>;

    /// Returns `sequence + other`.
    ///
    /// # Errors
    /// If the operation raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     assert_eq!(sequence.concat(&sequence)?.to_string(), "['a', 'b', 'a', 'b']");
    ///     assert_eq!(sequence.len()?, 2);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_Concat`.
    fn concat(&self, other: &Bound<'_, PySequence>) -> PyResult<Bound<'py, PySequence>>;

    /// Returns `sequence * count`.
    ///
    /// # Errors
    /// If the operation raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     assert_eq!(sequence.repeat(2)?.to_string(), "['a', 'b', 'a', 'b']");
    ///     assert_eq!(sequence.len()?, 2);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_Repeat`.
    fn repeat(&self, count: usize) -> PyResult<Bound<'py, PySequence>>;

    /// Computes `sequence += other` and returns the result, which may be a different object.
    ///
    /// # Errors
    /// If the operation raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     let same = sequence.in_place_concat(&sequence)?;
    ///     assert!(same.is(&sequence), "a list grows in place");
    ///     assert_eq!(sequence.len()?, 4);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_InPlaceConcat`.
    fn in_place_concat(&self, other: &Bound<'_, PySequence>) -> PyResult<Bound<'py, PySequence>>;

    /// Computes `sequence *= count` and returns the result, which may be a different object.
    ///
    /// # Errors
    /// If the operation raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     let same = sequence.in_place_repeat(3)?;
    ///     assert!(same.is(&sequence), "a list grows in place");
    ///     assert_eq!(sequence.len()?, 6);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_InPlaceRepeat`.
    fn in_place_repeat(&self, count: usize) -> PyResult<Bound<'py, PySequence>>;

    /// Returns `sequence[index]`.
    ///
    /// # Errors
    /// `IndexError` if the index is out of range.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyIndexError;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     assert_eq!(sequence.get_item(1)?.to_string(), "b");
    ///     assert!(sequence.get_item(2).unwrap_err().is_instance_of::<PyIndexError>(py));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_GetItem`.
    fn get_item(&self, index: usize) -> PyResult<Bound<'py, PyAny>>;

    /// Returns `sequence[begin:end]`.
    ///
    /// # Errors
    /// If the operation raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     assert_eq!(sequence.get_slice(1, 9)?.to_string(), "['b']");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_GetSlice`.
    fn get_slice(&self, begin: usize, end: usize) -> PyResult<Bound<'py, PySequence>>;

    /// Replaces an item: `sequence[index] = item`.
    ///
    /// # Errors
    /// `IndexError` if the index is out of range; `TypeError` if the sequence is immutable; any
    /// error of the conversion.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     sequence.set_item(0, "x")?;
    ///     assert_eq!(sequence.to_string(), "['x', 'b']");
    ///     assert!(sequence.set_item(2, "y").is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_SetItem`.
    fn set_item<I>(&self, index: usize, item: I) -> PyResult<()>
    where
        I: IntoPyObject<'py>;

    /// Deletes an item: `del sequence[index]`.
    ///
    /// # Errors
    /// `IndexError` if the index is out of range; `TypeError` if the sequence is immutable.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     sequence.del_item(0)?;
    ///     assert_eq!(sequence.to_string(), "['b']");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_DelItem`.
    fn del_item(&self, index: usize) -> PyResult<()>;

    /// Replaces a range of items: `sequence[begin:end] = items`.
    ///
    /// # Errors
    /// `TypeError` if the sequence is immutable or `items` cannot be iterated over.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     sequence.set_slice(1, 2, &py.eval(c"'xyz'", None, None)?)?;
    ///     assert_eq!(sequence.to_string(), "['a', 'x', 'y', 'z']");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_SetSlice`.
    fn set_slice(&self, begin: usize, end: usize, items: &Bound<'_, PyAny>) -> PyResult<()>;

    /// Deletes a range of items: `del sequence[begin:end]`.
    ///
    /// # Errors
    /// `TypeError` if the sequence is immutable.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     sequence.del_slice(0, 1)?;
    ///     assert_eq!(sequence.to_string(), "['b']");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_DelSlice`.
    fn del_slice(&self, begin: usize, end: usize) -> PyResult<()>;

    /// Returns the number of items that equal `value`.
    ///
    /// # Errors
    /// If the conversion or a comparison fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     assert_eq!(sequence.count("a")?, 1);
    ///     assert_eq!(sequence.count("x")?, 0);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_Count`.
    fn count<V>(&self, value: V) -> PyResult<usize>
    where
        V: IntoPyObject<'py>;

    /// Returns `value in sequence`.
    ///
    /// # Errors
    /// If the conversion or a comparison fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     assert!(sequence.contains("a")? && !sequence.contains("x")?);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_Contains`.
    fn contains<V>(&self, value: V) -> PyResult<bool>
    where
        V: IntoPyObject<'py>;

    /// Returns the index of the first item that equals `value`.
    ///
    /// # Errors
    /// `ValueError` if no item is equal; any error of the conversion or a comparison.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     assert_eq!(sequence.index("b")?, 1);
    ///     assert!(sequence.index("x").is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_Index`.
    fn index<V>(&self, value: V) -> PyResult<usize>
    where
        V: IntoPyObject<'py>;

    /// Returns a new list of the items.
    ///
    /// # Errors
    /// If iteration raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     let list = sequence.to_list()?;
    ///     assert!(list.eq(&sequence)? && !list.is(&sequence));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_List`.
    fn to_list(&self) -> PyResult<Bound<'py, PyList>>;

    /// Returns a tuple of the items.
    ///
    /// # Errors
    /// If iteration raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     assert_eq!(sequence.to_tuple()?.to_string(), "('a', 'b')");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_Tuple`.
    fn to_tuple(&self) -> PyResult<Bound<'py, PyTuple>>;
}
