//! A pool of interpreters to which all threads submit jobs and which any of them may shut down.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use pyatoll::exceptions::PyValueError;
use pyatoll::pool::PoolError;
use pyatoll::prelude::*;
use pyatoll::{Interpreter, InterpreterPool};

use super::create::creation_lock;
use super::{audit, check_ended};
use crate::handle::Tracked;
use crate::model::{InterpreterModel, Maker, Stage, lock};
use crate::module;
use crate::world::{World, enter};

/// The pool, and the models of its interpreters.
pub struct PoolModel {
    pool: InterpreterPool,
    interpreters: Arc<Mutex<Vec<Arc<InterpreterModel>>>>,
    /// Set once a thread shuts the pool down: jobs may be refused.
    closing: AtomicBool,
}

impl PoolModel {
    fn new(workers: usize) -> Result<Self> {
        /// Disjoint from the numbers of the other interpreters.
        static NUMBERS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1 << 40);

        let interpreters: Arc<Mutex<Vec<Arc<InterpreterModel>>>> = Arc::default();
        let made = interpreters.clone();
        let _creating = creation_lock();
        let pool = InterpreterPool::builder()
            .size(workers)
            .queue_capacity(4)
            .initializer(move |py| {
                let interpreter =
                    InterpreterModel::new(NUMBERS.fetch_add(1, Ordering::Relaxed), Maker::Pool);
                module::set_model(py, &interpreter)?;
                lock(&made).push(interpreter);
                Ok(())
            })
            .build()?;
        ensure!(pool.size() == workers, "the pool has another size");
        ensure!(
            lock(&interpreters).len() == workers,
            "the initializer did not run once for each worker"
        );
        Ok(Self {
            pool,
            interpreters,
            closing: AtomicBool::new(false),
        })
    }

    fn interpreters(&self) -> Vec<Arc<InterpreterModel>> {
        lock(&self.interpreters).clone()
    }

    /// Returns a job's result; `None` if the job was refused because of a shutdown.
    fn checked<R>(&self, result: Result<R, PoolError>) -> Result<Option<R>> {
        match result {
            Ok(result) => Ok(Some(result)),
            Err(PoolError::ShutDown) if self.closing.load(Ordering::SeqCst) => Ok(None),
            Err(error) => bail!("a job failed: {error:?}"),
        }
    }

    /// Shuts the pool down after its queued jobs.
    fn shut_down(&self) -> Result<()> {
        let interpreters = self.interpreters();
        for interpreter in &interpreters {
            ensure!(
                interpreter.begin_end(),
                "a worker's interpreter ended by itself"
            );
        }
        self.closing.store(true, Ordering::SeqCst);
        self.pool.shutdown(Duration::from_secs(240))?;
        let refused = self.pool.submit(|_| Ok(())).join();
        ensure!(refused == Err(PoolError::ShutDown), "{refused:?}");
        for interpreter in &interpreters {
            interpreter.mark_ended();
            check_ended(interpreter)?;
        }
        Ok(())
    }
}

/// Calls the module, as a job.
fn sum(py: Python<'_>, a: u64, b: u64) -> PyResult<u64> {
    py.import("atoll")?.call_method1("add", (a, b))?.extract()
}

/// Submits jobs to the pool, which is created if necessary, or shuts it down.
pub fn pool(world: &World, [choice, a, b, elsewhere]: [u64; 4]) -> Result<()> {
    if choice.is_multiple_of(40) {
        return shut_down(world);
    }
    let pool = {
        let mut slot = lock(&world.pool);
        match &*slot {
            Some(pool) => pool.clone(),
            None => slot
                .insert(Arc::new(PoolModel::new(1 + a as usize % 2)?))
                .clone(),
        }
    };
    let expected = a.wrapping_add(b);
    match choice % 8 {
        0 => {
            let jobs: Vec<_> = (0..4)
                .map(|_| pool.pool.submit(move |py| sum(py, a, b)))
                .collect();
            for job in jobs {
                let sum = pool.checked(job.join())?;
                ensure!(sum.is_none_or(|sum| sum == expected), "a job gave {sum:?}");
            }
        }
        1 => {
            // Waits while attached to some interpreter.
            enter(&world.pick_live(elsewhere), |py| {
                let here = py.interpreter();
                let sum = pool.checked(pool.pool.submit(move |py| sum(py, a, b)).join())?;
                ensure!(sum.is_none_or(|sum| sum == expected), "a job gave {sum:?}");
                ensure!(Interpreter::current() == Some(here));
                Ok(())
            })?;
        }
        2 => {
            let job = pool
                .pool
                .submit(|_| Err::<(), _>(PyValueError::new_err("on purpose")));
            match job.join() {
                Err(PoolError::Raised(error)) => ensure!(
                    (error.type_name(), error.message()) == ("ValueError", "on purpose"),
                    "{error:?}"
                ),
                other => ensure!(pool.checked(other)?.is_none(), "a job did not raise"),
            }
        }
        3 => {
            let job = pool
                .pool
                .submit(|_| -> PyResult<()> { panic!("stress: in a job") });
            match job.join() {
                Err(PoolError::Panicked(text)) => ensure!(text == "stress: in a job", "{text}"),
                other => ensure!(pool.checked(other)?.is_none(), "a job did not panic"),
            }
        }
        4 => {
            let sums = pool.pool.map(0..10, move |py, item| sum(py, a, item));
            for (item, sum) in (0..10_u64).zip(sums) {
                let sum = pool.checked(sum)?;
                ensure!(sum.is_none_or(|sum| sum == a.wrapping_add(item)), "{sum:?}");
            }
        }
        5 => {
            let job = pool.pool.submit(move |py| sum(py, a, b));
            match job.cancel() {
                true => match job.join() {
                    Err(PoolError::Cancelled) => {}
                    other => bail!("a cancelled job gave {other:?}"),
                },
                false => {
                    let sum = pool.checked(job.join())?;
                    ensure!(sum.is_none_or(|sum| sum == expected), "a job gave {sum:?}");
                }
            }
        }
        6 => {
            let number = world.number();
            // The result is a handle to an object of the worker's interpreter.
            let job = pool.pool.submit(move |py| {
                let _change = module::current_model(py)?.urgent_change();
                Ok(Tracked::of(&module::make(py, number)?))
            });
            if let Some(handle) = pool.checked(job.join())? {
                ensure!(handle.model.value == number);
                world.put_handle(handle);
            }
        }
        _ => {
            for interpreter in pool.interpreters() {
                audit(world, &interpreter, Duration::from_millis(50))?;
            }
        }
    }
    Ok(())
}

/// Shuts down the current pool, if any.
pub fn shut_down(world: &World) -> Result<()> {
    let pool = lock(&world.pool).take();
    match pool {
        Some(pool) => pool.shut_down(),
        None => Ok(()),
    }
}

/// Audits the pool's interpreters while no other thread works.
pub fn final_audit(world: &World) -> Result<()> {
    let pool = lock(&world.pool).clone();
    let interpreters = pool.map(|pool| pool.interpreters()).unwrap_or_default();
    for interpreter in interpreters
        .iter()
        .filter(|interpreter| interpreter.stage() == Stage::Open)
    {
        ensure!(
            audit(world, interpreter, Duration::from_secs(60))?,
            "a worker's interpreter cannot be audited"
        );
    }
    Ok(())
}
