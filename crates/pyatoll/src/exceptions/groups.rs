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
    /// Python's `ExceptionGroup`: a [`PyBaseExceptionGroup`] whose members are all instances of
    /// [`PyException`](super::PyException). Each interpreter has its own class.
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
