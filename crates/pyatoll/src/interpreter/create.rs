//! Creating this binary's state of an interpreter when a thread first sees the interpreter.

use pyo3_ffi as ffi;

use super::compat::{self, layout};
use super::early_drop;
use super::exit_hook;
use super::fork;
use super::internals::Internals;
use super::local::{self, LocalInternals};
use super::lookup;

/// Returns the state of the interpreter that this thread is attached to, for code that runs because
/// a function or an object of this binary was called: then this binary has been initialized there.
///
/// # Safety
/// The thread must be attached to an interpreter in which this binary has been initialized.
#[inline]
pub(crate) unsafe fn of_callee<'a>() -> &'a LocalInternals {
    if let Some(only) = lookup::only() {
        return only;
    }
    // SAFETY: attached (upheld by the caller).
    unsafe { of_callee_of_several() }
}

/// Implements [`of_callee`] once a second interpreter has been seen. Out of line, since each entry
/// point on the fallback path has it.
///
/// # Safety
/// As for [`of_callee`].
#[inline(never)]
unsafe fn of_callee_of_several<'a>() -> &'a LocalInternals {
    // SAFETY: attached (upheld by the caller).
    current_or_create(unsafe { compat::attached_interpreter() })
}

/// Returns the state of `interpreter`, to which this thread is attached, creating it on first use.
/// A state that cannot be registered serves this caller only, as [`create`] describes.
///
/// # Panics
/// If `interpreter` is null, that is, the thread is not attached.
#[inline]
pub(crate) fn current_or_create(
    interpreter: *mut ffi::PyInterpreterState,
) -> &'static LocalInternals {
    match lookup::find(interpreter) {
        Some(local) if local.is_life_of_current() => local,
        _ => create(interpreter).unwrap_or_else(|unregistered| unregistered),
    }
}

/// Returns the registered state of `interpreter`, to which this thread is attached, creating it on
/// first use.
///
/// # Panics
/// As for [`current_or_create`], and if the state cannot be registered.
pub(crate) fn current_or_register(
    interpreter: *mut ffi::PyInterpreterState,
) -> &'static LocalInternals {
    match lookup::find(interpreter) {
        Some(local) if local.is_life_of_current() => local,
        _ => match create(interpreter) {
            Ok(local) => local,
            Err(_) => panic!("Python has no memory for the state of a new interpreter"),
        },
    }
}

/// Creates and publishes the state of the interpreter that this thread is attached to.
///
/// # Errors
/// If Python has no memory, or other code put something else in its place: a state that no other
/// caller gets and that no thread can attach to. It serves functions that cannot fail: what is
/// stored in it stays in memory, and an object created under it is used under it only.
///
/// # Panics
/// If the running Python is not one that this binary was built for.
#[cold]
#[track_caller]
fn create(
    interpreter: *mut ffi::PyInterpreterState,
) -> Result<&'static LocalInternals, &'static LocalInternals> {
    assert!(
        !interpreter.is_null(),
        "this thread is not attached to a Python interpreter: call `Python::attach` first"
    );
    compat::assert_version();
    // SAFETY: attached to `interpreter` (upheld by every caller). An exception that is set is put
    // back afterwards, since this can run in the middle of anything. No lock is held while Python
    // code runs.
    unsafe {
        local::watch_runtime();
        fork::watch();
        let raised = compat::take_raised();
        layout::check();
        let made = LocalInternals::create(interpreter);
        let Some(internals) = Internals::of(made) else {
            ffi::PyErr_Clear();
            compat::restore_raised(raised);
            made.mark_closing();
            made.gate().close();
            return Err(made);
        };
        let local = internals.register(made);
        // Also if another thread registered first: it may not have published its state yet.
        lookup::publish(local);
        if std::ptr::eq(local, made) {
            exit_hook::watch(local);
            early_drop::watch(local);
        }
        compat::restore_raised(raised);
        Ok(local)
    }
}
