//! From a running interpreter to its [`LocalInternals`]: the fallback path, for code that CPython
//! calls with nothing of ours in hand; and making that state.

use pyo3_ffi as ffi;

use super::compat;
use super::internals::Internals;
use super::layout;
use super::local::{self, LocalInternals, Phase};
use super::registry::{ForkLock, Registry, Tracked};

/// The interpreters this binary has seen.
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

/// The state of the running interpreter, for code that runs because a function or an object of
/// this binary was called: then the binary has been initialised in that interpreter.
///
/// # Safety
/// The thread must be attached to an interpreter in which this binary has been initialised.
#[inline]
pub(crate) unsafe fn called<'a>() -> &'a LocalInternals {
    if let Some(only) = REGISTRY.only() {
        return only;
    }
    // SAFETY: passed on to the caller.
    unsafe { called_of_several() }
}

/// As [`called`], once a second interpreter has been seen. Not inlined: it is in every entry point
/// that takes the fallback path.
///
/// # Safety
/// As there.
#[inline(never)]
unsafe fn called_of_several<'a>() -> &'a LocalInternals {
    // SAFETY: attached, as the caller promises.
    current(unsafe { compat::attached_interpreter() })
}

/// The state of `interpreter`, to which this thread is attached, made at first use.
#[inline]
pub(crate) fn current(interpreter: *mut ffi::PyInterpreterState) -> &'static LocalInternals {
    match REGISTRY.find(interpreter) {
        Some(local) if local.is_life_of_current() => local,
        _ => create(interpreter),
    }
}

/// The state of `interpreter`, to which this thread is attached, if that is known without looking
/// further: it was made, and the interpreter's end has not begun.
#[inline]
pub(super) fn running(
    interpreter: *mut ffi::PyInterpreterState,
) -> Option<&'static LocalInternals> {
    REGISTRY
        .find(interpreter)
        .filter(|local| local.phase() == Phase::Live)
}

/// The live state of `interpreter`, if this binary knows it. The thread need not be attached.
pub(crate) fn find_live(
    interpreter: *mut ffi::PyInterpreterState,
) -> Option<&'static LocalInternals> {
    REGISTRY.find(interpreter).filter(|local| local.is_live())
}

/// All live interpreters this binary knows, oldest first.
pub(crate) fn live() -> Vec<&'static LocalInternals> {
    REGISTRY.live()
}

/// The lock on which interpreters are known.
pub(super) type RegistryForkLock = ForkLock<'static, LocalInternals>;

/// Takes that lock.
pub(super) fn lock_for_fork() -> RegistryForkLock {
    REGISTRY.lock_for_fork()
}

/// Makes and publishes the state of the interpreter this thread is attached to.
#[cold]
fn create(interpreter: *mut ffi::PyInterpreterState) -> &'static LocalInternals {
    assert!(
        !interpreter.is_null(),
        "this thread is not attached to a Python interpreter: call `Python::attach` first"
    );
    // SAFETY: attached to `interpreter`, as every caller promises. The exception that may be set
    // is put back: this can run in the middle of anything. No lock is held while Python runs.
    unsafe {
        local::watch_runtime();
        super::fork::watch();
        let raised = compat::take_raised();
        layout::check();
        let made = LocalInternals::create(interpreter);
        let Some(internals) = Internals::of(made) else {
            ffi::PyErr_PrintEx(0);
            panic!("Python has no memory for the state of a new interpreter");
        };
        let local = internals.register(made);
        if std::ptr::eq(local, made) {
            REGISTRY.publish(local);
            super::teardown::register_atexit(local);
            super::teardown::watch(local);
        } else {
            // The other thread may not have got that far.
            REGISTRY.publish(local);
        }
        compat::restore_raised(raised);
        local
    }
}
