//! Rustdoc's JSON of both crates.
//!
//! The format is unstable: `rustdoc-types` reads the one of the toolchain that CI uses.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use rustdoc_types::{Crate, FORMAT_VERSION};
use serde::Deserialize;

use crate::python::Python;
use crate::run;

/// The part of a document that all versions of the format have.
#[derive(Deserialize)]
struct Header {
    format_version: u32,
}

/// Documents a version of PyO3, with the features that do not exclude each other or others.
pub fn pyo3(version: &str, python: &Python) -> Result<Crate> {
    let folder = run::target_dir().join("api-diff").join(version);
    fs::create_dir_all(folder.join("src"))?;
    run::write_if_changed(&folder.join("src/lib.rs"), "")?;
    let manifest = format!(
        "[package]\nname = \"api-diff\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         pyo3 = {{ version = \"={version}\", features = [\"full\", \"multiple-pymethods\", \
         \"auto-initialize\"] }}\n\n[workspace]\n"
    );
    let path = folder.join("Cargo.toml");
    run::write_if_changed(&path, &manifest)?;
    // Documents of all versions have the same file name, so each version has a target folder.
    let target = folder.join("target");
    let package = format!("pyo3@{version}");
    let mut cargo = run::cargo();
    cargo.args(["rustdoc", "--quiet", "--lib", "--package", &package]);
    cargo.arg("--manifest-path").arg(path);
    document(&mut cargo, &target, "pyo3", python)
}

/// Documents this library with the features of its documentation: the others are the stable ABI,
/// which leaves items out, and what changes signatures.
pub fn pyatoll(python: &Python) -> Result<Crate> {
    let path = run::root().join("crates/pyatoll/Cargo.toml");
    let manifest: toml::Table = toml::from_str(&fs::read_to_string(path)?)?;
    let features = manifest["package"]["metadata"]["docs"]["rs"]["features"]
        .as_array()
        .context("the features of the documentation are not a list")?;
    let features: Vec<_> = features.iter().filter_map(toml::Value::as_str).collect();
    let mut cargo = run::cargo();
    cargo.args(["rustdoc", "--quiet", "--lib", "--package", "pyatoll"]);
    cargo.args(["--features", &features.join(",")]);
    document(&mut cargo, &run::target_dir(), "pyatoll", python)
}

fn document(cargo: &mut Command, target: &Path, name: &str, python: &Python) -> Result<Crate> {
    cargo.arg("--target-dir").arg(target);
    cargo.args(["--", "-Zunstable-options", "--output-format", "json"]);
    // Deprecated items of this library are hidden in its documentation, but a part of its API.
    cargo.args(["--cap-lints", "allow", "--cfg", "api_diff"]);
    // For this crate only: the build scripts of others would find a nightly compiler, and enable
    // features that later builds in the same folder lack.
    run::status(
        cargo
            .env("RUSTC_BOOTSTRAP", name)
            .env("PYO3_PYTHON", &python.executable)
            .env(run::LIBRARY_PATH, run::library_path(&python.libdir)?),
    )?;
    let path = target.join("doc").join(name).with_extension("json");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text).with_context(|| format!("cannot use {}", path.display()))
}

/// Parses a document of the supported format.
fn parse(text: &str) -> Result<Crate> {
    let found = serde_json::from_str::<Header>(text)?.format_version;
    if found != FORMAT_VERSION {
        bail!(
            "rustdoc writes format {found}, but xtask reads {FORMAT_VERSION}: use the toolchain of \
             CI, or change the version of `rustdoc-types` in xtask/Cargo.toml"
        );
    }
    Ok(serde_json::from_str(text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_format_is_refused_by_its_number() {
        let error = parse(r#"{"format_version": 1, "index": []}"#).expect_err("too old");
        assert!(error.to_string().contains("format 1"), "{error}");
    }
}
