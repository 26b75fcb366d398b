//! `cargo xtask loom`: runs the models of `tests/loom`. They need no Python.

use anyhow::Result;

use crate::run;

/// Builds the models and runs them.
pub fn run() -> Result<()> {
    run::status(run::cargo().args(["run", "--quiet", "--profile=loom", "--package=pyatoll-loom"]))
}
