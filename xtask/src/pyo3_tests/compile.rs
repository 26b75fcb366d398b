//! Compiling the tests: one cargo run for all of them, in which each succeeds or fails on its own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::source::File;
use crate::python::Python;
use crate::run;

/// The results of a cargo run.
pub struct Compiled {
    /// The outcomes, by the files' names.
    pub outcomes: BTreeMap<String, Outcome>,
    /// The `cfg`s set by the build script.
    pub cfgs: Vec<String>,
}

/// The outcome of compiling one file.
pub enum Outcome {
    /// A test program.
    Executable(PathBuf),
    /// The compiler's errors.
    Errors(String),
}

/// Compiles these files, or all files of the package if the list is empty.
pub fn all(folder: &Path, python: &Python, files: &[File]) -> Result<Compiled> {
    let mut cargo = run::cargo();
    cargo
        .args([
            "build",
            "--keep-going",
            "--message-format",
            "json",
            "--manifest-path",
        ])
        .arg(folder.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(run::target_dir())
        .env("PYO3_PYTHON", &python.executable)
        // CI sets it for other tests; here the package's profile applies.
        .env_remove("CARGO_PROFILE_DEV_DEBUG")
        .stdout(Stdio::piped());
    if files.is_empty() {
        cargo.arg("--tests");
    }
    for file in files {
        cargo.args(["--test", &file.name]);
    }
    let mut child = cargo.spawn().context("cannot run cargo")?;
    let output = child.stdout.take().context("cargo's output is piped")?;

    let mut compiled = Compiled {
        outcomes: BTreeMap::new(),
        cfgs: Vec::new(),
    };
    let mut elsewhere = String::new();
    for line in BufReader::new(output).lines() {
        let message: Value = serde_json::from_str(&line?).context("cannot read cargo's message")?;
        let target = message["target"]["name"].as_str().unwrap_or("");
        let is_test = message["target"]["kind"][0] == "test";
        match message["reason"].as_str() {
            Some("compiler-artifact") if is_test => {
                if let Some(executable) = message["executable"].as_str() {
                    let outcome = Outcome::Executable(executable.into());
                    compiled.outcomes.insert(target.to_owned(), outcome);
                }
            }
            Some("compiler-message") if message["message"]["level"] == "error" => {
                let text = message["message"]["rendered"].as_str().unwrap_or("");
                if !is_test {
                    elsewhere.push_str(text);
                    continue;
                }
                let outcome = compiled.outcomes.entry(target.to_owned());
                match outcome.or_insert_with(|| Outcome::Errors(String::new())) {
                    Outcome::Errors(errors) => errors.push_str(text),
                    Outcome::Executable(_) => {}
                }
            }
            Some("build-script-executed")
                if message["package_id"]
                    .as_str()
                    .is_some_and(|id| id.contains("pyo3-tests")) =>
            {
                let cfgs = message["cfgs"].as_array().into_iter().flatten();
                compiled
                    .cfgs
                    .extend(cfgs.filter_map(|cfg| cfg.as_str().map(str::to_owned)));
            }
            _ => {}
        }
    }
    // A test that does not compile is a result, but a dependency that does not is an error.
    let status = child.wait()?;
    if !elsewhere.is_empty() {
        bail!("the tests' dependencies do not compile:\n{elsewhere}");
    }
    if compiled.cfgs.is_empty() {
        bail!("the tests were not compiled ({status})");
    }
    Ok(compiled)
}
