//! Attaching to run a function that returns a [`PyResult`], with one error type for both.

use crate::error::PyResult;
use crate::interpreter::{Interpreter, Python, SubInterpreter};
use crate::object::{Bound, Py};

impl Interpreter {
    /// Attaches this thread to the interpreter and runs `f` with its token:
    /// [`attach`](Interpreter::attach) for a function that returns a [`PyResult`], with one error
    /// type for both.
    ///
    /// An exception that `f` returns belongs to the interpreter. If it has to outlive the
    /// interpreter, or is used in another one, convert it to a
    /// [`RaisedException`](crate::RaisedException) within `f`.
    ///
    /// # Errors
    /// Those of `f`; a `RuntimeError` with the text of the [`AttachError`], without an exception
    /// object, where `attach` returns one.
    ///
    /// [`AttachError`]: crate::interpreter::AttachError
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// let main = Python::attach(|py| py.interpreter());
    /// let sum: i32 = main.attach_and_then(|py| py.eval(c"sum([1, 2])", None, None)?.extract())?;
    /// assert_eq!(sum, 3);
    /// # Ok::<_, PyErr>(())
    /// ```
    #[track_caller]
    pub fn attach_and_then<F, R>(&self, f: F) -> PyResult<R>
    where
        F: for<'py> FnOnce(Python<'py>) -> PyResult<R>,
    {
        self.attach(f)?
    }
}

impl SubInterpreter {
    /// Attaches this thread to it and runs `f` with its token:
    /// [`Interpreter::attach_and_then`].
    ///
    /// # Errors
    /// Those of `f` and, as a `RuntimeError`, of [`Interpreter::attach`].
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::SubInterpreter;
    ///
    /// # pyatoll::Python::initialize();
    /// fn version() -> Result<String, Box<dyn std::error::Error>> {
    ///     let sub = SubInterpreter::builder().build()?;
    ///     let json = sub.attach_and_then(|py| py.import("json")?.getattr("__name__")?.extract())?;
    ///     Ok(json)
    /// }
    /// assert_eq!(version()?, "json");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn attach_and_then<F, R>(&self, f: F) -> PyResult<R>
    where
        F: for<'py> FnOnce(Python<'py>) -> PyResult<R>,
    {
        self.attach(f)?
    }
}

impl<T> Py<T> {
    /// Attaches to the interpreter that owns the object, from any thread, and runs `f` with the
    /// object: [`attach`](Py::attach) for a function that returns a [`PyResult`].
    ///
    /// # Errors
    /// Those of `f` and, as a `RuntimeError`, of [`Interpreter::attach`].
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// let number: Py<PyAny> =
    ///     Python::attach(|py| py.eval(c"6 * 7", None, None).map(Bound::unbind))?;
    /// let value: i32 = number.attach_and_then(|_py, number| number.extract())?;
    /// assert_eq!(value, 42);
    /// # Ok::<_, PyErr>(())
    /// ```
    #[track_caller]
    pub fn attach_and_then<F, R>(&self, f: F) -> PyResult<R>
    where
        F: for<'py> FnOnce(Python<'py>, &Bound<'py, T>) -> PyResult<R>,
    {
        self.attach(f)?
    }
}
