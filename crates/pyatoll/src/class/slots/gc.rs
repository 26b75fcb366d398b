//! Garbage collection: `__traverse__` with [`PyVisit`], and `__clear__`.
//!
//! `tp_traverse` and `tp_clear` of a class with these methods do what those of `lifecycle` do, and
//! call the method.

use std::any::Any;
#[cfg(debug_assertions)]
use std::cell::RefCell;
#[cfg(debug_assertions)]
use std::collections::{BTreeSet, HashSet};
use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
#[cfg(debug_assertions)]
use std::sync::Mutex;

use pyo3_ffi as ffi;

use crate::call::trampoline::trampoline;
use crate::class::borrow_flag::BorrowFlag;
use crate::class::layout::{self, Instance, token_of_instance};
use crate::class::lifecycle;
use crate::class::parts::ThreadCheck;
use crate::class::pyclass::PyClass;
use crate::class::storage::ValueStorage;
use crate::error::PyResult;
#[cfg(debug_assertions)]
use crate::interpreter::sync::lock;
use crate::interpreter::{LocalInternals, Python};
use crate::object::Py;

/// The error of [`PyVisit::call`], which stops the traversal when returned from `__traverse__`.
#[repr(transparent)]
pub struct PyTraverseError(NonZero<c_int>);

impl std::fmt::Debug for PyTraverseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PyTraverseError({})", self.0)
    }
}

/// The argument of `__traverse__`, which reports references to the garbage collector.
///
/// `__traverse__` must visit every `Py<T>` that the value holds, and do nothing else: no Python
/// code may run while the collector traverses. A class whose references may be part of a cycle also
/// needs `__clear__`, which drops them.
///
/// Each handle must be visited once, by the one instance that owns it. The collector takes an
/// object for garbage if it is visited as often as it is referenced, and clears it: Python code
/// then finds live objects without their contents, and CPython may crash. So do not visit a handle
/// twice, nor one that several instances share (in an `Arc`) or that is not part of the value (in a
/// `static`). A handle that is not visited at all only keeps its object alive. If this library is
/// built with debug assertions, visiting a handle twice is reported to stderr, once per class, and
/// the second visit is ignored.
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
    /// The interpreter of the collector.
    owner: &'static LocalInternals,
    #[cfg(debug_assertions)]
    visited: &'a Visited,
    /// Neither `Send` nor `Sync`, and bounded by the call of `__traverse__`.
    marker: PhantomData<&'a *mut ()>,
}

// A panic during a visit leaves nothing half done: what is shared is the interpreter's state, which
// every token refers to, and in debug builds a list that is only added to.
impl UnwindSafe for PyVisit<'_> {}
impl RefUnwindSafe for PyVisit<'_> {}

impl PyVisit<'_> {
    /// Visits an object, or the one in an `Option`. Objects of other interpreters, which this
    /// collector does not track, are skipped.
    ///
    /// # Errors
    /// [`PyTraverseError`] if the collector stops the traversal.
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
        #[cfg(debug_assertions)]
        if !self.visited.is_new(object) {
            return Ok(());
        }
        // SAFETY: the collector's function, called with its own argument and an object that the
        // handle keeps alive.
        match NonZero::new(unsafe { (self.visit)(object.as_ptr(), self.argument) }) {
            None => Ok(()),
            Some(code) => Err(PyTraverseError(code)),
        }
    }
}

/// The handles that one call of `__traverse__` has visited.
#[cfg(debug_assertions)]
struct Visited {
    /// The name of the class.
    class: &'static str,
    /// The addresses of the handles and of their objects. A handle may be moved in between.
    handles: RefCell<HashSet<[usize; 2]>>,
}

#[cfg(debug_assertions)]
impl Visited {
    fn new(class: &'static str) -> Self {
        Self {
            class,
            handles: RefCell::default(),
        }
    }

    /// Returns whether the handle is visited for the first time; reports it otherwise.
    fn is_new<T>(&self, handle: &Py<T>) -> bool {
        let key = [std::ptr::from_ref(handle).addr(), handle.as_ptr().addr()];
        let is_new = self.handles.borrow_mut().insert(key);
        if !is_new {
            self.report();
        }
        is_new
    }

    #[cold]
    fn report(&self) {
        static REPORTED: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
        if lock(&REPORTED).insert(self.class) {
            eprintln!(
                "`__traverse__` of `{}` visits a handle twice: the garbage collector would clear \
                 objects that are in use, so the second visit is ignored; visit each handle once",
                self.class
            );
        }
    }
}

/// Runs `tp_traverse` with a `__traverse__`. A value that is mutably borrowed, or belongs to
/// another thread, is skipped: its references then count as external, and keep their objects alive.
/// So do those that a panicking method has not visited; the panic is reported to stderr.
///
/// This must not raise, and must not return a nonzero result that no visitor returned:
/// `gc.get_referents` would return null without an exception, a `SystemError` (on debug builds,
/// `abort`), and free-threaded builds would abandon the collection. Those callers pass an argument.
/// A caller that passes none gets -1 for a panic.
///
/// # Safety
/// Called by CPython's garbage collector with an instance of `T`.
pub unsafe fn traverse<T: PyClass>(
    slf: *mut ffi::PyObject,
    visit: ffi::visitproc,
    argument: *mut c_void,
    body: impl FnOnce(&T, PyVisit<'_>) -> Result<(), PyTraverseError>,
) -> c_int {
    const {
        assert!(
            <T::Storage as ValueStorage<T>>::IS_INLINE,
            "a `shareable` class cannot have `__traverse__`: its value is not part of one \
             instance, and may hold no Python object"
        );
        assert!(
            T::OPTIONS.cross_module.is_none(),
            "a `cross_module` class cannot have `__traverse__`: its value may hold no Python object"
        );
    }
    // SAFETY: upheld by the caller: called by the collector with a live instance of `T`.
    unsafe {
        match lifecycle::traverse::<T>(slf, visit, argument) {
            0 if !layout::owner::<T>(slf).is_null() => {
                traverse_value::<T>(slf, visit, argument, body)
            }
            result => result,
        }
    }
}

/// Calls `__traverse__`.
///
/// # Safety
/// As for [`traverse`], with an initialized instance.
unsafe fn traverse_value<T: PyClass>(
    slf: *mut ffi::PyObject,
    visit: ffi::visitproc,
    argument: *mut c_void,
    body: impl FnOnce(&T, PyVisit<'_>) -> Result<(), PyTraverseError>,
) -> c_int {
    // SAFETY: `slf` is an initialized instance of `T`, alive during the call. Nothing here changes
    // a reference count.
    let (_in_traverse, _release, value, owner) = unsafe {
        let instance = Instance::<T>::of(slf);
        if !instance.thread.is_here() {
            return 0;
        }
        let flag = layout::borrow_flag::<T>(slf);
        if flag.is_some_and(|flag| flag.try_borrow().is_err()) {
            return 0;
        }
        let owner = token_of_instance::<T>(slf).owner();
        (owner.visit(), Release(flag), &*instance.value(), owner)
    };
    #[cfg(debug_assertions)]
    let visited = Visited::new(T::NAME);
    let visit = PyVisit {
        visit,
        argument,
        owner,
        #[cfg(debug_assertions)]
        visited: &visited,
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

/// Runs `tp_clear` with a `__clear__`.
///
/// # Safety
/// Called by CPython's garbage collector, attached, with an instance of `T`.
pub unsafe fn clear<T: PyClass>(
    slf: *mut ffi::PyObject,
    body: impl for<'py> FnOnce(Python<'py>) -> PyResult<c_int>,
) -> c_int {
    // SAFETY: upheld by the caller: attached; called by the collector with a live instance of `T`.
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

/// A guard that releases a shared borrow.
struct Release<'a>(Option<&'a BorrowFlag>);

impl Drop for Release<'_> {
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
    crate::panic::say(format_args!(
        "a Rust `__traverse__` panicked; the collector goes on without it: {message}"
    ));
}
