//! Classes in several interpreters.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;

#[pyclass(freelist = 4)]
struct Shared {
    #[pyo3(get)]
    number: i64,
}

#[pymethods]
impl Shared {
    #[new]
    fn new(number: i64) -> Self {
        Self { number }
    }

    fn interpreter(&self, py: Python<'_>) -> i64 {
        py.interpreter().id()
    }
}

#[test]
fn each_interpreter_has_its_own_type_object() {
    Python::initialize();
    let a = SubInterpreter::builder().build().unwrap();
    let b = SubInterpreter::builder().build().unwrap();
    let mut types = Vec::new();
    for sub in [&a, &b] {
        let (address, id) = sub
            .attach(|py| {
                let class = py.get_type::<Shared>();
                let object = class.call1((7,)).unwrap();
                assert_eq!(
                    object.getattr("number").unwrap().extract::<i64>().unwrap(),
                    7
                );
                let id: i64 = object
                    .call_method0("interpreter")
                    .unwrap()
                    .extract()
                    .unwrap();
                (class.as_ptr() as usize, id)
            })
            .unwrap();
        assert_eq!(id, sub.id());
        types.push(address);
    }
    Python::attach(|py| types.push(py.get_type::<Shared>().as_ptr() as usize));
    types.sort();
    types.dedup();
    assert_eq!(types.len(), 3);
}

#[test]
fn an_instance_of_another_interpreter_is_refused() {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    let object: Py<Shared> = sub
        .attach(|py| Py::new(py, Shared { number: 1 }).unwrap())
        .unwrap();
    Python::attach(|py| {
        assert!(object.try_bind(py).is_err());
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _ = object.borrow(py);
        }))
        .unwrap_err();
        assert!(
            panic
                .downcast::<String>()
                .unwrap()
                .starts_with("this object belongs")
        );
    });
    assert_eq!(sub.attach(|py| object.borrow(py).number).unwrap(), 1);
}

#[test]
fn values_are_dropped_with_their_interpreter() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    #[pyclass]
    struct Counted;
    impl Drop for Counted {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Ordering::Relaxed);
        }
    }
    #[pyclass(dict, weakref)]
    struct Holder {
        _held: Option<Py<Counted>>,
    }
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    // One in a module's namespace, one in a cycle, one held by Rust only, one dropped elsewhere.
    let (kept, dropped) = sub
        .attach(|py| {
            let main = py.import("__main__").unwrap();
            main.setattr("kept", Py::new(py, Counted).unwrap()).unwrap();
            let holder = Bound::new(
                py,
                Holder {
                    _held: Some(Py::new(py, Counted).unwrap()),
                },
            )
            .unwrap();
            holder.setattr("itself", &holder).unwrap();
            (Py::new(py, Counted).unwrap(), Py::new(py, Counted).unwrap())
        })
        .unwrap();
    Python::attach(|_py| drop(dropped));
    sub.close().unwrap();
    // The value held by Rust is lost with its interpreter, without a drop.
    assert_eq!(DROPS.load(Ordering::Relaxed), 3);
    drop(kept);
    assert_eq!(DROPS.load(Ordering::Relaxed), 3);
}

#[test]
fn objects_may_die_after_the_interpreters_state_is_torn_down() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    #[pyclass(dict)]
    struct Late {
        other: Option<Py<PyAny>>,
    }
    impl Drop for Late {
        fn drop(&mut self) {
            // The header's owner pointer still identifies the interpreter.
            drop(self.other.take());
            DROPS.fetch_add(1, Ordering::Relaxed);
        }
    }
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| {
        // Referred to by C state that is cleared last: a codec error handler lives until the
        // interpreter's own dicts are cleared.
        let late = Bound::new(
            py,
            Late {
                other: Some(py.eval(c"[]", None, None).unwrap().unbind()),
            },
        )
        .unwrap();
        let globals = pyatoll::types::PyDict::new(py);
        globals.set_item("late", late).unwrap();
        py.run(
            c"
import codecs
def handler(error, late=late):
    return ('', error.end)
codecs.register_error('pyatoll.late', handler)
",
            Some(&globals),
            None,
        )
        .unwrap();
    })
    .unwrap();
    sub.close().unwrap();
    assert_eq!(DROPS.load(Ordering::Relaxed), 1);
}

#[test]
fn classes_are_created_at_once_in_many_interpreters() {
    Python::initialize();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..3 {
                    let sub = SubInterpreter::builder().build().unwrap();
                    sub.attach(|py| {
                        let objects: Vec<_> = (0..20)
                            .map(|number| Bound::new(py, Shared { number }).unwrap())
                            .collect();
                        let sum: i64 = objects.iter().map(|object| object.borrow().number).sum();
                        assert_eq!(sum, 190);
                    })
                    .unwrap();
                }
            });
        }
    });
}

#[test]
fn an_instance_in_its_class_dies_with_the_interpreter() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    #[pyclass]
    struct Kept;
    impl Drop for Kept {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Ordering::Relaxed);
        }
    }
    #[pymethods]
    impl Kept {
        #[classattr]
        fn instance() -> Kept {
            Kept
        }
    }
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| {
        let class = py.get_type::<Kept>();
        class.setattr("another", Kept).unwrap();
    })
    .unwrap();
    sub.close().unwrap();
    assert_eq!(DROPS.load(Ordering::Relaxed), 2);
}

#[test]
fn a_field_cannot_expose_an_object_of_another_interpreter() {
    #[pyclass(frozen, subclass)]
    struct Frozen {
        #[pyo3(get)]
        held: Py<PyAny>,
    }
    #[pyclass(frozen, extends = Frozen)]
    struct Extended;
    #[pyclass]
    struct Plain {
        #[pyo3(get)]
        held: Py<PyAny>,
    }

    Python::initialize();
    let lists = std::sync::Mutex::new(Python::attach(|py| {
        let list = || py.eval(c"[]", None, None).unwrap().unbind();
        vec![list(), list(), list()]
    }));
    let list_of_main = || lists.lock().unwrap().pop().unwrap();
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| {
        // Python reads the field straight from memory, so creating such an instance is refused.
        let error = Bound::new(
            py,
            Frozen {
                held: list_of_main(),
            },
        )
        .unwrap_err();
        assert!(error.to_string().contains("belongs to interpreter 0"));
        let error = Bound::new(
            py,
            (
                Extended,
                Frozen {
                    held: list_of_main(),
                },
            ),
        )
        .unwrap_err();
        assert!(error.to_string().contains("belongs to interpreter 0"));
        let own = Bound::new(py, (Extended, Frozen { held: py.None() })).unwrap();
        assert!(own.getattr("held").unwrap().is_none());

        let plain = Bound::new(
            py,
            Plain {
                held: list_of_main(),
            },
        )
        .unwrap();
        let error = plain.getattr("held").unwrap_err();
        assert!(error.to_string().contains("belongs to interpreter 0"));
    })
    .unwrap();
}

#[pyclass(frozen)]
struct Text {
    text: String,
    padding: [u8; 40],
}

#[test]
fn a_frozen_value_is_read_without_a_token_even_after_its_interpreters_end() {
    Python::initialize();
    let texts: Vec<Py<Text>> = {
        let sub = SubInterpreter::builder().build().unwrap();
        let texts = sub
            .attach(|py| {
                let class = py.get_type::<Text>();
                // A cycle that refers to it is cleared when the interpreter ends.
                (0..100)
                    .map(|number| {
                        let text = Text {
                            text: number.to_string(),
                            padding: [number; 40],
                        };
                        let text = Bound::new(py, text).unwrap();
                        let cycle = pyatoll::types::PyList::new(py, [&text]).unwrap();
                        cycle.append(&cycle).unwrap();
                        class
                            .setattr(format!("name{number}").as_str(), cycle)
                            .unwrap();
                        text.unbind()
                    })
                    .collect::<Vec<_>>()
            })
            .unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| assert_eq!(texts[7].get().text, "7"));
        });
        Python::attach(|_| assert_eq!(texts[8].get().text, "8"));
        texts
    };
    // Memory that had been freed would be reused here.
    let other = SubInterpreter::builder().build().unwrap();
    other
        .attach(|py| {
            let many = py.eval(c"[bytes([255]) * n for n in range(2000)]", None, None);
            assert_eq!(many.unwrap().len().unwrap(), 2000);
            for (number, text) in texts.iter().enumerate() {
                assert_eq!(text.get().text, number.to_string());
                assert_eq!(text.get().padding, [number as u8; 40]);
            }
        })
        .unwrap();
}

/// Reached when all threads are about to set the attributes.
static READY: Barrier = Barrier::new(4);

macro_rules! many_attributes {
    ($($name:ident)*) => {
        #[pyclass]
        struct Many;

        #[pymethods]
        impl Many {
            $(
                #[classattr]
                fn $name() -> u32 {
                    5
                }
            )*

            #[classattr]
            fn last(py: Python<'_>) -> u32 {
                py.detach(|| READY.wait());
                6
            }
        }
    }
}

many_attributes! {
    a1 a2 a3 a4 a5 a6 a7 a8 a9 b1 b2 b3 b4 b5 b6 b7 b8 b9 c1 c2 c3 c4 c5 c6 c7 c8 c9
}

#[test]
fn a_class_is_published_only_with_its_attributes() {
    Python::initialize();
    for _ in 0..30 {
        let sub = SubInterpreter::builder().build().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let seen = sub.attach(|py| py.get_type::<Many>().hasattr("last").unwrap());
                    assert!(seen.unwrap());
                });
            }
        });
    }
}
