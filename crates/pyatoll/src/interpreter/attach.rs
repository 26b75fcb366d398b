//! [`AttachGuard`]: this thread is attached to an interpreter.

use std::marker::PhantomData;
use std::ptr::NonNull;

use pyo3_ffi as ffi;

use super::compat;
use super::create;
use super::detach::detached;
use super::entry::{self, Entered, Entry, Home};
use super::error::{AttachError, IN_TRAVERSE};
use super::local::LocalInternals;
use super::lookup;

/// A guard that keeps this thread attached to an interpreter. Dropping it, on the same thread,
/// restores the previous state.
pub(crate) struct AttachGuard {
    /// The [`Entry`] of this thread if it has `entered`, else the [`LocalInternals`] of the
    /// interpreter: one word, and the guard two.
    place: NonNull<()>,
    /// The attachment to undo; `None` if the thread was attached before.
    entered: Option<Entered>,
    not_send: PhantomData<*const ()>,
}

const _: () = assert!(size_of::<AttachGuard>() == size_of::<(u64, usize)>());

impl Drop for AttachGuard {
    #[inline]
    fn drop(&mut self) {
        if let Some(entered) = self.entered {
            // SAFETY: entered, and each guard is dropped once.
            unsafe { leave(self.entry(), entered) };
        }
    }
}

/// Undoes an attachment. Out of line, since each function that attaches has a drop of the guard.
///
/// # Safety
/// Must be called once for each attachment, on its thread.
#[cold]
#[inline(never)]
unsafe fn leave(entry: Entry, entered: Entered) {
    let local = entry.local();
    if local.trashcan().has_deferred() && local.is_current() {
        // Deferred deallocations of this thread must run on it.
        // SAFETY: attached, as just seen.
        unsafe { local.trashcan().run_deferred() };
    }
    // SAFETY: upheld by the caller.
    unsafe { entry::leave(entry, entered) };
}

/// The reason why [`AttachGuard::already_attached`] returned no guard.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SlowPath {
    /// This thread is not attached.
    NotAttached,
    /// This thread is attached, but the interpreter is unknown here, is ending, or runs a
    /// `__traverse__`.
    Attached,
}

impl AttachGuard {
    /// Returns a guard for a thread that is attached to `local`'s interpreter already.
    #[inline]
    fn nested(local: &'static LocalInternals) -> Self {
        Self {
            place: NonNull::from_ref(local).cast(),
            entered: None,
            not_send: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn local(&self) -> &'static LocalInternals {
        match self.entered {
            // SAFETY: from `nested`.
            None => unsafe { self.place.cast().as_ref() },
            // SAFETY: entered.
            Some(_) => unsafe { self.entry() }.local(),
        }
    }

    /// # Safety
    /// The guard must have entered.
    #[inline]
    unsafe fn entry(&self) -> Entry {
        // SAFETY: from `entered` (upheld by the caller), and a guard is a user of its entry.
        unsafe { Entry::from_ptr(self.place) }
    }

    /// Returns whether the thread was not attached before.
    pub(crate) fn has_entered(&self) -> bool {
        self.entered.is_some()
    }

    /// Stays in the interpreter that this thread is attached to, if this binary knows it, its end
    /// has not begun and no `__traverse__` runs in it: the path that needs no further check. `Err`:
    /// the slow path must decide.
    #[inline]
    pub(crate) fn already_attached() -> Result<Self, SlowPath> {
        let interpreter = compat::current_interpreter();
        if interpreter.is_null() {
            return Err(SlowPath::NotAttached);
        }
        match lookup::current_live(interpreter) {
            Some(local) if !local.has_traversal() => Ok(Self::nested(local)),
            _ => Err(SlowPath::Attached),
        }
    }

    /// Stays in the interpreter that this thread is attached to, if any.
    pub(crate) fn current() -> Option<Self> {
        let interpreter = compat::current_interpreter();
        if interpreter.is_null() {
            return None;
        }
        Some(Self::nested(create::current_or_create(interpreter)))
    }

    /// Attaches to `local`'s interpreter.
    ///
    /// # Panics
    /// In a `__traverse__`.
    #[inline]
    #[track_caller]
    pub(crate) fn to(local: &'static LocalInternals) -> Result<Self, AttachError> {
        let current = compat::current_interpreter();
        if current.is_null() {
            if let Some((entry, entered)) = entry::enter_again(Some(local)) {
                return Ok(Self::entered(entry, entered));
            }
        } else if current == local.interpreter()
            && local.is_life_of_current()
            && !local.has_traversal()
        {
            return Ok(Self::nested(local));
        }
        Self::enter(local)
    }

    #[inline(never)]
    #[track_caller]
    fn enter(local: &'static LocalInternals) -> Result<Self, AttachError> {
        let current = compat::current_interpreter();
        if !current.is_null() {
            if current == local.interpreter() && local.is_life_of_current() {
                assert!(!local.is_in_traverse(), "{IN_TRAVERSE}");
                return Ok(Self::nested(local));
            }
            if !local.is_usable() {
                return Err(local.refusal());
            }
            // SAFETY: the thread is attached to `current`, so it is alive.
            let attached = unsafe { ffi::PyInterpreterState_GetID(current) };
            return Err(AttachError::AttachedElsewhere {
                wanted: local.id(),
                attached,
            });
        }
        match entry::enter(local) {
            Some((entry, entered)) => Ok(Self::entered(entry, entered)),
            None => Err(local.refusal()),
        }
    }

    /// Returns the guard of a thread that has just attached.
    #[inline]
    fn entered(entry: Entry, entered: Entered) -> Self {
        let guard = Self {
            place: entry.into_ptr(),
            entered: Some(entered),
            not_send: PhantomData,
        };
        // SAFETY: attached.
        unsafe { entry.local().drain() };
        guard
    }

    /// Attaches this thread, if it is not attached, to the interpreter that it was detached from,
    /// or to the main one if it is in no interpreter and left the main one before. `None`:
    /// `Python::attach` must find its interpreter on the slow path.
    #[inline]
    pub(crate) fn enter_again(slow_path: SlowPath) -> Option<Self> {
        // A test's thread may be meant for an interpreter of its own.
        if cfg!(feature = "test-interpreters") || slow_path == SlowPath::Attached {
            return None;
        }
        let (entry, entered) = entry::enter_again(None)?;
        Some(Self::entered(entry, entered))
    }
}

/// Panics in a `__traverse__`. Called by functions that run Python, or let other threads run it,
/// and take no token as proof that the thread is outside one.
///
/// # Panics
/// In a `__traverse__`.
#[track_caller]
pub(crate) fn refuse_in_traverse() {
    assert!(!is_in_traverse(), "{IN_TRAVERSE}");
}

/// Returns whether this thread is in a `__traverse__`.
pub(crate) fn is_in_traverse() -> bool {
    let local = lookup::find_live(compat::current_interpreter());
    local.is_some_and(LocalInternals::is_in_traverse)
}

/// Returns the interpreter that this thread is attached to if that is another one than `local`'s.
pub(crate) fn attached_elsewhere(local: &LocalInternals) -> Option<&'static LocalInternals> {
    let current = compat::current_interpreter();
    match current.is_null() || current == local.interpreter() {
        true => None,
        false => lookup::find_live(current),
    }
}

/// Returns whether this thread is inside a sub-interpreter: attached to one, or detached within an
/// attachment to one.
pub(crate) fn is_inside_sub() -> bool {
    let attached = AttachGuard::current();
    attached.is_some_and(|attached| !attached.local().is_main()) || entry::is_inside_sub()
}

/// Runs `f`, which waits for other threads and does not use Python without attaching. If this
/// thread is attached, it is detached while `f` runs.
///
/// # Panics
/// In a `__traverse__`.
#[track_caller]
pub(crate) fn waiting<R>(f: impl FnOnce() -> R) -> R {
    refuse_in_traverse();
    match AttachGuard::current() {
        // SAFETY: attached, as just seen; `f` does not use that.
        Some(attached) => unsafe { detached(attached.local(), f) },
        None => f(),
    }
}

/// The interpreter of this thread, for reports.
pub(crate) struct Whereabouts {
    /// CPython's id of it.
    pub(crate) id: i64,
    /// `false`: the thread was detached from it.
    pub(crate) is_attached: bool,
}

/// Returns the interpreter that this thread is attached to or was detached from. Does not attach,
/// and takes no lock that the panicking code could hold.
pub(crate) fn whereabouts() -> Option<Whereabouts> {
    if !compat::is_running() {
        return None;
    }
    let current = compat::current_interpreter();
    let is_attached = !current.is_null();
    let id = match is_attached {
        // SAFETY: the thread is attached to it, so it is alive.
        true => unsafe { ffi::PyInterpreterState_GetID(current) },
        false => match entry::home()? {
            Home::Known(local) => local.id(),
            // Its thread state is this thread's, but nothing keeps the interpreter from ending.
            Home::Unseen(_) => return None,
        },
    };
    Some(Whereabouts { id, is_attached })
}
