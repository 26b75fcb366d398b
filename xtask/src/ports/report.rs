//! The results, as tables and as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::bench::{self, Times};
use super::build::Built;
use super::catalog::Crate;
use super::compile_times::CompileTimes;
use super::crates::Outcome;
use super::library::Library;
use super::outcomes::{Kind, Outcomes};

/// The result of one package with one library.
#[derive(Default, Serialize)]
pub struct Side {
    /// Whether it compiled.
    pub compiled: bool,
    /// Seconds that the build took.
    pub build_seconds: f64,
    /// The wheel's size in bytes.
    pub wheel_bytes: u64,
    /// Number of tests that passed, by the kind of interpreter.
    pub passed: BTreeMap<&'static str, usize>,
    /// Number of tests that failed.
    pub failed: BTreeMap<&'static str, usize>,
    /// Other problems, each with the kind of interpreter.
    pub errors: Vec<String>,
    #[serde(skip)]
    main: Outcomes,
}

/// The result of one package.
#[derive(Default, Serialize)]
pub struct PackageResult {
    pyo3: Side,
    /// With Pyatoll.
    pub pyatoll: Side,
    /// The tests that pass with PyO3 but not with Pyatoll, in the main interpreter.
    lost: BTreeSet<String>,
    /// The least times, by benchmark.
    times: BTreeMap<String, Times>,
    /// The shortest compile times.
    #[serde(skip_serializing_if = "Option::is_none")]
    compile_times: Option<CompileTimes>,
}

impl PackageResult {
    fn side(&mut self, library: Library) -> &mut Side {
        match library {
            Library::Pyo3 => &mut self.pyo3,
            Library::Pyatoll => &mut self.pyatoll,
        }
    }

    /// Adds a wheel.
    pub fn built(&mut self, library: Library, built: &Built) {
        let side = self.side(library);
        side.compiled = true;
        side.build_seconds = built.seconds;
        side.wheel_bytes = built.bytes;
    }

    /// Returns whether it compiled with both libraries.
    pub fn has_both(&self) -> bool {
        self.pyo3.compiled && self.pyatoll.compiled
    }

    /// Adds the times of the benchmarks.
    pub fn timed(&mut self, times: BTreeMap<String, Times>) {
        self.times = times;
    }

    /// Adds compile times.
    pub fn compile_timed(&mut self, times: CompileTimes) {
        self.compile_times = Some(times);
    }

    /// Adds a run of the tests.
    pub fn tested(&mut self, library: Library, kind: Kind, outcomes: Outcomes) {
        let side = self.side(library);
        side.passed.insert(kind.name(), outcomes.passed.len());
        side.failed.insert(kind.name(), outcomes.failed.len());
        let errors = outcomes.errors.iter();
        side.errors
            .extend(errors.map(|error| format!("{}: {error}", kind.name())));
        if kind == Kind::Main {
            side.main = outcomes;
        }
        if self.has_both() && kind == Kind::Main {
            let passed = self.pyo3.main.passed.iter();
            self.lost = passed
                .filter(|test| !self.pyatoll.main.passed.contains(*test))
                .cloned()
                .collect();
        }
    }
}

/// The result of one crate.
#[derive(Default, Serialize)]
pub struct CrateResult {
    compiled: BTreeMap<&'static str, bool>,
    /// Number of tests that passed, by the library.
    pub passed: BTreeMap<&'static str, usize>,
    failed: BTreeMap<&'static str, Vec<String>>,
    /// Beginnings of the names of tests that cannot pass with Pyatoll.
    #[serde(skip)]
    cannot_pass: Vec<String>,
}

impl CrateResult {
    /// Returns a result without any run.
    pub fn of(krate: &Crate) -> Self {
        Self {
            cannot_pass: krate.cannot_pass.clone(),
            ..Self::default()
        }
    }

    /// Returns whether a test that fails is known to.
    fn is_known(&self, test: &str) -> bool {
        self.cannot_pass.iter().any(|start| test.starts_with(start))
    }

    /// Adds a run of the tests.
    pub fn tested(&mut self, library: Library, outcome: Outcome) {
        self.compiled.insert(library.name(), outcome.compiled);
        self.passed.insert(library.name(), outcome.passed);
        self.failed.insert(library.name(), outcome.failed);
    }

    fn get(&self, library: Library) -> String {
        match self.compiled.get(library.name()) {
            None => "-".to_owned(),
            Some(false) => "does not compile".to_owned(),
            Some(true) => format!(
                "{} of {}",
                self.passed[library.name()],
                self.passed[library.name()] + self.failed[library.name()].len()
            ),
        }
    }
}

/// The results of all packages and crates.
#[derive(Default, Serialize)]
pub struct Report {
    /// The packages' results, by name.
    pub packages: BTreeMap<String, PackageResult>,
    /// The crates' results, by name.
    pub crates: BTreeMap<String, CrateResult>,
}

impl Report {
    /// Returns the failures, each as one line: what works with PyO3 only (a package, a crate, a
    /// test), and packages without a test that passes.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, result) in &self.packages {
            for (side, library) in [
                (&result.pyo3, Library::Pyo3),
                (&result.pyatoll, Library::Pyatoll),
            ] {
                let is_tested = side.passed.contains_key(Kind::Main.name());
                if is_tested && side.main.passed.is_empty() {
                    faults.push(format!("{name}: no test passes with {}", library.name()));
                }
            }
            if result.pyo3.compiled && !result.pyatoll.compiled {
                faults.push(format!("{name} compiles with PyO3 only"));
            }
            let lost = result.lost.iter();
            faults.extend(lost.map(|test| format!("{name}: {test} passes with PyO3 only")));
        }
        for (name, result) in &self.crates {
            let of = |library: Library| result.compiled.get(library.name());
            if of(Library::Pyo3) == Some(&true) && of(Library::Pyatoll) == Some(&false) {
                faults.push(format!("{name} compiles with PyO3 only"));
            }
            let failed = |library: Library| result.failed.get(library.name()).into_iter().flatten();
            for test in failed(Library::Pyatoll) {
                if failed(Library::Pyo3).all(|other| other != test) && !result.is_known(test) {
                    faults.push(format!("{name}: {test} passes with PyO3 only"));
                }
            }
        }
        faults
    }

    /// Prints the tables.
    pub fn print(&self) {
        if !self.packages.is_empty() {
            println!(
                "\n{:16} {:>9} {:>11} {:>11} {:>11} {:>13} {:>15}",
                "package", "PyO3", "Pyatoll", "2 own GIL", "2 shared", "build, s", "wheel, KiB"
            );
        }
        for (name, result) in &self.packages {
            let count = |side: &Side, kind: Kind| match side.passed.get(kind.name()) {
                _ if !side.compiled => "no build".to_owned(),
                None => "-".to_owned(),
                Some(passed) => match side.failed[kind.name()] {
                    0 => passed.to_string(),
                    failed => format!("{passed}, -{failed}"),
                },
            };
            let [pyo3, pyatoll] = [&result.pyo3, &result.pyatoll];
            println!(
                "{name:16} {:>9} {:>11} {:>11} {:>11} {:>13} {:>15}",
                count(pyo3, Kind::Main),
                count(pyatoll, Kind::Main),
                count(pyatoll, Kind::OwnGil),
                count(pyatoll, Kind::SharedGil),
                format!("{:.0} / {:.0}", pyo3.build_seconds, pyatoll.build_seconds),
                format!(
                    "{} / {}",
                    pyo3.wheel_bytes / 1024,
                    pyatoll.wheel_bytes / 1024
                ),
            );
        }
        if !self.crates.is_empty() {
            println!("\n{:24} {:>18} {:>18}", "crate", "PyO3", "Pyatoll");
        }
        for (name, result) in &self.crates {
            let [pyo3, pyatoll] =
                [Library::Pyo3, Library::Pyatoll].map(|library| result.get(library));
            println!("{name:24} {pyo3:>18} {pyatoll:>18}");
        }
        self.print_times();
    }

    /// Prints the times of the packages that were timed.
    fn print_times(&self) {
        let timed = |result: &&PackageResult| !result.times.is_empty();
        if self.packages.values().find(timed).is_none() {
            return;
        }
        println!(
            "\n{:44} {:>11} {:>11} {:>7}",
            "benchmark", "PyO3, µs", "Pyatoll, µs", "ratio"
        );
        for (package, result) in &self.packages {
            for (name, times) in &result.times {
                println!(
                    "{:44} {:>11.3} {:>11.3} {:>7.3}",
                    format!("{package}: {name}"),
                    times.pyo3 * 1e6,
                    times.pyatoll * 1e6,
                    times.ratio()
                );
            }
        }
        println!("\n{:44} {:>31}", "package", "geometric mean of the ratios");
        for (package, result) in self.packages.iter().filter(|(_, result)| timed(result)) {
            println!("{package:44} {:>31.3}", bench::mean(result.times.values()));
        }
        let all = self
            .packages
            .values()
            .flat_map(|result| result.times.values());
        println!("{:44} {:>31.3}", "all", bench::mean(all));
        for (package, result) in &self.packages {
            for (name, times) in result.compile_times.iter().flat_map(CompileTimes::named) {
                println!(
                    "{:44} {:>9.1} s {:>9.1} s {:>7.3}",
                    format!("{package}: {name}"),
                    times.pyo3,
                    times.pyatoll,
                    times.ratio()
                );
            }
        }
    }

    /// Writes the report to a file.
    pub fn write_json(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
    }
}
