//! [`PyErr`]: creating, fetching, raising and inspecting a Python exception.

use std::any::Any;
use std::ptr::NonNull;

use pyo3_ffi as ffi;

use super::state::{self, ClassOf, ErrorState};
use super::{PyErrArguments, PyResult};
use crate::convert::IntoPyObject;
use crate::exceptions::PyBaseException;
use crate::interpreter::{Interpreter, Python};
use crate::object::{Bound, BoundObject, Py, PyTypeInfo, WrongInterpreter};
use crate::types::{PyAny, PyType};

/// A Python exception. It is one pointer, and independent of any token: it may be kept, sent to
/// another thread, and dropped anywhere.
///
/// An exception created in Rust is *lazy*: the Python object is only created when the exception is
/// inspected or raised. An exception that comes from Python is normalized from the start, and
/// belongs to its interpreter like every [`Py`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::exceptions::PyZeroDivisionError;
///
/// Python::attach(|py| {
///     let error = py.eval(c"1 / 0", None, None).unwrap_err();
///     assert!(error.is_instance_of::<PyZeroDivisionError>(py));
///     assert_eq!(error.to_string(), "ZeroDivisionError: division by zero");
/// });
/// ```
pub struct PyErr {
    pub(super) state: Box<ErrorState>,
}

const _: () = assert!(size_of::<PyResult<NonNull<u8>>>() <= 2 * size_of::<usize>());

impl PyErr {
    /// Creates an exception of type `T`. The exception object is created on demand, as `T(*args)`
    /// if `args` is a tuple, otherwise as `T(args)`.
    ///
    /// The exception types have a shorter form: `PyTypeError::new_err(args)`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyTypeError;
    ///
    /// let error = PyErr::new::<PyTypeError, _>("no such thing");
    /// assert_eq!(error.to_string(), "TypeError: no such thing");
    /// ```
    #[cold]
    pub fn new<T, A>(args: A) -> PyErr
    where
        T: PyTypeInfo,
        A: PyErrArguments + Send + Sync + 'static,
    {
        let class: ClassOf = T::type_object_raw;
        // `A` is known at compile time: only one of the three branches remains.
        let any: &dyn Any = &args;
        if let Some(text) = any.downcast_ref::<&'static str>() {
            return Self::from_state(ErrorState::text(class, text));
        }
        if any.is::<String>() {
            let mut args = Some(args);
            let any: &mut dyn Any = &mut args;
            if let Some(text) = any.downcast_mut::<Option<String>>().and_then(Option::take) {
                return Self::from_state(ErrorState::owned_text(class, text));
            }
            unreachable!("the type of `args` was checked")
        }
        Self::from_state(ErrorState::lazy(move |py| {
            (T::type_object(py).into_any().unbind(), args.arguments(py))
        }))
    }

    /// Creates an exception with one object as its argument; see [`PyErr::new`].
    #[cfg(feature = "experimental-async")]
    pub(crate) fn new_with_object<T: PyTypeInfo>(object: Py<PyAny>) -> PyErr {
        Self::from_state(ErrorState::object(T::type_object_raw, object))
    }

    /// Creates an exception of a type that is a value; see [`PyErr::new`]. If it is not an
    /// exception class, the exception is a `TypeError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyTypeError;
    ///
    /// Python::attach(|py| {
    ///     let error = PyErr::from_type(py.get_type::<PyTypeError>(), "no such thing");
    ///     assert_eq!(error.to_string(), "TypeError: no such thing");
    /// });
    /// ```
    pub fn from_type<A>(class: Bound<'_, PyType>, args: A) -> PyErr
    where
        A: PyErrArguments + Send + Sync + 'static,
    {
        let class = class.into_any().unbind();
        Self::from_state(ErrorState::lazy(move |py| (class, args.arguments(py))))
    }

    /// Creates a `PyErr` from an exception object. For an exception class, an instance of it is
    /// created on demand; for any other object, the exception is a `TypeError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let error = PyErr::from_value(py.eval(c"ValueError('bad')", None, None).unwrap());
    ///     assert_eq!(error.to_string(), "ValueError: bad");
    /// });
    /// ```
    pub fn from_value(object: Bound<'_, PyAny>) -> PyErr {
        match object.cast_into::<PyBaseException>() {
            Ok(exception) => Self::from_state(ErrorState::normalized(exception.unbind())),
            Err(error) => {
                let object = error.into_inner().unbind();
                Self::from_state(ErrorState::lazy(move |py| {
                    let none = py.None();
                    (object, none)
                }))
            }
        }
    }

    #[inline]
    pub(super) fn from_state(state: Box<ErrorState>) -> Self {
        Self { state }
    }

    /// Takes the current exception, if there is one, and clears it.
    ///
    /// # Panics
    /// If it is a [`PanicException`](crate::panic::PanicException): the Rust panic that crossed
    /// Python resumes.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| assert!(PyErr::take(py).is_none()));
    /// ```
    ///
    /// C API: `PyErr_GetRaisedException`.
    #[track_caller]
    pub fn take(py: Python<'_>) -> Option<PyErr> {
        let exception = state::take_raised(py)?;
        crate::panic::resume_if_panic(py, &exception);
        Some(Self::from_state(ErrorState::normalized(exception.unbind())))
    }

    /// Takes the current exception. If there is none, which is a bug in the callee, the result is a
    /// `SystemError`, or a panic if debug assertions are enabled.
    ///
    /// # Panics
    /// If the exception is a [`PanicException`](crate::panic::PanicException), as for
    /// [`PyErr::take`]; with debug assertions, if there is none.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyValueError;
    ///
    /// Python::attach(|py| {
    ///     PyValueError::new_err("bad").restore(py);
    ///     assert_eq!(PyErr::fetch(py).to_string(), "ValueError: bad");
    ///     assert!(!PyErr::occurred(py));
    /// });
    /// ```
    #[cold]
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn fetch(py: Python<'_>) -> PyErr {
        match Self::take(py) {
            Some(error) => error,
            None => missing_exception(),
        }
    }

    /// Returns whether there is a current exception.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyValueError;
    ///
    /// Python::attach(|py| {
    ///     PyValueError::new_err("bad").restore(py);
    ///     assert!(PyErr::occurred(py));
    ///     assert!(PyErr::take(py).is_some());
    ///     assert!(!PyErr::occurred(py));
    /// });
    /// ```
    ///
    /// C API: `PyErr_Occurred`.
    #[inline]
    pub fn occurred(_py: Python<'_>) -> bool {
        // SAFETY: attached (`_py`).
        unsafe { !ffi::PyErr_Occurred().is_null() }
    }

    /// Makes this the current exception, to be found by a C caller.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyValueError;
    ///
    /// Python::attach(|py| {
    ///     PyValueError::new_err("bad").restore(py);
    ///     assert_eq!(PyErr::take(py).unwrap().to_string(), "ValueError: bad");
    /// });
    /// ```
    ///
    /// C API: `PyErr_SetRaisedException`.
    #[cold]
    pub fn restore(self, py: Python<'_>) {
        self.state.raise(py);
    }

    /// Returns the interpreter the exception object belongs to; `None` for a lazy exception.
    pub(crate) fn interpreter(&self) -> Option<Interpreter> {
        self.state.interpreter()
    }

    /// Returns whether this is a `RecursionError` of the token's interpreter: one that was raised,
    /// or that has a text as its only argument.
    pub(crate) fn is_recursion_error(&self, py: Python<'_>) -> bool {
        self.state.is_recursion_error(py)
    }

    /// Returns the exception object.
    ///
    /// # Panics
    /// If the exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyValueError;
    ///
    /// Python::attach(|py| {
    ///     let error = PyValueError::new_err("bad");
    ///     assert_eq!(error.value(py).getattr("args")?.to_string(), "('bad',)");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[track_caller]
    pub fn value<'py>(&self, py: Python<'py>) -> &Bound<'py, PyBaseException> {
        self.state.normalize(py).bind(py)
    }

    /// Returns the exception object, unless the exception belongs to another interpreter. The other
    /// methods that take a token panic in that case: check with this one first where an exception
    /// may come from elsewhere, or use [`RaisedException`](crate::RaisedException) to carry it.
    ///
    /// # Errors
    /// [`WrongInterpreter`], which becomes a Python `RuntimeError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::SubInterpreter;
    ///
    /// let sub = SubInterpreter::builder().build()?;
    /// let error = sub.attach(|py| py.run(c"1 / 0", None, None))?.unwrap_err();
    /// assert!(sub.attach(|py| error.try_value(py).is_ok())?);
    /// Python::attach(|py| assert!(error.try_value(py).is_err()));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_value<'py>(
        &self,
        py: Python<'py>,
    ) -> Result<&Bound<'py, PyBaseException>, WrongInterpreter> {
        self.state.normalize(py).try_bind(py)
    }

    /// Converts into the exception object.
    ///
    /// # Panics
    /// If the exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::{PyBaseException, PyValueError};
    ///
    /// Python::attach(|py| {
    ///     let error = PyValueError::new_err("bad");
    ///     let value: Py<PyBaseException> = error.into_value(py);
    ///     assert_eq!(value.bind(py).to_string(), "bad");
    /// });
    /// ```
    #[track_caller]
    pub fn into_value(self, py: Python<'_>) -> Py<PyBaseException> {
        self.value(py).clone().unbind()
    }

    /// Returns the exception's class.
    ///
    /// # Panics
    /// If the exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyValueError;
    ///
    /// Python::attach(|py| {
    ///     let error = PyValueError::new_err("bad");
    ///     assert!(error.get_type(py).is(py.get_type::<PyValueError>()));
    /// });
    /// ```
    #[track_caller]
    pub fn get_type<'py>(&self, py: Python<'py>) -> Bound<'py, PyType> {
        crate::types::typeobject::type_of(self.value(py).as_any())
    }

    /// Returns whether the exception is an instance of `T`.
    ///
    /// # Panics
    /// If the exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::{PyKeyError, PyLookupError, PyValueError};
    ///
    /// Python::attach(|py| {
    ///     let error = PyKeyError::new_err("missing");
    ///     assert!(error.is_instance_of::<PyLookupError>(py), "a base class");
    ///     assert!(!error.is_instance_of::<PyValueError>(py));
    /// });
    /// ```
    #[track_caller]
    pub fn is_instance_of<T: PyTypeInfo>(&self, py: Python<'_>) -> bool {
        self.is_instance(py, T::type_object(py).as_any())
    }

    /// Returns whether the exception is an instance of the class, or of a class in the tuple of
    /// classes.
    ///
    /// # Panics
    /// If the exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyValueError;
    ///
    /// Python::attach(|py| {
    ///     let error = PyValueError::new_err("bad");
    ///     assert!(error.is_instance(py, &py.eval(c"(KeyError, ValueError)", None, None)?));
    ///     assert!(!error.is_instance(py, &py.eval(c"KeyError", None, None)?));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyErr_GivenExceptionMatches`.
    #[track_caller]
    pub fn is_instance(&self, py: Python<'_>, class: &Bound<'_, PyAny>) -> bool {
        let class = class.as_ptr();
        // SAFETY: attached; both objects are alive.
        unsafe { ffi::PyErr_GivenExceptionMatches(self.value(py).as_ptr(), class) != 0 }
    }

    /// Returns whether `except class` would catch the exception, where `class` converts to a class
    /// or a tuple of classes.
    ///
    /// # Panics
    /// If the exception belongs to another interpreter.
    ///
    /// # Errors
    /// Those of the conversion.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::{PyKeyError, PyTypeError, PyValueError};
    ///
    /// Python::attach(|py| {
    ///     let error = PyKeyError::new_err("missing");
    ///     let (key, value) = (py.get_type::<PyKeyError>(), py.get_type::<PyValueError>());
    ///     assert!(error.matches(py, (&value, &key))?);
    ///     assert!(!error.matches(py, py.get_type::<PyTypeError>()).unwrap());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyErr_GivenExceptionMatches`.
    #[track_caller]
    pub fn matches<'py, T>(&self, py: Python<'py>, class: T) -> Result<bool, T::Error>
    where
        T: IntoPyObject<'py>,
    {
        let class = class.into_pyobject(py)?.into_any();
        Ok(self.is_instance(py, &class.as_borrowed()))
    }

    /// Creates another reference to the same exception.
    ///
    /// # Panics
    /// If the exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyValueError;
    ///
    /// Python::attach(|py| {
    ///     let error = PyValueError::new_err("bad");
    ///     let same = error.clone_ref(py);
    ///     assert!(same.value(py).is(error.value(py)));
    /// });
    /// ```
    #[track_caller]
    pub fn clone_ref(&self, py: Python<'_>) -> PyErr {
        Self::from_state(ErrorState::normalized(self.value(py).clone().unbind()))
    }
}

/// Reports that a C function failed without setting an exception.
#[cold]
#[cfg_attr(debug_assertions, track_caller)]
fn missing_exception() -> PyErr {
    const NONE_SET: &str = "attempted to fetch exception but none was set";
    if cfg!(debug_assertions) {
        panic!("{NONE_SET}");
    }
    crate::exceptions::PySystemError::new_err(NONE_SET)
}

impl std::error::Error for PyErr {}
