//! Panics at the boundary to Python.
//!
//! A Rust panic never unwinds into C: it becomes a [`PanicException`], a class derived from
//! `BaseException` so that `except Exception` does not swallow it. When that exception comes back
//! to Rust, the panic goes on.
//!
//! ```
//! use pyatoll::prelude::*;
//! use pyatoll::panic::PanicException;
//! use pyatoll::exceptions::PyException;
//! use std::panic::{AssertUnwindSafe, catch_unwind};
//!
//! #[pyfunction]
//! fn fail() {
//!     panic!("oh no")
//! }
//!
//! Python::attach(|py| {
//!     let class = py.get_type::<PanicException>();
//!     assert!(!class.is_subclass_of::<PyException>()?);
//!     let fail = wrap_pyfunction!(fail, py)?;
//!     let resumed = catch_unwind(AssertUnwindSafe(|| fail.call0().is_err()));
//!     assert!(resumed.is_err(), "the call does not return: the panic goes on");
//!     Ok::<_, PyErr>(())
//! })?;
//! # Ok::<_, PyErr>(())
//! ```

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use pyo3_ffi as ffi;

use crate::error::PyErr;
use crate::exceptions::PyBaseException;
use crate::interpreter::Python;
use crate::interpreter::internals::Internals;
use crate::object::{Bound, WrongInterpreter};

/// The exception that a Rust panic becomes. One class per interpreter, shared by all Pyatoll
/// modules in it.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::panic::PanicException;
/// use pyatoll::types::PyCFunction;
///
/// Python::attach(|py| {
///     let function = PyCFunction::new_closure(py, None, None, |_, _| -> () { panic!("oh no") })?;
///     let globals = pyatoll::types::PyDict::new(py);
///     globals.set_item("function", function)?;
///     py.run(
///         c"
/// try:
///     function()
/// except BaseException as error:
///     caught = type(error).__name__, str(error)
/// ",
///         Some(&globals),
///         None,
///     )?;
///     let caught: (String, String) = globals.get_item("caught")?.unwrap().extract()?;
///     assert_eq!(caught, ("PanicException".into(), "oh no".into()));
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[repr(transparent)]
pub struct PanicException(crate::types::PyAny);

impl PanicException {
    /// Its class in the token's interpreter, borrowed. `None`: it could not be made any more.
    fn class(py: Python<'_>) -> Option<NonNull<ffi::PyObject>> {
        // SAFETY: attached; the internals live as long as the interpreter. An exception that is
        // set is the caller's to deal with.
        unsafe {
            let internals = Internals::of(py.local())?;
            if let Some(class) = NonNull::new(internals.panic_exception()) {
                return Some(class);
            }
            let class = NonNull::new(ffi::PyErr_NewExceptionWithDoc(
                c"pyo3_runtime.PanicException".as_ptr(),
                c"A Rust function panicked.\n\n\
                Not an Exception, so that code which handles those lets it pass."
                    .as_ptr(),
                ffi::PyExc_BaseException,
                std::ptr::null_mut(),
            ))?;
            NonNull::new(internals.set_panic_exception(class))
        }
    }
}

crate::impl_exception_boilerplate!(PanicException);

// SAFETY: the class is kept by the interpreter's `Internals`; any instance of it is one.
unsafe impl crate::object::PyTypeInfo for PanicException {
    fn type_object_raw(py: Python<'_>) -> *mut ffi::PyTypeObject {
        match Self::class(py) {
            Some(class) => class.as_ptr().cast(),
            None => panic!("{}", PyErr::fetch(py)),
        }
    }
}

/// The text of a panic.
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else {
        "panic from Rust code".to_owned()
    }
}

/// Drops what a caught panic carries, where unwinding would reach C: if that panics again, what that
/// carries is left.
pub(crate) fn discard(payload: Box<dyn Any + Send>) {
    std::mem::forget(catch_unwind(AssertUnwindSafe(|| drop(payload))));
}

/// Sets the exception that a caught panic becomes.
#[cold]
pub(crate) fn raise_panic(py: Python<'_>, payload: Box<dyn Any + Send>) {
    if let Some(error) = WrongInterpreter::of_panic(&*payload) {
        discard(payload);
        return PyErr::from(error).restore(py);
    }
    let message = message(&*payload);
    discard(payload);
    // SAFETY: attached; all are valid, the new reference is released.
    unsafe {
        let class = match PanicException::class(py) {
            Some(class) => class.as_ptr(),
            None => ffi::PyExc_SystemError,
        };
        let text = ffi::PyUnicode_FromStringAndSize(message.as_ptr().cast(), message.len() as _);
        if !text.is_null() {
            ffi::PyErr_SetObject(class, text);
            ffi::Py_DECREF(text);
        }
    }
}

/// Goes on with the panic that `exception` stands for, if it is one.
#[inline]
pub(crate) fn resume_if_panic(py: Python<'_>, exception: &Bound<'_, PyBaseException>) {
    // SAFETY: attached; asked of what exists, so that looking makes nothing.
    let class = unsafe {
        match Internals::existing(py.local()) {
            Some(internals) => internals.panic_exception(),
            None => return,
        }
    };
    // SAFETY: attached; a live object.
    if class.is_null() || class != unsafe { ffi::Py_TYPE(exception.as_ptr()).cast() } {
        return;
    }
    resume(exception);
}

#[cold]
fn resume(exception: &Bound<'_, PyBaseException>) -> ! {
    let message = exception.to_string();
    eprintln!("a Rust panic that Python code let pass goes on: {message}");
    std::panic::resume_unwind(Box::new(message))
}
