//! The step from C into Rust and back: what came meanwhile is released, errors are raised, panics
//! stop here.

use std::any::Any;
use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use pyo3_ffi as ffi;

use crate::error::{PyErr, PyResult};
use crate::interpreter::{Python, compat};

/// What a function that CPython calls returns: one value of it means "an exception is set".
pub trait CallbackResult: Copy {
    /// That value.
    const ERROR: Self;
}

impl<T> CallbackResult for *mut T {
    const ERROR: Self = ptr::null_mut();
}

impl CallbackResult for c_int {
    const ERROR: Self = -1;
}

/// `Py_ssize_t` and `Py_hash_t`.
impl CallbackResult for isize {
    const ERROR: Self = -1;
}

impl CallbackResult for () {
    const ERROR: Self = ();
}

/// Runs `body` for a C caller: an error or a panic of it becomes the exception that is set.
///
/// # Safety
/// The thread must be attached, to the token's interpreter, until this returns.
#[inline(always)]
pub unsafe fn trampoline<R: CallbackResult>(
    py: Python<'_>,
    body: impl for<'py> FnOnce(Python<'py>) -> PyResult<R>,
) -> R {
    // SAFETY: attached to the token's interpreter.
    unsafe { py.local().drain() };
    match catch_unwind(AssertUnwindSafe(|| body(py))) {
        Ok(Ok(value)) => return value,
        Ok(Err(error)) => raise(py, error),
        Err(payload) => raise_panic(py, payload),
    }
    R::ERROR
}

/// A function that matches a call's arguments and makes the result: its token, what it is called on,
/// and what CPython passed for the arguments.
macro_rules! callers {
    ($(#[doc = $doc:literal] $name:ident($($argument:ident: $type:ty),*);)*) => {$(
        #[doc = $doc]
        ///
        /// It takes a function, not a closure, so that this and what it calls is one instance for
        /// all functions of a binary; an optimised build has a copy of that in each entry point.
        ///
        /// # Safety
        /// As for [`trampoline`].
        #[cfg_attr(debug_assertions, inline(never))]
        #[cfg_attr(not(debug_assertions), inline(always))]
        pub unsafe fn $name(
            py: Python<'_>,
            slf: *mut ffi::PyObject,
            $($argument: $type,)*
            run: for<'py> fn(
                Python<'py>,
                *mut ffi::PyObject,
                $($type,)*
            ) -> PyResult<*mut ffi::PyObject>,
        ) -> *mut ffi::PyObject {
            // SAFETY: passed on to the caller.
            unsafe { trampoline(py, |py| run(py, slf, $($argument,)*)) }
        }
    )*};
}

callers! {
    /// [`trampoline`] for a `METH_NOARGS` or `METH_O` function.
    call_one(argument: *mut ffi::PyObject);
    /// [`trampoline`] for a `METH_FASTCALL` function.
    call_fast(args: *mut *mut ffi::PyObject, nargs: ffi::Py_ssize_t);
    /// [`trampoline`] for a `METH_FASTCALL | METH_KEYWORDS` function.
    call_fast_with_keywords(
        args: *const *mut ffi::PyObject,
        nargs: ffi::Py_ssize_t,
        names: *mut ffi::PyObject
    );
    /// [`trampoline`] for a `METH_VARARGS | METH_KEYWORDS` function.
    call_with_keywords(args: *mut ffi::PyObject, kwargs: *mut ffi::PyObject);
}

/// Runs `body` where Python cannot take an exception: deallocation, finalisation. What it raises
/// goes to `sys.unraisablehook` with `object` (may be null), and an exception that was set before
/// stays set.
///
/// # Safety
/// The thread must be attached, to the token's interpreter, until this returns; `object` must be
/// null or valid.
#[inline(always)]
pub unsafe fn trampoline_unraisable(
    py: Python<'_>,
    object: *mut ffi::PyObject,
    body: impl for<'py> FnOnce(Python<'py>) -> PyResult<()>,
) {
    // SAFETY: attached.
    let raised = unsafe { compat::take_raised() };
    let is_raised = match catch_unwind(AssertUnwindSafe(|| body(py))) {
        Ok(Ok(())) => false,
        Ok(Err(error)) => {
            raise(py, error);
            true
        }
        Err(payload) => {
            raise_panic(py, payload);
            true
        }
    };
    if is_raised {
        // SAFETY: attached, with the exception set.
        unsafe { ffi::PyErr_WriteUnraisable(object) };
    }
    // SAFETY: attached to the interpreter it was taken in.
    unsafe { compat::restore_raised(raised) };
}

/// Sets the exception. With C's calling convention, as is [`raise_panic`]: no panic comes out of
/// them, which spares each entry point the code for one.
#[cold]
#[inline(never)]
#[allow(improper_ctypes_definitions)]
extern "C" fn raise(py: Python<'_>, error: PyErr) {
    // Making a lazy exception runs user code.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| error.restore(py))) {
        crate::panic::raise_panic(py, payload);
    }
}

/// Sets the exception that stands for a panic.
#[cold]
#[inline(never)]
#[allow(improper_ctypes_definitions)]
extern "C" fn raise_panic(py: Python<'_>, payload: Box<dyn Any + Send>) {
    crate::panic::raise_panic(py, payload);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exceptions::{PyTypeError, PyValueError};

    #[test]
    fn a_value_comes_through() {
        Python::attach(|py| {
            // SAFETY: attached.
            let value: c_int = unsafe { trampoline(py, |_| Ok(5)) };
            assert_eq!(value, 5);
            assert!(!PyErr::occurred(py));
        });
    }

    #[test]
    fn an_error_is_raised() {
        Python::attach(|py| {
            // SAFETY: attached.
            let value: *mut ffi::PyObject =
                unsafe { trampoline(py, |_| Err(PyTypeError::new_err("wrong"))) };
            assert!(value.is_null());
            let error = PyErr::take(py).unwrap();
            assert_eq!(error.to_string(), "TypeError: wrong");
        });
    }

    #[test]
    fn a_panic_becomes_an_exception() {
        Python::attach(|py| {
            // SAFETY: attached.
            let value: isize = unsafe { trampoline(py, |_| panic!("stop here")) };
            assert_eq!(value, -1);
            // Not through `PyErr::take`, which goes on with the panic.
            // SAFETY: attached; the new reference is owned by the handle.
            let exception =
                unsafe { crate::Bound::from_owned_ptr(py, compat::take_raised_value()) };
            assert_eq!(exception.to_string(), "stop here");
        });
    }

    #[test]
    fn an_exception_that_was_set_stays_set_across_an_unraisable_one() {
        Python::attach(|py| {
            PyValueError::new_err("first").restore(py);
            // SAFETY: attached; no object.
            unsafe {
                trampoline_unraisable(py, ptr::null_mut(), |_| {
                    Err(PyTypeError::new_err("reported only"))
                });
            }
            assert_eq!(PyErr::take(py).unwrap().to_string(), "ValueError: first");
        });
    }
}
