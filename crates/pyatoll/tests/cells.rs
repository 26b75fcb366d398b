//! `PyOnceLock`s and `InterpreterLocal`s that are not in a `static`: they come and go, and give
//! their values back.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;

use pyatoll::interpreter::{Interpreter, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::sync::{InterpreterLocal, PyOnceLock};
use pyatoll::types::PyList;

fn sub() -> SubInterpreter {
    SubInterpreter::builder().build().unwrap()
}

/// The ids of the interpreters that values were dropped in; `None` if not attached.
type Drops = Arc<Mutex<Vec<Option<i64>>>>;

/// A value that notes where it is dropped.
struct Noted(Drops);

impl Drop for Noted {
    fn drop(&mut self) {
        let current = Interpreter::current().map(|current| current.id());
        self.0.lock().unwrap().push(current);
    }
}

fn taken(drops: &Drops) -> Vec<Option<i64>> {
    std::mem::take(&mut *drops.lock().unwrap())
}

#[pyclass]
#[derive(Default)]
struct Lazy {
    items: PyOnceLock<Py<PyList>>,
}

#[pymethods]
impl Lazy {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    fn items<'py>(&self, py: Python<'py>) -> Bound<'py, PyList> {
        let items = self.items.get_or_init(py, || PyList::empty(py).unbind());
        items.bind(py).clone()
    }
}

#[test]
fn instances_with_a_cell_come_and_go_without_limit() {
    const MANY: usize = 200_000;
    sub()
        .attach(|py| {
            let class = py.get_type::<Lazy>();
            let list = Bound::new(py, Lazy::new()).unwrap();
            let first = list.call_method0("items").unwrap();
            for _ in 0..MANY {
                let lazy = class.call0().unwrap();
                let items = lazy.call_method0("items").unwrap();
                items.call_method1("append", (1,)).unwrap();
                assert_eq!(items.len().unwrap(), 1, "a list of another instance");
            }
            assert_eq!(first.len().unwrap(), 0);
            assert_eq!(first.get_refcnt(), 2, "a cell keeps the first");
        })
        .unwrap();
}

#[test]
fn as_many_cells_as_memory_holds_have_values_at_once() {
    const MANY: usize = 300_000;
    let sub = sub();
    let cells: Vec<InterpreterLocal<usize>> = (0..MANY).map(|_| InterpreterLocal::new()).collect();
    sub.attach(|py| {
        for (number, cell) in cells.iter().enumerate() {
            cell.set(py, number).unwrap();
        }
        for (number, cell) in cells.iter().enumerate() {
            assert_eq!(cell.get(py), Some(&number));
        }
    })
    .unwrap();
    Python::attach(|py| assert!(cells.iter().all(|cell| cell.get(py).is_none())));
    sub.close().unwrap();
    let after = InterpreterLocal::new();
    Python::attach(|py| after.set(py, "after").unwrap());
}

#[test]
fn a_cell_that_is_dropped_attached_drops_its_value_at_once() {
    let drops = Drops::default();
    let sub = sub();
    sub.attach(|py| {
        let cell = InterpreterLocal::new();
        cell.get_or_init(py, || Noted(Arc::clone(&drops)));
        let lock = PyOnceLock::new();
        lock.get_or_init(py, || Noted(Arc::clone(&drops)));
        assert_eq!(taken(&drops), []);
        drop(cell);
        assert_eq!(taken(&drops), [Some(sub.id())]);
        drop(lock);
        assert_eq!(taken(&drops), [Some(sub.id())]);
    })
    .unwrap();
    sub.close().unwrap();
    assert_eq!(taken(&drops), []);
}

#[test]
fn a_cell_that_is_dropped_elsewhere_gives_each_interpreter_its_value_back() {
    let drops = Drops::default();
    let subs = [sub(), sub(), sub()];
    let [first, second, third] = subs.each_ref().map(|sub| Some(sub.id()));
    let cell = PyOnceLock::new();
    for sub in &subs {
        sub.attach(|py| {
            cell.get_or_init(py, || Noted(Arc::clone(&drops)));
        })
        .unwrap();
    }
    let [one, two, three] = subs;
    one.attach(|_| drop(cell)).unwrap();
    assert_eq!(taken(&drops), [first]);
    two.attach(|_| assert_eq!(taken(&drops), [second])).unwrap();
    three.close().unwrap();
    assert_eq!(taken(&drops), [third]);
    // On a thread that is not attached.
    let cell = InterpreterLocal::new();
    two.attach(|py| cell.set(py, Noted(Arc::clone(&drops))).is_ok())
        .unwrap();
    thread::spawn(move || drop(cell)).join().unwrap();
    assert_eq!(taken(&drops), []);
    two.attach(|_| assert_eq!(taken(&drops), [second])).unwrap();
}

#[test]
fn a_cell_that_outlives_its_interpreter_has_nothing_left_of_it() {
    let drops = Drops::default();
    let cell = InterpreterLocal::new();
    for _ in 0..3 {
        let sub = sub();
        let set = |py: Python<'_>| cell.set(py, Noted(Arc::clone(&drops))).is_ok();
        assert!(sub.attach(set).unwrap());
        let id = sub.id();
        sub.close().unwrap();
        assert_eq!(taken(&drops), [Some(id)]);
    }
    let left = sub();
    left.attach(|py| assert!(cell.get(py).is_none())).unwrap();
    drop(cell);
    assert_eq!(taken(&drops), []);
}

#[test]
fn a_new_cell_never_has_the_value_of_an_old_one() {
    const ROUNDS: usize = 300;
    let subs = [sub(), sub(), sub()];
    let inside = Barrier::new(subs.len());
    thread::scope(|scope| {
        for sub in &subs {
            let inside = &inside;
            scope.spawn(move || {
                inside.wait();
                for round in 0..ROUNDS {
                    // Types of different sizes, so that a confusion is noticed.
                    let number = InterpreterLocal::new();
                    let text = PyOnceLock::new();
                    sub.attach(|py| {
                        assert!(number.get(py).is_none() && text.get(py).is_none());
                        assert_eq!(*number.get_or_init(py, || round), round);
                        let id = || format!("{}, {round}", sub.id());
                        assert_eq!(*text.get_or_init(py, id), id());
                    })
                    .unwrap();
                    // Dropped by threads that are not attached, in either order.
                    if round % 2 == 0 {
                        drop(number);
                    }
                }
            });
        }
    });
}

#[test]
fn a_cell_can_be_moved_after_its_first_use() {
    sub()
        .attach(|py| {
            let cell = PyOnceLock::new();
            cell.set(py, String::from("first")).unwrap();
            let moved = Box::new(cell);
            assert_eq!(moved.get(py).unwrap(), "first");
            let mut cells = vec![*moved];
            for _ in 0..10 {
                cells.push(PyOnceLock::new());
            }
            assert_eq!(cells[0].get(py).unwrap(), "first");
            assert!(cells[1..].iter().all(|cell| cell.get(py).is_none()));
        })
        .unwrap();
}

#[test]
fn the_values_of_a_forgotten_cell_are_dropped_by_their_interpreter() {
    let drops = Drops::default();
    let sub = sub();
    let cell = InterpreterLocal::new();
    sub.attach(|py| cell.set(py, Noted(Arc::clone(&drops))).is_ok())
        .unwrap();
    std::mem::forget(cell);
    let id = sub.id();
    sub.close().unwrap();
    assert_eq!(taken(&drops), [Some(id)]);
}

#[test]
fn a_drop_that_uses_and_drops_other_cells_is_no_problem() {
    struct Nested {
        depth: usize,
        inner: Option<Arc<InterpreterLocal<Nested>>>,
        drops: Drops,
    }
    impl Drop for Nested {
        fn drop(&mut self) {
            Python::attach(|py| {
                let temporary = PyOnceLock::new();
                assert_eq!(*temporary.get_or_init(py, || self.depth), self.depth);
                let inner = self.inner.take();
                assert_eq!(inner.is_some(), self.depth > 0);
            });
            self.drops.lock().unwrap().push(None);
        }
    }
    let drops = Drops::default();
    let make = |py: Python<'_>| {
        let mut inner = None;
        for depth in 0..10 {
            let cell = InterpreterLocal::new();
            let nested = Nested {
                depth,
                inner,
                drops: Arc::clone(&drops),
            };
            assert!(cell.set(py, nested).is_ok());
            inner = Some(Arc::new(cell));
        }
        inner
    };
    let sub = sub();
    sub.attach(|py| drop(make(py))).unwrap();
    assert_eq!(taken(&drops).len(), 10);
    // Through the queue, and at the interpreter's end.
    let outer = sub.attach(make).unwrap();
    drop(outer);
    sub.attach(|_| ()).unwrap();
    assert_eq!(taken(&drops).len(), 10);
    drop(sub.attach(make).unwrap());
    sub.close().unwrap();
    assert_eq!(taken(&drops).len(), 10);
}

#[test]
fn a_panic_in_the_drop_of_a_value_harms_no_other() {
    struct Panics(Noted);
    impl Drop for Panics {
        fn drop(&mut self) {
            let Noted(drops) = &self.0;
            if drops.lock().unwrap().is_empty() {
                drops.lock().unwrap().push(None);
                panic!("a panic in a drop, on purpose");
            }
        }
    }
    let drops = Drops::default();
    let subs = [sub(), sub()];
    let cell = InterpreterLocal::new();
    for sub in &subs {
        let value = Panics(Noted(Arc::clone(&drops)));
        sub.attach(|py| cell.set(py, value).is_ok()).unwrap();
    }
    let [first, second] = subs;
    // The one that is dropped at once panics, as any drop does.
    let caught = first
        .attach(|_| std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(cell))).is_err());
    assert_eq!(caught, Ok(true));
    assert_eq!(taken(&drops), [None, Some(first.id())]);
    // The other panics at the next entry, which goes on.
    assert_eq!(second.attach(|_| 1), Ok(1));
    assert_eq!(taken(&drops), [None, Some(second.id())]);
    let after = InterpreterLocal::new();
    second.attach(|py| after.set(py, 1).unwrap()).unwrap();
}

#[test]
fn a_value_can_be_changed_and_taken_out() {
    let drops = Drops::default();
    let (one, two) = (sub(), sub());
    let mut lock = PyOnceLock::new();
    let value = || (vec![1], Noted(Arc::clone(&drops)));
    for sub in [&one, &two] {
        sub.attach(|py| lock.set(py, value()).is_ok()).unwrap();
    }
    one.attach(|py| lock.get_mut(py).unwrap().0.push(2))
        .unwrap();
    assert!(
        lock.take().is_none(),
        "there are two, and no interpreter is current"
    );
    let taken_out = one.attach(|_| lock.take().unwrap()).unwrap();
    assert_eq!(taken_out.0, [1, 2]);
    one.attach(|py| assert!(lock.get(py).is_none())).unwrap();
    two.attach(|py| assert_eq!(lock.get(py).unwrap().0, [1]))
        .unwrap();
    one.attach(|py| assert!(lock.set(py, value()).is_ok()))
        .unwrap();
    one.close().unwrap();
    assert_eq!(taken(&drops).len(), 1);
    // The only one that is left, on a thread that is not attached.
    assert_eq!(lock.into_inner().unwrap().0, [1]);
    assert_eq!(taken(&drops), [None]);
    drop(taken_out);
}

/// The drop races with the end of the interpreter that has the value.
#[test]
fn a_cell_dropped_while_its_interpreter_ends_gives_its_value_back_once() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    struct Counted;
    impl Drop for Counted {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Ordering::Relaxed);
        }
    }
    const ROUNDS: usize = 20;
    const CELLS: usize = 100;
    let (give, cells) = mpsc::channel::<(Arc<Barrier>, Vec<InterpreterLocal<Counted>>)>();
    let dropper = thread::spawn(move || {
        for (start, cells) in cells {
            start.wait();
            drop(cells);
        }
    });
    for _ in 0..ROUNDS {
        let sub = sub();
        let cells: Vec<_> = (0..CELLS).map(|_| InterpreterLocal::new()).collect();
        sub.attach(|py| {
            for cell in &cells {
                assert!(cell.set(py, Counted).is_ok());
            }
        })
        .unwrap();
        let start = Arc::new(Barrier::new(2));
        give.send((Arc::clone(&start), cells)).unwrap();
        start.wait();
        sub.close().unwrap();
    }
    drop(give);
    dropper.join().unwrap();
    assert_eq!(DROPS.load(Ordering::Relaxed), ROUNDS * CELLS);
}
