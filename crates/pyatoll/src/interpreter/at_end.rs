//! Functions that run when an interpreter ends, in it, while Python still works.
//!
//! They are kept in a slot, so an interpreter that has none pays nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::AttachError;
use super::local::LocalInternals;
use super::slots::SlotKey;
use super::sync::{Mutex, lock};
use super::token::Python;

pub(super) type Function = Box<dyn for<'py> FnOnce(Python<'py>) + Send>;

/// The functions of one interpreter.
#[derive(Default)]
struct Functions {
    /// In the order in which they were registered.
    waiting: Vec<Function>,
    /// Whether the last one has run.
    are_through: bool,
}

/// The key of each interpreter's [`Functions`].
static FUNCTIONS: SlotKey = SlotKey::lasting();

/// Returns the functions of an interpreter.
///
/// # Safety
/// The thread must be attached to it while the result is used, and it must not be torn down yet.
unsafe fn of_or_new(local: &LocalInternals) -> &Mutex<Functions> {
    let mut functions = local.slots().get(&FUNCTIONS).cast::<Mutex<Functions>>();
    if functions.is_null() {
        // SAFETY: attached (upheld by the caller). The key is used with this type only, which is
        // `Send` and `Sync`.
        let set = unsafe { local.slots().set(&FUNCTIONS, Mutex::default()) };
        functions = set.unwrap_or_else(|(first, _)| first);
    }
    // SAFETY: this key's values have this type, and stay until the interpreter is torn down.
    unsafe { &*functions }
}

/// Registers a function to run at the end of `local`'s interpreter.
///
/// # Errors
/// If the functions have already run.
///
/// # Safety
/// The thread must be attached to the interpreter.
pub(super) unsafe fn register(
    local: &LocalInternals,
    function: Function,
) -> Result<(), AttachError> {
    let gone = AttachError::InterpreterGone { id: local.id() };
    if !local.is_usable() {
        return Err(gone);
    }
    // SAFETY: attached (upheld by the caller), and not torn down: this thread would be doing it.
    let mut functions = lock(unsafe { of_or_new(local) });
    if functions.are_through {
        // `function` is dropped after the lock is released.
        return Err(gone);
    }
    functions.waiting.push(function);
    Ok(())
}

/// Runs the functions, the last registered one first, including those that they register. From then
/// on, none can be registered.
///
/// # Safety
/// The thread must be attached to `local`'s interpreter, in which Python can run.
pub(super) unsafe fn run(local: &'static LocalInternals) {
    // SAFETY: attached (upheld by the caller).
    let functions = unsafe { of_or_new(local) };
    loop {
        let function = {
            let mut functions = lock(functions);
            let last = functions.waiting.pop();
            functions.are_through |= last.is_none();
            last
        };
        let Some(function) = function else { return };
        // A panic must not keep the others from running. The panic hook has reported it; dropping
        // its payload could panic again.
        let run = catch_unwind(AssertUnwindSafe(|| function(Python::new(local))));
        std::mem::forget(run);
    }
}
