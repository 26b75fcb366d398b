//! The group `interpreters`: the cost of interpreters with the modules loaded.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::modules::{Builder, Modules};
use super::times::Time;
use crate::run;

/// The modules. Cython has a separate one: see `bench/modules/cython/bench_cython_own.pyx`.
pub const MODULES: &[(&str, Builder)] = &[
    ("c", Builder::CMake),
    ("pybind11", Builder::CMake),
    ("nanobind", Builder::CMake),
    ("cython_own", Builder::CMake),
    ("pyo3", Builder::Cargo),
    ("pyatoll", Builder::Cargo),
];

/// All measurements, by peer; the empty name is an interpreter without a module.
#[derive(Serialize, Deserialize)]
pub struct Interpreters {
    /// The errors of modules that do not load in a second interpreter.
    pub refusals: BTreeMap<String, String>,
    /// Milliseconds to create an interpreter, import the module, and end it.
    pub life: BTreeMap<String, Time>,
    /// Microseconds to import the module in a second interpreter.
    pub import: BTreeMap<String, Time>,
    /// KiB per interpreter.
    pub memory: BTreeMap<String, f64>,
    /// Million calls per second in one interpreter, and in two on two cores.
    pub throughput: BTreeMap<String, Option<[f64; 2]>>,
}

/// The output of `bench/run.py interpreters`.
#[derive(Deserialize)]
struct Samples {
    refusals: BTreeMap<String, String>,
    life: BTreeMap<String, Vec<f64>>,
    import: BTreeMap<String, Vec<f64>>,
    memory: BTreeMap<String, f64>,
    throughput: BTreeMap<String, Option<[f64; 2]>>,
}

/// Builds the modules and measures them.
pub fn measure(modules: &Modules, quick: bool) -> Result<Interpreters> {
    println!("==> measuring interpreters");
    for (peer, builder) in MODULES {
        modules.build_module(*builder, &format!("bench_{peer}"))?;
    }
    let peers: Vec<_> = MODULES.iter().map(|module| module.0).collect();
    let text = run::output(
        modules
            .driver(
                &mut modules.venv.python(),
                "interpreters",
                &peers.join(","),
                "",
            )
            .args(["--rounds", if quick { "7" } else { "21" }]),
    )?;
    let samples: Samples =
        serde_json::from_str(&text).context("bench/run.py printed unexpected output")?;
    let times = |all: BTreeMap<String, Vec<f64>>| {
        all.into_iter()
            .map(|(peer, samples)| (peer, Time::of(samples)))
            .collect()
    };
    Ok(Interpreters {
        refusals: samples.refusals,
        life: times(samples.life),
        import: times(samples.import),
        memory: samples.memory,
        throughput: samples.throughput,
    })
}

impl Interpreters {
    /// Returns the throughput of two interpreters relative to one.
    pub fn scaling(&self, peer: &str) -> Option<f64> {
        let [one, two] = self.throughput.get(peer).copied().flatten()?;
        Some(two / one)
    }

    /// Prints the table.
    pub fn print(&self) {
        for (peer, life) in &self.life {
            let name = if peer.is_empty() { "no module" } else { peer };
            print!(
                "{name:<12} life {:6.2} ms  memory {:6.0} KiB",
                life.min, self.memory[peer]
            );
            if let Some(import) = self.import.get(peer) {
                print!("  import {:6.0} µs", import.min);
            }
            if let Some(Some([one, two])) = self.throughput.get(peer) {
                print!("  calls {one:.1}, {two:.1} M/s: {:.2}", two / one);
            }
            println!();
        }
        for (peer, refusal) in &self.refusals {
            println!("{peer:<12} {refusal}");
        }
    }
}
