//! [`Py<T>`]: an owned reference without a token that knows its interpreter.

use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use super::{Borrowed, Bound, DerefToPyAny, PyAny, WrongInterpreter};
use crate::capi as ffi;
use crate::interpreter::{AttachError, Interpreter, LocalInternals, Python, StoredState};

/// An owned reference to a Python object that is independent of any token: it can be kept in a
/// `static`, sent to another thread, or stored in a Rust struct.
///
/// It consists of the object's pointer and its owner, the interpreter it was created in.
///
/// - Using it requires a token of its owner: [`bind`](Py::bind), or [`try_bind`](Py::try_bind)
///   where the token may belong to another interpreter, or [`Py::attach`] to enter the owner first.
/// - Dropping it is safe anywhere. The reference is released immediately if this thread is attached
///   to the owner, otherwise when the owner is next entered, or returned to from
///   [`Python::detach`]. If the owner has ended, nothing happens.
///
/// # After the end
///
/// A handle that outlives its interpreter keeps its object in memory, even after the handle is
/// dropped: only that interpreter could release the reference. If the interpreter has its own GIL,
/// CPython (3.12 and later) then frees none of its memory, about 1.8 MB. Drop handles before their
/// interpreter ends (a struct's fields are dropped in order), or use a
/// [`PyArc`](crate::sync::PyArc), whose object the interpreter gives up at its end.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyList;
///
/// let list: Py<PyList> = Python::attach(|py| PyList::new(py, [1, 2]).unwrap().unbind());
/// std::thread::spawn(move || {
///     list.attach(|_py, list| assert_eq!(list.len(), 2)).unwrap();
///     // `list` is dropped here, on a thread that is not attached.
/// })
/// .join()
/// .unwrap();
/// ```
#[repr(C)]
pub struct Py<T> {
    pointer: NonNull<ffi::PyObject>,
    owner: StoredState<'static>,
    marker: PhantomData<T>,
}

const _: () = assert!(size_of::<Py<PyAny>>() == 2 * size_of::<usize>());
const _: () = assert!(size_of::<Option<Py<PyAny>>>() == 2 * size_of::<usize>());

// SAFETY: accessing the object requires a token of its owner, hence an attached thread; `drop`
// checks the attachment itself. Classes whose Rust value is not `Send` check the thread themselves.
unsafe impl<T> Send for Py<T> {}
// SAFETY: shared access requires a token of the owner as well.
unsafe impl<T> Sync for Py<T> {}

impl<T> Py<T> {
    /// Creates a handle that takes over a reference.
    ///
    /// # Safety
    /// `pointer` must point to a valid `T` of `owner`'s interpreter, and the caller gives up one
    /// reference to it.
    #[inline]
    pub(crate) unsafe fn from_owned_parts(
        pointer: NonNull<ffi::PyObject>,
        owner: &'static LocalInternals,
    ) -> Self {
        Self {
            pointer,
            owner: StoredState::new(owner),
            marker: PhantomData,
        }
    }

    /// Returns whether the token belongs to the object's interpreter.
    #[inline(always)]
    fn is_owned_by(&self, py: Python<'_>) -> bool {
        std::ptr::eq(self.owner.get(), py.local())
    }

    /// Drops a handle and returns the error: the token belongs to another interpreter. Takes its
    /// parts, so that the caller need not keep it in memory for this rare case.
    ///
    /// # Safety
    /// The caller must own a reference to the object, a `T` of `owner`'s interpreter, which this
    /// takes.
    #[cold]
    #[inline(never)]
    unsafe fn refuse(
        pointer: NonNull<ffi::PyObject>,
        owner: &'static LocalInternals,
        py: Python<'_>,
    ) -> WrongInterpreter {
        // SAFETY: upheld by the caller: a reference to a `T` of the owner's interpreter.
        unsafe { Self::from_owned_parts(pointer, owner) }.wrong_interpreter(py)
    }

    /// Binds the handle to a token, unless the token belongs to another interpreter. This costs one
    /// comparison.
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
        if self.is_owned_by(py) {
            // SAFETY: the token is the owner's.
            Ok(unsafe { self.bind_unchecked(py) })
        } else {
            Err(self.wrong_interpreter(py))
        }
    }

    /// Binds the handle to a token without the comparison.
    ///
    /// # Safety
    /// The token must belong to the object's interpreter.
    #[inline]
    pub(crate) unsafe fn bind_unchecked<'py>(&self, _py: Python<'py>) -> &Bound<'py, T> {
        // SAFETY: `Py` and `Bound` have the same layout (asserted in `bound`), and the token is the
        // owner's (upheld by the caller).
        unsafe { &*std::ptr::from_ref(self).cast::<Bound<'py, T>>() }
    }

    /// Returns the error of a use in another interpreter. Out of line, since `bind` is inlined
    /// everywhere.
    #[cold]
    #[inline(never)]
    fn wrong_interpreter(&self, py: Python<'_>) -> WrongInterpreter {
        WrongInterpreter::of::<T>(self.interpreter(), py)
    }

    /// Binds the handle to a token of its interpreter. This costs one comparison.
    ///
    /// # Panics
    /// If the token belongs to another interpreter. At the boundary to Python that panic becomes a
    /// `RuntimeError` that names both interpreters; [`try_bind`](Py::try_bind) returns an error
    /// instead.
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

    /// Binds the handle to a token by value; see [`bind`](Py::bind).
    ///
    /// # Panics
    /// If the token belongs to another interpreter.
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
        match self.try_into_bound(py) {
            Ok(bound) => bound,
            Err(error) => error.panic(),
        }
    }

    /// Binds the handle to a token by value, unless the token belongs to another interpreter.
    ///
    /// # Errors
    /// [`WrongInterpreter`]; the handle is dropped.
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
        let this = ManuallyDrop::new(self);
        let (pointer, owner) = (this.pointer, this.owner.get());
        if std::ptr::eq(owner, py.local()) {
            // SAFETY: the reference moves into the new handle, and the token is the owner's.
            Ok(unsafe { Bound::from_owned_non_null(py, pointer) })
        } else {
            // SAFETY: the reference is given up with this handle, which is not dropped.
            Err(unsafe { Self::refuse(pointer, owner, py) })
        }
    }

    /// Binds the handle to a token as a [`Borrowed`]; see [`bind`](Py::bind).
    ///
    /// # Panics
    /// If the token belongs to another interpreter.
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
    pub fn bind_borrowed<'a, 'py>(&'a self, py: Python<'py>) -> Borrowed<'a, 'py, T> {
        if let Err(error) = self.try_bind(py) {
            error.panic();
        }
        // SAFETY: the token is the owner's, and `self` keeps the object alive for `'a`.
        unsafe { Borrowed::from_non_null(py, self.pointer) }
    }

    /// Binds the handle to a token as a [`Borrowed`], unless the token belongs to another
    /// interpreter.
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
    pub fn try_bind_borrowed<'a, 'py>(
        &'a self,
        py: Python<'py>,
    ) -> Result<Borrowed<'a, 'py, T>, WrongInterpreter> {
        self.try_bind(py)?;
        // SAFETY: the token is the owner's, and `self` keeps the object alive for `'a`.
        Ok(unsafe { Borrowed::from_non_null(py, self.pointer) })
    }

    /// Attaches to the interpreter that owns the object, from any thread, and runs `f` with the
    /// object.
    ///
    /// # Errors
    /// Those of [`Interpreter::attach`]: the owner has ended, or this thread is attached to another
    /// interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// let number: Py<PyAny> =
    ///     Python::attach(|py| py.eval(c"6 * 7", None, None).unwrap().unbind());
    /// let value = number.attach(|_py, number| number.extract::<i32>())??;
    /// assert_eq!(value, 42);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn attach<F, R>(&self, f: F) -> Result<R, AttachError>
    where
        F: for<'py> FnOnce(Python<'py>, &Bound<'py, T>) -> R,
    {
        self.interpreter().attach(|py| f(py, self.bind(py)))
    }

    /// Returns the interpreter that owns the object.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// let object: Py<PyAny> = Python::attach(|py| py.None());
    /// assert!(object.interpreter().is_main());
    /// ```
    pub fn interpreter(&self) -> Interpreter {
        Interpreter::new(self.owner.get())
    }

    /// Returns the per-interpreter state that owns the object.
    #[inline]
    pub(crate) fn owner(&self) -> &'static LocalInternals {
        self.owner.get()
    }

    /// Returns the object's address, borrowed: it is meaningful only in the owner.
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

    /// Returns the object's address together with the reference, which the caller must release
    /// while attached to the owner.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyList::new(py, ["a"])?.unbind().into_ptr();
    ///     // SAFETY: `list` is a list of this interpreter, with the reference from `into_ptr`.
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

    /// Returns a reference to the same handle without the object's type.
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

    /// Converts into a handle without the object's type.
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
        // SAFETY: the reference moves into the new handle; every object is a `PyAny`.
        unsafe { Py::from_owned_parts(this.pointer, this.owner.get()) }
    }

    /// Creates another reference to the same object.
    ///
    /// # Panics
    /// If the token belongs to another interpreter.
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

    /// Releases the reference immediately, which is cheaper than dropping the handle without a
    /// token.
    ///
    /// # Panics
    /// If the token belongs to another interpreter.
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

    /// Returns whether both handles refer to the same object (Python's `is`).
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

    /// Returns the object's reference count.
    ///
    /// # Panics
    /// If the token belongs to another interpreter.
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
        // SAFETY: attached to the owner, as `bind` checks.
        unsafe { ffi::Py_REFCNT(self.bind(py).as_ptr()) as isize }
    }

    /// Returns whether the object is `None`.
    ///
    /// # Panics
    /// If the token belongs to another interpreter.
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
        // SAFETY: only takes the address of `None`.
        self.bind(py).as_ptr() == unsafe { ffi::Py_None() }
    }

    /// Binds and casts the handle; see [`bind`](Py::bind) and [`Bound::cast_unchecked`].
    ///
    /// # Safety
    /// The object must be a `U`.
    ///
    /// # Panics
    /// If the token belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let any: Py<PyAny> = py.eval(c"['a']", None, None)?.unbind();
    ///     // SAFETY: a list display evaluates to a `list`.
    ///     let list = unsafe { any.cast_bound_unchecked::<PyList>(py) };
    ///     assert_eq!(list.len(), 1);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[track_caller]
    pub unsafe fn cast_bound_unchecked<'py, U>(&self, py: Python<'py>) -> &Bound<'py, U> {
        // SAFETY: upheld by the caller: the object is a `U`.
        unsafe { self.bind(py).cast_unchecked() }
    }
}

impl<T> Drop for Py<T> {
    // Always inlined, down to a call that takes both words by value: compilers keep a handle in
    // memory wherever its address is passed to its destructor, even on unwinding.
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the handle owns one reference to an object of `owner`.
        unsafe { self.owner.get().release(self.pointer) };
    }
}

/// Creates another reference to the same object. Requires the feature `py-clone`: since there is no
/// token, the thread must be attached to the owner.
///
/// # Panics
/// If this thread is not attached to the object's interpreter, or runs a `__traverse__`, during
/// which no reference count may change.
#[cfg(feature = "py-clone")]
impl<T> Clone for Py<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        assert!(
            self.owner.get().is_current(),
            "cannot clone a `Py` of interpreter {}: this thread is not attached to it",
            self.owner.get().id()
        );
        assert!(
            !self.owner.get().is_in_traverse(),
            "cannot clone a `Py` in `__traverse__`: the garbage collector is counting references"
        );
        // SAFETY: attached to the owner (checked above); the handle takes the new reference.
        unsafe {
            ffi::Py_INCREF(self.pointer.as_ptr());
            Self::from_owned_parts(self.pointer, self.owner.get())
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
    /// Shows the object's address, as `repr` would require a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Py").field(&self.pointer).finish()
    }
}
