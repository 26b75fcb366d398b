//! Exit functions of Python code: older than the import, and hostile ones.

use std::sync::atomic::Ordering;

use anyhow::{Context, Result, anyhow, ensure};
use pyatoll::interpreter::{AttachError, SubInterpreter};
use pyatoll::prelude::*;

use super::create::{creation_lock, in_python};
use super::{call_here, check_ended, to_anyhow};
use crate::flight;
use crate::model::{InterpreterModel, Maker, Stage};
use crate::module;
use crate::world::World;

/// Creates and ends an interpreter with exit functions that are older than the import, and that
/// attach. Not on 3.11, as in [`create_from_python`](super::create::create_from_python).
pub fn exit_functions(world: &World, [choice, ..]: [u64; 4]) -> Result<()> {
    if cfg!(not(Py_3_12)) {
        return Ok(());
    }
    let Some(_reservation) = world.reserve() else {
        return Ok(());
    };
    let interpreter = InterpreterModel::new(world.number(), Maker::Python);
    module::expect_adoption(&interpreter);
    let code = format!(
        "
import atexit, weakref
def at_exit():
    import atoll
    assert atoll.interpreter() == atoll.attaches()
    assert atoll.threads(2) == 3
    atoll.at_exit()
atexit.register(at_exit)
class Thing: pass
thing = Thing()
weakref.finalize(thing, at_exit)
import atoll
atoll.adopt({})
atexit.register(at_exit)
",
        interpreter.number
    );
    let creating = creation_lock();
    let id = Python::attach(|py| {
        let id: i64 = in_python(py, "create", (choice % 4 != 0,))
            .map_err(to_anyhow)?
            .extract()?;
        in_python(py, "execute", (id, code)).map_err(to_anyhow)?;
        anyhow::Ok(id)
    })?;
    drop(creating);
    ensure!(interpreter.begin_end());
    Python::attach(|py| in_python(py, "destroy", (id,)).map(drop).map_err(to_anyhow))?;
    interpreter.mark_ended();
    let ran = interpreter.exits.load(Ordering::SeqCst);
    ensure!(ran == 3, "{ran} of 3 exit functions succeeded");
    check_ended(&interpreter)
}

/// Ends an interpreter whose Python code removes or runs all exit functions while threads are
/// inside.
pub fn hostile(world: &World, [choice, how, a, which]: [u64; 4]) -> Result<()> {
    let Some(_reservation) = world.reserve() else {
        return Ok(());
    };
    let creating = creation_lock();
    let builder = SubInterpreter::builder();
    let sub = match choice % 3 {
        0 => builder.legacy().build()?,
        _ => builder.build()?,
    };
    drop(creating);
    let interpreter = InterpreterModel::new(world.number(), Maker::Rust);
    sub.attach(|py| module::set_model(py, &interpreter).map_err(to_anyhow))??;
    let handle = sub.interpreter();
    let code = match how % 3 {
        0 => c"import atexit; atexit._clear()",
        1 => c"import atexit; atexit.unregister(type('Any', (), {'__eq__': lambda *_: True})())",
        _ => c"import atexit; atexit._run_exitfuncs()",
    };
    // From here on, a thread may be refused.
    ensure!(interpreter.begin_end());
    let number = flight::number();
    let work = |which: u64| {
        if let Some(number) = number {
            flight::begin(number);
        }
        loop {
            match handle.attach(|py| call_here(py, &interpreter, a, which, which)) {
                Ok(result) => result?,
                Err(AttachError::InterpreterGone { .. }) => return Ok(()),
                Err(error) => return Err(anyhow::Error::from(error)),
            }
        }
    };
    std::thread::scope(|scope| {
        let work = &work;
        let threads = [0, 1].map(|more| scope.spawn(move || work(which + more)));
        let hostile = handle.attach(|py| py.run(code, None, None).map_err(to_anyhow));
        // Its own exit function may have run, by hand.
        let done = hostile.unwrap_or(Ok(()));
        std::thread::sleep(std::time::Duration::from_micros(a % 5000));
        let closed = sub
            .close()
            .context("a hostile interpreter cannot be closed");
        for thread in threads {
            thread.join().map_err(|_| anyhow!("a thread panicked"))??;
        }
        done.and(closed)
    })?;
    interpreter.mark_ended();
    ensure!(interpreter.stage() == Stage::Ended);
    check_ended(&interpreter)
}
