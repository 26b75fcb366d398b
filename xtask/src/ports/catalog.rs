//! The packages and crates, from `compat/ports/ports.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::library::FOLDER;
use crate::run;

/// Required versions, by the name of the crate.
pub type Requirements = BTreeMap<String, String>;

/// What can be built and tested.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    /// Requirements of crates on top of PyO3: the versions that require the PyO3 that is replaced.
    pub raised: Requirements,
    package: Vec<Package>,
    #[serde(rename = "crate", default)]
    krate: Vec<Crate>,
}

/// A package on PyPI.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The packages of Debian that its build needs, besides a compiler.
    #[serde(default)]
    pub debian: Vec<String>,
    /// The requirements of its tests, besides pytest.
    #[serde(default)]
    pub requirements: Vec<String>,
    /// The files and folders that its tests need. pytest collects all of them, unless `collect`
    /// names others. If there are none, the tests are those of this repository, `smoke/NAME.py`.
    #[serde(default)]
    pub tests: Vec<String>,
    /// The files and folders that pytest collects.
    #[serde(default)]
    pub collect: Vec<String>,
    /// Arguments for pytest.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Further arguments in sub-interpreters.
    #[serde(default)]
    pub in_interpreters: Vec<String>,
    /// Whether the tests in sub-interpreters are `smoke/NAME.py`, because the package's own import
    /// a module that refuses sub-interpreters.
    #[serde(default)]
    pub smoke_in_interpreters: bool,
    /// Features of `compat/pyo3`, which PyO3 does not have, to add to its requirement of `pyo3`.
    #[serde(default)]
    pub pyo3_features: Vec<String>,
    /// Whether a C module that it requires refuses interpreters with their own GIL.
    #[serde(default)]
    pub refuses_own_gil: bool,
    /// Whether `--bench` also measures how long it compiles.
    #[serde(default)]
    pub compile_times: bool,
    /// Crates that it depends on and that are edited with it.
    #[serde(default)]
    pub edited_crates: Vec<String>,
    /// Changes that it needs.
    #[serde(default)]
    pub edit: Vec<Edit>,
}

/// A change of a line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The file, in the source; an edited crate is in `edited/NAME`.
    pub file: String,
    /// The reason.
    #[serde(rename = "why")]
    _why: String,
    /// What is replaced, which occurs once.
    pub from: String,
    /// What replaces it.
    pub to: String,
    /// Whether it is for Pyatoll only, not for either library.
    #[serde(default)]
    pub pyatoll_only: bool,
}

/// A crate on crates.io.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The features that its tests are compiled with.
    #[serde(default)]
    pub features: Vec<String>,
    /// Features of `compat/pyo3`, which PyO3 does not have, to add to its requirement of `pyo3`.
    #[serde(default)]
    pub pyo3_features: Vec<String>,
    /// Arguments for `cargo test`.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Python packages that its tests require.
    #[serde(default)]
    pub requirements: Vec<String>,
    /// Crates that it depends on and that require an older PyO3, with their versions: copied, so
    /// that their requirements can be raised, too.
    #[serde(default)]
    pub raised_crates: Requirements,
    /// Changes that it needs.
    #[serde(default)]
    pub edit: Vec<Edit>,
    /// Beginnings of the names of tests that cannot pass with Pyatoll.
    #[serde(default)]
    pub cannot_pass: Vec<String>,
}

/// Reads a file of TOML.
fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{} is wrong", path.display()))
}

impl Crate {
    /// Reads a crate from a file of its own.
    pub fn read(path: &Path) -> Result<Self> {
        read(path)
    }
}

impl Catalog {
    /// Reads the file.
    pub fn read() -> Result<Self> {
        read(&run::root().join(FOLDER).join("ports.toml"))
    }

    /// Returns the packages and crates with these names, or all.
    pub fn select(&self, names: &[String]) -> Result<(Vec<&Package>, Vec<&Crate>)> {
        let known = |name: &&String| {
            self.package.iter().any(|package| package.name == **name)
                || self.krate.iter().any(|krate| krate.name == **name)
        };
        if let Some(unknown) = names.iter().find(|name| !known(name)) {
            let packages = self.package.iter().map(|package| &*package.name);
            let all: Vec<_> = packages
                .chain(self.krate.iter().map(|krate| &*krate.name))
                .collect();
            bail!(
                "no package or crate '{unknown}'; there are: {}",
                all.join(", ")
            );
        }
        let wanted = |name: &String| names.is_empty() || names.contains(name);
        Ok((
            self.package
                .iter()
                .filter(|package| wanted(&package.name))
                .collect(),
            self.krate
                .iter()
                .filter(|krate| wanted(&krate.name))
                .collect(),
        ))
    }
}
