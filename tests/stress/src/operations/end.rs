//! Ending interpreters: by their owner, from within, from Python.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;

use super::create::in_python;
use super::{audit, to_anyhow};
use crate::model::{InterpreterModel, Maker, Stage};
use crate::world::World;

/// Takes an interpreter that Rust created, in order to end it.
fn take(world: &World, choice: u64) -> Option<(Arc<InterpreterModel>, SubInterpreter)> {
    let interpreter = world.made_by(Maker::Rust, choice)?;
    if !interpreter.begin_end() {
        return None;
    }
    let sub = interpreter.take_owned()?;
    Some((interpreter, sub))
}

/// Closes or drops an interpreter, on this thread or another, attached to the main one or to none.
pub fn close(world: &World, [choice, how, ..]: [u64; 4]) -> Result<()> {
    let Some((interpreter, sub)) = take(world, choice) else {
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
    ended(world, &interpreter)
}

/// Closes an interpreter from within, which is refused and changes nothing.
pub fn close_within(world: &World, [choice, detached, ..]: [u64; 4]) -> Result<()> {
    let Some((interpreter, sub)) = take(world, choice) else {
        return Ok(());
    };
    let handle = interpreter.handle();
    let refused = handle.attach(|py| {
        if detached % 2 == 0 {
            sub.close()
        } else {
            py.detach(|| sub.close())
        }
    });
    let Err(error) = refused? else {
        bail!("interpreter #{} was closed from within", interpreter.number);
    };
    let sub = error.into_inner();
    ensure!(handle.is_alive(), "a refused close ended the interpreter");
    interpreter.set_owned(sub);
    interpreter.cancel_end();
    Ok(())
}

/// Drops an interpreter from within: another thread ends it once this one has left.
pub fn drop_within(world: &World, [choice, ..]: [u64; 4]) -> Result<()> {
    let Some((interpreter, sub)) = take(world, choice) else {
        return Ok(());
    };
    let handle = interpreter.handle();
    handle.attach(move |py| {
        drop(sub);
        py.import("atoll").map(|_| ()).map_err(to_anyhow)
    })??;
    let deadline = Instant::now() + Duration::from_secs(300);
    while !audit::is_over(&interpreter) {
        ensure!(
            Instant::now() < deadline,
            "a dropped interpreter does not end"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    ended(world, &interpreter)
}

/// Ends an interpreter that Python code created, from Python code in the main interpreter.
pub fn end_from_python(world: &World, [choice, ..]: [u64; 4]) -> Result<()> {
    let Some(interpreter) = world.made_by(Maker::Python, choice) else {
        return Ok(());
    };
    if !interpreter.begin_end() {
        return Ok(());
    }
    destroy(&interpreter)?;
    ended(world, &interpreter)
}

fn destroy(interpreter: &InterpreterModel) -> Result<()> {
    Python::attach(|py| {
        in_python(py, "destroy", (interpreter.id(),))
            .map(|_| ())
            .map_err(to_anyhow)
    })
}

/// Ends an open interpreter in the ordinary way.
pub fn end(world: &World, interpreter: &Arc<InterpreterModel>) -> Result<()> {
    if !interpreter.begin_end() {
        return Ok(());
    }
    match interpreter.maker {
        Maker::Rust => interpreter
            .take_owned()
            .context("the interpreter has no owner")?
            .close()?,
        Maker::Python => destroy(interpreter)?,
        Maker::Runtime | Maker::Pool => bail!("that interpreter is not the driver's to end"),
    }
    ended(world, interpreter)
}

/// Records and checks the end of an interpreter.
fn ended(world: &World, interpreter: &Arc<InterpreterModel>) -> Result<()> {
    interpreter.mark_ended();
    world.retire(interpreter);
    ensure!(interpreter.stage() == Stage::Ended);
    audit::check_ended(interpreter)
}
