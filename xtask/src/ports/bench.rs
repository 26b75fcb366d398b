//! Timing a package's wheels beside each other.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use super::catalog::Package;
use super::library::{FOLDER, Library};
use super::outcomes::Tests;
use crate::run;

/// How often each library's process runs. The two take turns, so that both see the same machine.
const ROUNDS: usize = 7;

/// The least times of one benchmark.
#[derive(Clone, Copy, Serialize)]
pub struct Times {
    /// Seconds with PyO3.
    pub pyo3: f64,
    /// Seconds with Pyatoll.
    pub pyatoll: f64,
}

impl Times {
    /// No measurement.
    pub const NONE: Self = Self {
        pyo3: f64::INFINITY,
        pyatoll: f64::INFINITY,
    };

    /// Adds a measurement.
    pub fn add(&mut self, library: Library, seconds: f64) {
        let least = match library {
            Library::Pyo3 => &mut self.pyo3,
            Library::Pyatoll => &mut self.pyatoll,
        };
        *least = least.min(seconds);
    }

    /// Returns the time with Pyatoll, divided by that with PyO3.
    pub fn ratio(&self) -> f64 {
        self.pyatoll / self.pyo3
    }
}

/// Returns whether this repository has benchmarks of a package.
pub fn exists(package: &Package) -> bool {
    let name = format!("{}.py", package.name);
    run::root().join(FOLDER).join("bench").join(name).exists()
}

/// Times the benchmarks of a package, which is installed with both libraries.
pub fn times(package: &Package, tests: &Tests<'_>) -> Result<BTreeMap<String, Times>> {
    let mut all: BTreeMap<String, Times> = BTreeMap::new();
    for _ in 0..ROUNDS {
        for library in [Library::Pyo3, Library::Pyatoll] {
            let script = run::root().join(FOLDER).join("bench.py");
            let output = run::output(
                tests
                    .venv
                    .python()
                    .arg(script)
                    .arg(&package.name)
                    .env("PYTHONPATH", tests.site(library)?),
            )?;
            let measured: BTreeMap<String, f64> = serde_json::from_str(&output)?;
            for (name, seconds) in measured {
                let times = all.entry(name).or_insert(Times::NONE);
                times.add(library, seconds);
            }
        }
    }
    Ok(all)
}

/// Returns the geometric mean of the ratios.
pub fn mean<'a>(times: impl Iterator<Item = &'a Times>) -> f64 {
    let (count, sum) = times.fold((0, 0.0), |(count, sum), times| {
        (count + 1, sum + times.ratio().ln())
    });
    (sum / f64::from(count)).exp()
}
