//! Operations that a fork must not interrupt, since CPython's locks that they take would stay taken
//! in the child.
//!
//! CPython frees those locks in the child of `os.fork` (`PyOS_AfterFork_Child`), but not all of
//! them: `_PyThreadState_DeleteExcept` of 3.11 and `_PyIndexPool_FreeIndex` of free-threaded builds
//! wait for them. Nobody frees them after a bare `fork()`.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, LocalKey};
use std::time::{Duration, Instant};

use super::compat;
use super::gate::InterpreterGuard;

/// A kind of operation that threads put off while another thread forks.
pub(super) struct Operation {
    /// Threads in such an operation.
    threads: AtomicU32,
    /// Whether a thread is forking, so that no other may begin.
    is_paused: AtomicBool,
    /// Operations of this thread, where it may fork in the middle of one.
    own: Option<&'static LocalKey<Cell<u32>>>,
    /// Time limit of a fork's wait.
    limit: fn() -> Duration,
}

/// Creating and deleting a thread state.
///
/// From 3.13 on `os.fork` holds CPython's lock on the list of thread states when it calls the
/// handlers of `pthread_atfork`, and a thread in this operation may be waiting for that lock. Such
/// a thread holds none of the locks that matter to the child; others hold those for an instant. So
/// a short wait is enough.
pub(super) static CHANGING_THREAD_STATES: Operation = Operation {
    threads: AtomicU32::new(0),
    is_paused: AtomicBool::new(false),
    own: None,
    limit: || {
        if compat::fork_locks_thread_states() {
            Duration::from_millis(20)
        } else {
            Duration::MAX
        }
    },
};

/// Creating and ending an interpreter, which runs Python code: a thread in it may be waiting for
/// anything.
pub(super) static CHANGING_INTERPRETERS: Operation = Operation {
    threads: AtomicU32::new(0),
    is_paused: AtomicBool::new(false),
    own: Some(&OWN_CHANGES),
    limit: || Duration::from_millis(100),
};

thread_local! {
    static OWN_CHANGES: Cell<u32> = const { Cell::new(0) };
}

/// Polling interval of both sides.
const POLL: Duration = Duration::from_micros(100);

/// Permission for an operation, until it is dropped.
#[must_use]
pub(super) struct Busy(&'static Operation);

/// Permission for an operation of a thread that holds an interpreter's guard, until it is dropped.
#[must_use]
pub(super) struct BusyWithGuard<'a>(&'a InterpreterGuard<'static>);

impl Operation {
    /// Waits while another thread forks.
    pub(super) fn begin(&'static self) -> Busy {
        let is_nested = self.own() > 0;
        while cfg!(unix) {
            // Dekker-style handshake: each side announces itself before checking the other; with
            // `SeqCst`, at least one sees the other.
            self.threads.fetch_add(1, Ordering::SeqCst);
            if is_nested || !self.is_paused.load(Ordering::SeqCst) {
                break;
            }
            self.threads.fetch_sub(1, Ordering::SeqCst);
            self.wait_until_resumed();
        }
        self.count_own(1);
        Busy(self)
    }

    /// Waits while another thread forks, and announces the operation in the guard instead of in a
    /// place that all threads write to. The fork asks the gates: see
    /// [`pause`](Operation::pause).
    #[inline]
    pub(super) fn begin_with<'a>(
        &'static self,
        guard: &'a InterpreterGuard<'static>,
    ) -> BusyWithGuard<'a> {
        guard.begin_change();
        self.has_begun_with(guard)
    }

    /// Does the rest of [`begin_with`](Operation::begin_with) for a guard that has announced the
    /// operation, by [`InterpreterGuard::take_up_to_change`].
    #[inline]
    pub(super) fn has_begun_with<'a>(
        &'static self,
        guard: &'a InterpreterGuard<'static>,
    ) -> BusyWithGuard<'a> {
        // The same handshake as in `begin`.
        if cfg!(unix) && self.is_paused.load(Ordering::SeqCst) {
            self.begin_later_with(guard);
        }
        BusyWithGuard(guard)
    }

    /// Does the rest of [`begin_with`](Operation::begin_with) for a guard that has announced the
    /// operation, by [`InterpreterGuard::set_aside_to_change`]. `None`: another thread forks, and
    /// the guard is held as before.
    #[inline]
    pub(super) fn has_begun_aside<'a>(
        &'static self,
        guard: &'a InterpreterGuard<'static>,
    ) -> Option<BusyWithGuard<'a>> {
        if cfg!(unix) && self.is_paused.load(Ordering::SeqCst) {
            guard.stay();
            return None;
        }
        Some(BusyWithGuard(guard))
    }

    #[cold]
    #[inline(never)]
    fn begin_later_with(&'static self, guard: &InterpreterGuard<'static>) {
        while self.is_paused.load(Ordering::SeqCst) {
            guard.end_change();
            self.wait_until_resumed();
            guard.begin_change();
        }
    }

    fn wait_until_resumed(&self) {
        while self.is_paused.load(Ordering::SeqCst) {
            thread::sleep(POLL);
        }
    }

    /// Keeps other threads from beginning, until [`resume`](Operation::resume), and waits for those
    /// that have begun: `is_announced` says whether a guard announces one. One thread at a time.
    #[cfg_attr(not(unix), expect(dead_code, reason = "nothing forks"))]
    pub(super) fn pause(&self, is_announced: impl Fn() -> bool) {
        self.is_paused.store(true, Ordering::SeqCst);
        let since = Instant::now();
        while (self.threads.load(Ordering::SeqCst) > self.own() || is_announced())
            && since.elapsed() < (self.limit)()
        {
            thread::sleep(POLL);
        }
    }

    /// Lets threads begin again. In the child, those of the parent that were in an operation do not
    /// exist.
    #[cfg_attr(not(unix), expect(dead_code, reason = "nothing forks"))]
    pub(super) fn resume(&self, is_child: bool) {
        if is_child {
            self.threads.store(self.own(), Ordering::SeqCst);
        }
        self.is_paused.store(false, Ordering::SeqCst);
    }

    /// Returns whether this thread is in such an operation.
    #[cfg_attr(not(unix), expect(dead_code, reason = "nothing forks"))]
    pub(super) fn is_done_by_this_thread(&self) -> bool {
        self.own() > 0
    }

    fn own(&self) -> u32 {
        self.own.map_or(0, |own| own.get())
    }

    fn count_own(&self, change: i32) {
        if let Some(own) = self.own {
            own.set(own.get().wrapping_add_signed(change));
        }
    }
}

impl Drop for BusyWithGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.end_change();
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if cfg!(unix) {
            self.0.threads.fetch_sub(1, Ordering::SeqCst);
        }
        self.0.count_own(-1);
    }
}
