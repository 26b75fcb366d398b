//! [`PyCallArgs`]: the arguments of a call from Rust, and the calls themselves.
//!
//! The values of a Rust tuple are passed as an array on the stack (vectorcall, PEP 590), preceded
//! by a free slot in which the callee may put `self`. No Python tuple is created for them.

use std::ptr::null_mut;

use crate::capi as ffi;
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, BoundObject, Py};
use crate::types::{PyAny, PyAnyMethods, PyDict, PyString, PyTuple};

/// A type that makes the methods of [`PyCallArgs`] callable only from this crate.
#[doc(hidden)]
pub struct Token;

mod sealed {
    pub trait Sealed {}
}

/// Positional arguments of a call: a Rust tuple of up to 12 values that convert to Python objects
/// (`()` for none, `(value,)` for one), a reference to one, or a Python tuple.
///
/// This trait is sealed.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyTuple;
///
/// Python::attach(|py| {
///     let max = py.eval(c"max", None, None)?;
///     assert!(max.call1((1, 2.5))?.eq(2.5)?);
///     let arguments = (1, 2.5);
///     assert!(max.call1(&arguments)?.eq(2.5)?);
///     assert!(max.call1(PyTuple::new(py, [1, 2])?)?.eq(2)?);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyObject_Vectorcall`; `PyObject_Call` for a Python tuple.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used as the arguments of a Python call",
    note = "pass a tuple: `(value,)` for one argument, `()` for none; or a `Bound<'py, PyTuple>`"
)]
pub trait PyCallArgs<'py>: Sized + sealed::Sealed {
    /// Calls `function(*self, **kwargs)`.
    #[doc(hidden)]
    fn call(
        self,
        function: Borrowed<'_, 'py, PyAny>,
        kwargs: Option<Borrowed<'_, 'py, PyDict>>,
        token: Token,
    ) -> PyResult<Bound<'py, PyAny>>;

    /// Calls `object.name(*self)`.
    #[doc(hidden)]
    fn call_method(
        self,
        object: Borrowed<'_, 'py, PyAny>,
        name: Borrowed<'_, 'py, PyString>,
        token: Token,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.call(object.getattr(name)?.as_borrowed(), None, token)
    }
}

/// Calls `function()`.
pub(super) fn call_no_args<'py>(function: Borrowed<'_, 'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: attached; the object is valid; returns a new reference or null.
    unsafe {
        Bound::from_owned_ptr_or_err(function.py(), ffi::PyObject_CallNoArgs(function.as_ptr()))
    }
}

/// Calls `object.name()`.
pub(super) fn call_method_no_args<'py>(
    object: Borrowed<'_, 'py, PyAny>,
    name: Borrowed<'_, 'py, PyString>,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: a free slot, then a valid object.
    unsafe { vectorcall_method(object.py(), name, &mut [null_mut(), object.as_ptr()]) }
}

/// Calls `function(*args[1..], **kwargs)`.
///
/// # Safety
/// `args[0]` must be null, the free slot; the other items must be valid objects.
unsafe fn vectorcall<'py>(
    function: Borrowed<'_, 'py, PyAny>,
    args: &mut [*mut ffi::PyObject],
    kwargs: Option<Borrowed<'_, 'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let count = (args.len() - 1) | ffi::PY_VECTORCALL_ARGUMENTS_OFFSET;
    // SAFETY: attached; the caller guarantees valid objects after a free slot, which the callee may
    // write to; returns a new reference or null.
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

/// Calls `args[1].name(*args[2..])`.
///
/// # Safety
/// `args[0]` must be null, the free slot; the other items, at least one, must be valid objects.
unsafe fn vectorcall_method<'py>(
    py: Python<'py>,
    name: Borrowed<'_, 'py, PyString>,
    args: &mut [*mut ffi::PyObject],
) -> PyResult<Bound<'py, PyAny>> {
    let count = (args.len() - 1) | ffi::PY_VECTORCALL_ARGUMENTS_OFFSET;
    // SAFETY: attached; the caller guarantees valid objects after a free slot, which the callee may
    // write to; returns a new reference or null.
    unsafe {
        let args: *const *mut ffi::PyObject = args.as_mut_ptr().add(1);
        let result = ffi::PyObject_VectorcallMethod(name.as_ptr(), args, count, null_mut());
        Bound::from_owned_ptr_or_err(py, result)
    }
}

/// Calls `function(*args, **kwargs)` with a Python tuple.
fn call_with_tuple<'py>(
    function: Borrowed<'_, 'py, PyAny>,
    args: Borrowed<'_, 'py, PyTuple>,
    kwargs: Option<Borrowed<'_, 'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let kwargs = kwargs.map_or(null_mut(), Borrowed::as_ptr);
    // SAFETY: attached; `args` is a tuple, `kwargs` a dict or null; returns a new reference or
    // null.
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
        kwargs: Option<Borrowed<'_, 'py, PyDict>>,
        _: Token,
    ) -> PyResult<Bound<'py, PyAny>> {
        match kwargs {
            None => call_no_args(function),
            // SAFETY: no arguments: the array has the free slot only.
            kwargs => unsafe { vectorcall(function, &mut [null_mut()], kwargs) },
        }
    }

    #[inline]
    fn call_method(
        self,
        object: Borrowed<'_, 'py, PyAny>,
        name: Borrowed<'_, 'py, PyString>,
        _: Token,
    ) -> PyResult<Bound<'py, PyAny>> {
        call_method_no_args(object, name)
    }
}

/// Implements [`PyCallArgs`] for Rust tuples and references to them.
macro_rules! rust_tuple_args {
    ($($name:ident $index:tt),+) => {
        rust_tuple_args!(
            [$($name),+] [$($name: IntoPyObject<'py>),+] ($($name,)+),
            tuple [$(tuple.$index),+] [$($index),+]
        );
        rust_tuple_args!(
            ['a, $($name),+] [$(&'a $name: IntoPyObject<'py>),+] &'a ($($name,)+),
            tuple [$(&tuple.$index),+] [$($index),+]
        );
    };
    (
        [$($parameter:tt)+] [$($bounds:tt)+] $type:ty,
        $tuple:ident [$($value:expr),+] [$($index:tt),+]
    ) => {
        impl<$($parameter)+> sealed::Sealed for $type {}

        impl<'py, $($parameter)+> PyCallArgs<'py> for $type
        where
            $($bounds)+
        {
            #[inline]
            fn call(
                self,
                function: Borrowed<'_, 'py, PyAny>,
                kwargs: Option<Borrowed<'_, 'py, PyDict>>,
                _: Token,
            ) -> PyResult<Bound<'py, PyAny>> {
                let py = function.py();
                let $tuple = self;
                let objects = ($($value.into_pyobject_or_pyerr(py)?,)+);
                let args = &mut [null_mut(), $(objects.$index.as_ptr()),+];
                // SAFETY: a free slot, then objects that `objects` keeps alive.
                unsafe { vectorcall(function, args, kwargs) }
            }

            #[inline]
            fn call_method(
                self,
                object: Borrowed<'_, 'py, PyAny>,
                name: Borrowed<'_, 'py, PyString>,
                _: Token,
            ) -> PyResult<Bound<'py, PyAny>> {
                let py = object.py();
                let $tuple = self;
                let objects = ($($value.into_pyobject_or_pyerr(py)?,)+);
                let args = &mut [null_mut(), object.as_ptr(), $(objects.$index.as_ptr()),+];
                // SAFETY: a free slot, then `object` and what `objects` keeps alive.
                unsafe { vectorcall_method(py, name, args) }
            }
        }
    };
}

rust_tuple_args!(T0 0);
rust_tuple_args!(T0 0, T1 1);
rust_tuple_args!(T0 0, T1 1, T2 2);
rust_tuple_args!(T0 0, T1 1, T2 2, T3 3);
rust_tuple_args!(T0 0, T1 1, T2 2, T3 3, T4 4);
rust_tuple_args!(T0 0, T1 1, T2 2, T3 3, T4 4, T5 5);
rust_tuple_args!(T0 0, T1 1, T2 2, T3 3, T4 4, T5 5, T6 6);
rust_tuple_args!(T0 0, T1 1, T2 2, T3 3, T4 4, T5 5, T6 6, T7 7);
rust_tuple_args!(T0 0, T1 1, T2 2, T3 3, T4 4, T5 5, T6 6, T7 7, T8 8);
rust_tuple_args!(T0 0, T1 1, T2 2, T3 3, T4 4, T5 5, T6 6, T7 7, T8 8, T9 9);
rust_tuple_args!(T0 0, T1 1, T2 2, T3 3, T4 4, T5 5, T6 6, T7 7, T8 8, T9 9, T10 10);
rust_tuple_args!(T0 0, T1 1, T2 2, T3 3, T4 4, T5 5, T6 6, T7 7, T8 8, T9 9, T10 10, T11 11);

/// Implements [`PyCallArgs`] for the handles to a Python tuple.
macro_rules! python_tuple_args {
    ($([$($lifetime:lifetime)?] $handle:ty),+) => {$(
        impl<$($lifetime,)? 'py> PyCallArgs<'py> for $handle {
            #[inline]
            fn call(
                self,
                function: Borrowed<'_, 'py, PyAny>,
                kwargs: Option<Borrowed<'_, 'py, PyDict>>,
                _: Token,
            ) -> PyResult<Bound<'py, PyAny>> {
                let args = self.into_pyobject_or_pyerr(function.py())?;
                call_with_tuple(function, args.as_borrowed(), kwargs)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::PyDictMethods;

    #[test]
    fn a_reference_to_a_tuple_passes_its_values() {
        Python::attach(|py| {
            let text = "b".to_owned();
            let args = (1, text, [2.5]);
            let function = py.eval(c"lambda *args, **kwargs: (args, kwargs)", None, None)?;
            let expected = function.call1((1, "b", [2.5]))?;
            assert!(function.call1(&args)?.eq(&expected)?);

            let kwargs = PyDict::new(py);
            kwargs.set_item("k", 3)?;
            let expected = function.call((1, "b", [2.5]), Some(&kwargs))?;
            assert!(function.call(&args, Some(&kwargs))?.eq(expected)?);

            let joinable = &(["a", args.1.as_str()],);
            let joined = py.eval(c"'-'", None, None)?;
            assert!(joined.call_method1("join", joinable)?.eq("a-b")?);
            Ok::<_, crate::PyErr>(())
        })
        .expect("the calls succeed");
    }

    #[test]
    fn the_longest_tuple_passes_by_reference() {
        Python::attach(|py| {
            let args = &(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
            let function = py.eval(c"lambda *args: args == tuple(range(12))", None, None)?;
            assert!(function.call1(args)?.is_truthy()?);
            assert!(function.call1(*args)?.is_truthy()?);
            Ok::<_, crate::PyErr>(())
        })
        .expect("the calls succeed");
    }
}
