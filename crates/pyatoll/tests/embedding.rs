//! Starting and finalizing the Python runtime more than once in a process.

use pyatoll::interpreter::AttachError;
use pyatoll::prelude::*;
use pyatoll::sync::InterpreterLocal;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

static DROPS: AtomicUsize = AtomicUsize::new(0);
static VALUE: InterpreterLocal<Value> = InterpreterLocal::new();

struct Value;
impl Drop for Value {
    fn drop(&mut self) {
        DROPS.fetch_add(1, Ordering::Relaxed);
    }
}

// One test, since the process has one runtime.
#[test]
fn each_embedded_runtime_lives_as_long_as_its_call() {
    let mut handles = Vec::new();
    for run in 0..3 {
        // SAFETY: nothing else in this process uses Python.
        let (list, interpreter) = unsafe {
            pyatoll::with_embedded_python_interpreter(|py| {
                assert!(VALUE.get(py).is_none(), "a value of an earlier run");
                VALUE.get_or_init(py, || Value);
                for (list, _) in &handles {
                    let list: &Py<PyAny> = list;
                    assert!(list.try_bind(py).is_err(), "an object of an earlier run");
                }
                // Other threads can attach while this one is detached.
                let sum = py.detach(|| {
                    std::thread::spawn(|| {
                        Python::attach(|py| {
                            py.eval(c"sum([1, 2])", None, None).unwrap().to_string()
                        })
                    })
                    .join()
                    .unwrap()
                });
                assert_eq!(sum, "3");
                let list = py.eval(c"[1]", None, None).unwrap().unbind();
                (list, py.interpreter())
            })
        };
        assert_eq!(DROPS.load(Ordering::Relaxed), run + 1);
        assert!(!interpreter.is_alive());
        assert_eq!(
            interpreter.attach(|_| ()),
            Err(AttachError::InterpreterGone { id: 0 })
        );
        handles.push((list, interpreter));
    }
    // A panic finalizes the runtime as well.
    // SAFETY: nothing else in this process uses Python.
    let panicked = catch_unwind(|| unsafe {
        pyatoll::with_embedded_python_interpreter(|py| {
            VALUE.get_or_init(py, || Value);
            panic!("on purpose");
        })
    });
    assert!(panicked.is_err());
    assert_eq!(DROPS.load(Ordering::Relaxed), 4);
    drop(handles);
    // A nested start is refused, and the outer runtime keeps working.
    // SAFETY: nothing else in this process uses Python; the inner call panics before it touches it.
    unsafe {
        pyatoll::with_embedded_python_interpreter(|py| {
            let nested = catch_unwind(AssertUnwindSafe(|| {
                pyatoll::with_embedded_python_interpreter(|_| ())
            }));
            assert!(nested.is_err());
            assert_eq!(py.eval(c"1 + 1", None, None).unwrap().to_string(), "2");
        });
    }
    // Finally a runtime that is never finalized.
    Python::attach(|py| assert_eq!(py.eval(c"2 + 2", None, None).unwrap().to_string(), "4"));
}
