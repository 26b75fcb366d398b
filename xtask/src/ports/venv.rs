//! The virtual environments of the tests.

use std::fs;

use anyhow::{Context, Result};

use super::library::FOLDER;
use crate::python::Python;
use crate::run;
use crate::wheels::Venv;

/// Creates an environment with pytest and the requirements of a package's or crate's tests.
pub fn make(name: &str, requirements: &[String], python: &Python) -> Result<Venv> {
    let folder = run::target_dir().join("ports/requirements");
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{name}.txt"));
    let base = fs::read_to_string(run::root().join(FOLDER).join("requirements.txt"))?;
    fs::write(&path, base + &requirements.join("\n") + "\n")?;
    let path = path.to_str();
    Venv::make(
        python,
        path.context("the target folder's path is not UTF-8")?,
    )
}
