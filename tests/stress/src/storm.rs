//! The storm: every thread makes interpreters, uses them and ends them, without pause.

use std::sync::atomic::Ordering;

use anyhow::{Result, ensure};
use pyatoll::interpreter::SubInterpreter;

use crate::life::{Life, Maker};
use crate::module;
use crate::operations::{call_here, ended_well};
use crate::world::{World, enter};

/// One interpreter's life.
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
    let life = Life::new(world.number(), Maker::Rust);
    life.is_of(sub.interpreter());
    let used = enter(&life, |py| {
        module::settle(py, &life)?;
        module::shelve(py, &module::make(py, world.number())?);
        call_here(py, &life, a, b, which)
    })?;
    ensure!(used.is_some(), "a new interpreter refused its thread");
    ensure!(life.begin_end());
    sub.close()?;
    life.has_ended();
    ended_well(&life)
}
