//! The interpreters that this binary has seen, found by address.

use super::local::{LocalInternals, Phase};
#[cfg(unix)]
use super::registry::ForkLock;
use super::registry::{Registry, Tracked};
use crate::capi as ffi;

static REGISTRY: Registry<LocalInternals> = Registry::new();

impl Tracked for LocalInternals {
    type Interpreter = ffi::PyInterpreterState;

    #[inline]
    fn interpreter(&self) -> *mut ffi::PyInterpreterState {
        LocalInternals::interpreter(self)
    }

    fn is_live(&self) -> bool {
        self.is_usable()
    }
}

/// Returns the state of the only interpreter ever seen; `None` before the first and after the
/// second.
#[inline]
pub(super) fn only<'a>() -> Option<&'a LocalInternals> {
    REGISTRY.only()
}

/// Returns the newest state of an interpreter at this address, which may have ended.
#[inline]
pub(super) fn find(interpreter: *mut ffi::PyInterpreterState) -> Option<&'static LocalInternals> {
    REGISTRY.find(interpreter)
}

/// Returns the state of `interpreter`, to which this thread is attached, if it was created and the
/// interpreter's end has not begun.
#[inline]
pub(super) fn current_live(
    interpreter: *mut ffi::PyInterpreterState,
) -> Option<&'static LocalInternals> {
    find(interpreter).filter(|local| local.phase() == Phase::Live)
}

/// Returns the live state of `interpreter`, if this binary knows it. The thread need not be
/// attached.
pub(crate) fn find_live(
    interpreter: *mut ffi::PyInterpreterState,
) -> Option<&'static LocalInternals> {
    find(interpreter).filter(|local| local.is_live())
}

/// Returns the live state of the main interpreter, if this binary knows it.
pub(super) fn main_live() -> Option<&'static LocalInternals> {
    // SAFETY: may be called at any time.
    find_live(unsafe { ffi::PyInterpreterState_Main() })
}

/// Returns the states of all live interpreters that this binary knows, oldest first.
pub(crate) fn all_live() -> Vec<&'static LocalInternals> {
    REGISTRY.live()
}

/// Publishes a state to other threads.
pub(super) fn publish(local: &'static LocalInternals) {
    REGISTRY.publish(local);
}

/// The registry's lock, held across a fork.
#[cfg(unix)]
pub(super) type RegistryForkLock = ForkLock<'static, LocalInternals>;

/// Takes the registry's lock.
#[cfg(unix)]
pub(super) fn lock_for_fork() -> RegistryForkLock {
    REGISTRY.lock_for_fork()
}
