//! The interpreters of the demo, and timed runs in them.

use std::ffi::CStr;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;
use pyatoll::types::PyModule;

use crate::counts::Counts;
use crate::work::{Share, Work};

/// The interval at which the progress bar is updated.
const TICK: Duration = Duration::from_millis(50);

/// The source of the Python module that each interpreter runs.
const DRIVER: &CStr = pyatoll::c_str!(include_str!("driver.py"));

/// Interpreters with the Rust module and the Python driver loaded.
pub struct Fleet {
    workers: Vec<Worker>,
}

/// An interpreter, and the driver's function in it.
struct Worker {
    count: Py<PyAny>,
    // Declared last: the function is dropped before the interpreter.
    interpreter: SubInterpreter,
}

impl Fleet {
    /// Starts `size` interpreters.
    pub fn start(size: usize) -> Result<Self> {
        let workers = (0..size).map(|_| Worker::start()).collect::<Result<_>>()?;
        Ok(Self { workers })
    }

    /// Runs all of `work` in the first `size` interpreters, each in its own thread. Returns the
    /// time from the first start to the last end, and the sum of their counts.
    ///
    /// Calls `tick` periodically until then.
    pub fn run(&self, size: usize, work: Work, tick: impl Fn(&Work)) -> Result<(Duration, Counts)> {
        let work = Arc::new(work);
        let workers = &self.workers[..size];
        let barrier = Barrier::new(size);
        let results = thread::scope(|scope| {
            let (barrier, work) = (&barrier, &work);
            let threads: Vec<_> = workers
                .iter()
                .map(|worker| scope.spawn(move || worker.run(barrier, work.clone())))
                .collect();
            while !threads.iter().all(|thread| thread.is_finished()) {
                tick(work);
                thread::sleep(TICK);
            }
            tick(work);
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
        let start = results.iter().map(|result| result.start).min();
        let end = results.iter().map(|result| result.end).max();
        let time = end
            .zip(start)
            .map(|(end, start)| end - start)
            .context("no interpreters")?;
        let mut counts = Counts::default();
        for result in results {
            counts.merge(result.counts);
        }
        Ok((time, counts))
    }
}

/// The result of one interpreter in a run.
struct Outcome {
    start: Instant,
    end: Instant,
    counts: Counts,
}

impl Worker {
    fn start() -> Result<Self> {
        let interpreter = SubInterpreter::builder().build()?;
        let count = interpreter.attach(|py| {
            let driver = PyModule::from_code(py, DRIVER, c"driver.py", c"driver")?;
            Ok::<_, PyErr>(driver.getattr("count")?.unbind())
        })??;
        Ok(Self { interpreter, count })
    }

    fn run(&self, barrier: &Barrier, work: Arc<Work>) -> Result<Outcome> {
        // Before attaching: interpreters that share a GIL need it to arrive here.
        barrier.wait();
        let start = Instant::now();
        let outcome = self.interpreter.attach(|py| {
            let share = Bound::new(py, Share::new(work))?;
            let counts = self.count.bind(py).call1((share,))?;
            let end = Instant::now();
            let counts = counts.cast::<Counts>()?.borrow().clone();
            Ok::<_, PyErr>(Outcome { start, end, counts })
        })?;
        Ok(outcome?)
    }
}
