//! [`PyErr`]: a Python exception as a Rust error.

mod arguments;
mod cast;
mod python;

mod state;
mod std_errors;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::fmt;
use std::ptr::NonNull;

use pyo3_ffi as ffi;

pub use arguments::PyErrArguments;
pub use cast::{CastError, CastIntoError};

use self::state::{ClassOf, State};
use crate::convert::IntoPyObject;
use crate::exceptions::PyBaseException;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, BoundObject, Py, PyTypeInfo};
use crate::types::{PyAny, PyTraceback, PyTracebackMethods, PyType};

/// A result whose error is a Python exception.
pub type PyResult<T> = Result<T, PyErr>;

/// A Python exception. It is one pointer, and independent of any token: it may be kept, sent to
/// another thread, and dropped anywhere.
///
/// An exception made from Rust is *lazy*: the Python object is only made when somebody looks at
/// it or it is raised. One that came from Python is normalised from the start, and belongs to its
/// interpreter like every [`Py`].
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
    state: Box<State>,
}

const _: () = assert!(size_of::<PyResult<NonNull<u8>>>() <= 2 * size_of::<usize>());

impl PyErr {
    /// An exception of type `T`, made when it is needed as `T(*args)` if `args` is a tuple, else
    /// as `T(args)`.
    ///
    /// The exception types have a shorter form of it: `PyTypeError::new_err(args)`.
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
        // The types are known where this is compiled: one of the three is left.
        let any: &dyn Any = &args;
        if let Some(text) = any.downcast_ref::<&'static str>() {
            return Self::from_state(State::text(class, text));
        }
        if any.is::<String>() {
            let mut args = Some(args);
            let any: &mut dyn Any = &mut args;
            if let Some(text) = any.downcast_mut::<Option<String>>().and_then(Option::take) {
                return Self::from_state(State::own_text(class, text));
            }
            unreachable!("an argument is of one type")
        }
        Self::from_state(State::lazy(move |py| {
            (T::type_object(py).into_any().unbind(), args.arguments(py))
        }))
    }

    /// As [`PyErr::new`], with the type as a value. If it is not an exception class, what is
    /// raised is a `TypeError`.
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
        Self::from_state(State::lazy(move |py| (class, args.arguments(py))))
    }

    /// An exception from an exception object; from an exception class, an instance of it is made
    /// when needed; anything else gives a `TypeError`.
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
            Ok(exception) => Self::from_state(State::normalized(exception.unbind())),
            Err(error) => {
                let object = error.into_inner().unbind();
                Self::from_state(State::lazy(move |py| {
                    let none = py.None();
                    (object, none)
                }))
            }
        }
    }

    #[inline]
    fn from_state(state: Box<State>) -> Self {
        Self { state }
    }

    /// Takes the exception that is set, leaving none.
    ///
    /// # Panics
    /// If it is a [`PanicException`](crate::panic::PanicException): the Rust panic that crossed
    /// Python goes on.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| assert!(PyErr::take(py).is_none()));
    /// ```
    ///
    /// C API: `PyErr_GetRaisedException`.
    pub fn take(py: Python<'_>) -> Option<PyErr> {
        let exception = state::take_raised(py)?;
        crate::panic::resume_if_panic(py, &exception);
        Some(Self::from_state(State::normalized(exception.unbind())))
    }

    /// Takes the exception that is set. If none is, which is a bug in the callee, the result is a
    /// `SystemError` that says so; where debug assertions are on, it is a panic.
    ///
    /// # Panics
    /// As for [`PyErr::take`], and as said.
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
            None => nothing_to_fetch(),
        }
    }

    /// Whether an exception is set.
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
        // SAFETY: attached.
        unsafe { !ffi::PyErr_Occurred().is_null() }
    }

    /// Sets it as the current exception, for a C caller to find.
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

    /// The interpreter it belongs to. `None`: it is lazy, and none's yet.
    pub(crate) fn interpreter(&self) -> Option<crate::interpreter::Interpreter> {
        self.state.interpreter()
    }

    /// The exception object.
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
    pub fn value<'py>(&self, py: Python<'py>) -> &Bound<'py, PyBaseException> {
        self.state.normalize(py).bind(py)
    }

    /// The exception object.
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
    pub fn into_value(self, py: Python<'_>) -> Py<PyBaseException> {
        self.value(py).clone().unbind()
    }

    /// The exception's class.
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
    pub fn get_type<'py>(&self, py: Python<'py>) -> Bound<'py, PyType> {
        crate::types::typeobject::type_of(self.value(py).as_any())
    }

    /// Where it was raised: its `__traceback__`.
    ///
    /// # Panics
    /// If the exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyValueError;
    ///
    /// Python::attach(|py| {
    ///     let raised = py.run(c"raise ValueError", None, None).unwrap_err();
    ///     assert!(raised.traceback(py).is_some());
    ///     assert!(PyValueError::new_err("not raised").traceback(py).is_none());
    /// });
    /// ```
    pub fn traceback<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyTraceback>> {
        // SAFETY: attached; a new reference or null comes back.
        let traceback = unsafe {
            let traceback = ffi::PyException_GetTraceback(self.value(py).as_ptr());
            Bound::from_owned_ptr_or_opt(py, traceback)?
        };
        // Below 3.12, one that was set to `None` comes back as that.
        traceback.cast_into().ok()
    }

    /// Sets its `__traceback__`.
    ///
    /// # Panics
    /// If the exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let error = py.run(c"raise ValueError", None, None).unwrap_err();
    ///     error.set_traceback(py, None);
    ///     assert!(error.traceback(py).is_none());
    /// });
    /// ```
    pub fn set_traceback<'py>(&self, py: Python<'_>, traceback: Option<Bound<'py, PyTraceback>>) {
        let traceback = traceback.as_ref().map_or(
            // SAFETY: `None` is a static of CPython.
            unsafe { ffi::Py_None() },
            Bound::as_ptr,
        );
        // SAFETY: attached; both are valid, and a traceback or None is never refused.
        unsafe { ffi::PyException_SetTraceback(self.value(py).as_ptr(), traceback) };
    }

    /// Whether it is an instance of `T`.
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
    pub fn is_instance_of<T: PyTypeInfo>(&self, py: Python<'_>) -> bool {
        self.is_instance(py, T::type_object(py).as_any())
    }

    /// Whether it is an instance of the class, or of one in the tuple of classes.
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
    pub fn is_instance(&self, py: Python<'_>, class: &Bound<'_, PyAny>) -> bool {
        let class = class.as_ptr();
        // SAFETY: attached, both valid.
        unsafe { ffi::PyErr_GivenExceptionMatches(self.value(py).as_ptr(), class) != 0 }
    }

    /// Whether it matches: `except class` would catch it, where `class` converts to a class or a
    /// tuple of classes.
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
    pub fn matches<'py, T>(&self, py: Python<'py>, class: T) -> Result<bool, T::Error>
    where
        T: IntoPyObject<'py>,
    {
        let class = class.into_pyobject(py)?.into_any();
        Ok(self.is_instance(py, &class.as_borrowed()))
    }

    /// Another reference to the same exception.
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
    pub fn clone_ref(&self, py: Python<'_>) -> PyErr {
        Self::from_state(State::normalized(self.value(py).clone().unbind()))
    }

    /// Prints it, with its traceback, to `sys.stderr`.
    ///
    /// # Panics
    /// If the exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let error = py.run(c"import no_such_module", None, None).unwrap_err();
    ///     error.display(py);
    /// });
    /// ```
    ///
    /// C API: `PyErr_Display`.
    pub fn display(&self, py: Python<'_>) {
        let value = self.value(py);
        let traceback = self.traceback(py);
        let traceback = traceback
            .as_ref()
            .map_or(std::ptr::null_mut(), Bound::as_ptr);
        // SAFETY: attached, all valid.
        unsafe {
            ffi::PyErr_Display(
                ffi::Py_TYPE(value.as_ptr()).cast(),
                value.as_ptr(),
                traceback,
            )
        };
    }

    /// Prints it, with its traceback, to `sys.stderr`, through `sys.excepthook`.
    ///
    /// # Panics
    /// If the exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyValueError;
    ///
    /// Python::attach(|py| {
    ///     let (sys, stderr) = (py.import("sys")?, py.import("io")?.call_method0("StringIO")?);
    ///     sys.setattr("stderr", &stderr)?;
    ///     PyValueError::new_err("bad").print(py);
    ///     assert!(stderr.call_method0("getvalue")?.contains("ValueError: bad")?);
    ///     sys.setattr("stderr", sys.getattr("__stderr__")?)?;
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyErr_PrintEx(0)`.
    pub fn print(&self, py: Python<'_>) {
        self.clone_ref(py).restore(py);
        // SAFETY: attached, with the exception set.
        unsafe { ffi::PyErr_PrintEx(0) };
    }

    /// As [`print`](PyErr::print), and also sets `sys.last_exc` and its older forms.
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
    ///     error.print_and_set_sys_last_vars(py);
    ///     assert!(py.import("sys")?.getattr("last_value")?.is(error.value(py)));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyErr_PrintEx(1)`.
    pub fn print_and_set_sys_last_vars(&self, py: Python<'_>) {
        self.clone_ref(py).restore(py);
        // SAFETY: attached, with the exception set.
        unsafe { ffi::PyErr_PrintEx(1) };
    }

    /// Reports it through `sys.unraisablehook`, as Python does with an exception in `__del__`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyValueError;
    ///
    /// Python::attach(|py| {
    ///     let seen = py.eval(c"[]", None, None)?;
    ///     let sys = py.import("sys")?;
    ///     sys.setattr("unraisablehook", seen.getattr("append")?)?;
    ///     PyValueError::new_err("bad").write_unraisable(py, None);
    ///     sys.setattr("unraisablehook", sys.getattr("__unraisablehook__")?)?;
    ///     assert_eq!(seen.get_item(0)?.getattr("exc_value")?.to_string(), "bad");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyErr_WriteUnraisable`.
    pub fn write_unraisable(self, py: Python<'_>, object: Option<&Bound<'_, PyAny>>) {
        self.restore(py);
        let object = object.map_or(std::ptr::null_mut(), Bound::as_ptr);
        // SAFETY: attached, with the exception set.
        unsafe { ffi::PyErr_WriteUnraisable(object) };
    }

    /// The exception it was raised from: its `__cause__`.
    ///
    /// # Panics
    /// If the exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyValueError;
    ///
    /// Python::attach(|py| {
    ///     let code = c"raise KeyError('a') from ValueError('b')";
    ///     let error = py.run(code, None, None).unwrap_err();
    ///     assert_eq!(error.cause(py).unwrap().to_string(), "ValueError: b");
    ///     assert!(PyValueError::new_err("bad").cause(py).is_none());
    /// });
    /// ```
    pub fn cause(&self, py: Python<'_>) -> Option<PyErr> {
        // SAFETY: attached; a new reference or null comes back.
        let cause = unsafe {
            let cause = ffi::PyException_GetCause(self.value(py).as_ptr());
            Bound::from_owned_ptr_or_opt(py, cause)
        };
        cause.map(Self::from_value)
    }

    /// Sets its `__cause__`.
    ///
    /// # Panics
    /// If either exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::{PyKeyError, PyValueError};
    ///
    /// Python::attach(|py| {
    ///     let error = PyValueError::new_err("bad");
    ///     error.set_cause(py, Some(PyKeyError::new_err("why")));
    ///     assert!(error.cause(py).unwrap().is_instance_of::<PyKeyError>(py));
    ///     error.set_cause(py, None);
    ///     assert!(error.cause(py).is_none());
    /// });
    /// ```
    pub fn set_cause(&self, py: Python<'_>, cause: Option<PyErr>) {
        let cause = cause.map_or(std::ptr::null_mut(), |cause| {
            cause.into_value(py).into_ptr()
        });
        // SAFETY: attached; the reference to the cause is given up.
        unsafe { ffi::PyException_SetCause(self.value(py).as_ptr(), cause) };
    }

    /// The exception that was being handled when it was raised: its `__context__`.
    ///
    /// # Panics
    /// If the exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyZeroDivisionError;
    ///
    /// Python::attach(|py| {
    ///     let code = c"try: 1 / 0\nexcept ZeroDivisionError: raise KeyError('a')";
    ///     let error = py.run(code, None, None).unwrap_err();
    ///     assert!(error.context(py).unwrap().is_instance_of::<PyZeroDivisionError>(py));
    /// });
    /// ```
    pub fn context(&self, py: Python<'_>) -> Option<PyErr> {
        // SAFETY: attached; a new reference or null comes back.
        let context = unsafe {
            let context = ffi::PyException_GetContext(self.value(py).as_ptr());
            Bound::from_owned_ptr_or_opt(py, context)
        };
        context.map(Self::from_value)
    }

    /// Sets its `__context__`.
    ///
    /// # Panics
    /// If either exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::{PyKeyError, PyValueError};
    ///
    /// Python::attach(|py| {
    ///     let error = PyValueError::new_err("bad");
    ///     error.set_context(py, Some(PyKeyError::new_err("why")));
    ///     assert!(error.context(py).unwrap().is_instance_of::<PyKeyError>(py));
    ///     error.set_context(py, None);
    ///     assert!(error.context(py).is_none());
    /// });
    /// ```
    pub fn set_context(&self, py: Python<'_>, context: Option<PyErr>) {
        let context = context.map_or(std::ptr::null_mut(), |context| {
            context.into_value(py).into_ptr()
        });
        // SAFETY: attached; the reference to the context is given up.
        unsafe { ffi::PyException_SetContext(self.value(py).as_ptr(), context) };
    }
}

/// An exception type: its objects convert to [`PyErr`]. The exception macros implement it.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::exceptions::PyUnicodeDecodeError;
///
/// fn refuse(py: Python<'_>) -> PyResult<()> {
///     Err(PyUnicodeDecodeError::new(py, c"ascii", b"\xff", 0..1, c"not ASCII")?.into())
/// }
/// Python::attach(|py| assert!(refuse(py).is_err()));
/// ```
pub trait ToPyErr {}

impl<'py, T: ToPyErr> From<Bound<'py, T>> for PyErr {
    fn from(exception: Bound<'py, T>) -> PyErr {
        PyErr::from_value(exception.into_any())
    }
}

/// What a CPython function that reports failure as -1 returned.
///
/// # Errors
/// The exception that is set, if `value` is -1.
#[inline]
pub(crate) fn error_on_minusone(py: Python<'_>, value: std::ffi::c_int) -> PyResult<()> {
    if value == -1 {
        Err(PyErr::fetch(py))
    } else {
        Ok(())
    }
}

/// A C function failed and left no exception behind.
#[cold]
#[cfg_attr(debug_assertions, track_caller)]
fn nothing_to_fetch() -> PyErr {
    const NONE_SET: &str = "attempted to fetch exception but none was set";
    if cfg!(debug_assertions) {
        panic!("{NONE_SET}");
    }
    crate::exceptions::PySystemError::new_err(NONE_SET)
}

impl fmt::Debug for PyErr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.state.attach(|py| {
            f.debug_struct("PyErr")
                .field("type", &self.get_type(py))
                .field("value", self.value(py))
                .field("traceback", &self.traceback(py).map(describe_traceback))
                .finish()
        });
        shown.unwrap_or_else(|why| write!(f, "PyErr(cannot be shown: {why})"))
    }
}

/// The traceback's text.
fn describe_traceback(traceback: Bound<'_, PyTraceback>) -> String {
    traceback.format().unwrap_or_else(|error| {
        // This one is not formatted in its turn, or there might be no end to it.
        error.write_unraisable(traceback.py(), Some(traceback.as_any()));
        format!("<unformattable {traceback:?}>")
    })
}

impl fmt::Display for PyErr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.state.attach(|py| {
            let value = self.value(py);
            let name = crate::types::typeobject::qualname_of_type(value.as_any());
            f.write_str(&name)?;
            // SAFETY: attached; a new reference or null comes back.
            let text =
                unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyObject_Str(value.as_ptr())) };
            match text {
                Ok(text) => write!(f, ": {}", crate::types::string::to_string_lossy(&text)),
                Err(error) => {
                    error.write_unraisable(py, Some(value.as_any()));
                    f.write_str(": <exception str() failed>")
                }
            }
        });
        shown.unwrap_or_else(|why| write!(f, "a Python exception that cannot be shown: {why}"))
    }
}

impl std::error::Error for PyErr {}

impl From<CastError<'_, '_>> for PyErr {
    fn from(error: CastError<'_, '_>) -> PyErr {
        cast::into_type_error(error.object(), error.class())
    }
}

impl From<CastIntoError<'_>> for PyErr {
    fn from(error: CastIntoError<'_>) -> PyErr {
        let class = error.class().clone();
        cast::into_type_error(error.into_inner().as_borrowed(), &class)
    }
}

impl From<std::convert::Infallible> for PyErr {
    fn from(never: std::convert::Infallible) -> PyErr {
        match never {}
    }
}

/// The exception object. One of another interpreter is refused with a `RuntimeError`.
impl<'py> IntoPyObject<'py> for PyErr {
    type Target = PyBaseException;
    type Output = Bound<'py, PyBaseException>;
    type Error = crate::WrongInterpreter;

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        (&self).into_pyobject(py)
    }
}

/// The exception object. One of another interpreter is refused with a `RuntimeError`.
impl<'py> IntoPyObject<'py> for &PyErr {
    type Target = PyBaseException;
    type Output = Bound<'py, PyBaseException>;
    type Error = crate::WrongInterpreter;

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        self.state.normalize(py).try_bind(py).cloned()
    }
}

/// The exception object of an error, for `cause` and the like; borrowed checks are the caller's.
impl<'py> From<Borrowed<'_, 'py, PyBaseException>> for PyErr {
    fn from(exception: Borrowed<'_, 'py, PyBaseException>) -> PyErr {
        Self::from_state(State::normalized(exception.to_owned().unbind()))
    }
}
