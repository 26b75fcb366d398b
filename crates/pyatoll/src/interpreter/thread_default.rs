//! [`Interpreter::as_default`](super::Interpreter::as_default): the interpreter that this thread
//! attaches to by default, for the duration of a call.
//!
//! It applies to a thread that is not attached, and that has not attached or detached since. Like
//! the entries of [`entry`], it is not used on the paths on which Python calls Rust.

use std::cell::Cell;
use std::marker::PhantomData;

use pyo3_ffi as ffi;

use super::compat;
use super::entry;
use super::local::LocalInternals;

#[derive(Clone, Copy)]
struct ThreadDefault {
    local: &'static LocalInternals,
    /// When it was set, by the clock of this thread's entries. It identifies the call.
    since: u64,
    /// CPython's note for this thread at that time. It is another one while code that is unknown to
    /// this library has attached the thread and released the GIL.
    noted: *mut ffi::PyThreadState,
}

thread_local! {
    static DEFAULT: Cell<Option<ThreadDefault>> = const { Cell::new(None) };
}

/// Restores the earlier default when it is dropped.
pub(super) struct DefaultGuard {
    since: u64,
    outer: Option<ThreadDefault>,
    not_send: PhantomData<*const ()>,
}

impl Drop for DefaultGuard {
    fn drop(&mut self) {
        DEFAULT.with(|default| {
            let is_own = default.get().is_some_and(|own| own.since == self.since);
            // Otherwise a greenlet switched stacks, and its call is still to end: no default is
            // safe, an outdated one is not.
            default.set(self.outer.filter(|_| is_own));
            entry::set_has_default(default.get().is_some());
        });
    }
}

/// Makes `local`'s interpreter this thread's default until the guard is dropped.
#[inline(never)]
pub(super) fn set(local: &'static LocalInternals) -> DefaultGuard {
    let since = entry::tick();
    let noted = compat::noted_usable_thread_state();
    let new = ThreadDefault {
        local,
        since,
        noted,
    };
    entry::set_has_default(true);
    DefaultGuard {
        since,
        outer: DEFAULT.with(|default| default.replace(Some(new))),
        not_send: PhantomData,
    }
}

/// Returns the default of this thread, which is not attached. The runtime must not be at its end.
#[inline(never)]
pub(super) fn get() -> Option<&'static LocalInternals> {
    let default = DEFAULT.with(Cell::get)?;
    let noted = compat::noted_usable_thread_state();
    let is_noted_since = noted != default.noted && !entry::is_known(noted);
    let is_latest = !is_noted_since && !entry::has_entered_since(default.since);
    is_latest.then_some(default.local)
}
