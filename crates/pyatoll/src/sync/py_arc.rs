//! [`PyArc<T>`]: a shared handle to an object that the interpreter keeps.

use std::fmt;
use std::sync::Arc;

use super::InterpreterLocal;
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{CastError, PyResult};
use crate::interpreter::{AttachError, Interpreter, Python};
use crate::object::{Borrowed, Bound, Py, PyTypeCheck, WrongInterpreter};
use crate::types::PyAny;

/// A shared handle to an object that its interpreter keeps, and gives up at its end.
///
/// Like a [`Py<T>`], it can be stored anywhere, sent to another thread, and dropped by any thread;
/// it belongs to one interpreter. There are two differences:
///
/// - The reference to the object is the interpreter's. When the interpreter ends, it is released,
///   however many handles are left: they keep nothing of the interpreter in memory. A `Py` that
///   outlives its interpreter leaks the object, and with it all memory of an interpreter with its
///   own GIL (see [`Py`](Py#after-the-end)).
/// - It can be cloned without a token, on any thread, like an [`Arc`].
///
/// The object is released when the last clone is dropped: at once if the thread is attached to the
/// interpreter, otherwise when the interpreter is next entered, or when a [`Python::detach`] from
/// it returns.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::interpreter::{AttachError, SubInterpreter};
/// use pyatoll::sync::PyArc;
/// use pyatoll::types::PyDict;
///
/// # Python::initialize();
/// let sub = SubInterpreter::builder().build()?;
/// let settings: PyArc<PyDict> = sub.attach(|py| PyDict::new(py).into())?;
///
/// let clone = settings.clone();
/// std::thread::spawn(move || clone.attach(|_py, settings| settings.set_item("depth", 3)))
///     .join()
///     .unwrap()??;
/// sub.attach(|py| assert_eq!(settings.bind(py).len(), 1))?;
///
/// let id = sub.id();
/// sub.close()?;
/// let after = settings.attach(|_py, _settings| ());
/// assert_eq!(after, Err(AttachError::InterpreterGone { id }));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct PyArc<T: 'static>(Arc<Kept<T>>);

struct Kept<T: 'static> {
    owner: Interpreter,
    /// Has a value in `owner`, until the end of that interpreter.
    object: InterpreterLocal<Py<T>>,
}

impl<T> PyArc<T> {
    /// Creates a handle to an object.
    ///
    /// # Panics
    /// If the interpreter has already dropped its values: it keeps no new ones.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::sync::PyArc;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let list = PyArc::new(PyList::empty(py));
    ///     assert!(list.bind(py).is_empty());
    /// });
    /// ```
    #[track_caller]
    pub fn new(object: Bound<'_, T>) -> Self {
        let py = object.py();
        let kept = Kept {
            owner: py.interpreter(),
            object: InterpreterLocal::new(),
        };
        // A new cell has no value.
        let _ = kept.object.set(py, object.unbind());
        Self(Arc::new(kept))
    }

    /// Binds the handle to a token, unless the token belongs to another interpreter, or to one that
    /// has already given the object up (code that runs at the very end of an interpreter).
    ///
    /// # Errors
    /// [`WrongInterpreter`], which becomes a Python `RuntimeError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::SubInterpreter;
    /// use pyatoll::sync::PyArc;
    ///
    /// let number = Python::attach(|py| py.eval(c"42", None, None).map(PyArc::new))?;
    /// Python::attach(|py| assert_eq!(number.try_bind(py).unwrap().to_string(), "42"));
    /// let sub = SubInterpreter::builder().build()?;
    /// sub.attach(|py| assert!(number.try_bind(py).is_err()))?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_bind<'a, 'py: 'a>(
        &'a self,
        py: Python<'py>,
    ) -> Result<&'a Bound<'py, T>, WrongInterpreter> {
        match self.0.object.get(py) {
            Some(object) => object.try_bind(py),
            None => Err(WrongInterpreter::of::<T>(self.0.owner, py)),
        }
    }

    /// Binds the handle to a token of its interpreter.
    ///
    /// # Panics
    /// If [`try_bind`](PyArc::try_bind) returns an error. At the boundary to Python that panic
    /// becomes a `RuntimeError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::sync::PyArc;
    ///
    /// Python::attach(|py| {
    ///     let none = PyArc::new(py.None().into_bound(py));
    ///     assert!(none.bind(py).is_none());
    /// });
    /// ```
    #[track_caller]
    pub fn bind<'a, 'py: 'a>(&'a self, py: Python<'py>) -> &'a Bound<'py, T> {
        match self.try_bind(py) {
            Ok(bound) => bound,
            Err(error) => error.panic(),
        }
    }

    /// Attaches to the object's interpreter, from any thread, and runs `f` with the object.
    ///
    /// # Errors
    /// Those of [`Interpreter::attach`]: the interpreter has ended, or this thread is attached to
    /// another one.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::sync::PyArc;
    /// use pyatoll::types::PyList;
    ///
    /// let list: PyArc<PyList> = Python::attach(|py| PyList::empty(py).into());
    /// list.attach(|_py, list| list.append(1))??;
    /// assert_eq!(list.attach(|_py, list| list.len())?, 1);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn attach<F, R>(&self, f: F) -> Result<R, AttachError>
    where
        F: for<'py> FnOnce(Python<'py>, &Bound<'py, T>) -> R,
    {
        let id = self.0.owner.id();
        self.0.owner.attach(|py| match self.try_bind(py) {
            Ok(object) => Ok(f(py, object)),
            Err(_) => Err(AttachError::InterpreterGone { id }),
        })?
    }

    /// Attaches to the object's interpreter, from any thread, and runs `f` with the object:
    /// [`attach`](PyArc::attach) for a function that returns a [`PyResult`].
    ///
    /// # Errors
    /// Those of `f` and, as a `RuntimeError`, of [`Interpreter::attach`].
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::sync::PyArc;
    /// use pyatoll::types::PyList;
    ///
    /// let list: PyArc<PyList> = Python::attach(|py| PyList::empty(py).into());
    /// list.attach_and_then(|_py, list| list.append(1))?;
    /// assert_eq!(list.attach(|_py, list| list.len())?, 1);
    /// # Ok::<_, PyErr>(())
    /// ```
    pub fn attach_and_then<F, R>(&self, f: F) -> PyResult<R>
    where
        F: for<'py> FnOnce(Python<'py>, &Bound<'py, T>) -> PyResult<R>,
    {
        self.attach(f)?
    }

    /// Returns the interpreter that keeps the object.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::sync::PyArc;
    ///
    /// let none = Python::attach(|py| PyArc::new(py.None().into_bound(py)));
    /// assert!(none.interpreter().is_main());
    /// ```
    pub fn interpreter(&self) -> Interpreter {
        self.0.owner
    }
}

impl<T> Clone for PyArc<T> {
    /// Creates another handle to the same object. The thread need not be attached.
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> From<Bound<'_, T>> for PyArc<T> {
    fn from(object: Bound<'_, T>) -> Self {
        Self::new(object)
    }
}

impl<T> From<&Bound<'_, T>> for PyArc<T> {
    fn from(object: &Bound<'_, T>) -> Self {
        Self::new(object.clone())
    }
}

impl<'a, 'py, T: PyTypeCheck + 'static> FromPyObject<'a, 'py> for PyArc<T> {
    type Error = CastError<'a, 'py>;

    crate::object::hint! { INPUT_TYPE = of::<T>() }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        object
            .cast::<T>()
            .map(|object| Self::new(object.to_owned()))
    }
}

/// A handle of another interpreter is refused with a `RuntimeError`.
impl<'py, T: PyTypeCheck> IntoPyObject<'py> for PyArc<T> {
    type Target = T;
    type Output = Bound<'py, T>;
    type Error = WrongInterpreter;

    crate::object::hint! { OUTPUT_TYPE = T::TYPE_HINT }

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        self.try_bind(py).cloned()
    }
}

/// A handle of another interpreter is refused with a `RuntimeError`.
impl<'py, T: PyTypeCheck> IntoPyObject<'py> for &PyArc<T> {
    type Target = T;
    type Output = Bound<'py, T>;
    type Error = WrongInterpreter;

    crate::object::hint! { OUTPUT_TYPE = T::TYPE_HINT }

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        self.try_bind(py).cloned()
    }
}

impl<T> fmt::Debug for PyArc<T> {
    /// Shows the interpreter only, as `repr` would require a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PyArc").field(&self.0.owner).finish()
    }
}
