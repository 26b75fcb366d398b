//! Forks: the child of a fork has one thread, whatever the others were doing.
//!
//! - Locks that other threads hold would be held forever in the child, so the forking thread takes
//!   them all first. None is held while CPython is called: `PyOS_BeforeFork` takes CPython's lock
//!   on the list of thread states before the handlers of this file run.
//! - CPython's own locks that are taken while a thread state or an interpreter is created or
//!   deleted: the forking thread waits until no thread of this library does that, as long as that
//!   can help ([`busy`]).
//! - In the child, guards of the parent's other threads are dropped, and detachments of theirs do
//!   not count. The guards and entries of the forking thread stay, whether it is attached, detached
//!   or neither.
//! - An interpreter goes on in the child unless another thread was inside it: then its GIL is held
//!   forever, or its Python code stopped at any point. Attaching to it is refused. The interpreter
//!   that the forking thread is attached to, and the main one, go on if nobody else held the GIL:
//!   `os.fork` promises no more.
//! - Thread states that other threads kept are released in the child, except those of the main
//!   interpreter, which CPython deletes. A child that a finalizer forks while such a thread state
//!   is deleted says why, and exits.
//! - CPython cannot bring up a child of `os.fork` in a process with sub-interpreters at all: it
//!   meets them in `PyOS_AfterFork_Child` (`_PyInterpreterState_DeleteExceptMain` clears them
//!   without a thread state, under the lock that clearing takes), and crashes or hangs before any
//!   Python code runs. Where this library created some, the child of `os.fork` says so and exits
//!   instead.

use std::sync::Once;

/// Makes sure that forks are noticed.
pub(super) fn watch() {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| {
        #[cfg(unix)]
        unix::watch();
    });
}

#[cfg(unix)]
mod unix {
    use std::ptr::null_mut;
    use std::sync::atomic::{AtomicPtr, Ordering};

    use super::super::busy;
    use super::super::compat;
    use super::super::entry;
    use super::super::gate;
    use super::super::local::{self, LocalInternals};
    use super::super::lookup;
    use super::super::process;
    use super::super::python_forks;
    use super::super::released;
    use super::super::slots;
    use super::super::waits;

    pub(super) fn watch() {
        register([prepare, in_parent, in_child]);
    }

    #[cfg(not(target_os = "emscripten"))]
    fn register([prepare, in_parent, in_child]: [extern "C" fn(); 3]) {
        // SAFETY: the three functions may be registered. Without memory for that (the result would
        // say so), a child may wait for threads of its parent.
        unsafe {
            libc::pthread_atfork(Some(prepare), Some(in_parent), Some(in_child));
        }
    }

    /// Does nothing: Emscripten counts as Unix, but nothing forks there.
    #[cfg(target_os = "emscripten")]
    fn register(_: [extern "C" fn(); 3]) {}

    /// All locks of this layer that are held while no Python code runs, in the order they are
    /// taken.
    struct AllLocks {
        /// Taken first: one fork at a time.
        _known: lookup::RegistryForkLock,
        _waits: waits::ForkLock,
        gates: Vec<(&'static LocalInternals, gate::ForkLock<'static>)>,
        _slots: slots::ForkLock,
        /// Taken last, since what runs under the others may drop handles.
        _queues: Vec<local::QueueForkLocks>,
    }

    /// The locks of the forking thread.
    static LOCKS: AtomicPtr<AllLocks> = AtomicPtr::new(null_mut());

    extern "C" fn prepare() {
        // While this thread holds the GIL of the main interpreter, no other can be where creating
        // or ending an interpreter takes CPython's locks, and some may be waiting for that GIL.
        if !python_forks::is_under_way() && !holds_shared_gil() {
            busy::CHANGING_INTERPRETERS.pause(|| false);
        }
        let known = lookup::lock_for_fork();
        let live = known.live();
        let is_changing = |local: &&'static LocalInternals| local.gate().is_changing();
        busy::CHANGING_THREAD_STATES.pause(|| live.iter().any(is_changing));
        let waits = waits::lock_for_fork();
        let held = AllLocks {
            gates: live
                .iter()
                .map(|local| (*local, local.gate().lock_for_fork()))
                .collect(),
            _slots: slots::lock_for_fork(),
            _queues: local::lock_queues_for_fork(),
            _known: known,
            _waits: waits,
        };
        LOCKS.store(Box::into_raw(Box::new(held)), Ordering::Release);
    }

    /// Returns whether this thread is attached to an interpreter that may share the main one's GIL.
    fn holds_shared_gil() -> bool {
        let interpreter = compat::current_interpreter();
        compat::has_gil()
            && !interpreter.is_null()
            && lookup::find_live(interpreter).is_none_or(|local| !local.has_own_gil())
    }

    fn release() -> Option<Box<AllLocks>> {
        let held = LOCKS.swap(null_mut(), Ordering::AcqRel);
        // SAFETY: from `prepare`, taken out here once.
        (!held.is_null()).then(|| unsafe { Box::from_raw(held) })
    }

    fn resume(is_child: bool) {
        busy::CHANGING_THREAD_STATES.resume(is_child);
        busy::CHANGING_INTERPRETERS.resume(is_child);
    }

    extern "C" fn in_parent() {
        resume(false);
        drop(release());
    }

    extern "C" fn in_child() {
        process::count_fork();
        resume(true);
        let Some(mut held) = release() else { return };
        let is_python = python_forks::is_under_way();
        let current = compat::current_thread_state();
        let here = compat::current_interpreter();
        // SAFETY: the interpreter is alive, and no other thread exists that could change its list
        // of thread states.
        let is_held = |local: &LocalInternals| unsafe {
            compat::is_held_by_another(local.interpreter(), current)
        };
        // Without a GIL, importing an extension module stops the threads of all interpreters, and
        // waits for those that are attached (`_PyEval_EnableGILTransient`).
        let shares_gil = |local: &LocalInternals| !compat::has_gil() || !local.has_own_gil();
        // Not if this thread has it: an interpreter that another thread is creating may look like
        // one that shares it.
        let is_shared_gil_held = !holds_shared_gil()
            && held
                .gates
                .iter()
                .any(|(local, _)| shares_gil(local) && is_held(local));
        let is_changing = busy::CHANGING_INTERPRETERS.is_done_by_this_thread();
        let mut has_subs = false;
        for (local, gate) in &mut held.gates {
            let was_inside = gate.keep_own();
            local.keep_own_detachments(entry::detachments(local));
            has_subs |= !local.is_main();
            let is_lost = if is_python {
                // CPython sees to the main interpreter.
                !local.is_main()
            } else {
                let is_without_gil = if shares_gil(local) {
                    is_shared_gil_held
                } else {
                    is_held(local)
                };
                let is_bystander = !local.is_main() && local.interpreter() != here;
                is_without_gil || (is_bystander && (was_inside || local.is_being_ended()))
            };
            if local.is_main() {
                // `os.fork` deletes all thread states of the interpreter but the current one. Where
                // C code forked, the end of the runtime does.
                gate.forget_released();
                entry::forget_kept(local);
            }
            if is_lost {
                local.mark_lost_in_fork();
                gate.close();
            } else if !is_changing {
                // The thread that was ending the interpreter, which this one is inside, does not
                // exist: nobody must wait for it.
                local.give_claim_back();
            }
        }
        drop(held);
        if has_subs && is_python && !compat::can_fork_with_subs() {
            say_why_and_end(WITH_SUBS);
        }
        if is_python && released::is_deleting() {
            say_why_and_end(IN_DELETION);
        }
    }

    /// The status of a child that CPython cannot bring up (`EX_SOFTWARE`).
    const STATUS: i32 = 70;

    const WITH_SUBS: &str = "pyatoll: os.fork() in a process with sub-interpreters: CPython cannot \
        go on in the child, which ends here. Close the interpreters before, or start the process \
        in another way (subprocess, or multiprocessing with 'spawn' or 'forkserver').\n";

    /// CPython deletes in the child the thread state that its parent was about to delete.
    const IN_DELETION: &str = "pyatoll: os.fork() in a finalizer of a value that Python kept for \
        another thread (threading.local, contextvars): CPython cannot go on in the child, which \
        ends here. Start the process in another way (subprocess, or multiprocessing with 'spawn' or \
        'forkserver').\n";

    fn say_why_and_end(why: &str) -> ! {
        // SAFETY: both may be called in a forked child of a multi-threaded process.
        unsafe {
            libc::write(2, why.as_ptr().cast(), why.len());
            libc::_exit(STATUS)
        }
    }
}
