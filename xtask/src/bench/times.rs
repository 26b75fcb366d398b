//! Timing the modules: runs `bench/run.py` in several processes and evaluates its samples.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::modules::{Modules, Peer};
use crate::run;

/// Number of interpreters alive in the second half of a measurement.
pub const MANY: u32 = 64;

/// The output of `bench/run.py`: nanoseconds, including the loop.
#[derive(Deserialize)]
struct Samples {
    /// With one interpreter alive.
    one: Phase,
    /// With [`MANY`] alive.
    many: Phase,
}

#[derive(Deserialize)]
struct Phase {
    empty: Vec<f64>,
    rows: Vec<RowSamples>,
}

#[derive(Deserialize)]
struct RowSamples {
    id: String,
    title: String,
    samples: BTreeMap<String, Vec<f64>>,
}

/// The time of a row with a peer, in nanoseconds above the empty loop.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Time {
    /// The minimum of all rounds.
    pub min: f64,
    /// The median of all rounds.
    pub median: f64,
}

impl Time {
    const ZERO: Self = Self {
        min: 0.0,
        median: 0.0,
    };

    /// Evaluates samples.
    pub fn of(samples: Vec<f64>) -> Self {
        Self::above(Self::ZERO, samples)
    }

    /// Evaluates samples and subtracts another time.
    fn above(other: Self, mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        Self {
            min: samples[0] - other.min,
            median: samples[samples.len() / 2] - other.median,
        }
    }
}

/// A row's times, by the names of the peers.
#[derive(Serialize, Deserialize)]
pub struct Row {
    /// Group and name.
    pub id: String,
    /// For display.
    pub title: String,
    /// With one interpreter alive.
    pub one: BTreeMap<String, Time>,
    /// With 64 interpreters alive.
    pub many: BTreeMap<String, Time>,
}

/// All times of functions and classes.
#[derive(Serialize, Deserialize)]
pub struct Times {
    /// The empty loop, which is subtracted from all others.
    pub empty: Time,
    /// In the order of `bench/rows.py`.
    pub rows: Vec<Row>,
}

/// Times the rows that match one of the patterns, with all peers.
pub fn measure(
    modules: &Modules,
    peers: &[&Peer],
    patterns: &[String],
    quick: bool,
) -> Result<Times> {
    let (processes, rounds) = if quick { (1, 7) } else { (3, 15) };
    println!("==> timing: {processes} processes, {rounds} rounds each");
    let mut runs = Vec::new();
    for _ in 0..processes {
        let text = run::output(
            modules
                .rows_driver(&mut modules.venv.python(), "time", peers, patterns)
                .args(["--rounds", &rounds.to_string()])
                .args(["--alive", &MANY.to_string()]),
        )?;
        let samples: Samples =
            serde_json::from_str(&text).context("bench/run.py printed unexpected output")?;
        runs.push(samples);
    }
    let one: Vec<&Phase> = runs.iter().map(|run| &run.one).collect();
    let many: Vec<&Phase> = runs.iter().map(|run| &run.many).collect();
    Ok(merge(&one, &many))
}

/// Merges the samples of all processes.
fn merge(one: &[&Phase], many: &[&Phase]) -> Times {
    let empty_of = |phases: &[&Phase]| {
        Time::of(
            phases
                .iter()
                .flat_map(|phase| phase.empty.clone())
                .collect(),
        )
    };
    let (empty, empty_many) = (empty_of(one), empty_of(many));
    let rows = one[0]
        .rows
        .iter()
        .enumerate()
        .map(|(index, row)| {
            let of = |phases: &[&Phase], empty: Time| {
                row.samples
                    .keys()
                    .map(|peer| {
                        let samples = phases
                            .iter()
                            .flat_map(|phase| phase.rows[index].samples[peer].clone())
                            .collect();
                        (peer.clone(), Time::above(empty, samples))
                    })
                    .collect()
            };
            Row {
                id: row.id.clone(),
                title: row.title.clone(),
                one: of(one, empty),
                many: of(many, empty_many),
            }
        })
        .collect();
    Times { empty, rows }
}

impl Times {
    /// Prints the table.
    pub fn print(&self, peers: &[&Peer]) {
        print!("{:<38}", "ns above the empty loop, min (median)");
        for peer in peers {
            print!(" {:>17}", peer.title);
        }
        println!(" {:>12}", format!("Pyatoll, {MANY}"));
        for row in &self.rows {
            print!("{:<38}", row.id);
            for peer in peers {
                match row.one.get(peer.name) {
                    Some(time) => {
                        print!(" {:>8.1} {:>8}", time.min, format!("({:.1})", time.median));
                    }
                    None => print!(" {:>17}", "n/a"),
                }
            }
            match row.many.get("pyatoll") {
                Some(time) => println!(" {:>12.1}", time.min),
                None => println!(),
            }
        }
    }
}
