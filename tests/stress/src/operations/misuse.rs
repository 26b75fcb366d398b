//! Misuse that must be refused with the right error.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context, Result, ensure};
use pyatoll::interpreter::AttachError;

use super::calls::call_here;
use super::to_anyhow;
use crate::model::Stage;
use crate::world::{World, enter, enter_unannounced, refused};

/// Uses a handle in another interpreter, in every way.
pub fn wrong_interpreter(world: &World, [choice, elsewhere, ..]: [u64; 4]) -> Result<()> {
    let Some(handle) = world.take_handle(choice) else {
        return Ok(());
    };
    let owner = handle.model.interpreter.clone();
    let interpreter = world.pick_any(elsewhere);
    enter(&interpreter, |py| {
        let object = handle.object();
        if owner.number == interpreter.number {
            ensure!(object.try_bind(py).is_ok());
            return Ok(());
        }
        let error = object.try_bind(py).err().context("bound elsewhere")?;
        let text = error.to_string();
        for id in [owner.id(), interpreter.id()] {
            ensure!(text.contains(&format!("interpreter {id}")), "{text}");
        }
        ensure!(object.try_bind_borrowed(py).is_err());
        for panics in [
            catch_unwind(AssertUnwindSafe(|| drop(object.bind(py).clone()))),
            catch_unwind(AssertUnwindSafe(|| drop(object.clone_ref(py)))),
            catch_unwind(AssertUnwindSafe(|| drop(object.borrow(py)))),
        ] {
            let payload = panics.err().context("used elsewhere")?;
            let text = payload.downcast_ref::<String>().map_or("", String::as_str);
            ensure!(text.contains("belongs to interpreter"), "{text}");
        }
        match object.attach(|_, _| ()) {
            Err(AttachError::AttachedElsewhere { wanted, attached }) => {
                ensure!((wanted, attached) == (owner.id(), interpreter.id()));
            }
            Err(AttachError::InterpreterGone { id }) => {
                ensure!(id == owner.id() && owner.stage() != Stage::Open);
            }
            other => anyhow::bail!("attached through a handle from elsewhere: {other:?}"),
        }
        Ok(())
    })?;
    world.put_handle(handle);
    Ok(())
}

/// Attaches to a second interpreter, which is refused until the thread is detached.
pub fn attached_elsewhere(world: &World, [choice, elsewhere, ..]: [u64; 4]) -> Result<()> {
    let (here, there) = (world.pick_live(choice), world.pick_any(elsewhere));
    enter(&here, |py| {
        match there.handle().attach(|_| ()) {
            Ok(()) => ensure!(here.number == there.number, "two interpreters at once"),
            Err(AttachError::AttachedElsewhere { wanted, attached }) => {
                ensure!((wanted, attached) == (there.id(), here.id()));
                ensure!(here.number != there.number);
            }
            Err(AttachError::InterpreterGone { id }) => {
                ensure!(id == there.id() && there.stage() != Stage::Open);
            }
            Err(error) => return Err(error.into()),
        }
        py.detach(|| {
            enter(&there, |py| {
                ensure!(py.interpreter() == there.handle());
                Ok(())
            })
        })?;
        ensure!(py.interpreter() == here.handle());
        Ok(())
    })?;
    Ok(())
}

/// Nests attachments to the main interpreter, A, B, the main one again, and returns through them.
pub fn nest(world: &World, [first, second, a, which]: [u64; 4]) -> Result<()> {
    let interpreters = [
        world.main.clone(),
        world.pick_live(first),
        world.pick_live(second),
        world.main.clone(),
    ];
    fn deeper(
        interpreters: &[std::sync::Arc<crate::model::InterpreterModel>],
        a: u64,
        which: u64,
    ) -> Result<()> {
        let Some((interpreter, rest)) = interpreters.split_first() else {
            return Ok(());
        };
        enter(interpreter, |py| {
            ensure!(py.interpreter() == interpreter.handle());
            py.detach(|| deeper(rest, a, which))?;
            ensure!(py.interpreter() == interpreter.handle());
            call_here(py, interpreter, a, which, which)
        })?;
        Ok(())
    }
    deeper(&interpreters, a, which)
}

/// Enters an interpreter that has ended, and uses a handle of it; both are refused.
pub fn use_of_ended(world: &World, [choice, ..]: [u64; 4]) -> Result<()> {
    let interpreter = world.pick_any(choice & !7);
    if interpreter.stage() != Stage::Ended {
        return Ok(());
    }
    ensure!(!interpreter.handle().is_alive());
    let entered = enter_unannounced(&interpreter, |_| Ok(()))?;
    ensure!(entered.is_none(), "an ended interpreter was entered");
    let index = {
        let handles = world.handles();
        handles
            .iter()
            .position(|handle| handle.model.interpreter.number == interpreter.number)
    };
    // If another thread has taken it, this is another handle.
    let Some(handle) = index.and_then(|index| world.take_handle(index as u64)) else {
        return Ok(());
    };
    let owner = handle.model.interpreter.clone();
    if owner.stage() == Stage::Ended {
        match handle.object().attach(|_, _| ()) {
            Ok(()) => anyhow::bail!("{} attached to an ended interpreter", handle.model),
            Err(error) => refused(&owner, error)?,
        }
        enter(&world.main, |py| {
            let error = handle.object().try_bind(py).err();
            let text = error
                .context("a handle of an ended interpreter was bound")?
                .to_string();
            ensure!(text.contains("has ended"), "{text}");
            drop(py.import("atoll").map_err(to_anyhow)?);
            Ok(())
        })?;
    }
    world.put_handle(handle);
    Ok(())
}
