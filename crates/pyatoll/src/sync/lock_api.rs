//! The locks of `lock_api` and `parking_lot`, for threads that are attached.

#[cfg(feature = "arc_lock")]
use std::sync::Arc;

use lock_api::{
    GetThreadId, Mutex, MutexGuard, RawMutex, RawRwLock, ReentrantMutex, ReentrantMutexGuard,
    RwLock, RwLockReadGuard, RwLockWriteGuard,
};

use super::extensions::{MutexExt, RwLockExt, sealed};
use crate::interpreter::Python;
use crate::interpreter::detach::DetachGuard;

/// Returns the result of `try_lock`, or else calls `lock` detached.
fn lock_detached<G>(py: Python<'_>, try_lock: Option<G>, lock: impl FnOnce() -> G) -> G {
    try_lock.unwrap_or_else(|| {
        // SAFETY: attached (`py`); `lock` only locks, and a lock's own code holds no token or
        // `Bound`: the raw locks are `'static`.
        let _detached = unsafe { DetachGuard::new(py.local()) };
        lock()
    })
}

/// Implements an extension, whose methods are each named after a result and the lock's methods.
macro_rules! extension {
    (
        [$($parameters:tt)*] $trait:ident, $sealed:ident for $lock:ty where [$($bounds:tt)*] {
            $($result:ident: $guard:ty, $method:ident, $try_lock:ident, $lock_method:ident;)*
        }
    ) => {
        impl<$($parameters)* T> sealed::$sealed<T> for $lock where $($bounds)* {}

        impl<$($parameters)* T> $trait<T> for $lock
        where
            $($bounds)*
        {
            $(
                type $result<'a>
                    = $guard
                where
                    Self: 'a;
            )*

            $(
                fn $method(&self, py: Python<'_>) -> Self::$result<'_> {
                    lock_detached(py, self.$try_lock(), || self.$lock_method())
                }
            )*
        }
    };
}

extension! {
    [R,] MutexExt, Mutex for Mutex<R, T> where [R: RawMutex + 'static] {
        LockResult: MutexGuard<'a, R, T>, lock_py_attached, try_lock, lock;
    }
}

extension! {
    [R, G,] MutexExt, Mutex for ReentrantMutex<R, G, T>
    where [R: RawMutex + 'static, G: GetThreadId + 'static] {
        LockResult: ReentrantMutexGuard<'a, R, G, T>, lock_py_attached, try_lock, lock;
    }
}

extension! {
    [R,] RwLockExt, RwLock for RwLock<R, T> where [R: RawRwLock + 'static] {
        ReadLockResult: RwLockReadGuard<'a, R, T>, read_py_attached, try_read, read;
        WriteLockResult: RwLockWriteGuard<'a, R, T>, write_py_attached, try_write, write;
    }
}

#[cfg(feature = "arc_lock")]
extension! {
    [R,] MutexExt, Mutex for Arc<Mutex<R, T>> where [R: RawMutex + 'static] {
        LockResult: lock_api::ArcMutexGuard<R, T>, lock_py_attached, try_lock_arc, lock_arc;
    }
}

#[cfg(feature = "arc_lock")]
extension! {
    [R, G,] MutexExt, Mutex for Arc<ReentrantMutex<R, G, T>>
    where [R: RawMutex + 'static, G: GetThreadId + 'static] {
        LockResult: lock_api::ArcReentrantMutexGuard<R, G, T>, lock_py_attached, try_lock_arc,
            lock_arc;
    }
}

#[cfg(feature = "arc_lock")]
extension! {
    [R,] RwLockExt, RwLock for Arc<RwLock<R, T>> where [R: RawRwLock + 'static] {
        ReadLockResult: lock_api::ArcRwLockReadGuard<R, T>, read_py_attached, try_read_arc,
            read_arc;
        WriteLockResult: lock_api::ArcRwLockWriteGuard<R, T>, write_py_attached, try_write_arc,
            write_arc;
    }
}

#[cfg(feature = "parking_lot")]
mod once {
    use parking_lot::{Once, OnceState};

    use super::super::extensions::{DetachedClosure, OnceExt, sealed};
    use crate::interpreter::Python;

    impl sealed::Once for Once {}

    impl OnceExt for Once {
        type OnceState = OnceState;

        fn call_once_py_attached(&self, py: Python<'_>, f: impl FnOnce()) {
            if !self.state().done() {
                let f = DetachedClosure::new(py, f);
                self.call_once(move || f.attach()());
            }
        }

        fn call_once_force_py_attached(&self, py: Python<'_>, f: impl FnOnce(&OnceState)) {
            if !self.state().done() {
                let f = DetachedClosure::new(py, f);
                self.call_once_force(move |state| f.attach()(&state));
            }
        }
    }
}

#[cfg(test)]
#[cfg(feature = "parking_lot")]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use parking_lot::{Mutex, Once, ReentrantMutex, RwLock};

    use super::super::extensions::OnceExt;
    use super::super::extensions::tests::contend;
    use super::*;

    #[test]
    fn waiting_for_a_mutex_lets_its_holder_attach() {
        let lock = Mutex::new(());
        contend(|py, f| {
            let _guard = lock.lock_py_attached(py);
            f();
        });
        assert!(!lock.is_locked());
    }

    #[test]
    fn waiting_for_a_reentrant_mutex_lets_its_holder_attach() {
        let lock = ReentrantMutex::new(());
        contend(|py, f| {
            let _guard = lock.lock_py_attached(py);
            let _again = lock.lock_py_attached(py);
            f();
        });
        assert!(!lock.is_locked());
    }

    #[test]
    fn waiting_for_a_read_write_lock_lets_its_holder_attach() {
        let lock = RwLock::new(());
        contend(|py, f| {
            drop(lock.read_py_attached(py));
            let _guard = lock.write_py_attached(py);
            f();
        });
        assert!(!lock.is_locked());
    }

    #[cfg(feature = "arc_lock")]
    #[test]
    fn waiting_for_a_lock_in_an_arc_lets_its_holder_attach() {
        let mutex = Arc::new(Mutex::new(()));
        let reentrant = Arc::new(ReentrantMutex::new(()));
        let rw_lock = Arc::new(RwLock::new(()));
        contend(|py, f| {
            let _guard = MutexExt::lock_py_attached(&mutex, py);
            f();
        });
        contend(|py, f| {
            let _guard = MutexExt::lock_py_attached(&reentrant, py);
            f();
        });
        contend(|py, f| {
            drop(RwLockExt::read_py_attached(&rw_lock, py));
            let guard = RwLockExt::write_py_attached(&rw_lock, py);
            f();
            drop(guard);
        });
        // The guards kept the locks alive, and have released them.
        assert_eq!(Arc::strong_count(&mutex), 1);
        assert_eq!(Arc::strong_count(&reentrant), 1);
        assert_eq!(Arc::strong_count(&rw_lock), 1);
    }

    #[test]
    fn waiting_for_a_once_lets_its_initializer_attach() {
        let runs = AtomicUsize::new(0);
        let count = |f: &dyn Fn()| {
            runs.fetch_add(1, Ordering::Relaxed);
            f();
        };
        let once = Once::new();
        contend(|py, f| once.call_once_py_attached(py, || count(f)));
        let once = Once::new();
        contend(|py, f| {
            once.call_once_force_py_attached(py, |state| {
                assert!(!state.poisoned());
                count(f);
            })
        });
        assert_eq!(runs.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_panic_in_a_once_leaves_the_thread_attached() {
        let once = Once::new();
        Python::attach(|py| {
            let panics = |f: &dyn Fn()| {
                let result = catch_unwind(AssertUnwindSafe(|| once.call_once_py_attached(py, f)));
                assert!(result.is_err());
                py.run(c"pass", None, None).unwrap();
            };
            panics(&|| panic!("no"));
            panics(&|| unreachable!("the `Once` is poisoned"));
            once.call_once_force_py_attached(py, |state| assert!(state.poisoned()));
            once.call_once_py_attached(py, || unreachable!());
        });
    }
}
