//! The threads that work, until the time is over or something fails.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use pyatoll::Interpreter;

use crate::operations::{self, Draws};
use crate::storm;
use crate::world::World;
use crate::{Options, failure, flight};

/// How often it is looked whether the time is over.
const TICK: Duration = Duration::from_millis(20);

/// Python may use much of the stack before it says that there was too much recursion.
const STACK: usize = 16 << 20;

/// Lets all threads work for as long as the options say.
pub fn run(options: &Options, world: &Arc<World>) {
    let end = Instant::now() + Duration::from_secs_f64(options.seconds);
    let threads: Vec<_> = (0..usize::from(options.threads))
        .map(|thread| {
            let world = world.clone();
            let (seed, storm) = (options.seed, options.storm);
            let steps = options.steps.unwrap_or(u64::MAX);
            std::thread::Builder::new()
                .stack_size(STACK)
                .spawn(move || work(&world, seed, thread, steps, storm))
                .expect("the system gives threads")
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
            failure::note("a thread of the driver panicked".into());
        }
    }
}

fn work(world: &World, seed: u64, thread: usize, steps: u64, storm: bool) {
    flight::begin(thread);
    for (step, draw) in (1..=steps).zip(Draws::new(seed, thread)) {
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
            failure::note(format!("{error:#}"));
        }
    }
    flight::end();
}

/// An operation must not panic, and must leave the thread as it was.
fn checked(operation: impl FnOnce() -> Result<()>) -> Result<()> {
    catch_unwind(AssertUnwindSafe(operation))
        .map_err(|payload| anyhow!("panicked: {}", failure::text_of(&*payload)))??;
    match Interpreter::current() {
        None => Ok(()),
        Some(interpreter) => Err(anyhow!("the thread is still attached to {interpreter:?}")),
    }
}

/// The memory of the process that is in use, or 0 where that cannot be told.
fn resident_megabytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok());
    (pages.unwrap_or(0) * 4096) >> 20
}
