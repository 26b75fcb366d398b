//! `wrap_pymodule!` and `append_to_inittab!`.

/// Returns a closure that takes a token and creates a `#[pymodule]` in its interpreter, outside of
/// an import: for submodules, embedding and tests.
///
/// # Panics
/// The closure panics if the module's initialization fails.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::wrap_pymodule;
///
/// #[pymodule]
/// fn settings(m: &Bound<'_, PyModule>) -> PyResult<()> {
///     m.add("debug", true)
/// }
///
/// Python::attach(|py| {
///     let module = wrap_pymodule!(settings)(py);
///     assert_eq!(module.bind(py).name()?.to_string(), "settings");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[macro_export]
macro_rules! wrap_pymodule {
    ($module:path) => {
        &|py: $crate::Python<'_>| {
            use $module as wrapped;
            match wrapped::__Pyatoll::definition().make_module(py) {
                ::core::result::Result::Ok(module) => module,
                ::core::result::Result::Err(error) => {
                    ::core::panic!("failed to wrap pymodule: {error}")
                }
            }
        }
    };
}

/// Makes a `#[pymodule]` of this executable importable by its name in every interpreter, as a
/// built-in module. Must be called before Python is initialized.
///
/// # Panics
/// If Python is already initialized.
///
/// ```
/// use pyatoll::prelude::*;
///
/// #[pymodule]
/// fn host(m: &Bound<'_, PyModule>) -> PyResult<()> {
///     m.add("version", "1.0")
/// }
///
/// pyatoll::append_to_inittab!(host);
/// Python::attach(|py| {
///     let version = py.import("host")?.getattr("version")?;
///     assert_eq!(version.to_string(), "1.0");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyImport_AppendInittab`.
#[macro_export]
macro_rules! append_to_inittab {
    ($module:path) => {{
        use $module as appended;
        $crate::impl_::module::append_to_inittab(
            appended::__Pyatoll::NAME,
            appended::__Pyatoll::INIT,
        );
    }};
}

/// Implements [`append_to_inittab!`](crate::append_to_inittab).
///
/// # Panics
/// If Python is already initialized.
#[track_caller]
pub fn append_to_inittab(
    name: &'static std::ffi::CStr,
    init: unsafe extern "C" fn() -> *mut pyo3_ffi::PyObject,
) {
    let _starting = crate::interpreter::start::lock_start();
    // SAFETY: the runtime is not initialized, and `_starting` keeps other threads from starting it
    // or getting here; `name`, which CPython keeps, is static.
    let status = unsafe {
        assert!(
            pyo3_ffi::Py_IsInitialized() == 0,
            "called `append_to_inittab` but a Python interpreter is already running."
        );
        pyo3_ffi::PyImport_AppendInittab(name.as_ptr(), Some(init))
    };
    assert!(
        status == 0,
        "Python has no memory for another built-in module"
    );
}
