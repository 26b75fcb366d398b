//! Waiting on condition variables whether or not a thread panicked while it held the mutex.

use std::sync::{Condvar, MutexGuard};
use std::time::Duration;

pub(super) fn wait<'a, T>(condition: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condition
        .wait(guard)
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

pub(super) fn wait_for<'a, T>(
    condition: &Condvar,
    guard: MutexGuard<'a, T>,
    time: Duration,
) -> MutexGuard<'a, T> {
    let result = condition.wait_timeout(guard, time);
    result.unwrap_or_else(|poisoned| poisoned.into_inner()).0
}
