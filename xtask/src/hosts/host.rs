//! What a host is, and what a run of it yields.

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use super::module::Module;
use super::output::Fault;
use super::scale::Scale;
use crate::python::Python;

/// A program that runs several interpreters.
pub trait Host {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// Returns the Debian packages that it needs to run this Python; none if it never can.
    fn packages(&self, python: &Python) -> &'static [&'static str];

    /// Returns the ways in which it runs interpreters, or an error that says why it cannot run this
    /// Python here. Its packages are installed.
    fn modes(&self, python: &Python) -> Result<Vec<&'static str>>;

    /// Returns whether it can load the C module as well, in this mode.
    fn has_twin(&self, _mode: &str) -> bool {
        true
    }

    /// Runs it once.
    fn run(&self, course: &Course<'_>) -> Result<Figures>;
}

/// One run of a host.
pub struct Course<'a> {
    /// The Python of the host.
    pub python: &'a Python,
    /// One of [`Host::modes`].
    pub mode: &'static str,
    /// The module to load.
    pub module: Module,
    /// The path of the module.
    pub library: PathBuf,
    /// How much the host has to do.
    pub scale: Scale,
    /// The file for the host's output.
    pub log: PathBuf,
}

/// What a run yields.
#[derive(Default, Serialize)]
pub struct Figures {
    /// Requests, tasks or tests in steady state.
    pub requests: usize,
    /// Those without a good answer.
    pub failures: usize,
    /// Restarts, reloads, or interpreters that were created and ended.
    pub restarts: usize,
    /// Requests during restarts.
    pub restart_requests: usize,
    /// Those without a good answer.
    pub lost: usize,
    /// Resident memory of the process with the interpreters in KB, before and after the load.
    pub memory_kb: Option<(u64, u64)>,
    /// The first failures and losses.
    pub samples: Vec<String>,
    /// Crashes, hangs and panics that the host printed.
    pub faults: Vec<Fault>,
}

impl Figures {
    /// Returns the growth of memory in percent.
    pub fn growth(&self) -> Option<f64> {
        let (before, after) = self.memory_kb?;
        Some((after as f64 / before.max(1) as f64 - 1.0) * 100.0)
    }
}
