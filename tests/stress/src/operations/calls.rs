//! Calls in both directions with known results.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result, bail, ensure};
use pyatoll::exceptions::{PyKeyError, PyRuntimeError, PyValueError};
use pyatoll::prelude::*;
use pyatoll::types::PyDict;

use super::to_anyhow;
use crate::every_type::use_every_type;
use crate::model::{InterpreterModel, Stage};
use crate::module::{Counted, Refused, Tally};
use crate::world::{World, enter};

pub fn atoll(py: Python<'_>) -> Result<Bound<'_, PyModule>> {
    py.import("atoll").map_err(to_anyhow)
}

/// Runs Python code with `atoll` and the given numbers; it must not raise.
pub fn run_python(py: Python<'_>, code: &std::ffi::CStr, numbers: &[(&str, u64)]) -> Result<()> {
    let names = PyDict::new(py);
    names.set_item("atoll", atoll(py)?).map_err(to_anyhow)?;
    for (name, number) in numbers {
        names.set_item(*name, number).map_err(to_anyhow)?;
    }
    py.run(code, Some(&names), None).map_err(to_anyhow)
}

/// Calls the module from Rust.
pub fn call(world: &World, [choice, a, b, which]: [u64; 4]) -> Result<()> {
    let interpreter = world.pick_any(choice);
    enter(&interpreter, |py| call_here(py, &interpreter, a, b, which))?;
    Ok(())
}

/// Calls the module's functions and methods in the current interpreter, whose model is given.
pub fn call_here(
    py: Python<'_>,
    interpreter: &Arc<InterpreterModel>,
    a: u64,
    b: u64,
    which: u64,
) -> Result<()> {
    let module = atoll(py)?;
    let get = |name: &str| module.getattr(name).map_err(to_anyhow);
    let number = |result: PyResult<Bound<'_, PyAny>>| -> Result<u64> {
        Ok(result.map_err(to_anyhow)?.extract::<u64>()?)
    };
    match which % 9 {
        0 => {
            let sum = number(get("add")?.call1((a, b)))?;
            ensure!(sum == a.wrapping_add(b), "add({a}, {b}) is {sum}");
            ensure!(get("nothing")?.call0().map_err(to_anyhow)?.is_none());
        }
        1 => {
            let id: i64 = get("interpreter")?.call0().map_err(to_anyhow)?.extract()?;
            ensure!(
                id == interpreter.id(),
                "interpreter() is {id}, not {}",
                interpreter.id()
            );
        }
        2 => {
            let class = get("Counted")?;
            let object = class.call1((a,)).map_err(to_anyhow)?;
            ensure!(number(object.getattr("value"))? == a);
            ensure!(number(object.add(b))? == a.wrapping_add(b));
            ensure!(object.len().map_err(to_anyhow)? as u64 == a % 1000);
            let other = class.call_method1("made_by", (b,)).map_err(to_anyhow)?;
            ensure!(number(object.call_method1("plus", (&other,)))? == a.wrapping_add(b));
            ensure!(number(class.call_method1("twice", (a,)))? == a.wrapping_mul(2));
            ensure!(object.is_instance_of::<Counted>());
        }
        3 => {
            let count = number(get("count")?.call0())?;
            ensure!(count > 0 && count <= interpreter.calls.load(Ordering::SeqCst));
        }
        4 => {
            let once = get("once")?.call0().map_err(to_anyhow)?;
            let address = once.as_ptr().addr() as u64;
            let before = interpreter.once.swap(address, Ordering::SeqCst);
            ensure!(
                before == 0 || before == address,
                "`once` has two values in interpreter #{}",
                interpreter.number
            );
            let id: i64 = once
                .get_item("an interned name")
                .map_err(to_anyhow)?
                .extract()?;
            ensure!(id == interpreter.id(), "`once` belongs to interpreter {id}");
        }
        5 => {
            let name: String = get("name_of_module")?
                .call0()
                .map_err(to_anyhow)?
                .extract()?;
            ensure!(name == "atoll", "the module's name is {name}");
        }
        6 => {
            let add = pyatoll::types::PyCFunction::new_closure(py, None, None, move |args, _| {
                Ok::<_, PyErr>(args.get_item(0)?.extract::<u64>()?.wrapping_add(b))
            });
            let sum = number(get("call_back")?.call1((add.map_err(to_anyhow)?, a)))?;
            ensure!(sum == a.wrapping_add(b), "called back, {a} + {b} is {sum}");
        }
        7 => {
            let tally = Bound::new(py, Tally { total: a }).map_err(to_anyhow)?;
            ensure!(number(tally.call_method1("add", (b,)))? == a.wrapping_add(b));
            ensure!(tally.borrow().total == a.wrapping_add(b));
            ensure!(tally.get_refcnt() == 1);
        }
        _ => {
            let kwargs = PyDict::new(py);
            kwargs.set_item("third", b).map_err(to_anyhow)?;
            kwargs.set_item("other", a).map_err(to_anyhow)?;
            let found = get("shapes")?.call((a, b, 1, 2), Some(&kwargs));
            let found: (u64, u64, usize, u64, usize) = found.map_err(to_anyhow)?.extract()?;
            ensure!(found == (a, b, 2, b, 1), "shapes gives {found:?}");
            let few = get("shapes")?.call0().map_err(|error| error.to_string());
            ensure!(few.is_err_and(|text| text.starts_with("TypeError: shapes() missing")));
        }
    }
    Ok(())
}

/// Calls the module from Python code.
pub fn call_in_python(world: &World, [choice, a, b, _]: [u64; 4]) -> Result<()> {
    let interpreter = world.pick_any(choice);
    enter(&interpreter, |py| {
        let code = c"
M = 2**64
assert atoll.add(a, b) == (a + b) % M
first, second = atoll.Counted(a), atoll.Counted.made_by(b)
assert first.plus(second) == (a + b) % M and first + b == (a + b) % M
assert len(first) == a % 1000 and atoll.Counted.twice(a) == 2 * a % M
assert atoll.shapes(a, third=b) == (a, 2, 0, b, 0)
assert atoll.call_back(lambda x: x ^ b, a) == a ^ b

class Named(atoll.Tally):
    def __init__(self, total):
        self.name = str(total)

named = Named(a)
assert named.add(b) == (a + b) % M and named.name == str(a)
named.total = b
assert named.total == b
assert sorted(atoll.add(n, 1) for n in range(20)) == list(range(1, 21))
try:
    named.total = -1
except OverflowError:
    pass
else:
    assert False
";
        run_python(py, code, &[("a", a), ("b", b)])
    })?;
    Ok(())
}

/// Raises exceptions, which may outlive their attachment and their interpreter.
pub fn raise(world: &World, [choice, which, elsewhere, _]: [u64; 4]) -> Result<()> {
    let interpreter = world.pick_any(choice);
    let raised = enter(&interpreter, |py| {
        let kind = if which % 2 == 0 { "refused" } else { "plain" };
        let Err(error) = atoll(py)?
            .getattr("fails")
            .map_err(to_anyhow)?
            .call1((kind,))
        else {
            bail!("fails({kind}) does not");
        };
        ensure!(error.is_instance_of::<PyValueError>(py));
        ensure!(error.is_instance_of::<Refused>(py) == (kind == "refused"));
        ensure!(error.value(py).to_string() == kind);
        Ok(error)
    })?;
    let Some(error) = raised else { return Ok(()) };
    // The exception belongs to the interpreter, but is not a counted object.
    match which / 2 % 3 {
        0 => drop(error),
        1 => {
            enter(&world.pick_live(elsewhere), |_| {
                drop(error);
                Ok(())
            })?;
        }
        _ => drop(std::thread::spawn(move || drop(error)).join()),
    }
    Ok(())
}

/// Panics through Python frames and through an attachment.
pub fn panic(world: &World, [choice, how, text, _]: [u64; 4]) -> Result<()> {
    let interpreter = world.pick_any(choice);
    let text = text.to_string();
    match how % 3 {
        0 => {
            enter(&interpreter, |py| {
                let panics = atoll(py)?.getattr("panics").map_err(to_anyhow)?;
                let caught = catch_unwind(AssertUnwindSafe(|| panics.call1((&text,)).is_ok()));
                let payload = caught.err().context("panics() does not")?;
                let text_found = payload.downcast_ref::<String>().map(String::as_str);
                ensure!(
                    text_found == Some(&*format!("stress: {text}")),
                    "{text_found:?}"
                );
                Ok(())
            })?;
        }
        1 => {
            enter(&interpreter, |py| {
                let code = c"
try:
    atoll.panics(str(a))
except Exception:
    assert False
except BaseException as error:
    assert type(error).__name__ == 'PanicException', error
    assert str(error) == f'stress: {a}', error
else:
    assert False
";
                run_python(py, code, &[("a", text.len() as u64)])
            })?;
        }
        _ => {
            let caught = catch_unwind(AssertUnwindSafe(|| {
                enter(&interpreter, |_| -> Result<()> { panic!("stress: {text}") })
            }));
            match caught {
                Ok(Ok(None)) => {}
                Ok(Ok(Some(()))) => bail!("a panic was lost"),
                Ok(Err(error)) => return Err(error),
                Err(_) => ensure!(
                    pyatoll::Interpreter::current().is_none(),
                    "a panic left the thread attached"
                ),
            }
        }
    }
    Ok(())
}

/// Borrows mutably: a second borrow is refused until the first one ends.
pub fn borrow(world: &World, [choice, a, b, _]: [u64; 4]) -> Result<()> {
    let interpreter = world.pick_any(choice);
    enter(&interpreter, |py| {
        let code = c"
tally = atoll.Tally(a)
def again():
    tally.add(b)
try:
    tally.borrowed(again)
except RuntimeError as error:
    assert str(error) == 'Already borrowed', error
else:
    assert False
assert tally.add(b) == (a + b) % 2**64
";
        run_python(py, code, &[("a", a), ("b", b)])?;
        let tally = Bound::new(py, Tally { total: a }).map_err(to_anyhow)?;
        let lent = tally.borrow();
        ensure!(tally.try_borrow_mut().is_err() && tally.try_borrow().is_ok());
        ensure!(lent.total == a);
        drop(lent);
        ensure!(tally.try_borrow_mut().is_ok());
        Ok(())
    })?;
    Ok(())
}

/// Calls an extension module with its own copy of the library, and passes objects between the two.
pub fn other_binary(world: &World, [choice, a, ..]: [u64; 4]) -> Result<()> {
    if world.extensions.is_none() {
        return Ok(());
    }
    let interpreter = world.pick_any(choice);
    enter(&interpreter, |py| {
        let code = c"
import leaks_pyatoll as other
assert other.two(a, second=1) == a + 1 and other.count() > 0
point = other.Point(a, 2)
assert point.moved(other.Point(1, 1)) == other.Point(a + 1, 3)
assert other.once() is other.once()
assert other.call_back(lambda n: atoll.add(n, a)) == a + 1
assert atoll.call_back(lambda n: other.one(n), a) == a + 1
try:
    other.call_back(lambda n: atoll.panics('between binaries'))
except BaseException as error:
    assert type(error).__name__ == 'PanicException', error
    assert str(error) == 'stress: between binaries', error
else:
    assert False
# The other binary has a handle to both: it keeps one and drops the other in a thread.
other.keep([point])
node = other.Node()
node.next = atoll.Node(a)
node.next.next = node
";
        let a = a % 1_000_000;
        run_python(py, code, &[("a", a)])?;
        let code = c"
import leaks_pyatoll as other
assert other.thread([a]) == atoll.interpreter()
";
        let result = run_python(py, code, &[("a", a)]);
        // Attaching is refused while the interpreter is ending.
        match interpreter.stage() {
            Stage::Open => result,
            _ => Ok(()),
        }
    })?;
    Ok(())
}

/// Uses every conversion and every kind of type.
pub fn every_type(world: &World, [choice, ..]: [u64; 4]) -> Result<()> {
    let interpreter = world.pick_any(choice);
    enter(&interpreter, |py| {
        let used = use_every_type(py).map_err(to_anyhow);
        // An ending interpreter may refuse to import what they need.
        match interpreter.stage() {
            Stage::Open => used,
            _ => Ok(()),
        }
    })?;
    Ok(())
}

/// Imports a module whose execution fails: it leaves nothing behind and can be imported later.
pub fn failing_import(world: &World, [choice, ..]: [u64; 4]) -> Result<()> {
    let interpreter = world.pick_any(choice);
    enter(&interpreter, |py| {
        // Other threads of the interpreter may trigger the failure or import the module first.
        interpreter.fail_import.store(true, Ordering::SeqCst);
        match py.import("flaky") {
            Ok(module) => {
                // The import of a module that another thread is importing may return it unfinished.
                let spec = module.getattr("__spec__").map_err(to_anyhow)?;
                let initializing = spec.getattr("_initializing").map_err(to_anyhow)?;
                let is_unfinished = initializing.is_truthy().map_err(to_anyhow)?;
                ensure!(is_unfinished || module.hasattr("part").map_err(to_anyhow)?);
            }
            // Another thread removed the module just before `importlib` did.
            Err(error) if error.is_instance_of::<PyKeyError>(py) => {
                ensure!(error.value(py).to_string() == "'flaky'", "{error}");
            }
            Err(error) => {
                ensure!(error.is_instance_of::<PyRuntimeError>(py), "{error}");
                ensure!(error.value(py).to_string() == "not this time");
            }
        }
        let code = c"import sys; sys.modules.pop('flaky', None)";
        py.run(code, None, None).map_err(to_anyhow)
    })?;
    Ok(())
}

/// Uses `threading` inside the interpreter.
pub fn python_threads(world: &World, [choice, a, count, _]: [u64; 4]) -> Result<()> {
    let interpreter = world.pick_any(choice);
    enter(&interpreter, |py| {
        let code = c"
import threading
found = []
def work(number):
    for _ in range(5):
        atoll.count()
        atoll.Counted(number)
    found.append(atoll.add(a, number))
threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert sorted(found) == sorted((a + n) % 2**64 for n in range(count)), found
";
        let result = run_python(py, code, &[("a", a), ("count", 1 + count % 4)]);
        // An ending interpreter starts no threads.
        match interpreter.stage() {
            Stage::Open => result,
            _ => Ok(()),
        }
    })?;
    Ok(())
}
