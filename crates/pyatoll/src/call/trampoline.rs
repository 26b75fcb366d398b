//! Trampolines from C into Rust: drain the drop queue, run the body, turn errors and panics into
//! the current exception.

use std::any::Any;
use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use pyo3_ffi as ffi;

use crate::error::{PyErr, PyResult};
use crate::interpreter::{Interpreter, LocalInternals, Python, compat};
use crate::object::WrongInterpreter;

/// The return type of a function that CPython calls.
pub trait CallbackResult: Copy {
    /// The value that means "an exception is set".
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

/// Runs `body` for a C caller and sets an exception if it fails or panics.
///
/// # Safety
/// The thread must be attached to the token's interpreter until this returns; where
/// `compat::shares_subclasses()`, to any interpreter.
#[inline(always)]
pub unsafe fn trampoline<R: CallbackResult>(
    py: Python<'_>,
    body: impl for<'py> FnOnce(Python<'py>) -> PyResult<R>,
) -> R {
    // SAFETY: attached (upheld by the caller).
    if compat::shares_subclasses() && !unsafe { py.local().is_running() } {
        refuse(py.owner());
        return R::ERROR;
    }
    // SAFETY: attached to the token's interpreter (upheld by the caller).
    unsafe { py.local().drain() };
    match catch_unwind(AssertUnwindSafe(|| body(py))) {
        Ok(Ok(value)) => return value,
        Ok(Err(error)) => raise(py, error),
        Err(payload) => raise_panic(py, payload),
    }
    R::ERROR
}

/// Defines a trampoline per calling convention. `run` matches the arguments and computes the result
/// from the token, the receiver and the arguments as CPython passed them.
macro_rules! callers {
    ($(#[doc = $doc:literal] $name:ident($($argument:ident: $type:ty),*);)*) => {$(
        #[doc = $doc]
        ///
        /// It takes a function pointer, not a closure, so that an unoptimized build and a build
        /// for size have one instance for all functions of a binary. Other builds inline it
        /// everywhere.
        ///
        /// # Safety
        /// As for [`trampoline`].
        #[cfg_attr(any(debug_assertions, optimize_for_size), inline(never))]
        #[cfg_attr(not(any(debug_assertions, optimize_for_size)), inline(always))]
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
            // SAFETY: upheld by the caller: attached to the token's interpreter until this returns.
            unsafe { trampoline(py, |py| run(py, slf, $($argument,)*)) }
        }
    )*};
}

callers! {
    /// Runs [`trampoline`] for a `METH_NOARGS` or `METH_O` function.
    call_one(argument: *mut ffi::PyObject);
    /// Runs [`trampoline`] for a `METH_FASTCALL` function.
    call_fast(args: *mut *mut ffi::PyObject, nargs: ffi::Py_ssize_t);
    /// Runs [`trampoline`] for a `METH_FASTCALL | METH_KEYWORDS` function.
    call_fast_with_keywords(
        args: *const *mut ffi::PyObject,
        nargs: ffi::Py_ssize_t,
        names: *mut ffi::PyObject
    );
    /// Runs [`trampoline`] for a `METH_VARARGS | METH_KEYWORDS` function.
    call_with_keywords(args: *mut ffi::PyObject, kwargs: *mut ffi::PyObject);
}

/// Runs `body` where no exception can be raised: deallocation, finalization. An error or a panic
/// goes to `sys.unraisablehook` with `object` (may be null). The current exception is preserved.
///
/// # Safety
/// The thread must be attached to the token's interpreter until this returns; `object` must be null
/// or alive.
#[inline(always)]
pub unsafe fn trampoline_unraisable(
    py: Python<'_>,
    object: *mut ffi::PyObject,
    body: impl for<'py> FnOnce(Python<'py>) -> PyResult<()>,
) {
    // SAFETY: attached (`py`).
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
        // SAFETY: attached (`py`), with an exception set; `object` is null or alive.
        unsafe { ffi::PyErr_WriteUnraisable(object) };
    }
    // SAFETY: attached to the interpreter it was taken from.
    unsafe { compat::restore_raised(raised) };
}

/// Raises the exception for a function that belongs to another interpreter than the running one.
#[cold]
#[inline(never)]
#[allow(improper_ctypes_definitions)]
extern "C" fn refuse(owner: &'static LocalInternals) {
    // SAFETY: attached, in an entry point.
    let py = unsafe { Python::assume_attached() };
    raise(
        py,
        WrongInterpreter::new(Interpreter::new(owner), py).into(),
    );
}

/// Sets the current exception. `extern "C"`, like [`raise_panic`], so that it cannot unwind and
/// entry points need no landing pads for it.
#[cold]
#[inline(never)]
#[allow(improper_ctypes_definitions)]
extern "C" fn raise(py: Python<'_>, error: PyErr) {
    // Creating a lazy exception runs user code.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| error.restore(py))) {
        crate::panic::raise_panic(py, payload);
    }
}

/// Sets the exception for a panic.
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
    fn a_value_is_returned() {
        Python::attach(|py| {
            // SAFETY: attached (`py`).
            let value: c_int = unsafe { trampoline(py, |_| Ok(5)) };
            assert_eq!(value, 5);
            assert!(!PyErr::occurred(py));
        });
    }

    #[test]
    fn an_error_is_raised() {
        Python::attach(|py| {
            // SAFETY: attached (`py`).
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
            // SAFETY: attached (`py`).
            let value: isize = unsafe { trampoline(py, |_| panic!("stop here")) };
            assert_eq!(value, -1);
            // Not through `PyErr::take`, which resumes the panic.
            // SAFETY: attached (`py`); the new reference is owned by the handle.
            let exception =
                unsafe { crate::Bound::from_owned_ptr(py, compat::take_raised_value()) };
            assert_eq!(exception.to_string(), "stop here");
        });
    }

    #[test]
    fn an_exception_that_was_set_stays_set_across_an_unraisable_one() {
        Python::attach(|py| {
            PyValueError::new_err("first").restore(py);
            // SAFETY: attached (`py`); no object.
            unsafe {
                trampoline_unraisable(py, ptr::null_mut(), |_| {
                    Err(PyTypeError::new_err("reported only"))
                });
            }
            assert_eq!(PyErr::take(py).unwrap().to_string(), "ValueError: first");
        });
    }
}
