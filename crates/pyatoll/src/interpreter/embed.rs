//! A runtime that lives as long as one function call.

use pyo3_ffi as ffi;

use super::compat;
use super::create;
use super::exit_hook;
use super::libpython;
use super::local::LocalInternals;
use super::token::Python;

/// Starts the Python runtime, runs `f` with the main interpreter's token, and finalizes the
/// runtime: for a program that must know that Python has shut down, with its buffers flushed and
/// its `atexit` functions run. Most programs do not need that: see [`Python::attach`].
///
/// Finalization waits without limit for threads that are inside through this library. If `f`
/// panics, the runtime is finalized and the panic continues.
///
/// # Panics
/// If the runtime is already running, if its `threading` module cannot be imported, or if this
/// program was built for another version of Python.
///
/// # Safety
/// No other thread may start or finalize the Python runtime while this runs, through this library
/// or not. When `f` returns, no thread may be attached to it other than through this library.
/// Extension modules that cannot be initialized twice in one process may break in a second run.
///
/// ```
/// use pyatoll::prelude::*;
///
/// // SAFETY: nothing else in this program uses Python.
/// let answer: i32 = unsafe {
///     pyatoll::with_embedded_python_interpreter(|py| py.eval(c"6 * 7", None, None)?.extract())
/// }?;
/// assert_eq!(answer, 42);
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `Py_InitializeEx`, `Py_FinalizeEx`.
#[track_caller]
pub unsafe fn with_embedded_python_interpreter<F, R>(f: F) -> R
where
    F: for<'py> FnOnce(Python<'py>) -> R,
{
    // SAFETY: upheld by the caller: no other thread starts or finalizes the runtime.
    let runtime = unsafe { Runtime::start() };
    f(Python::new(runtime.local))
}

/// The runtime, which this thread started and is attached to. Dropping it finalizes the runtime.
struct Runtime {
    local: &'static LocalInternals,
}

impl Runtime {
    /// Starts the runtime.
    ///
    /// # Safety
    /// The contract of [`with_embedded_python_interpreter`].
    unsafe fn start() -> Self {
        // SAFETY: may be called at any time.
        let running = unsafe { ffi::Py_IsInitialized() } != 0;
        assert!(
            !running,
            "`with_embedded_python_interpreter` starts Python, but it is running already"
        );
        compat::assert_version();
        // SAFETY: the runtime does not run, and no other thread starts it (upheld by the caller).
        // Afterwards this thread is attached to the main interpreter.
        let runtime = unsafe {
            // 0: Python leaves the process's signal handlers alone.
            ffi::Py_InitializeEx(0);
            let local = create::current_or_create(ffi::PyInterpreterState_Get());
            libpython::warn_about_another();
            Self { local }
        };
        // The thread that imports `threading` first is the main thread to Python, and the main
        // thread must finalize the runtime. SAFETY: attached; the new reference is released.
        let imported = unsafe {
            let threading = ffi::PyImport_ImportModule(c"threading".as_ptr());
            ffi::Py_XDECREF(threading);
            !threading.is_null()
        };
        if !imported {
            // SAFETY: attached, with the exception set.
            unsafe { ffi::PyErr_Print() };
            panic!("Python's `threading` module cannot be imported");
        }
        runtime
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.local.gate().wait_without_limit();
        // SAFETY: attached to the main interpreter, on the thread that started the runtime: guards
        // created in `f` have been dropped.
        unsafe {
            exit_hook::before_finalizing(self.local);
            ffi::Py_FinalizeEx();
        }
    }
}
