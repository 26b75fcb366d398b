//! Measuring how long a package's crate compiles, with both libraries.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use serde::Serialize;

use super::bench::Times;
use super::library::Library;
use crate::python::Python;
use crate::run;

/// Number of builds of the package with its dependencies. The two libraries take turns.
const CLEAN_ROUNDS: usize = 2;
/// Number of builds of the crate alone after each of these.
const INCREMENTAL_ROUNDS: usize = 3;

/// The shortest compile times of one package, as `cargo build` without options takes them.
#[derive(Serialize)]
pub struct CompileTimes {
    /// With all crates that it depends on, into an empty folder.
    pub clean: Times,
    /// After a change of the crate's root, with incremental compilation.
    pub incremental: Times,
}

impl CompileTimes {
    /// Returns both, with their names.
    pub fn named(&self) -> [(&'static str, &Times); 2] {
        [
            ("a clean build", &self.clean),
            ("an incremental build", &self.incremental),
        ]
    }
}

/// Measures the crate in the root of these sources.
pub fn measure(sources: &[(Library, PathBuf)], python: &Python) -> Result<CompileTimes> {
    let mut times = CompileTimes {
        clean: Times::NONE,
        incremental: Times::NONE,
    };
    for _ in 0..CLEAN_ROUNDS {
        for (library, source) in sources {
            let target = library.folder()?.join("compile");
            run::remove_folder(&target)?;
            times.clean.add(*library, build(source, &target, python)?);
            for _ in 0..INCREMENTAL_ROUNDS {
                run::touch(&source.join("src/lib.rs"))?;
                let seconds = build(source, &target, python)?;
                times.incremental.add(*library, seconds);
            }
            run::remove_folder(&target)?;
        }
    }
    Ok(times)
}

/// Compiles the crate. Returns the seconds that it took.
fn build(source: &Path, target: &Path, python: &Python) -> Result<f64> {
    let start = Instant::now();
    run::status(
        run::cargo()
            .args(["build", "--quiet"])
            .current_dir(source)
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_INCREMENTAL", "1")
            .env("PYO3_PYTHON", &python.executable),
    )?;
    Ok(start.elapsed().as_secs_f64())
}
