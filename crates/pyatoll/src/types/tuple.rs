//! `tuple`.

use std::ops::Deref;

use pyo3_ffi as ffi;

use super::returned::{index, new_reference, new_reference_or_panic, new_size};
use super::span::Span;
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::sequence::PySequenceMethods;
use crate::types::{PyAny, PyList, PySequence};

/// Python's `tuple`. Its methods are in [`PyTupleMethods`].
///
/// Rust tuples of up to 12 values convert to and from it.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyTuple;
///
/// Python::attach(|py| {
///     let same = PyTuple::new(py, ["a", "b"])?;
///     let mixed: Bound<'_, PyTuple> = ("a", 1, true).into_pyobject(py)?;
///     assert_eq!(same.to_string(), "('a', 'b')");
///     assert_eq!(mixed.to_string(), "('a', 1, True)");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[repr(transparent)]
pub struct PyTuple(PyAny);

native_type!(PyTuple, PyTuple_Type, PyTuple_Check);

impl PyTuple {
    /// A tuple of the values.
    ///
    /// # Errors
    /// What a value's conversion raises.
    ///
    /// # Panics
    /// If the iterator's length is not what it said.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| {
    ///     let tuple = PyTuple::new(py, [1, 2, 3].map(|n| n * n))?;
    ///     assert_eq!(tuple.to_string(), "(1, 4, 9)");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// Source: `PyTuple_New`.
    #[track_caller]
    pub fn new<'py, T, U>(
        py: Python<'py>,
        elements: impl IntoIterator<Item = T, IntoIter = U>,
    ) -> PyResult<Bound<'py, PyTuple>>
    where
        T: IntoPyObject<'py>,
        U: ExactSizeIterator<Item = T>,
    {
        let mut elements = elements.into_iter();
        let len = elements.len();
        let tuple = Self::unfilled(py, len)?;
        let mut count = 0;
        for element in elements.by_ref().take(len) {
            let element = element.into_bound_py_any(py)?;
            // SAFETY: a new tuple with more than `count` places and one reference, seen by nobody
            // else; this place is empty, and takes over the reference.
            unsafe { ffi::PyTuple_SetItem(tuple.as_ptr(), count, element.into_ptr()) };
            count += 1;
        }
        assert!(
            elements.next().is_none(),
            "Attempted to create PyTuple but `elements` was larger than reported by its \
             `ExactSizeIterator` implementation."
        );
        assert_eq!(
            len, count as usize,
            "Attempted to create PyTuple but `elements` was smaller than reported by its \
             `ExactSizeIterator` implementation."
        );
        if len > 0 {
            // SAFETY: a complete tuple, untracked by `unfilled`.
            unsafe { ffi::PyObject_GC_Track(tuple.as_ptr().cast()) };
        }
        Ok(tuple)
    }

    /// A tuple of `len` empty places, hidden from the garbage collector (through which Python code
    /// that runs in the meantime could see it) unless `len` is 0.
    fn unfilled(py: Python<'_>, len: usize) -> PyResult<Bound<'_, PyTuple>> {
        let size = new_size(len)?;
        // SAFETY: attached; a new tuple or null comes back (the shared one if `len` is 0).
        // Untracking is also right when it dies half-filled: its destructor does so itself.
        unsafe {
            let tuple = new_reference::<PyTuple>(py, ffi::PyTuple_New(size))?;
            if len > 0 {
                ffi::PyObject_GC_UnTrack(tuple.as_ptr().cast());
            }
            Ok(tuple)
        }
    }

    /// The empty tuple.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| assert!(PyTuple::empty(py).is_empty()));
    /// ```
    pub fn empty(py: Python<'_>) -> Bound<'_, PyTuple> {
        // SAFETY: attached; a new reference comes back.
        unsafe { new_reference_or_panic(py, ffi::PyTuple_New(0)) }
    }
}

/// The methods of [`PyTuple`].
///
/// Indices are counted from the front, and too large ones are never wrapped round.
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
    /// The number of items.
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
    /// Source: `PyTuple_Size`.
    fn len(&self) -> usize;

    /// Whether it has no items.
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
    fn is_empty(&self) -> bool;

    /// The same object as a sequence.
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

    /// The same object as a sequence.
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

    /// A tuple of the items from `low` to before `high`, as far as there are any.
    ///
    /// # Panics
    /// If Python has no memory for it.
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
    /// Source: `PyTuple_GetSlice`.
    fn get_slice(&self, low: usize, high: usize) -> Bound<'py, PyTuple>;

    /// The item at the index.
    ///
    /// # Errors
    /// `IndexError`, beyond the end.
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
    /// Source: `PyTuple_GetItem`.
    fn get_item(&self, index: usize) -> PyResult<Bound<'py, PyAny>>;

    /// As [`get_item`](PyTupleMethods::get_item), without a new reference: the tuple keeps its
    /// items.
    ///
    /// # Errors
    /// `IndexError`, beyond the end.
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
    fn get_borrowed_item<'a>(&'a self, index: usize) -> PyResult<Borrowed<'a, 'py, PyAny>>;

    /// The item at the index, which is not checked.
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
    ///     // SAFETY: it has two items.
    ///     let last = unsafe { tuple.get_item_unchecked(1) };
    ///     assert_eq!(last.to_string(), "b");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    unsafe fn get_item_unchecked(&self, index: usize) -> Bound<'py, PyAny>;

    /// As [`get_item_unchecked`](PyTupleMethods::get_item_unchecked), without a new reference.
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
    ///     // SAFETY: it has two items.
    ///     let last = unsafe { tuple.get_borrowed_item_unchecked(1) };
    ///     assert!(last.is(&tuple.get_item(1)?));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    unsafe fn get_borrowed_item_unchecked<'a>(&'a self, index: usize) -> Borrowed<'a, 'py, PyAny>;

    /// The items as something that derefs to a slice of [`Bound`].
    ///
    /// It is made for the call, since a tuple holds one word for each item and a handle is two.
    /// [`iter_borrowed`](PyTupleMethods::iter_borrowed) allocates nothing.
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
    fn as_slice(&self) -> TupleSlice<'_, 'py>;

    /// `value in tuple`.
    ///
    /// # Errors
    /// What the conversion or a comparison raises.
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
    /// Source: `PySequence_Contains`.
    fn contains<V>(&self, value: V) -> PyResult<bool>
    where
        V: IntoPyObject<'py>;

    /// `tuple.index(value)`.
    ///
    /// # Errors
    /// `ValueError`, if there is none; what the conversion or a comparison raises.
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
    /// Source: `PySequence_Index`.
    fn index<V>(&self, value: V) -> PyResult<usize>
    where
        V: IntoPyObject<'py>;

    /// An iterator over the items.
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
    fn iter(&self) -> BoundTupleIterator<'py>;

    /// As [`iter`](PyTupleMethods::iter), without new references.
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
    fn iter_borrowed<'a>(&'a self) -> BorrowedTupleIterator<'a, 'py>;

    /// A list of the items.
    ///
    /// # Panics
    /// If Python has no memory for it.
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
    /// Source: `PySequence_List`.
    fn to_list(&self) -> Bound<'py, PyList>;
}

impl<'py> PyTupleMethods<'py> for Bound<'py, PyTuple> {
    #[inline]
    fn len(&self) -> usize {
        // SAFETY: attached; a tuple.
        unsafe { ffi::PyTuple_Size(self.as_ptr()) as usize }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    fn as_sequence(&self) -> &Bound<'py, PySequence> {
        // SAFETY: a tuple is a sequence.
        unsafe { self.cast_unchecked() }
    }

    #[inline]
    fn into_sequence(self) -> Bound<'py, PySequence> {
        // SAFETY: a tuple is a sequence.
        unsafe { self.cast_into_unchecked() }
    }

    fn get_slice(&self, low: usize, high: usize) -> Bound<'py, PyTuple> {
        // SAFETY: attached; a tuple; a new reference to one or null comes back.
        unsafe {
            let slice = ffi::PyTuple_GetSlice(self.as_ptr(), index(low), index(high));
            new_reference_or_panic(self.py(), slice)
        }
    }

    #[inline]
    fn get_item(&self, index: usize) -> PyResult<Bound<'py, PyAny>> {
        self.get_borrowed_item(index).map(Borrowed::to_owned)
    }

    #[inline]
    fn get_borrowed_item<'a>(&'a self, place: usize) -> PyResult<Borrowed<'a, 'py, PyAny>> {
        // SAFETY: attached; a tuple; it keeps the item as long as it lives.
        unsafe {
            let item = ffi::PyTuple_GetItem(self.as_ptr(), index(place));
            Borrowed::from_ptr_or_err(self.py(), item)
        }
    }

    #[inline]
    unsafe fn get_item_unchecked(&self, index: usize) -> Bound<'py, PyAny> {
        // SAFETY: passed on to the caller.
        unsafe { self.get_borrowed_item_unchecked(index).to_owned() }
    }

    #[inline]
    unsafe fn get_borrowed_item_unchecked<'a>(&'a self, place: usize) -> Borrowed<'a, 'py, PyAny> {
        // SAFETY: the place exists, as the caller promises; the tuple keeps the item.
        unsafe { item_unchecked(self.as_borrowed(), place) }
    }

    fn as_slice(&self) -> TupleSlice<'_, 'py> {
        TupleSlice(self.iter_borrowed().collect())
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

    fn iter(&self) -> BoundTupleIterator<'py> {
        BoundTupleIterator::new(self.clone())
    }

    fn iter_borrowed<'a>(&'a self) -> BorrowedTupleIterator<'a, 'py> {
        self.as_borrowed().iter_borrowed()
    }

    fn to_list(&self) -> Bound<'py, PyList> {
        // SAFETY: attached; a tuple; a new list or null comes back.
        unsafe { new_reference_or_panic(self.py(), ffi::PySequence_List(self.as_ptr())) }
    }
}

/// # Safety
/// The tuple must have that place.
#[inline]
pub(crate) unsafe fn item_unchecked<'a, 'py>(
    tuple: Borrowed<'a, 'py, PyTuple>,
    place: usize,
) -> Borrowed<'a, 'py, PyAny> {
    #[cfg(not(Py_LIMITED_API))]
    // SAFETY: the place exists; the tuple keeps the item as long as it lives.
    unsafe {
        Borrowed::from_ptr(
            tuple.py(),
            ffi::PyTuple_GET_ITEM(tuple.as_ptr(), index(place)),
        )
    }
    #[cfg(Py_LIMITED_API)]
    // SAFETY: as above.
    unsafe {
        Borrowed::from_ptr(
            tuple.py(),
            ffi::PyTuple_GetItem(tuple.as_ptr(), index(place)),
        )
    }
}

impl<'a, 'py> Borrowed<'a, 'py, PyTuple> {
    pub(crate) fn iter_borrowed(self) -> BorrowedTupleIterator<'a, 'py> {
        BorrowedTupleIterator {
            tuple: self,
            span: Span::new(self.len()),
        }
    }
}

/// The items of a tuple: see [`PyTupleMethods::as_slice`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyTuple;
///
/// Python::attach(|py| {
///     let tuple = PyTuple::new(py, ["a", "b", "c"])?;
///     let items = tuple.as_slice();
///     assert!(items.first().unwrap().is(&tuple.get_item(0)?));
///     assert_eq!(items[1..].len(), 2);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub struct TupleSlice<'a, 'py>(Box<[Borrowed<'a, 'py, PyAny>]>);

impl<'py> Deref for TupleSlice<'_, 'py> {
    type Target = [Bound<'py, PyAny>];

    #[inline]
    fn deref(&self) -> &[Bound<'py, PyAny>] {
        let items: &[Borrowed<'_, 'py, PyAny>] = &self.0;
        // SAFETY: `Borrowed` and `Bound` have the same layout, and shared references to `Bound`s
        // neither drop nor move them; the tuple keeps the objects alive meanwhile.
        unsafe { std::slice::from_raw_parts(items.as_ptr().cast(), items.len()) }
    }
}

impl<'a, 'py> IntoIterator for TupleSlice<'a, 'py> {
    type Item = Borrowed<'a, 'py, PyAny>;
    type IntoIter = std::vec::IntoIter<Borrowed<'a, 'py, PyAny>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_vec().into_iter()
    }
}

impl<'s, 'py> IntoIterator for &'s TupleSlice<'_, 'py> {
    type Item = &'s Bound<'py, PyAny>;
    type IntoIter = std::slice::Iter<'s, Bound<'py, PyAny>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl std::fmt::Debug for TupleSlice<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

/// An iterator over the items of a tuple: see [`PyTupleMethods::iter`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyTuple;
/// use pyatoll::types::iter::BoundTupleIterator;
///
/// Python::attach(|py| {
///     let mut items: BoundTupleIterator<'_> = PyTuple::new(py, ["a", "b", "c"])?.into_iter();
///     assert_eq!(items.next().unwrap().to_string(), "a");
///     assert_eq!(items.next_back().unwrap().to_string(), "c");
///     assert_eq!(items.len(), 1);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub struct BoundTupleIterator<'py> {
    tuple: Bound<'py, PyTuple>,
    span: Span,
}

impl<'py> BoundTupleIterator<'py> {
    fn new(tuple: Bound<'py, PyTuple>) -> Self {
        let span = Span::new(tuple.len());
        Self { tuple, span }
    }
}

span_iterator!(
    ['py] BoundTupleIterator<'py>,
    Bound<'py, PyAny>,
    |_: &mut BoundTupleIterator<'py>| (),
    |this: &BoundTupleIterator<'py>, place| {
        // SAFETY: the span's places exist, since tuples do not shrink.
        Some(unsafe { this.tuple.get_item_unchecked(place) })
    },
);

/// An iterator over the items of a tuple: see [`PyTupleMethods::iter_borrowed`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyTuple;
/// use pyatoll::types::iter::BorrowedTupleIterator;
///
/// Python::attach(|py| {
///     let tuple = PyTuple::new(py, ["a", "b", "c"])?;
///     let mut items: BorrowedTupleIterator<'_, '_> = tuple.iter_borrowed();
///     assert_eq!(items.nth(1).unwrap().to_string(), "b");
///     assert_eq!(items.len(), 1);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub struct BorrowedTupleIterator<'a, 'py> {
    tuple: Borrowed<'a, 'py, PyTuple>,
    span: Span,
}

span_iterator!(
    ['a, 'py] BorrowedTupleIterator<'a, 'py>,
    Borrowed<'a, 'py, PyAny>,
    |_: &mut BorrowedTupleIterator<'a, 'py>| (),
    |this: &BorrowedTupleIterator<'a, 'py>, place| {
        // SAFETY: the span's places exist, since tuples do not shrink.
        Some(unsafe { item_unchecked(this.tuple, place) })
    },
);

impl<'py> IntoIterator for Bound<'py, PyTuple> {
    type Item = Bound<'py, PyAny>;
    type IntoIter = BoundTupleIterator<'py>;

    fn into_iter(self) -> Self::IntoIter {
        BoundTupleIterator::new(self)
    }
}

impl<'py> IntoIterator for &Bound<'py, PyTuple> {
    type Item = Bound<'py, PyAny>;
    type IntoIter = BoundTupleIterator<'py>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::{PyTuple, PyTupleMethods};
    use crate::interpreter::Python;

    /// Says it has `.0` items, and has `.1`.
    struct Wrong(usize, usize);

    impl Iterator for Wrong {
        type Item = &'static str;

        fn next(&mut self) -> Option<&'static str> {
            self.1 = self.1.checked_sub(1)?;
            Some("x")
        }
    }

    impl ExactSizeIterator for Wrong {
        fn len(&self) -> usize {
            self.0
        }
    }

    #[test]
    #[should_panic(expected = "was smaller than reported")]
    fn an_iterator_that_promised_more_panics() {
        Python::attach(|py| drop(PyTuple::new(py, Wrong(5, 2))));
    }

    #[test]
    #[should_panic(expected = "was larger than reported")]
    fn an_iterator_that_promised_less_panics() {
        Python::attach(|py| drop(PyTuple::new(py, Wrong(2, 5))));
    }

    #[test]
    fn iterators_can_be_used_from_both_ends() {
        Python::attach(|py| {
            let tuple = PyTuple::new(py, ["a", "b", "c", "d", "e"]).unwrap();
            let mut items = tuple.iter();
            assert_eq!(items.nth(1).unwrap().to_string(), "b");
            assert_eq!(items.next_back().unwrap().to_string(), "e");
            assert_eq!((items.len(), items.count()), (2, 2));
            let mut items = tuple.iter_borrowed();
            assert_eq!(items.nth_back(1).unwrap().to_string(), "d");
            assert_eq!(items.last().unwrap().to_string(), "c");
            assert!(tuple.iter().nth(5).is_none());
        });
    }

    #[test]
    fn a_slice_of_handles_takes_no_references() {
        Python::attach(|py| {
            let tuple = PyTuple::new(py, ["pyatoll unshared a", "b"]).unwrap();
            // SAFETY: attached; a live object.
            let count = || unsafe { pyo3_ffi::Py_REFCNT(tuple.get_item(0).unwrap().as_ptr()) };
            let before = count();
            let items = tuple.as_slice();
            assert_eq!(count(), before);
            assert_eq!(
                items.iter().map(|item| item.to_string().len()).max(),
                Some(18)
            );
            assert_eq!(items.into_iter().count(), 2);
            assert_eq!(count(), before);
            assert!(PyTuple::empty(py).as_slice().is_empty());
        });
    }

    #[test]
    fn indices_are_not_wrapped() {
        Python::attach(|py| {
            let tuple = PyTuple::new(py, ["a", "b"]).unwrap();
            assert!(tuple.get_item(usize::MAX).is_err());
            assert_eq!(tuple.get_slice(1, usize::MAX).len(), 1);
        });
    }
}
