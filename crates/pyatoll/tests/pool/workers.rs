//! Workers and their interpreters.

use crate::{LONG, blocker, in_time, pool};
use pyatoll::InterpreterPool;
use pyatoll::exceptions::PyValueError;
use pyatoll::interpreter::{Interpreter, SubInterpreter};
use pyatoll::pool::{PoolBuildError, PoolError};
use pyatoll::prelude::*;
use pyatoll::sync::InterpreterLocal;
use pyatoll::types::PyDict;
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

#[test]
fn each_worker_has_an_interpreter_and_a_thread_of_its_own() {
    const SIZE: usize = 3;
    let pool = pool(SIZE);
    let all_here = Arc::new(Barrier::new(SIZE));
    let jobs: Vec<_> = (0..SIZE)
        .map(|_| {
            let all_here = all_here.clone();
            pool.submit(move |py| {
                // Passes only once `SIZE` jobs run at the same time.
                py.detach(|| all_here.wait());
                Ok((py.interpreter().id(), thread::current().id()))
            })
        })
        .collect();
    let pairs: Vec<_> = jobs.into_iter().map(|job| job.join().unwrap()).collect();
    let ids: HashSet<_> = pairs.iter().map(|(id, _)| *id).collect();
    let threads: HashSet<_> = pairs.iter().map(|(_, thread)| *thread).collect();
    assert_eq!((ids.len(), threads.len()), (SIZE, SIZE));

    // The pairs of interpreter and thread do not change.
    for _ in 0..20 {
        let pair = pool.submit(|py| Ok((py.interpreter().id(), thread::current().id())));
        assert!(pairs.contains(&pair.join().unwrap()));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_system_shows_a_threads_worker_and_interpreter() {
    Python::initialize();
    let pool = InterpreterPool::builder()
        .size(2)
        .thread_name("reef")
        .initializer(|py| {
            // From the beginning.
            let shown = std::fs::read_to_string("/proc/thread-self/comm")?;
            let id = py.interpreter().id();
            assert!(shown.trim_end().ends_with(&format!("@{id}")), "{shown}");
            Ok(())
        })
        .build()
        .unwrap();
    let names = pool.broadcast(|py| {
        let shown = std::fs::read_to_string("/proc/thread-self/comm")?;
        let name = thread::current().name().unwrap_or_default().to_owned();
        Ok((shown, format!("{name}@{}\n", py.interpreter().id()), name))
    });
    let names = names.into_iter().map(|job| job.join().unwrap());
    let mut own = Vec::new();
    for (shown, expected, name) in names {
        assert_eq!(shown, expected);
        own.push(name);
    }
    own.sort();
    assert_eq!(own, ["reef-0", "reef-1"]);
}

#[cfg(target_os = "linux")]
#[test]
fn faulthandler_shows_it_from_python_3_14_on() {
    Python::initialize();
    if Python::attach(|py| py.version_info() < (3, 14)) {
        return;
    }
    // Interpreters with their own GIL refuse the module.
    let pool = InterpreterPool::builder()
        .size(1)
        .thread_name("reef")
        .interpreter(SubInterpreter::builder().legacy())
        .build()
        .unwrap();
    let job = pool.submit(|py| {
        let code = c"
import faulthandler, tempfile
with tempfile.TemporaryFile() as file:
    faulthandler.dump_traceback(file, all_threads=True)
    file.seek(0)
    text = file.read().decode()
";
        py.run(code, None, None)?;
        let text: String = py.eval(c"text", None, None)?.extract()?;
        Ok((text, format!("[reef-0@{}]", py.interpreter().id())))
    });
    let (text, expected) = job.join().unwrap();
    assert!(text.contains(&expected), "{text}");
}

#[test]
fn the_initializer_runs_once_in_each_interpreter() {
    Python::initialize();
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = runs.clone();
    let pool = InterpreterPool::builder()
        .size(3)
        .initializer(move |py| {
            counter.fetch_add(1, Ordering::Relaxed);
            py.run(
                c"import sys; sys.runs = getattr(sys, 'runs', 0) + 1",
                None,
                None,
            )
        })
        .build()
        .unwrap();
    for _ in 0..30 {
        let seen = pool.submit(|py| py.eval(c"__import__('sys').runs", None, None)?.extract());
        assert_eq!(seen.join(), Ok(1));
    }
    assert_eq!(runs.load(Ordering::Relaxed), 3);
}

#[test]
fn a_pool_whose_initializer_fails_is_not_created() {
    Python::initialize();
    let before = Arc::new(Mutex::new(Vec::new()));
    let seen = before.clone();
    let refused = InterpreterPool::builder()
        .size(2)
        .initializer(move |py| {
            seen.lock().unwrap().push(py.interpreter());
            Err(PyValueError::new_err("not today"))
        })
        .build()
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a worker's initializer failed: ValueError: not today"
    );
    let seen = before.lock().unwrap();
    assert!(!seen.is_empty());
    assert!(seen.iter().all(|interpreter| !interpreter.is_alive()));

    let panics = InterpreterPool::builder()
        .size(1)
        .initializer(|_py| panic!("oh no"));
    let error = panics.build().unwrap_err();
    assert!(
        matches!(&error, PoolBuildError::Initializer(PoolError::Panicked(text)) if text == "oh no"),
        "{error}"
    );
}

/// Ends the interpreter from Python code, without the pool's knowledge.
fn destroy(interpreter: Interpreter) {
    let id = interpreter.id();
    // Before 3.13 `threading` would wait for the idle thread that imported it.
    let forget = c"import sys; sys.modules.pop('threading', None)";
    interpreter
        .attach(|py| py.run(forget, None, None).unwrap())
        .unwrap();
    Python::attach(|py| {
        let names = PyDict::new(py);
        names.set_item("id", id).unwrap();
        py.run(
            c"
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
interpreters.destroy(id)
",
            Some(&names),
            None,
        )
        .unwrap();
    });
    assert!(!interpreter.is_alive());
}

#[test]
fn a_worker_whose_interpreter_was_ended_gets_a_new_one() {
    Python::initialize();
    let pool = InterpreterPool::builder()
        .size(1)
        .initializer(|py| py.run(c"import sys; sys.ready = True", None, None))
        .build()
        .unwrap();
    let mut seen = Vec::new();
    for _ in 0..5 {
        let job = pool.submit(|py| {
            let ready: bool = py.eval(c"__import__('sys').ready", None, None)?.extract()?;
            assert!(ready);
            Ok(py.interpreter())
        });
        let interpreter = job.join().unwrap();
        assert!(!seen.contains(&interpreter));
        seen.push(interpreter);
        destroy(interpreter);
    }
    // Unused interpreters count towards the limit; a successful job resets the count.
    assert_eq!(pool.submit(|_py| Ok(1)).join(), Ok(1));
}

#[test]
fn a_worker_that_cannot_be_replaced_ends_and_its_jobs_report_why() {
    Python::initialize();
    let attempts = Arc::new(AtomicUsize::new(0));
    let counter = attempts.clone();
    let pool = InterpreterPool::builder()
        .size(1)
        .restart_limit(2)
        .initializer(move |_py| match counter.fetch_add(1, Ordering::Relaxed) {
            0 => Ok(()),
            n => Err(PyValueError::new_err(format!("attempt {n}"))),
        })
        .build()
        .unwrap();
    let (job, begun, stop) = blocker();
    let first = pool.submit(job);
    begun.recv().unwrap();
    stop.send(()).unwrap();
    first.join().unwrap();
    let interpreter = pool.interpreters()[0];
    // By then the worker has detached and deleted its thread state.
    thread::sleep(Duration::from_millis(50));
    destroy(interpreter);

    let jobs: Vec<_> = (0..3).map(|n| pool.submit(move |_py| Ok(n))).collect();
    let reason = "a worker's initializer failed: ValueError: attempt 3";
    for job in jobs {
        let error = in_time(move || job.join()).unwrap_err();
        assert_eq!(error, PoolError::Broken(reason.into()));
    }
    assert_eq!(attempts.load(Ordering::Relaxed), 1 + 3);
    assert!(matches!(
        pool.submit(|_py| Ok(())).join(),
        Err(PoolError::Broken(_))
    ));
    assert!(pool.interpreters().is_empty());
    pool.shutdown(LONG).unwrap();
}

#[test]
fn a_pool_may_be_created_attached_to_any_interpreter_or_none() {
    fn check(pool: InterpreterPool) {
        let sum = pool.submit(|py| py.eval(c"sum(range(10))", None, None)?.extract());
        assert_eq!(sum.join(), Ok(45));
    }
    Python::initialize();
    let builder = InterpreterPool::builder().size(2);
    check(builder.build().unwrap());
    Python::attach(|py| {
        check(builder.build().unwrap());
        py.run(c"len([])", None, None).unwrap();
    });
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| {
        check(builder.build().unwrap());
        assert_eq!(Interpreter::current(), Some(py.interpreter()));
    })
    .unwrap();
    sub.close().unwrap();
}

#[test]
fn per_interpreter_values_live_from_job_to_job_and_end_with_the_pool() {
    static JOBS: InterpreterLocal<Counted> = InterpreterLocal::new();
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    struct Counted(AtomicUsize);
    impl Drop for Counted {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Ordering::Relaxed);
        }
    }
    let pool = pool(1);
    let count = |pool: &InterpreterPool| {
        let job = pool.submit(|py| {
            let count = JOBS.get_or_init(py, || Counted(AtomicUsize::new(0)));
            Ok(count.0.fetch_add(1, Ordering::Relaxed) + 1)
        });
        job.join().unwrap()
    };
    assert_eq!((count(&pool), count(&pool), count(&pool)), (1, 2, 3));
    assert_eq!(DROPS.load(Ordering::Relaxed), 0);
    drop(pool);
    assert_eq!(DROPS.load(Ordering::Relaxed), 1);
}

#[test]
fn an_idle_worker_does_not_block_its_interpreter() {
    let pool = pool(1);
    pool.submit(|_py| Ok(())).join().unwrap();
    let interpreter = pool.interpreters()[0];
    // Other threads can attach.
    let sum =
        in_time(move || interpreter.attach(|py| py.eval(c"1 + 1", None, None)?.extract::<i32>()));
    assert_eq!(sum.unwrap().unwrap(), 2);
}
