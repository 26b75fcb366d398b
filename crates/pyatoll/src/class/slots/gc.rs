//! Garbage collection: `__traverse__` with [`PyVisit`], and `__del__`.
//!
//! With `__traverse__` or `__clear__`, a class's `tp_traverse` and `tp_clear` are from here: they do
//! what those of a class without do, and the method.

use std::any::Any;
use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3_ffi as ffi;

use crate::call::trampoline::trampoline;
use crate::class::borrow_flag::BorrowFlag;
use crate::class::layout::{self, Instance, ThreadCheck, token_of_instance};
use crate::class::{PyClass, lifecycle};
use crate::error::PyResult;
use crate::interpreter::{LocalInternals, Python};
use crate::object::Py;

/// The visitor wants no more objects: what [`PyVisit::call`] returned, to be passed on.
#[repr(transparent)]
pub struct PyTraverseError(NonZero<c_int>);

impl std::fmt::Debug for PyTraverseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PyTraverseError({})", self.0)
    }
}

/// Shows the garbage collector which objects a class refers to: the argument of `__traverse__`.
///
/// `__traverse__` has to visit every `Py<T>` that the value holds, and to do nothing else: no Python
/// code runs while the collector looks. A class whose objects may be part of a cycle also needs
/// `__clear__`, which drops them.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::{PyTraverseError, PyVisit};
///
/// #[pyclass]
/// struct Holder {
///     held: Option<Py<PyAny>>,
/// }
///
/// #[pymethods]
/// impl Holder {
///     fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
///         visit.call(&self.held)
///     }
///
///     fn __clear__(&mut self) {
///         self.held = None;
///     }
/// }
///
/// Python::attach(|py| {
///     let holder = Py::new(py, Holder { held: None })?;
///     holder.borrow_mut(py).held = Some(holder.clone_ref(py).into_any());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[derive(Clone, Copy)]
pub struct PyVisit<'a> {
    visit: ffi::visitproc,
    argument: *mut c_void,
    /// The interpreter whose collector it is.
    owner: &'static LocalInternals,
    /// Neither `Send` nor `Sync`, and no longer than the call of `__traverse__`.
    marker: PhantomData<&'a *mut ()>,
}

impl PyVisit<'_> {
    /// Visits an object, or the one in an `Option`. One that belongs to another interpreter is none
    /// of this collector's and is passed over.
    ///
    /// # Errors
    /// [`PyTraverseError`], if the collector wants no more.
    pub fn call<'a, T, U: 'a>(&self, object: T) -> Result<(), PyTraverseError>
    where
        T: Into<Option<&'a Py<U>>>,
    {
        let Some(object) = object.into() else {
            return Ok(());
        };
        if !std::ptr::eq(object.owner(), self.owner) {
            return Ok(());
        }
        // SAFETY: the collector's function with its own argument, and an object that its holder
        // keeps alive.
        match NonZero::new(unsafe { (self.visit)(object.as_ptr(), self.argument) }) {
            None => Ok(()),
            Some(code) => Err(PyTraverseError(code)),
        }
    }
}

/// `__traverse__`. A value that is mutably borrowed, or belongs to another thread, is not looked
/// into: what it holds then counts as referred to from outside, and stays. So does what a method
/// that panics has left out; the panic is only reported.
///
/// No exception may come out of here, and a result other than 0 is a visitor's word: for it,
/// `gc.get_referents` returns null, which without an exception is an error of CPython's (on debug
/// builds, its end), and free-threaded builds give the whole collection up. Those visitors have an
/// argument. Where there is none, the caller is none of them and is told of a panic with -1.
///
/// # Safety
/// CPython's garbage collector calls this with an instance of `T`.
pub unsafe fn traverse<T: PyClass>(
    slf: *mut ffi::PyObject,
    visit: ffi::visitproc,
    argument: *mut c_void,
    body: impl FnOnce(&T, PyVisit<'_>) -> Result<(), PyTraverseError>,
) -> c_int {
    // SAFETY: passed on to the caller.
    unsafe {
        match lifecycle::traverse::<T>(slf, visit, argument) {
            0 if !layout::owner::<T>(slf).is_null() => {
                traverse_value::<T>(slf, visit, argument, body)
            }
            result => result,
        }
    }
}

/// The method's part of [`traverse`].
///
/// # Safety
/// As there, with an initialised instance.
unsafe fn traverse_value<T: PyClass>(
    slf: *mut ffi::PyObject,
    visit: ffi::visitproc,
    argument: *mut c_void,
    body: impl FnOnce(&T, PyVisit<'_>) -> Result<(), PyTraverseError>,
) -> c_int {
    // SAFETY: `slf` is an initialised instance of `T`, alive for the call. No reference count
    // changes.
    let (_visiting, _sharing, value, owner) = unsafe {
        let instance = Instance::<T>::of(slf);
        if !instance.thread.is_here() {
            return 0;
        }
        let flag = layout::borrow_flag::<T>(slf);
        if flag.is_some_and(|flag| flag.try_borrow().is_err()) {
            return 0;
        }
        let owner = token_of_instance::<T>(slf).owner();
        (owner.visit(), Sharing(flag), &*instance.value(), owner)
    };
    let visit = PyVisit {
        visit,
        argument,
        owner,
        marker: PhantomData,
    };
    match catch_unwind(AssertUnwindSafe(|| body(value, visit))) {
        Ok(Ok(())) => 0,
        Ok(Err(error)) => error.0.get(),
        Err(payload) => {
            report(payload);
            if argument.is_null() { -1 } else { 0 }
        }
    }
}

/// `__clear__`.
///
/// # Safety
/// CPython's garbage collector calls this, attached, with an instance of `T`.
pub unsafe fn clear<T: PyClass>(
    slf: *mut ffi::PyObject,
    body: impl for<'py> FnOnce(Python<'py>) -> PyResult<c_int>,
) -> c_int {
    // SAFETY: passed on to the caller.
    unsafe {
        if !layout::owner::<T>(slf).is_null() {
            let result = trampoline(token_of_instance::<T>(slf), body);
            if result != 0 {
                return result;
            }
        }
        lifecycle::clear::<T>(slf)
    }
}

/// Ends a shared borrow when it is dropped.
struct Sharing<'a>(Option<&'a BorrowFlag>);

impl Drop for Sharing<'_> {
    fn drop(&mut self) {
        if let Some(flag) = self.0 {
            flag.release_borrow();
        }
    }
}

#[cold]
fn report(payload: Box<dyn Any + Send>) {
    let message = crate::panic::message(&*payload);
    crate::panic::discard(payload);
    eprintln!("a Rust `__traverse__` panicked; the collector goes on without it: {message}");
}
