//! `--shared`: one interpreter builds an index, and all of them read it, at once.

use std::fmt::Write;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use pyatoll::Shared;
use pyatoll::prelude::*;
use serde::Serialize;

use crate::fleet::Fleet;
use crate::index::Index;
use crate::report::{grouped, speedup};
use crate::work::{File, Share, Work};

/// The minimum duration of a run of one interpreter.
const RUN: Duration = Duration::from_secs(1);

/// The number of times that each of the two runs is repeated, in turn; the best time counts.
const RUNS: usize = 3;

/// The measurements.
pub struct Found {
    files: usize,
    identifiers: usize,
    /// The time in which one interpreter built the index.
    build: Duration,
    /// The longest time in which an interpreter got its instance.
    handover: Duration,
    /// The number of lookups of each interpreter in a run.
    lookups: u64,
    one: Duration,
    all: Duration,
    /// Whether all interpreters found the same, in the same index.
    equal: bool,
}

/// What an interpreter found in a run: the sum of all numbers of files, and its index.
type Finding = (u64, Shared<Index>);

/// Builds the index in the first interpreter, and times reading it in one and in all of them.
pub fn run(fleet: &Fleet, size: usize, files: &Arc<[File]>) -> Result<Found> {
    let work = Arc::new(Work::new(files.clone(), 1));
    let (build, indexes) = fleet.run(
        1,
        |driver| {
            let share = Bound::new(driver.py(), Share::new(work.clone()))?;
            driver
                .getattr("build")?
                .call1((share,))?
                .extract::<Shared<Index>>()
        },
        || (),
    )?;
    let index = &indexes[0];

    // Each interpreter keeps its instance.
    let (_, handovers) = fleet.run(
        size,
        |driver| {
            let start = Instant::now();
            let instance = index.into_pyobject(driver.py())?;
            let taken = start.elapsed();
            driver.setattr("index", instance)?;
            Ok(taken)
        },
        || (),
    )?;

    let search = |size: usize, rounds: u64| {
        let job = |driver: &Bound<'_, PyModule>| -> PyResult<Finding> {
            let sum = driver.getattr("search")?.call1((rounds,))?.extract()?;
            Ok((sum, driver.getattr("index")?.extract()?))
        };
        fleet.run(size, job, || ())
    };
    // Warm-up: each interpreter makes its list of identifiers.
    search(size, 1)?;
    let once = search(1, 1)?.0;
    let rounds = (RUN.as_secs_f64() / once.as_secs_f64().max(1e-6)).ceil() as u64;
    let (mut one, mut all) = (Duration::MAX, Duration::MAX);
    let mut equal = true;
    let expected: OnceLock<u64> = OnceLock::new();
    for _ in 0..RUNS {
        for (size, best) in [(1, &mut one), (size, &mut all)] {
            let (time, findings) = search(size, rounds)?;
            *best = time.min(*best);
            equal &= findings.iter().all(|(sum, used)| {
                Shared::ptr_eq(used, index) && sum == expected.get_or_init(|| *sum)
            });
        }
    }
    let identifiers = index.__len__()?;
    ensure!(expected.get() > Some(&0), "no identifier was found");
    Ok(Found {
        files: index.files(),
        identifiers,
        build,
        handover: handovers.into_iter().max().unwrap_or_default(),
        lookups: identifiers as u64 * rounds,
        one,
        all,
        equal,
    })
}

/// The result.
#[derive(Serialize)]
pub struct Report {
    /// The version of Python.
    pub python: String,
    /// Whether each interpreter has its own GIL, or Python has no GIL.
    pub own_gil: bool,
    /// The number of interpreters.
    pub interpreters: usize,
    /// The number of files in the index.
    pub files: usize,
    /// The number of identifiers in the index.
    pub identifiers: usize,
    /// The time in which one interpreter built the index.
    pub seconds_build: f64,
    /// The longest time in which an interpreter got its instance.
    pub microseconds_handover: f64,
    /// The number of lookups that one interpreter makes in a second.
    pub lookups_one: f64,
    /// The number of lookups that all of them make in a second, together.
    pub lookups_all: f64,
    /// `lookups_all` divided by `lookups_one`.
    pub speedup: f64,
    /// Whether all of them read the same index, and found the same.
    pub results_equal: bool,
}

impl Report {
    pub fn new(python: String, own_gil: bool, interpreters: usize, found: &Found) -> Self {
        let lookups_one = found.lookups as f64 * speedup(Duration::from_secs(1), found.one);
        let lookups_all = (found.lookups * interpreters as u64) as f64
            * speedup(Duration::from_secs(1), found.all);
        Self {
            python,
            own_gil,
            interpreters,
            files: found.files,
            identifiers: found.identifiers,
            seconds_build: found.build.as_secs_f64(),
            microseconds_handover: found.handover.as_secs_f64() * 1e6,
            lookups_one,
            lookups_all,
            speedup: lookups_all / lookups_one,
            results_equal: found.equal,
        }
    }

    /// Formats the result.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "One interpreter built an index of {} identifiers in {} files in {:.2} s.",
            grouped(self.identifiers as u64),
            grouped(self.files as u64),
            self.seconds_build
        );
        let _ = writeln!(
            text,
            "Each of them got an instance around the same index, in at most {:.1} µs.\n",
            self.microseconds_handover
        );
        let _ = writeln!(
            text,
            "{:>12}  {:>12}  {:>8}",
            "interpreters", "lookups/s", "speed-up"
        );
        for (interpreters, lookups, speedup) in [
            (1, self.lookups_one, 1.0),
            (self.interpreters, self.lookups_all, self.speedup),
        ] {
            let _ = writeln!(
                text,
                "{interpreters:>12}  {:>12}  {speedup:>8.2}",
                grouped(lookups as u64)
            );
        }
        text.push_str(match self.results_equal {
            true => "All of them found the same, in the same index.\n",
            false => "THE RESULTS DIFFER.\n",
        });
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lookups_of_all_interpreters_are_added() {
        let found = Found {
            files: 1000,
            identifiers: 2000,
            build: Duration::from_secs(1),
            handover: Duration::from_micros(2),
            lookups: 6000,
            one: Duration::from_secs(2),
            all: Duration::from_secs(3),
            equal: true,
        };
        let report = Report::new("3.14.0".into(), true, 2, &found);
        assert_eq!((report.lookups_one, report.lookups_all), (3000.0, 4000.0));
        let text = report.text();
        assert!(
            text.contains("2,000 identifiers in 1,000 files in 1.00 s"),
            "{text}"
        );
        assert!(
            text.contains("4,000      1.33") && text.contains("at most 2.0 µs"),
            "{text}"
        );
        assert!(text.ends_with("in the same index.\n"));
    }
}
