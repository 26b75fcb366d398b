//! The functions that the code generated for an `async fn` calls: some when Python calls the
//! function, the others in the future, when it is polled for the first time.

use std::future::Future;

use pyo3_ffi as ffi;

use super::cancel::ThrowCallback;
use super::held::{HeldArgument, HeldMutArgument, HeldRef, HeldRefMut};
use super::object::{Coroutine, CoroutineFuture};
use super::token::CoroutineToken;
use crate::call::argument;
use crate::class::boolean_struct::False;
use crate::class::pyclass::PyClass;
use crate::class::slots::Receiver;
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::module::function::passed_module;
use crate::module::pymodule::PyModule;
use crate::object::{Borrowed, Bound, Py};
use crate::types::PyAny;

/// Creates a coroutine: a new reference.
///
/// # Errors
/// `MemoryError`.
pub fn new_coroutine<F>(
    py: Python<'_>,
    name: &'static str,
    class: Option<&'static str>,
    throw_callback: Option<ThrowCallback>,
    future: F,
) -> PyResult<*mut ffi::PyObject>
where
    F: Future<Output = PyResult<Py<PyAny>>> + Send + 'static,
{
    create(py, name, class, throw_callback, Box::pin(future))
}

/// Implements [`new_coroutine`], once for all futures.
#[inline(never)]
fn create(
    py: Python<'_>,
    name: &'static str,
    class: Option<&'static str>,
    throw_callback: Option<ThrowCallback>,
    future: CoroutineFuture,
) -> PyResult<*mut ffi::PyObject> {
    let coroutine = Coroutine::new(py, name, class, throw_callback, future);
    Ok(Bound::new(py, coroutine)?.into_ptr())
}

/// Takes references to the matched arguments.
///
/// # Safety
/// Each value must be null, or point to an object that the call keeps alive.
pub unsafe fn own<const N: usize>(
    py: Python<'_>,
    values: &[*mut ffi::PyObject; N],
) -> [Option<Py<PyAny>>; N] {
    // SAFETY: null, or alive (upheld by the caller).
    values.map(|value| unsafe { Bound::from_borrowed_ptr_or_opt(py, value) }.map(Bound::unbind))
}

/// Takes a reference to the receiver.
///
/// # Safety
/// `object` must point to an object that the call keeps alive.
pub unsafe fn own_receiver(py: Python<'_>, object: *mut ffi::PyObject) -> Py<PyAny> {
    // SAFETY: alive (upheld by the caller).
    unsafe { Borrowed::from_ptr(py, object) }
        .to_owned()
        .unbind()
}

/// Takes a reference to the module of a function with `pass_module`, from its `m_self`.
///
/// # Safety
/// As for [`passed_module`].
///
/// # Errors
/// As for [`passed_module`].
pub unsafe fn own_module(py: Python<'_>, m_self: *mut ffi::PyObject) -> PyResult<Py<PyModule>> {
    // SAFETY: `m_self` is the function's (upheld by the caller).
    let module = unsafe { passed_module(py, m_self) }?;
    Ok(module.to_owned().unbind())
}

/// Converts the module of a function with `pass_module`.
pub fn module<T>(token: CoroutineToken, module: &Py<PyModule>) -> T
where
    T: for<'a, 'py> From<&'a Bound<'py, PyModule>>,
{
    T::from(module.bind(token.py()))
}

/// Borrows the receiver of a method with `&self`.
///
/// # Safety
/// The object must be an instance of `T`.
///
/// # Errors
/// If the value is mutably borrowed.
pub unsafe fn borrow<'h, T: PyClass>(
    token: CoroutineToken,
    object: &Py<PyAny>,
    holder: &'h mut Option<HeldRef<T>>,
) -> PyResult<&'h T> {
    // SAFETY: an instance of `T` (upheld by the caller).
    let held = unsafe { HeldRef::of(token, object) }?;
    Ok(holder.insert(held).value())
}

/// Borrows the receiver of a method with `&mut self`.
///
/// # Safety
/// The object must be an instance of `T`.
///
/// # Errors
/// If the value is borrowed.
pub unsafe fn borrow_mut<'h, T: PyClass<Frozen = False>>(
    token: CoroutineToken,
    object: &Py<PyAny>,
    holder: &'h mut Option<HeldRefMut<T>>,
) -> PyResult<&'h mut T> {
    // SAFETY: an instance of `T` (upheld by the caller).
    let held = unsafe { HeldRefMut::of(token, object) }?;
    Ok(holder.insert(held).value())
}

/// Creates the handle that a method takes as its receiver.
///
/// # Safety
/// The object must be a `T`.
///
/// # Errors
/// As for [`Receiver::receive`].
pub unsafe fn receive<R, T>(token: CoroutineToken, object: &Py<PyAny>) -> PyResult<R>
where
    R: for<'a, 'py> Receiver<'a, 'py, T>,
{
    // SAFETY: a `T` (upheld by the caller).
    R::receive(unsafe { object.cast_bound_unchecked(token.py()) })
}

/// Returns an argument that is always given.
pub fn required(argument: &Option<Py<PyAny>>) -> &Py<PyAny> {
    // The call fails without a required argument.
    argument.as_ref().unwrap_or_else(|| unreachable!())
}

/// Converts an argument. The function must work for every `'py`, so that the value, which the
/// future keeps, does not depend on that lifetime.
///
/// # Errors
/// The error of the function.
pub fn extract<'a, T>(
    token: CoroutineToken,
    object: &'a Py<PyAny>,
    function: impl for<'py> FnOnce(&'a Bound<'py, PyAny>) -> PyResult<T>,
) -> PyResult<T> {
    function(object.bind(token.py()))
}

/// Converts an argument with the function given by `from_py_with`.
///
/// # Errors
/// As for [`argument::extract`].
pub fn extract_with<'a, T, E: Into<PyErr>>(
    token: CoroutineToken,
    object: &'a Py<PyAny>,
    function: for<'py> fn(&'a Bound<'py, PyAny>) -> Result<T, E>,
    name: &'static str,
) -> PyResult<T> {
    argument::extract_with(object.bind(token.py()), function, name)
}

/// Borrows an argument.
///
/// # Errors
/// As for [`argument::extract`].
pub fn extract_ref<'h, T: HeldArgument + ?Sized>(
    token: CoroutineToken,
    object: &'h Py<PyAny>,
    holder: &'h mut T::Holder,
    name: &'static str,
) -> PyResult<&'h T> {
    T::extract_held(token, object, holder).map_err(|error| argument::named(token.py(), error, name))
}

/// Borrows an argument, unless it is `None`.
///
/// # Errors
/// As for [`argument::extract`].
pub fn extract_optional_ref<'h, T: HeldArgument + ?Sized>(
    token: CoroutineToken,
    object: &'h Py<PyAny>,
    holder: &'h mut T::Holder,
    name: &'static str,
) -> PyResult<Option<&'h T>> {
    if object.is_none(token.py()) {
        return Ok(None);
    }
    extract_ref(token, object, holder, name).map(Some)
}

/// Borrows an argument mutably.
///
/// # Errors
/// As for [`argument::extract`].
pub fn extract_mut<'h, T: HeldMutArgument + ?Sized>(
    token: CoroutineToken,
    object: &'h Py<PyAny>,
    holder: &'h mut T::Holder,
    name: &'static str,
) -> PyResult<&'h mut T> {
    T::extract_held_mut(token, object, holder)
        .map_err(|error| argument::named(token.py(), error, name))
}

/// Borrows an argument mutably, unless it is `None`.
///
/// # Errors
/// As for [`argument::extract`].
pub fn extract_optional_mut<'h, T: HeldMutArgument + ?Sized>(
    token: CoroutineToken,
    object: &'h Py<PyAny>,
    holder: &'h mut T::Holder,
    name: &'static str,
) -> PyResult<Option<&'h mut T>> {
    if object.is_none(token.py()) {
        return Ok(None);
    }
    extract_mut(token, object, holder, name).map(Some)
}

/// Returns the object that `convert` returns.
///
/// # Errors
/// That of `convert`.
///
/// # Safety
/// `convert` must return a new reference.
pub unsafe fn converted(
    token: CoroutineToken,
    convert: impl FnOnce(Python<'_>) -> PyResult<*mut ffi::PyObject>,
) -> PyResult<Py<PyAny>> {
    let py = token.py();
    let object = convert(py)?;
    // SAFETY: a new reference, upheld by the caller.
    Ok(unsafe { Bound::from_owned_ptr(py, object) }.unbind())
}
