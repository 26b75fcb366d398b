//! Ways of other code to switch stacks, release the GIL and stay behind.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, anyhow, ensure};
use pyatoll::prelude::*;

use super::calls::{atoll, run_python};
use super::to_anyhow;
use crate::flight;
use crate::model::Stage;
use crate::world::{World, enter};

/// Maximum number of daemon threads.
const MAX_DAEMONS: usize = 3;

/// Switches between greenlets that are in the middle of detachments and attachments, in the main
/// interpreter: `greenlet` keeps what it knows of a thread in a thread-local, of whatever
/// interpreter. On free-threaded builds it would enable the GIL.
pub fn greenlets(world: &World, [seed, ..]: [u64; 4]) -> Result<()> {
    if !world.has_greenlets || cfg!(Py_GIL_DISABLED) {
        return Ok(());
    }
    let number = flight::number();
    let work = || {
        if let Some(number) = number {
            flight::begin(number);
        }
        enter(&world.main, |py| {
            let code = c"
import random
from greenlet import getcurrent, greenlet

choice, hub, alive = random.Random(seed), getcurrent(), []

def switch():
    others = [one for one in alive if not one.dead and one is not getcurrent()]
    (hub if not others or choice.random() < 0.5 else choice.choice(others)).switch()
    assert atoll.interpreter() == atoll.attaches() == 0

def work():
    for _ in range(choice.randrange(1, 5)):
        atoll.call_deep(choice.randrange(4), switch)

for _ in range(30):
    if len(alive) < 6 and choice.random() < 0.4:
        alive.append(greenlet(work))
        alive[-1].switch()
    elif alive:
        choice.choice(alive).switch()
    alive[:] = [one for one in alive if not one.dead]
while alive:
    alive[-1].switch()
    alive[:] = [one for one in alive if not one.dead]
# `greenlet` frees a thread's main one after the thread, even if garbage refers to it.
hub = None
";
            run_python(py, code, &[("seed", seed)])
        })
    };
    // A thread of its own, which ends with what `greenlet` knows of it.
    std::thread::scope(|scope| scope.spawn(work).join())
        .map_err(|_| anyhow!("a thread with greenlets panicked"))??;
    Ok(())
}

/// Releases the GIL as C code does, and calls back into Rust and Python.
///
/// On 3.11 only as C code attaches, which enters the main interpreter: Rust cannot tell there that
/// the GIL was released while another thread is in another interpreter.
pub fn released(world: &World, [choice, how, a, b]: [u64; 4]) -> Result<()> {
    let is_old = cfg!(not(Py_3_12));
    let interpreter = match is_old {
        true => world.main.clone(),
        false => world.pick_any(choice),
    };
    let as_c = is_old || how % 2 == 0;
    enter(&interpreter, |py| {
        let within = pyatoll::types::PyCFunction::new_closure(py, None, None, move |args, _| {
            let sum = args.py().import("atoll")?.call_method1("add", (a, b))?;
            assert_eq!(sum.extract::<u64>()?, a.wrapping_add(b));
            Ok::<_, PyErr>(())
        });
        let found = atoll(py)?
            .getattr("released")
            .map_err(to_anyhow)?
            .call1((as_c, within.map_err(to_anyhow)?));
        let expected = interpreter.id();
        match found.map_err(to_anyhow)?.extract::<Option<i64>>()? {
            Some(id) => ensure!(id == expected, "called back in {id}, not {expected}"),
            None => ensure!(
                interpreter.stage() != Stage::Open,
                "nothing was called back"
            ),
        }
        Ok(())
    })?;
    Ok(())
}

/// Daemon threads that were started.
static STARTED: AtomicUsize = AtomicUsize::new(0);

/// Returns whether a daemon thread was started.
pub fn has_daemon_threads() -> bool {
    STARTED.load(Ordering::SeqCst) > 0
}

/// Starts a daemon thread that is inside a Rust function until the process ends.
pub fn daemon_thread(world: &World, [how, ..]: [u64; 4]) -> Result<()> {
    if !world.may_start_daemon_threads {
        return Ok(());
    }
    if STARTED.fetch_add(1, Ordering::SeqCst) >= MAX_DAEMONS {
        STARTED.fetch_sub(1, Ordering::SeqCst);
        return Ok(());
    }
    let started = enter(&world.main, |py| {
        let code = c"
import threading, time
works = [
    lambda: time.sleep(0.001),
    lambda: (atoll.add(1, 2), time.sleep(0.001)),
    lambda: list(map(lambda n: atoll.call_back(lambda m: time.sleep(0.001), n), range(3))),
]
work = works[how]
del works
threading.Thread(target=atoll.forever, args=(work,), daemon=True).start()
";
        run_python(py, code, &[("how", how % 3)])
    })?;
    if started.is_none() {
        STARTED.fetch_sub(1, Ordering::SeqCst);
    }
    Ok(())
}

/// Imports `greenlet` from this folder into the main interpreter.
pub fn import_greenlet(folder: &std::path::Path) -> Result<()> {
    Python::attach(|py| {
        py.import("sys")
            .and_then(|sys| {
                sys.getattr("path")?
                    .call_method1("append", (folder.as_os_str(),))
            })
            .map_err(to_anyhow)?;
        if cfg!(Py_GIL_DISABLED) {
            return Ok(());
        }
        let imported = py.import("greenlet").map(drop).map_err(to_anyhow);
        imported.context("`greenlet` is missing")
    })
}
