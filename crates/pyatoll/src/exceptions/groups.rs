//! Exception groups (PEP 654).

native_exceptions! {
    PyBaseExceptionGroup = "BaseExceptionGroup", PyExc_BaseExceptionGroup, example "\
Python::attach(|py| {
    let error = py
        .run(c\"raise BaseExceptionGroup('both', [KeyboardInterrupt(), ValueError()])\", None, None)
        .unwrap_err();
    assert!(error.is_instance_of::<PyBaseExceptionGroup>(py));
});";
}

builtin_exception! {
    /// Python's `ExceptionGroup`: a [`PyBaseExceptionGroup`] of which all members are
    /// [`PyException`](super::PyException)s. Each interpreter has its own class of it.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyExceptionGroup;
    ///
    /// Python::attach(|py| {
    ///     let error = py
    ///         .run(c"raise ExceptionGroup('both', [TypeError(), ValueError()])", None, None)
    ///         .unwrap_err();
    ///     assert!(error.is_instance_of::<PyExceptionGroup>(py));
    /// });
    /// ```
    PyExceptionGroup = "ExceptionGroup"
}
