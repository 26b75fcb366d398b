//! The committed figures: the number of examples, and those that fail, each with its cause.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::outcome::Outcome;
use crate::compat::PYO3;
use crate::run;

/// The file with the figures.
const FILE: &str = "compat/expected-docs.json";

/// The cause of a failure that nobody has looked at yet.
const UNKNOWN: &str = "?";

/// The contents of the file.
#[derive(Default, Serialize, Deserialize)]
pub struct Expected {
    /// The version of PyO3 that the examples belong to.
    pyo3: String,
    /// Number of examples.
    examples: usize,
    /// Number of examples that pass.
    passed: usize,
    /// The names of the examples that fail, by cause.
    failed: BTreeMap<String, BTreeSet<String>>,
}

/// Reads the file; an empty one is returned for another version of PyO3.
pub fn read() -> Result<Expected> {
    let path = run::root().join(FILE);
    if !path.exists() {
        return Ok(Expected::default());
    }
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {FILE}"))?;
    let expected: Expected =
        serde_json::from_str(&text).with_context(|| format!("cannot parse {FILE}"))?;
    Ok(if expected.pyo3 == PYO3 {
        expected
    } else {
        Expected::default()
    })
}

impl Expected {
    /// Returns the names of the examples that fail.
    pub fn failing(&self) -> BTreeSet<&str> {
        self.failed.values().flatten().map(|name| &**name).collect()
    }

    /// Returns the cause of an example's failure, if it is known.
    pub fn cause(&self, name: &str) -> Option<&str> {
        let (cause, _) = self.failed.iter().find(|(_, names)| names.contains(name))?;
        (cause != UNKNOWN).then_some(cause)
    }

    /// Fails if an example fails that is not in the file, or the number of examples differs.
    pub fn check(&self, outcome: &Outcome, examples: usize) -> Result<()> {
        let failing = self.failing();
        let mut complaints: Vec<_> = outcome
            .failed
            .iter()
            .filter(|(name, _)| !failing.contains(&***name))
            .map(|(name, error)| format!("{name} fails: {error}"))
            .collect();
        if examples != self.examples {
            complaints.push(format!("{examples} examples, not {}", self.examples));
        }
        if !complaints.is_empty() {
            bail!(
                "PyO3's examples:\n  {}\nIf this is intended, update {FILE} with `cargo xtask \
                 pyo3-tests --docs --update` and give the cause there.",
                complaints.join("\n  ")
            );
        }
        println!("No example fails that is not in {FILE}.");
        let fixed = failing.len() - outcome.failed.len();
        if fixed > 0 {
            println!("{fixed} more pass: `cargo xtask pyo3-tests --docs --update`");
        }
        Ok(())
    }

    /// Writes the file, with the causes that it already names.
    pub fn update(&self, outcome: &Outcome, examples: usize) -> Result<()> {
        let mut failed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for name in outcome.failed.keys() {
            let cause = self.cause(name).unwrap_or(UNKNOWN).to_owned();
            failed.entry(cause).or_default().insert(name.clone());
        }
        let new = Self {
            pyo3: PYO3.to_owned(),
            examples,
            passed: outcome.passed,
            failed,
        };
        let text = serde_json::to_string_pretty(&new)? + "\n";
        run::write_if_changed(&run::root().join(FILE), &text)?;
        println!("updated {FILE}: {} examples pass", outcome.passed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(failed: &[&str]) -> Outcome {
        Outcome {
            passed: 3 - failed.len(),
            failed: failed
                .iter()
                .map(|name| ((*name).to_owned(), "error".to_owned()))
                .collect(),
            missing: Vec::new(),
        }
    }

    #[test]
    fn only_known_failures_are_accepted() {
        let expected = Expected {
            examples: 3,
            failed: [("reason".to_owned(), ["a".to_owned()].into())].into(),
            ..Expected::default()
        };
        assert_eq!(expected.cause("a"), Some("reason"));
        assert!(expected.check(&outcome(&["a"]), 3).is_ok());
        assert!(expected.check(&outcome(&[]), 3).is_ok());
        assert!(expected.check(&outcome(&["a"]), 4).is_err());
        let error = expected.check(&outcome(&["b"]), 3).unwrap_err().to_string();
        assert!(error.contains("b fails: error"), "{error}");
    }
}
