//! All that was measured, as it is kept in `bench/results/`.

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
use super::times::Times;
use crate::run;

/// The folder of the results.
pub const FOLDER: &str = "bench/results";

/// What the last run of each group measured.
#[derive(Default, Serialize, Deserialize)]
pub struct Results {
    /// The groups `functions` and `classes`.
    pub times: Option<Section<Times>>,
    /// Their instructions.
    pub instructions: Option<Section<Vec<instructions::Row>>>,
    /// The group `internals`.
    pub internals: Option<Section<Internals>>,
    /// The group `interpreters`.
    pub interpreters: Option<Section<Interpreters>>,
    /// The group `build`.
    pub build: Option<Section<Vec<Build>>>,
}

/// What one run measured, and where.
#[derive(Serialize, Deserialize)]
pub struct Section<T> {
    /// Where and with what.
    pub conditions: Conditions,
    /// What was measured.
    pub data: T,
}

/// What the numbers depend on.
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
    /// What to run to have it measured again.
    #[serde(default)]
    pub command: String,
}

impl Conditions {
    /// Those of this machine.
    pub fn here(modules: &Modules, command: &str) -> Result<Self> {
        let text = run::output(modules.venv.python().arg("bench/conditions.py"))?;
        let mut conditions: Self =
            serde_json::from_str(&text).context("bench/conditions.py printed something else")?;
        conditions.rustc = rustc()?;
        conditions.versions = versions()?;
        conditions.command = command.to_owned();
        Ok(conditions)
    }
}

/// What `rustc --version` says.
pub fn rustc() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    Ok(run::output(Command::new(rustc).arg("--version"))?
        .trim()
        .to_owned())
}

/// The peers' versions, from where they are pinned.
fn versions() -> Result<BTreeMap<String, String>> {
    let requirements = fs::read_to_string(run::root().join(super::modules::REQUIREMENTS))?;
    let mut versions: BTreeMap<String, String> = requirements
        .lines()
        .filter_map(|line| line.split_once("=="))
        .map(|(name, version)| (name.to_lowercase(), version.trim().to_owned()))
        .collect();
    let manifest = fs::read_to_string(run::root().join("bench/modules/pyo3/Cargo.toml"))?;
    if let Some(version) = manifest
        .lines()
        .find_map(|line| line.strip_prefix("pyo3 = \"="))
    {
        versions.insert("pyo3".to_owned(), version.trim_end_matches('"').to_owned());
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
    /// Those kept; none, if there are none yet.
    pub fn read() -> Result<Self> {
        match fs::read_to_string(run::root().join(FOLDER).join("latest.json")) {
            Ok(text) => serde_json::from_str(&text).context("latest.json is damaged"),
            Err(_) => Ok(Self::default()),
        }
    }

    /// Takes over what another run measured.
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
        if let Some(mut section) = new.build {
            // It takes long, so that peers may be measured one by one.
            if let Some(old) = self.build.take() {
                section.data = super::build_times::merge(old.data, section.data);
            }
            self.build = Some(section);
        }
    }

    /// Writes the results, with the page and the chart of them.
    pub fn write(&self, page: &str, chart: Option<&str>) -> Result<()> {
        let folder = run::root().join(FOLDER);
        fs::create_dir_all(&folder)?;
        let json = serde_json::to_string_pretty(self)? + "\n";
        fs::write(folder.join("latest.json"), &json)?;
        fs::write(folder.join("latest.md"), page)?;
        if let Some(chart) = chart {
            fs::write(folder.join("latest.svg"), chart)?;
        }
        if let Some(times) = &self.times {
            let cpu = times.conditions.cpu.split(',').next().unwrap_or("");
            let cpu = cpu
                .to_lowercase()
                .replace(|c: char| !c.is_alphanumeric(), "-");
            let name = format!("{}-{cpu}.json", times.conditions.date);
            fs::write(folder.join(name), &json)?;
        }
        println!("==> written: {FOLDER}/latest.md, .svg, .json");
        Ok(())
    }
}

impl<T> Section<T> {
    /// What was measured under these conditions.
    pub fn new(conditions: &Conditions, data: T) -> Self {
        Self {
            conditions: conditions.clone(),
            data,
        }
    }
}
