//! The paths, arguments and output of a new sub-interpreter: methods of [`SubInterpreterBuilder`].
//!
//! | file | concern |
//! |---|---|
//! | `paths` | `sys.path`, `sys.argv`, virtual environments |
//! | `output` | `sys.stdout` and `sys.stderr` |

mod output;
mod paths;

use crate::error::{PyErr, PyResult};
use crate::interpreter::{Python, Step, SubInterpreterBuilder};

/// Returns a step of setting up an interpreter whose errors are Python exceptions.
fn step<F>(set_up: F) -> Step
where
    F: for<'py> Fn(Python<'py>) -> PyResult<()> + Send + Sync + 'static,
{
    // The exception belongs to an interpreter that is about to end.
    std::sync::Arc::new(move |py| set_up(py).map_err(|error: PyErr| error.to_string()))
}
