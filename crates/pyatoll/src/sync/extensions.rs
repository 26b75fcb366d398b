//! The standard library's locks for threads that are attached.
//!
//! A thread that waits for a lock while attached can deadlock with the thread that holds the lock:
//! the holder may need the GIL, or (on a free-threaded Python) a garbage collection waits for both.
//! These methods wait detached.

use std::sync::{
    LockResult, Mutex, MutexGuard, Once, OnceLock, OnceState, RwLock, RwLockReadGuard,
    RwLockWriteGuard, TryLockError, TryLockResult,
};

use crate::interpreter::Python;
use crate::interpreter::detach::DetachGuard;

/// One sealing trait per extension, with the extension's parameter: a single trait without it would
/// let another crate implement `MutexExt<Theirs>` for `Mutex<T>`.
pub(super) mod sealed {
    pub trait Once {}
    pub trait OnceLock<T> {}
    pub trait Mutex<T> {}
    pub trait RwLock<T> {}

    impl Once for std::sync::Once {}
    impl<T> OnceLock<T> for std::sync::OnceLock<T> {}
    impl<T> Mutex<T> for std::sync::Mutex<T> {}
    impl<T> RwLock<T> for std::sync::RwLock<T> {}
}

/// Returns the result of `try_lock` unless it would block; otherwise calls `lock` detached.
fn lock_detached<G>(
    py: Python<'_>,
    try_lock: TryLockResult<G>,
    lock: impl FnOnce() -> LockResult<G>,
) -> LockResult<G> {
    match try_lock {
        Ok(guard) => Ok(guard),
        Err(TryLockError::Poisoned(poisoned)) => Err(poisoned),
        Err(TryLockError::WouldBlock) => {
            // SAFETY: attached (`py`); `lock` only locks a lock of the standard library.
            let _detached = unsafe { DetachGuard::new(py.local()) };
            lock()
        }
    }
}

/// The user's closure for a call that may wait first. This thread is detached while it exists, and
/// attached again before the closure runs or, by the order of the fields, is dropped.
pub(super) struct DetachedClosure<F> {
    detached: DetachGuard,
    f: F,
}

impl<F> DetachedClosure<F> {
    pub(super) fn new(py: Python<'_>, f: F) -> Self {
        // SAFETY: attached (`py`); the closure, which may need the attachment, is only moved.
        let detached = unsafe { DetachGuard::new(py.local()) };
        Self { detached, f }
    }

    /// Attaches again and returns the closure.
    pub(super) fn attach(self) -> F {
        drop(self.detached);
        self.f
    }
}

/// [`Once`] for attached threads.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::sync::OnceExt;
/// use std::sync::Once;
///
/// static START: Once = Once::new();
/// Python::attach(|py| {
///     START.call_once_py_attached(py, || println!("once in this process"));
///     START.call_once_force_py_attached(py, |_| unreachable!());
///     assert!(START.is_completed());
/// });
/// ```
pub trait OnceExt: sealed::Once {
    /// The argument of the closure of `call_once_force`.
    type OnceState;

    /// Does what [`Once::call_once`] does, but waits detached. `f` runs attached.
    ///
    /// # Panics
    /// If `f` panics, or the `Once` is poisoned by an earlier panic.
    #[track_caller]
    fn call_once_py_attached(&self, py: Python<'_>, f: impl FnOnce());

    /// Does what [`Once::call_once_force`] does, but waits detached. `f` runs attached.
    fn call_once_force_py_attached(&self, py: Python<'_>, f: impl FnOnce(&Self::OnceState));
}

impl OnceExt for Once {
    type OnceState = OnceState;

    fn call_once_py_attached(&self, py: Python<'_>, f: impl FnOnce()) {
        if !self.is_completed() {
            let f = DetachedClosure::new(py, f);
            self.call_once(move || f.attach()());
        }
    }

    fn call_once_force_py_attached(&self, py: Python<'_>, f: impl FnOnce(&OnceState)) {
        if !self.is_completed() {
            let f = DetachedClosure::new(py, f);
            self.call_once_force(move |state| f.attach()(state));
        }
    }
}

/// [`OnceLock`] for attached threads. For Python objects use
/// [`PyOnceLock`](crate::sync::PyOnceLock), which has one value per interpreter.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::sync::OnceLockExt;
/// use std::sync::OnceLock;
///
/// static VERSION: OnceLock<String> = OnceLock::new();
/// Python::attach(|py| {
///     let version = VERSION.get_or_init_py_attached(py, || py.version().to_owned());
///     assert!(version.starts_with("3."));
/// });
/// ```
pub trait OnceLockExt<T>: sealed::OnceLock<T> {
    /// Does what [`OnceLock::get_or_init`] does, but waits detached. `f` runs attached.
    ///
    /// # Panics
    /// If `f` panics.
    #[track_caller]
    fn get_or_init_py_attached<F>(&self, py: Python<'_>, f: F) -> &T
    where
        F: FnOnce() -> T;
}

impl<T> OnceLockExt<T> for OnceLock<T> {
    fn get_or_init_py_attached<F>(&self, py: Python<'_>, f: F) -> &T
    where
        F: FnOnce() -> T,
    {
        if let Some(value) = self.get() {
            return value;
        }
        let f = DetachedClosure::new(py, f);
        self.get_or_init(move || f.attach()())
    }
}

/// [`Mutex`] for attached threads.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::sync::MutexExt;
/// use std::sync::Mutex;
///
/// static NAMES: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// Python::attach(|py| NAMES.lock_py_attached(py).unwrap().push("Pyatoll".into()));
/// ```
pub trait MutexExt<T>: sealed::Mutex<T> {
    /// The result of locking.
    type LockResult<'a>
    where
        Self: 'a;

    /// Locks the mutex, as [`Mutex::lock`] does, but waits detached.
    ///
    /// # Errors
    /// If the mutex is poisoned.
    fn lock_py_attached(&self, py: Python<'_>) -> Self::LockResult<'_>;
}

impl<T> MutexExt<T> for Mutex<T> {
    type LockResult<'a>
        = LockResult<MutexGuard<'a, T>>
    where
        Self: 'a;

    fn lock_py_attached(&self, py: Python<'_>) -> Self::LockResult<'_> {
        lock_detached(py, self.try_lock(), || self.lock())
    }
}

/// [`RwLock`] for attached threads.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::sync::RwLockExt;
/// use std::sync::RwLock;
///
/// static LIMIT: RwLock<u32> = RwLock::new(1);
/// Python::attach(|py| {
///     *LIMIT.write_py_attached(py).unwrap() = 2;
///     assert_eq!(*LIMIT.read_py_attached(py).unwrap(), 2);
/// });
/// ```
pub trait RwLockExt<T>: sealed::RwLock<T> {
    /// The result of locking for reading.
    type ReadLockResult<'a>
    where
        Self: 'a;

    /// The result of locking for writing.
    type WriteLockResult<'a>
    where
        Self: 'a;

    /// Locks for reading, as [`RwLock::read`] does, but waits detached.
    ///
    /// # Errors
    /// If the lock is poisoned.
    fn read_py_attached(&self, py: Python<'_>) -> Self::ReadLockResult<'_>;

    /// Locks for writing, as [`RwLock::write`] does, but waits detached.
    ///
    /// # Errors
    /// If the lock is poisoned.
    fn write_py_attached(&self, py: Python<'_>) -> Self::WriteLockResult<'_>;
}

impl<T> RwLockExt<T> for RwLock<T> {
    type ReadLockResult<'a>
        = LockResult<RwLockReadGuard<'a, T>>
    where
        Self: 'a;

    type WriteLockResult<'a>
        = LockResult<RwLockWriteGuard<'a, T>>
    where
        Self: 'a;

    fn read_py_attached(&self, py: Python<'_>) -> Self::ReadLockResult<'_> {
        lock_detached(py, self.try_read(), || self.read())
    }

    fn write_py_attached(&self, py: Python<'_>) -> Self::WriteLockResult<'_> {
        lock_detached(py, self.try_write(), || self.write())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    /// Runs two threads: the first locks, then attaches while it holds the lock; the second waits
    /// for the lock while attached. Hangs if a waiting thread keeps the GIL.
    pub(crate) fn contend(hold: impl Fn(Python<'_>, &dyn Fn()) + Sync) {
        Python::initialize();
        let barrier = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                Python::attach(|py| {
                    hold(py, &|| {
                        // The other thread acquires the GIL here, and then waits for the lock.
                        py.detach(|| {
                            barrier.wait();
                            thread::sleep(std::time::Duration::from_millis(30));
                        });
                        py.run(c"1 + 1", None, None).unwrap();
                    });
                });
            });
            scope.spawn(|| {
                barrier.wait();
                Python::attach(|py| hold(py, &|| py.run(c"2 + 2", None, None).unwrap()));
            });
        });
    }

    #[test]
    fn waiting_for_a_mutex_lets_its_holder_attach() {
        let lock = Mutex::new(());
        contend(|py, f| {
            let _guard = lock.lock_py_attached(py).unwrap();
            f();
        });
    }

    #[test]
    fn waiting_for_a_read_write_lock_lets_its_holder_attach() {
        let lock = RwLock::new(());
        contend(|py, f| {
            let _guard = lock.write_py_attached(py).unwrap();
            f();
        });
        contend(|py, f| {
            let read = lock.read_py_attached(py).unwrap();
            drop(read);
            let _guard = lock.write_py_attached(py).unwrap();
            f();
        });
    }

    #[test]
    fn waiting_for_a_once_lets_its_initializer_attach() {
        let runs = AtomicUsize::new(0);
        let once = Once::new();
        contend(|py, f| {
            once.call_once_py_attached(py, || {
                runs.fetch_add(1, Ordering::Relaxed);
                f();
            })
        });
        let once = Once::new();
        contend(|py, f| {
            once.call_once_force_py_attached(py, |state| {
                assert!(!state.is_poisoned());
                runs.fetch_add(1, Ordering::Relaxed);
                f();
            })
        });
        let lock = OnceLock::new();
        contend(|py, f| {
            lock.get_or_init_py_attached(py, || {
                f();
                runs.fetch_add(1, Ordering::Relaxed)
            });
        });
        assert_eq!(runs.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn a_panic_in_a_once_leaves_the_thread_attached() {
        let once = Once::new();
        Python::attach(|py| {
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                once.call_once_py_attached(py, || panic!("no"));
            }));
            assert!(caught.is_err());
            py.run(c"pass", None, None).unwrap();
            let poisoned = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                once.call_once_py_attached(py, || unreachable!());
            }));
            assert!(poisoned.is_err());
            py.run(c"pass", None, None).unwrap();
            once.call_once_force_py_attached(py, |state| assert!(state.is_poisoned()));
        });
    }
}
