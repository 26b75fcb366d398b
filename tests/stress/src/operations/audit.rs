//! The model and the interpreters are compared.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use pyatoll::prelude::*;

use super::lives::values_are_dropped;
use super::said;
use crate::handle::Tracked;
use crate::life::{Life, Stage};
use crate::module;
use crate::world::{World, enter_unannounced};

/// How often the collector runs before objects count as lost: what one run frees may hold more.
const COLLECTIONS: usize = 3;

/// Compares an interpreter that nothing changes meanwhile. `false`: something did.
pub fn audit(world: &World, life: &Arc<Life>, patience: Duration) -> Result<bool> {
    let done = compare(world, life, patience)?;
    let statistics = &world.statistics;
    match done {
        true => &statistics.audits,
        false => &statistics.disturbed,
    }
    .fetch_add(1, Ordering::Relaxed);
    Ok(done)
}

fn compare(world: &World, life: &Arc<Life>, patience: Duration) -> Result<bool> {
    if life.stage() == Stage::Ended {
        ended_well(life)?;
        return Ok(true);
    }
    let Some(still) = life.hold_still(patience) else {
        return Ok(false);
    };
    let found = enter_unannounced(life, |py| {
        for _ in 0..COLLECTIONS {
            py.import("gc")
                .and_then(|gc| gc.call_method0("collect"))
                .map_err(said)?;
        }
        let alive = life.alive.load(Ordering::SeqCst);
        let counted = module::counted(py);
        let references = references(py, world, life);
        Ok((alive, counted, references))
    })?;
    let Some((alive, counted, references)) = found else {
        return Ok(false);
    };
    let (held, calls) = (life.held(), life.calls.load(Ordering::SeqCst));
    if !still.held() || life.stage() != Stage::Open {
        return Ok(false);
    }
    let number = life.number;
    ensure!(
        alive == held,
        "life {number} has {alive} counted objects; {held} are referred to"
    );
    ensure!(
        counted == calls,
        "life {number} has counted {counted} calls of {calls}"
    );
    for (object, found, expected) in references {
        ensure!(
            found == expected,
            "{object} has {found} references, not {expected}"
        );
    }
    Ok(true)
}

/// Objects of the interpreter with handles that are kept: what they are called, the references
/// they have, and those the driver knows of.
fn references(py: Python<'_>, world: &World, life: &Arc<Life>) -> Vec<(String, i64, i64)> {
    let of_life = |handle: &Tracked| Arc::ptr_eq(&handle.model.life, life);
    let handles = world.handles();
    let mut found = HashMap::new();
    for handle in handles.iter().filter(|handle| of_life(handle)) {
        found.entry(Arc::as_ptr(&handle.model)).or_insert_with(|| {
            (
                handle.model.to_string(),
                handle.object().get_refcnt(py) as i64,
                handle.model.references(),
            )
        });
    }
    found.into_values().collect()
}

/// Whether an interpreter that is ending is through with it, as far as can be seen.
pub fn is_over(life: &Life) -> bool {
    let most = life.left_after_end();
    !life.handle().is_alive()
        && life.values_dropped.load(Ordering::SeqCst)
        && life.alive.load(Ordering::SeqCst) <= most
}

/// Checks what an interpreter that has ended has left behind.
pub fn ended_well(life: &Arc<Life>) -> Result<()> {
    let number = life.number;
    ensure!(
        !life.handle().is_alive(),
        "life {number} is alive after its end"
    );
    ensure!(
        values_are_dropped(life),
        "the values of life {number} were not dropped at its end"
    );
    // In this order: handles may go meanwhile, and are counted as late then.
    let alive = life.alive.load(Ordering::SeqCst);
    let most = life.left_after_end();
    ensure!(
        alive <= most,
        "{alive} counted objects of life {number} are left after its end; handles explain {most}"
    );
    Ok(())
}

/// Compares all interpreters while no other thread works. All of them must hold still.
pub fn final_audit(world: &World) -> Result<()> {
    for life in world.all().into_iter().chain([world.main.clone()]) {
        let until = Instant::now() + Duration::from_secs(10);
        while !audit(world, &life, Duration::from_secs(10))? {
            Some(())
                .filter(|()| Instant::now() < until)
                .with_context(|| format!("life {} does not hold still", life.number))?;
        }
    }
    Ok(())
}
