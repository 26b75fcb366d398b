//! The group `imports`: the import of a module with 100 classes, in a new process.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::build_times;
use super::modules::{Modules, Peer, title};
use super::times::Time;

/// Builds the modules of all peers and imports them. Returns microseconds by peer.
pub fn measure(modules: &Modules, peers: &[&Peer], quick: bool) -> Result<BTreeMap<String, Time>> {
    println!("==> measuring imports");
    let mut script = build_times::script(modules, peers, "bench/imports.py");
    let text = build_times::capture(script.args(["--rounds", if quick { "10" } else { "60" }]))?;
    let samples: BTreeMap<String, Vec<f64>> =
        serde_json::from_str(&text).context("bench/imports.py printed unexpected output")?;
    Ok(samples
        .into_iter()
        .map(|(peer, samples)| (peer, Time::of(samples)))
        .collect())
}

/// Prints the table.
pub fn print(imports: &BTreeMap<String, Time>) {
    for (peer, time) in imports {
        println!(
            "{:<9} imported in {:7.0} µs ({:.0})",
            title(peer),
            time.min,
            time.median
        );
    }
}
