//! Events for `tracing`.

use crate::control::{ENDLESS, stick, submit_timed_code, wait_until};
use crate::{LONG, blocker};
use pyatoll::InterpreterPool;
use pyatoll::pool::PoolError;
use pyatoll::prelude::*;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Calls a function with the text of each event of a pool in this process.
struct Observer<F>(F);

impl<F: Fn(String) + Send + Sync + 'static> Observer<F> {
    /// Installs it for the whole process.
    fn install(observe: F) {
        tracing::subscriber::set_global_default(Self(observe)).unwrap();
    }
}

/// Collects the texts of the events, and panics at one of them.
fn collect() -> Arc<Mutex<Vec<String>>> {
    let events: Arc<Mutex<Vec<String>>> = Arc::default();
    let collected = Arc::clone(&events);
    Observer::install(move |text| {
        let panics = text.contains("job submitted");
        events.lock().unwrap().push(text);
        if panics {
            panic!("a subscriber's panic");
        }
    });
    collected
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}

impl<F: Fn(String) + Send + Sync + 'static> Subscriber for Observer<F> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "pyatoll::pool"
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        (self.0)(text.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn a_pool_reports_its_jobs_and_interpreters() {
    if !crate::in_a_child("events::a_pool_reports_its_jobs_and_interpreters") {
        return;
    }
    Python::initialize();
    let events = collect();
    let pool = InterpreterPool::builder().size(1).build().unwrap();
    let (job, begun, stop) = blocker();
    let running = pool.submit(job);
    begun.recv().unwrap();
    let cancelled = pool.submit(|_py| Ok(()));
    assert!(cancelled.cancel());
    assert!(running.interrupt());
    stop.send(()).unwrap();
    running.join().unwrap();
    let failed = pool.submit(|py| py.run(c"1 / 0", None, None));
    failed.join().unwrap_err();
    pool.shutdown(LONG).unwrap();
    let events = events.lock().unwrap();
    let count = |text: &str| events.iter().filter(|event| event.contains(text)).count();
    let counts = [
        ("job submitted", 3),
        ("job started", 2),
        ("job finished", 1),
        ("job failed", 1),
        ("ZeroDivisionError: division by zero", 1),
        ("job cancelled", 1),
        ("job interrupted", 1),
        ("interpreter created", 1),
        ("interpreter ended", 1),
        ("interpreter replaced", 0),
    ];
    for (text, expected) in counts {
        assert_eq!(count(text), expected, "{text}: {events:?}");
    }
}

#[test]
fn a_pool_reports_the_replacement_of_an_interpreter() {
    if !crate::in_a_child("events::a_pool_reports_the_replacement_of_an_interpreter") {
        return;
    }
    let events = collect();
    let pool = Arc::new(crate::pool(1));
    let (_, stop) = stick(&pool);
    let seen = Arc::clone(&events);
    let has = move |text: &str| {
        seen.lock()
            .unwrap()
            .iter()
            .any(|event| event.contains(text))
    };
    wait_until(move || {
        has("interpreter replaced")
            && has("the job was not done within its timeout")
            && has("job interrupted")
    });
    stop.send(()).unwrap();
}

static POOL: OnceLock<InterpreterPool> = OnceLock::new();

#[test]
fn a_subscriber_may_wait_for_a_job_that_has_timed_out_to_give_way() {
    if !crate::in_a_child("events::a_subscriber_may_wait_for_a_job_that_has_timed_out_to_give_way")
    {
        return;
    }
    let (report, reported) = mpsc::channel();
    // It uses the pool, and waits for it, when a job of it has timed out.
    Observer::install(move |text| {
        if text.contains("job failed") && text.contains("timeout") {
            let pool = POOL.get().unwrap();
            assert!(pool.stats().failed >= 1);
            let _ = report.send(pool.submit(|_py| Ok(1)).join());
        }
    });
    let pool = POOL.get_or_init(|| crate::pool(1));
    let job = submit_timed_code(pool, LONG, ENDLESS);
    assert_eq!(reported.recv_timeout(LONG).unwrap(), Ok(1));
    assert_eq!(job.join(), Err(PoolError::TimedOut));
}
