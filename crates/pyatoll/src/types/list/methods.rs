//! [`PyListMethods`]: the methods of a list.

use super::BoundListIterator;
use crate::convert::IntoPyObject;
use crate::error::PyResult;
use crate::object::Bound;
use crate::types::{PyAny, PyList, PySequence, PyTuple};

/// The methods of [`PyList`].
///
/// Indices count from the front; an index that is out of range never wraps around.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyList;
///
/// Python::attach(|py| {
///     let list = PyList::new(py, ["c", "a"])?;
///     list.insert(1, "b")?;
///     list.sort()?;
///     assert_eq!(list.get_item(0)?.to_string(), "a");
///     assert_eq!(list.index("c")?, 2);
///     assert!(list.contains("b")? && !list.contains("z")?);
///
///     list.set_item(0, "x")?;
///     list.del_item(1)?;
///     list.reverse()?;
///     assert_eq!(list.to_string(), "['c', 'x']");
///     assert!(list.get_item(2).is_err());
///
///     list.set_slice(1, 2, PyList::new(py, ["d", "e"])?.as_any())?;
///     assert_eq!(list.get_slice(1, 9).to_string(), "['d', 'e']");
///     list.del_slice(0, 2)?;
///     assert_eq!(list.to_tuple().to_string(), "('e',)");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[doc(alias = "PyList")]
pub trait PyListMethods<'py>: crate::types::sealed::Sealed {
    /// Returns the number of items.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, ["a", "b"])?;
    ///     assert_eq!(list.len(), 2);
    ///     list.append("c")?;
    ///     assert_eq!(list.len(), 3);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyList_Size`.
    fn len(&self) -> usize;

    /// Returns whether there are no items.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::empty(py);
    ///     assert!(list.is_empty());
    ///     list.append("a")?;
    ///     assert!(!list.is_empty());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyList_Size`.
    fn is_empty(&self) -> bool;

    /// Returns the same object as a sequence.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, ["a", "b"])?;
    ///     let twice = list.as_sequence().repeat(2)?;
    ///     assert_eq!(twice.to_string(), "['a', 'b', 'a', 'b']");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    fn as_sequence(&self) -> &Bound<'py, PySequence>;

    /// Returns the same object as a sequence.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, ["a", "b", "a"])?;
    ///     let sequence: Bound<'_, PySequence> = list.into_sequence();
    ///     assert_eq!(sequence.count("a")?, 2);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    fn into_sequence(self) -> Bound<'py, PySequence>;

    /// Returns the item at the index.
    ///
    /// # Errors
    /// `IndexError` if the index is out of range.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyIndexError;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, ["a", "b"])?;
    ///     assert_eq!(list.get_item(1)?.extract::<String>()?, "b");
    ///     assert!(list.get_item(2).unwrap_err().is_instance_of::<PyIndexError>(py));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyList_GetItemRef`.
    fn get_item(&self, index: usize) -> PyResult<Bound<'py, PyAny>>;

    /// Returns the item at the index without checking it.
    ///
    /// # Safety
    /// The index must be less than the length, and on free-threaded builds no other thread may
    /// change the list during the call.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, ["a", "b"])?;
    ///     // SAFETY: the list has two items, and no other thread has a reference to it.
    ///     let last = unsafe { list.get_item_unchecked(1) };
    ///     assert_eq!(last.to_string(), "b");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyList_GET_ITEM`.
    unsafe fn get_item_unchecked(&self, index: usize) -> Bound<'py, PyAny>;

    /// Returns a new list of the items from `low` up to but excluding `high`, clamped to the
    /// length.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, 0..5)?;
    ///     assert_eq!(list.get_slice(1, 3).to_string(), "[1, 2]");
    ///     assert_eq!(list.get_slice(4, 99).to_string(), "[4]");
    ///     assert!(list.get_slice(3, 1).is_empty());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyList_GetSlice`.
    #[track_caller]
    fn get_slice(&self, low: usize, high: usize) -> Bound<'py, PyList>;

    /// Replaces the item at the index.
    ///
    /// # Errors
    /// `IndexError` if the index is out of range; any error of the conversion.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyIndexError;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, ["a", "b"])?;
    ///     list.set_item(0, "x")?;
    ///     assert_eq!(list.to_string(), "['x', 'b']");
    ///     assert!(list.set_item(2, "y").unwrap_err().is_instance_of::<PyIndexError>(py));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyList_SetItem`.
    fn set_item<I>(&self, index: usize, item: I) -> PyResult<()>
    where
        I: IntoPyObject<'py>;

    /// Deletes the item at the index: `del list[index]`.
    ///
    /// # Errors
    /// `IndexError` if the index is out of range.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyIndexError;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, ["a", "b", "c"])?;
    ///     list.del_item(1)?;
    ///     assert_eq!(list.to_string(), "['a', 'c']");
    ///     assert!(list.del_item(2).unwrap_err().is_instance_of::<PyIndexError>(py));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_DelItem`.
    fn del_item(&self, index: usize) -> PyResult<()>;

    /// Replaces a range of items: `list[low:high] = items`.
    ///
    /// # Errors
    /// If `items` cannot be iterated over.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    /// use pyatoll::types::PyString;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, ["a", "b", "c"])?;
    ///     list.set_slice(0, 1, PyString::new(py, "xyz").as_any())?;
    ///     assert_eq!(list.to_string(), "['x', 'y', 'z', 'b', 'c']");
    ///     assert!(list.set_slice(0, 1, py.None().bind(py)).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyList_SetSlice`.
    fn set_slice(&self, low: usize, high: usize, items: &Bound<'_, PyAny>) -> PyResult<()>;

    /// Deletes a range of items: `del list[low:high]`.
    ///
    /// # Errors
    /// If the method of a subclass of `list` raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, 0..5)?;
    ///     list.del_slice(1, 3)?;
    ///     assert_eq!(list.to_string(), "[0, 3, 4]");
    ///     list.del_slice(1, 99)?;
    ///     assert_eq!(list.to_string(), "[0]");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_DelSlice`.
    fn del_slice(&self, low: usize, high: usize) -> PyResult<()>;

    /// Appends an item.
    ///
    /// # Errors
    /// If the conversion fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::empty(py);
    ///     list.append("a")?;
    ///     list.append(1)?;
    ///     assert_eq!(list.to_string(), "['a', 1]");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyList_Append`.
    fn append<I>(&self, item: I) -> PyResult<()>
    where
        I: IntoPyObject<'py>;

    /// Inserts an item before the index, or at the end if the index is out of range.
    ///
    /// # Errors
    /// If the conversion fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, ["b"])?;
    ///     list.insert(0, "a")?;
    ///     list.insert(99, "c")?;
    ///     assert_eq!(list.to_string(), "['a', 'b', 'c']");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyList_Insert`.
    fn insert<I>(&self, index: usize, item: I) -> PyResult<()>
    where
        I: IntoPyObject<'py>;

    /// Returns `value in list`.
    ///
    /// # Errors
    /// If the conversion or a comparison fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, [1, 2])?;
    ///     assert!(list.contains(2)?);
    ///     assert!(!list.contains("2")?);
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
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, ["a", "b", "b"])?;
    ///     assert_eq!(list.index("b")?, 1);
    ///     assert!(list.index("z").unwrap_err().is_instance_of::<PyValueError>(py));
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
    /// The list may change during iteration: the iterator ends early if the list has shrunk, and
    /// does not visit items appended later.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, ["a", "b", "c"])?;
    ///     let backwards: Vec<String> = list.iter().rev().map(|item| item.to_string()).collect();
    ///     assert_eq!(backwards, ["c", "b", "a"]);
    ///     for item in &list {
    ///         assert_eq!(item.to_string().len(), 1);
    ///     }
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyList_GetItemRef`.
    fn iter(&self) -> BoundListIterator<'py>;

    /// Calls `closure` with each item, holding the list's lock on free-threaded builds.
    ///
    /// # Errors
    /// The first error of `closure`, which ends the iteration.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    /// use std::cell::Cell;
    ///
    /// Python::attach(|py| {
    ///     let sum = Cell::new(0);
    ///     PyList::new(py, [1, 2, 3])?.locked_for_each(|item| {
    ///         sum.set(sum.get() + item.extract::<i32>()?);
    ///         Ok(())
    ///     })?;
    ///     assert_eq!(sum.get(), 6);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyCriticalSection_Begin`.
    fn locked_for_each<F>(&self, closure: F) -> PyResult<()>
    where
        F: Fn(Bound<'py, PyAny>) -> PyResult<()>;

    /// Sorts the list in place: `list.sort()`.
    ///
    /// # Errors
    /// If a comparison raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyTypeError;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, ["b", "c", "a"])?;
    ///     list.sort()?;
    ///     assert_eq!(list.to_string(), "['a', 'b', 'c']");
    ///     list.append(1)?;
    ///     assert!(list.sort().unwrap_err().is_instance_of::<PyTypeError>(py));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyList_Sort`.
    fn sort(&self) -> PyResult<()>;

    /// Reverses the list in place: `list.reverse()`.
    ///
    /// # Errors
    /// None in practice.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, ["b", "c", "a"])?;
    ///     list.reverse()?;
    ///     assert_eq!(list.to_string(), "['a', 'c', 'b']");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyList_Reverse`.
    fn reverse(&self) -> PyResult<()>;

    /// Returns a tuple of the items.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, ["a", "b"])?;
    ///     let tuple = list.to_tuple();
    ///     list.append("c")?;
    ///     assert_eq!(tuple.to_string(), "('a', 'b')");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyList_AsTuple`.
    #[track_caller]
    fn to_tuple(&self) -> Bound<'py, PyTuple>;
}
