//! The end of the runtime, and how long it waits for threads.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::compat;
use super::gate::Timeouts;
use super::local::{self, LocalInternals};

/// Time limit of the process's end for a thread that is detached in a call of this library.
const AWAY_TIMEOUT: Duration = Duration::from_secs(1);
/// Time limit of the process's end for a thread that is inside, where it can proceed without that
/// thread.
const INSIDE_TIMEOUT: Duration = Duration::from_secs(10);
/// Time that each interpreter's threads have at least, for those that leave at once.
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(50);

/// Whether the process exits without finalizing the runtime.
static EXITS: AtomicBool = AtomicBool::new(false);

/// Records that the process exits without finalizing the runtime. Exit functions are still called,
/// but no thread can get in CPython's way, so none is waited for longer than a second.
pub(crate) fn exit_without_finalizing() {
    EXITS.store(true, Ordering::Relaxed);
}

/// Returns how long `local`'s end waits for other threads.
pub(super) fn timeouts(local: &LocalInternals) -> Timeouts {
    if EXITS.load(Ordering::Relaxed) {
        return Timeouts {
            away: Some(AWAY_TIMEOUT),
            inside: Some(AWAY_TIMEOUT),
        };
    }
    match RuntimeEnd::current() {
        None => Timeouts::default(),
        Some(end) => end.timeouts(local),
    }
}

/// The end of the runtime, which has begun.
pub(super) struct RuntimeEnd {
    /// The run of the runtime that ends.
    run: u32,
    /// Whether it waits for all threads.
    without_limit: bool,
    /// How long it has waited for threads, in nanoseconds.
    waited: AtomicU64,
    /// Whether a thread counts its wait.
    is_counted: AtomicBool,
}

/// The latest end of the runtime, or null. Each is leaked: a thread may be reading it.
static RUNTIME_END: AtomicPtr<RuntimeEnd> = AtomicPtr::new(null_mut());

impl RuntimeEnd {
    /// Records that the runtime's end has begun.
    pub(super) fn begin(without_limit: bool) {
        if Self::current().is_some() {
            return;
        }
        let end = Box::new(Self {
            run: local::current_run(),
            without_limit,
            waited: AtomicU64::new(0),
            is_counted: AtomicBool::new(false),
        });
        RUNTIME_END.store(Box::into_raw(end), Ordering::Release);
    }

    /// Returns whether the runtime's end has begun, or the process exits without it.
    pub(super) fn is_under_way() -> bool {
        EXITS.load(Ordering::Relaxed) || Self::current().is_some()
    }

    /// Returns the end of this run of the runtime, if it has begun.
    pub(super) fn current() -> Option<&'static Self> {
        // SAFETY: null, or leaked by `begin`.
        let latest = unsafe { RUNTIME_END.load(Ordering::Acquire).as_ref() };
        latest.filter(|end| end.run == local::current_run())
    }

    /// Calls `wait` and counts the time that it takes. Of waits at the same time, the first counts.
    pub(super) fn count<R>(&self, wait: impl FnOnce() -> R) -> R {
        let is_first = !self.is_counted.swap(true, Ordering::Relaxed);
        let since = Instant::now();
        let result = wait();
        if is_first {
            let nanos = u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.waited.fetch_add(nanos, Ordering::Relaxed);
            self.is_counted.store(false, Ordering::Relaxed);
        }
        result
    }

    /// Returns how long the end of `local`'s interpreter waits for other threads.
    ///
    /// The end of the process leaves threads behind, as CPython does with daemon threads, where
    /// that does not abort the process. All interpreters share the time limits, which count the
    /// waits only: exit functions, and CPython itself, may take long to end an interpreter, and the
    /// threads of the next one must not lose their time by that.
    fn timeouts(&self, local: &LocalInternals) -> Timeouts {
        if self.without_limit {
            return Timeouts::default();
        }
        let passed = Duration::from_nanos(self.waited.load(Ordering::Relaxed));
        let rest = |limit: Duration| limit.saturating_sub(passed).max(SHORTEST_TIMEOUT);
        let can_leave_away = local.is_main() || compat::hangs_late_threads();
        Timeouts {
            away: can_leave_away.then(|| rest(AWAY_TIMEOUT)),
            inside: compat::hangs_late_threads().then(|| rest(INSIDE_TIMEOUT)),
        }
    }
}
