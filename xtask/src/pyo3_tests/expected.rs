//! The committed figures: the number of tests that pass, by file and kind of interpreter.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::options::{Against, Interpreter};
use super::report::Report;
use crate::python::Python;
use crate::run;

/// The file with the figures.
const FILE: &str = "compat/expected.json";

/// The contents of the file.
#[derive(Default, Serialize, Deserialize)]
struct Expected {
    /// The version of PyO3 that the tests belong to.
    pyo3: String,
    /// The version of Python they were counted with, such as "3.14".
    python: String,
    /// Number of tests that pass against PyO3 itself, by file.
    tests: BTreeMap<String, usize>,
    /// The same for the stable ABI.
    #[serde(default)]
    tests_abi3: BTreeMap<String, usize>,
    /// Number of tests that pass against Pyatoll, by interpreter and file.
    passed: BTreeMap<String, BTreeMap<String, usize>>,
    /// The same for the stable ABI.
    #[serde(default)]
    passed_abi3: BTreeMap<String, BTreeMap<String, usize>>,
}

/// New figures to compare or to write.
pub struct Figures<'a> {
    pub python: &'a Python,
    pub version: &'a str,
    pub against: Against,
    pub interpreter: Interpreter,
    /// Whether the tests are compiled for the stable ABI.
    pub abi3: bool,
    pub report: &'a Report,
    /// Whether all files were run.
    pub whole: bool,
}

impl Figures<'_> {
    /// Fails if a file passes fewer tests than the committed figures, or crashes.
    pub fn check(&self) -> Result<()> {
        let expected = read()?;
        self.check_versions(&expected)?;
        let (tests, passed) = match self.abi3 {
            false => (&expected.tests, &expected.passed),
            true => (&expected.tests_abi3, &expected.passed_abi3),
        };
        let (what, old) = match self.against {
            Against::Pyo3 => ("with PyO3 itself", tests),
            Against::Pyatoll => {
                let figures = passed.get(self.interpreter.name());
                let figures = figures.with_context(|| {
                    format!(
                        "{FILE} has no figures for {} interpreters",
                        self.interpreter.name()
                    )
                })?;
                (self.interpreter.name(), figures)
            }
        };
        let (complaints, more) = compare(self.report, tests, old, self.whole);
        if !complaints.is_empty() {
            bail!(
                "PyO3's tests ({what}):\n  {}\nIf this is intended, update {FILE} with `cargo xtask \
                pyo3-tests {} --update` and explain it in compat/DIFFERENCES.md.",
                complaints.join("\n  "),
                self.arguments(),
            );
        }
        println!("No file passes fewer tests than in {FILE}.");
        if more > 0 {
            println!(
                "{more} more pass: `cargo xtask pyo3-tests {} --update`",
                self.arguments()
            );
        }
        Ok(())
    }

    /// Updates the committed figures with those of this run.
    pub fn update(&self) -> Result<()> {
        let mut expected = if path().exists() {
            read()?
        } else {
            Expected {
                pyo3: self.version.to_owned(),
                python: self.python.short(),
                ..Expected::default()
            }
        };
        self.check_versions(&expected)?;
        let (tests, passed) = match self.abi3 {
            false => (&mut expected.tests, &mut expected.passed),
            true => (&mut expected.tests_abi3, &mut expected.passed_abi3),
        };
        let figures = match self.against {
            Against::Pyo3 => tests,
            Against::Pyatoll => passed
                .entry(self.interpreter.name().to_owned())
                .or_default(),
        };
        if self.whole {
            figures.clear();
        }
        for (name, file) in &self.report.files {
            figures.insert(name.clone(), file.passed);
        }
        let text = serde_json::to_string_pretty(&expected)?;
        fs::write(path(), text + "\n").with_context(|| format!("cannot write {FILE}"))?;
        println!("updated {FILE}: {} tests pass", self.report.passed());
        Ok(())
    }

    fn check_versions(&self, expected: &Expected) -> Result<()> {
        if expected.python != self.python.short() {
            bail!(
                "the figures in {FILE} are for Python {}, not {}",
                expected.python,
                self.python.version
            );
        }
        if expected.pyo3 != self.version {
            bail!("the figures in {FILE} are for PyO3 {}", expected.pyo3);
        }
        Ok(())
    }

    fn arguments(&self) -> String {
        let abi3 = if self.abi3 { " --abi3" } else { "" };
        match self.against {
            Against::Pyo3 => format!("--against pyo3{abi3}"),
            Against::Pyatoll => format!("--interpreter {}{abi3}", self.interpreter.name()),
        }
    }
}

/// Returns the regressions, and the number of additional tests that pass.
fn compare(
    report: &Report,
    tests: &BTreeMap<String, usize>,
    before: &BTreeMap<String, usize>,
    whole: bool,
) -> (Vec<String>, usize) {
    let mut complaints = Vec::new();
    let mut more = 0;
    for (name, file) in &report.files {
        let tests = tests.get(name).copied().unwrap_or(0);
        if file.tests() != tests {
            complaints.push(format!("{name} has {} tests, not {tests}", file.tests()));
        }
        let passed = before.get(name).copied().unwrap_or(0);
        if file.passed < passed {
            complaints.push(format!("{name} passes {} tests, was {passed}", file.passed));
        }
        more += file.passed.saturating_sub(passed);
        complaints.extend(
            file.crashed_at_the_end()
                .map(|how| format!("{name}: {how}")),
        );
    }
    if whole {
        let gone = before
            .keys()
            .filter(|name| !report.files.contains_key(*name));
        complaints.extend(gone.map(|name| format!("{name} no longer exists")));
    }
    (complaints, more)
}

fn path() -> PathBuf {
    run::root().join(FILE)
}

fn read() -> Result<Expected> {
    let text = fs::read_to_string(path()).with_context(|| format!("cannot read {FILE}"))?;
    serde_json::from_str(&text).with_context(|| format!("cannot parse {FILE}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pyo3_tests::report::FileResult;

    fn failed(count: usize) -> Vec<String> {
        vec!["a_test".to_owned(); count]
    }

    /// Compares a report of these files with figures of 3 of 4 tests for `one`, 5 of 5 for `two`.
    fn complaints(files: [(&str, FileResult); 2], whole: bool) -> (Vec<String>, usize) {
        let mut report = Report::default();
        for (name, file) in files {
            report.add(name, file);
        }
        let figures = |one, two| BTreeMap::from([("one".to_owned(), one), ("two".to_owned(), two)]);
        compare(&report, &figures(4, 5), &figures(3, 5), whole)
    }

    #[test]
    fn as_many_or_more_tests_are_accepted() {
        let ran = |passed, fail| FileResult::ran(passed, failed(fail), Vec::new());
        let same = complaints([("one", ran(3, 1)), ("two", ran(5, 0))], true);
        assert_eq!(same, (vec![], 0));
        let more = complaints([("one", ran(4, 0)), ("two", ran(5, 0))], true);
        assert_eq!(more, (vec![], 1));
    }

    #[test]
    fn a_loss_is_not_hidden_by_a_gain_in_another_file() {
        let one = FileResult::ran(4, Vec::new(), Vec::new());
        let two = FileResult::ran(4, failed(1), Vec::new());
        let (complaints, _) = complaints([("one", one), ("two", two)], true);
        assert_eq!(complaints, ["two passes 4 tests, was 5"]);
    }

    #[test]
    fn files_that_do_not_compile_or_are_missing_are_losses() {
        let one = FileResult::not_compiled(4);
        let other = FileResult::ran(0, Vec::new(), Vec::new());
        let (all, _) = complaints([("one", one), ("other", other)], true);
        assert_eq!(all, ["one passes 0 tests, was 3", "two no longer exists"]);
    }

    #[test]
    fn a_crash_after_all_tests_and_tests_that_vanish_are_losses() {
        let one = FileResult::ran(3, Vec::new(), Vec::new());
        let two = FileResult::ran(5, Vec::new(), vec!["signal: 11".to_owned()]);
        let (complaints, _) = complaints([("one", one), ("two", two)], true);
        assert_eq!(complaints, ["one has 3 tests, not 4", "two: signal: 11"]);
    }
}
