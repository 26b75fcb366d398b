//! Which process this is: after `fork`, other threads' notes are of threads that do not exist.

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

/// How many forks lie between the process this binary was loaded in and this one.
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// A number that is another one in a forked process.
pub(crate) fn process() -> u32 {
    static WATCH: Once = Once::new();
    extern "C" fn forked() {
        PROCESS.fetch_add(1, Ordering::Relaxed);
    }
    WATCH.call_once(|| {
        #[cfg(unix)]
        // SAFETY: `forked` does nothing but change an atomic. Without memory for the note (what
        // the result would say), a child would wait for threads of its parent.
        unsafe {
            libc::pthread_atfork(None, None, Some(forked));
        }
        #[cfg(not(unix))]
        let _ = forked;
    });
    PROCESS.load(Ordering::Relaxed)
}
