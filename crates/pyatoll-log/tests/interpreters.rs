//! Records reach the logging of the interpreter that the thread is in.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use log::LevelFilter;
use pyatoll::interpreter::{Gil, SubInterpreter};
use pyatoll::panic::PanicException;
use pyatoll::prelude::*;
use pyatoll::types::PyCFunction;
use pyatoll_log::{Caching, Logger};
use tracing_subscriber::layer::SubscriberExt;

/// Adds a handler that stores what is logged in `logging.lines`.
const LISTEN: &std::ffi::CStr = c"
import logging
logging.lines = []
class Keep(logging.Handler):
    def emit(self, record):
        logging.lines.append(f'{record.levelname} {record.name}: {record.getMessage()}')
        logging.last = record
logging.getLogger().addHandler(Keep())
logging.getLogger().setLevel(5)
";

fn listen(py: Python<'_>, caching: Caching) -> pyatoll_log::ResetHandle {
    py.run(LISTEN, None, None).unwrap();
    Logger::new(py, caching)
        .unwrap()
        .filter(LevelFilter::Trace)
        .install()
        .unwrap()
}

fn lines(py: Python<'_>) -> Vec<String> {
    let logging = py.import("logging").unwrap();
    let lines = logging.getattr("lines").unwrap();
    let found = lines.extract().unwrap();
    lines.call_method0("clear").unwrap();
    found
}

// One test, since `log` and the main interpreter exist once per process.
#[test]
fn records_reach_the_interpreter_that_the_thread_is_in() {
    Python::initialize();
    let main = Python::attach(|py| {
        listen(py, Caching::LoggersAndLevels);
        py.interpreter()
    });
    let is_old = Python::attach(|py| py.version_info() < (3, 12));
    let create = |gil| SubInterpreter::builder().gil(gil).build().unwrap();
    let mut subs = vec![create(Gil::Shared)];
    if !is_old {
        subs.push(create(Gil::Own));
    }

    // Attached and detached.
    for sub in &subs {
        sub.attach(|py| {
            listen(py, Caching::LoggersAndLevels);
            log::info!(target: "a::b", "attached");
            py.detach(|| log::warn!(target: "a", "detached"));
            assert_eq!(lines(py), ["INFO a.b: attached", "WARNING a: detached"]);
        })
        .unwrap();
    }
    main.attach(|py| assert!(lines(py).is_empty())).unwrap();

    // All at once, on threads of their own. A thread that is in no interpreter logs to the main
    // one.
    thread::scope(|scope| {
        for (number, sub) in subs.iter().enumerate() {
            scope.spawn(move || {
                for line in 0..100 {
                    sub.attach(|_| log::debug!(target: "many", "{number}: {line}"))
                        .unwrap();
                }
            });
        }
        scope.spawn(|| log::error!(target: "foreign", "from a thread of Rust"));
    });
    for (number, sub) in subs.iter().enumerate() {
        sub.attach(|py| {
            let expected: Vec<_> = (0..100)
                .map(|line| format!("DEBUG many: {number}: {line}"))
                .collect();
            assert_eq!(lines(py), expected);
        })
        .unwrap();
    }
    main.attach(|py| assert_eq!(lines(py), ["ERROR foreign: from a thread of Rust"]))
        .unwrap();

    // An interpreter without settings of its own gets those that were installed first.
    let late = create(Gil::Shared);
    late.attach(|py| {
        py.run(LISTEN, None, None).unwrap();
        log::trace!(target: "late", "here");
        assert_eq!(lines(py), ["Level 5 late: here"]);
        // Its own settings replace those.
        let logger = Logger::new(py, Caching::Nothing).unwrap();
        logger.filter(LevelFilter::Error).install().unwrap();
        log::warn!(target: "late", "filtered out");
        log::error!(target: "late", "and here");
        assert_eq!(lines(py), ["ERROR late: and here"]);
    })
    .unwrap();
    subs.push(late);

    // Events of tracing.
    let subscriber = tracing_subscriber::registry().with(pyatoll_log::layer());
    tracing::subscriber::with_default(subscriber, || {
        subs[0]
            .attach(|py| {
                let span = tracing::info_span!("outer");
                span.in_scope(
                    || tracing::error!(target: "t", count = 3, name = "x", "it {}", "broke"),
                );
                assert_eq!(lines(py), ["ERROR t: it broke count=3 name=x"]);
                let last = py.import("logging").unwrap().getattr("last").unwrap();
                assert_eq!(
                    last.getattr("count").unwrap().extract::<String>().unwrap(),
                    "3"
                );
                assert_eq!(
                    last.getattr("span").unwrap().extract::<String>().unwrap(),
                    "outer"
                );
                // Every `LogRecord` has this attribute, so the field does not replace it.
                assert_eq!(
                    last.getattr("name").unwrap().extract::<String>().unwrap(),
                    "t"
                );
            })
            .unwrap();
    });

    // Key-value pairs, an exception that is set, and one that logging raises.
    subs[0]
        .attach(|py| {
            log::info!(target: "kv", code = 7; "with a pair");
            let last = py.import("logging").unwrap().getattr("last").unwrap();
            assert_eq!(
                last.getattr("code").unwrap().extract::<String>().unwrap(),
                "7"
            );
            pyatoll::exceptions::PyValueError::new_err("before").restore(py);
            log::info!(target: "kv", "while an exception is set");
            assert!(PyErr::take(py).unwrap().to_string().contains("before"));
            py.run(
                c"
import sys, logging
class Broken(logging.Filter):
    def filter(self, record):
        raise KeyError('broken')
logging.getLogger('broken').addFilter(Broken())
sys.unraisablehook = lambda args: setattr(logging, 'unraisable', args.exc_type)
",
                None,
                None,
            )
            .unwrap();
            log::info!(target: "broken", "lost");
            assert!(PyErr::take(py).is_none());
            let logging = py.import("logging").unwrap();
            let found = logging.getattr("unraisable").unwrap();
            assert!(found.is(py.get_type::<pyatoll::exceptions::PyKeyError>()));

            // A panic, of a filter, or one that is set as an exception.
            let panics = PyCFunction::new_closure(py, None, None, |_, _| -> PyResult<bool> {
                panic!("in a filter")
            });
            let logger = logging.call_method1("getLogger", ("panics",)).unwrap();
            logger
                .call_method1("addFilter", (panics.unwrap(),))
                .unwrap();
            PanicException::new_err("set before").restore(py);
            log::info!(target: "panics", "lost");
            let set = catch_unwind(AssertUnwindSafe(|| PyErr::take(py))).unwrap_err();
            assert_eq!(set.downcast_ref::<String>().unwrap(), "set before");
            let found = logging.getattr("unraisable").unwrap();
            assert!(found.is(py.get_type::<PanicException>()));
            assert!(PyErr::take(py).is_none());
            lines(py);
        })
        .unwrap();

    // After the end of all sub-interpreters, this thread's records go to the main one.
    for sub in subs {
        sub.close().unwrap();
    }
    log::info!(target: "after", "the ends");
    main.attach(|py| assert_eq!(lines(py), ["INFO after: the ends"]))
        .unwrap();
}
