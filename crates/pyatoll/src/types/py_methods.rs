//! Methods of [`Py<T>`] that act on any object and take a token: shorthand for binding first.
//!
//! A token of another interpreter is refused with the `RuntimeError` of
//! [`WrongInterpreter`](crate::WrongInterpreter).

use crate::convert::IntoPyObject;
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Bound, Py};
use crate::types::{PyAny, PyAnyMethods, PyCallArgs, PyDict, PyString};

/// The most common methods of [`PyAnyMethods`]; [`bind`](Py::bind) gives access to the others.
///
/// Each returns the errors of the method of the same name, and a `RuntimeError` if the token
/// belongs to another interpreter.
///
/// ```
/// use pyatoll::prelude::*;
///
/// let space: Py<PyAny> = Python::attach(|py| {
///     let class = py.import("types")?.getattr("SimpleNamespace")?.unbind();
///     class.call0(py)
/// })?;
/// Python::attach(|py| {
///     space.setattr(py, "answer", 42)?;
///     assert_eq!(space.getattr(py, "answer")?.extract::<i32>(py)?, 42);
///     let text = space.call_method1(py, "__getattribute__", ("answer",))?;
///     assert!(text.is_truthy(py)? && space.call_method0(py, "__repr__")?.is_truthy(py)?);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
impl<T> Py<T> {
    /// Returns `bool(self)`: see [`PyAnyMethods::is_truthy`].
    ///
    /// # Errors
    /// If `__bool__` raises; `RuntimeError` for a token of another interpreter.
    ///
    /// C API: `PyObject_IsTrue`.
    pub fn is_truthy(&self, py: Python<'_>) -> PyResult<bool> {
        self.any(py)?.is_truthy()
    }

    /// Returns `self.attr_name`: see [`PyAnyMethods::getattr`].
    ///
    /// # Errors
    /// `AttributeError` if the attribute is missing; `RuntimeError` for a token of another
    /// interpreter.
    ///
    /// C API: `PyObject_GetAttr`.
    pub fn getattr<'py, N>(&self, py: Python<'py>, attr_name: N) -> PyResult<Py<PyAny>>
    where
        N: IntoPyObject<'py, Target = PyString>,
    {
        self.any(py)?.getattr(attr_name).map(Bound::unbind)
    }

    /// Sets `self.attr_name = value`: see [`PyAnyMethods::setattr`].
    ///
    /// # Errors
    /// If the attribute cannot be set; `RuntimeError` for a token of another interpreter.
    ///
    /// C API: `PyObject_SetAttr`.
    pub fn setattr<'py, N, V>(&self, py: Python<'py>, attr_name: N, value: V) -> PyResult<()>
    where
        N: IntoPyObject<'py, Target = PyString>,
        V: IntoPyObject<'py>,
    {
        self.any(py)?.setattr(attr_name, value)
    }

    /// Calls `self(*args, **kwargs)`: see [`PyAnyMethods::call`].
    ///
    /// # Errors
    /// If the call raises; `RuntimeError` for a token of another interpreter.
    ///
    /// C API: `PyObject_VectorcallDict`.
    pub fn call<'py, A>(
        &self,
        py: Python<'py>,
        args: A,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Py<PyAny>>
    where
        A: PyCallArgs<'py>,
    {
        self.any(py)?.call(args, kwargs).map(Bound::unbind)
    }

    /// Calls `self(*args)`: see [`PyAnyMethods::call1`].
    ///
    /// # Errors
    /// If the call raises; `RuntimeError` for a token of another interpreter.
    ///
    /// C API: `PyObject_Vectorcall`.
    pub fn call1<'py, A>(&self, py: Python<'py>, args: A) -> PyResult<Py<PyAny>>
    where
        A: PyCallArgs<'py>,
    {
        self.any(py)?.call1(args).map(Bound::unbind)
    }

    /// Calls `self()`: see [`PyAnyMethods::call0`].
    ///
    /// # Errors
    /// If the call raises; `RuntimeError` for a token of another interpreter.
    ///
    /// C API: `PyObject_CallNoArgs`.
    pub fn call0(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.any(py)?.call0().map(Bound::unbind)
    }

    /// Calls `self.name(*args, **kwargs)`: see [`PyAnyMethods::call_method`].
    ///
    /// # Errors
    /// If the call raises; `RuntimeError` for a token of another interpreter.
    ///
    /// C API: `PyObject_GetAttr`, `PyObject_VectorcallDict`.
    pub fn call_method<'py, N, A>(
        &self,
        py: Python<'py>,
        name: N,
        args: A,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Py<PyAny>>
    where
        N: IntoPyObject<'py, Target = PyString>,
        A: PyCallArgs<'py>,
    {
        self.any(py)?
            .call_method(name, args, kwargs)
            .map(Bound::unbind)
    }

    /// Calls `self.name(*args)`: see [`PyAnyMethods::call_method1`].
    ///
    /// # Errors
    /// If the call raises; `RuntimeError` for a token of another interpreter.
    ///
    /// C API: `PyObject_VectorcallMethod`.
    pub fn call_method1<'py, N, A>(&self, py: Python<'py>, name: N, args: A) -> PyResult<Py<PyAny>>
    where
        N: IntoPyObject<'py, Target = PyString>,
        A: PyCallArgs<'py>,
    {
        self.any(py)?.call_method1(name, args).map(Bound::unbind)
    }

    /// Calls `self.name()`: see [`PyAnyMethods::call_method0`].
    ///
    /// # Errors
    /// If the call raises; `RuntimeError` for a token of another interpreter.
    ///
    /// C API: `PyObject_VectorcallMethod`.
    pub fn call_method0<'py, N>(&self, py: Python<'py>, name: N) -> PyResult<Py<PyAny>>
    where
        N: IntoPyObject<'py, Target = PyString>,
    {
        self.any(py)?.call_method0(name).map(Bound::unbind)
    }

    fn any<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        Ok(self.try_bind(py)?.as_any())
    }
}

#[cfg(test)]
mod tests {
    use crate::SubInterpreter;
    use crate::exceptions::PyRuntimeError;
    use crate::interpreter::Python;
    use crate::types::PyList;

    #[test]
    fn a_token_of_another_interpreter_is_refused_with_an_error() {
        let list = Python::attach(|py| PyList::empty(py).unbind());
        let sub = SubInterpreter::builder().build().unwrap();
        sub.attach(|py| {
            let refused = [
                list.is_truthy(py).map(drop),
                list.getattr(py, "append").map(drop),
                list.setattr(py, "nothing", 1),
                list.call0(py).map(drop),
                list.call1(py, (1,)).map(drop),
                list.call(py, (1,), None).map(drop),
                list.call_method0(py, "clear").map(drop),
                list.call_method1(py, "append", (1,)).map(drop),
                list.call_method(py, "append", (1,), None).map(drop),
            ];
            for error in refused {
                let error = error.unwrap_err();
                assert!(error.is_instance_of::<PyRuntimeError>(py), "{error}");
                assert!(error.to_string().contains("belongs to interpreter 0"));
            }
        })
        .unwrap();
    }

    #[test]
    fn an_argument_of_another_interpreter_is_refused_with_an_error() {
        use crate::types::PyAnyMethods;

        let alien = Python::attach(|py| PyList::empty(py).unbind());
        let sub = SubInterpreter::builder().build().unwrap();
        sub.attach(|py| {
            let list = PyList::empty(py);
            let error = list.call_method1("append", (&alien,)).unwrap_err();
            assert!(error.is_instance_of::<PyRuntimeError>(py), "{error}");
            assert!(list.set_item(0, &alien).is_err() && list.as_any().eq(&alien).is_err());
        })
        .unwrap();
    }
}
