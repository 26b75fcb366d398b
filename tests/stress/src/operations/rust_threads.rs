//! Threads that come and go within an operation.

use anyhow::{Result, anyhow, ensure};
use pyatoll::prelude::*;

use super::calls::{atoll, call_here};
use super::said;
use crate::flight;
use crate::life::Stage;
use crate::world::{World, enter};

/// Several threads attach to the same interpreter, or one that is attached starts several.
pub fn threads(world: &World, [choice, count, a, how]: [u64; 4]) -> Result<()> {
    let life = world.any(choice);
    let count = 1 + count % 4;
    if how % 2 == 0 {
        enter(&life, |py| {
            let sum = atoll(py)?
                .getattr("threads")
                .and_then(|threads| threads.call1((count,)))
                .map_err(said);
            if life.stage() == Stage::Open {
                // 0 + 1, 1 + 1, …
                let sum: u64 = sum?.extract()?;
                ensure!(sum == count * (count + 1) / 2, "threads({count}) is {sum}");
            }
            Ok(())
        })?;
        return Ok(());
    }
    let number = flight::number();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|which| {
                let life = &life;
                scope.spawn(move || {
                    if let Some(number) = number {
                        flight::begin(number);
                    }
                    enter(life, |py| {
                        call_here(py, life, a, which, which)?;
                        let deaf = py.detach(|| enter(life, |py| call_here(py, life, which, a, a)));
                        deaf.map(|_| ())
                    })
                })
            })
            .collect();
        for thread in threads {
            thread.join().map_err(|_| anyhow!("a thread panicked"))??;
        }
        Ok(())
    })
}
