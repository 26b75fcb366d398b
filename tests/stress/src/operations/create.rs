//! Creating interpreters, from Rust and from Python.

use std::sync::{Mutex, MutexGuard};

use anyhow::{Context, Result, ensure};
use pyatoll::interpreter::{Gil, SubInterpreter, SubInterpreterBuilder};
use pyatoll::prelude::*;

use super::{end, to_anyhow};
use crate::model::{InterpreterModel, Maker, Stage, lock};
use crate::module;
use crate::world::{World, enter, enter_unannounced};

/// Serializes the creation of interpreters on 3.11 and 3.12, where CPython crashes if Python code
/// creates one at the same time as another thread. Call it detached.
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

/// Creates an interpreter from a thread that is detached, or attached to the main or another one.
pub fn create(world: &World, [choice, from, elsewhere, _]: [u64; 4]) -> Result<()> {
    let Some(reservation) = world.reserve() else {
        // There are too many: end one instead, so that interpreters keep changing.
        return end::close(world, [choice, from, 0, 0]);
    };
    let builder = settings(choice);
    let sub = {
        let _creating = creation_lock();
        match from % 3 {
            0 => builder.build()?,
            1 => Python::attach(|_| builder.build())?,
            _ => {
                let built = enter(&world.pick_live(elsewhere), |_| Ok(builder.build()?))?;
                let Some(sub) = built else { return Ok(()) };
                sub
            }
        }
    };
    let interpreter = InterpreterModel::new(world.number(), Maker::Rust);
    let id = sub.id();
    interpreter.set_owned(sub);
    ensure!(
        id == interpreter.id() && id > 0,
        "the new interpreter's id is {id}"
    );
    let entered = enter_unannounced(&interpreter, |py| {
        module::set_model(py, &interpreter).map_err(to_anyhow)?;
        let module = py.import("atoll").map_err(to_anyhow)?;
        let of: i64 = module
            .call_method0("interpreter")
            .map_err(to_anyhow)?
            .extract()?;
        ensure!(of == id, "the module reports interpreter {of}, not {id}");
        Ok(())
    });
    entered?.context("a new interpreter refused its first thread")?;
    reservation.commit(interpreter);
    Ok(())
}

/// A common interface to `_interpreters` of all versions.
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
    # An interpreter ends with the last reference to its id object.
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

/// Creates an interpreter from Python code in the main one; it claims its model with `adopt`.
///
/// Not on 3.11, which hangs when it ends an interpreter in which another thread was the first to
/// import `threading`, with or without this library.
pub fn create_from_python(world: &World, [choice, from, rest @ ..]: [u64; 4]) -> Result<()> {
    if cfg!(not(Py_3_12)) {
        return create(world, [choice, from, rest[0], rest[1]]);
    }
    let Some(reservation) = world.reserve() else {
        return end::end_from_python(world, [choice, 0, 0, 0]);
    };
    let interpreter = InterpreterModel::new(world.number(), Maker::Python);
    module::expect_adoption(&interpreter);
    let own_gil = choice % 4 != 0;
    let _creating = creation_lock();
    let id = Python::attach(|py| {
        let id: i64 = in_python(py, "create", (own_gil,))
            .map_err(to_anyhow)?
            .extract()?;
        let code = format!("import atoll; atoll.adopt({})", interpreter.number);
        in_python(py, "execute", (id, code)).map_err(to_anyhow)?;
        anyhow::Ok(id)
    })?;
    ensure!(
        interpreter.id() == id,
        "interpreter {id} is recorded as {}",
        interpreter.id()
    );
    reservation.commit(interpreter);
    Ok(())
}

/// Ends and checks every open interpreter.
pub fn end_all(world: &World) -> Result<()> {
    for interpreter in world.all() {
        if interpreter.stage() == Stage::Open {
            end::end(world, &interpreter)?;
        }
    }
    Ok(())
}
