//! Values that interpreters share: each is dropped once, by its last holder, wherever that is.
//!
//! A value is held by the world, by instances on the interpreters' lists, and by the tickets in
//! pickles that are not loaded. [`check_ended`] runs when all of these are gone.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::{Result, ensure};
use pyatoll::prelude::*;
use pyatoll::types::{PyBytes, PyDict, PyList};
use pyatoll::{PyTypeInfo, Shared};

use super::calls::run_python;
use super::to_anyhow;
use crate::failure;
use crate::model::lock;
use crate::world::{World, enter};

/// Number of values that were made.
static MADE: AtomicU64 = AtomicU64::new(0);

/// Number of values that were dropped.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// The most instances on an interpreter's list.
const MAX_KEPT: usize = 8;

/// The most values, and the most pickles, that the world holds.
const MAX_HELD: usize = 50;

/// A value of any number of interpreters.
#[pyclass(module = "atoll", frozen, shareable, weakref)]
pub struct Parcel {
    number: u64,
    hits: AtomicU64,
    is_dropped: AtomicBool,
}

impl Parcel {
    fn new(number: u64) -> Self {
        MADE.fetch_add(1, Ordering::SeqCst);
        Self {
            number,
            hits: AtomicU64::new(0),
            is_dropped: AtomicBool::new(false),
        }
    }
}

#[pymethods]
impl Parcel {
    #[new]
    fn made_by_python(number: u64) -> Self {
        Self::new(number)
    }

    #[getter]
    fn number(&self) -> u64 {
        self.number
    }

    fn hit(&self) -> u64 {
        self.hits.fetch_add(1, Ordering::SeqCst)
    }

    /// Returns another instance around the same value.
    fn again(slf: &Bound<'_, Self>) -> Shared<Self> {
        slf.into()
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Ordering::SeqCst);
        if self.is_dropped.swap(true, Ordering::SeqCst) {
            failure::record(format!(
                "the shared value {:x} was dropped twice",
                self.number
            ));
        }
    }
}

/// A pickle of one of the world's values.
struct Letter {
    pickle: Vec<u8>,
    number: u64,
}

/// The shared values that the world holds.
#[derive(Default)]
pub struct SharedValues {
    values: Mutex<Vec<Shared<Parcel>>>,
    letters: Mutex<Vec<Letter>>,
}

impl SharedValues {
    fn put(&self, value: Shared<Parcel>) {
        add(&self.values, value);
    }

    fn pick(&self, choice: u64) -> Option<Shared<Parcel>> {
        let values = lock(&self.values);
        let index = (choice as usize).checked_rem(values.len())?;
        Some(values[index].clone())
    }

    fn take(&self, choice: u64) -> Option<Shared<Parcel>> {
        remove(&self.values, choice)
    }
}

/// Adds an item. If there are too many, one of them is dropped here.
fn add<T>(items: &Mutex<Vec<T>>, item: T) {
    let full = {
        let mut items = lock(items);
        items.push(item);
        (items.len() > MAX_HELD).then(|| items.swap_remove(0))
    };
    drop(full);
}

/// Removes an item.
fn remove<T>(items: &Mutex<Vec<T>>, choice: u64) -> Option<T> {
    let mut items = lock(items);
    let index = (choice as usize).checked_rem(items.len())?;
    Some(items.swap_remove(index))
}

/// Runs one of the operations on shared values.
pub fn share(world: &World, [choice, how, which, elsewhere]: [u64; 4]) -> Result<()> {
    match how % 6 {
        0 => make(world, choice),
        1 => arrive(world, choice, which),
        2 => in_python(world, choice),
        3 => send(world, choice, which),
        4 => receive(world, elsewhere, which),
        _ => drop_one(world, choice, which),
    }
}

/// Makes a value: detached, in Rust, or by Python code.
fn make(world: &World, choice: u64) -> Result<()> {
    let number = world.number();
    let made = match choice % 2 {
        0 => Some(Shared::new(Parcel::new(number))),
        _ => enter(&world.pick_any(choice), |py| {
            let class = Parcel::type_object(py);
            let object = class.call1((number,)).map_err(to_anyhow)?;
            object.extract().map_err(to_anyhow)
        })?,
    };
    if let Some(made) = made {
        world.shared.put(made);
    }
    Ok(())
}

/// Creates instances around a value in some interpreter, and leaves some of them there.
fn arrive(world: &World, choice: u64, which: u64) -> Result<()> {
    let Some(value) = world.shared.pick(which) else {
        return Ok(());
    };
    enter(&world.pick_any(choice), |py| {
        check(py, &value, choice.is_multiple_of(2)).map_err(to_anyhow)?
    })?;
    Ok(())
}

fn check(py: Python<'_>, value: &Shared<Parcel>, stays: bool) -> PyResult<Result<()>> {
    let (one, other) = (value.into_pyobject(py)?, value.clone().into_pyobject(py)?);
    let number: u64 = one.getattr("number")?.extract()?;
    one.call_method0("hit")?;
    let check = || {
        ensure!(number == value.number);
        ensure!(!one.is(&other) && one.eq(&other)? && one.hash()? == other.hash()?);
        ensure!(one.get_type().is(Parcel::type_object(py)));
        let back: Shared<Parcel> = other.call_method0("again")?.extract()?;
        ensure!(Shared::ptr_eq(&back, value));
        Ok(())
    };
    let checked = check();
    if stays {
        // The list is released with the module.
        let kept = py
            .import("atoll")?
            .dict()
            .call_method1("setdefault", ("kept", PyList::empty(py)))?;
        kept.call_method1("append", (one,))?;
        if kept.len()? > MAX_KEPT {
            // Another thread may have removed one.
            let _ = kept.call_method1("pop", (0,));
        }
    }
    Ok(checked)
}

/// Makes values in Python that only the garbage collector can free, and pickles that nobody loads.
fn in_python(world: &World, choice: u64) -> Result<()> {
    enter(&world.pick_any(choice), |py| {
        let code = c"
import pickle
parcel = atoll.Parcel(a)
assert parcel.hit() == 0 and parcel.again().hit() == 1
pair = [parcel, parcel.again()]
pair.append(pair)
assert pickle.loads(pickle.dumps(pair))[1] == parcel
lost = pickle.dumps(parcel)
del parcel, pair
redeem, ticket = atoll.Parcel(a + 1).__reduce__()
assert redeem(*ticket).number == a + 1
for _ in range(2):
    try:
        redeem(*ticket)
    except pickle.UnpicklingError:
        break
else:
    raise AssertionError('a ticket was redeemed three times')
";
        run_python(py, code, &[("a", choice >> 1)])
    })?;
    Ok(())
}

/// Pickles a value in some interpreter.
fn send(world: &World, choice: u64, which: u64) -> Result<()> {
    let Some(value) = world.shared.pick(which) else {
        return Ok(());
    };
    let letter = enter(&world.pick_any(choice), |py| {
        let pickle = || {
            let pickle = py.import("pickle")?;
            let pickle = pickle.call_method1("dumps", ((&value, 1),))?;
            pickle.extract::<Vec<u8>>()
        };
        pickle().map_err(to_anyhow)
    })?;
    if let Some(pickle) = letter {
        let number = value.number;
        add(&world.shared.letters, Letter { pickle, number });
    }
    Ok(())
}

/// Loads a pickle in some interpreter: it arrives, unless its sender has ended.
fn receive(world: &World, choice: u64, which: u64) -> Result<()> {
    let Some(letter) = remove(&world.shared.letters, which) else {
        return Ok(());
    };
    enter(&world.pick_any(choice), |py| {
        let load = || {
            let names = PyDict::new(py);
            names.set_item("letter", PyBytes::new(py, &letter.pickle))?;
            let code = c"
import pickle
try:
    number = pickle.loads(letter)[0].number
except pickle.UnpicklingError as error:
    number = None
    assert 'has ended' in str(error) or 'redeemed' in str(error), error
";
            py.run(code, Some(&names), None)?;
            names.as_any().get_item("number")?.extract::<Option<u64>>()
        };
        let number = load().map_err(to_anyhow)?;
        ensure!(number.is_none_or(|number| number == letter.number));
        Ok(())
    })?;
    Ok(())
}

/// Drops one of the world's references, attached to some interpreter or to none.
fn drop_one(world: &World, choice: u64, which: u64) -> Result<()> {
    let Some(value) = world.shared.take(which) else {
        return Ok(());
    };
    if choice.is_multiple_of(2) {
        drop(value);
        return Ok(());
    }
    enter(&world.pick_any(choice), |_| {
        drop(value);
        Ok(())
    })?;
    Ok(())
}

/// Releases the values that the world and the main interpreter hold, but for those in pickles.
pub fn release_all(world: &World) -> Result<()> {
    let held = std::mem::take(&mut *lock(&world.shared.values));
    drop(held);
    enter(&world.main, |py| {
        let code = c"
import gc
atoll.__dict__.get('kept', []).clear()
for _ in range(3):
    gc.collect()
";
        run_python(py, code, &[])
    })?;
    Ok(())
}

/// Checks that every value was dropped. No interpreter is left.
pub fn check_ended() -> Result<()> {
    let (made, dropped) = (MADE.load(Ordering::SeqCst), DROPPED.load(Ordering::SeqCst));
    ensure!(
        made == dropped,
        "of {made} shared values, {dropped} were dropped"
    );
    Ok(())
}
