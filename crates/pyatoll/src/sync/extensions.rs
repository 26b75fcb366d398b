//! The standard library's locks for threads that are attached.
//!
//! A thread that waits for a lock while it is attached can stop the thread that holds the lock from
//! getting on: that one may need the GIL, or (on a free-threaded Python) a garbage collection waits
//! for both. These methods wait detached.

use std::sync::{
    LockResult, Mutex, MutexGuard, Once, OnceLock, OnceState, RwLock, RwLockReadGuard,
    RwLockWriteGuard, TryLockError, TryLockResult,
};

use crate::interpreter::Python;
use crate::interpreter::detach::DetachGuard;

mod sealed {
    pub trait Sealed {}
    impl Sealed for std::sync::Once {}
    impl<T> Sealed for std::sync::OnceLock<T> {}
    impl<T> Sealed for std::sync::Mutex<T> {}
    impl<T> Sealed for std::sync::RwLock<T> {}
}

/// Detaches for a call that may wait.
fn waiting<R>(py: Python<'_>, wait: impl FnOnce() -> R) -> R {
    // SAFETY: attached by the token; `wait` is one of the calls below, which touch a lock of the
    // standard library and nothing of Python.
    let _away = unsafe { DetachGuard::new(py.local()) };
    wait()
}

/// The user's closure for a call that may wait first. This thread is detached while it exists, and
/// attached again when the closure runs or, in the order of the fields, is dropped.
struct Job<F> {
    away: DetachGuard,
    f: F,
}

impl<F> Job<F> {
    fn leave(py: Python<'_>, f: F) -> Self {
        // SAFETY: as in `waiting`; the closure, which may need the attachment, is only moved.
        let away = unsafe { DetachGuard::new(py.local()) };
        Self { away, f }
    }

    /// Attaches again; the closure may be called then.
    fn come_back(self) -> F {
        drop(self.away);
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
pub trait OnceExt: sealed::Sealed {
    /// What `call_once_force` tells the closure.
    type OnceState;

    /// [`Once::call_once`], waiting detached. `f` runs attached.
    ///
    /// # Panics
    /// As there.
    fn call_once_py_attached(&self, py: Python<'_>, f: impl FnOnce());

    /// [`Once::call_once_force`], waiting detached. `f` runs attached.
    fn call_once_force_py_attached(&self, py: Python<'_>, f: impl FnOnce(&Self::OnceState));
}

impl OnceExt for Once {
    type OnceState = OnceState;

    fn call_once_py_attached(&self, py: Python<'_>, f: impl FnOnce()) {
        if !self.is_completed() {
            let job = Job::leave(py, f);
            self.call_once(move || job.come_back()());
        }
    }

    fn call_once_force_py_attached(&self, py: Python<'_>, f: impl FnOnce(&OnceState)) {
        if !self.is_completed() {
            let job = Job::leave(py, f);
            self.call_once_force(move |state| job.come_back()(state));
        }
    }
}

/// [`OnceLock`] for attached threads. For Python objects use
/// [`PyOnceLock`](crate::sync::PyOnceLock): it has a value in each interpreter.
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
pub trait OnceLockExt<T>: sealed::Sealed {
    /// [`OnceLock::get_or_init`], waiting detached. `f` runs attached.
    ///
    /// # Panics
    /// If `f` panics.
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
        let job = Job::leave(py, f);
        self.get_or_init(move || job.come_back()())
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
pub trait MutexExt<T>: sealed::Sealed {
    /// What locking gives.
    type LockResult<'a>
    where
        Self: 'a;

    /// [`Mutex::lock`], waiting detached.
    ///
    /// # Errors
    /// As there: the mutex is poisoned.
    fn lock_py_attached(&self, py: Python<'_>) -> Self::LockResult<'_>;
}

impl<T> MutexExt<T> for Mutex<T> {
    type LockResult<'a>
        = LockResult<MutexGuard<'a, T>>
    where
        Self: 'a;

    fn lock_py_attached(&self, py: Python<'_>) -> Self::LockResult<'_> {
        at_once(self.try_lock()).unwrap_or_else(|| waiting(py, || self.lock()))
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
pub trait RwLockExt<T>: sealed::Sealed {
    /// What locking for reading gives.
    type ReadLockResult<'a>
    where
        Self: 'a;

    /// What locking for writing gives.
    type WriteLockResult<'a>
    where
        Self: 'a;

    /// [`RwLock::read`], waiting detached.
    ///
    /// # Errors
    /// As there: the lock is poisoned.
    fn read_py_attached(&self, py: Python<'_>) -> Self::ReadLockResult<'_>;

    /// [`RwLock::write`], waiting detached.
    ///
    /// # Errors
    /// As there: the lock is poisoned.
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
        at_once(self.try_read()).unwrap_or_else(|| waiting(py, || self.read()))
    }

    fn write_py_attached(&self, py: Python<'_>) -> Self::WriteLockResult<'_> {
        at_once(self.try_write()).unwrap_or_else(|| waiting(py, || self.write()))
    }
}

/// The result of locking, if there is no need to wait.
fn at_once<G>(tried: TryLockResult<G>) -> Option<LockResult<G>> {
    match tried {
        Ok(guard) => Some(Ok(guard)),
        Err(TryLockError::Poisoned(poisoned)) => Some(Err(poisoned)),
        Err(TryLockError::WouldBlock) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    /// Two threads: the first takes the lock, then needs to be attached while it holds it; the
    /// second waits for the lock while attached. Hangs if waiting keeps the GIL.
    fn cross(hold: impl Fn(Python<'_>, &dyn Fn()) + Sync) {
        Python::initialize();
        let barrier = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                Python::attach(|py| {
                    hold(py, &|| {
                        // The other thread gets the GIL here, and then waits for the lock.
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
        cross(|py, f| {
            let _guard = lock.lock_py_attached(py).unwrap();
            f();
        });
    }

    #[test]
    fn waiting_for_a_read_write_lock_lets_its_holder_attach() {
        let lock = RwLock::new(());
        cross(|py, f| {
            let _guard = lock.write_py_attached(py).unwrap();
            f();
        });
        cross(|py, f| {
            let read = lock.read_py_attached(py).unwrap();
            drop(read);
            let _guard = lock.write_py_attached(py).unwrap();
            f();
        });
    }

    #[test]
    fn waiting_for_a_once_lets_its_maker_attach() {
        let runs = AtomicUsize::new(0);
        let once = Once::new();
        cross(|py, f| {
            once.call_once_py_attached(py, || {
                runs.fetch_add(1, Ordering::Relaxed);
                f();
            })
        });
        let once = Once::new();
        cross(|py, f| {
            once.call_once_force_py_attached(py, |state| {
                assert!(!state.is_poisoned());
                runs.fetch_add(1, Ordering::Relaxed);
                f();
            })
        });
        let lock = OnceLock::new();
        cross(|py, f| {
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
