//! `contextvars.Context`.

#[cfg(all(Py_3_14, not(any(Py_GIL_DISABLED, Py_LIMITED_API))))]
pub use crate::call::context_watcher::{
    BoundContextWatcherGuard, ContextEvent, ContextWatcherGuard, WatchCallback,
};
use crate::types::PyAny;
#[cfg(all(Py_3_14, not(any(Py_GIL_DISABLED, Py_LIMITED_API))))]
pub use crate::watch_callback;

/// Python's `contextvars.Context`: the values of context variables.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyContext;
///
/// Python::attach(|py| {
///     let context = py.import("contextvars")?.call_method0("copy_context")?;
///     let context: &Bound<'_, PyContext> = context.cast()?;
///     let four = context.call_method1("run", (py.eval(c"lambda: 2 + 2", None, None)?,))?;
///     assert_eq!(four.extract::<i32>()?, 4);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyContext_Type`.
#[repr(transparent)]
pub struct PyContext(PyAny);

native_type!(PyContext: ("contextvars", "Context"), { crate::capi::context_type() }, PyContext_CheckExact);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::PyAnyMethods;
    use crate::{PyErr, Python};

    #[test]
    fn contexts_and_nothing_else_are_of_the_type() {
        Python::attach(|py| {
            let class = py.import("contextvars")?.getattr("Context")?;
            assert!(class.is(py.get_type::<PyContext>()));
            let context = class.call0()?;
            assert!(context.is_exact_instance_of::<PyContext>());
            assert!(context.cast::<PyContext>().is_ok());
            assert!(class.cast::<PyContext>().is_err());
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
