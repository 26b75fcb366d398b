//! Interpreters end: by their owner, from within, from Python.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;

use super::lives::in_python;
use super::{audit, said};
use crate::life::{Life, Maker, Stage};
use crate::world::World;

/// Takes an interpreter of Rust's to end it.
fn take(world: &World, choice: u64) -> Option<(Arc<Life>, SubInterpreter)> {
    let life = world.made_by(Maker::Rust, choice)?;
    if !life.begin_end() {
        return None;
    }
    let sub = life.take_owned()?;
    Some((life, sub))
}

/// The owner closes it or drops it: on this thread or another, attached to main or to none.
pub fn close(world: &World, [choice, how, ..]: [u64; 4]) -> Result<()> {
    let Some((life, sub)) = take(world, choice) else {
        return Ok(());
    };
    match how % 5 {
        0 => drop(sub),
        1 => Python::attach(|_| drop(sub)),
        2 => Python::attach(|_| sub.close())?,
        3 => std::thread::spawn(move || sub.close())
            .join()
            .map_err(|_| anyhow::anyhow!("closing panicked"))??,
        _ => sub.close()?,
    }
    ended(world, &life)
}

/// Closing it from within is refused, and it stays as it was.
pub fn close_within(world: &World, [choice, detached, ..]: [u64; 4]) -> Result<()> {
    let Some((life, sub)) = take(world, choice) else {
        return Ok(());
    };
    let handle = life.handle();
    let refused = handle.attach(|py| {
        if detached % 2 == 0 {
            sub.close()
        } else {
            py.detach(|| sub.close())
        }
    });
    let Err(error) = refused? else {
        bail!("life {} was closed from within", life.number);
    };
    let sub = error.into_inner();
    ensure!(handle.is_alive(), "a refused close has ended it");
    life.own(sub);
    life.cancel_end();
    Ok(())
}

/// Dropped from within, it is ended by another thread, once this one has left.
pub fn drop_within(world: &World, [choice, ..]: [u64; 4]) -> Result<()> {
    let Some((life, sub)) = take(world, choice) else {
        return Ok(());
    };
    let handle = life.handle();
    handle.attach(move |py| {
        drop(sub);
        py.import("atoll").map(|_| ()).map_err(said)
    })??;
    let patience = Instant::now() + Duration::from_secs(60);
    while !audit::is_over(&life) {
        ensure!(Instant::now() < patience, "a dropped interpreter goes on");
        std::thread::sleep(Duration::from_millis(1));
    }
    ended(world, &life)
}

/// Python code in the main interpreter ends one that Python code has made.
pub fn end_from_python(world: &World, [choice, ..]: [u64; 4]) -> Result<()> {
    let Some(life) = world.made_by(Maker::Python, choice) else {
        return Ok(());
    };
    if !life.begin_end() {
        return Ok(());
    }
    destroy(&life)?;
    ended(world, &life)
}

fn destroy(life: &Life) -> Result<()> {
    Python::attach(|py| {
        in_python(py, "destroy", (life.id(),))
            .map(|_| ())
            .map_err(said)
    })
}

/// Ends one that is open, in the plain way.
pub fn end(world: &World, life: &Arc<Life>) -> Result<()> {
    if !life.begin_end() {
        return Ok(());
    }
    match life.maker {
        Maker::Rust => life.take_owned().context("nobody owns it")?.close()?,
        Maker::Python => destroy(life)?,
        Maker::Runtime | Maker::Pool => bail!("that interpreter is not the driver's to end"),
    }
    ended(world, life)
}

/// Checks an interpreter after its end, and takes it out of the world.
fn ended(world: &World, life: &Arc<Life>) -> Result<()> {
    life.has_ended();
    world.bury(life);
    ensure!(life.stage() == Stage::Ended);
    audit::ended_well(life)
}
