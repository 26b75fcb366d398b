//! The result, as a table and as JSON.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

/// The result of a file's tests.
#[derive(Serialize)]
pub struct FileResult {
    /// Whether it compiled.
    pub compiled: bool,
    /// Number of tests that passed.
    pub passed: usize,
    /// Number of tests that failed.
    failed: usize,
    /// Number of tests in a file that did not compile.
    #[serde(skip)]
    not_compiled: usize,
    /// The names of the failed tests.
    #[serde(skip)]
    failures: Vec<String>,
    /// Descriptions of crashes and hangs.
    #[serde(skip)]
    crashes: Vec<String>,
}

impl FileResult {
    /// Creates the result of a file that did not compile.
    pub fn not_compiled(tests: usize) -> Self {
        Self {
            compiled: false,
            passed: 0,
            failed: 0,
            not_compiled: tests,
            failures: Vec::new(),
            crashes: Vec::new(),
        }
    }

    /// Creates the result of a file that was run.
    pub fn ran(passed: usize, failures: Vec<String>, crashes: Vec<String>) -> Self {
        Self {
            compiled: true,
            passed,
            failed: failures.len(),
            not_compiled: 0,
            failures,
            crashes,
        }
    }

    /// Returns the number of tests in the file.
    pub fn tests(&self) -> usize {
        self.passed + self.failed + self.not_compiled
    }

    /// Returns the crashes of a program whose tests had all passed.
    pub fn crashed_at_the_end(&self) -> impl Iterator<Item = &str> {
        let all_passed = self.failed == 0;
        self.crashes
            .iter()
            .filter(move |_| all_passed)
            .map(|how| &**how)
    }

    /// Returns whether all tests passed without a crash.
    pub fn is_complete(&self) -> bool {
        self.compiled && self.failed == 0 && self.crashes.is_empty()
    }
}

/// The results of all files.
#[derive(Default, Serialize)]
pub struct Report {
    passed: usize,
    failed: usize,
    not_compiled: usize,
    total: usize,
    /// The results by the files' names.
    pub files: BTreeMap<String, FileResult>,
}

impl Report {
    /// Adds a file's result.
    pub fn add(&mut self, name: &str, result: FileResult) {
        self.passed += result.passed;
        self.failed += result.failed;
        self.not_compiled += result.not_compiled;
        self.total += result.tests();
        self.files.insert(name.to_owned(), result);
    }

    /// Returns the total number of tests that passed.
    pub fn passed(&self) -> usize {
        self.passed
    }

    /// Prints the table, then the failures and crashes.
    pub fn print(&self, logs: &Path) {
        let width = self.files.keys().map(String::len).max().unwrap_or(0).max(5);
        println!(
            "{:width$}  {:>6}  {:>6}  {:>12}  {:>5}",
            "file", "passed", "failed", "not compiled", "tests"
        );
        let row = |name: &str, numbers: [usize; 4]| {
            let [passed, failed, not_compiled, tests] = numbers.map(|number| match number {
                0 => "-".to_owned(),
                _ => number.to_string(),
            });
            println!("{name:width$}  {passed:>6}  {failed:>6}  {not_compiled:>12}  {tests:>5}");
        };
        for (name, file) in &self.files {
            row(
                name,
                [file.passed, file.failed, file.not_compiled, file.tests()],
            );
        }
        row(
            "total",
            [self.passed, self.failed, self.not_compiled, self.total],
        );
        for (name, file) in &self.files {
            if !file.compiled {
                println!("{name}: does not compile");
            }
            for failure in &file.failures {
                println!("{name}: {failure} failed");
            }
            for crash in &file.crashes {
                println!("{name}: crash: {crash}");
            }
        }
        println!("Their output is in {}", logs.display());
    }

    /// Writes the report to a file.
    pub fn write_json(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
    }
}
