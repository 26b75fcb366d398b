//! The working threads, which run until the time is up or something fails.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use pyatoll::Interpreter;

use crate::operations::{self, Draws};
use crate::storm;
use crate::world::World;
use crate::{Options, failure, flight};

/// Interval at which the time, the failures and the memory are checked.
const TICK: Duration = Duration::from_millis(20);

/// Stack size of a thread: Python may use much of it before it raises `RecursionError`.
const STACK: usize = 16 << 20;

/// Runs all threads for the configured time.
pub fn run(options: &Options, world: &Arc<World>) {
    let end = Instant::now() + Duration::from_secs_f64(options.seconds);
    let threads: Vec<_> = (0..usize::from(options.threads))
        .map(|thread| {
            let world = world.clone();
            let draws = Draws::new(options.seed, thread);
            let storm = options.storm;
            let steps = options.steps.unwrap_or(u64::MAX);
            std::thread::Builder::new()
                .stack_size(STACK)
                .spawn(move || work(&world, draws, thread, steps, storm))
                .expect("the system can start threads")
        })
        .collect();
    while Instant::now() < end
        && !failure::is_stopped()
        && threads.iter().any(|thread| !thread.is_finished())
        && resident_megabytes() < options.megabytes
    {
        std::thread::sleep(TICK);
    }
    failure::stop();
    for thread in threads {
        if thread.join().is_err() {
            failure::record("a thread of the driver panicked".into());
        }
    }
}

fn work(world: &World, draws: Draws, thread: usize, steps: u64, storm: bool) {
    flight::begin(thread);
    for (step, draw) in (1..=steps).zip(draws) {
        if failure::is_stopped() {
            break;
        }
        let result = if storm {
            flight::step(step, operations::Kind::Create);
            checked(|| storm::cycle(world, draw.choices))
        } else {
            flight::step(step, draw.kind);
            checked(|| operations::run(world, draw))
        };
        if let Err(error) = result {
            failure::record(format!("{error:#}"));
        }
    }
    flight::end();
}

/// Checks that an operation neither panics nor leaves its thread attached.
fn checked(operation: impl FnOnce() -> Result<()>) -> Result<()> {
    catch_unwind(AssertUnwindSafe(operation))
        .map_err(|payload| anyhow!("panicked: {}", failure::text_of(&*payload)))??;
    match Interpreter::current() {
        None => Ok(()),
        Some(interpreter) => Err(anyhow!("the thread is still attached to {interpreter:?}")),
    }
}

/// Returns the resident memory of the process, or 0 where it is unknown.
fn resident_megabytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok());
    (pages.unwrap_or(0) * 4096) >> 20
}
