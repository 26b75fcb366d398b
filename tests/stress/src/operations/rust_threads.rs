//! Threads started within an operation.

use anyhow::{Result, anyhow, ensure};
use pyatoll::prelude::*;

use super::calls::{atoll, call_here};
use super::to_anyhow;
use crate::flight;
use crate::model::Stage;
use crate::world::{World, enter};

/// Attaches several threads to one interpreter, or starts them from an attached thread.
pub fn threads(world: &World, [choice, count, a, how]: [u64; 4]) -> Result<()> {
    let interpreter = world.pick_any(choice);
    let count = 1 + count % 4;
    if how % 2 == 0 {
        enter(&interpreter, |py| {
            let sum = atoll(py)?
                .getattr("threads")
                .and_then(|threads| threads.call1((count,)))
                .map_err(to_anyhow);
            if interpreter.stage() == Stage::Open {
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
                let interpreter = &interpreter;
                scope.spawn(move || {
                    if let Some(number) = number {
                        flight::begin(number);
                    }
                    enter(interpreter, |py| {
                        call_here(py, interpreter, a, which, which)?;
                        let deaf = py.detach(|| {
                            enter(interpreter, |py| call_here(py, interpreter, which, a, a))
                        });
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
