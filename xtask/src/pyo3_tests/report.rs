//! What came out, as a table and as JSON.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

/// What became of the tests of a file.
#[derive(Serialize)]
pub struct FileResult {
    /// Whether it compiled.
    pub compiled: bool,
    /// How many tests passed.
    pub passed: usize,
    /// How many failed.
    failed: usize,
    /// How many there are in a file that did not compile.
    #[serde(skip)]
    not_compiled: usize,
    /// The names of those that failed.
    #[serde(skip)]
    failures: Vec<String>,
    /// What crashed or hung, and how.
    #[serde(skip)]
    crashes: Vec<String>,
}

impl FileResult {
    /// A file that did not compile, with this many tests.
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

    /// A file that ran.
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

    /// How many tests the file has.
    pub fn tests(&self) -> usize {
        self.passed + self.failed + self.not_compiled
    }

    /// How a program crashed whose tests had all passed.
    pub fn crashed_at_the_end(&self) -> impl Iterator<Item = &str> {
        let all_passed = self.failed == 0;
        self.crashes
            .iter()
            .filter(move |_| all_passed)
            .map(|how| &**how)
    }

    /// Whether all passed.
    pub fn is_complete(&self) -> bool {
        self.compiled && self.failed == 0 && self.crashes.is_empty()
    }
}

/// What became of all.
#[derive(Default, Serialize)]
pub struct Report {
    passed: usize,
    failed: usize,
    not_compiled: usize,
    total: usize,
    /// By name.
    pub files: BTreeMap<String, FileResult>,
}

impl Report {
    /// Adds a file.
    pub fn add(&mut self, name: &str, result: FileResult) {
        self.passed += result.passed;
        self.failed += result.failed;
        self.not_compiled += result.not_compiled;
        self.total += result.tests();
        self.files.insert(name.to_owned(), result);
    }

    /// How many passed in all.
    pub fn passed(&self) -> usize {
        self.passed
    }

    /// The table, then the names of what failed.
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
        println!("What they said is in {}", logs.display());
    }

    /// Writes it to a file.
    pub fn write_json(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
    }
}
