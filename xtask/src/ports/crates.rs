//! The crates' Rust tests.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::catalog::Crate;
use super::library::{FOLDER, Library};
use crate::python::Python;
use crate::run;
use crate::wheels::Venv;

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
    let requirements = run::target_dir().join("ports/requirements");
    fs::create_dir_all(&requirements)?;
    let path = requirements.join(format!("{}.txt", krate.name));
    let base = fs::read_to_string(run::root().join(FOLDER).join("requirements.txt"))?;
    fs::write(&path, base + &krate.requirements.join("\n") + "\n")?;
    let venv = Venv::make(python, &path.to_string_lossy())?;
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
    for line in text.lines() {
        let Some(line) = line.strip_prefix("test ") else {
            continue;
        };
        if let Some((name, result)) = line.rsplit_once(" ... ") {
            outcome.compiled = true;
            match result {
                "ok" => outcome.passed += 1,
                "FAILED" => outcome.failed.push(name.to_owned()),
                _ => {}
            }
        }
    }
    // A crate without tests compiles all the same.
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
