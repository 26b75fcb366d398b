//! Attaching this thread to an interpreter, and detaching it.
//!
//! Invariants:
//! - A thread that waits for an interpreter's GIL or holds a thread state of it from outside has a
//!   pass of its gate, taken before and given back after: a [`Visit`].
//! - A thread state made here is deleted by the thread that made it, before its pass is given back.
//! - A thread that detached asks its pass whether it may come back.
//! - The thread states this thread has left are in the list of [`Resting`], and idle.

use std::fmt;
use std::mem::ManuallyDrop;

use pyo3_ffi as ffi;

use super::compat::{self, AttachNote};
use super::fork::MakingThreadState;
use super::local::{self, LocalInternals};
use super::lookup;
use super::resting::Resting;
use super::stay::{Absence, Visit};
use super::sync::lock;

/// Why a thread could not be attached to an interpreter.
///
/// ```
/// use pyatoll::interpreter::{AttachError, SubInterpreter};
///
/// # pyatoll::Python::initialize();
/// let (one, two) = (SubInterpreter::builder().build()?, SubInterpreter::builder().build()?);
/// let error: AttachError = one.attach(|_py| two.attach(|_py| ())).unwrap().unwrap_err();
/// assert!(error.to_string().ends_with("leave it first with `py.detach(…)`"));
/// # Ok::<_, pyatoll::interpreter::BuildError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum AttachError {
    /// The interpreter has ended, or is ending and takes nobody in any more.
    ///
    /// ```
    /// use pyatoll::interpreter::{AttachError, SubInterpreter};
    ///
    /// # pyatoll::Python::initialize();
    /// let sub = SubInterpreter::builder().build()?;
    /// let (id, handle) = (sub.id(), sub.interpreter());
    /// sub.close()?;
    /// assert_eq!(handle.attach(|_py| ()), Err(AttachError::InterpreterGone { id }));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    InterpreterGone {
        /// Its id (`PyInterpreterState_GetID`).
        id: i64,
    },
    /// This thread is attached to another interpreter: leave that first, with
    /// [`Python::detach`](crate::Python::detach).
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::{AttachError, SubInterpreter};
    ///
    /// # pyatoll::Python::initialize();
    /// let sub = SubInterpreter::builder().build()?;
    /// Python::attach(|py| {
    ///     let (wanted, attached) = (sub.id(), py.interpreter().id());
    ///     let expected = AttachError::AttachedElsewhere { wanted, attached };
    ///     assert_eq!(sub.attach(|_py| ()), Err(expected));
    ///     assert_eq!(py.detach(|| sub.attach(|_py| ())), Ok(()));
    /// });
    /// # Ok::<_, pyatoll::interpreter::BuildError>(())
    /// ```
    AttachedElsewhere {
        /// The id of the interpreter to attach to.
        wanted: i64,
        /// The id of the interpreter this thread is attached to.
        attached: i64,
    },
}

impl fmt::Display for AttachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InterpreterGone { id } => write!(f, "interpreter {id} has ended"),
            Self::AttachedElsewhere { wanted, attached } => write!(
                f,
                "cannot attach to interpreter {wanted}: this thread is attached to interpreter \
                 {attached}; leave it first with `py.detach(…)`"
            ),
        }
    }
}

impl std::error::Error for AttachError {}

/// This thread is attached; dropping it undoes what attaching did.
pub(crate) struct AttachGuard {
    local: &'static LocalInternals,
    /// What to undo. `None`: the thread was attached before.
    entered: ManuallyDrop<Option<Entered>>,
}

impl Drop for AttachGuard {
    #[inline]
    fn drop(&mut self) {
        if self.entered.is_some() {
            self.leave();
        }
    }
}

struct Entered {
    thread_state: *mut ffi::PyThreadState,
    /// Whether the thread state was made for this attachment.
    made: bool,
    note: Option<AttachNote>,
    /// `None` once given back.
    visit: Option<Visit>,
}

impl AttachGuard {
    /// The thread was attached before.
    #[inline]
    fn before(local: &'static LocalInternals) -> Self {
        Self {
            local,
            entered: ManuallyDrop::new(None),
        }
    }

    /// Undoes what attaching did. Out of line: it is in every function that attaches.
    #[cold]
    #[inline(never)]
    fn leave(&mut self) {
        // What only this thread may drop, it drops now.
        // SAFETY: the thread is attached until the next statement.
        unsafe { self.local.trashcan().run_deferred() };
        // SAFETY: called by `drop` alone, so not used or dropped again.
        drop(unsafe { ManuallyDrop::take(&mut self.entered) });
    }

    #[inline]
    pub(crate) fn local(&self) -> &'static LocalInternals {
        self.local
    }

    /// Whether the thread was not attached before.
    pub(crate) fn has_entered(&self) -> bool {
        self.entered.is_some()
    }

    /// Stays in the interpreter the thread is attached to, if it needs no thought: one that this
    /// binary knows, whose end has not begun, and in which no `__traverse__` is running.
    #[inline]
    pub(crate) fn simply_before() -> Option<Self> {
        let interpreter = compat::current_interpreter();
        if interpreter.is_null() {
            return None;
        }
        let local = lookup::running(interpreter)?;
        (!local.has_visitor()).then(|| Self::before(local))
    }

    /// Attaches to `local`'s interpreter.
    ///
    /// # Panics
    /// In a `__traverse__`.
    #[inline]
    pub(crate) fn to(local: &'static LocalInternals) -> Result<Self, AttachError> {
        if local.is_current() && !local.has_visitor() {
            return Ok(Self::before(local));
        }
        Self::enter(local)
    }

    #[inline(never)]
    fn enter(local: &'static LocalInternals) -> Result<Self, AttachError> {
        let current = compat::current_interpreter();
        if !current.is_null() {
            if current == local.interpreter() && local.is_life_of_current() {
                assert!(!local.is_in_traverse(), "{VISITING}");
                return Ok(Self::before(local));
            }
            if !local.is_usable() {
                return Err(AttachError::InterpreterGone { id: local.id() });
            }
            // SAFETY: the thread is attached to it.
            let attached = unsafe { ffi::PyInterpreterState_GetID(current) };
            return Err(AttachError::AttachedElsewhere {
                wanted: local.id(),
                attached,
            });
        }
        let Some(visit) = Visit::begin(local) else {
            return Err(AttachError::InterpreterGone { id: local.id() });
        };
        // With the pass, the interpreter stays.
        let left = resting_thread_state(local);
        let made = left.is_none();
        let thread_state = match left {
            Some(thread_state) => thread_state,
            // SAFETY: the interpreter is alive.
            None => unsafe { new_thread_state(local) },
        };
        assert!(
            !thread_state.is_null(),
            "Python has no memory for a thread state"
        );
        // SAFETY: the thread is detached, and the thread state is its own, at rest.
        unsafe { ffi::PyEval_RestoreThread(thread_state) };
        let note = Some(compat::note_attached(true));
        // SAFETY: just attached.
        unsafe { local.drain() };
        Ok(Self {
            local,
            entered: ManuallyDrop::new(Some(Entered {
                thread_state,
                made,
                note,
                visit: Some(visit),
            })),
        })
    }

    /// Stays attached to the interpreter the thread is attached to, if any.
    pub(crate) fn current() -> Option<Self> {
        let interpreter = compat::current_interpreter();
        if interpreter.is_null() {
            return None;
        }
        Some(Self::before(lookup::current(interpreter)))
    }
}

/// What is said to code that asks for Python in a `__traverse__`.
const VISITING: &str = "Python cannot be used in `__traverse__`: the garbage collector is at work";

/// For what runs Python, or lets other threads do so, without a token in hand.
///
/// # Panics
/// In a `__traverse__`.
pub(crate) fn refuse_in_traverse() {
    assert!(!is_in_traverse(), "{VISITING}");
}

/// Whether this thread is in a `__traverse__`.
pub(crate) fn is_in_traverse() -> bool {
    let local = lookup::find_live(compat::current_interpreter());
    local.is_some_and(LocalInternals::is_in_traverse)
}

/// Runs `f`, which waits for other threads and does not use Python on this one without attaching
/// it. If the thread is attached it is detached meanwhile.
///
/// # Panics
/// In a `__traverse__`.
pub(crate) fn waiting<R>(f: impl FnOnce() -> R) -> R {
    refuse_in_traverse();
    match AttachGuard::current() {
        // SAFETY: attached, as just seen; `f` has no use for that.
        Some(attached) => unsafe { detached(attached.local(), f) },
        None => f(),
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        // SAFETY: the thread is attached with this thread state: whatever was entered or left since
        // has been undone, innermost first.
        unsafe {
            if self.made {
                ffi::PyThreadState_Clear(self.thread_state);
                ffi::PyThreadState_DeleteCurrent();
            } else {
                ffi::PyEval_SaveThread();
            }
        }
        if let Some(note) = self.note.take() {
            note.restore();
        }
        self.visit = None;
    }
}

/// A new thread state for this thread, or null without memory. The thread need not be attached.
///
/// # Safety
/// `local`'s interpreter must be alive.
pub(super) unsafe fn new_thread_state(local: &LocalInternals) -> *mut ffi::PyThreadState {
    let _making = MakingThreadState::begin();
    // SAFETY: passed on to the caller.
    unsafe { ffi::PyThreadState_New(local.interpreter()) }
}

/// A thread state of `local`'s interpreter that this thread has left and can take up again.
fn resting_thread_state(local: &'static LocalInternals) -> Option<*mut ffi::PyThreadState> {
    let left = Resting::find(local);
    if left.is_some() || !local.is_main() {
        return left;
    }
    // A thread that Python started, or that C code attached with `PyGILState_Ensure`, and that has
    // released the GIL by other means than ours.
    // SAFETY: reads CPython's own slot for this thread.
    let noted = unsafe { ffi::PyGILState_GetThisThreadState() };
    if noted.is_null() {
        return None;
    }
    // SAFETY: CPython clears the slot when the thread state is deleted.
    let interpreter = unsafe { compat::interpreter_of(noted) };
    (interpreter == local.interpreter()).then_some(noted)
}

/// Detaches this thread while `f` runs.
///
/// # Safety
/// The thread must be attached to `local`'s interpreter, and `f` must not use anything that needs
/// the attachment.
pub(crate) unsafe fn detached<R>(local: &LocalInternals, f: impl FnOnce() -> R) -> R {
    // SAFETY: passed on to the caller; attached again at the end of the scope, also when `f`
    // panics.
    let _away = unsafe { DetachGuard::leave(local) };
    f()
}

/// This thread is detached; dropping it attaches again. It must be dropped by the same thread, in
/// the reverse order of what was entered and left since.
pub(crate) struct DetachGuard {
    /// `None` once taken back.
    left: Option<(Box<Resting>, Absence)>,
    note: Option<AttachNote>,
    local: &'static LocalInternals,
}

impl DetachGuard {
    /// Detaches this thread.
    ///
    /// # Safety
    /// The thread must be attached to `local`'s interpreter, and nothing that needs the attachment
    /// may be used until this is dropped.
    pub(crate) unsafe fn leave(local: &LocalInternals) -> Self {
        // SAFETY: never freed, so the reference may be as long as it likes.
        let local: &'static LocalInternals = unsafe { &*std::ptr::from_ref(local) };
        local.mark_leaving();
        // SAFETY: attached, as the caller promises.
        let thread_state = unsafe { ffi::PyEval_SaveThread() };
        Self {
            note: Some(compat::note_attached(false)),
            left: Some((Resting::push(thread_state, local), Absence::begin(local))),
            local,
        }
    }
}

impl Drop for DetachGuard {
    fn drop(&mut self) {
        let Some((resting, absence)) = self.left.take() else {
            return;
        };
        absence.end();
        // SAFETY: whatever was entered since has been left; the thread state is the one this
        // thread was detached from, and its interpreter is there, or CPython hangs a thread of its
        // own here.
        unsafe { ffi::PyEval_RestoreThread(resting.take_back()) };
        self.local.mark_return();
        if let Some(note) = self.note.take() {
            note.restore();
        }
    }
}

/// Held by whoever starts the runtime, or changes what it is to start with.
pub(crate) fn starting() -> std::sync::MutexGuard<'static, ()> {
    static STARTING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    lock(&STARTING)
}

/// Starts the runtime if it does not run, and leaves this thread detached from it then.
pub(crate) fn initialize() {
    let _starting = starting();
    // SAFETY: may be called at any time.
    if unsafe { ffi::Py_IsInitialized() } != 0 {
        return;
    }
    if compat::is_finalizing() && local::is_run_unfinished() {
        // On its way out it says that it is not initialised, long before all of it is gone.
        return;
    }
    // SAFETY: the runtime does not run, and the lock keeps other threads of this binary from
    // starting it too. Afterwards this thread is attached to the main interpreter.
    unsafe {
        // 0: Python leaves the process's signal handlers alone.
        ffi::Py_InitializeEx(0);
        let _ = compat::note_attached(true);
        let local = lookup::current(ffi::PyInterpreterState_Get());
        let thread_state = ffi::PyEval_SaveThread();
        let _ = compat::note_attached(false);
        // This thread's own thread state: it attaches with it from now on. The note stays after the
        // runtime's end; nobody can enter its interpreter then.
        Box::leak(Resting::push(thread_state, local));
    }
}

/// The interpreter that `Python::attach` means on a thread that is not attached: the main one if
/// this binary knows it, or knows none yet; else the only one it knows.
pub(crate) fn default_interpreter() -> Result<AttachGuard, NoInterpreter> {
    #[cfg(feature = "auto-initialize")]
    initialize();
    if !compat::is_running() {
        return Err(NoInterpreter::NotRunning);
    }
    // SAFETY: the runtime is initialised.
    let main = unsafe { ffi::PyInterpreterState_Main() };
    let local = match lookup::find_live(main) {
        Some(main) => main,
        None => match *lookup::live() {
            [only] => only,
            [] => meet_main()?,
            ref many => return Err(NoInterpreter::Several(many.len())),
        },
    };
    AttachGuard::to(local).map_err(NoInterpreter::Refused)
}

/// The main interpreter. Where this binary has not seen it yet, this thread goes there for a moment,
/// and comes back attached as before.
pub(crate) fn main_interpreter() -> Result<&'static LocalInternals, NoInterpreter> {
    if !compat::is_running() {
        return Err(NoInterpreter::NotRunning);
    }
    // SAFETY: the runtime is initialised.
    let main = unsafe { ffi::PyInterpreterState_Main() };
    if let Some(local) = lookup::find_live(main) {
        return Ok(local);
    }
    let attached = AttachGuard::current();
    if let Some(attached) = attached.as_ref()
        && attached.local().interpreter() == main
    {
        return Ok(attached.local());
    }
    // SAFETY: nothing that needs the attachment is used until it is back.
    let _away = attached.map(|attached| unsafe { DetachGuard::leave(attached.local()) });
    meet_main()
}

/// Makes a main interpreter known that somebody else started and this binary has not seen.
fn meet_main() -> Result<&'static LocalInternals, NoInterpreter> {
    // SAFETY: this thread is detached. The runtime runs, but this binary is not in its main
    // interpreter, so nothing of ours tells when that ends. CPython tells from 3.15 on; before, as
    // with every use of `PyGILState_Ensure`, its owner must not end it meanwhile.
    let entered = unsafe { compat::enter_main() }.ok_or(NoInterpreter::NotRunning)?;
    let note = compat::note_attached(true);
    let local = lookup::current(compat::current_interpreter());
    // SAFETY: entered above.
    unsafe { entered.leave() };
    note.restore();
    Ok(local)
}

/// Why there is no interpreter to attach to by default.
#[derive(Debug)]
pub(crate) enum NoInterpreter {
    InTraverse,
    NotRunning,
    Several(usize),
    Refused(AttachError),
    #[cfg(feature = "test-interpreters")]
    TestInterpreter(super::sub::BuildError),
}

impl fmt::Display for NoInterpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InTraverse => f.write_str(VISITING),
            Self::NotRunning => f.write_str(
                "the Python interpreter is not initialized: call `Python::initialize()` first, or \
                 enable the `auto-initialize` feature",
            ),
            Self::Several(count) => write!(
                f,
                "this thread is not attached, and {count} interpreters are known but the main one \
                 is not: say which with `Interpreter::attach`"
            ),
            Self::Refused(error) => error.fmt(f),
            #[cfg(feature = "test-interpreters")]
            Self::TestInterpreter(error) => error.fmt(f),
        }
    }
}
