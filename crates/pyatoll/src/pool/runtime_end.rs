//! The end of the Python runtime ends the pools: their interpreters must go before it.
//!
//! CPython's main interpreter calls its `atexit` functions first of all. The pools' one ends the jobs
//! that wait with [`PoolError::RuntimeEnded`], and gives those that run a moment to finish, so that
//! the workers end their interpreters. For what runs longer, the end of its interpreter waits or not
//! as for any thread that is attached.

use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::{Duration, Instant};

use super::error::PoolError;
use super::shared::Shared;
use crate::error::PyResult;
use crate::exceptions::PyRuntimeError;
use crate::interpreter::Python;
use crate::interpreter::sync::lock;
use crate::object::Bound;
use crate::sync::InterpreterLocal;
use crate::types::{PyAnyMethods, PyCFunction, PyTuple};

/// In the main interpreter: the pools that use its runtime.
static POOLS: InterpreterLocal<Pools> = InterpreterLocal::new();

/// How long all pools together have to end.
const MOMENT: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Pools(Mutex<State>);

#[derive(Default)]
struct State {
    pools: Vec<Weak<Shared>>,
    /// The runtime is ending.
    ended: bool,
}

impl Pools {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}

/// Lets the pool hear of the runtime's end. `py` is the main interpreter's token.
pub(super) fn watch(py: Python<'_>, shared: &Arc<Shared>) -> PyResult<()> {
    let pools = POOLS.get_or_try_init(py, || {
        let ends = |arguments: &Bound<'_, PyTuple>, _: Option<&Bound<'_, _>>| {
            runtime_ends(arguments.py());
        };
        let function = PyCFunction::new_closure(py, Some(c"_pyatoll_pools_end"), None, ends)?;
        py.import("atexit")?.call_method1("register", (function,))?;
        PyResult::Ok(Pools::default())
    })?;
    let mut state = pools.state();
    if state.ended {
        return Err(PyRuntimeError::new_err("the Python runtime is ending"));
    }
    state.pools.retain(|pool| pool.strong_count() > 0);
    let known = |pool: &Weak<Shared>| std::ptr::eq(pool.as_ptr(), Arc::as_ptr(shared));
    if !state.pools.iter().any(known) {
        state.pools.push(Arc::downgrade(shared));
    }
    Ok(())
}

fn runtime_ends(py: Python<'_>) {
    let Some(pools) = POOLS.get(py) else { return };
    let ended = {
        let mut state = pools.state();
        state.ended = true;
        std::mem::take(&mut state.pools)
    };
    let mut pools: Vec<Arc<Shared>> = ended.iter().filter_map(Weak::upgrade).collect();
    pools.retain(|pool| !pool.is_forked());
    for pool in &pools {
        pool.close(PoolError::RuntimeEnded);
        pool.cancel_queued(&PoolError::RuntimeEnded);
    }
    // Whoever embeds the runtime may want to wait for all.
    let patient = py.local().gate().waits_without_limit();
    let deadline = (!patient).then(|| Instant::now() + MOMENT);
    py.detach(|| {
        for pool in &pools {
            let _ = pool.wait_for_end(deadline);
        }
    });
}
