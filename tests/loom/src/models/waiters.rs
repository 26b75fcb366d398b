//! Models of the threads that wait for an object to change.

use std::convert::Infallible;
use std::time::Duration;

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::Arc;
use loom::thread;

use super::waiters::Waiters;
use crate::{LONG, check_bounded};

pub(crate) const MODELS: &[(&str, fn())] = &[
    ("a_thread_that_waits_learns_of_a_change", a_thread_that_waits_learns_of_a_change),
    ("all_threads_that_wait_learn_of_a_change", all_threads_that_wait_learn_of_a_change),
    ("each_change_wakes_one_thread", each_change_wakes_one_thread),
    ("a_thread_that_gives_up_wakes_the_next", a_thread_that_gives_up_wakes_the_next),
    ("a_thread_that_times_out_leaves_the_list", a_thread_that_times_out_leaves_the_list),
];

/// An object: a number of things, of which each thread takes one. All accesses are relaxed, so a
/// thread sees a change only through the ordering that `Waiters` establishes.
struct Things {
    number: AtomicUsize,
    waiters: Waiters,
}

/// Why a thread that waits gives up.
#[derive(PartialEq, Debug)]
struct Interrupted;

impl Things {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            number: AtomicUsize::new(0),
            waiters: Waiters::new(),
        })
    }

    fn add_one(&self) {
        self.number.fetch_add(1, Ordering::Relaxed);
        self.waiters.wake_one();
    }

    fn try_take<E>(&self) -> Result<Option<()>, E> {
        let less = |number: usize| number.checked_sub(1);
        let taken = self
            .number
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        Ok(taken.ok().map(|_| ()))
    }

    /// Waits until there is one.
    fn take(&self) {
        let result = self.waiters.wait::<_, Infallible>(
            &mut || self.try_take(),
            &mut |sleep| Ok(sleep(LONG)),
            &|| false,
        );
        assert_eq!(result, Ok(Some(())));
    }

    /// Waits with a timeout of zero, and is interrupted. Returns whether it took one.
    fn take_interrupted(&self) -> bool {
        let result = self.waiters.wait(
            &mut || self.try_take(),
            &mut |sleep| {
                sleep(Duration::ZERO);
                Err(Interrupted)
            },
            &|| false,
        );
        result == Ok(Some(()))
    }

    /// Waits with a timeout of zero. Returns whether it took one.
    fn take_in_time(&self) -> bool {
        let result = self.waiters.wait::<_, Infallible>(
            &mut || self.try_take(),
            &mut |sleep| Ok(sleep(Duration::ZERO)),
            &|| true,
        );
        result == Ok(Some(()))
    }
}

fn a_thread_that_waits_learns_of_a_change() {
    check_bounded(3, || {
        let things = Things::new();
        let other = thread::spawn({
            let things = things.clone();
            move || things.take()
        });
        things.add_one();
        other.join().unwrap();
    });
}

fn all_threads_that_wait_learn_of_a_change() {
    check_bounded(2, || {
        let flag = Arc::new((AtomicBool::new(false), Waiters::new()));
        let threads = [(); 2].map(|()| {
            let flag = flag.clone();
            thread::spawn(move || {
                let (is_set, waiters) = &*flag;
                let result = waiters.wait::<_, Infallible>(
                    &mut || Ok(is_set.load(Ordering::Relaxed).then_some(())),
                    &mut |sleep| Ok(sleep(LONG)),
                    &|| false,
                );
                assert_eq!(result, Ok(Some(())));
            })
        });
        flag.0.store(true, Ordering::Relaxed);
        flag.1.wake_all();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

fn each_change_wakes_one_thread() {
    check_bounded(2, || {
        let things = Things::new();
        let threads = [(); 2].map(|()| {
            let things = things.clone();
            thread::spawn(move || things.take())
        });
        things.add_one();
        things.add_one();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// Has a thread that waits for good get what one that gives up leaves.
fn give_up(take: fn(&Things) -> bool) {
    check_bounded(2, move || {
        let things = Things::new();
        let hasty = thread::spawn({
            let things = things.clone();
            move || take(&things)
        });
        let other = thread::spawn({
            let things = things.clone();
            move || things.take()
        });
        things.add_one();
        // One more, if that one took the first.
        if hasty.join().unwrap() {
            things.add_one();
        }
        other.join().unwrap();
    });
}

fn a_thread_that_gives_up_wakes_the_next() {
    give_up(Things::take_interrupted);
}

fn a_thread_that_times_out_leaves_the_list() {
    give_up(Things::take_in_time);
}
