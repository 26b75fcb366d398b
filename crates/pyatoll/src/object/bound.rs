//! [`Bound<'py, T>`]: an owned reference to a Python object, with the token.

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;

use super::owner::check_attached;
use super::{Borrowed, DerefToPyAny, Py, PyAny};
use crate::capi as ffi;
use crate::interpreter::{AnyThread, Python, StoredState};

/// An owned reference to a Python object of type `T`, held by a thread that is attached to the
/// object's interpreter for `'py`.
///
/// It consists of the object's pointer and the token. Its methods come from the `Py…Methods` traits
/// in the prelude; `T` determines which apply. [`unbind`](Bound::unbind) turns it into a [`Py<T>`],
/// which may outlive `'py`, at no cost.
///
/// ```
/// use pyatoll::prelude::*;
///
/// Python::attach(|py| {
///     let list: Bound<'_, PyAny> = py.eval(c"[1, 2]", None, None)?;
///     list.call_method1("append", (3,))?;
///     assert_eq!(list.len()?, 3);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[repr(C)]
pub struct Bound<'py, T> {
    pointer: NonNull<ffi::PyObject>,
    py: StoredState<'py>,
    marker: PhantomData<(Python<'py>, T)>,
}

/// The bound that keeps `Bound` and `Borrowed` from being `Send` and `Sync`: no type implements it.
#[diagnostic::on_unimplemented(
    message = "`{T}` stays on its thread, and in its attachment: `unbind()` it first",
    label = "uses a handle where the thread is not attached to its interpreter",
    note = "the `Py<…>` that `unbind()` returns may go anywhere; `bind(py)` turns it into a handle \
            where a thread is attached to its interpreter"
)]
pub trait MayUse<T> {}

// SAFETY: the bound never holds: no type implements the trait.
unsafe impl<'py, T> Send for Bound<'py, T> where AnyThread: MayUse<Bound<'py, T>> {}
// SAFETY: the bound never holds: no type implements the trait.
unsafe impl<'py, T> Sync for Bound<'py, T> where AnyThread: MayUse<Bound<'py, T>> {}

// `Py::bind` and `Bound::as_unbound` reinterpret references between the two types.
const _: () = assert!(size_of::<Bound<'_, PyAny>>() == size_of::<Py<PyAny>>());
const _: () = assert!(size_of::<Option<Bound<'_, PyAny>>>() == size_of::<Bound<'_, PyAny>>());

impl<'py, T> Bound<'py, T> {
    /// Creates a handle that takes over a reference.
    ///
    /// # Safety
    /// `pointer` must point to a valid `T` of the token's interpreter, and the caller gives up one
    /// reference to it.
    #[inline]
    pub(crate) unsafe fn from_owned_non_null(
        py: Python<'py>,
        pointer: NonNull<ffi::PyObject>,
    ) -> Self {
        Self {
            pointer,
            py: StoredState::new(py.local()),
            marker: PhantomData,
        }
    }

    /// Returns the token, without the check of debug builds.
    #[inline(always)]
    fn token(&self) -> Python<'py> {
        Python::new(self.py.get())
    }

    /// Returns the token.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// fn double<'py>(number: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    ///     let py: Python<'py> = number.py();
    ///     number.add(number.to_owned().into_pyobject(py)?)
    /// }
    /// # Python::attach(|py| {
    /// #     let four = double(&py.eval(c"2", None, None)?)?;
    /// #     assert_eq!(four.extract::<i32>()?, 4);
    /// #     Ok::<_, PyErr>(())
    /// # }).unwrap();
    /// ```
    #[inline]
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn py(&self) -> Python<'py> {
        let py = self.token();
        check_attached(py);
        py
    }

    /// Returns the object's address, borrowed: it is valid as long as `self`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::ffi;
    ///
    /// Python::attach(|py| {
    ///     let none = py.None().into_bound(py);
    ///     // SAFETY: `None` is a static of CPython.
    ///     assert_eq!(none.as_ptr(), unsafe { ffi::Py_None() });
    /// });
    /// ```
    #[inline]
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn as_ptr(&self) -> *mut ffi::PyObject {
        check_attached(self.token());
        self.pointer.as_ptr()
    }

    /// Returns the object's address together with the reference, which the caller must release.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::{ffi, types::PyList};
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, ["a"])?.into_ptr();
    ///     // SAFETY: attached; `list` is a list; `into_ptr`'s reference is released once.
    ///     unsafe {
    ///         assert_eq!(ffi::PyList_Size(list), 1);
    ///         ffi::Py_DECREF(list);
    ///     }
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub fn into_ptr(self) -> *mut ffi::PyObject {
        ManuallyDrop::new(self).as_ptr()
    }

    #[inline]
    pub(crate) fn as_non_null(&self) -> NonNull<ffi::PyObject> {
        self.pointer
    }

    /// Returns a reference to the same handle without the object's type.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list: Bound<'_, PyList> = PyList::new(py, ["a"])?;
    ///     let any: &Bound<'_, PyAny> = list.as_any();
    ///     assert!(any.is(&list));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub fn as_any(&self) -> &Bound<'py, PyAny> {
        // SAFETY: every object is a `PyAny`; the layout does not depend on `T`.
        unsafe { self.cast_unchecked_ref() }
    }

    /// Converts into a handle without the object's type.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyDict, PyList};
    ///
    /// Python::attach(|py| {
    ///     let mixed = [PyList::empty(py).into_any(), PyDict::new(py).into_any()];
    ///     assert_eq!(mixed.map(|object: Bound<'_, PyAny>| object.to_string()), ["[]", "{}"]);
    /// });
    /// ```
    #[inline]
    pub fn into_any(self) -> Bound<'py, PyAny> {
        // SAFETY: every object is a `PyAny`.
        unsafe { self.into_unchecked() }
    }

    /// Returns a copyable reference to the object.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyString;
    ///
    /// Python::attach(|py| {
    ///     let text = PyString::new(py, "atoll");
    ///     let borrowed: Borrowed<'_, '_, PyString> = text.as_borrowed();
    ///     assert_eq!(borrowed.to_str()?, "atoll");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub fn as_borrowed<'a>(&'a self) -> Borrowed<'a, 'py, T> {
        // SAFETY: `self` keeps the object alive for `'a`.
        unsafe { Borrowed::from_non_null(self.token(), self.pointer) }
    }

    /// Removes the token. This costs nothing.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// let kept: Py<PyAny> = Python::attach(|py| py.eval(c"'kept'", None, None).unwrap().unbind());
    /// Python::attach(|py| assert_eq!(kept.bind(py).to_string(), "kept"));
    /// ```
    #[inline]
    pub fn unbind(self) -> Py<T> {
        let this = ManuallyDrop::new(self);
        // SAFETY: the reference moves into the new handle; its owner is the token's interpreter.
        unsafe { Py::from_owned_parts(this.pointer, this.token().owner()) }
    }

    /// Returns a reference to the same handle without the token. This costs nothing.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::empty(py);
    ///     let unbound: &Py<PyList> = list.as_unbound();
    ///     assert!(unbound.is(&list));
    /// });
    /// ```
    #[inline]
    pub fn as_unbound(&self) -> &Py<T> {
        // SAFETY: `Bound` and `Py` have the same layout (both `repr(C)`, sizes asserted above):
        // the pointer, then the owner, which is what a token points to.
        unsafe { &*std::ptr::from_ref(self).cast::<Py<T>>() }
    }

    /// Casts without a check.
    ///
    /// # Safety
    /// The object must be a `U`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let any = py.eval(c"['a']", None, None)?;
    ///     // SAFETY: a list display evaluates to a `list`.
    ///     let list = unsafe { any.cast_unchecked::<PyList>() };
    ///     assert_eq!(list.len(), 1);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub unsafe fn cast_unchecked<U>(&self) -> &Bound<'py, U> {
        // SAFETY: upheld by the caller: the object is a `U`.
        unsafe { self.cast_unchecked_ref() }
    }

    /// Casts by value, without a check; see [`cast_unchecked`](Bound::cast_unchecked).
    ///
    /// # Safety
    /// The object must be a `U`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let any = py.eval(c"['a']", None, None)?;
    ///     // SAFETY: a list display evaluates to a `list`.
    ///     let list: Bound<'_, PyList> = unsafe { any.cast_into_unchecked() };
    ///     assert_eq!(list.len(), 1);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub unsafe fn cast_into_unchecked<U>(self) -> Bound<'py, U> {
        // SAFETY: upheld by the caller: the object is a `U`.
        unsafe { self.into_unchecked() }
    }

    #[inline]
    unsafe fn cast_unchecked_ref<U>(&self) -> &Bound<'py, U> {
        // SAFETY: the layout does not depend on the type parameter; the caller guarantees that the
        // object is a `U`.
        unsafe { &*std::ptr::from_ref(self).cast::<Bound<'py, U>>() }
    }

    #[inline]
    unsafe fn into_unchecked<U>(self) -> Bound<'py, U> {
        let this = ManuallyDrop::new(self);
        Bound {
            pointer: this.pointer,
            py: this.py,
            marker: PhantomData,
        }
    }
}

impl<'py> Bound<'py, PyAny> {
    /// Takes over an owned reference, or returns `None` if `ptr` is null; see
    /// [`from_owned_ptr`](Bound::from_owned_ptr).
    ///
    /// # Safety
    /// `ptr` must be null, or point to an object of the token's interpreter to which the caller
    /// gives up one reference.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::ffi;
    ///
    /// Python::attach(|py| {
    ///     // SAFETY: `PyList_New` returns a new reference; null is allowed.
    ///     unsafe {
    ///         assert!(Bound::from_owned_ptr_or_opt(py, ffi::PyList_New(0)).is_some());
    ///         assert!(Bound::from_owned_ptr_or_opt(py, std::ptr::null_mut()).is_none());
    ///     }
    /// });
    /// ```
    #[inline]
    pub unsafe fn from_owned_ptr_or_opt(py: Python<'py>, ptr: *mut ffi::PyObject) -> Option<Self> {
        // SAFETY: upheld by the caller: a reference to a valid object, as `ptr` is not null here.
        NonNull::new(ptr).map(|pointer| unsafe { Self::from_owned_non_null(py, pointer) })
    }

    /// Creates a new reference, or returns `None` if `ptr` is null; see
    /// [`from_borrowed_ptr`](Bound::from_borrowed_ptr).
    ///
    /// # Safety
    /// `ptr` must be null or point to a live object of the token's interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::ffi;
    ///
    /// Python::attach(|py| {
    ///     let dict = py.eval(c"{'a': 'x'}", None, None)?;
    ///     let get = |key: &std::ffi::CStr| {
    ///         // SAFETY: returns a reference borrowed from `dict`, or null without an exception.
    ///         unsafe {
    ///             let value = ffi::PyDict_GetItemString(dict.as_ptr(), key.as_ptr());
    ///             Bound::from_borrowed_ptr_or_opt(py, value)
    ///         }
    ///     };
    ///     assert!(get(c"a").is_some());
    ///     assert!(get(c"b").is_none());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub unsafe fn from_borrowed_ptr_or_opt(
        py: Python<'py>,
        ptr: *mut ffi::PyObject,
    ) -> Option<Self> {
        // SAFETY: upheld by the caller: null or a live object.
        unsafe { Borrowed::from_ptr_or_opt(py, ptr).map(Borrowed::to_owned) }
    }
}

impl<T> Clone for Bound<'_, T> {
    #[inline]
    fn clone(&self) -> Self {
        self.as_borrowed().to_owned()
    }
}

impl<T> Drop for Bound<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: attached to the object's interpreter for `'py`; the handle owns one reference.
        unsafe { ffi::Py_DECREF(self.pointer.as_ptr()) };
    }
}

impl<'py, T: DerefToPyAny> Deref for Bound<'py, T> {
    type Target = Bound<'py, PyAny>;

    #[inline]
    fn deref(&self) -> &Bound<'py, PyAny> {
        self.as_any()
    }
}

impl<'py, T> AsRef<Bound<'py, PyAny>> for Bound<'py, T> {
    #[inline]
    fn as_ref(&self) -> &Bound<'py, PyAny> {
        self.as_any()
    }
}

impl<T> AsRef<Py<PyAny>> for Bound<'_, T> {
    #[inline]
    fn as_ref(&self) -> &Py<PyAny> {
        self.as_any().as_unbound()
    }
}

impl<'py, T> From<&Bound<'py, T>> for Bound<'py, T> {
    fn from(this: &Bound<'py, T>) -> Self {
        this.clone()
    }
}
