//! A pool of interpreters, which all threads give jobs to and any thread may shut down.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use pyatoll::exceptions::PyValueError;
use pyatoll::pool::PoolError;
use pyatoll::prelude::*;
use pyatoll::{Interpreter, InterpreterPool};

use super::lives::creation_lock;
use super::{audit, ended_well};
use crate::handle::Tracked;
use crate::life::{Life, Maker, Stage, lock};
use crate::module;
use crate::world::{World, enter};

/// The pool, and its interpreters' lives.
pub struct Crew {
    pool: InterpreterPool,
    lives: Arc<Mutex<Vec<Arc<Life>>>>,
    /// Somebody shuts it down: jobs may be refused.
    closing: AtomicBool,
}

impl Crew {
    fn assemble(workers: usize) -> Result<Self> {
        /// Numbers apart from those of the other interpreters.
        static NUMBERS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1 << 40);

        let lives: Arc<Mutex<Vec<Arc<Life>>>> = Arc::default();
        let made = lives.clone();
        let _creating = creation_lock();
        let pool = InterpreterPool::builder()
            .size(workers)
            .queue_capacity(4)
            .initializer(move |py| {
                let life = Life::new(NUMBERS.fetch_add(1, Ordering::Relaxed), Maker::Pool);
                module::settle(py, &life)?;
                lock(&made).push(life);
                Ok(())
            })
            .build()?;
        ensure!(pool.size() == workers, "the pool has another size");
        ensure!(
            lock(&lives).len() == workers,
            "the initialiser did not run once for each worker"
        );
        Ok(Self {
            pool,
            lives,
            closing: AtomicBool::new(false),
        })
    }

    fn lives(&self) -> Vec<Arc<Life>> {
        lock(&self.lives).clone()
    }

    /// What a job came to, if it ran.
    fn checked<R>(&self, result: Result<R, PoolError>) -> Result<Option<R>> {
        match result {
            Ok(result) => Ok(Some(result)),
            Err(PoolError::ShutDown) if self.closing.load(Ordering::SeqCst) => Ok(None),
            Err(error) => bail!("a job failed: {error:?}"),
        }
    }

    /// Shuts it down, after the jobs that are queued.
    fn dismiss(&self) -> Result<()> {
        let lives = self.lives();
        for life in &lives {
            ensure!(life.begin_end(), "a worker's interpreter ended by itself");
        }
        self.closing.store(true, Ordering::SeqCst);
        self.pool.shutdown(Duration::from_secs(50))?;
        let refused = self.pool.submit(|_| Ok(())).join();
        ensure!(refused == Err(PoolError::ShutDown), "{refused:?}");
        for life in &lives {
            life.has_ended();
            ended_well(life)?;
        }
        Ok(())
    }
}

/// A job that calls the module.
fn sum(py: Python<'_>, a: u64, b: u64) -> PyResult<u64> {
    py.import("atoll")?.call_method1("add", (a, b))?.extract()
}

/// Gives the pool something to do, makes it, or shuts it down.
pub fn pool(world: &World, [choice, a, b, elsewhere]: [u64; 4]) -> Result<()> {
    if choice.is_multiple_of(40) {
        return dismiss(world);
    }
    let crew = {
        let mut place = lock(&world.crew);
        match &*place {
            Some(crew) => crew.clone(),
            None => place
                .insert(Arc::new(Crew::assemble(1 + a as usize % 2)?))
                .clone(),
        }
    };
    let expected = a.wrapping_add(b);
    match choice % 8 {
        0 => {
            let jobs: Vec<_> = (0..4)
                .map(|_| crew.pool.submit(move |py| sum(py, a, b)))
                .collect();
            for job in jobs {
                let sum = crew.checked(job.join())?;
                ensure!(sum.is_none_or(|sum| sum == expected), "a job gave {sum:?}");
            }
        }
        1 => {
            // Waits attached, in whatever interpreter.
            enter(&world.present(elsewhere), |py| {
                let here = py.interpreter();
                let sum = crew.checked(crew.pool.submit(move |py| sum(py, a, b)).join())?;
                ensure!(sum.is_none_or(|sum| sum == expected), "a job gave {sum:?}");
                ensure!(Interpreter::current() == Some(here));
                Ok(())
            })?;
        }
        2 => {
            let job = crew
                .pool
                .submit(|_| Err::<(), _>(PyValueError::new_err("on purpose")));
            match job.join() {
                Err(PoolError::Raised(error)) => ensure!(
                    (error.type_name(), error.message()) == ("ValueError", "on purpose"),
                    "{error:?}"
                ),
                other => ensure!(crew.checked(other)?.is_none(), "a job did not raise"),
            }
        }
        3 => {
            let job = crew
                .pool
                .submit(|_| -> PyResult<()> { panic!("stress: in a job") });
            match job.join() {
                Err(PoolError::Panicked(text)) => ensure!(text == "stress: in a job", "{text}"),
                other => ensure!(crew.checked(other)?.is_none(), "a job did not panic"),
            }
        }
        4 => {
            let sums = crew.pool.map(0..10, move |py, item| sum(py, a, item));
            for (item, sum) in (0..10_u64).zip(sums) {
                let sum = crew.checked(sum)?;
                ensure!(sum.is_none_or(|sum| sum == a.wrapping_add(item)), "{sum:?}");
            }
        }
        5 => {
            let job = crew.pool.submit(move |py| sum(py, a, b));
            match job.cancel() {
                true => match job.join() {
                    Err(PoolError::Cancelled) => {}
                    other => bail!("a cancelled job gave {other:?}"),
                },
                false => {
                    let sum = crew.checked(job.join())?;
                    ensure!(sum.is_none_or(|sum| sum == expected), "a job gave {sum:?}");
                }
            }
        }
        6 => {
            let number = world.number();
            // Comes back as a handle to an object of the worker's interpreter.
            let job = crew.pool.submit(move |py| {
                let _change = module::life(py)?.urgent_change();
                Ok(Tracked::of(&module::make(py, number)?))
            });
            if let Some(handle) = crew.checked(job.join())? {
                ensure!(handle.model.value == number);
                world.put_handle(handle);
            }
        }
        _ => {
            for life in crew.lives() {
                audit(world, &life, Duration::from_millis(50))?;
            }
        }
    }
    Ok(())
}

/// Shuts the pool down, if there is one.
pub fn dismiss(world: &World) -> Result<()> {
    let crew = lock(&world.crew).take();
    match crew {
        Some(crew) => crew.dismiss(),
        None => Ok(()),
    }
}

/// Compares the interpreters of the pool with the model, while no other thread works.
pub fn final_audit(world: &World) -> Result<()> {
    let crew = lock(&world.crew).clone();
    let lives = crew.map(|crew| crew.lives()).unwrap_or_default();
    for life in lives.iter().filter(|life| life.stage() == Stage::Open) {
        ensure!(
            audit(world, life, Duration::from_secs(10))?,
            "a worker's interpreter does not hold still"
        );
    }
    Ok(())
}
