//! [`PyCallArgs`]: the arguments of a call from Rust, and the calls themselves.
//!
//! Rust tuples are passed as an array on the stack (PEP 590), with a free place in front that the
//! callee may use to put `self`, so that no Python tuple is made for them.

use std::ptr::null_mut;

use pyo3_ffi as ffi;

use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, BoundObject, Py};
use crate::types::{PyAny, PyAnyMethods, PyDict, PyString, PyTuple};

/// Keeps the methods of [`PyCallArgs`] ours.
#[doc(hidden)]
pub struct Token;

mod sealed {
    pub trait Sealed {}
}

/// Positional arguments of a call: a Rust tuple of up to 12 values that convert to Python objects
/// (`()` for none, `(value,)` for one), or a Python tuple.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyTuple;
///
/// Python::attach(|py| {
///     let max = py.eval(c"max", None, None)?;
///     assert!(max.call1((1, 2.5))?.eq(2.5)?);
///     assert!(max.call1(PyTuple::new(py, [1, 2])?)?.eq(2)?);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// Only this library implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used as the arguments of a Python call",
    note = "pass a tuple: `(value,)` for one argument, `()` for none; or a `Bound<'py, PyTuple>`"
)]
pub trait PyCallArgs<'py>: Sized + sealed::Sealed {
    #[doc(hidden)]
    fn call(
        self,
        function: Borrowed<'_, 'py, PyAny>,
        kwargs: Borrowed<'_, 'py, PyDict>,
        token: Token,
    ) -> PyResult<Bound<'py, PyAny>>;

    #[doc(hidden)]
    fn call_positional(
        self,
        function: Borrowed<'_, 'py, PyAny>,
        token: Token,
    ) -> PyResult<Bound<'py, PyAny>>;

    #[doc(hidden)]
    fn call_method_positional(
        self,
        object: Borrowed<'_, 'py, PyAny>,
        method_name: Borrowed<'_, 'py, PyString>,
        token: Token,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.call_positional(object.getattr(method_name)?.as_borrowed(), token)
    }
}

/// `function()`.
pub(crate) fn call_without<'py>(function: Borrowed<'_, 'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: attached, a valid object; a new reference or null comes back.
    unsafe {
        Bound::from_owned_ptr_or_err(function.py(), ffi::PyObject_CallNoArgs(function.as_ptr()))
    }
}

/// `object.name()`.
pub(crate) fn call_method_without<'py>(
    object: Borrowed<'_, 'py, PyAny>,
    name: Borrowed<'_, 'py, PyString>,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: a valid object follows the free place.
    unsafe { vectorcall_method(object.py(), name, &mut [null_mut(), object.as_ptr()]) }
}

/// `function(*args, **kwargs)`.
///
/// # Safety
/// The first of `args` must be null, a free place; the others must be valid objects.
unsafe fn vectorcall<'py>(
    function: Borrowed<'_, 'py, PyAny>,
    args: &mut [*mut ffi::PyObject],
    kwargs: Option<Borrowed<'_, 'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let count = (args.len() - 1) | ffi::PY_VECTORCALL_ARGUMENTS_OFFSET;
    // SAFETY: attached; the objects are valid, as the caller promises; the callee may write to
    // the free place; a new reference or null comes back.
    unsafe {
        let args: *const *mut ffi::PyObject = args.as_mut_ptr().add(1);
        let result = match kwargs {
            None => ffi::PyObject_Vectorcall(function.as_ptr(), args, count, null_mut()),
            Some(kwargs) => {
                ffi::PyObject_VectorcallDict(function.as_ptr(), args, count, kwargs.as_ptr())
            }
        };
        Bound::from_owned_ptr_or_err(function.py(), result)
    }
}

/// `args[1].name(*args[2..])`.
///
/// # Safety
/// The first of `args` must be null, a free place; the others, at least one, must be valid objects.
unsafe fn vectorcall_method<'py>(
    py: Python<'py>,
    name: Borrowed<'_, 'py, PyString>,
    args: &mut [*mut ffi::PyObject],
) -> PyResult<Bound<'py, PyAny>> {
    let count = (args.len() - 1) | ffi::PY_VECTORCALL_ARGUMENTS_OFFSET;
    // SAFETY: as in `vectorcall`.
    unsafe {
        let args: *const *mut ffi::PyObject = args.as_mut_ptr().add(1);
        let result = ffi::PyObject_VectorcallMethod(name.as_ptr(), args, count, null_mut());
        Bound::from_owned_ptr_or_err(py, result)
    }
}

/// `function(*args, **kwargs)` with a Python tuple.
fn call_with_tuple<'py>(
    function: Borrowed<'_, 'py, PyAny>,
    args: Borrowed<'_, 'py, PyTuple>,
    kwargs: Option<Borrowed<'_, 'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let kwargs = kwargs.map_or(null_mut(), Borrowed::as_ptr);
    // SAFETY: attached, valid objects, or null for no keywords; a new reference or null comes back.
    unsafe {
        let result = ffi::PyObject_Call(function.as_ptr(), args.as_ptr(), kwargs);
        Bound::from_owned_ptr_or_err(function.py(), result)
    }
}

impl sealed::Sealed for () {}
impl sealed::Sealed for Bound<'_, PyTuple> {}
impl sealed::Sealed for &Bound<'_, PyTuple> {}
impl sealed::Sealed for Borrowed<'_, '_, PyTuple> {}
impl sealed::Sealed for Py<PyTuple> {}
impl sealed::Sealed for &Py<PyTuple> {}

impl<'py> PyCallArgs<'py> for () {
    #[inline]
    fn call(
        self,
        function: Borrowed<'_, 'py, PyAny>,
        kwargs: Borrowed<'_, 'py, PyDict>,
        _: Token,
    ) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: no arguments follow the free place.
        unsafe { vectorcall(function, &mut [null_mut()], Some(kwargs)) }
    }

    #[inline]
    fn call_positional(
        self,
        function: Borrowed<'_, 'py, PyAny>,
        _: Token,
    ) -> PyResult<Bound<'py, PyAny>> {
        call_without(function)
    }

    #[inline]
    fn call_method_positional(
        self,
        object: Borrowed<'_, 'py, PyAny>,
        method_name: Borrowed<'_, 'py, PyString>,
        _: Token,
    ) -> PyResult<Bound<'py, PyAny>> {
        call_method_without(object, method_name)
    }
}

macro_rules! tuple_args {
    ($($name:ident $place:tt),+) => {
        impl<$($name),+> sealed::Sealed for ($($name,)+) {}

        impl<'py, $($name: IntoPyObject<'py>),+> PyCallArgs<'py> for ($($name,)+) {
            #[inline]
            fn call(
                self,
                function: Borrowed<'_, 'py, PyAny>,
                kwargs: Borrowed<'_, 'py, PyDict>,
                _: Token,
            ) -> PyResult<Bound<'py, PyAny>> {
                let py = function.py();
                let objects = ($(self.$place.into_pyobject_or_pyerr(py)?,)+);
                let args = &mut [null_mut(), $(objects.$place.as_ptr()),+];
                // SAFETY: `objects` keeps the arguments alive.
                unsafe { vectorcall(function, args, Some(kwargs)) }
            }

            #[inline]
            fn call_positional(
                self,
                function: Borrowed<'_, 'py, PyAny>,
                _: Token,
            ) -> PyResult<Bound<'py, PyAny>> {
                let py = function.py();
                let objects = ($(self.$place.into_pyobject_or_pyerr(py)?,)+);
                let args = &mut [null_mut(), $(objects.$place.as_ptr()),+];
                // SAFETY: `objects` keeps the arguments alive.
                unsafe { vectorcall(function, args, None) }
            }

            #[inline]
            fn call_method_positional(
                self,
                object: Borrowed<'_, 'py, PyAny>,
                method_name: Borrowed<'_, 'py, PyString>,
                _: Token,
            ) -> PyResult<Bound<'py, PyAny>> {
                let py = object.py();
                let objects = ($(self.$place.into_pyobject_or_pyerr(py)?,)+);
                let args = &mut [null_mut(), object.as_ptr(), $(objects.$place.as_ptr()),+];
                // SAFETY: `objects` keeps the arguments alive.
                unsafe { vectorcall_method(py, method_name, args) }
            }
        }
    };
}

tuple_args!(T0 0);
tuple_args!(T0 0, T1 1);
tuple_args!(T0 0, T1 1, T2 2);
tuple_args!(T0 0, T1 1, T2 2, T3 3);
tuple_args!(T0 0, T1 1, T2 2, T3 3, T4 4);
tuple_args!(T0 0, T1 1, T2 2, T3 3, T4 4, T5 5);
tuple_args!(T0 0, T1 1, T2 2, T3 3, T4 4, T5 5, T6 6);
tuple_args!(T0 0, T1 1, T2 2, T3 3, T4 4, T5 5, T6 6, T7 7);
tuple_args!(T0 0, T1 1, T2 2, T3 3, T4 4, T5 5, T6 6, T7 7, T8 8);
tuple_args!(T0 0, T1 1, T2 2, T3 3, T4 4, T5 5, T6 6, T7 7, T8 8, T9 9);
tuple_args!(T0 0, T1 1, T2 2, T3 3, T4 4, T5 5, T6 6, T7 7, T8 8, T9 9, T10 10);
tuple_args!(T0 0, T1 1, T2 2, T3 3, T4 4, T5 5, T6 6, T7 7, T8 8, T9 9, T10 10, T11 11);

/// The handles of a Python tuple.
macro_rules! python_tuple_args {
    ($([$($lifetime:lifetime)?] $handle:ty),+) => {$(
        impl<$($lifetime,)? 'py> PyCallArgs<'py> for $handle {
            #[inline]
            fn call(
                self,
                function: Borrowed<'_, 'py, PyAny>,
                kwargs: Borrowed<'_, 'py, PyDict>,
                _: Token,
            ) -> PyResult<Bound<'py, PyAny>> {
                let args = self.into_pyobject_or_pyerr(function.py())?;
                call_with_tuple(function, args.as_borrowed(), Some(kwargs))
            }

            #[inline]
            fn call_positional(
                self,
                function: Borrowed<'_, 'py, PyAny>,
                _: Token,
            ) -> PyResult<Bound<'py, PyAny>> {
                let args = self.into_pyobject_or_pyerr(function.py())?;
                call_with_tuple(function, args.as_borrowed(), None)
            }
        }
    )+};
}

python_tuple_args!(
    [] Bound<'py, PyTuple>,
    ['a] &'a Bound<'py, PyTuple>,
    ['a] Borrowed<'a, 'py, PyTuple>,
    [] Py<PyTuple>,
    ['a] &'a Py<PyTuple>
);
