//! The library of a build: PyO3 or Pyatoll.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use crate::{compat, run};

/// The folder of the catalog and of the files that the tests need.
pub const FOLDER: &str = "compat/ports";

/// The library that the package `pyo3` is in a build.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Library {
    /// PyO3 itself.
    Pyo3,
    /// Pyatoll, through `compat/pyo3`.
    Pyatoll,
}

impl Library {
    /// Returns its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pyo3 => "pyo3",
            Self::Pyatoll => "pyatoll",
        }
    }

    /// Returns the features that a package needs with this library.
    pub fn features(self, of_pyatoll: &[String]) -> &[String] {
        match self {
            Self::Pyo3 => &[],
            Self::Pyatoll => of_pyatoll,
        }
    }

    /// Returns the folder of all builds with this library. Its cargo configuration applies to all
    /// builds in folders below it, also if a build backend starts cargo.
    pub fn folder(self) -> Result<PathBuf> {
        let folder = run::target_dir().join("ports").join(self.name());
        fs::create_dir_all(folder.join(".cargo"))?;
        let config = match self {
            Self::Pyo3 => String::new(),
            Self::Pyatoll => compat::patch() + "\n",
        };
        run::write_if_changed(&folder.join(".cargo/config.toml"), &config)?;
        Ok(folder)
    }
}
