//! Values of interpreters: those that hold handles of others, that enter others when they are
//! dropped, and cells that are not statics.

use std::sync::Arc;

use anyhow::{Result, anyhow, ensure};
use pyatoll::prelude::*;
use pyatoll::sync::PyOnceLock;

use super::calls::run_python;
use super::to_anyhow;
use crate::flight;
use crate::module::{self, Counted};
use crate::world::{World, enter, enter_unannounced};

/// Puts a handle into a value of its own or another interpreter, which drops it at its end.
pub fn keep(world: &World, [choice, elsewhere, ..]: [u64; 4]) -> Result<()> {
    let Some(handle) = world.take_handle(choice) else {
        return Ok(());
    };
    let replaced = enter(&world.pick_any(elsewhere), |py| {
        Ok(module::keep(py, handle))
    })?;
    if let Some(handle) = replaced.flatten() {
        world.put_handle(handle);
    }
    Ok(())
}

/// Gives an interpreter a value that enters another one when it is dropped.
pub fn enter_on_drop(world: &World, [choice, elsewhere, ..]: [u64; 4]) -> Result<()> {
    let there = world.pick_any(elsewhere);
    enter(&world.pick_live(choice), |py| {
        module::enter_on_drop(py, there);
        Ok(())
    })?;
    Ok(())
}

/// Initializes a cell in the current interpreter, and checks that it keeps its value.
fn use_cell(py: Python<'_>, cell: &PyOnceLock<Py<Counted>>, value: u64) -> Result<usize> {
    let made = cell.get_or_try_init(py, || Ok::<_, PyErr>(module::make(py, value)?.unbind()));
    let made = made.map_err(to_anyhow)?;
    ensure!(made.bind(py).get().value() == value);
    ensure!(cell.get(py).is_some_and(|found| found.is(made)));
    Ok(made.as_ptr().addr())
}

/// Uses cells that come and go: as fields of instances, and shared by interpreters and threads.
pub fn cells(world: &World, [choice, elsewhere, how, value]: [u64; 4]) -> Result<()> {
    let interpreter = world.pick_any(choice);
    match how % 3 {
        0 => {
            enter(&interpreter, |py| {
                let code = c"
kept = []
for n in range(50):
    lazy = atoll.Lazy()
    assert lazy.value() is lazy.value()
    if n % 10 == 0:
        kept.append(lazy)
assert len({id(lazy.value()) for lazy in kept}) == len(kept)
del lazy, kept
";
                run_python(py, code, &[])
            })?;
        }
        1 => {
            let other = world.pick_any(elsewhere);
            // Both stay announced until the values are released.
            let (Some(_change), Some(_other)) = (interpreter.change(), other.change()) else {
                return Ok(());
            };
            let cell = Box::new(PyOnceLock::new());
            for interpreter in [&interpreter, &other, &interpreter] {
                enter_unannounced(interpreter, |py| use_cell(py, &cell, value))?;
            }
            match how / 3 % 2 {
                0 => drop(cell),
                _ => {
                    enter_unannounced(&other, |_| {
                        drop(cell);
                        Ok(())
                    })?;
                }
            }
        }
        _ => {
            let Some(_change) = interpreter.change() else {
                return Ok(());
            };
            let cell = Arc::new(PyOnceLock::new());
            let number = flight::number();
            let threads = [(); 3].map(|()| {
                let (interpreter, cell) = (interpreter.clone(), cell.clone());
                std::thread::spawn(move || {
                    if let Some(number) = number {
                        flight::begin(number);
                    }
                    enter_unannounced(&interpreter, |py| use_cell(py, &cell, value))
                })
            });
            drop(cell);
            let mut found = Vec::new();
            for thread in threads {
                let place = thread.join().map_err(|_| anyhow!("a thread panicked"))??;
                found.extend(place);
            }
            found.dedup();
            ensure!(found.len() < 2, "a cell has {} values", found.len());
        }
    }
    Ok(())
}
