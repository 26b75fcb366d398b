//! Detection of deadlocks between threads that wait for each other to leave an interpreter or to
//! end.
//!
//! A thread announces a wait ([`Wait::begin`]) before it takes any step towards it, and enters no
//! interpreter while it waits. So the announcement that completes a cycle finds it. Other waits
//! (for a lock, a channel) are not known here.
//!
//! The lock is held while the locks of gates are taken, and no other.

#[cfg(unix)]
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use super::local::LocalInternals;
use super::process::process;
use super::sync::lock;

/// The threads that are waited for.
pub(super) enum Others {
    /// Those inside an interpreter.
    Inside(&'static LocalInternals),
    /// Those with these ids.
    Threads(Vec<ThreadId>),
}

/// One thread's wait.
struct Announced {
    thread: ThreadId,
    /// The process it waits in: after a fork, the parent's other threads do not exist.
    process: u32,
    others: Others,
    /// Whether the thread gives up once it is asked to.
    gives_up: bool,
    is_asked: AtomicBool,
}

type Announcements = Vec<Arc<Announced>>;

static WAITS: Mutex<Announcements> = Mutex::new(Vec::new());

/// An announced wait of this thread. Dropping it takes the announcement back.
pub(crate) struct Wait(Arc<Announced>);

impl Wait {
    /// Announces that this thread waits for `others`, and gives up if it is asked to by a thread
    /// that cannot. `None`: one of them waits for this thread.
    pub(super) fn begin(others: Others) -> Option<Self> {
        Self::begin_if_possible(others, true)
    }

    /// Announces that this thread waits for other threads to end. `None`: one of them waits for
    /// this thread.
    pub(crate) fn for_threads(threads: Vec<ThreadId>) -> Option<Self> {
        Self::begin_if_possible(Others::Threads(threads), false)
    }

    fn begin_if_possible(others: Others, gives_up: bool) -> Option<Self> {
        let mut waits = lock(&WAITS);
        let wait = Announced::new(others, gives_up);
        if leads_back(&waits, &wait).is_some() {
            return None;
        }
        waits.push(Arc::clone(&wait));
        Some(Self(wait))
    }

    /// Announces that this thread waits for `others` in any case. If one of them waits for this
    /// thread, it is asked to give up. `false`: it does not.
    pub(super) fn begin_anyway(others: Others, gives_up: bool) -> (Self, bool) {
        let mut waits = lock(&WAITS);
        let wait = Announced::new(others, gives_up);
        let mut is_possible = true;
        while let Some(cycle) = leads_back(&waits, &wait) {
            match cycle.iter().find(|wait| wait.gives_up) {
                Some(wait) => wait.is_asked.store(true, Ordering::Relaxed),
                None => {
                    is_possible = false;
                    break;
                }
            }
        }
        waits.push(Arc::clone(&wait));
        (Self(wait), is_possible)
    }

    /// Returns whether this thread must give up.
    pub(super) fn is_called_off(&self) -> bool {
        self.0.is_asked.load(Ordering::Relaxed)
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut waits = lock(&WAITS);
        waits.retain(|wait| !Arc::ptr_eq(wait, &self.0));
    }
}

impl Announced {
    #[inline(never)]
    fn new(others: Others, gives_up: bool) -> Arc<Self> {
        Arc::new(Self {
            thread: thread::current().id(),
            process: process(),
            others,
            gives_up,
            is_asked: AtomicBool::new(false),
        })
    }

    /// Returns the threads that are waited for.
    fn threads(&self) -> Vec<ThreadId> {
        match &self.others {
            Others::Inside(local) => local.gate().holders(),
            Others::Threads(threads) => threads.clone(),
        }
    }
}

/// Returns the chain of waits that leads from the threads that `wait` is for back to its own
/// thread, if there is one. Waits that were asked to give up do not count.
fn leads_back(waits: &[Arc<Announced>], wait: &Announced) -> Option<Vec<Arc<Announced>>> {
    let this = wait.thread;
    let mut seen = vec![this];
    let mut open: Vec<(ThreadId, Vec<Arc<Announced>>)> = Vec::new();
    let others = wait.threads().into_iter();
    open.extend(others.map(|other| (other, Vec::new())));
    while let Some((thread, path)) = open.pop() {
        if seen.contains(&thread) {
            continue;
        }
        seen.push(thread);
        for next in waits {
            let counts = next.process == wait.process && !next.is_asked.load(Ordering::Relaxed);
            if next.thread != thread || !counts {
                continue;
            }
            let mut path = path.clone();
            path.push(Arc::clone(next));
            let others = next.threads();
            if others.contains(&this) {
                return Some(path);
            }
            open.extend(others.into_iter().map(|other| (other, path.clone())));
        }
    }
    None
}

/// The lock on the announcements, held across a fork.
#[cfg(unix)]
pub(super) struct ForkLock(
    #[expect(dead_code, reason = "held")] MutexGuard<'static, Announcements>,
);

/// Takes the lock, before those of the gates.
#[cfg(unix)]
pub(super) fn lock_for_fork() -> ForkLock {
    ForkLock(lock(&WAITS))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A thread that waits for another one, until it is dropped.
    struct Waiter {
        id: ThreadId,
        is_asked: mpsc::Receiver<bool>,
        stop: mpsc::Sender<()>,
    }

    impl Waiter {
        fn for_thread(other: ThreadId, gives_up: bool) -> Self {
            let (started, is_started) = mpsc::channel();
            let (stop, stopped) = mpsc::channel::<()>();
            let (asked, is_asked) = mpsc::channel();
            let thread = thread::spawn(move || {
                let wait = Wait::begin_if_possible(Others::Threads(vec![other]), gives_up);
                let wait = wait.expect("nobody waits for this thread");
                started.send(()).unwrap();
                stopped.recv().ok();
                asked.send(wait.is_called_off()).ok();
            });
            is_started.recv().unwrap();
            Self {
                id: thread.thread().id(),
                is_asked,
                stop,
            }
        }

        fn end(self) -> bool {
            drop(self.stop);
            self.is_asked.recv().unwrap()
        }
    }

    #[test]
    fn the_announcement_that_completes_a_cycle_is_refused() {
        let this = thread::current().id();
        let first = Waiter::for_thread(this, false);
        let second = Waiter::for_thread(first.id, false);
        assert!(Wait::for_threads(vec![first.id]).is_none());
        assert!(Wait::for_threads(vec![second.id]).is_none());
        assert!(!Wait::begin_anyway(Others::Threads(vec![second.id]), false).1);
        let unrelated = thread::spawn(|| thread::current().id()).join().unwrap();
        assert!(Wait::for_threads(vec![unrelated, this]).is_some());
        assert!(!second.end());
        assert!(!first.end());
    }

    #[test]
    fn a_wait_that_may_be_called_off_is_for_one_that_may_not() {
        let this = thread::current().id();
        let first = Waiter::for_thread(this, true);
        let second = Waiter::for_thread(first.id, false);
        assert!(Wait::for_threads(vec![second.id]).is_none());
        let (wait, is_possible) = Wait::begin_anyway(Others::Threads(vec![second.id]), false);
        assert!(is_possible && !wait.is_called_off());
        assert!(!second.end());
        assert!(first.end());
    }
}
