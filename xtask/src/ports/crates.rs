//! The crates' Rust tests.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::catalog::Crate;
use super::library::Library;
use super::venv;
use crate::python::Python;
use crate::{libtest, run};

/// The result of a crate's tests with one library.
#[derive(Default)]
pub struct Outcome {
    /// Whether the crate and its tests compiled.
    pub compiled: bool,
    /// Number of tests that passed.
    pub passed: usize,
    /// The names of those that failed.
    pub failed: Vec<String>,
}

/// Compiles and runs a crate's tests.
pub fn test(krate: &Crate, library: Library, folder: &Path, python: &Python) -> Result<Outcome> {
    let venv = venv::make(&krate.name, &krate.requirements, python)?;
    let mut command = run::cargo();
    command
        .args([
            "test",
            "--no-fail-fast",
            "--features",
            &krate.features.join(","),
        ])
        .args(&krate.arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", library.folder()?.join("crates"))
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("PYO3_PYTHON", &python.executable)
        .env("PYTHONPATH", venv.packages()?)
        .env(run::LIBRARY_PATH, run::library_path(&python.libdir)?);
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let log = library.folder()?.join(format!("{}.log", krate.name));
    fs::write(&log, format!("{errors}\n{text}"))?;
    let mut outcome = Outcome::default();
    for (name, passed) in libtest::verdicts(&text) {
        outcome.compiled = true;
        if passed {
            outcome.passed += 1;
        } else {
            outcome.failed.push(name.to_owned());
        }
    }
    // A crate without tests has no verdicts.
    outcome.compiled |= output.status.success();
    println!(
        "{} ({}): {}, {} passed, {} failed; {}",
        krate.name,
        library.name(),
        if outcome.compiled {
            "compiles"
        } else {
            "does not compile"
        },
        outcome.passed,
        outcome.failed.len(),
        log.display(),
    );
    if !outcome.compiled {
        for line in errors
            .lines()
            .filter(|line| line.starts_with("error"))
            .take(30)
        {
            println!("    {line}");
        }
    }
    Ok(outcome)
}
