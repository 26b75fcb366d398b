//! `list`.

use pyo3_ffi as ffi;

use super::returned::{index, new_reference, new_reference_or_panic, new_size, status};
use super::span::Span;
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::sync::critical_section::with_critical_section;
use crate::types::sequence::PySequenceMethods;
use crate::types::{PyAny, PySequence, PyTuple};

/// Python's `list`. Its methods are in [`PyListMethods`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyList;
///
/// Python::attach(|py| {
///     let list = PyList::new(py, ["a", "b"])?;
///     list.append("c")?;
///     assert_eq!(list.to_string(), "['a', 'b', 'c']");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[repr(transparent)]
pub struct PyList(PyAny);

native_type!(PyList, PyList_Type, PyList_Check);

/// Fills an empty place of a new list (`PyList_SET_ITEM`).
///
/// # Safety
/// Attached; the list must have the place, and be seen by nobody else. The reference to `item` is
/// given up.
#[inline(always)]
unsafe fn set_first(list: *mut ffi::PyObject, place: ffi::Py_ssize_t, item: *mut ffi::PyObject) {
    // SAFETY: passed on to the caller.
    unsafe {
        #[cfg(not(Py_LIMITED_API))]
        ffi::PyList_SET_ITEM(list, place, item);
        #[cfg(Py_LIMITED_API)]
        ffi::PyList_SetItem(list, place, item);
    }
}

impl PyList {
    /// A list of the values.
    ///
    /// # Errors
    /// What a value's conversion raises.
    ///
    /// # Panics
    /// If the iterator is shorter than its [`size_hint`](Iterator::size_hint) promises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let squares = PyList::new(py, (1..4).map(|n| n * n))?;
    ///     assert_eq!(squares.to_string(), "[1, 4, 9]");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// Source: `PyList_New`.
    #[track_caller]
    pub fn new<'py, T>(
        py: Python<'py>,
        elements: impl IntoIterator<Item = T>,
    ) -> PyResult<Bound<'py, PyList>>
    where
        T: IntoPyObject<'py>,
    {
        let mut elements = elements.into_iter();
        let len = elements.size_hint().0;
        let list = Self::unfilled(py, len)?;
        let mut count = 0;
        for element in elements.by_ref().take(len) {
            let element = element.into_bound_py_any(py)?;
            // SAFETY: a new list with more than `count` places, seen by nobody else; this one is
            // empty, and takes over the reference.
            unsafe { set_first(list.as_ptr(), count, element.into_ptr()) };
            count += 1;
        }
        assert_eq!(
            len, count as usize,
            "Attempted to create PyList but `elements` was smaller than reported by its \
             `size_hint` implementation."
        );
        if len > 0 {
            // SAFETY: a complete list, untracked by `unfilled`.
            unsafe { ffi::PyObject_GC_Track(list.as_ptr().cast()) };
        }
        for element in elements {
            list.append(element)?;
        }
        Ok(list)
    }

    /// A list of `len` empty places, hidden from the garbage collector (through which Python code
    /// that runs in the meantime could see it) unless `len` is 0.
    fn unfilled(py: Python<'_>, len: usize) -> PyResult<Bound<'_, PyList>> {
        let size = new_size(len)?;
        // SAFETY: attached; a new list or null comes back. Untracking is also right when it dies
        // half-filled: its destructor does so itself.
        unsafe {
            let list = new_reference::<PyList>(py, ffi::PyList_New(size))?;
            if len > 0 {
                ffi::PyObject_GC_UnTrack(list.as_ptr().cast());
            }
            Ok(list)
        }
    }

    /// An empty list.
    ///
    /// # Panics
    /// If Python has no memory for it.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| assert!(PyList::empty(py).is_empty()));
    /// ```
    pub fn empty(py: Python<'_>) -> Bound<'_, PyList> {
        // SAFETY: attached; a new list or null comes back.
        unsafe { new_reference_or_panic(py, ffi::PyList_New(0)) }
    }
}

/// The methods of [`PyList`].
///
/// Indices are counted from the front, and too large ones are never wrapped round.
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
    /// The number of items.
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
    /// Source: `PyList_Size`.
    fn len(&self) -> usize;

    /// Whether it has no items.
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
    fn is_empty(&self) -> bool;

    /// The same object as a sequence.
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

    /// The same object as a sequence.
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

    /// The item at the index.
    ///
    /// # Errors
    /// `IndexError`, beyond the end.
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
    /// Source: `PyList_GetItemRef`.
    fn get_item(&self, index: usize) -> PyResult<Bound<'py, PyAny>>;

    /// The item at the index, which is not checked.
    ///
    /// # Safety
    /// The index must be less than the length, and on free-threaded builds no other thread may
    /// change the list meanwhile.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, ["a", "b"])?;
    ///     // SAFETY: it has two items, and nobody else knows the list.
    ///     let last = unsafe { list.get_item_unchecked(1) };
    ///     assert_eq!(last.to_string(), "b");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    unsafe fn get_item_unchecked(&self, index: usize) -> Bound<'py, PyAny>;

    /// A new list of the items from `low` to before `high`, as far as there are any.
    ///
    /// # Panics
    /// If Python has no memory for it.
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
    /// Source: `PyList_GetSlice`.
    fn get_slice(&self, low: usize, high: usize) -> Bound<'py, PyList>;

    /// Replaces the item at the index.
    ///
    /// # Errors
    /// `IndexError`, beyond the end; what the conversion raises.
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
    /// Source: `PyList_SetItem`.
    fn set_item<I>(&self, index: usize, item: I) -> PyResult<()>
    where
        I: IntoPyObject<'py>;

    /// `del list[index]`.
    ///
    /// # Errors
    /// `IndexError`, beyond the end.
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
    /// Source: `PySequence_DelItem`.
    fn del_item(&self, index: usize) -> PyResult<()>;

    /// `list[low:high] = items`.
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
    /// Source: `PyList_SetSlice`.
    fn set_slice(&self, low: usize, high: usize, items: &Bound<'_, PyAny>) -> PyResult<()>;

    /// `del list[low:high]`.
    ///
    /// # Errors
    /// What a subclass of `list` raises.
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
    /// Source: `PySequence_DelSlice`.
    fn del_slice(&self, low: usize, high: usize) -> PyResult<()>;

    /// Adds an item at the end.
    ///
    /// # Errors
    /// What the conversion raises.
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
    /// Source: `PyList_Append`.
    fn append<I>(&self, item: I) -> PyResult<()>
    where
        I: IntoPyObject<'py>;

    /// Inserts an item before the index; at the end, if that is beyond it.
    ///
    /// # Errors
    /// What the conversion raises.
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
    /// Source: `PyList_Insert`.
    fn insert<I>(&self, index: usize, item: I) -> PyResult<()>
    where
        I: IntoPyObject<'py>;

    /// `value in list`.
    ///
    /// # Errors
    /// What the conversion or a comparison raises.
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
    /// Source: `PySequence_Contains`.
    fn contains<V>(&self, value: V) -> PyResult<bool>
    where
        V: IntoPyObject<'py>;

    /// `list.index(value)`.
    ///
    /// # Errors
    /// `ValueError`, if there is none; what the conversion or a comparison raises.
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
    /// Source: `PySequence_Index`.
    fn index<V>(&self, value: V) -> PyResult<usize>
    where
        V: IntoPyObject<'py>;

    /// An iterator over the items.
    ///
    /// The list may change meanwhile: items that are gone when their turn comes are passed over,
    /// those added at the end are not visited.
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
    fn iter(&self) -> BoundListIterator<'py>;

    /// Calls `closure` with each item, with the list locked on free-threaded builds.
    ///
    /// # Errors
    /// The first of `closure`, which ends the iteration.
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
    fn locked_for_each<F>(&self, closure: F) -> PyResult<()>
    where
        F: Fn(Bound<'py, PyAny>) -> PyResult<()>;

    /// `list.sort()`.
    ///
    /// # Errors
    /// What a comparison raises.
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
    /// Source: `PyList_Sort`.
    fn sort(&self) -> PyResult<()>;

    /// `list.reverse()`.
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
    /// Source: `PyList_Reverse`.
    fn reverse(&self) -> PyResult<()>;

    /// A tuple of the items.
    ///
    /// # Panics
    /// If Python has no memory for it.
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
    /// Source: `PyList_AsTuple`.
    fn to_tuple(&self) -> Bound<'py, PyTuple>;
}

impl<'py> PyListMethods<'py> for Bound<'py, PyList> {
    #[inline]
    fn len(&self) -> usize {
        // SAFETY: attached; a list.
        unsafe { ffi::PyList_Size(self.as_ptr()) as usize }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    fn as_sequence(&self) -> &Bound<'py, PySequence> {
        // SAFETY: a list is a sequence.
        unsafe { self.cast_unchecked() }
    }

    #[inline]
    fn into_sequence(self) -> Bound<'py, PySequence> {
        // SAFETY: a list is a sequence.
        unsafe { self.cast_into_unchecked() }
    }

    #[inline]
    fn get_item(&self, place: usize) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: attached; a list; a new reference or null comes back.
        unsafe {
            let item = ffi::compat::PyList_GetItemRef(self.as_ptr(), index(place));
            new_reference(self.py(), item)
        }
    }

    #[inline]
    unsafe fn get_item_unchecked(&self, place: usize) -> Bound<'py, PyAny> {
        #[cfg(not(Py_LIMITED_API))]
        // SAFETY: the place exists and nobody else changes the list, as the caller promises.
        unsafe {
            Bound::from_borrowed_ptr(self.py(), ffi::PyList_GET_ITEM(self.as_ptr(), index(place)))
        }
        #[cfg(Py_LIMITED_API)]
        // SAFETY: attached; a list; the place exists.
        unsafe {
            let item = ffi::compat::PyList_GetItemRef(self.as_ptr(), index(place));
            Bound::from_owned_ptr(self.py(), item)
        }
    }

    fn get_slice(&self, low: usize, high: usize) -> Bound<'py, PyList> {
        // SAFETY: attached; a list; a new one or null comes back.
        unsafe {
            let slice = ffi::PyList_GetSlice(self.as_ptr(), index(low), index(high));
            new_reference_or_panic(self.py(), slice)
        }
    }

    fn set_item<I>(&self, place: usize, item: I) -> PyResult<()>
    where
        I: IntoPyObject<'py>,
    {
        let item = item.into_bound_py_any(self.py())?.into_ptr();
        // SAFETY: attached; a list; it takes over the reference even if it fails.
        let result = unsafe { ffi::PyList_SetItem(self.as_ptr(), index(place), item) };
        status(self.py(), result)
    }

    fn del_item(&self, index: usize) -> PyResult<()> {
        self.as_sequence().del_item(index)
    }

    fn set_slice(&self, low: usize, high: usize, items: &Bound<'_, PyAny>) -> PyResult<()> {
        // SAFETY: attached; a list and an object.
        let result =
            unsafe { ffi::PyList_SetSlice(self.as_ptr(), index(low), index(high), items.as_ptr()) };
        status(self.py(), result)
    }

    fn del_slice(&self, low: usize, high: usize) -> PyResult<()> {
        self.as_sequence().del_slice(low, high)
    }

    #[inline]
    fn append<I>(&self, item: I) -> PyResult<()>
    where
        I: IntoPyObject<'py>,
    {
        let item = item.into_bound_py_any(self.py())?;
        // SAFETY: attached; a list and an object.
        let result = unsafe { ffi::PyList_Append(self.as_ptr(), item.as_ptr()) };
        status(self.py(), result)
    }

    fn insert<I>(&self, place: usize, item: I) -> PyResult<()>
    where
        I: IntoPyObject<'py>,
    {
        let item = item.into_bound_py_any(self.py())?;
        // SAFETY: attached; a list and an object.
        let result = unsafe { ffi::PyList_Insert(self.as_ptr(), index(place), item.as_ptr()) };
        status(self.py(), result)
    }

    fn contains<V>(&self, value: V) -> PyResult<bool>
    where
        V: IntoPyObject<'py>,
    {
        self.as_sequence().contains(value)
    }

    fn index<V>(&self, value: V) -> PyResult<usize>
    where
        V: IntoPyObject<'py>,
    {
        self.as_sequence().index(value)
    }

    fn iter(&self) -> BoundListIterator<'py> {
        BoundListIterator::new(self.clone())
    }

    fn locked_for_each<F>(&self, closure: F) -> PyResult<()>
    where
        F: Fn(Bound<'py, PyAny>) -> PyResult<()>,
    {
        with_critical_section(self, || self.iter().try_for_each(closure))
    }

    fn sort(&self) -> PyResult<()> {
        // SAFETY: attached; a list.
        status(self.py(), unsafe { ffi::PyList_Sort(self.as_ptr()) })
    }

    fn reverse(&self) -> PyResult<()> {
        // SAFETY: attached; a list.
        status(self.py(), unsafe { ffi::PyList_Reverse(self.as_ptr()) })
    }

    fn to_tuple(&self) -> Bound<'py, PyTuple> {
        // SAFETY: attached; a list; a new tuple or null comes back.
        unsafe { new_reference_or_panic(self.py(), ffi::PyList_AsTuple(self.as_ptr())) }
    }
}

/// An iterator over the items of a list: see [`PyListMethods::iter`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyList;
/// use pyatoll::types::iter::BoundListIterator;
///
/// Python::attach(|py| {
///     let mut items: BoundListIterator<'_> = PyList::new(py, ["a", "b", "c"])?.iter();
///     assert_eq!(items.next().unwrap().to_string(), "a");
///     assert_eq!(items.next_back().unwrap().to_string(), "c");
///     assert_eq!(items.len(), 1);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub struct BoundListIterator<'py> {
    list: Bound<'py, PyList>,
    span: Span,
}

impl<'py> BoundListIterator<'py> {
    fn new(list: Bound<'py, PyList>) -> Self {
        let span = Span::new(list.len());
        Self { list, span }
    }

    /// The item, if there still is one.
    #[inline]
    fn get(&self, place: usize) -> Option<Bound<'py, PyAny>> {
        #[cfg(not(any(Py_GIL_DISABLED, Py_LIMITED_API)))]
        {
            // SAFETY: the span was just brought up to date, and nothing has run since.
            Some(unsafe { self.list.get_item_unchecked(place) })
        }
        #[cfg(any(Py_GIL_DISABLED, Py_LIMITED_API))]
        {
            // Another thread may have shortened the list: then iteration ends.
            self.list.get_item(place).ok()
        }
    }
}

span_iterator!(
    ['py] BoundListIterator<'py>,
    Bound<'py, PyAny>,
    |this: &mut BoundListIterator<'py>| this.span.shrink(this.list.len()),
    |this: &BoundListIterator<'py>, place| this.get(place),
);

impl<'py> IntoIterator for Bound<'py, PyList> {
    type Item = Bound<'py, PyAny>;
    type IntoIter = BoundListIterator<'py>;

    fn into_iter(self) -> Self::IntoIter {
        BoundListIterator::new(self)
    }
}

impl<'py> IntoIterator for &Bound<'py, PyList> {
    type Item = Bound<'py, PyAny>;
    type IntoIter = BoundListIterator<'py>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
