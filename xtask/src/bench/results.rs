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
use super::threads;
use super::times::{Time, Times};
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
    /// The rows of `functions`, `classes` and `conversions` in builds for the stable ABI.
    #[serde(default)]
    pub stable_abi: Option<Section<Times>>,
    /// The group `internals`, by the version of Python: "3.14", with "t" for free-threaded.
    #[serde(default)]
    pub internals: BTreeMap<String, Section<Internals>>,
    /// The group `imports`: microseconds, by peer.
    #[serde(default)]
    pub imports: Option<Section<BTreeMap<String, Time>>>,
    /// The group `threads`.
    #[serde(default)]
    pub threads: Option<Section<Vec<threads::Row>>>,
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
    /// Returns the group `internals` of the newest Python with a GIL, which has all of its rows.
    pub fn main_internals(&self) -> Option<&Section<Internals>> {
        let mut sections = self.internals.iter();
        let newest = sections.rfind(|(python, _)| !python.ends_with('t'));
        newest.map(|(_, section)| section)
    }

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
        newer(&mut self.stable_abi, new.stable_abi);
        self.internals.extend(new.internals);
        newer(&mut self.imports, new.imports);
        newer(&mut self.threads, new.threads);
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
