//! `cargo xtask bench`: Pyatoll beside its peers.
//!
//! The same small module is built in each of them ([`modules`]), `bench/run.py` times them in one
//! process ([`times`]).

mod baseline;
mod instructions;
mod modules;
mod times;

use std::path::PathBuf;

use anyhow::{Result, bail};

use self::modules::Modules;
use crate::python::Python;
use crate::run;

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
    /// Count instructions with callgrind instead of taking times
    #[arg(long)]
    instructions: bool,
    /// Fail if a row takes 5 % more instructions than bench/baseline.json says
    #[arg(long, requires = "instructions")]
    check: bool,
    /// Write bench/baseline.json anew for this Python
    #[arg(long, requires = "instructions", conflicts_with = "check")]
    update: bool,
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
    if options.check || options.update {
        return baseline::run(python, options.update);
    }
    let peers = modules::named(&options.peers)?;
    let modules = Modules::build(python, &peers)?;
    if options.instructions {
        let rows = instructions::count(&modules, &peers, &options.rows)?;
        instructions::print(&rows, &peers);
        return Ok(());
    }
    let times = times::measure(&modules, &peers, &options.rows, options.quick)?;
    times.print(&peers);
    if let Some(file) = &options.json {
        std::fs::write(
            run::root().join(file),
            serde_json::to_string_pretty(&times)?,
        )?;
    }
    Ok(())
}
