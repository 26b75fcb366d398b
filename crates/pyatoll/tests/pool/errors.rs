//! Errors, panics and interrupts in jobs.

use crate::{blocker, pool};
use pyatoll::exceptions::PyValueError;
use pyatoll::pool::PoolError;
use pyatoll::prelude::*;
use std::sync::mpsc;
use std::thread;

#[test]
fn one_bad_item_does_not_end_a_map() {
    let pool = pool(2);
    let results = pool.map(["1", "x", "3"], |py, text| {
        py.import("builtins")?
            .getattr("int")?
            .call1((text,))?
            .extract::<i32>()
    });
    let results: Vec<Option<i32>> = results.map(Result::ok).collect();
    assert_eq!(results, [Some(1), None, Some(3)]);
}

#[test]
fn a_python_exception_is_reported_with_type_text_and_traceback() {
    let pool = pool(1);
    let code = c"
class Odd(ValueError):
    pass
def check(n):
    raise Odd(f'{n} is odd') from KeyError('cause')
check(3)
";
    let PoolError::Raised(exception) = pool
        .submit(|py| py.run(code, None, None))
        .join()
        .unwrap_err()
    else {
        panic!("not an exception")
    };
    assert!(exception.type_name().ends_with("Odd"), "{exception:?}");
    assert_eq!(exception.message(), "3 is odd");
    let traceback = exception.traceback();
    assert!(traceback.contains("KeyError: 'cause'"), "{traceback}");
    assert!(traceback.contains("line 5, in check"), "{traceback}");
    assert!(traceback.ends_with("3 is odd\n"), "{traceback}");

    // An exception created in Rust, and one whose `__str__` fails.
    let lazy = pool.submit(|_py| -> PyResult<()> { Err(PyValueError::new_err("from Rust")) });
    assert_eq!(
        lazy.join().unwrap_err().to_string(),
        "ValueError: from Rust"
    );
    let code = c"
class Bad(Exception):
    def __str__(self):
        raise RuntimeError
raise Bad
";
    let bad = pool.submit(|py| py.run(code, None, None)).join();
    let PoolError::Raised(bad) = bad.unwrap_err() else {
        panic!("not an exception")
    };
    assert_eq!(bad.message(), "<exception str() failed>");
}

#[test]
fn system_exit_and_keyboard_interrupt_end_only_the_job() {
    let pool = pool(1);
    let code = [
        (c"raise SystemExit(3)", "SystemExit: 3"),
        (c"raise KeyboardInterrupt", "KeyboardInterrupt"),
        (c"import sys; sys.exit('bye')", "SystemExit: bye"),
        (c"raise GeneratorExit", "GeneratorExit"),
    ];
    let before = pool.interpreters();
    for (code, expected) in code {
        let error = pool.submit(move |py| py.run(code, None, None)).join();
        assert_eq!(error.unwrap_err().to_string(), expected);
    }
    assert_eq!(pool.interpreters(), before);
}

#[test]
fn an_exception_of_another_interpreter_is_reported_as_well() {
    let pool = pool(1);
    let main = Python::attach(|py| py.interpreter());
    let job = pool.submit(move |py| {
        py.detach(|| main.attach(|py| py.run(c"1 / 0", None, None)))
            .unwrap()
    });
    assert_eq!(
        job.join().unwrap_err().to_string(),
        "ZeroDivisionError: division by zero"
    );
}

#[test]
fn a_panic_is_reported_as_an_error_and_the_worker_keeps_running() {
    let pool = pool(1);
    let before = pool.interpreters();
    for _ in 0..3 {
        let job = pool.submit(|py| -> PyResult<()> { py.detach(|| panic!("oh no")) });
        assert_eq!(job.join(), Err(PoolError::Panicked("oh no".into())));
    }
    let number = 7;
    let job = pool.submit(move |_py| -> PyResult<()> { panic!("number {number}") });
    assert_eq!(job.join(), Err(PoolError::Panicked("number 7".into())));
    assert_eq!(pool.submit(|_py| Ok(1)).join(), Ok(1));
    assert_eq!(pool.interpreters(), before);
}

#[test]
fn a_panic_in_a_drop_does_not_harm_the_worker() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            if !thread::panicking() {
                panic!("dropped");
            }
        }
    }
    let pool = pool(1);
    let before = pool.interpreters();
    // An unwanted result, then a panic's payload.
    let (dropped, is_dropped) = mpsc::channel();
    drop(pool.submit(move |_py| {
        is_dropped.recv().unwrap();
        Ok(Bomb)
    }));
    dropped.send(()).unwrap();
    let bomb = Bomb;
    let job = pool.submit(move |_py| {
        let _bomb = &bomb;
        Ok(())
    });
    assert_eq!(job.join(), Err(PoolError::Panicked("dropped".into())));
    // The captures of a cancelled job.
    let (job, begun, stop) = blocker();
    let running = pool.submit(job);
    begun.recv().unwrap();
    let bomb = Bomb;
    let queued = pool.submit(move |_py| {
        let _bomb = &bomb;
        Ok(())
    });
    assert!(queued.cancel());
    assert_eq!(queued.join(), Err(PoolError::Cancelled));
    stop.send(()).unwrap();
    running.join().unwrap();
    assert_eq!(pool.interpreters(), before);
}

#[test]
fn an_exception_left_set_by_one_job_does_not_reach_the_next() {
    let pool = pool(1);
    pool.submit(|py| {
        PyValueError::new_err("left behind").restore(py);
        Ok(())
    })
    .join()
    .unwrap();
    let set = pool.submit(|py| Ok(PyErr::occurred(py))).join();
    assert_eq!(set, Ok(false));
}
