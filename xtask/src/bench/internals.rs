//! The group `internals`: the cost of calls of the libraries' own runtimes.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::modules::{Builder, Modules};
use super::times::Time;
use crate::run;

/// The modules: peer, builder, and whether they load in several interpreters.
const MODULES: &[(&str, Builder, bool)] = &[
    ("pybind11", Builder::CMake, true),
    ("pyo3", Builder::Cargo, false),
    ("pyatoll", Builder::Cargo, true),
];

/// The times with one number of interpreters alive.
#[derive(Serialize, Deserialize)]
pub struct Phase {
    /// Number of interpreters alive.
    pub alive: u32,
    /// Nanoseconds above the empty loop, by row and peer.
    pub rows: BTreeMap<String, BTreeMap<String, Time>>,
}

/// All times of internals.
#[derive(Serialize, Deserialize)]
pub struct Internals {
    /// The rows in order, with their titles.
    pub titles: Vec<(String, String)>,
    /// With 1, 2 and 64 interpreters alive.
    pub phases: Vec<Phase>,
}

/// The output of `bench/run.py internals`.
#[derive(Deserialize)]
struct Samples {
    titles: Vec<(String, String)>,
    phases: Vec<PhaseSamples>,
}

#[derive(Deserialize)]
struct PhaseSamples {
    alive: u32,
    rows: BTreeMap<String, BTreeMap<String, Vec<f64>>>,
}

/// Builds the modules and times them.
pub fn measure(modules: &Modules, quick: bool) -> Result<Internals> {
    println!("==> timing internals");
    for (peer, builder, _) in MODULES {
        modules.build_module(*builder, &format!("bench_internals_{peer}"))?;
    }
    let peers = |multi: bool| {
        let of = MODULES.iter().filter(|module| module.2 || !multi);
        of.map(|module| module.0).collect::<Vec<_>>().join(",")
    };
    let text = run::output(
        modules
            .driver(
                &mut modules.venv.python(),
                "internals",
                &peers(false),
                &peers(true),
            )
            .args(["--rounds", if quick { "7" } else { "21" }]),
    )?;
    let samples: Samples =
        serde_json::from_str(&text).context("bench/run.py printed unexpected output")?;
    let time = |samples: Vec<f64>| Time::of(samples);
    Ok(Internals {
        titles: samples.titles,
        phases: samples
            .phases
            .into_iter()
            .map(|phase| Phase {
                alive: phase.alive,
                rows: phase
                    .rows
                    .into_iter()
                    .map(|(row, by_peer)| {
                        let times = by_peer.into_iter().map(|(peer, all)| (peer, time(all)));
                        (row, times.collect())
                    })
                    .collect(),
            })
            .collect(),
    })
}

impl Internals {
    /// Returns the time of a row with `alive` interpreters.
    pub fn get(&self, alive: u32, row: &str, peer: &str) -> Option<Time> {
        let phase = self.phases.iter().find(|phase| phase.alive == alive)?;
        phase.rows.get(row)?.get(peer).copied()
    }

    /// Prints the table.
    pub fn print(&self) {
        for phase in &self.phases {
            for (row, title) in &self.titles {
                print!("{:>2} alive  {title:<56}", phase.alive);
                for (peer, time) in &phase.rows[row] {
                    print!("  {peer} {:.2}", time.min);
                }
                println!();
            }
        }
    }
}
