//! [`PyTupleMethods`]: the methods of a tuple.

use super::{BorrowedTupleIterator, BoundTupleIterator, TupleSlice};
use crate::convert::IntoPyObject;
use crate::error::PyResult;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyList, PySequence, PyTuple};

/// The methods of [`PyTuple`].
///
/// Indices count from the front; an index that is out of range never wraps around.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyTuple;
///
/// Python::attach(|py| {
///     let tuple = PyTuple::new(py, ["a", "b", "c"])?;
///     assert_eq!(tuple.len(), 3);
///     assert_eq!(tuple.get_item(1)?.to_string(), "b");
///     assert!(tuple.get_borrowed_item(3).is_err());
///     assert_eq!(tuple.get_slice(1, 9).to_string(), "('b', 'c')");
///     assert!(tuple.contains("c")?);
///     assert_eq!(tuple.index("c")?, 2);
///     assert_eq!(tuple.to_list().to_string(), "['a', 'b', 'c']");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[doc(alias = "PyTuple")]
pub trait PyTupleMethods<'py>: crate::types::sealed::Sealed {
    /// Returns the number of items.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| {
    ///     assert_eq!(PyTuple::new(py, ["a", "b"])?.len(), 2);
    ///     assert_eq!(PyTuple::empty(py).len(), 0);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyTuple_Size`.
    fn len(&self) -> usize;

    /// Returns whether there are no items.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| {
    ///     assert!(PyTuple::empty(py).is_empty());
    ///     assert!(!PyTuple::new(py, ["a"])?.is_empty());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyTuple_Size`.
    fn is_empty(&self) -> bool;

    /// Returns the same object as a sequence.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| {
    ///     let tuple = PyTuple::new(py, ["a", "b"])?;
    ///     let twice = tuple.as_sequence().repeat(2)?;
    ///     assert_eq!(twice.to_string(), "('a', 'b', 'a', 'b')");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    fn as_sequence(&self) -> &Bound<'py, PySequence>;

    /// Returns the same object as a sequence.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| {
    ///     let tuple = PyTuple::new(py, ["a", "b", "a"])?;
    ///     let sequence: Bound<'_, PySequence> = tuple.into_sequence();
    ///     assert_eq!(sequence.count("a")?, 2);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    fn into_sequence(self) -> Bound<'py, PySequence>;

    /// Returns a tuple of the items from `low` up to but excluding `high`, clamped to the length.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| {
    ///     let tuple = PyTuple::new(py, ["a", "b", "c"])?;
    ///     assert_eq!(tuple.get_slice(0, 2).to_string(), "('a', 'b')");
    ///     assert_eq!(tuple.get_slice(2, 99).to_string(), "('c',)");
    ///     assert!(tuple.get_slice(2, 1).is_empty());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyTuple_GetSlice`.
    #[track_caller]
    fn get_slice(&self, low: usize, high: usize) -> Bound<'py, PyTuple>;

    /// Returns the item at the index.
    ///
    /// # Errors
    /// `IndexError` if the index is out of range.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyIndexError;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| {
    ///     let tuple = PyTuple::new(py, ["a", "b"])?;
    ///     assert_eq!(tuple.get_item(1)?.extract::<String>()?, "b");
    ///     assert!(tuple.get_item(2).unwrap_err().is_instance_of::<PyIndexError>(py));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyTuple_GetItem`.
    fn get_item(&self, index: usize) -> PyResult<Bound<'py, PyAny>>;

    /// Returns an item without a new reference: the tuple keeps its items alive. See
    /// [`get_item`](PyTupleMethods::get_item).
    ///
    /// # Errors
    /// `IndexError` if the index is out of range.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| {
    ///     let tuple = PyTuple::new(py, ["a", "b"])?;
    ///     let item: Borrowed<'_, '_, PyAny> = tuple.get_borrowed_item(1)?;
    ///     assert_eq!(item.to_string(), "b");
    ///     assert!(tuple.get_borrowed_item(2).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyTuple_GetItem`.
    fn get_borrowed_item<'a>(&'a self, index: usize) -> PyResult<Borrowed<'a, 'py, PyAny>>;

    /// Returns the item at the index without checking it.
    ///
    /// # Safety
    /// The index must be less than the length.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| {
    ///     let tuple = PyTuple::new(py, ["a", "b"])?;
    ///     // SAFETY: the tuple has two items.
    ///     let last = unsafe { tuple.get_item_unchecked(1) };
    ///     assert_eq!(last.to_string(), "b");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyTuple_GET_ITEM`.
    unsafe fn get_item_unchecked(&self, index: usize) -> Bound<'py, PyAny>;

    /// Returns an item without a check and without a new reference; see
    /// [`get_item_unchecked`](PyTupleMethods::get_item_unchecked).
    ///
    /// # Safety
    /// The index must be less than the length.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| {
    ///     let tuple = PyTuple::new(py, ["a", "b"])?;
    ///     // SAFETY: the tuple has two items.
    ///     let last = unsafe { tuple.get_borrowed_item_unchecked(1) };
    ///     assert!(last.is(&tuple.get_item(1)?));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyTuple_GET_ITEM`.
    unsafe fn get_borrowed_item_unchecked<'a>(&'a self, index: usize) -> Borrowed<'a, 'py, PyAny>;

    /// Returns the items as a value that derefs to a slice of [`Bound`].
    ///
    /// The slice is allocated, since a tuple stores one word per item and a handle takes two.
    /// [`iter_borrowed`](PyTupleMethods::iter_borrowed) does not allocate.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| {
    ///     let tuple = PyTuple::new(py, ["a", "b"])?;
    ///     let items = tuple.as_slice();
    ///     assert_eq!(items[1].to_string(), "b");
    ///     let [first, _] = &*items else { unreachable!() };
    ///     assert_eq!(first.to_string(), "a");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyTuple_GET_ITEM`.
    fn as_slice(&self) -> TupleSlice<'_, 'py>;

    /// Returns `value in tuple`.
    ///
    /// # Errors
    /// If the conversion or a comparison fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| {
    ///     let tuple = PyTuple::new(py, [1, 2])?;
    ///     assert!(tuple.contains(2)?);
    ///     assert!(!tuple.contains("2")?);
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
    /// use pyatoll::exceptions::PyValueError;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| {
    ///     let tuple = PyTuple::new(py, ["a", "b", "b"])?;
    ///     assert_eq!(tuple.index("b")?, 1);
    ///     assert!(tuple.index("z").unwrap_err().is_instance_of::<PyValueError>(py));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_Index`.
    fn index<V>(&self, value: V) -> PyResult<usize>
    where
        V: IntoPyObject<'py>;

    /// Returns an iterator over the items.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| {
    ///     let tuple = PyTuple::new(py, ["a", "b", "c"])?;
    ///     let items: Vec<String> = tuple.iter().rev().map(|item| item.to_string()).collect();
    ///     assert_eq!(items, ["c", "b", "a"]);
    ///     assert_eq!(tuple.iter_borrowed().len(), 3);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyTuple_GET_ITEM`.
    fn iter(&self) -> BoundTupleIterator<'py>;

    /// Iterates over the items without new references; see [`iter`](PyTupleMethods::iter).
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| {
    ///     let tuple = PyTuple::new(py, [1, 2, 3])?;
    ///     let mut sum = 0;
    ///     for item in tuple.iter_borrowed() {
    ///         sum += item.extract::<i32>()?;
    ///     }
    ///     assert_eq!(sum, 6);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyTuple_GET_ITEM`.
    fn iter_borrowed<'a>(&'a self) -> BorrowedTupleIterator<'a, 'py>;

    /// Returns a list of the items.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| {
    ///     let tuple = PyTuple::new(py, ["a", "b"])?;
    ///     let list = tuple.to_list();
    ///     list.append("c")?;
    ///     assert_eq!((list.len(), tuple.len()), (3, 2));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_List`.
    #[track_caller]
    fn to_list(&self) -> Bound<'py, PyList>;
}
