//! What a run has done, as JSON.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pyatoll::prelude::*;
use serde::Serialize;

use crate::operations::Kind;
use crate::world::World;
use crate::{Options, failure};

/// Read by `cargo xtask stress`.
#[derive(Serialize)]
pub struct Report {
    pub python: String,
    pub seed: u64,
    pub seconds: f64,
    pub threads: u16,
    pub storm: bool,
    pub interpreters: u64,
    /// Comparisons with the model, without those that another thread disturbed.
    pub audits: u64,
    pub audits_disturbed: u64,
    pub operations: BTreeMap<&'static str, u64>,
    pub failures: Vec<String>,
}

impl Report {
    pub fn new(options: &Options, world: &World, time: Duration) -> Self {
        let statistics = &world.statistics;
        let failures = failure::all();
        // What is left of Python may hang after a failure: the run's own version is asked first.
        Self {
            python: Python::version_str().to_owned(),
            seed: options.seed,
            seconds: time.as_secs_f64(),
            threads: options.threads,
            storm: options.storm,
            interpreters: statistics.interpreters.load(Ordering::Relaxed),
            audits: statistics.audits.load(Ordering::Relaxed),
            audits_disturbed: statistics.disturbed.load(Ordering::Relaxed),
            operations: Kind::ALL
                .into_iter()
                .map(|kind| (kind.name(), statistics.of(kind)))
                .filter(|&(_, count)| count > 0)
                .collect(),
            failures,
        }
    }
}
