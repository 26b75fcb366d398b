//! The group `threads`: calls of one thread and of two at once, in a Python without a GIL.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::modules::{Modules, PEERS};
use super::times::Time;
use crate::run;

/// The nanoseconds of a call, by peer: of one thread alone, and of each of two.
#[derive(Serialize, Deserialize)]
pub struct Row {
    /// Group and name.
    pub id: String,
    /// For display.
    pub title: String,
    /// By the peer's name.
    pub times: BTreeMap<String, [Time; 2]>,
}

/// A row of the output of `bench/run.py threads`.
#[derive(Deserialize)]
struct Samples {
    id: String,
    title: String,
    samples: BTreeMap<String, [Vec<f64>; 2]>,
}

/// Builds the modules and times them.
pub fn measure(modules: &Modules, quick: bool) -> Result<Vec<Row>> {
    println!("==> timing threads");
    for peer in PEERS {
        modules.build_module(peer.builder, &format!("bench_{}", peer.name))?;
    }
    let peers: Vec<_> = PEERS.iter().map(|peer| peer.name).collect();
    let mut python = modules.venv.python();
    let text = run::output(
        modules
            .driver(&mut python, "threads", &peers.join(","), "")
            .args(["--rounds", if quick { "7" } else { "41" }]),
    )?;
    let rows: Vec<Samples> =
        serde_json::from_str(&text).context("bench/run.py printed unexpected output")?;
    Ok(rows
        .into_iter()
        .map(|row| Row {
            id: row.id,
            title: row.title,
            times: row
                .samples
                .into_iter()
                .map(|(peer, samples)| (peer, samples.map(Time::of)))
                .collect(),
        })
        .collect())
}

/// Prints the table.
pub fn print(rows: &[Row]) {
    for row in rows {
        print!("{:<40}", row.title);
        for peer in PEERS {
            if let Some([one, two]) = row.times.get(peer.name) {
                print!("  {} {:.1}, {:.1}", peer.name, one.min, two.min);
            }
        }
        println!();
    }
}
