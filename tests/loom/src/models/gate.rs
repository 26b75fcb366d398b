//! Models of the gate.

use std::time::Duration;

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::gate::{Gate, InterpreterGuard, KeptThreadState, Timeouts};

pub(crate) const MODELS: &[(&str, fn())] = &[
    ("nobody_is_inside_after_the_wait", nobody_is_inside_after_the_wait),
    ("the_wait_is_for_all_that_are_inside", the_wait_is_for_all_that_are_inside),
    ("a_thread_that_is_inside_need_not_leave_to_wait", a_thread_that_is_inside_need_not_leave_to_wait),
    ("a_gate_that_is_opened_again_closes_as_before", a_gate_that_is_opened_again_closes_as_before),
    ("a_thread_that_is_away_is_back_or_left_behind", a_thread_that_is_away_is_back_or_left_behind),
    ("a_guard_is_taken_up_or_withdrawn", a_guard_is_taken_up_or_withdrawn),
    ("a_guard_survives_an_end_that_is_called_off", a_guard_survives_an_end_that_is_called_off),
    ("a_thread_is_inside_until_it_has_left", a_thread_is_inside_until_it_has_left),
    ("a_thread_that_was_leaving_may_stay", a_thread_that_was_leaving_may_stay),
    ("a_kept_thread_state_is_deleted_by_one_thread", a_kept_thread_state_is_deleted_by_one_thread),
];

/// Stands in for an interpreter: threads inside read it, its end writes.
struct Interpreter {
    gate: Gate,
    alive: UnsafeCell<bool>,
    /// Set when the gate has been closed for good.
    closed: AtomicBool,
}

// SAFETY: loom checks that accesses do not overlap.
unsafe impl Send for Interpreter {}
// SAFETY: loom checks that accesses do not overlap.
unsafe impl Sync for Interpreter {}

impl Interpreter {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            gate: Gate::new(),
            alive: UnsafeCell::new(true),
            closed: AtomicBool::new(false),
        })
    }

    /// Enters, if the gate allows it, and leaves again.
    fn visit(&self) {
        if let Some(_pass) = self.gate.enter() {
            self.look();
        }
    }

    fn look(&self) {
        // SAFETY: loom fails here if the interpreter is being ended.
        assert!(self.alive.with(|alive| unsafe { *alive }));
    }

    fn end(&self) {
        self.gate.close();
        self.closed.store(true, Ordering::Release);
        assert!(self.gate.wait_for_others(Timeouts::default, || false));
        assert!(self.gate.is_empty_but_for_this_thread());
        // SAFETY: loom fails here if a thread is inside.
        self.alive.with_mut(|alive| unsafe { *alive = false });
        assert!(self.gate.enter().is_none());
    }
}

fn nobody_is_inside_after_the_wait() {
    loom::model(|| {
        let interpreter = Interpreter::new();
        let visitor = thread::spawn({
            let interpreter = interpreter.clone();
            move || {
                interpreter.visit();
                interpreter.visit();
            }
        });
        interpreter.end();
        visitor.join().unwrap();
    });
}

fn the_wait_is_for_all_that_are_inside() {
    loom::model(|| {
        let interpreter = Interpreter::new();
        let visitors = [(), ()].map(|()| {
            let interpreter = interpreter.clone();
            thread::spawn(move || interpreter.visit())
        });
        interpreter.end();
        for visitor in visitors {
            visitor.join().unwrap();
        }
    });
}

fn a_thread_that_is_inside_need_not_leave_to_wait() {
    loom::model(|| {
        let interpreter = Interpreter::new();
        let visitor = thread::spawn({
            let interpreter = interpreter.clone();
            move || interpreter.visit()
        });
        let guard = interpreter.gate.enter().expect("nobody has closed it");
        interpreter.end();
        drop(guard);
        visitor.join().unwrap();
    });
}

fn a_gate_that_is_opened_again_closes_as_before() {
    loom::model(|| {
        let interpreter = Interpreter::new();
        let visitor = thread::spawn({
            let interpreter = interpreter.clone();
            move || interpreter.visit()
        });
        interpreter.gate.close();
        interpreter.gate.wait_for_others(Timeouts::default, || true);
        interpreter.gate.open_again();
        interpreter.visit();
        assert!(interpreter.gate.enter().is_some());
        interpreter.end();
        visitor.join().unwrap();
    });
}

fn a_thread_that_is_away_is_back_or_left_behind() {
    loom::model(|| {
        let interpreter = Interpreter::new();
        let visitor = thread::spawn({
            let interpreter = interpreter.clone();
            move || {
                let Some(guard) = interpreter.gate.enter() else {
                    return;
                };
                interpreter.look();
                guard.go_away();
                if guard.come_back() {
                    interpreter.look();
                }
            }
        });
        interpreter.gate.close();
        interpreter.gate.wait_for_others(|| Timeouts {
            away: Some(Duration::ZERO),
            inside: None,
        }, || false);
        // SAFETY: loom fails here if a thread is inside.
        interpreter.alive.with_mut(|alive| unsafe { *alive = false });
        visitor.join().unwrap();
    });
}

impl Interpreter {
    /// Enters as often as the gate allows it, with one guard, and leaves each time.
    fn visit_with_one_guard(&self, times: usize) {
        let Some(guard) = self.gate.enter() else {
            return;
        };
        self.look();
        for _ in 1..times {
            if !self.leave(&guard) || !guard.take_up() {
                return;
            }
            self.look();
        }
        self.leave(&guard);
    }

    fn leave(&self, guard: &InterpreterGuard<'_>) -> bool {
        let is_closed = self.closed.load(Ordering::Acquire);
        let is_aside = guard.set_aside();
        assert!(!is_closed || !is_aside);
        is_aside
    }
}

fn a_guard_is_taken_up_or_withdrawn() {
    loom::model(|| {
        let interpreter = Interpreter::new();
        let visitor = thread::spawn({
            let interpreter = interpreter.clone();
            move || interpreter.visit_with_one_guard(2)
        });
        interpreter.end();
        visitor.join().unwrap();
    });
}

fn a_guard_survives_an_end_that_is_called_off() {
    loom::model(|| {
        let interpreter = Interpreter::new();
        let visitor = thread::spawn({
            let interpreter = interpreter.clone();
            move || interpreter.visit_with_one_guard(2)
        });
        interpreter.gate.close();
        interpreter.gate.open_again();
        interpreter.end();
        visitor.join().unwrap();
    });
}

/// Lets a thread set its guard aside and use the interpreter a last time, as it does when it
/// deletes its thread state.
fn a_thread_is_inside_until_it_has_left() {
    loom::model(|| {
        let interpreter = Interpreter::new();
        let visitor = thread::spawn({
            let interpreter = interpreter.clone();
            move || {
                let Some(guard) = interpreter.gate.enter() else {
                    return;
                };
                if guard.set_aside_to_change() {
                    interpreter.look();
                    guard.end_change();
                    if guard.take_up_to_change() {
                        interpreter.look();
                        guard.end_change();
                    }
                } else {
                    interpreter.look();
                }
            }
        });
        interpreter.end();
        visitor.join().unwrap();
    });
}

fn a_thread_that_was_leaving_may_stay() {
    loom::model(|| {
        let interpreter = Interpreter::new();
        let visitor = thread::spawn({
            let interpreter = interpreter.clone();
            move || {
                let Some(guard) = interpreter.gate.enter() else {
                    return;
                };
                if guard.set_aside_to_change() {
                    guard.stay();
                }
                interpreter.look();
                interpreter.leave(&guard);
            }
        });
        // An end that was called off, or waited, closes it again.
        interpreter.gate.close();
        interpreter.end();
        visitor.join().unwrap();
    });
}

/// The thread state is that of the visitor, unless its guard is withdrawn while it is set aside, or
/// the visitor hands it over.
fn a_kept_thread_state_is_deleted_by_one_thread() {
    loom::model(|| {
        let interpreter = Interpreter::new();
        let visitor = thread::spawn({
            let interpreter = interpreter.clone();
            move || {
                let guard = interpreter.gate.enter()?;
                interpreter.look();
                guard.keep(Some(KeptThreadState {
                    thread_state: std::ptr::dangling_mut(),
                    id: 5,
                    note_key: 7,
                }));
                let is_own = !guard.set_aside() || guard.take_up();
                if is_own {
                    interpreter.look();
                    if guard.set_aside() {
                        guard.hand_over();
                        return Some(false);
                    }
                }
                Some(is_own)
            }
        });
        interpreter.end();
        let mut deleted = 0;
        while let Some(released) = interpreter.gate.next_released() {
            assert_eq!(released.thread_state().note_key, 7);
            deleted += 1;
        }
        assert_eq!(interpreter.gate.kept(), 0);
        if let Some(is_own) = visitor.join().unwrap() {
            assert_eq!(deleted, usize::from(!is_own));
        }
    });
}
