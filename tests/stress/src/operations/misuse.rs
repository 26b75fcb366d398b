//! What must be refused, with the error that says why.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context, Result, ensure};
use pyatoll::interpreter::AttachError;

use super::calls::call_here;
use super::said;
use crate::life::Stage;
use crate::world::{World, enter, enter_unannounced, refused};

/// A handle in an interpreter that it is not of, by every way to use it.
pub fn wrong_interpreter(world: &World, [choice, elsewhere, ..]: [u64; 4]) -> Result<()> {
    let Some(handle) = world.take_handle(choice) else {
        return Ok(());
    };
    let owner = handle.model.life.clone();
    let life = world.any(elsewhere);
    enter(&life, |py| {
        let object = handle.object();
        if owner.number == life.number {
            ensure!(object.try_bind(py).is_ok());
            return Ok(());
        }
        let error = object.try_bind(py).err().context("bound elsewhere")?;
        let text = error.to_string();
        for id in [owner.id(), life.id()] {
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
                ensure!((wanted, attached) == (owner.id(), life.id()));
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

/// An attached thread is not let into another interpreter, and is once it is detached.
pub fn attached_elsewhere(world: &World, [choice, elsewhere, ..]: [u64; 4]) -> Result<()> {
    let (here, there) = (world.present(choice), world.any(elsewhere));
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

/// Main, A, B, main, and all the way back.
pub fn nest(world: &World, [first, second, a, which]: [u64; 4]) -> Result<()> {
    let lives = [
        world.main.clone(),
        world.present(first),
        world.present(second),
        world.main.clone(),
    ];
    fn deeper(lives: &[std::sync::Arc<crate::life::Life>], a: u64, which: u64) -> Result<()> {
        let Some((life, rest)) = lives.split_first() else {
            return Ok(());
        };
        enter(life, |py| {
            ensure!(py.interpreter() == life.handle());
            py.detach(|| deeper(rest, a, which))?;
            ensure!(py.interpreter() == life.handle());
            call_here(py, life, a, which, which)
        })?;
        Ok(())
    }
    deeper(&lives, a, which)
}

/// After its end an interpreter refuses, and its handles do.
pub fn use_of_ended(world: &World, [choice, ..]: [u64; 4]) -> Result<()> {
    let life = world.any(choice & !7);
    if life.stage() != Stage::Ended {
        return Ok(());
    }
    ensure!(!life.handle().is_alive());
    let entered = enter_unannounced(&life, |_| Ok(()))?;
    ensure!(entered.is_none(), "an ended interpreter let a thread in");
    let place = {
        let handles = world.handles();
        handles
            .iter()
            .position(|handle| handle.model.life.number == life.number)
    };
    // Other threads may have taken it meanwhile; then it is another one.
    let Some(handle) = place.and_then(|place| world.take_handle(place as u64)) else {
        return Ok(());
    };
    let owner = handle.model.life.clone();
    if owner.stage() == Stage::Ended {
        match handle.object().attach(|_, _| ()) {
            Ok(()) => anyhow::bail!("{} led into its interpreter", handle.model),
            Err(error) => refused(&owner, error)?,
        }
        enter(&world.main, |py| {
            let error = handle.object().try_bind(py).err();
            let text = error.context("an object of an ended one")?.to_string();
            ensure!(text.contains("has ended"), "{text}");
            drop(py.import("atoll").map_err(said)?);
            Ok(())
        })?;
    }
    world.put_handle(handle);
    Ok(())
}
