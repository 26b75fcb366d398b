//! Values of cells are dropped while their interpreter can still be left and entered.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use pyatoll::interpreter::{Interpreter, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::sync::{InterpreterLocal, PyOnceLock};
use pyatoll::types::{PyDict, PyList};

use crate::{LIMIT, finalize, in_child};

type Notes = Arc<Mutex<Vec<String>>>;

/// Enters another interpreter when it is dropped.
struct Visits {
    to: Interpreter,
    notes: Notes,
}

impl Drop for Visits {
    fn drop(&mut self) {
        let visit = |py: Python<'_>| {
            py.run(c"import json; assert json.loads('[1]') == [1]", None, None)
                .unwrap();
        };
        let (here, result) = Python::attach(|py| {
            let result = py.detach(|| self.to.attach(visit));
            // Back where it was, and Python works.
            assert_eq!(py.eval(c"6 * 7", None, None).unwrap().to_string(), "42");
            (py.interpreter().id(), result)
        });
        let note = format!("{here}: {result:?}");
        self.notes.lock().unwrap().push(note);
    }
}

fn subs() -> [SubInterpreter; 2] {
    Python::initialize();
    [
        SubInterpreter::builder().build().unwrap(),
        SubInterpreter::builder().legacy().build().unwrap(),
    ]
}

#[test]
fn a_values_drop_can_enter_other_interpreters() {
    static VISITS: InterpreterLocal<[Visits; 2]> = InterpreterLocal::new();
    static ONCE: PyOnceLock<Visits> = PyOnceLock::new();
    in_child(
        "values::a_values_drop_can_enter_other_interpreters",
        LIMIT,
        || {
            for other_first in [false, true] {
                let [mut ending, mut other] = subs();
                if other_first {
                    std::mem::swap(&mut ending, &mut other);
                }
                let main = Interpreter::main().unwrap();
                let notes = Notes::default();
                let visit = |to| Visits {
                    to,
                    notes: Arc::clone(&notes),
                };
                ending
                    .attach(|py| {
                        VISITS.get_or_init(py, || [visit(main), visit(other.interpreter())]);
                        ONCE.get_or_init(py, || visit(main));
                    })
                    .unwrap();
                let id = ending.id();
                ending.close().unwrap();
                assert_eq!(*notes.lock().unwrap(), vec![format!("{id}: Ok(())"); 3]);
            }
        },
    );
}

/// The thread that ends an interpreter is inside main as well, and a value enters that again.
#[test]
fn a_values_drop_never_releases_the_gil_of_another_thread() {
    struct Meets {
        main: Interpreter,
        entered: mpsc::Sender<()>,
        running: Mutex<mpsc::Receiver<()>>,
    }

    impl Drop for Meets {
        fn drop(&mut self) {
            Python::attach(|py| {
                py.detach(|| {
                    self.main.attach(|_| ()).unwrap();
                    self.entered.send(()).unwrap();
                    self.running.lock().unwrap().recv().unwrap();
                });
            });
        }
    }

    static MEETS: InterpreterLocal<Meets> = InterpreterLocal::new();

    in_child(
        "values::a_values_drop_never_releases_the_gil_of_another_thread",
        LIMIT,
        || {
            let [_, ending] = subs();
            let [_, other] = subs();
            let (entered, has_entered) = mpsc::channel();
            let (is_running, running) = mpsc::channel();
            let main = Interpreter::main().unwrap();
            let meets = Meets {
                main,
                entered,
                running: Mutex::new(running),
            };
            ending
                .attach(|py| {
                    MEETS.get_or_init(py, || meets);
                })
                .unwrap();
            thread::scope(|scope| {
                scope.spawn(move || {
                    has_entered.recv().unwrap();
                    other
                        .attach(|py| {
                            is_running.send(()).unwrap();
                            // Attached all the while, with the GIL that the other thread wants.
                            thread::sleep(Duration::from_millis(200));
                            py.eval(c"6 * 7", None, None).unwrap();
                        })
                        .unwrap();
                });
                ending.close().unwrap();
            });
        },
    );
}

#[test]
fn a_value_can_own_a_sub_interpreter() {
    static OWNED: InterpreterLocal<Mutex<Option<SubInterpreter>>> = InterpreterLocal::new();
    in_child("values::a_value_can_own_a_sub_interpreter", LIMIT, || {
        let [owner, owned] = subs();
        let ended = owned.interpreter();
        let own = |py: Python<'_>, sub| {
            OWNED.get_or_init(py, || Mutex::new(Some(sub)));
        };
        owner.attach(|py| own(py, owned)).unwrap();
        owner.close().unwrap();
        assert!(!ended.is_alive());
        // The main interpreter, and the one that is ended itself.
        let [owned, itself] = subs();
        let (ended, itself_ended) = (owned.interpreter(), itself.interpreter());
        Python::attach(|py| own(py, owned));
        itself_ended.attach(|py| own(py, itself)).unwrap();
        finalize();
        assert!(!ended.is_alive() && !itself_ended.is_alive());
    });
}

/// Objects that the last collection deallocates may use cells whose values have been dropped: they
/// get new ones, which are dropped, too.
#[test]
fn code_that_runs_later_can_create_values_again() {
    static COUNTED: InterpreterLocal<Counted> = InterpreterLocal::new();
    static CREATED: Mutex<usize> = Mutex::new(0);
    static DROPPED: Mutex<usize> = Mutex::new(0);
    struct Counted;
    impl Counted {
        fn get(py: Python<'_>) {
            COUNTED.get_or_init(py, || {
                *CREATED.lock().unwrap() += 1;
                Counted
            });
        }
    }
    impl Drop for Counted {
        fn drop(&mut self) {
            *DROPPED.lock().unwrap() += 1;
        }
    }
    #[pyclass]
    struct UsesLate;
    impl Drop for UsesLate {
        fn drop(&mut self) {
            Python::attach(|py| {
                Counted::get(py);
                // What the library itself keeps is still there.
                assert!(py.get_type::<UsesLate>().is(py.get_type::<UsesLate>()));
                let _ = pyatoll::intern!(py, "a name");
            });
            *DROPPED.lock().unwrap() += 100;
        }
    }
    in_child(
        "values::code_that_runs_later_can_create_values_again",
        LIMIT,
        || {
            let [sub, _] = subs();
            sub.attach(|py| {
                Counted::get(py);
                // In a cycle of a module that stays until all are cleared.
                py.run(c"import sys, builtins", None, None).unwrap();
                let cycle = PyList::empty(py);
                cycle.append(&cycle).unwrap();
                cycle.append(Bound::new(py, UsesLate).unwrap()).unwrap();
                py.import("builtins")
                    .unwrap()
                    .setattr("cycle", cycle)
                    .unwrap();
                py.import("sys")
                    .unwrap()
                    .setattr("late", Bound::new(py, UsesLate).unwrap())
                    .unwrap();
            })
            .unwrap();
            sub.close().unwrap();
            let (created, dropped) = (*CREATED.lock().unwrap(), *DROPPED.lock().unwrap());
            assert_eq!(dropped, 200 + created, "{created} were created");
        },
    );
}

/// Values are not dropped if Python code finds the hidden module and frees it.
#[test]
fn values_stay_if_python_frees_the_module_that_watches() {
    static DROPPED: Mutex<usize> = Mutex::new(0);
    static VALUE: InterpreterLocal<Value> = InterpreterLocal::new();
    struct Value;
    impl Drop for Value {
        fn drop(&mut self) {
            *DROPPED.lock().unwrap() += 1;
        }
    }
    fn free(py: Python<'_>) {
        let code = c"
import gc
def is_hidden(object):
    return getattr(object, '__name__', None) == '_pyatoll_values'
hidden = [object for object in gc.get_objects() if is_hidden(object)]
assert len(hidden) == 1
lists = [other for other in gc.get_referrers(hidden[0]) if other is not hidden]
lists = [other for other in lists if type(other) is list]
assert len(lists) == 1
lists[0].clear()
hidden.clear()
# A free-threaded Python frees modules only here.
gc.collect()
assert not any(is_hidden(object) for object in gc.get_objects())
";
        py.run(code, Some(&PyDict::new(py)), None).unwrap();
        assert!(VALUE.get(py).is_some());
        assert_eq!(*DROPPED.lock().unwrap(), 0);
    }
    in_child(
        "values::values_stay_if_python_frees_the_module_that_watches",
        LIMIT,
        || {
            for at_end in [false, true] {
                let [sub, _] = subs();
                sub.attach(|py| {
                    VALUE.get_or_init(py, || Value);
                    match at_end {
                        true => py.interpreter().at_end(free).unwrap(),
                        false => free(py),
                    }
                })
                .unwrap();
                sub.close().unwrap();
                assert_eq!(std::mem::take(&mut *DROPPED.lock().unwrap()), 1);
            }
        },
    );
}
