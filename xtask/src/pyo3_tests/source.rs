//! Finding PyO3's tests in the registry's copy of the crate.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::compat::PYO3;
use crate::{registry, run};

/// The features that all tests are compiled with. `extension-module` and the like and `nightly`
/// are left out: tests are programs for one Python and the stable compiler.
const FEATURES: &[&str] = &[
    "macros",
    "experimental-async",
    "multiple-pymethods",
    "auto-initialize",
    "py-clone",
    "num-bigint",
    "num-complex",
    "hashbrown",
    "indexmap",
    "smallvec",
    "either",
    "serde",
    "uuid",
];

/// The feature of tests for the stable ABI.
const ABI3: &str = "abi3-py311";

/// Returns the folder of everything that this command generates.
pub fn work_folder() -> PathBuf {
    run::target_dir().join("pyo3-tests")
}

/// The unpacked crate `pyo3`.
pub struct Source {
    /// Its folder.
    pub folder: PathBuf,
    /// Its version.
    pub version: String,
    /// Its manifest.
    pub manifest: toml::Table,
    /// Its test files, sorted by name.
    pub files: Vec<File>,
    /// The features that the tests are compiled with.
    pub features: Vec<&'static str>,
}

/// A test file.
#[derive(Clone)]
pub struct File {
    /// Its name, without `.rs`.
    pub name: String,
    /// Its path.
    pub path: PathBuf,
}

/// Fetches the crate with cargo and reads its manifest. `abi3`: the tests are compiled for the
/// stable ABI.
pub fn find(abi3: bool) -> Result<Source> {
    let folder = registry::folder_of("pyo3", PYO3)?;
    let text = fs::read_to_string(folder.join("Cargo.toml"))
        .with_context(|| format!("cannot read the manifest in {}", folder.display()))?;
    let manifest: toml::Table = toml::from_str(&text).context("cannot parse PyO3's manifest")?;
    let mut files = Vec::new();
    for test in manifest
        .get("test")
        .and_then(toml::Value::as_array)
        .context("PyO3's manifest lists no tests")?
    {
        let text = |key| test.get(key).and_then(toml::Value::as_str);
        let (Some(name), Some(path)) = (text("name"), text("path")) else {
            bail!("PyO3's manifest has a test without a name or a path");
        };
        files.push(File {
            name: name.to_owned(),
            path: folder.join(path),
        });
    }
    files.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Source {
        folder,
        version: PYO3.to_owned(),
        manifest,
        files,
        features: FEATURES
            .iter()
            .copied()
            .chain(abi3.then_some(ABI3))
            .collect(),
    })
}

impl Source {
    /// Returns the files with these names, or all files if the list is empty.
    pub fn select(&self, names: &[String]) -> Result<Vec<File>> {
        let names: BTreeSet<&str> = names
            .iter()
            .map(|name| name.strip_suffix(".rs").unwrap_or(name))
            .collect();
        if names.is_empty() {
            return Ok(self.files.clone());
        }
        names
            .into_iter()
            .map(|name| {
                let found = self.files.iter().find(|file| file.name == name).cloned();
                found.with_context(|| {
                    let all: Vec<_> = self.files.iter().map(|file| &*file.name).collect();
                    format!("no test file '{name}'; the files are: {}", all.join(", "))
                })
            })
            .collect()
    }
}
