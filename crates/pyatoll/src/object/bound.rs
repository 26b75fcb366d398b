//! [`Bound<'py, T>`]: an owned reference to a Python object, with the token.

use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;

use pyo3_ffi as ffi;

use super::{Borrowed, DerefToPyAny, Py, PyTypeCheck};
use crate::error::{CastError, CastIntoError, PyErr, PyResult};
use crate::interpreter::Python;
use crate::types::PyAny;

/// An owned reference to a Python object of type `T`, on a thread that is attached to the object's
/// interpreter while `'py` lasts.
///
/// It is the object's pointer and the token. Methods come from the `Py…Methods` traits in the
/// prelude; `T` says which apply. [`unbind`](Bound::unbind) makes a [`Py<T>`] of it, which can
/// leave `'py`, at no cost.
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
    py: Python<'py>,
    marker: PhantomData<T>,
}

// `bind` and `as_unbound` reinterpret references between these two.
const _: () = assert!(size_of::<Bound<'_, PyAny>>() == size_of::<Py<PyAny>>());
const _: () = assert!(size_of::<Option<Bound<'_, PyAny>>>() == size_of::<Bound<'_, PyAny>>());

impl<'py, T> Bound<'py, T> {
    /// # Safety
    /// The caller gives up a reference to a valid object that is a `T`.
    #[inline]
    pub(crate) unsafe fn from_owned_non_null(
        py: Python<'py>,
        pointer: NonNull<ffi::PyObject>,
    ) -> Self {
        Self {
            pointer,
            py,
            marker: PhantomData,
        }
    }

    /// The token.
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
    pub fn py(&self) -> Python<'py> {
        self.py
    }

    /// The object's address: borrowed, valid while `self` is.
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
    pub fn as_ptr(&self) -> *mut ffi::PyObject {
        self.pointer.as_ptr()
    }

    /// The object's address, with the reference: the caller must release it.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::{ffi, types::PyList};
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, ["a"])?.into_ptr();
    ///     // SAFETY: a list of this interpreter, and the reference that `into_ptr` gave.
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

    /// The same object without its type.
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

    /// The same object without its type.
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

    /// A copyable reference to it.
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
        unsafe { Borrowed::from_non_null(self.py, self.pointer) }
    }

    /// Takes the token off. Costs nothing.
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
        // SAFETY: the reference moves; its owner is the token's interpreter.
        unsafe { Py::from_owned_parts(this.pointer, this.py.owner()) }
    }

    /// The same handle, seen without its token. Costs nothing.
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
        // SAFETY: the layouts are the same (asserted above, both `repr(C)`): pointer, then the
        // owner, which is what a token is.
        unsafe { &*std::ptr::from_ref(self).cast::<Py<T>>() }
    }

    /// Casts to a Python type, checking that the object is an instance of it or of a subtype.
    ///
    /// # Errors
    /// [`CastError`], which becomes a `TypeError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyDict, PyList};
    ///
    /// Python::attach(|py| {
    ///     let any = py.eval(c"[]", None, None).unwrap();
    ///     assert!(any.cast::<PyList>().is_ok());
    ///     assert!(any.cast::<PyDict>().is_err());
    /// });
    /// ```
    #[inline]
    pub fn cast<U: PyTypeCheck>(&self) -> Result<&Bound<'py, U>, CastError<'_, 'py>> {
        if U::type_check(self.as_any()) {
            // SAFETY: just checked.
            Ok(unsafe { self.cast_unchecked_ref() })
        } else {
            Err(CastError::new(
                self.as_any().as_borrowed(),
                U::classinfo_object(self.py),
            ))
        }
    }

    /// As [`cast`](Bound::cast), by value.
    ///
    /// # Errors
    /// [`CastIntoError`], with the object.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyDict, PyList};
    ///
    /// Python::attach(|py| {
    ///     let list: Bound<'_, PyList> = py.eval(c"['a']", None, None)?.cast_into()?;
    ///     assert_eq!(list.len(), 1);
    ///     let error = list.into_any().cast_into::<PyDict>().unwrap_err();
    ///     assert_eq!(error.into_inner().to_string(), "['a']");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub fn cast_into<U: PyTypeCheck>(self) -> Result<Bound<'py, U>, CastIntoError<'py>> {
        if U::type_check(self.as_any()) {
            // SAFETY: just checked.
            Ok(unsafe { self.into_unchecked() })
        } else {
            let class = U::classinfo_object(self.py);
            Err(CastIntoError::new(self.into_any(), class))
        }
    }

    /// As [`cast`](Bound::cast), but the object's type must be exactly `U`, not a subtype.
    ///
    /// # Errors
    /// [`CastError`], which becomes a `TypeError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyBool, PyInt};
    ///
    /// Python::attach(|py| {
    ///     let flag = py.eval(c"True", None, None)?;
    ///     assert!(flag.cast::<PyInt>().is_ok(), "`bool` is a subtype of `int`");
    ///     assert!(flag.cast_exact::<PyInt>().is_err());
    ///     assert!(flag.cast_exact::<PyBool>().is_ok());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub fn cast_exact<U: super::PyTypeInfo>(&self) -> Result<&Bound<'py, U>, CastError<'_, 'py>> {
        if U::is_exact_type_of(self.as_any()) {
            // SAFETY: just checked.
            Ok(unsafe { self.cast_unchecked_ref() })
        } else {
            let class = U::type_object(self.py).into_any();
            Err(CastError::new(self.as_any().as_borrowed(), class))
        }
    }

    /// As [`cast_exact`](Bound::cast_exact), by value.
    ///
    /// # Errors
    /// [`CastIntoError`], with the object.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyInt;
    ///
    /// Python::attach(|py| {
    ///     let number = py.eval(c"7", None, None)?.cast_into_exact::<PyInt>()?;
    ///     assert_eq!(number.to_string(), "7");
    ///     assert!(py.eval(c"True", None, None)?.cast_into_exact::<PyInt>().is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub fn cast_into_exact<U: super::PyTypeInfo>(
        self,
    ) -> Result<Bound<'py, U>, CastIntoError<'py>> {
        if U::is_exact_type_of(self.as_any()) {
            // SAFETY: just checked.
            Ok(unsafe { self.into_unchecked() })
        } else {
            let class = U::type_object(self.py).into_any();
            Err(CastIntoError::new(self.into_any(), class))
        }
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
    ///     // SAFETY: a list display makes a `list`.
    ///     let list = unsafe { any.cast_unchecked::<PyList>() };
    ///     assert_eq!(list.len(), 1);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub unsafe fn cast_unchecked<U>(&self) -> &Bound<'py, U> {
        // SAFETY: passed on to the caller.
        unsafe { self.cast_unchecked_ref() }
    }

    /// As [`cast_unchecked`](Bound::cast_unchecked), by value.
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
    ///     // SAFETY: a list display makes a `list`.
    ///     let list: Bound<'_, PyList> = unsafe { any.cast_into_unchecked() };
    ///     assert_eq!(list.len(), 1);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub unsafe fn cast_into_unchecked<U>(self) -> Bound<'py, U> {
        // SAFETY: passed on to the caller.
        unsafe { self.into_unchecked() }
    }

    #[inline]
    unsafe fn cast_unchecked_ref<U>(&self) -> &Bound<'py, U> {
        // SAFETY: the layout does not depend on the type parameter; that the object is a `U` is
        // passed on to the caller.
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
    /// Takes over a new reference, as most CPython functions return.
    ///
    /// # Safety
    /// `ptr` must point to an object of the token's interpreter, and the caller gives up one
    /// reference to it.
    ///
    /// # Panics
    /// If `ptr` is null.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::ffi;
    ///
    /// Python::attach(|py| {
    ///     // SAFETY: `PyList_New` gives a new reference.
    ///     let list = unsafe { Bound::from_owned_ptr(py, ffi::PyList_New(0)) };
    ///     assert_eq!(list.to_string(), "[]");
    /// });
    /// ```
    #[inline]
    #[track_caller]
    pub unsafe fn from_owned_ptr(py: Python<'py>, ptr: *mut ffi::PyObject) -> Self {
        let pointer = NonNull::new(ptr).unwrap_or_else(|| null_object(py));
        // SAFETY: passed on to the caller.
        unsafe { Self::from_owned_non_null(py, pointer) }
    }

    /// As [`from_owned_ptr`](Bound::from_owned_ptr); `None` for null.
    ///
    /// # Safety
    /// As there, unless `ptr` is null.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::ffi;
    ///
    /// Python::attach(|py| {
    ///     // SAFETY: a new reference; null is none.
    ///     unsafe {
    ///         assert!(Bound::from_owned_ptr_or_opt(py, ffi::PyList_New(0)).is_some());
    ///         assert!(Bound::from_owned_ptr_or_opt(py, std::ptr::null_mut()).is_none());
    ///     }
    /// });
    /// ```
    #[inline]
    pub unsafe fn from_owned_ptr_or_opt(py: Python<'py>, ptr: *mut ffi::PyObject) -> Option<Self> {
        // SAFETY: passed on to the caller.
        NonNull::new(ptr).map(|pointer| unsafe { Self::from_owned_non_null(py, pointer) })
    }

    /// As [`from_owned_ptr`](Bound::from_owned_ptr); null stands for the exception that is set.
    ///
    /// # Safety
    /// As there, unless `ptr` is null.
    ///
    /// # Errors
    /// The exception that is set, if `ptr` is null.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::{exceptions::PyTypeError, ffi};
    ///
    /// Python::attach(|py| {
    ///     let text = py.eval(c"'text'", None, None)?;
    ///     // SAFETY: a new reference, or null with an exception set, comes back.
    ///     let result = unsafe {
    ///         Bound::from_owned_ptr_or_err(py, ffi::PyNumber_Negative(text.as_ptr()))
    ///     };
    ///     assert!(result.unwrap_err().is_instance_of::<PyTypeError>(py));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub unsafe fn from_owned_ptr_or_err(
        py: Python<'py>,
        ptr: *mut ffi::PyObject,
    ) -> PyResult<Self> {
        match NonNull::new(ptr) {
            // SAFETY: passed on to the caller.
            Some(pointer) => Ok(unsafe { Self::from_owned_non_null(py, pointer) }),
            None => Err(PyErr::fetch(py)),
        }
    }

    /// Makes a new reference to an object that somebody else keeps alive.
    ///
    /// # Safety
    /// `ptr` must point to a live object of the token's interpreter.
    ///
    /// # Panics
    /// If `ptr` is null.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::ffi;
    ///
    /// Python::attach(|py| {
    ///     let list = py.eval(c"['a', 'b']", None, None)?;
    ///     // SAFETY: the item is there, borrowed from the list.
    ///     let item =
    ///         unsafe { Bound::from_borrowed_ptr(py, ffi::PyList_GetItem(list.as_ptr(), 0)) };
    ///     drop(list);
    ///     assert_eq!(item.to_string(), "a");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    #[track_caller]
    pub unsafe fn from_borrowed_ptr(py: Python<'py>, ptr: *mut ffi::PyObject) -> Self {
        // SAFETY: passed on to the caller.
        unsafe { Borrowed::from_ptr(py, ptr).to_owned() }
    }

    /// As [`from_borrowed_ptr`](Bound::from_borrowed_ptr); `None` for null.
    ///
    /// # Safety
    /// As there, unless `ptr` is null.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::ffi;
    ///
    /// Python::attach(|py| {
    ///     let dict = py.eval(c"{'a': 'x'}", None, None)?;
    ///     let get = |key: &std::ffi::CStr| {
    ///         // SAFETY: a value borrowed from the dict, or null without an exception, comes back.
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
        // SAFETY: passed on to the caller.
        unsafe { Borrowed::from_ptr_or_opt(py, ptr).map(Borrowed::to_owned) }
    }

    /// As [`from_borrowed_ptr`](Bound::from_borrowed_ptr); null stands for the exception set.
    ///
    /// # Safety
    /// As there, unless `ptr` is null.
    ///
    /// # Errors
    /// The exception that is set, if `ptr` is null.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::{exceptions::PyIndexError, ffi};
    ///
    /// Python::attach(|py| {
    ///     let list = py.eval(c"['a']", None, None)?;
    ///     // SAFETY: an item borrowed from the list, or null with an exception set, comes back.
    ///     let item = unsafe {
    ///         Bound::from_borrowed_ptr_or_err(py, ffi::PyList_GetItem(list.as_ptr(), 1))
    ///     };
    ///     assert!(item.unwrap_err().is_instance_of::<PyIndexError>(py));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub unsafe fn from_borrowed_ptr_or_err(
        py: Python<'py>,
        ptr: *mut ffi::PyObject,
    ) -> PyResult<Self> {
        // SAFETY: passed on to the caller.
        unsafe { Borrowed::from_ptr_or_err(py, ptr).map(Borrowed::to_owned) }
    }
}

/// A null pointer where an object must be: out of memory, or a bug in the caller.
#[cold]
#[track_caller]
pub(super) fn null_object(py: Python<'_>) -> ! {
    match PyErr::take(py) {
        Some(error) => panic!("Python raised an exception where none was expected: {error}"),
        None => panic!("a null pointer where a Python object was expected"),
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
        // SAFETY: attached to the object's interpreter while `'py` lasts; the reference is ours.
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

impl<T> fmt::Debug for Bound<'_, T> {
    /// Python's `repr`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: attached; a new reference or null comes back.
        let text = unsafe {
            let repr = ffi::PyObject_Repr(self.as_ptr());
            Bound::from_owned_ptr_or_err(self.py, repr)
        };
        write_text(f, self.as_any(), text)
    }
}

impl<T> fmt::Display for Bound<'_, T> {
    /// Python's `str`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: attached; a new reference or null comes back.
        let text = unsafe {
            let str = ffi::PyObject_Str(self.as_ptr());
            Bound::from_owned_ptr_or_err(self.py, str)
        };
        write_text(f, self.as_any(), text)
    }
}

/// Writes what `str` or `repr` gave. An object whose method raised is named by its type, and the
/// exception goes to `sys.unraisablehook`.
fn write_text(
    f: &mut fmt::Formatter<'_>,
    object: &Bound<'_, PyAny>,
    text: PyResult<Bound<'_, PyAny>>,
) -> fmt::Result {
    let error = match text {
        Ok(text) => return f.write_str(&crate::types::string::to_string_lossy(&text)),
        Err(error) => error,
    };
    error.write_unraisable(object.py(), Some(object));
    let name = crate::types::typeobject::name_of_type(object);
    write!(f, "<unprintable {name} object>")
}
