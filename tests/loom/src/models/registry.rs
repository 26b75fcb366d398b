//! Models of the registry of interpreters.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::registry::{Registry, Tracked};

pub(crate) const MODELS: &[(&str, fn())] = &[
    ("the_first_is_found_by_its_other_threads", the_first_is_found_by_its_other_threads),
    ("one_is_found_while_others_come", one_is_found_while_others_come),
    ("no_thread_of_the_second_takes_the_first", no_thread_of_the_second_takes_the_first),
    ("an_address_that_is_used_again_has_the_new_state", an_address_that_is_used_again_has_the_new_state),
    ("two_that_come_at_once_are_both_known", two_that_come_at_once_are_both_known),
];

/// Stands in for a `LocalInternals`: its content is ordinary memory.
struct State {
    interpreter: usize,
    number: UnsafeCell<usize>,
    live: AtomicBool,
}

// SAFETY: loom checks that accesses do not overlap.
unsafe impl Send for State {}
// SAFETY: loom checks that accesses do not overlap.
unsafe impl Sync for State {}

impl State {
    /// Creates a state, which is never freed.
    fn make(interpreter: usize, number: usize) -> &'static Self {
        let state = Self {
            interpreter,
            number: UnsafeCell::new(0),
            live: AtomicBool::new(true),
        };
        // SAFETY: loom fails here if another thread has access.
        state.number.with_mut(|place| unsafe { *place = number });
        Box::leak(Box::new(state))
    }

    fn number(&self) -> usize {
        // SAFETY: loom fails here if another thread has access for writing.
        self.number.with(|place| unsafe { *place })
    }
}

impl Tracked for State {
    type Interpreter = u64;

    fn interpreter(&self) -> *mut u64 {
        address(self.interpreter)
    }

    fn is_live(&self) -> bool {
        self.live.load(Ordering::Acquire)
    }
}

fn address(interpreter: usize) -> *mut u64 {
    std::ptr::without_provenance_mut(interpreter << 4)
}

/// Does what `create::current_or_create` does where the state exists.
fn current(known: &Registry<State>, interpreter: usize) -> Option<usize> {
    known.find(address(interpreter)).map(State::number)
}

/// Does what `create::of_callee` does.
fn called(known: &Registry<State>, interpreter: usize) -> Option<usize> {
    match known.only() {
        Some(only) => Some(only.number()),
        None => current(known, interpreter),
    }
}

fn the_first_is_found_by_its_other_threads() {
    loom::model(|| {
        let known = Arc::new(Registry::new());
        let reader = thread::spawn({
            let known = known.clone();
            move || {
                assert!(matches!(called(&known, 1), None | Some(10)));
                assert!(matches!(current(&known, 1), None | Some(10)));
                assert_eq!(current(&known, 2), None);
            }
        });
        known.publish(State::make(1, 10));
        reader.join().unwrap();
        assert_eq!(called(&known, 1), Some(10));
        assert_eq!(current(&known, 2), None);
    });
}

fn one_is_found_while_others_come() {
    loom::model(|| {
        let known = Arc::new(Registry::new());
        known.publish(State::make(1, 10));
        let reader = thread::spawn({
            let known = known.clone();
            move || {
                assert_eq!(called(&known, 1), Some(10));
                assert_eq!(current(&known, 1), Some(10));
                assert!(matches!(current(&known, 2), None | Some(20)));
            }
        });
        // Each of them outgrows the table.
        known.publish(State::make(2, 20));
        known.publish(State::make(3, 30));
        reader.join().unwrap();
        for interpreter in 1..=3 {
            assert_eq!(called(&known, interpreter), Some(interpreter * 10));
        }
        assert_eq!(current(&known, 4), None);
    });
}

/// On a free-threaded Python, one thread of an interpreter may find the state that another is still
/// publishing, and then call functions.
fn no_thread_of_the_second_takes_the_first() {
    loom::model(|| {
        let known = Arc::new(Registry::new());
        known.publish(State::make(1, 10));
        let second = thread::spawn({
            let known = known.clone();
            move || {
                if current(&known, 2).is_some() {
                    assert_eq!(called(&known, 2), Some(20));
                }
            }
        });
        known.publish(State::make(2, 20));
        assert_eq!(called(&known, 2), Some(20));
        second.join().unwrap();
    });
}

fn an_address_that_is_used_again_has_the_new_state() {
    loom::model(|| {
        let known = Arc::new(Registry::new());
        let old = State::make(1, 10);
        known.publish(old);
        // So that there is room for another.
        known.publish(State::make(2, 20));
        known.publish(State::make(3, 30));
        old.live.store(false, Ordering::Release);
        let reader = thread::spawn({
            let known = known.clone();
            move || assert!(matches!(current(&known, 1), Some(10 | 11)))
        });
        known.publish(State::make(1, 11));
        assert_eq!(called(&known, 1), Some(11));
        reader.join().unwrap();
        assert_eq!(called(&known, 1), Some(11));
        assert_eq!(known.live().len(), 3);
    });
}

fn two_that_come_at_once_are_both_known() {
    loom::model(|| {
        let known = Arc::new(Registry::new());
        let makers = [1, 2].map(|interpreter| {
            let known = known.clone();
            thread::spawn(move || {
                let state = State::make(interpreter, interpreter * 10);
                known.publish(state);
                // Like a second thread that lost the race to create it.
                known.publish(state);
            })
        });
        for maker in makers {
            maker.join().unwrap();
        }
        assert_eq!(called(&known, 1), Some(10));
        assert_eq!(called(&known, 2), Some(20));
        assert!(known.only().is_none());
        assert_eq!(known.live().len(), 2);
    });
}
