//! Reading what a host printed.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

/// Texts that no host may print.
const SIGNS: &[&str] = &[
    "Segmentation",
    "SIGSEGV",
    "SIGABRT",
    "exit signal",
    "core dumped",
    "Fatal Python error",
    "FATAL: exception not rethrown",
    "did not exit",
    "Aborting process",
    "atoll: ",
];

/// The message of the panic on purpose, and what the panic hook prints before each.
const ON_PURPOSE: &str = "probe: on purpose";
const PANIC: &str = "panicked at";

/// Something that a host must not print.
#[derive(Clone, Debug, Serialize)]
pub struct Fault {
    /// The text that identifies its kind, the same for all hosts.
    pub sign: &'static str,
    /// The first line.
    pub line: String,
    /// Number of such lines.
    pub count: usize,
}

/// Returns the crashes, hangs and panics that a log reports.
pub fn faults(log: &Path) -> Result<Vec<Fault>> {
    Ok(faults_in(&read(log)?))
}

fn faults_in(text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    for &sign in SIGNS {
        let mut lines = text.lines().filter(|line| line.contains(sign));
        if let Some(line) = lines.next() {
            faults.push(Fault {
                sign,
                line: line.to_owned(),
                count: 1 + lines.count(),
            });
        }
    }
    let panics = text.matches(PANIC).count();
    let on_purpose = text.lines().filter(|line| line.ends_with(ON_PURPOSE));
    let count = panics.saturating_sub(on_purpose.count());
    if count > 0 {
        let line = format!("{panics} panics, more than those on purpose");
        faults.push(Fault {
            sign: PANIC,
            line,
            count,
        });
    }
    faults
}

/// Adds the last lines of a log to an error.
pub fn explain(error: anyhow::Error, log: &Path) -> anyhow::Error {
    error.context(format!("it printed last:\n{}\n", tail(log)))
}

fn tail(log: &Path) -> String {
    const LINES: usize = 30;
    let text = read(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

fn read(log: &Path) -> Result<String> {
    let bytes = fs::read(log).with_context(|| format!("cannot read {}", log.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crashes_and_unexpected_panics_are_found() {
        let good = "started\nthread '<unnamed>' panicked at hosts/probe/src/lib.rs:1:2:\n\
            probe: on purpose\nstopped";
        assert!(faults_in(good).is_empty());
        let panic = format!("{good}\nthread 'main' panicked at lib.rs:1:2:\nindex out of bounds");
        assert_eq!(faults_in(&panic).len(), 1);
        let crash =
            "child pid 7 exit signal Aborted (6)\nnext\nchild pid 8 exit signal Aborted (6)";
        let faults = faults_in(crash);
        assert_eq!((faults.len(), faults[0].count), (1, 2), "{faults:?}");
        assert_eq!(faults[0].line, "child pid 7 exit signal Aborted (6)");
    }
}
