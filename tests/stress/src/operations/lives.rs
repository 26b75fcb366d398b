//! Interpreters are made.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::{Context, Result, ensure};
use pyatoll::interpreter::{Gil, SubInterpreter, SubInterpreterBuilder};
use pyatoll::prelude::*;

use super::{ends, said};
use crate::life::{Life, Maker, Stage, lock};
use crate::module;
use crate::world::{World, enter, enter_unannounced};

/// Held while an interpreter is made, where CPython (3.11, 3.12) crashes if Python code makes one at
/// the same time as another thread. Taken detached.
pub fn creation_lock() -> Option<MutexGuard<'static, ()>> {
    static LOCK: Mutex<()> = Mutex::new(());
    cfg!(not(Py_3_13)).then(|| lock(&LOCK))
}

fn settings(choice: u64) -> SubInterpreterBuilder {
    let builder = SubInterpreter::builder();
    match choice % 5 {
        0 => builder.legacy(),
        1 => builder.gil(Gil::Shared),
        2 => builder.allow_daemon_threads(true).allow_fork(true),
        _ => builder,
    }
}

/// Makes an interpreter, from a thread that is detached, or attached to main or another one.
pub fn create(world: &World, [choice, from, elsewhere, _]: [u64; 4]) -> Result<()> {
    let Some(place) = world.place() else {
        // Full: one ends, so that there is always some coming and going.
        return ends::close(world, [choice, from, 0, 0]);
    };
    let builder = settings(choice);
    let sub = match from % 3 {
        0 => {
            let _creating = creation_lock();
            builder.build()?
        }
        1 => {
            let _creating = creation_lock();
            Python::attach(|_| builder.build())?
        }
        _ => {
            let _creating = creation_lock();
            let built = enter(&world.present(elsewhere), |_| Ok(builder.build()?))?;
            let Some(sub) = built else { return Ok(()) };
            sub
        }
    };
    let life = Life::new(world.number(), Maker::Rust);
    let id = sub.id();
    life.own(sub);
    ensure!(
        id == life.id() && id > 0,
        "the new interpreter's id is {id}"
    );
    let settled = enter_unannounced(&life, |py| {
        module::settle(py, &life).map_err(said)?;
        let module = py.import("atoll").map_err(said)?;
        let of: i64 = module
            .call_method0("interpreter")
            .map_err(said)?
            .extract()?;
        ensure!(of == id, "the module says it is in {of}, not {id}");
        Ok(())
    });
    settled?.context("a new interpreter refused its first thread")?;
    place.take(life);
    Ok(())
}

/// The names of `_interpreters`'s functions, by version.
const IN_PYTHON: &std::ffi::CStr = c"
import sys
if sys.version_info >= (3, 13):
    import _interpreters
    def create(own_gil):
        return _interpreters.create('isolated' if own_gil else 'legacy')
    def execute(id, code):
        error = _interpreters.exec(id, code)
        assert error is None, error.formatted
    destroy = _interpreters.destroy
else:
    import _xxsubinterpreters as _interpreters
    # An interpreter ends with the last object that is its id.
    ids = sys.__dict__.setdefault('stress_ids', {})
    def create(own_gil):
        id = _interpreters.create(isolated=own_gil)
        ids[int(id)] = id
        return int(id)
    execute = _interpreters.run_string
    def destroy(id):
        _interpreters.destroy(id)
        del ids[id]
";

/// Calls a function of [`IN_PYTHON`] in the main interpreter.
pub fn in_python<'py, A>(py: Python<'py>, name: &str, arguments: A) -> PyResult<Bound<'py, PyAny>>
where
    A: pyatoll::call::PyCallArgs<'py>,
{
    let names = pyatoll::types::PyDict::new(py);
    py.run(IN_PYTHON, Some(&names), None)?;
    names.as_any().get_item(name)?.call1(arguments)
}

/// Python code in the main interpreter makes one, and lets it say who it is.
///
/// Not on 3.11: there, Python hangs when it ends an interpreter in which another thread was the first
/// to import `threading`, with or without this library.
pub fn create_from_python(world: &World, [choice, from, rest @ ..]: [u64; 4]) -> Result<()> {
    if cfg!(not(Py_3_12)) {
        return create(world, [choice, from, rest[0], rest[1]]);
    }
    let Some(place) = world.place() else {
        return ends::end_from_python(world, [choice, 0, 0, 0]);
    };
    let life = Life::new(world.number(), Maker::Python);
    module::expect_adoption(&life);
    let own_gil = choice % 4 != 0;
    let _creating = creation_lock();
    let id = Python::attach(|py| {
        let id: i64 = in_python(py, "create", (own_gil,))
            .map_err(said)?
            .extract()?;
        let code = format!("import atoll; atoll.adopt({})", life.number);
        in_python(py, "execute", (id, code)).map_err(said)?;
        anyhow::Ok(id)
    })?;
    ensure!(life.id() == id, "interpreter {id} is called {}", life.id());
    place.take(life);
    Ok(())
}

/// Ends every interpreter that is left, with all checks.
pub fn end_all(world: &World) -> Result<()> {
    for life in world.all() {
        if life.stage() == Stage::Open {
            ends::end(world, &life)?;
        }
    }
    Ok(())
}

/// The values of an interpreter that has ended were dropped.
pub fn values_are_dropped(life: &Arc<Life>) -> bool {
    life.values_dropped.load(Ordering::SeqCst)
}
