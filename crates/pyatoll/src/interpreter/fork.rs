//! Forks: in the child, no other thread exists, and only the main interpreter may be used.
//!
//! - Locks that other threads hold would be held forever in the child, so the forking thread takes
//!   them all first. None is held while CPython is called: `PyOS_BeforeFork` takes CPython's lock
//!   on the list of thread states before the handlers of this file run.
//! - CPython's own locks that are taken while a thread state is created: the forking thread waits
//!   until no thread of this library is creating one, as long as that can help
//!   ([`MakingThreadState`]).
//! - Guards of the parent's other threads do not count: they carry the number of their process.
//! - In the child, the gates of the sub-interpreters are closed: attaching is refused.
//! - CPython cannot bring up a child in a process with sub-interpreters at all: it meets them in
//!   `PyOS_AfterFork_Child` (`_PyInterpreterState_DeleteExceptMain` clears them without a thread
//!   state, under the lock that clearing takes), and crashes or hangs before any Python code runs.
//!   Where this library created some, the child of `os.fork` says so and exits instead.

#[cfg(unix)]
pub(super) use unix::watch_python;

use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::compat;

/// Makes sure that forks are noticed.
pub(super) fn watch() {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| {
        #[cfg(unix)]
        unix::watch();
    });
}

/// Threads that are creating a thread state, where that matters.
static MAKING: AtomicU32 = AtomicU32::new(0);
/// Whether a thread is forking, so that no thread may begin to create a thread state.
static FORKING: AtomicBool = AtomicBool::new(false);

/// Permission to create a thread state, until it is dropped.
pub(super) struct MakingThreadState(());

impl MakingThreadState {
    /// Waits while another thread forks.
    pub(super) fn begin() -> Self {
        while compat::FORK_NEEDS_THREAD_STATE_LOCKS {
            // Dekker-style handshake: each side announces itself before checking the other; with
            // `SeqCst`, at least one sees the other.
            MAKING.fetch_add(1, Ordering::SeqCst);
            if !FORKING.load(Ordering::SeqCst) {
                break;
            }
            MAKING.fetch_sub(1, Ordering::SeqCst);
            while FORKING.load(Ordering::SeqCst) {
                thread::sleep(POLL);
            }
        }
        Self(())
    }
}

impl Drop for MakingThreadState {
    fn drop(&mut self) {
        if compat::FORK_NEEDS_THREAD_STATE_LOCKS {
            MAKING.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// Polling interval of both sides of the handshake.
const POLL: Duration = Duration::from_micros(100);

/// Time limit of a fork's wait for threads that create thread states. From 3.13 on `os.fork` holds
/// CPython's lock on the list of thread states by then, and such a thread may be waiting for it: it
/// holds none of the locks that matter, which are held for an instant.
const MAKING_TIMEOUT: Duration = if compat::FORK_LOCKS_THREAD_STATES {
    Duration::from_millis(20)
} else {
    Duration::MAX
};

/// Keeps thread states from being created, until [`let_make`]. One thread at a time.
#[cfg_attr(not(unix), expect(dead_code, reason = "nothing forks"))]
fn keep_from_making() {
    FORKING.store(true, Ordering::SeqCst);
    let since = Instant::now();
    while MAKING.load(Ordering::SeqCst) != 0 && since.elapsed() < MAKING_TIMEOUT {
        thread::sleep(POLL);
    }
}

/// Lets them be created again; in the child, without the threads that were creating some.
#[cfg_attr(not(unix), expect(dead_code, reason = "nothing forks"))]
fn let_make(is_child: bool) {
    if is_child {
        MAKING.store(0, Ordering::SeqCst);
    }
    FORKING.store(false, Ordering::SeqCst);
}

/// Does nothing: there is no fork.
#[cfg(not(unix))]
pub(super) unsafe fn watch_python() {}

#[cfg(unix)]
mod unix {
    use std::ptr::null_mut;
    use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

    use pyo3_ffi as ffi;

    use super::super::compat;
    use super::super::lookup;
    use super::super::method_def::MethodDef;
    use super::super::process;
    use super::super::waits;
    use super::super::{gate, local::LocalInternals, slots};

    pub(super) fn watch() {
        // SAFETY: the three functions may be registered. Without memory for that (the result would
        // say so), a child may wait for threads of its parent.
        unsafe {
            libc::pthread_atfork(Some(prepare), Some(in_parent), Some(in_child));
        }
    }

    /// All locks of this layer that are held while no Python code runs, in the order they are
    /// taken.
    struct AllLocks {
        /// Taken first: one fork at a time.
        _known: lookup::RegistryForkLock,
        _waits: waits::ForkLock,
        gates: Vec<(&'static LocalInternals, gate::ForkLock<'static>)>,
        _slots: Vec<slots::ForkLock<'static>>,
    }

    /// The locks of the forking thread.
    static LOCKS: AtomicPtr<AllLocks> = AtomicPtr::new(null_mut());

    extern "C" fn prepare() {
        let known = lookup::lock_for_fork();
        super::keep_from_making();
        let waits = waits::lock_for_fork();
        let live = known.live();
        let held = AllLocks {
            gates: live
                .iter()
                .map(|local| (*local, local.gate().lock_for_fork()))
                .collect(),
            _slots: live
                .iter()
                .map(|local| local.slots().lock_for_fork())
                .collect(),
            _known: known,
            _waits: waits,
        };
        LOCKS.store(Box::into_raw(Box::new(held)), Ordering::Release);
    }

    fn release() -> Option<Box<AllLocks>> {
        let held = LOCKS.swap(null_mut(), Ordering::AcqRel);
        // SAFETY: from `prepare`, taken out here once.
        (!held.is_null()).then(|| unsafe { Box::from_raw(held) })
    }

    extern "C" fn in_parent() {
        super::let_make(false);
        drop(release());
    }

    extern "C" fn in_child() {
        process::count_fork();
        super::let_make(true);
        let Some(mut held) = release() else { return };
        let mut has_subs = false;
        for (local, gate) in &mut held.gates {
            if !local.is_main() {
                has_subs = true;
                local.mark_closing();
                gate.close();
            }
        }
        drop(held);
        // SAFETY: may be called at any time.
        let this = unsafe { libc::pthread_self() } as usize;
        if has_subs && PYTHON_FORKS.load(Ordering::Relaxed) == this && !compat::CAN_FORK_WITH_SUBS {
            say_why_and_end();
        }
    }

    /// The thread that is in `os.fork`, or 0.
    static PYTHON_FORKS: AtomicUsize = AtomicUsize::new(0);

    /// The status of a child that CPython cannot bring up (`EX_SOFTWARE`).
    const STATUS: i32 = 70;

    fn say_why_and_end() -> ! {
        const WHY: &[u8] = b"pyatoll: os.fork() in a process with sub-interpreters: CPython cannot \
            go on in the child, which ends here. Close the interpreters before, or start the process \
            in another way (subprocess, or multiprocessing with 'spawn' or 'forkserver').\n";
        // SAFETY: both may be called in a forked child of a multi-threaded process.
        unsafe {
            libc::write(2, WHY.as_ptr().cast(), WHY.len());
            libc::_exit(STATUS)
        }
    }

    static BEFORE: MethodDef = MethodDef::no_args(c"_pyatoll_before_fork", before);
    static AFTER: MethodDef = MethodDef::no_args(c"_pyatoll_after_fork", after);

    unsafe extern "C" fn before(
        _: *mut ffi::PyObject,
        _: *mut ffi::PyObject,
    ) -> *mut ffi::PyObject {
        // SAFETY: `pthread_self` may be called at any time; attached.
        unsafe {
            PYTHON_FORKS.store(libc::pthread_self() as usize, Ordering::Relaxed);
            ffi::Py_NewRef(ffi::Py_None())
        }
    }

    unsafe extern "C" fn after(_: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
        PYTHON_FORKS.store(0, Ordering::Relaxed);
        // SAFETY: called by CPython, attached.
        unsafe { ffi::Py_NewRef(ffi::Py_None()) }
    }

    /// Registers functions with `os.register_at_fork`, to distinguish `os.fork` from forks whose
    /// child is replaced by another program and needs no Python.
    ///
    /// # Safety
    /// The thread must be attached to the main interpreter.
    pub(in super::super) unsafe fn watch_python() {
        // SAFETY: attached; new references are released. An exception that is set is put back
        // afterwards. An error is dropped: then a child crashes or hangs, as without this library.
        unsafe {
            let raised = compat::take_raised();
            let module = ffi::PyImport_ImportModule(c"os".as_ptr());
            let names = ffi::PyDict_New();
            let none = ffi::PyTuple_New(0);
            if !module.is_null() && !names.is_null() && !none.is_null() {
                let places = [(c"before", &BEFORE), (c"after_in_parent", &AFTER)];
                for (name, definition) in places {
                    let function =
                        ffi::PyCFunction_NewEx(definition.as_ptr(), null_mut(), null_mut());
                    if !function.is_null() {
                        ffi::PyDict_SetItemString(names, name.as_ptr(), function);
                        ffi::Py_DECREF(function);
                    }
                }
                let register = ffi::PyObject_GetAttrString(module, c"register_at_fork".as_ptr());
                if !register.is_null() {
                    ffi::Py_XDECREF(ffi::PyObject_Call(register, none, names));
                    ffi::Py_DECREF(register);
                }
            }
            ffi::Py_XDECREF(none);
            ffi::Py_XDECREF(names);
            ffi::Py_XDECREF(module);
            compat::restore_raised(raised);
        }
    }
}
