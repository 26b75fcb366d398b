//! `cargo xtask package`: the crates as they would be published, tested by themselves.
//!
//! `cargo package` makes their archives, which are unpacked side by side in a workspace of their
//! own. `cargo build` and `cargo test` run there: they see no file that is not in the archives.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::python::Python;
use crate::run;

/// The crates that are published, dependencies first.
pub const CRATES: [&str; 5] = [
    "pyatoll-macros",
    "pyatoll",
    "pyatoll-log",
    "pyatoll-async-macros",
    "pyatoll-async",
];

/// Packages the crates and tests them.
pub fn run(python: Option<PathBuf>) -> Result<()> {
    let python = Python::find(python)?;
    let metadata = run::output(run::cargo().args(["metadata", "--no-deps", "--format-version=1"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let mut packages = Vec::new();
    for name in CRATES {
        packages.push(find(&metadata, name)?);
    }

    println!("==> cargo package");
    run::status(
        run::cargo()
            .args(["package", "--quiet", "--locked", "--allow-dirty"])
            // That would compile all dependencies again. The unpacked crates are built below.
            .arg("--no-verify")
            .args(CRATES.iter().flat_map(|name| ["--package", name])),
    )?;
    let workspace = run::target_dir().join("unpacked");
    unpack(&packages, &workspace)?;
    let library_path = run::library_path(&python.libdir)?;
    let cargo = |command| {
        let mut cargo = run::cargo();
        cargo
            .current_dir(&workspace)
            .args([command, "--workspace"])
            // Shared with the workspace: the dependencies are compiled once for both.
            .arg("--target-dir")
            .arg(run::target_dir())
            .env("PYO3_PYTHON", &python.executable)
            .env(run::LIBRARY_PATH, &library_path);
        cargo
    };

    println!("==> the unpacked crates, with their default features");
    run::status(&mut cargo("build"))?;
    println!("==> tests of the unpacked crates");
    run::status(cargo("test").args(["--features", &features(&packages)]))
}

/// Finds a package in cargo's metadata.
fn find<'a>(metadata: &'a Value, name: &str) -> Result<&'a Value> {
    let packages = metadata["packages"].as_array();
    packages
        .into_iter()
        .flatten()
        .find(|package| package["name"] == name)
        .with_context(|| format!("the workspace has no package {name}"))
}

/// Returns the features that docs.rs turns on, of all packages. The tests need them, and cargo
/// leaves out of an archive what turns them on in the workspace: its dev-dependency on itself.
fn features(packages: &[&Value]) -> String {
    let mut features = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let of_docs_rs = package["metadata"]["docs"]["rs"]["features"].as_array();
        for feature in of_docs_rs.into_iter().flatten().filter_map(Value::as_str) {
            features.push(format!("{name}/{feature}"));
        }
    }
    features.join(",")
}

/// Unpacks the archives into a workspace in which each replaces the published crate.
fn unpack(packages: &[&Value], workspace: &Path) -> Result<()> {
    run::remove_folder(workspace)?;
    fs::create_dir_all(workspace)?;
    let mut members = Vec::new();
    let mut patches = String::new();
    for package in packages {
        let part = |key: &str| {
            let text = package[key].as_str();
            text.with_context(|| format!("cargo tells no {key}"))
        };
        let (name, version) = (part("name")?, part("version")?);
        let folder = format!("{name}-{version}");
        let archive = format!("package/{folder}.crate");
        run::status(
            Command::new("tar")
                // Not the archive's times: they are the same in all archives, so that cargo would
                // see no change.
                .args(["--touch", "-xzf"])
                .arg(run::target_dir().join(archive))
                .arg("-C")
                .arg(workspace),
        )?;
        patches += &format!("{name} = {{ path = {folder:?} }}\n");
        members.push(folder);
    }
    let manifest = format!(
        "[workspace]\nresolver = \"3\"\nmembers = {members:?}\n\n\
        [patch.crates-io]\n{patches}\n[profile.dev]\ndebug = \"line-tables-only\"\n"
    );
    fs::write(workspace.join("Cargo.toml"), manifest)?;
    // The versions that the archives were built with.
    run::copy(
        &run::root().join("Cargo.lock"),
        &workspace.join("Cargo.lock"),
    )
}
