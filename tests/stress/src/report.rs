//! The result of a run, as JSON.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pyatoll::prelude::*;
use serde::Serialize;

use crate::operations::Kind;
use crate::world::World;
use crate::{Options, failure};

/// The result of a run. `cargo xtask stress` reads it.
#[derive(Serialize)]
pub struct Report {
    pub python: String,
    pub seed: u64,
    pub seconds: f64,
    pub threads: u16,
    pub storm: bool,
    pub interpreters: u64,
    /// Completed audits; those disturbed by another thread are counted separately.
    pub audits: u64,
    pub audits_disturbed: u64,
    pub operations: BTreeMap<&'static str, u64>,
    pub failures: Vec<String>,
}

impl Report {
    pub fn new(options: &Options, world: &World, time: Duration) -> Self {
        let statistics = &world.statistics;
        let failures = failure::all();
        Self {
            // Needs no attachment, which could hang after a failure.
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
