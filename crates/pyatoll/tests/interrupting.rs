//! Interrupting the Python code that a thread runs, outside of jobs.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use pyatoll::exceptions::PyKeyboardInterrupt;
use pyatoll::interpreter::{Interpreter, SubInterpreter, SubInterpreterBuilder};
use pyatoll::pool::PoolError;
use pyatoll::prelude::*;
use pyatoll::types::{PyCFunction, PyDict};
use pyatoll::{InterpreterPool, Interrupter};

/// Only hangs reach it.
const LONG: Duration = Duration::from_secs(600);

/// The main interpreter and one of each kind of the others.
fn everywhere(check: impl Fn(Interpreter)) {
    Python::initialize();
    check(Python::attach(|py| py.interpreter()));
    let builders: [SubInterpreterBuilder; 2] = [
        SubInterpreter::builder(),
        SubInterpreter::builder().legacy(),
    ];
    for builder in builders {
        let sub = builder.build().unwrap();
        check(sub.interpreter());
        sub.close().unwrap();
    }
}

fn endless(py: Python<'_>) -> PyResult<()> {
    py.run(c"while True: pass", None, None)
}

/// The results of interrupts.
struct Results(Mutex<Receiver<bool>>);

impl Results {
    fn next(&self) -> bool {
        self.0.lock().unwrap().recv_timeout(LONG).unwrap()
    }
}

/// A thread that interrupts what it is sent, with the results.
fn watch() -> (Sender<Interrupter>, Results) {
    let (sender, interrupters) = channel::<Interrupter>();
    let (result, results) = channel();
    thread::spawn(move || {
        for interrupter in interrupters {
            let _ = result.send(interrupter.interrupt());
        }
    });
    (sender, Results(Mutex::new(results)))
}

#[test]
fn another_thread_interrupts_the_code_of_any_interpreter() {
    everywhere(|interpreter| {
        let (watch, results) = watch();
        let run = |py: Python<'_>| {
            let mut own = None;
            let result = py.interruptible(|interrupter| {
                own = Some(interrupter.clone());
                watch.send(interrupter.clone()).unwrap();
                endless(py)
            });
            let error = result.unwrap_err();
            assert!(error.is_instance_of::<PyKeyboardInterrupt>(py), "{error}");
            assert!(own.unwrap().is_interrupted());
            assert!(results.next());
            // It is over.
            py.run(c"for _ in range(1000): pass", None, None).unwrap();
        };
        for _ in 0..5 {
            interpreter.attach(run).unwrap();
        }
    });
}

#[test]
fn an_interrupt_that_was_not_raised_does_not_reach_later_code() {
    everywhere(|interpreter| {
        interpreter
            .attach(|py| {
                for _ in 0..50 {
                    let (watch, results) = watch();
                    let interrupter = py
                        .interruptible(|interrupter| {
                            watch.send(interrupter.clone()).unwrap();
                            // Rust code that does not run Python code.
                            assert!(py.detach(|| results.next()));
                            Ok(interrupter.clone())
                        })
                        .unwrap();
                    assert!(interrupter.is_interrupted());
                    py.run(c"for _ in range(100): pass", None, None).unwrap();
                    assert!(!interrupter.interrupt(), "nothing runs any more");
                }
            })
            .unwrap();
    });
}

#[test]
fn code_may_catch_the_exception() {
    everywhere(|interpreter| {
        let (watch, _results) = watch();
        let caught: bool = interpreter
            .attach(|py| {
                py.interruptible(|interrupter| {
                    let interrupter = interrupter.clone();
                    let watch = watch.clone();
                    let begin = PyCFunction::new_closure(py, None, None, move |_, _| {
                        watch.send(interrupter.clone()).unwrap();
                    })?;
                    let locals = PyDict::new(py);
                    locals.set_item("begin", begin)?;
                    // Without a GIL the interrupt may come at once, so the code asks for it.
                    let code = c"
try:
    begin()
    while True:
        pass
except KeyboardInterrupt:
    caught = True
";
                    py.run(code, None, Some(&locals))?;
                    locals.get_item("caught")?.unwrap().extract()
                })
                .unwrap()
            })
            .unwrap();
        assert!(caught);
    });
}

#[test]
fn an_interrupt_of_the_outer_code_waits_for_the_inner() {
    everywhere(|interpreter| {
        let (watch, results) = watch();
        interpreter
            .attach(|py| {
                let mut inner_has_returned = false;
                let outer = py.interruptible(|outer| {
                    let inner = py.interruptible(|inner| {
                        watch.send(outer.clone()).unwrap();
                        assert!(py.detach(|| results.next()));
                        py.run(c"for _ in range(100_000): pass", None, None)?;
                        assert!(!inner.is_interrupted());
                        Ok(())
                    });
                    inner.unwrap();
                    inner_has_returned = true;
                    endless(py)
                });
                let error = outer.unwrap_err();
                assert!(error.is_instance_of::<PyKeyboardInterrupt>(py));
                assert!(inner_has_returned);
            })
            .unwrap();
    });
}

#[test]
fn a_panic_ends_the_call() {
    everywhere(|interpreter| {
        interpreter
            .attach(|py| {
                let run = || py.interruptible(|_| -> PyResult<()> { panic!("oh no") });
                let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
                assert!(result.is_err());
                // The list of this thread is empty again.
                py.interruptible(|interrupter| {
                    assert!(interrupter.interrupt());
                    let error = endless(py).unwrap_err();
                    assert!(error.is_instance_of::<PyKeyboardInterrupt>(py));
                    Ok(())
                })
                .unwrap();
            })
            .unwrap();
    });
}

#[test]
fn within_a_job_both_can_be_interrupted() {
    Python::initialize();
    let pool = InterpreterPool::builder().size(1).build().unwrap();
    let (begin, begun) = channel();
    let job = pool.submit(move |py| {
        let inner = py.interruptible(|interrupter| {
            assert!(interrupter.interrupt());
            endless(py)
        });
        assert!(inner.unwrap_err().is_instance_of::<PyKeyboardInterrupt>(py));
        // An interrupt of the job waits for this, and is not lost.
        py.interruptible(|interrupter| {
            begin.send(()).unwrap();
            py.run(c"for _ in range(100_000): pass", None, None)?;
            assert!(!interrupter.is_interrupted());
            Ok(())
        })?;
        endless(py)
    });
    begun.recv_timeout(LONG).unwrap();
    assert!(job.interrupt());
    assert_eq!(job.join(), Err(PoolError::Interrupted));
    assert_eq!(
        pool.submit(|py| py.eval(c"1", None, None)?.extract())
            .join(),
        Ok(1)
    );
    pool.shutdown(LONG).unwrap();
}
