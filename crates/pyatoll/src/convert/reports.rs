//! `anyhow::Error` and `eyre::Report`: to an exception.

macro_rules! report {
    ($($(#[$attribute:meta])* $feature:literal: $report:ty;)*) => {$(
        $(#[$attribute])*
        #[cfg(feature = $feature)]
        impl From<$report> for crate::error::PyErr {
            fn from(mut report: $report) -> Self {
                // Under a context, or as the cause of another error, an exception is only text.
                if report.source().is_none() {
                    match report.downcast::<Self>() {
                        Ok(error) => return error,
                        Err(other) => report = other,
                    }
                }
                crate::exceptions::PyRuntimeError::new_err(format!("{report:?}"))
            }
        }
    )*};
}

report! {
    /// A `RuntimeError` with the error, its context and its causes as text; an exception without
    /// context as itself.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// #[pyfunction]
    /// fn port(text: &str) -> anyhow::Result<u16> {
    ///     use anyhow::Context;
    ///     text.parse().with_context(|| format!("{text:?} is not a port"))
    /// }
    ///
    /// Python::attach(|py| {
    ///     let port = wrap_pyfunction!(port, py)?;
    ///     let error = port.call1(("x",)).unwrap_err().to_string();
    ///     assert!(error.starts_with("RuntimeError: \"x\" is not a port"));
    ///     assert!(error.contains("invalid digit found in string"));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    "anyhow": anyhow::Error;
    /// A `RuntimeError` with the report as its handler formats it; an exception without context as
    /// itself.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// #[pyfunction]
    /// fn port(text: &str) -> eyre::Result<u16> {
    ///     use eyre::WrapErr;
    ///     text.parse().wrap_err_with(|| format!("{text:?} is not a port"))
    /// }
    ///
    /// Python::attach(|py| {
    ///     let port = wrap_pyfunction!(port, py)?;
    ///     let error = port.call1(("x",)).unwrap_err().to_string();
    ///     assert!(error.starts_with("RuntimeError: \"x\" is not a port"));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    "eyre": eyre::Report;
}

#[cfg(test)]
mod tests {
    use crate::error::{PyErr, PyResult};
    use crate::exceptions::{PyRuntimeError, PyValueError};
    use crate::interpreter::{Python, SubInterpreter};
    use crate::types::PyAnyMethods;

    macro_rules! tests {
        ($name:ident: $report:ident, $feature:literal) => {
            #[cfg(feature = $feature)]
            mod $name {
                use ::$name::{Context as _, $report};

                use super::*;

                #[test]
                fn an_exception_passes_through_as_itself() {
                    Python::attach(|py| {
                        let raised = py.run(c"raise ValueError('as it is')", None, None);
                        let raised = raised.unwrap_err();
                        let value = raised.value(py).clone().unbind();
                        let error = PyErr::from($report::from(raised));
                        assert!(error.value(py).is(&value));
                        let lazy = PyErr::from($report::from(PyValueError::new_err("lazy")));
                        assert_eq!(lazy.to_string(), "ValueError: lazy");
                    });
                }

                #[test]
                fn an_exception_with_context_is_text() {
                    Python::attach(|py| {
                        let result: PyResult<()> = Err(PyValueError::new_err("inner"));
                        let error = PyErr::from(result.context("outer").unwrap_err());
                        assert!(error.is_instance_of::<PyRuntimeError>(py));
                        let text = error.to_string();
                        assert!(text.starts_with("RuntimeError: outer"), "{text}");
                        assert!(text.contains("ValueError: inner"), "{text}");
                    });
                }

                #[test]
                fn the_text_is_that_of_the_report() {
                    let report = || {
                        String::from_utf8(vec![0xff])
                            .map(drop)
                            .context("one")
                            .context("two")
                    };
                    let expected = format!("{:?}", report().unwrap_err());
                    Python::attach(|py| {
                        let error = PyErr::from(report().unwrap_err());
                        let text = error.value(py).to_string();
                        // A backtrace, which is shown if the environment asks for it, differs.
                        let first = |text: &str| text.lines().next().unwrap().to_owned();
                        assert_eq!(first(&text), first(&expected));
                        assert!(text.contains("invalid utf-8"), "{text}");
                    });
                }

                #[test]
                fn a_report_from_another_interpreter_is_refused_or_text() {
                    let sub = SubInterpreter::builder().build().unwrap();
                    let report = sub
                        .attach(|py| {
                            $report::from(py.run(c"raise ValueError('x')", None, None).unwrap_err())
                        })
                        .unwrap();
                    Python::attach(|py| {
                        let error = PyErr::from(report);
                        error.restore(py);
                        let raised = PyErr::fetch(py);
                        assert!(raised.is_instance_of::<PyRuntimeError>(py), "{raised}");
                        assert!(
                            raised.to_string().contains("belongs to interpreter"),
                            "{raised}"
                        );
                    });
                    sub.close().unwrap();
                }
            }
        };
    }

    tests!(anyhow: Error, "anyhow");
    tests!(eyre: Report, "eyre");
}
