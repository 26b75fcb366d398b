//! The committed figures, in `compat/ports/expected.json`: the number of tests that pass with
//! Pyatoll, for each package and kind of interpreter.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::library::{FOLDER, Library};
use super::report::Report;
use crate::python::Python;
use crate::run;

type Figures = BTreeMap<String, BTreeMap<String, usize>>;

fn path() -> PathBuf {
    run::root().join(FOLDER).join("expected.json")
}

/// Reads the figures of all Pythons, and returns those of one as well.
fn read(python: &Python) -> Result<(BTreeMap<String, Figures>, Figures)> {
    let text = fs::read_to_string(path()).unwrap_or_else(|_| "{}".to_owned());
    let all: BTreeMap<String, Figures> =
        serde_json::from_str(&text).context("compat/ports/expected.json is wrong")?;
    let own = all.get(&python.short()).cloned().unwrap_or_default();
    Ok((all, own))
}

fn figures(report: &Report) -> Figures {
    let packages = report.packages.iter().map(|(name, result)| {
        let passed = result.pyatoll.passed.iter();
        (
            name.clone(),
            passed
                .map(|(kind, count)| ((*kind).to_owned(), *count))
                .collect(),
        )
    });
    let crates = report.crates.iter().map(|(name, result)| {
        let passed = result.passed.get(Library::Pyatoll.name()).copied();
        (
            name.clone(),
            BTreeMap::from([("tests".to_owned(), passed.unwrap_or(0))]),
        )
    });
    packages.chain(crates).collect()
}

/// Writes the figures of the packages and crates that were run, and keeps the others.
pub fn update(report: &Report, python: &Python) -> Result<()> {
    let (mut all, mut own) = read(python)?;
    own.extend(figures(report));
    all.insert(python.short(), own);
    fs::write(path(), serde_json::to_string_pretty(&all)? + "\n")?;
    Ok(())
}

/// Returns an error if fewer tests pass than the file says.
pub fn check(report: &Report, python: &Python) -> Result<()> {
    let (_, expected) = read(python)?;
    let mut wrong = Vec::new();
    for (name, found) in figures(report) {
        let Some(expected) = expected.get(&name) else {
            wrong.push(format!(
                "{name} has no figures for Python {}",
                python.short()
            ));
            continue;
        };
        for (kind, expected) in expected {
            let found = found.get(kind).copied().unwrap_or(0);
            if found < *expected {
                wrong.push(format!(
                    "{name} ({kind}): {found} tests pass, {expected} did before"
                ));
            }
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(())
}
