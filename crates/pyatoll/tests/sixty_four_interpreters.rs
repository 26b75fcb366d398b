//! 64 interpreters alive at once, each with its own GIL and this binary's module. Alone in its
//! process because of the memory they take.

use std::collections::HashSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use pyatoll::Interpreter;
use pyatoll::interpreter::{AttachError, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::sync::InterpreterLocal;

const INTERPRETERS: usize = 64;

/// Number of threads that use them.
const THREADS: usize = 8;

static CALLS: InterpreterLocal<AtomicU64> = InterpreterLocal::new();

#[pyclass]
struct Counter {
    #[pyo3(get)]
    total: u64,
}

#[pymethods]
impl Counter {
    #[new]
    fn new() -> Self {
        Self { total: 0 }
    }

    fn add(&mut self, by: u64) -> u64 {
        self.total += by;
        self.total
    }
}

#[pyfunction]
fn call(py: Python<'_>) -> u64 {
    let calls = CALLS.get_or_init(py, || AtomicU64::new(0));
    calls.fetch_add(1, Ordering::Relaxed) + 1
}

#[pyfunction]
fn here(py: Python<'_>) -> i64 {
    py.interpreter().id()
}

#[pymodule]
mod many {
    #[pymodule_export]
    use super::{Counter, call, here};
}

/// An interpreter with the module: its id, the address of its class, an instance.
struct Loaded {
    sub: SubInterpreter,
    class: usize,
    counter: Py<PyAny>,
}

fn load() -> Loaded {
    let sub = SubInterpreter::builder().build().unwrap();
    let (class, counter) = sub
        .attach(|py| {
            let class = py.import("many").unwrap().getattr("Counter").unwrap();
            let counter = class.call0().unwrap();
            (class.as_ptr().addr(), counter.unbind())
        })
        .unwrap();
    Loaded {
        sub,
        class,
        counter,
    }
}

fn number(result: PyResult<Bound<'_, PyAny>>) -> u64 {
    result.unwrap().extract().unwrap()
}

/// Uses an interpreter's module in round `round`.
fn work(loaded: &Loaded, round: u64) {
    loaded
        .sub
        .attach(|py| {
            let many = py.import("many").unwrap();
            assert_eq!(number(many.call_method0("call")), round);
            assert_eq!(number(many.call_method0("here")), loaded.sub.id() as u64);
            let counter = loaded.counter.bind(py);
            assert_eq!(number(counter.call_method1("add", (2,))), 2 * round);
            assert!(counter.is_instance_of::<Counter>());
        })
        .unwrap();
}

#[test]
fn sixty_four_interpreters_with_the_module_are_alive_at_once() {
    pyatoll::append_to_inittab!(many);
    Python::initialize();

    // Created by several threads at once, and all kept.
    let together = Barrier::new(THREADS);
    let all: Vec<Loaded> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    together.wait();
                    (0..INTERPRETERS / THREADS)
                        .map(|_| load())
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let made = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap());
        made.collect()
    });
    assert_eq!(all.len(), INTERPRETERS);
    let known = Interpreter::all();
    assert!(
        all.iter()
            .all(|loaded| known.contains(&loaded.sub.interpreter()))
    );
    // Each has its own class.
    let classes: HashSet<_> = all.iter().map(|loaded| loaded.class).collect();
    assert_eq!(classes.len(), INTERPRETERS);

    // Each is used by several threads.
    for round in 1..=3 {
        thread::scope(|scope| {
            for first in 0..THREADS {
                let some = all.iter().skip((first + round as usize) % THREADS);
                scope.spawn(move || {
                    some.step_by(THREADS).for_each(|loaded| work(loaded, round));
                });
            }
        });
    }

    // An object of one is refused by all the others.
    let (first, others) = all.split_first().unwrap();
    for other in others {
        let refused = other.sub.attach(|py| first.counter.try_bind(py).is_err());
        assert_eq!(refused, Ok(true));
    }

    let handles: Vec<_> = all.iter().map(|loaded| loaded.sub.interpreter()).collect();
    let counters: Vec<_> = thread::scope(|scope| {
        let mut all = all.into_iter();
        let threads: Vec<_> = std::iter::from_fn(|| {
            let some: Vec<_> = all.by_ref().take(INTERPRETERS / THREADS).collect();
            (!some.is_empty()).then(|| {
                scope.spawn(|| {
                    let closed = some.into_iter().map(|loaded| {
                        loaded.sub.close().unwrap();
                        loaded.counter
                    });
                    closed.collect::<Vec<_>>()
                })
            })
        })
        .collect();
        let closed = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap());
        closed.collect()
    });
    for (handle, counter) in handles.iter().zip(&counters) {
        let gone = Err(AttachError::InterpreterGone { id: handle.id() });
        assert_eq!(counter.attach(|_, _| ()), gone);
    }
    drop(counters);
    assert_eq!(Interpreter::all().len(), 1);
}
