//! The program in `tests/stress`, which `stress` and `leaks` run.

use std::path::PathBuf;

use anyhow::Result;

use crate::python::Python;
use crate::run;

/// Builds it and returns its path.
pub fn build(python: &Python, release: bool) -> Result<PathBuf> {
    let mut cargo = python.cargo();
    cargo.args(["build", "--quiet", "--package", "stress"]);
    if release {
        cargo.arg("--release");
    }
    run::status(&mut cargo)?;
    let profile = if release { "release" } else { "debug" };
    Ok(path(python, profile))
}

/// Returns its path.
pub fn path(python: &Python, profile: &str) -> PathBuf {
    let name = format!("stress{}", std::env::consts::EXE_SUFFIX);
    python.built(&run::target_dir(), profile).join(name)
}
