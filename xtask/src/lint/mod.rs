//! `cargo xtask lint`: every check that runs no code of the library. Both CI files call it.
//!
//! All checks run even if some fail; a summary ends the output. Those of [`cargo`] and
//! [`minimal_versions`] start other programs. The others read the project's [`files`]; each has
//! tests with planted faults.
//!
//! | file | concern |
//! |---|---|
//! | `cargo` | rustfmt, clippy, rustdoc, cargo-deny, the tests of these checks |
//! | `minimal_versions` | the lowest versions that the published crates ask for |
//! | `layers` | references between the library's layers |
//! | `circles` | files that refer to each other |
//! | `file_tables` | tables of files in the heads of modules |
//! | `cfgs` | places of version cfgs |
//! | `comments` | the width of comments |
//! | `paths` | files that the pages for contributors name |
//! | `files` | the project's files and their texts |
//! | `modules` | a crate's modules and their references |
//! | `tokens` | Rust source as tokens |
//! | `markdown` | tables, code spans and links |

mod cargo;
mod cfgs;
mod circles;
mod comments;
mod file_tables;
mod files;
mod layers;
mod markdown;
mod minimal_versions;
mod modules;
mod paths;
mod tokens;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::builder::PossibleValuesParser;

use self::files::Files;
use crate::run;

/// A check by its name.
struct Check {
    name: &'static str,
    run: Run,
}

/// The kind of a check.
enum Run {
    /// By starting programs, in the workspace's root; they print the faults.
    Programs(fn() -> Result<()>),
    /// By reading the project's files; it returns the faults, a line each.
    Files(fn(&Files) -> Result<Vec<String>>),
}

/// All checks, in the order they run: the fast ones first.
const CHECKS: &[Check] = &[
    Check {
        name: "fmt",
        run: Run::Programs(cargo::fmt),
    },
    Check {
        name: "layers",
        run: Run::Files(layers::check),
    },
    Check {
        name: "circles",
        run: Run::Files(circles::check),
    },
    Check {
        name: "tables",
        run: Run::Files(file_tables::check),
    },
    Check {
        name: "cfgs",
        run: Run::Files(cfgs::check),
    },
    Check {
        name: "comments",
        run: Run::Files(comments::check),
    },
    Check {
        name: "paths",
        run: Run::Files(paths::check),
    },
    Check {
        name: "self-test",
        run: Run::Programs(cargo::self_test),
    },
    Check {
        name: "deny",
        run: Run::Programs(cargo::deny),
    },
    Check {
        name: "clippy",
        run: Run::Programs(cargo::clippy),
    },
    Check {
        name: "stable-abi",
        run: Run::Programs(cargo::stable_abi),
    },
    Check {
        name: "links",
        run: Run::Programs(cargo::two_libraries_are_refused),
    },
    Check {
        name: "docs",
        run: Run::Programs(cargo::docs),
    },
    Check {
        name: "minimal-versions",
        run: Run::Programs(minimal_versions::check),
    },
];

/// The options of `cargo xtask lint`.
#[derive(clap::Args)]
pub struct Options {
    /// The checks to run [default: all]
    #[arg(value_name = "NAME", value_parser = PossibleValuesParser::new(CHECKS.iter().map(|check| check.name)))]
    names: Vec<String>,
    /// Check the files of another tree; only the checks that read files run
    #[arg(long, value_name = "PATH")]
    root: Option<PathBuf>,
}

/// Runs the checks; an error if any fails.
pub fn run(options: &Options) -> Result<()> {
    let files = Files::read(options.root.as_deref().unwrap_or(run::root()))?;
    let mut summary = Vec::new();
    let mut failures = 0;
    for check in CHECKS {
        let is_chosen =
            options.names.is_empty() || options.names.iter().any(|name| name == check.name);
        let is_elsewhere = options.root.is_some() && matches!(check.run, Run::Programs(_));
        if !is_chosen || is_elsewhere {
            continue;
        }
        println!("==> lint: {}", check.name);
        let start = Instant::now();
        let result = match check.run {
            Run::Programs(run) => run(),
            Run::Files(run) => run(&files).and_then(|faults| report(&faults)),
        };
        let seconds = start.elapsed().as_secs_f32();
        let word = match result {
            Ok(()) => "ok",
            Err(error) => {
                println!("{error:#}");
                failures += 1;
                "FAILED"
            }
        };
        summary.push(format!("{word:<7} {seconds:6.1} s  {}", check.name));
    }
    println!("==> lint: summary\n{}", summary.join("\n"));
    match failures {
        0 => Ok(()),
        failures => bail!("{failures} of {} checks failed", summary.len()),
    }
}

/// Prints the faults; an error if there are any.
fn report(faults: &[String]) -> Result<()> {
    for fault in faults {
        println!("{fault}");
    }
    match faults.len() {
        0 => Ok(()),
        count => bail!("{count} faults"),
    }
}
