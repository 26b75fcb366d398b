//! The objects of `interpshare`, another binary's: a map, a queue, a lock and a counter that all
//! interpreters share.

use std::sync::OnceLock;

use anyhow::Result;
use pyatoll::SharedAny;
use pyatoll::prelude::*;
use pyatoll::types::PyDict;

use super::to_anyhow;
use crate::world::{World, enter};

/// The objects, by their names in the operations' code.
#[derive(Default)]
pub struct SharedObjects(OnceLock<Vec<(&'static str, SharedAny)>>);

/// Makes the objects, in the main interpreter.
const MAKE: &std::ffi::CStr = c"
import interpshare
objects = {
    'map': interpshare.Map(),
    'queue': interpshare.Queue(20),
    'lock': interpshare.Lock(),
    'hits': interpshare.Array('q', 2),
}
";

/// The operations. The wait of a thread in an interpreter that begins to end is cut short.
const OPERATIONS: [&std::ffi::CStr; 4] = [
    c"
key = (a % 20, 'key')
before = map.get(key)
assert before is None or before[0] == a % 20 and before[1].hit() >= 0
map[key] = (a % 20, atoll.Parcel(a), 2**70)
if a % 3 == 0:
    map.pop(key, None)
assert map.add('sum', 1) > 0
",
    c"
try:
    queue.put((a, atoll.Parcel(a), ('text', a)), timeout=0.01)
except (interpshare.Full, interpshare.InterpreterEnding):
    pass
",
    c"
try:
    number, parcel, (_, again) = queue.get(timeout=0.01)
except (interpshare.Empty, interpshare.InterpreterEnding):
    pass
else:
    assert number == again == parcel.number, (number, again, parcel.number)
",
    c"
try:
    has_it = lock.acquire(timeout=0.05)
except interpshare.InterpreterEnding:
    has_it = False
except interpshare.OwnerDied:
    has_it = True
if has_it:
    hits[0] += 1
    hits[1] += 1
    assert hits[0] == hits[1], list(hits)
    lock.release()
",
];

impl SharedObjects {
    /// Makes the objects. Without this, there are none.
    pub fn make(&self) -> Result<()> {
        let made = Python::attach(|py| {
            let names = PyDict::new(py);
            py.run(MAKE, Some(&names), None)?;
            let objects = names.as_any().get_item("objects")?;
            ["map", "queue", "lock", "hits"]
                .into_iter()
                .map(|name| Ok((name, objects.get_item(name)?.extract()?)))
                .collect::<PyResult<Vec<_>>>()
        });
        let _ = self.0.set(made.map_err(to_anyhow)?);
        Ok(())
    }

    /// Runs code with the objects, in the current interpreter.
    fn run(&self, py: Python<'_>, code: &std::ffi::CStr, number: u64) -> PyResult<()> {
        let Some(objects) = self.0.get() else {
            return Ok(());
        };
        let names = PyDict::new(py);
        for (name, object) in objects {
            names.set_item(*name, object)?;
        }
        for module in ["atoll", "interpshare"] {
            names.set_item(module, py.import(module)?)?;
        }
        names.set_item("a", number)?;
        py.run(code, Some(&names), None)
    }
}

/// Uses one of the objects in some interpreter.
pub fn use_one(world: &World, [choice, how, number, _]: [u64; 4]) -> Result<()> {
    let code = OPERATIONS[(how % OPERATIONS.len() as u64) as usize];
    enter(&world.pick_any(choice), |py| {
        let result = world.objects.run(py, code, number % 1_000_000);
        result.map_err(to_anyhow)
    })?;
    Ok(())
}

/// Empties the objects, in the main interpreter.
pub fn empty(world: &World) -> Result<()> {
    let code = c"
import gc
map.clear()
assert len(map) == 0
while True:
    try:
        queue.get_nowait()
    except interpshare.Empty:
        break
gc.collect()
";
    enter(&world.main, |py| {
        world.objects.run(py, code, 0).map_err(to_anyhow)
    })?;
    Ok(())
}
