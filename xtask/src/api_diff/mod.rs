//! `cargo xtask api-diff`: Pyatoll's public API beside PyO3's.
//!
//! Both are read from rustdoc's JSON, with the features that are documented; PyO3's from the
//! registry's copy of the crate. What PyO3 has and Pyatoll lacks must be named in one of two lists:
//! deliberate differences, each with its argument in the guide, and what is not supported yet, a
//! list that only shrinks.
//!
//! | file | concern |
//! |---|---|
//! | `compare` | comparison of two API surfaces |
//! | `documents` | rustdoc's JSON of both crates |
//! | `lists` | the committed lists |
//! | `printer` | types and bounds as text, with normalized names |
//! | `report` | the result as text and as JSON |
//! | `signature` | whole declarations as text |
//! | `surface` | the public items and implementations of a crate |

mod compare;
mod documents;
mod lists;
mod printer;
mod report;
mod signature;
mod surface;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use self::compare::Difference;
use self::lists::Lists;
use self::surface::Surface;
use crate::compat::PYO3;
use crate::python::Python;

/// The options of the command.
#[derive(Args)]
pub struct Options {
    /// The version of PyO3 to compare with
    #[arg(long, value_name = "VERSION", default_value = PYO3)]
    pyo3: String,
    /// Write the result to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Print everything that is missing or differs, not only what the lists do not name
    #[arg(long)]
    list: bool,
    /// Remove from compat/api-missing.txt what is not missing any more
    #[arg(long)]
    update: bool,
    /// The Python to build with [default: $PYO3_PYTHON, else python3 on the path]
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
}

/// Compares the two APIs. Fails if the committed lists do not name exactly what is missing.
pub fn run(options: &Options) -> Result<()> {
    let python = Python::find(options.python.clone())?;
    let theirs = Surface::of(&documents::pyo3(&options.pyo3, &python)?);
    let ours = Surface::of(&documents::pyatoll(&python)?);
    let difference = Difference::new(&theirs, &ours);
    let mut lists = Lists::read()?;
    if options.update {
        lists.shrink(&difference)?;
    }
    report::print(&options.pyo3, &difference, &lists, options.list);
    if let Some(path) = &options.json {
        report::write_json(path, &difference, &lists)?;
    }
    lists.check(&difference)
}
