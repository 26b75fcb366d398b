//! `--storm`: every thread creates, uses and ends interpreters without pause.

use std::sync::atomic::Ordering;

use anyhow::{Result, ensure};
use pyatoll::interpreter::SubInterpreter;

use crate::model::{InterpreterModel, Maker};
use crate::module;
use crate::operations::{call_here, check_ended};
use crate::world::{World, enter};

/// Creates, uses, ends and checks one interpreter.
pub fn cycle(world: &World, [choice, a, b, which]: [u64; 4]) -> Result<()> {
    let builder = SubInterpreter::builder();
    let builder = if choice % 4 == 0 {
        builder.legacy()
    } else {
        builder
    };
    let sub = builder.build()?;
    world
        .statistics
        .interpreters
        .fetch_add(1, Ordering::Relaxed);
    let interpreter = InterpreterModel::new(world.number(), Maker::Rust);
    interpreter.set_handle(sub.interpreter());
    let entered = enter(&interpreter, |py| {
        module::set_model(py, &interpreter)?;
        module::shelve(py, &module::make(py, world.number())?);
        call_here(py, &interpreter, a, b, which)
    })?;
    ensure!(entered.is_some(), "a new interpreter refused its thread");
    ensure!(interpreter.begin_end());
    sub.close()?;
    interpreter.mark_ended();
    check_ended(&interpreter)
}
