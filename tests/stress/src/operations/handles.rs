//! Handles are made, used, copied and dropped, here and elsewhere.

use anyhow::{Result, ensure};
use pyatoll::prelude::*;

use super::calls::run_python;
use super::said;
use crate::handle::Tracked;
use crate::module::{self, Keeper};
use crate::world::{World, enter, refused};

/// Objects of an interpreter, with handles that are kept.
pub fn make(world: &World, [choice, count, ..]: [u64; 4]) -> Result<()> {
    let life = world.any(choice);
    let made = enter(&life, |py| {
        (0..=count % 4)
            .map(|_| {
                Ok(Tracked::of(
                    &module::make(py, world.number()).map_err(said)?,
                ))
            })
            .collect::<Result<Vec<_>>>()
    })?;
    for handle in made.into_iter().flatten() {
        world.put_handle(handle);
    }
    Ok(())
}

/// A handle leads into its interpreter, if that is there.
pub fn use_one(world: &World, [choice, ..]: [u64; 4]) -> Result<()> {
    let Some(handle) = world.take_handle(choice) else {
        return Ok(());
    };
    let life = handle.model.life.clone();
    if let Some(_change) = life.change() {
        let value = handle.object().attach(|py, object| {
            ensure!(handle.object().try_bind(py).is_ok());
            ensure!(object.get().value() == handle.model.value);
            let value: u64 = object.getattr("value").map_err(said)?.extract()?;
            ensure!(value == handle.model.value, "{} has {value}", handle.model);
            Ok(())
        });
        match value {
            Ok(result) => result?,
            Err(error) => refused(&life, error)?,
        }
    }
    ensure!(handle.model.is_alive());
    world.put_handle(handle);
    Ok(())
}

/// One more handle to the same object.
pub fn copy(world: &World, [choice, ..]: [u64; 4]) -> Result<()> {
    let Some(handle) = world.take_handle(choice) else {
        return Ok(());
    };
    let life = handle.model.life.clone();
    if let Some(copy) = enter(&life, |py| Ok(handle.again(py)))? {
        world.put_handle(copy);
    }
    world.put_handle(handle);
    Ok(())
}

/// A handle is dropped in its interpreter, in another one, or in none.
pub fn drop_one(world: &World, [choice, place, elsewhere, _]: [u64; 4]) -> Result<()> {
    let Some(handle) = world.take_handle(choice) else {
        return Ok(());
    };
    let life = handle.model.life.clone();
    // Where a thread is not let in, the closure is dropped here, and the handle with it.
    match place % 5 {
        0 => {
            enter(&life, |_| dropped(handle))?;
        }
        1 => {
            enter(&world.any(elsewhere), |_| dropped(handle))?;
        }
        2 => {
            enter(&life, |py| py.detach(|| dropped(handle)))?;
        }
        3 => drop(std::thread::spawn(move || drop(handle)).join()),
        _ => drop(handle),
    }
    Ok(())
}

fn dropped(handle: Tracked) -> Result<()> {
    drop(handle);
    Ok(())
}

/// An object of one interpreter keeps a handle to an object of another, or of its own.
pub fn keep_elsewhere(world: &World, [choice, elsewhere, end, _]: [u64; 4]) -> Result<()> {
    let Some(handle) = world.take_handle(choice) else {
        return Ok(());
    };
    let owner = handle.model.life.clone();
    let life = world.any(elsewhere);
    let back = enter(&life, |py| {
        let own = handle.object().try_bind(py).is_ok();
        ensure!(own == (owner.number == life.number), "{}", handle.model);
        let kept = Some(handle);
        let keeper = Bound::new(py, Keeper { kept }).map_err(said)?;
        // Its visit sees it.
        py.import("gc")
            .and_then(|gc| gc.call_method1("get_referents", (&keeper,)))
            .map_err(said)?;
        for method in ["get", "get_unchecked", "give"] {
            match keeper.call_method0(method) {
                Ok(object) => ensure!(own && object.is_instance_of::<module::Counted>()),
                Err(error) => {
                    let error = error.to_string();
                    let ids = format!("belongs to interpreter {}", owner.id());
                    ensure!(!own && error.starts_with("RuntimeError: "), "{error}");
                    ensure!(error.contains(&ids), "{error}");
                }
            }
        }
        let kept = match end % 3 {
            // Dies here.
            0 => None,
            // Dies in a cycle, when the collector finds it.
            1 => {
                let node = py.import("atoll").and_then(|atoll| {
                    let node = atoll.getattr("Node")?.call1((world.number(),))?;
                    node.setattr("next", (&keeper, &node))?;
                    Ok(node)
                });
                drop(node.map_err(said)?);
                None
            }
            _ => keeper.borrow_mut().kept.take(),
        };
        Ok(kept)
    })?;
    if let Some(handle) = back.flatten() {
        world.put_handle(handle);
    }
    Ok(())
}

/// Objects in a value of the interpreter, which end with it.
pub fn shelve(world: &World, [choice, how, ..]: [u64; 4]) -> Result<()> {
    let life = world.any(choice);
    enter(&life, |py| {
        match how % 3 {
            0 => {
                module::unshelve(py);
            }
            1 => module::shelve(py, &module::make(py, world.number()).map_err(said)?),
            _ => {
                // Shelved, and with a handle as well.
                let object = module::make(py, world.number()).map_err(said)?;
                module::shelve(py, &object);
                world.put_handle(Tracked::of(&object));
            }
        }
        Ok(())
    })?;
    Ok(())
}

/// Objects that only the garbage collector can free.
pub fn cycle(world: &World, [choice, a, how, _]: [u64; 4]) -> Result<()> {
    let life = world.any(choice);
    enter(&life, |py| {
        let code = match how % 3 {
            0 => c"node = atoll.Node(a); node.next = node; del node",
            1 => {
                c"
nodes = [atoll.Node(a), atoll.Node(a), atoll.Node(a)]
for one, other in zip(nodes, nodes[1:] + nodes[:1]): one.next = (other, atoll.Counted(a))
del nodes, one, other
"
            }
            _ => {
                c"
class Kept(atoll.Tally):
    pass
kept = Kept(a)
kept.node = atoll.Node(a)
kept.node.next = kept
del kept
"
            }
        };
        run_python(py, code, &[("a", a)])
    })?;
    Ok(())
}

/// Drops and visits that panic, and go on.
pub fn drop_that_panics(world: &World, [choice, how, ..]: [u64; 4]) -> Result<()> {
    let life = world.any(choice);
    enter(&life, |py| {
        let code = match how % 3 {
            // A free-threaded Python gives a collection up for it, whichever thread asked for that.
            1 if cfg!(not(Py_GIL_DISABLED)) => {
                c"import gc; shy = atoll.Shy(1); gc.collect(0); del shy"
            }
            0 | 1 => c"atoll.Grenade()",
            _ => {
                c"
things = [atoll.Grenade(), atoll.Counted(1), atoll.Grenade()]
things.append(things)
del things
"
            }
        };
        run_python(py, code, &[])
    })?;
    Ok(())
}
