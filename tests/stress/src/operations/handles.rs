//! Creating, using, cloning and dropping handles, in their own and in other interpreters.

use anyhow::{Result, ensure};
use pyatoll::prelude::*;

use super::calls::run_python;
use super::to_anyhow;
use crate::handle::Tracked;
use crate::module::{self, Holder};
use crate::world::{World, enter, refused};

/// Creates objects in an interpreter and stores handles to them.
pub fn make(world: &World, [choice, count, ..]: [u64; 4]) -> Result<()> {
    let interpreter = world.pick_any(choice);
    let made = enter(&interpreter, |py| {
        (0..=count % 4)
            .map(|_| {
                Ok(Tracked::of(
                    &module::make(py, world.number()).map_err(to_anyhow)?,
                ))
            })
            .collect::<Result<Vec<_>>>()
    })?;
    for handle in made.into_iter().flatten() {
        world.put_handle(handle);
    }
    Ok(())
}

/// Attaches to a handle's interpreter, if it is still alive, and uses the object.
pub fn use_one(world: &World, [choice, ..]: [u64; 4]) -> Result<()> {
    let Some(handle) = world.take_handle(choice) else {
        return Ok(());
    };
    let interpreter = handle.model.interpreter.clone();
    if let Some(_change) = interpreter.change() {
        let value = handle.object().attach(|py, object| {
            ensure!(handle.object().try_bind(py).is_ok());
            ensure!(object.get().value() == handle.model.value);
            let value: u64 = object.getattr("value").map_err(to_anyhow)?.extract()?;
            ensure!(value == handle.model.value, "{} has {value}", handle.model);
            Ok(())
        });
        match value {
            Ok(result) => result?,
            Err(error) => refused(&interpreter, error)?,
        }
    }
    ensure!(handle.model.is_alive());
    world.put_handle(handle);
    Ok(())
}

/// Clones a handle.
pub fn copy(world: &World, [choice, ..]: [u64; 4]) -> Result<()> {
    let Some(handle) = world.take_handle(choice) else {
        return Ok(());
    };
    let interpreter = handle.model.interpreter.clone();
    if let Some(copy) = enter(&interpreter, |py| Ok(handle.clone_ref(py)))? {
        world.put_handle(copy);
    }
    world.put_handle(handle);
    Ok(())
}

/// Drops a handle in its interpreter, in another one, or in none.
pub fn drop_one(world: &World, [choice, how, elsewhere, _]: [u64; 4]) -> Result<()> {
    let Some(handle) = world.take_handle(choice) else {
        return Ok(());
    };
    let interpreter = handle.model.interpreter.clone();
    // If attaching is refused, the closure is dropped here, and the handle with it.
    match how % 5 {
        0 => {
            enter(&interpreter, |_| dropped(handle))?;
        }
        1 => {
            enter(&world.pick_any(elsewhere), |_| dropped(handle))?;
        }
        2 => {
            enter(&interpreter, |py| py.detach(|| dropped(handle)))?;
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

/// Stores a handle in an object of its own or another interpreter.
pub fn keep_elsewhere(world: &World, [choice, elsewhere, end, _]: [u64; 4]) -> Result<()> {
    let Some(handle) = world.take_handle(choice) else {
        return Ok(());
    };
    let owner = handle.model.interpreter.clone();
    let interpreter = world.pick_any(elsewhere);
    let back = enter(&interpreter, |py| {
        let own = handle.object().try_bind(py).is_ok();
        ensure!(
            own == (owner.number == interpreter.number),
            "{}",
            handle.model
        );
        let kept = Some(handle);
        let holder = Bound::new(py, Holder { kept }).map_err(to_anyhow)?;
        // Runs its `__traverse__`.
        py.import("gc")
            .and_then(|gc| gc.call_method1("get_referents", (&holder,)))
            .map_err(to_anyhow)?;
        for method in ["get", "get_unchecked", "give"] {
            match holder.call_method0(method) {
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
            // Dropped here.
            0 => None,
            // Dropped by the collector, as part of a cycle.
            1 => {
                let node = py.import("atoll").and_then(|atoll| {
                    let node = atoll.getattr("Node")?.call1((world.number(),))?;
                    node.setattr("next", (&holder, &node))?;
                    Ok(node)
                });
                drop(node.map_err(to_anyhow)?);
                None
            }
            _ => holder.borrow_mut().kept.take(),
        };
        Ok(kept)
    })?;
    if let Some(handle) = back.flatten() {
        world.put_handle(handle);
    }
    Ok(())
}

/// Stores objects in a per-interpreter value.
pub fn shelve(world: &World, [choice, how, ..]: [u64; 4]) -> Result<()> {
    let interpreter = world.pick_any(choice);
    enter(&interpreter, |py| {
        match how % 3 {
            0 => {
                module::unshelve(py);
            }
            1 => module::shelve(py, &module::make(py, world.number()).map_err(to_anyhow)?),
            _ => {
                // On the shelf and with a handle.
                let object = module::make(py, world.number()).map_err(to_anyhow)?;
                module::shelve(py, &object);
                world.put_handle(Tracked::of(&object));
            }
        }
        Ok(())
    })?;
    Ok(())
}

/// Creates objects that only the garbage collector can free.
pub fn cycle(world: &World, [choice, a, how, _]: [u64; 4]) -> Result<()> {
    let interpreter = world.pick_any(choice);
    enter(&interpreter, |py| {
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

/// Panics in drops and in `__traverse__`.
pub fn drop_that_panics(world: &World, [choice, how, ..]: [u64; 4]) -> Result<()> {
    let interpreter = world.pick_any(choice);
    enter(&interpreter, |py| {
        let code = match how % 3 {
            // On free-threaded builds it would abort whichever thread's collection meets it.
            1 if cfg!(not(Py_GIL_DISABLED)) => {
                c"import gc; node = atoll.TraversePanics(1); gc.collect(0); del node"
            }
            0 | 1 => c"atoll.DropPanics()",
            _ => {
                c"
things = [atoll.DropPanics(), atoll.Counted(1), atoll.DropPanics()]
things.append(things)
del things
"
            }
        };
        run_python(py, code, &[])
    })?;
    Ok(())
}
