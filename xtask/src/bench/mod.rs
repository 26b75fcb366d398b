//! `cargo xtask bench`: Pyatoll beside its peers.
//!
//! The same small module is built in each of them ([`modules`]), `bench/run.py` times them in one
//! process ([`times`]).

mod modules;
mod times;

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::python::Python;
use crate::run;
use crate::wheels::Venv;

/// What the virtual environment of the benchmarks is made of.
const REQUIREMENTS: &str = "bench/requirements.txt";

/// What `cargo xtask bench` is told.
#[derive(clap::Args)]
pub struct Options {
    /// The groups or rows to run, such as `functions` or `classes/get*` [default: functions and
    /// classes]
    #[arg(long, value_name = "PATTERN", num_args = 1..)]
    rows: Vec<String>,
    /// The peers to run [default: all]
    #[arg(long, value_name = "NAME", num_args = 1..)]
    peers: Vec<String>,
    /// Write what was measured to this file, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The Python, 3.14 or later [default: $PYO3_PYTHON, else python3 on the path]
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
    /// Fewer rounds, in one process: for a first look
    #[arg(long)]
    quick: bool,
}

/// Builds the modules, times them, and prints the table.
pub fn run(options: &Options) -> Result<()> {
    let python = Python::find(options.python.clone())?;
    if python.minor() < 14 {
        bail!(
            "the benchmarks need Python 3.14 or later, not {}: name one with --python",
            python.version
        );
    }
    let peers = modules::named(&options.peers)?;
    let venv = Venv::make(&python, REQUIREMENTS)?;
    let folder = modules::build(&python, &venv, &peers)?;
    let times = times::measure(&venv, &folder, &peers, &options.rows, options.quick)?;
    times.print(&peers);
    if let Some(file) = &options.json {
        std::fs::write(
            run::root().join(file),
            serde_json::to_string_pretty(&times)?,
        )?;
    }
    Ok(())
}
