//! The measurements, as stored in `bench/results/`.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::build_times::Build;
use super::instructions;
use super::internals::Internals;
use super::interpreters::Interpreters;
use super::modules::Modules;
use super::sharing::Sharing;
use super::times::Times;
use crate::run;

/// The folder of the results.
pub const FOLDER: &str = "bench/results";

/// The measurements of the last run of each group.
#[derive(Default, Serialize, Deserialize)]
pub struct Results {
    /// The groups `functions` and `classes`.
    pub times: Option<Section<Times>>,
    /// The instructions of `functions` and `classes`.
    pub instructions: Option<Section<Vec<instructions::Row>>>,
    /// The group `internals`.
    pub internals: Option<Section<Internals>>,
    /// The group `interpreters`.
    pub interpreters: Option<Section<Interpreters>>,
    /// The group `sharing`.
    pub sharing: Option<Section<Sharing>>,
    /// The group `build`.
    pub build: Option<Section<Vec<Build>>>,
}

/// The measurements of one run, and their conditions.
#[derive(Serialize, Deserialize)]
pub struct Section<T> {
    /// The machine and the versions.
    pub conditions: Conditions,
    /// The measurements.
    pub data: T,
}

/// The conditions that the numbers depend on.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Conditions {
    /// The day.
    pub date: String,
    /// The processor.
    pub cpu: String,
    /// Python's version.
    pub python: String,
    /// The C and C++ compiler.
    pub compiler: String,
    /// The C library.
    pub libc: String,
    /// The Rust compiler.
    #[serde(default)]
    pub rustc: String,
    /// The peers' versions, by their names.
    #[serde(default)]
    pub versions: BTreeMap<String, String>,
    /// The command that repeats the measurement.
    #[serde(default)]
    pub command: String,
}

impl Conditions {
    /// Determines the conditions on this machine.
    pub fn here(modules: &Modules, command: &str) -> Result<Self> {
        let text = run::output(modules.venv.python().arg("bench/conditions.py"))?;
        let mut conditions: Self =
            serde_json::from_str(&text).context("bench/conditions.py printed unexpected output")?;
        conditions.rustc = rustc()?;
        conditions.versions = versions()?;
        conditions.command = command.to_owned();
        Ok(conditions)
    }
}

/// Returns the output of `rustc --version`.
pub fn rustc() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    Ok(run::output(Command::new(rustc).arg("--version"))?
        .trim()
        .to_owned())
}

/// Reads the peers' versions from the files that pin them.
fn versions() -> Result<BTreeMap<String, String>> {
    let requirements = fs::read_to_string(run::root().join(super::modules::REQUIREMENTS))?;
    let mut versions: BTreeMap<String, String> = requirements
        .lines()
        .filter_map(|line| line.split_once("=="))
        .map(|(name, version)| (name.to_lowercase(), version.trim().to_owned()))
        .collect();
    let manifest = fs::read_to_string(run::root().join("bench/modules/pyo3/Cargo.toml"))?;
    if let Some((version, _)) = manifest
        .split_once("pyo3 = { version = \"=")
        .and_then(|(_, rest)| rest.split_once('"'))
    {
        versions.insert("pyo3".to_owned(), version.to_owned());
    }
    let workspace = fs::read_to_string(run::root().join("Cargo.toml"))?;
    if let Some(version) = workspace
        .lines()
        .find_map(|line| line.strip_prefix("version = \""))
    {
        versions.insert(
            "pyatoll".to_owned(),
            version.trim_end_matches('"').to_owned(),
        );
    }
    Ok(versions)
}

impl Results {
    /// Reads the stored results; empty if there are none.
    pub fn read() -> Result<Self> {
        match fs::read_to_string(run::root().join(FOLDER).join("latest.json")) {
            Ok(text) => serde_json::from_str(&text).context("latest.json is damaged"),
            Err(_) => Ok(Self::default()),
        }
    }

    /// Replaces the sections that another run has measured.
    pub fn update(&mut self, new: Self) {
        fn newer<T>(old: &mut Option<T>, new: Option<T>) {
            if new.is_some() {
                *old = new;
            }
        }
        newer(&mut self.times, new.times);
        newer(&mut self.instructions, new.instructions);
        newer(&mut self.internals, new.internals);
        newer(&mut self.interpreters, new.interpreters);
        newer(&mut self.sharing, new.sharing);
        if let Some(mut section) = new.build {
            // Builds take long, so peers may be measured one at a time.
            if let Some(old) = self.build.take() {
                section.data = super::build_times::merge(old.data, section.data);
            }
            self.build = Some(section);
        }
    }
}

impl<T> Section<T> {
    /// Creates a section with a copy of the conditions.
    pub fn new(conditions: &Conditions, data: T) -> Self {
        Self {
            conditions: conditions.clone(),
            data,
        }
    }
}
