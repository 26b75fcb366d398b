//! Tests of the order in which guards end, of spare entries, and of threads that other code
//! attaches.

use std::thread;
use std::time::{Duration, Instant};

use crate::capi as ffi;

use crate::interpreter::attach::AttachGuard;
use crate::interpreter::compat;
use crate::interpreter::detach::DetachGuard;
use crate::interpreter::local::LocalInternals;
use crate::interpreter::lookup;
use crate::interpreter::{Gil, Interpreter, SubInterpreter};
use crate::prelude::*;
use crate::types::{PyCFunction, PyDict, PyTuple};

fn subs() -> Vec<SubInterpreter> {
    Python::initialize();
    [Gil::Own, Gil::Shared]
        .map(|gil| match gil {
            Gil::Own => SubInterpreter::builder().build().unwrap(),
            Gil::Shared => SubInterpreter::builder().legacy().build().unwrap(),
        })
        .into()
}

/// Runs `f` on a thread of its own with a sub-interpreter of each kind of GIL, and closes it. Then
/// on a thread that keeps its thread state.
fn with_each(f: impl Fn(&SubInterpreter, &'static LocalInternals) + Sync) {
    with_each_unkept(&f);
    with_each_unkept(|sub, local| {
        // From the second one on, the thread may have spare entries.
        let come_twice = || [(); 2].map(|()| drop(attach(local)));
        come_twice();
        let _keeper = sub.interpreter().thread_state_keeper();
        come_twice();
        f(sub, local);
    });
}

fn with_each_unkept(f: impl Fn(&SubInterpreter, &'static LocalInternals) + Sync) {
    for sub in subs() {
        thread::scope(|scope| {
            scope.spawn(|| f(&sub, sub.local()));
        });
        sub.close().unwrap();
    }
}

fn detach(local: &LocalInternals) -> DetachGuard {
    // SAFETY: the tests call no Python function before they attach again.
    unsafe { DetachGuard::new(local) }
}

fn attach(local: &'static LocalInternals) -> AttachGuard {
    AttachGuard::to(local).unwrap()
}

fn works_in(sub: &SubInterpreter) {
    let py = Python::new(AttachGuard::current().unwrap().local());
    assert_eq!(py.interpreter(), sub.interpreter());
    let two: i32 = py.eval(c"1 + 1", None, None).unwrap().extract().unwrap();
    assert_eq!(two, 2);
}

/// Two greenlets of one thread, each suspended in `attach` within `detach`, that end in the
/// order in which they began.
#[test]
fn guards_of_two_stacks_end_in_the_order_in_which_they_began() {
    with_each(|sub, local| {
        let outermost = attach(local);
        let (a, in_a) = (detach(local), attach(local));
        works_in(sub);
        let (b, in_b) = (detach(local), attach(local));
        works_in(sub);
        drop(in_a);
        assert_eq!(Interpreter::current(), None);
        drop(a);
        works_in(sub);
        drop(in_b);
        assert_eq!(Interpreter::current(), None);
        drop(b);
        works_in(sub);
        drop(outermost);
        assert_eq!(Interpreter::current(), None);
    });
}

/// Acts as a greenlet that is suspended in `attach` within `detach`, and goes on after the
/// attachment that it was started in has ended.
#[test]
fn a_guard_may_outlive_the_attachment_that_it_was_made_in() {
    with_each(|sub, local| {
        let first = attach(local);
        let (suspended, inner) = (detach(local), attach(local));
        drop(first);
        assert_eq!(Interpreter::current(), None);
        let second = attach(local);
        works_in(sub);
        drop(inner);
        assert_eq!(Interpreter::current(), None);
        drop(suspended);
        works_in(sub);
        drop(second);
        assert_eq!(Interpreter::current(), None);
    });
}

fn spares() -> usize {
    super::ENTRIES.with(|entries| {
        let mut count = 0;
        let mut next = entries.spare.get();
        // SAFETY: an entry in the list is alive.
        while let Some(entry) = unsafe { next.as_ref() } {
            count += 1;
            next = entry.older.get();
        }
        count
    })
}

#[test]
fn a_thread_that_comes_again_takes_up_its_guard() {
    with_each_unkept(|sub, local| {
        // A thread's first attachment leaves no spare entry.
        drop(attach(local));
        for _ in 0..3 {
            let outermost = attach(local);
            works_in(sub);
            assert_eq!(spares(), 0);
            assert!(super::is_inside(local));
            let (detached, inner) = (detach(local), attach(local));
            works_in(sub);
            drop(inner);
            drop(detached);
            drop(outermost);
            assert_eq!((spares(), local.gate().guards()), (1, 1));
            assert!(!super::is_inside(local));
        }
    });
}

#[test]
fn an_end_does_not_wait_for_a_thread_that_may_come_again() {
    for sub in subs() {
        let handle = sub.interpreter();
        for _ in 0..2 {
            drop(attach(sub.local()));
        }
        assert!(spares() > 0);
        thread::scope(|scope| {
            let closer = scope.spawn(|| sub.close().unwrap());
            closer.join().unwrap();
        });
        assert!(handle.attach(|_| ()).is_err());
        assert!(!handle.is_alive());
    }
}

#[test]
fn a_thread_keeps_spare_entries_for_a_few_interpreters_until_it_ends() {
    let subs: Vec<_> = (0..super::SPARES + 2)
        .map(|_| SubInterpreter::builder().build().unwrap())
        .collect();
    let guards = || -> usize { subs.iter().map(|sub| sub.local().gate().guards()).sum() };
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            for _ in 0..2 {
                for sub in &subs {
                    drop(attach(sub.local()));
                    // The one that was left last, at least.
                    drop(attach(sub.local()));
                }
                assert_eq!(spares(), super::SPARES);
            }
            assert_eq!(guards(), super::SPARES);
        });
        thread.join().unwrap();
    });
    assert_eq!(guards(), 0);
    for sub in subs {
        sub.close().unwrap();
    }
}

#[test]
fn a_thread_that_other_code_attached_uses_that_codes_thread_state() {
    with_each(|sub, local| {
        drop(attach(local));
        // SAFETY: as C code does; the thread state is deleted after its last use.
        unsafe {
            let thread_state = super::new_thread_state(local);
            ffi::PyEval_RestoreThread(thread_state);
            ffi::PyEval_SaveThread();
            let again = attach(local);
            works_in(sub);
            assert_eq!(compat::current_thread_state(), thread_state);
            drop(again);
            ffi::PyEval_RestoreThread(thread_state);
            ffi::PyThreadState_Clear(thread_state);
            ffi::PyThreadState_DeleteCurrent();
        }
        drop(attach(local));
    });
}

#[test]
fn what_runs_as_a_thread_state_is_deleted_may_detach_and_attach() {
    Python::initialize();
    let main = Interpreter::main().unwrap();
    let code = c"
class Late:
    def __del__(self): self.call()
import threading
kept = threading.local()
kept.late = Late()
kept.late.call = call
";
    thread::scope(|scope| {
        scope.spawn(move || {
            let (sender, calls) = std::sync::mpsc::channel();
            for _ in 0..3 {
                let sender = sender.clone();
                let call = move |_: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
                    let there =
                        Python::attach(|py| py.detach(|| Python::attach(|py| py.interpreter())));
                    sender.send(there).unwrap();
                };
                Python::attach(|py| {
                    let names = PyDict::new(py);
                    let call = PyCFunction::new_closure(py, None, None, call).unwrap();
                    names.set_item("call", call).unwrap();
                    py.run(code, Some(&names), None).unwrap();
                });
                assert_eq!(calls.recv(), Ok(main));
                assert_eq!(Interpreter::current(), None);
            }
        });
    });
}

/// Acts as a greenlet that is suspended for good.
#[test]
fn guards_that_are_never_dropped_do_not_keep_an_interpreter_from_ending() {
    for sub in subs() {
        let local = sub.local();
        thread::scope(|scope| {
            scope.spawn(|| {
                let outermost = attach(local);
                std::mem::forget((detach(local), attach(local)));
                works_in(&sub);
                drop(outermost);
                assert_eq!(Interpreter::current(), None);
                // Also on the thread of the guards, which is not inside any more.
                sub.close().unwrap();
            });
        });
    }
}

/// Acts as a thread that ends with a suspended greenlet that has dropped the interpreter.
#[test]
fn an_interpreter_that_was_dropped_inside_ends_when_the_thread_of_the_guards_is_gone() {
    for sub in subs() {
        let handle = sub.interpreter();
        let thread = thread::spawn(move || {
            let local = sub.local();
            // SAFETY: as C code does; the guards are never dropped.
            unsafe {
                let thread_state = super::new_thread_state(local);
                ffi::PyEval_RestoreThread(thread_state);
                std::mem::forget((detach(local), attach(local)));
                drop(sub);
                ffi::PyThreadState_Clear(thread_state);
                ffi::PyThreadState_DeleteCurrent();
            }
        });
        thread.join().unwrap();
        let end = Instant::now() + Duration::from_secs(60);
        while handle.is_alive() {
            assert!(Instant::now() < end, "{handle:?} has not ended");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Acts as a greenlet that is suspended for good, in a thread that Python or C code attached.
#[test]
fn guards_of_a_thread_that_is_gone_do_not_keep_an_interpreter_from_ending() {
    for sub in subs() {
        let local = sub.local();
        let thread = thread::spawn(move || {
            // SAFETY: as C code does; the guards are never dropped.
            unsafe {
                let thread_state = super::new_thread_state(local);
                ffi::PyEval_RestoreThread(thread_state);
                std::mem::forget((detach(local), attach(local)));
                ffi::PyThreadState_Clear(thread_state);
                ffi::PyThreadState_DeleteCurrent();
            }
        });
        thread.join().unwrap();
        sub.close().unwrap();
    }
}

#[test]
fn a_thread_that_has_left_is_not_at_home_where_guards_of_it_are_left() {
    for sub in subs() {
        let local = sub.local();
        thread::scope(|scope| {
            scope.spawn(|| {
                let outermost = attach(local);
                std::mem::forget((detach(local), attach(local)));
                drop(outermost);
                Python::attach(|py| assert!(py.interpreter().is_main()));
            });
            // On 3.11, code that released the GIL by itself may be taken for attached while
            // another thread is.
            if !compat::notes_latest_thread_state() {
                return;
            }
            scope.spawn(|| {
                // SAFETY: as C code does; the thread state is deleted after its last use.
                unsafe {
                    let thread_state = super::new_thread_state(local);
                    ffi::PyEval_RestoreThread(thread_state);
                    ffi::PyEval_SaveThread();
                    let outermost = attach(local);
                    works_in(&sub);
                    std::mem::forget((detach(local), attach(local)));
                    drop(outermost);
                    ffi::PyEval_RestoreThread(thread_state);
                    works_in(&sub);
                    ffi::PyThreadState_Clear(thread_state);
                    ffi::PyThreadState_DeleteCurrent();
                }
                // With a thread state of its own, since the other one is gone.
                let again = attach(local);
                works_in(&sub);
                drop(again);
            });
        });
        sub.close().unwrap();
    }
}

fn is_away(local: &LocalInternals) -> Option<bool> {
    super::of(local).and_then(|entry| entry.with_guard(|guard| guard.is_away()))
}

/// Runs `f` as C code does on a thread that is not attached.
fn ensured<R>(f: impl FnOnce() -> R) -> R {
    // SAFETY: may be called on any thread while the runtime runs.
    let state = unsafe { ffi::PyGILState_Ensure() };
    let result = f();
    // SAFETY: attached, with the thread state of the call above, which this undoes.
    unsafe { ffi::PyGILState_Release(state) };
    result
}

/// Acts as C code that is called detached, and calls functions of this library back.
#[test]
fn a_detached_thread_may_be_attached_by_other_code_that_detaches_it_again() {
    Python::initialize();
    let main = Interpreter::main().unwrap();
    let visited = SubInterpreter::builder().build().unwrap();
    let ensure = |call: &dyn Fn(Python<'_>)| {
        ensured(|| Python::attach(call));
        assert_eq!(Interpreter::current(), None);
    };
    for visits in [false, true] {
        thread::scope(|scope| {
            scope.spawn(|| {
                let local = lookup::main_live().unwrap();
                let outermost = attach(local);
                let detached = detach(local);
                if visits {
                    // CPython notes no thread state of this thread afterwards, so that the
                    // other code makes one, in the same interpreter.
                    visited.attach(|_| ()).unwrap();
                }
                ensure(&|py| py.detach(|| ()));
                assert_eq!(is_away(local), Some(true));
                ensure(&|py| {
                    py.detach(|| ensure(&|py| py.detach(|| Python::attach(|_| ()))));
                    py.run(c"import json", None, None).unwrap();
                });
                assert!(super::is_inside(local));
                assert_eq!(is_away(local), Some(true));
                Python::attach(|py| assert_eq!(py.interpreter(), main));
                drop(detached);
                assert_eq!(is_away(local), Some(false));
                drop(outermost);
            });
        });
    }
    visited.close().unwrap();
}

/// Acts as C code that is called detached, and as a greenlet that it starts, which goes on
/// after the attachment has ended.
#[test]
fn a_detachment_that_has_ended_is_not_returned_to() {
    Python::initialize();
    let local = lookup::main_live().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let outermost = attach(local);
            let outer = detach(local);
            let (suspended, inner) = ensured(|| (detach(local), attach(local)));
            drop(outer);
            drop(outermost);
            let again = attach(local);
            drop(inner);
            drop(suspended);
            assert_eq!(is_away(local), Some(false));
            // SAFETY: attached; the thread state is current again afterwards.
            unsafe {
                let thread_state = ffi::PyEval_SaveThread();
                if compat::notes_latest_thread_state() {
                    Python::attach(|py| py.run(c"import json", None, None).unwrap());
                }
                ffi::PyEval_RestoreThread(thread_state);
            }
            drop(again);
            assert_eq!(Interpreter::current(), None);
        });
    });
}

/// Acts as C code that is called detached, and as a greenlet that it starts, which goes on in
/// an attachment within the same call, or after the call while another greenlet is suspended.
#[test]
fn a_detachment_is_not_returned_to_within_a_later_attachment() {
    Python::initialize();
    let local = lookup::main_live().unwrap();
    for is_over in [false, true] {
        thread::scope(|scope| {
            scope.spawn(|| {
                let outermost = attach(local);
                let outer = detach(local);
                let (suspended, inner, other) = ensured(|| {
                    let (suspended, inner) = (detach(local), attach(local));
                    let other = is_over.then(|| (detach(local), attach(local)));
                    (suspended, inner, other)
                });
                let (mut outer, mut within) = (Some(outer), None);
                if is_over {
                    drop(outer.take());
                } else {
                    within = Some(attach(local));
                }
                drop(inner);
                drop(suspended);
                assert_eq!(is_away(local), Some(false));
                assert!(super::is_attached_to(local));
                if let Some((detached, attached)) = other {
                    drop(attached);
                    drop(detached);
                }
                drop(within);
                drop(outer);
                drop(outermost);
                assert_eq!(Interpreter::current(), None);
            });
        });
    }
}

/// Acts as C code that is called detached, and visits another interpreter.
#[test]
fn a_detached_thread_returns_where_other_code_attached_it_last() {
    if !compat::notes_latest_thread_state() {
        return;
    }
    let visited = SubInterpreter::builder().build().unwrap();
    let visited_handle = visited.interpreter();
    with_each(|sub, local| {
        let outermost = attach(local);
        let detached = detach(local);
        let attached_to = || Python::attach(|py| py.interpreter());
        assert_eq!(attached_to(), sub.interpreter());
        // SAFETY: as C code does; the thread state is deleted after its last use.
        unsafe {
            let thread_state = super::new_thread_state(visited.local());
            ffi::PyEval_RestoreThread(thread_state);
            ffi::PyEval_SaveThread();
            assert_eq!(attached_to(), visited_handle);
            ffi::PyEval_RestoreThread(thread_state);
            ffi::PyThreadState_Clear(thread_state);
            ffi::PyThreadState_DeleteCurrent();
        }
        for _ in 0..2 {
            assert_eq!(attached_to(), sub.interpreter());
            assert_eq!(Interpreter::current(), None);
        }
        assert_eq!(is_away(local), Some(true));
        drop(detached);
        works_in(sub);
        drop(outermost);
    });
    visited.close().unwrap();
}

/// Acts as C code that is called attached, releases the GIL and calls Rust back.
#[test]
fn a_thread_that_attaches_where_other_code_released_the_gil_is_inside_afterwards() {
    with_each(|sub, local| {
        let outermost = attach(local);
        // SAFETY: attached; the thread state is current again afterwards.
        let thread_state = unsafe { ffi::PyEval_SaveThread() };
        // On 3.11, another thread may be attached, which hides that this one is not.
        if compat::notes_latest_thread_state() {
            let inner = attach(local);
            works_in(sub);
            let (detached, attached) = (detach(local), attach(local));
            drop(attached);
            drop(detached);
            drop(inner);
        }
        assert_eq!(is_away(local), Some(false));
        // SAFETY: the thread state that was current before.
        unsafe { ffi::PyEval_RestoreThread(thread_state) };
        works_in(sub);
        drop(outermost);
        assert_eq!(Interpreter::current(), None);
    });
}

#[test]
fn guards_of_two_interpreters_end_in_any_order() {
    let subs = subs();
    let (one, other) = (subs[0].local(), subs[1].local());
    thread::scope(|scope| {
        scope.spawn(|| {
            let outermost = attach(one);
            let a = detach(one);
            let elsewhere = attach(other);
            let b = detach(other);
            let back = attach(one);
            works_in(&subs[0]);
            // The attachment to the other one ends before what was begun within it.
            drop(elsewhere);
            works_in(&subs[0]);
            drop(back);
            drop(a);
            works_in(&subs[0]);
            std::mem::forget(b);
            drop(outermost);
            assert_eq!(Interpreter::current(), None);
        });
    });
    for sub in subs {
        sub.close().unwrap();
    }
}
