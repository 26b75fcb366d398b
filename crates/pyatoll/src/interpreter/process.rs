//! The current process, as a number that changes in a forked child; locks that a child finds free.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard};

use super::sync::lock;

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

/// A lock with a value. A forked child finds it free, with the initial value, whatever its holder
/// was doing. For locks that are held while CPython is called, which a fork cannot wait for.
pub(crate) struct ProcessMutex<T: 'static> {
    /// The lock of this process, or of one that it is a fork of; null before the first use.
    current: AtomicPtr<OfProcess<T>>,
}

struct OfProcess<T> {
    process: u32,
    mutex: Mutex<T>,
}

impl<T: Default + Send + 'static> ProcessMutex<T> {
    pub(crate) const fn new() -> Self {
        Self {
            current: AtomicPtr::new(null_mut()),
        }
    }

    pub(crate) fn lock(&'static self) -> MutexGuard<'static, T> {
        loop {
            let found = self.current.load(Ordering::Acquire);
            // SAFETY: null, or from `Box::into_raw` below and never freed.
            if let Some(of_process) = unsafe { found.as_ref() }
                && of_process.process == process()
            {
                return lock(&of_process.mutex);
            }
            self.replace(found);
        }
    }

    /// Replaces `found`, which is null or the lock of a parent process, unless another thread has.
    ///
    /// Not a part of [`lock`](Self::lock), which is on hot paths: `T::default` may read a
    /// thread-local, as that of a `HashMap` does.
    #[cold]
    #[inline(never)]
    fn replace(&self, found: *mut OfProcess<T>) {
        let fresh = Box::into_raw(Box::new(OfProcess {
            process: process(),
            mutex: Mutex::new(T::default()),
        }));
        // The lock of the parent stays in memory: its holder may be this thread.
        let exchanged =
            self.current
                .compare_exchange(found, fresh, Ordering::AcqRel, Ordering::Acquire);
        if exchanged.is_err() {
            // SAFETY: from `Box::into_raw`; no other thread has seen it.
            drop(unsafe { Box::from_raw(fresh) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_has_one_holder_and_keeps_its_value() {
        static COUNT: ProcessMutex<u32> = ProcessMutex::new();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        let mut count = COUNT.lock();
                        let before = *count;
                        std::hint::black_box(&mut count);
                        *count = before + 1;
                    }
                });
            }
        });
        assert_eq!(*COUNT.lock(), 4000);
    }
}
