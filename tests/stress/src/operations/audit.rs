//! Comparing interpreters with the model.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use pyatoll::prelude::*;
use pyatoll::types::PyDict;

use super::to_anyhow;
use crate::handle::Tracked;
use crate::model::{InterpreterModel, Stage};
use crate::module;
use crate::world::{World, enter_unannounced};

/// Number of collections before an object counts as leaked: freeing one may release others.
const COLLECTIONS: usize = 3;

/// Compares an interpreter with its model. Returns `false` if a change disturbed the comparison.
pub fn audit(
    world: &World,
    interpreter: &Arc<InterpreterModel>,
    timeout: Duration,
) -> Result<bool> {
    let done = compare(world, interpreter, timeout)?;
    let statistics = &world.statistics;
    match done {
        true => &statistics.audits,
        false => &statistics.disturbed,
    }
    .fetch_add(1, Ordering::Relaxed);
    Ok(done)
}

fn compare(world: &World, interpreter: &Arc<InterpreterModel>, timeout: Duration) -> Result<bool> {
    if interpreter.stage() == Stage::Ended {
        check_ended(interpreter)?;
        return Ok(true);
    }
    let Some(frozen) = interpreter.freeze(timeout) else {
        return Ok(false);
    };
    let found = enter_unannounced(interpreter, |py| {
        for _ in 0..COLLECTIONS {
            if !collect(py)? {
                return Ok(None);
            }
        }
        let alive = interpreter.alive.load(Ordering::SeqCst);
        let counted = module::counted(py);
        let references = references(py, world, interpreter);
        Ok(Some((alive, counted, references)))
    })?;
    let Some(Some((alive, counted, references))) = found else {
        return Ok(false);
    };
    let (referenced, calls) = (
        interpreter.referenced(),
        interpreter.calls.load(Ordering::SeqCst),
    );
    if !frozen.is_intact() || interpreter.stage() != Stage::Open {
        return Ok(false);
    }
    let number = interpreter.number;
    ensure!(
        alive == referenced,
        "interpreter #{number} has {alive} counted objects; {referenced} are referenced"
    );
    ensure!(
        counted == calls,
        "interpreter #{number} has counted {counted} calls of {calls}"
    );
    for (object, found, expected) in references {
        ensure!(
            found == expected,
            "{object} has {found} references, not {expected}"
        );
    }
    Ok(true)
}

/// Collects garbage on this thread. Returns `false` if another thread keeps collecting: then the
/// function of Python does nothing. That thread may wait in a finalizer for the audit to end.
fn collect(py: Python<'_>) -> Result<bool> {
    // Without `threading`: Python 3.11 and 3.12 may hang at the end of an interpreter that a thread
    // has imported it in.
    let code = c"
import _thread, gc, time
done = []
this = _thread.get_ident()
def note(phase, info):
    if phase == 'stop' and _thread.get_ident() == this:
        done.append(phase)
end = time.monotonic() + 1
gc.callbacks.append(note)
try:
    gc.collect()
    while not done and time.monotonic() < end:
        time.sleep(0.001)
        gc.collect()
finally:
    gc.callbacks.remove(note)
";
    let names = PyDict::new(py);
    py.run(code, Some(&names), None).map_err(to_anyhow)?;
    let done = names.as_any().get_item("done").map_err(to_anyhow)?;
    done.is_truthy().map_err(to_anyhow)
}

/// Returns the interpreter's objects with stored handles: description, reference count, and the
/// number of references in the model.
fn references(
    py: Python<'_>,
    world: &World,
    interpreter: &Arc<InterpreterModel>,
) -> Vec<(String, i64, i64)> {
    let of_life = |handle: &Tracked| Arc::ptr_eq(&handle.model.interpreter, interpreter);
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

/// Returns whether an ending interpreter appears to have ended.
pub fn is_over(interpreter: &InterpreterModel) -> bool {
    let most = interpreter.left_after_end();
    !interpreter.handle().is_alive()
        && interpreter.values_dropped.load(Ordering::SeqCst)
        && interpreter.alive.load(Ordering::SeqCst) <= most
}

/// Checks that an interpreter that has ended leaves nothing behind.
pub fn check_ended(interpreter: &Arc<InterpreterModel>) -> Result<()> {
    let number = interpreter.number;
    ensure!(
        !interpreter.handle().is_alive(),
        "interpreter #{number} is alive after its end"
    );
    ensure!(
        interpreter.values_dropped.load(Ordering::SeqCst),
        "the values of interpreter #{number} were not dropped at its end"
    );
    // The order matters: handles dropped in between are counted in `late_drops`.
    let alive = interpreter.alive.load(Ordering::SeqCst);
    let most = interpreter.left_after_end();
    ensure!(
        alive <= most,
        "{alive} counted objects of interpreter #{number} are left after its end; handles explain {most}"
    );
    Ok(())
}

/// Audits all interpreters while no other thread works, so that each audit must succeed.
pub fn final_audit(world: &World) -> Result<()> {
    for interpreter in world.all().into_iter().chain([world.main.clone()]) {
        let until = Instant::now() + Duration::from_secs(60);
        while !audit(world, &interpreter, Duration::from_secs(60))? {
            Some(())
                .filter(|()| Instant::now() < until)
                .with_context(|| {
                    format!("interpreter #{} cannot be audited", interpreter.number)
                })?;
        }
    }
    Ok(())
}
