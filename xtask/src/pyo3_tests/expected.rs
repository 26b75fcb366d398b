//! The committed figures: how many tests of each file pass, for each kind of interpreter.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::report::Report;
use super::{Against, Interpreter};
use crate::python::Python;
use crate::run;

/// The file with the figures.
const FILE: &str = "compat/expected.json";

/// What is in the file.
#[derive(Default, Serialize, Deserialize)]
struct Expected {
    /// The version of PyO3 whose tests they are.
    pyo3: String,
    /// The version of Python they are of, as in "3.14".
    python: String,
    /// How many tests pass against PyO3 itself, by file.
    tests: BTreeMap<String, usize>,
    /// How many pass against Pyatoll, by interpreter and file.
    passed: BTreeMap<String, BTreeMap<String, usize>>,
}

/// New figures, to compare or to write.
pub struct Figures<'a> {
    pub python: &'a Python,
    pub version: &'a str,
    pub against: Against,
    pub interpreter: Interpreter,
    pub report: &'a Report,
    /// Whether all files were run.
    pub whole: bool,
}

impl Figures<'_> {
    /// Fails if a file passes fewer tests than the committed figures say, or crashes.
    pub fn check(&self) -> Result<()> {
        let expected = read()?;
        self.check_versions(&expected)?;
        let (what, old) = match self.against {
            Against::Pyo3 => ("with PyO3 itself", &expected.tests),
            Against::Pyatoll => {
                let figures = expected.passed.get(self.interpreter.name());
                let figures = figures.with_context(|| {
                    format!(
                        "{FILE} has no figures for {} interpreters",
                        self.interpreter.name()
                    )
                })?;
                (self.interpreter.name(), figures)
            }
        };
        let mut complaints = Vec::new();
        let mut more = 0;
        for (name, file) in &self.report.files {
            let tests = expected.tests.get(name).copied().unwrap_or(0);
            if file.tests() != tests {
                complaints.push(format!("{name} has {} tests, not {tests}", file.tests()));
            }
            let passed = old.get(name).copied().unwrap_or(0);
            if file.passed < passed {
                complaints.push(format!("{name} passes {}, and did {passed}", file.passed));
            }
            more += file.passed.saturating_sub(passed);
            complaints.extend(
                file.crashed_at_the_end()
                    .map(|how| format!("{name}: {how}")),
            );
        }
        if self.whole {
            let gone = old
                .keys()
                .filter(|name| !self.report.files.contains_key(*name));
            complaints.extend(gone.map(|name| format!("{name} is not there any more")));
        }
        if !complaints.is_empty() {
            bail!(
                "PyO3's tests ({what}):\n  {}\nIf that is meant, `cargo xtask pyo3-tests {} --update` \
                 writes {FILE} anew; say why in compat/DIFFERENCES.md.",
                complaints.join("\n  "),
                self.arguments(),
            );
        }
        println!("No file passes fewer tests than {FILE} says.");
        if more > 0 {
            println!(
                "{more} more pass: `cargo xtask pyo3-tests {} --update`",
                self.arguments()
            );
        }
        Ok(())
    }

    /// Writes the figures of this run.
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
        let figures = match self.against {
            Against::Pyo3 => &mut expected.tests,
            Against::Pyatoll => {
                let name = self.interpreter.name().to_owned();
                expected.passed.entry(name).or_default()
            }
        };
        if self.whole {
            figures.clear();
        }
        for (name, file) in &self.report.files {
            figures.insert(name.clone(), file.passed);
        }
        let text = serde_json::to_string_pretty(&expected)?;
        fs::write(path(), text + "\n").with_context(|| format!("cannot write {FILE}"))?;
        println!("{FILE} is written: {} pass", self.report.passed());
        Ok(())
    }

    fn check_versions(&self, expected: &Expected) -> Result<()> {
        if expected.python != self.python.short() {
            bail!(
                "the figures in {FILE} are of Python {}, not {}",
                expected.python,
                self.python.version
            );
        }
        if expected.pyo3 != self.version {
            bail!("the figures in {FILE} are of PyO3 {}", expected.pyo3);
        }
        Ok(())
    }

    fn arguments(&self) -> String {
        match self.against {
            Against::Pyo3 => "--against pyo3".to_owned(),
            Against::Pyatoll => format!("--interpreter {}", self.interpreter.name()),
        }
    }
}

fn path() -> PathBuf {
    run::root().join(FILE)
}

fn read() -> Result<Expected> {
    let text = fs::read_to_string(path()).with_context(|| format!("cannot read {FILE}"))?;
    serde_json::from_str(&text).with_context(|| format!("cannot understand {FILE}"))
}
