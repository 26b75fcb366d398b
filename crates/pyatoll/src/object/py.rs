//! [`Py<T>`]: an owned reference without a token, which knows its interpreter.

use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use pyo3_ffi as ffi;

use super::{Borrowed, Bound, DerefToPyAny, PyTypeCheck, WrongInterpreter};
use crate::convert::FromPyObject;
use crate::error::{CastError, PyErr, PyResult};
use crate::interpreter::{AttachError, Interpreter, LocalInternals, Python};
use crate::types::PyAny;

/// An owned reference to a Python object, independent of any token: it can be kept in a `static`,
/// sent to another thread, or stored in a Rust struct.
///
/// It is the object's pointer and its owner, the interpreter it was made in.
///
/// - Using it takes a token of its owner: [`bind`](Py::bind), or [`try_bind`](Py::try_bind) where
///   the token may be of another interpreter, or [`Py::attach`] to enter the owner first.
/// - Dropping it is safe anywhere: at once where this thread is attached to the owner, else when
///   the owner is next entered. If the owner has ended, nothing happens.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyList;
///
/// let list: Py<PyList> = Python::attach(|py| PyList::new(py, [1, 2]).unwrap().unbind());
/// std::thread::spawn(move || {
///     list.attach(|_py, list| assert_eq!(list.len(), 2)).unwrap();
///     // `list` is dropped here, by a thread that is not attached.
/// })
/// .join()
/// .unwrap();
/// ```
#[repr(C)]
pub struct Py<T> {
    pointer: NonNull<ffi::PyObject>,
    owner: &'static LocalInternals,
    marker: PhantomData<T>,
}

const _: () = assert!(size_of::<Py<PyAny>>() == 2 * size_of::<usize>());
const _: () = assert!(size_of::<Option<Py<PyAny>>>() == 2 * size_of::<usize>());

// SAFETY: everything that touches the object needs a token of its owner, so the thread that does
// is attached; dropping checks where it is. What an object of a `#[pyclass]` that is not `Send`
// allows is checked by the class.
unsafe impl<T> Send for Py<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Py<T> {}

impl<T> Py<T> {
    /// # Safety
    /// The caller gives up a reference to a valid object of `owner` that is a `T`.
    #[inline]
    pub(crate) unsafe fn from_owned_parts(
        pointer: NonNull<ffi::PyObject>,
        owner: &'static LocalInternals,
    ) -> Self {
        Self {
            pointer,
            owner,
            marker: PhantomData,
        }
    }

    /// Binds it to a token, or says that the token is of another interpreter. Costs one comparison.
    ///
    /// # Errors
    /// [`WrongInterpreter`], which becomes a Python `RuntimeError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// let object: Py<PyAny> = Python::attach(|py| py.None());
    /// Python::attach(|py| assert!(object.try_bind(py).unwrap().is_none()));
    /// ```
    #[inline]
    pub fn try_bind<'py>(&self, py: Python<'py>) -> Result<&Bound<'py, T>, WrongInterpreter> {
        if std::ptr::eq(self.owner, py.local()) {
            // SAFETY: the same layout (asserted in `bound`), and the token is the owner's.
            Ok(unsafe { &*std::ptr::from_ref(self).cast::<Bound<'py, T>>() })
        } else {
            Err(WrongInterpreter::new(self.owner, py))
        }
    }

    /// Binds it to a token of its interpreter. Costs one comparison.
    ///
    /// # Panics
    /// If the token is of another interpreter. At the boundary to Python that panic becomes a
    /// `RuntimeError` which names both interpreters; [`try_bind`](Py::try_bind) returns it instead.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// let object: Py<PyAny> = Python::attach(|py| py.None());
    /// Python::attach(|py| assert!(object.bind(py).is_none()));
    /// ```
    #[inline]
    #[track_caller]
    pub fn bind<'py>(&self, py: Python<'py>) -> &Bound<'py, T> {
        match self.try_bind(py) {
            Ok(bound) => bound,
            Err(error) => error.panic(),
        }
    }

    /// As [`bind`](Py::bind), by value.
    ///
    /// # Panics
    /// If the token is of another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// let list: Py<PyList> = Python::attach(|py| PyList::empty(py).unbind());
    /// Python::attach(|py| {
    ///     let list: Bound<'_, PyList> = list.into_bound(py);
    ///     assert!(list.is_empty());
    /// });
    /// ```
    #[inline]
    #[track_caller]
    pub fn into_bound(self, py: Python<'_>) -> Bound<'_, T> {
        if let Err(error) = self.try_bind(py) {
            error.panic();
        }
        let this = ManuallyDrop::new(self);
        // SAFETY: the reference moves, and the token is the owner's.
        unsafe { Bound::from_owned_non_null(py, this.pointer) }
    }

    /// As [`into_bound`](Py::into_bound), or says that the token is of another interpreter.
    ///
    /// # Errors
    /// [`WrongInterpreter`]; the reference is dropped.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::SubInterpreter;
    ///
    /// let object: Py<PyAny> = Python::attach(|py| py.None());
    /// Python::attach(|py| assert!(object.clone_ref(py).try_into_bound(py).is_ok()));
    /// let sub = SubInterpreter::builder().build()?;
    /// assert!(sub.attach(|py| object.try_into_bound(py).is_err())?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn try_into_bound(self, py: Python<'_>) -> Result<Bound<'_, T>, WrongInterpreter> {
        self.try_bind(py)?;
        let this = ManuallyDrop::new(self);
        // SAFETY: the reference moves, and the token is the owner's.
        Ok(unsafe { Bound::from_owned_non_null(py, this.pointer) })
    }

    /// As [`bind`](Py::bind), to a [`Borrowed`].
    ///
    /// # Panics
    /// If the token is of another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// let object: Py<PyAny> = Python::attach(|py| py.None());
    /// Python::attach(|py| {
    ///     let borrowed: Borrowed<'_, '_, PyAny> = object.bind_borrowed(py);
    ///     assert!(borrowed.is_none());
    /// });
    /// ```
    #[inline]
    #[track_caller]
    pub fn bind_borrowed<'a, 'py: 'a>(&'a self, py: Python<'py>) -> Borrowed<'a, 'py, T> {
        if let Err(error) = self.try_bind(py) {
            error.panic();
        }
        // SAFETY: the token is the owner's, and `self` keeps the object alive for `'a`.
        unsafe { Borrowed::from_non_null(py, self.pointer) }
    }

    /// As [`try_bind`](Py::try_bind), to a [`Borrowed`].
    ///
    /// # Errors
    /// [`WrongInterpreter`], which becomes a Python `RuntimeError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// let object: Py<PyAny> = Python::attach(|py| py.None());
    /// Python::attach(|py| assert!(object.try_bind_borrowed(py).unwrap().is_none()));
    /// ```
    #[inline]
    pub fn try_bind_borrowed<'a, 'py: 'a>(
        &'a self,
        py: Python<'py>,
    ) -> Result<Borrowed<'a, 'py, T>, WrongInterpreter> {
        self.try_bind(py)?;
        // SAFETY: the token is the owner's, and `self` keeps the object alive for `'a`.
        Ok(unsafe { Borrowed::from_non_null(py, self.pointer) })
    }

    /// Enters the interpreter that owns the object, from any thread, and runs `f` with the object.
    ///
    /// # Errors
    /// As for [`Interpreter::attach`]: the owner has ended, or this thread is attached to another
    /// interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// let number: Py<PyAny> = Python::attach(|py| py.eval(c"6 * 7", None, None).unwrap().unbind());
    /// let value = number.attach(|_py, number| number.extract::<i32>())??;
    /// assert_eq!(value, 42);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn attach<F, R>(&self, f: F) -> Result<R, AttachError>
    where
        F: for<'py> FnOnce(Python<'py>, &Bound<'py, T>) -> R,
    {
        self.interpreter().attach(|py| f(py, self.bind(py)))
    }

    /// The interpreter that owns the object.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// let object: Py<PyAny> = Python::attach(|py| py.None());
    /// assert!(object.interpreter().is_main());
    /// ```
    pub fn interpreter(&self) -> Interpreter {
        Interpreter::new(self.owner)
    }

    /// The state that owns it.
    #[inline]
    pub(crate) fn owner(&self) -> &'static LocalInternals {
        self.owner
    }

    /// The object's address: borrowed. It means something only in the owner.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let object: Py<PyAny> = py.None();
    ///     assert_eq!(object.as_ptr(), object.bind(py).as_ptr());
    /// });
    /// ```
    #[inline]
    pub fn as_ptr(&self) -> *mut ffi::PyObject {
        self.pointer.as_ptr()
    }

    /// The object's address, with the reference: the caller must release it, in the owner.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, ["a"])?.unbind().into_ptr();
    ///     // SAFETY: a list of this interpreter, and the reference that `into_ptr` gave.
    ///     let list = unsafe { Py::<PyList>::from_owned_ptr(py, list) };
    ///     assert_eq!(list.bind(py).len(), 1);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub fn into_ptr(self) -> *mut ffi::PyObject {
        ManuallyDrop::new(self).as_ptr()
    }

    /// The same reference without its type.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list: Py<PyList> = PyList::empty(py).unbind();
    ///     let any: &Py<PyAny> = list.as_any();
    ///     assert!(any.is(&list));
    /// });
    /// ```
    #[inline]
    pub fn as_any(&self) -> &Py<PyAny> {
        // SAFETY: every object is a `PyAny`; the layout does not depend on `T`.
        unsafe { &*std::ptr::from_ref(self).cast::<Py<PyAny>>() }
    }

    /// The same reference without its type.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list: Py<PyList> = PyList::empty(py).unbind();
    ///     let any: Py<PyAny> = list.into_any();
    ///     assert_eq!(any.bind(py).to_string(), "[]");
    /// });
    /// ```
    #[inline]
    pub fn into_any(self) -> Py<PyAny> {
        let this = ManuallyDrop::new(self);
        // SAFETY: the reference moves; every object is a `PyAny`.
        unsafe { Py::from_owned_parts(this.pointer, this.owner) }
    }

    /// Another reference to the same object.
    ///
    /// # Panics
    /// If the token is of another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list: Py<PyList> = PyList::empty(py).unbind();
    ///     let same = list.clone_ref(py);
    ///     same.bind(py).append("a")?;
    ///     assert_eq!(list.bind(py).len(), 1);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn clone_ref(&self, py: Python<'_>) -> Py<T> {
        self.bind(py).clone().unbind()
    }

    /// Drops it at once, which is cheaper than dropping it without a token.
    ///
    /// # Panics
    /// If the token is of another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list: Py<PyList> = PyList::empty(py).unbind();
    ///     let before = list.get_refcnt(py);
    ///     list.clone_ref(py).drop_ref(py);
    ///     assert_eq!(list.get_refcnt(py), before);
    /// });
    /// ```
    #[inline]
    #[track_caller]
    pub fn drop_ref(self, py: Python<'_>) {
        drop(self.into_bound(py));
    }

    /// Whether both are the same object (`is`).
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let (one, two) = (PyList::empty(py).unbind(), PyList::empty(py).unbind());
    ///     assert!(one.is(&one.clone_ref(py)));
    ///     assert!(!one.is(&two));
    /// });
    /// ```
    #[inline]
    pub fn is<U: AsRef<Py<PyAny>>>(&self, other: U) -> bool {
        self.as_ptr() == other.as_ref().as_ptr()
    }

    /// The number of references to the object.
    ///
    /// # Panics
    /// If the token is of another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list: Py<PyList> = PyList::empty(py).unbind();
    ///     let before = list.get_refcnt(py);
    ///     let _same = list.clone_ref(py);
    ///     assert_eq!(list.get_refcnt(py), before + 1);
    /// });
    /// ```
    #[inline]
    #[track_caller]
    pub fn get_refcnt(&self, py: Python<'_>) -> isize {
        // SAFETY: attached to the owner.
        unsafe { ffi::Py_REFCNT(self.bind(py).as_ptr()) as isize }
    }

    /// Whether it is `None`.
    ///
    /// # Panics
    /// If the token is of another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     assert!(py.None().is_none(py));
    ///     assert!(!py.Ellipsis().is_none(py));
    /// });
    /// ```
    #[track_caller]
    pub fn is_none(&self, py: Python<'_>) -> bool {
        // SAFETY: `None` is a static of CPython.
        self.bind(py).as_ptr() == unsafe { ffi::Py_None() }
    }

    /// Converts to a Rust type. What borrows from the object (a `&str`) lives no longer than the
    /// token: the interpreter may end after that, and takes the object with it.
    ///
    /// # Panics
    /// If the token is of another interpreter.
    ///
    /// # Errors
    /// The conversion's own, if the object has no such value.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let number: Py<PyAny> = py.eval(c"6 * 7", None, None)?.unbind();
    ///     assert_eq!(number.extract::<i32>(py)?, 42);
    ///     assert!(number.extract::<String>(py).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn extract<'a, 'py: 'a, D>(&'a self, py: Python<'py>) -> Result<D, D::Error>
    where
        D: FromPyObject<'a, 'py>,
    {
        self.bind_borrowed(py).extract()
    }

    /// As [`Bound::cast`], after [`bind`](Py::bind).
    ///
    /// # Panics
    /// If the token is of another interpreter.
    ///
    /// # Errors
    /// [`CastError`], which becomes a `TypeError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyDict, PyList};
    ///
    /// Python::attach(|py| {
    ///     let list: Py<PyAny> = py.eval(c"['a']", None, None)?.unbind();
    ///     assert_eq!(list.cast_bound::<PyList>(py)?.len(), 1);
    ///     assert!(list.cast_bound::<PyDict>(py).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[track_caller]
    pub fn cast_bound<'py, U>(&self, py: Python<'py>) -> Result<&Bound<'py, U>, CastError<'_, 'py>>
    where
        U: PyTypeCheck,
    {
        self.bind(py).cast()
    }

    /// As [`Bound::cast_unchecked`], after [`bind`](Py::bind).
    ///
    /// # Safety
    /// The object must be a `U`.
    ///
    /// # Panics
    /// If the token is of another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let any: Py<PyAny> = py.eval(c"['a']", None, None)?.unbind();
    ///     // SAFETY: a list display makes a `list`.
    ///     let list = unsafe { any.cast_bound_unchecked::<PyList>(py) };
    ///     assert_eq!(list.len(), 1);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[track_caller]
    pub unsafe fn cast_bound_unchecked<'py, U>(&self, py: Python<'py>) -> &Bound<'py, U> {
        // SAFETY: passed on to the caller.
        unsafe { self.bind(py).cast_unchecked() }
    }

    /// Takes over a new reference.
    ///
    /// # Safety
    /// As for [`Bound::from_owned_ptr`], and the object must be a `T`.
    ///
    /// # Panics
    /// If `ptr` is null.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::{ffi, types::PyList};
    ///
    /// Python::attach(|py| {
    ///     // SAFETY: `PyList_New` gives a new reference to a list.
    ///     let list: Py<PyList> = unsafe { Py::from_owned_ptr(py, ffi::PyList_New(0)) };
    ///     assert!(list.bind(py).is_empty());
    /// });
    /// ```
    #[inline]
    #[track_caller]
    pub unsafe fn from_owned_ptr(py: Python<'_>, ptr: *mut ffi::PyObject) -> Py<T> {
        // SAFETY: passed on to the caller.
        unsafe {
            Bound::from_owned_ptr(py, ptr)
                .cast_into_unchecked()
                .unbind()
        }
    }

    /// Takes over a new reference; null stands for the exception that is set.
    ///
    /// # Safety
    /// As for [`Bound::from_owned_ptr_or_err`], and the object must be a `T`.
    ///
    /// # Errors
    /// The exception that is set, if `ptr` is null.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::{exceptions::PySystemError, ffi, types::PyList};
    ///
    /// Python::attach(|py| {
    ///     // SAFETY: a new reference to a list, or null with an exception set, comes back.
    ///     let list: PyResult<Py<PyList>> =
    ///         unsafe { Py::from_owned_ptr_or_err(py, ffi::PyList_New(-1)) };
    ///     assert!(list.unwrap_err().is_instance_of::<PySystemError>(py));
    /// });
    /// ```
    #[inline]
    pub unsafe fn from_owned_ptr_or_err(
        py: Python<'_>,
        ptr: *mut ffi::PyObject,
    ) -> PyResult<Py<T>> {
        // SAFETY: passed on to the caller.
        unsafe {
            Ok(Bound::from_owned_ptr_or_err(py, ptr)?
                .cast_into_unchecked()
                .unbind())
        }
    }

    /// Makes a new reference to an object that somebody else keeps alive.
    ///
    /// # Safety
    /// As for [`Bound::from_borrowed_ptr`], and the object must be a `T`.
    ///
    /// # Panics
    /// If `ptr` is null.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::ffi;
    ///
    /// Python::attach(|py| {
    ///     let list = py.eval(c"['a']", None, None)?;
    ///     // SAFETY: the item is there, borrowed from the list.
    ///     let item: Py<PyAny> =
    ///         unsafe { Py::from_borrowed_ptr(py, ffi::PyList_GetItem(list.as_ptr(), 0)) };
    ///     assert_eq!(item.extract::<String>(py)?, "a");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    #[track_caller]
    pub unsafe fn from_borrowed_ptr(py: Python<'_>, ptr: *mut ffi::PyObject) -> Py<T> {
        // SAFETY: passed on to the caller.
        unsafe {
            Bound::from_borrowed_ptr(py, ptr)
                .cast_into_unchecked()
                .unbind()
        }
    }
}

impl<T> Drop for Py<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the reference is ours, made in `owner`.
        unsafe { self.owner.release(self.pointer) };
    }
}

/// Another reference to the same object. Only with the feature `py-clone`: without a token, the
/// thread must be attached to the owner.
///
/// # Panics
/// If this thread is not attached to the object's interpreter, or is in a `__traverse__`, where no
/// reference count may change.
#[cfg(feature = "py-clone")]
impl<T> Clone for Py<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        assert!(
            self.owner.is_current(),
            "cannot clone a `Py` of interpreter {}: this thread is not attached to it",
            self.owner.id()
        );
        assert!(
            !self.owner.is_in_traverse(),
            "cannot clone a `Py` in `__traverse__`: the garbage collector is counting references"
        );
        // SAFETY: attached to the owner, just checked; the new reference goes into the handle.
        unsafe {
            ffi::Py_INCREF(self.pointer.as_ptr());
            Self::from_owned_parts(self.pointer, self.owner)
        }
    }
}

impl<T> AsRef<Py<PyAny>> for Py<T> {
    #[inline]
    fn as_ref(&self) -> &Py<PyAny> {
        self.as_any()
    }
}

impl<T: DerefToPyAny> From<Py<T>> for Py<PyAny> {
    fn from(this: Py<T>) -> Self {
        this.into_any()
    }
}

impl<T: DerefToPyAny> From<Bound<'_, T>> for Py<PyAny> {
    fn from(this: Bound<'_, T>) -> Self {
        this.into_any().unbind()
    }
}

impl<T> From<Bound<'_, T>> for Py<T> {
    fn from(this: Bound<'_, T>) -> Self {
        this.unbind()
    }
}

impl<T> From<&Bound<'_, T>> for Py<T> {
    fn from(this: &Bound<'_, T>) -> Self {
        this.clone().unbind()
    }
}

impl<T> From<Borrowed<'_, '_, T>> for Py<T> {
    fn from(this: Borrowed<'_, '_, T>) -> Self {
        this.to_owned().unbind()
    }
}

impl<T> fmt::Debug for Py<T> {
    /// The address and the owner: `repr` needs a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Py").field(&self.pointer).finish()
    }
}

impl<T> fmt::Display for Py<T> {
    /// Python's `str`, in the object's interpreter; its address where that cannot be entered.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attach(|_py, object| fmt::Display::fmt(object, f)) {
            Ok(result) => result,
            Err(_) => fmt::Debug::fmt(self, f),
        }
    }
}

impl<'a, 'py, T: PyTypeCheck + 'a> FromPyObject<'a, 'py> for Py<T> {
    type Error = CastError<'a, 'py>;

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        object.cast::<T>().map(Py::from)
    }
}

impl<'a, 'py, T: PyTypeCheck + 'a> FromPyObject<'a, 'py> for Bound<'py, T> {
    type Error = CastError<'a, 'py>;

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        object.cast::<T>().map(Borrowed::to_owned)
    }
}

impl From<WrongInterpreter> for PyErr {
    fn from(error: WrongInterpreter) -> Self {
        crate::exceptions::PyRuntimeError::new_err(error.to_string())
    }
}

impl From<AttachError> for PyErr {
    fn from(error: AttachError) -> Self {
        crate::exceptions::PyRuntimeError::new_err(error.to_string())
    }
}
