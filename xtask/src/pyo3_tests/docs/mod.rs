//! `cargo xtask pyo3-tests --docs`: the examples in PyO3's documentation, its README and its guide,
//! compiled and run against `compat/pyo3` by rustdoc.
//!
//! Examples that PyO3 marks as `ignore` are not counted.
//!
//! | file | concern |
//! |---|---|
//! | `examples` | finding the examples |
//! | `expected` | the committed figures, with the causes of failures |
//! | `outcome` | reading rustdoc's report |
//! | `package` | the generated package |

mod examples;
mod expected;
mod outcome;
mod package;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::json;
use wait_timeout::ChildExt;

use self::expected::Expected;
use self::outcome::Outcome;
use super::options::{Against, Options};
use super::source;
use crate::python::Python;
use crate::run;

/// The time limit for compiling and running all examples.
const TIMEOUT: Duration = Duration::from_secs(45 * 60);

/// Compiles and runs the examples, and reports how many pass.
pub fn run(options: &Options, python: &Python) -> Result<()> {
    let source = source::find(false)?;
    let examples = examples::find(&source.folder)?;
    let expected = expected::read()?;
    // PyO3 itself passes other examples.
    let failing = match options.against {
        Against::Pyatoll => expected.failing(),
        Against::Pyo3 => Default::default(),
    };
    let folder = package::write(&source, &examples, &failing, options.against)?;
    println!(
        "==> {} examples of PyO3 {}'s documentation, Python {}",
        examples.len(),
        source.version,
        python.version
    );
    let log = folder.join("log.txt");
    test(&folder, python, &log)?;
    let output = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    let outcome = outcome::read(&output, &examples);
    if !outcome.missing.is_empty() {
        bail!(
            "rustdoc reported nothing about {} examples, such as {}: see {}",
            outcome.missing.len(),
            outcome.missing[0],
            log.display()
        );
    }
    print(&outcome, &expected, &log);
    if let Some(path) = &options.json {
        let report = json!({
            "examples": examples.len(),
            "passed": outcome.passed,
            "failed": causes(&outcome, &expected),
        });
        let text = serde_json::to_string_pretty(&report)?;
        fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))?;
    }
    match options {
        Options { check: true, .. } => expected.check(&outcome, examples.len()),
        Options { update: true, .. } => expected.update(&outcome, examples.len()),
        _ => Ok(()),
    }
}

/// Runs rustdoc, with its output written to a file.
fn test(folder: &Path, python: &Python, log: &Path) -> Result<()> {
    let output = File::create(log)?;
    let mut child = run::cargo()
        .args(["test", "--doc", "--color", "never", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(run::target_dir())
        .env("PYO3_PYTHON", &python.executable)
        .env(run::LIBRARY_PATH, run::library_path(&python.libdir)?)
        .env("RUST_BACKTRACE", "0")
        .env_remove("CARGO_PROFILE_DEV_DEBUG")
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
        .context("cannot run cargo")?;
    if child.wait_timeout(TIMEOUT)?.is_none() {
        child.kill()?;
        child.wait()?;
        bail!(
            "the examples took more than {} minutes: see {}",
            TIMEOUT.as_secs() / 60,
            log.display()
        );
    }
    Ok(())
}

/// Sorts the failures by cause: the committed one, else the first error.
fn causes<'a>(outcome: &'a Outcome, expected: &'a Expected) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut causes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, error) in &outcome.failed {
        let cause = expected.cause(name).unwrap_or(error);
        causes.entry(cause).or_default().push(name);
    }
    causes
}

fn print(outcome: &Outcome, expected: &Expected, log: &Path) {
    for (cause, names) in causes(outcome, expected) {
        println!("{cause}");
        for name in names {
            println!("    {name}");
        }
    }
    println!(
        "{} passed, {} failed; their output is in {}",
        outcome.passed,
        outcome.failed.len(),
        log.display()
    );
}
