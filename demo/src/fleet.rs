//! The interpreters of the demo, and timed runs in them.

use std::ffi::CStr;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;
use pyatoll::types::PyModule;

/// The interval at which the progress bar is updated.
const TICK: Duration = Duration::from_millis(50);

/// The source of the Python module that each interpreter runs.
const DRIVER: &CStr = pyatoll::c_str!(include_str!("driver.py"));

/// Interpreters with the Rust module and the Python driver loaded.
pub struct Fleet {
    workers: Vec<Worker>,
}

/// An interpreter, and the driver in it.
struct Worker {
    driver: Py<PyModule>,
    // Declared last: the module is dropped before the interpreter.
    interpreter: SubInterpreter,
}

impl Fleet {
    /// Starts `size` interpreters.
    pub fn start(size: usize) -> Result<Self> {
        let workers = (0..size).map(|_| Worker::start()).collect::<Result<_>>()?;
        Ok(Self { workers })
    }

    /// Runs `job` with the driver in each of the first `size` interpreters at once, each in its own
    /// thread. Returns the time from the first start to the last end, and the results.
    ///
    /// Calls `tick` periodically until then.
    pub fn run<R: Send>(
        &self,
        size: usize,
        job: impl Fn(&Bound<'_, PyModule>) -> PyResult<R> + Sync,
        tick: impl Fn(),
    ) -> Result<(Duration, Vec<R>)> {
        let workers = &self.workers[..size];
        let barrier = Barrier::new(size);
        let outcomes = thread::scope(|scope| {
            let (barrier, job) = (&barrier, &job);
            let threads: Vec<_> = workers
                .iter()
                .map(|worker| scope.spawn(move || worker.run(barrier, job)))
                .collect();
            while !threads.iter().all(|thread| thread.is_finished()) {
                tick();
                thread::sleep(TICK);
            }
            tick();
            threads
                .into_iter()
                .map(|thread| {
                    thread
                        .join()
                        .map_err(|_| anyhow!("a thread panicked"))
                        .flatten()
                })
                .collect::<Result<Vec<_>>>()
        })?;
        let start = outcomes.iter().map(|outcome| outcome.start).min();
        let end = outcomes.iter().map(|outcome| outcome.end).max();
        let time = end
            .zip(start)
            .map(|(end, start)| end - start)
            .context("no interpreters")?;
        let results = outcomes.into_iter().map(|outcome| outcome.result);
        Ok((time, results.collect()))
    }
}

/// The result of one interpreter in a run.
struct Outcome<R> {
    start: Instant,
    end: Instant,
    result: R,
}

impl Worker {
    fn start() -> Result<Self> {
        let interpreter = SubInterpreter::builder().build()?;
        let driver = interpreter.attach(|py| {
            PyModule::from_code(py, DRIVER, c"driver.py", c"driver").map(Bound::unbind)
        })??;
        Ok(Self {
            driver,
            interpreter,
        })
    }

    fn run<R>(
        &self,
        barrier: &Barrier,
        job: impl Fn(&Bound<'_, PyModule>) -> PyResult<R>,
    ) -> Result<Outcome<R>> {
        // Before attaching: interpreters that share a GIL need it to arrive here.
        barrier.wait();
        let start = Instant::now();
        let result = self.interpreter.attach(|py| job(self.driver.bind(py)))??;
        let end = Instant::now();
        Ok(Outcome { start, end, result })
    }
}
