//! Ending the pools before the Python runtime ends, as their interpreters must end first.
//!
//! CPython's main interpreter first calls the `atexit` functions when it ends. The function
//! registered here refuses queued jobs with [`PoolError::RuntimeEnded`] and waits a moment for
//! the running ones, so that the workers can end their interpreters. A job that runs longer is
//! treated like any other attached thread at the end of its interpreter.

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

/// The pools that use the runtime; only in the main interpreter.
static POOLS: InterpreterLocal<PoolRegistry> = InterpreterLocal::lasting();

/// Timeout for all pools together to end.
const TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Default)]
struct PoolRegistry(Mutex<RegisteredPools>);

#[derive(Default)]
struct RegisteredPools {
    pools: Vec<Weak<Shared>>,
    /// The runtime is ending.
    ended: bool,
}

impl PoolRegistry {
    fn lock(&self) -> MutexGuard<'_, RegisteredPools> {
        lock(&self.0)
    }
}

/// Registers a pool to be ended at the end of the runtime. `py` is the main interpreter's token.
pub(super) fn register(py: Python<'_>, shared: &Arc<Shared>) -> PyResult<()> {
    let pools = POOLS.get_or_try_init(py, || {
        let at_exit = |arguments: &Bound<'_, PyTuple>, _: Option<&Bound<'_, _>>| {
            end_pools(arguments.py());
        };
        let function = PyCFunction::new_closure(py, Some(c"_pyatoll_pools_end"), None, at_exit)?;
        py.import("atexit")?.call_method1("register", (function,))?;
        PyResult::Ok(PoolRegistry::default())
    })?;
    let mut registered = pools.lock();
    if registered.ended {
        return Err(PyRuntimeError::new_err("the Python runtime is ending"));
    }
    registered.pools.retain(|pool| pool.strong_count() > 0);
    let is_this = |pool: &Weak<Shared>| std::ptr::eq(pool.as_ptr(), Arc::as_ptr(shared));
    if !registered.pools.iter().any(is_this) {
        registered.pools.push(Arc::downgrade(shared));
    }
    Ok(())
}

/// Ends the registered pools.
fn end_pools(py: Python<'_>) {
    let Some(pools) = POOLS.get(py) else { return };
    let registered = {
        let mut registered = pools.lock();
        registered.ended = true;
        std::mem::take(&mut registered.pools)
    };
    let mut pools: Vec<Arc<Shared>> = registered.iter().filter_map(Weak::upgrade).collect();
    pools.retain(|pool| !pool.is_forked());
    for pool in &pools {
        pool.close(PoolError::RuntimeEnded);
        pool.cancel_queued(&PoolError::RuntimeEnded);
    }
    // An embedding program may have asked to wait without a limit.
    let without_limit = py.local().gate().waits_without_limit();
    let deadline = (!without_limit).then(|| Instant::now() + TIMEOUT);
    py.detach(|| {
        for pool in &pools {
            let _ = pool.wait_for_end(deadline);
        }
    });
}
