//! The current process, as a number that changes in a forked child.

use std::sync::atomic::{AtomicU32, Ordering};

/// Number of forks between the process that loaded this binary and this one.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// Returns a number that is another one in a forked process, once [`fork`](super::fork) watches for
/// forks: from when this binary first knows an interpreter.
pub(crate) fn process() -> u32 {
    FORKS.load(Ordering::Relaxed)
}

/// Counts a fork, in the child.
#[cfg_attr(not(unix), expect(dead_code, reason = "nothing forks"))]
pub(super) fn count_fork() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}
