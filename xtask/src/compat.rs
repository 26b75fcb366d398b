//! Crates that depend on `pyo3`, built with `compat/pyo3` in its place and with PyO3 itself.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::python::Python;
use crate::run;
use crate::wheels::{Build, Venv};

/// The version of PyO3 that `compat/pyo3` replaces: its tests are run, and its API is the measure.
pub const PYO3: &str = "0.30.1";

/// A tree of crates that depend on `pyo3`.
const TREE: &str = "compat/tests/tree/Cargo.toml";

/// A crate that depends on `pyo3` and its bridges to other crates, whose replacements its manifest
/// names.
const BRIDGES: &str = "compat/tests/bridges/Cargo.toml";

/// A crate as a user of PyO3 would write it.
pub const EXAMPLE: &str = "examples/geoindex";

/// Returns the cargo setting that replaces PyO3 with `compat/pyo3`.
pub fn patch() -> String {
    let path = run::root().join("compat/pyo3");
    format!("patch.crates-io.pyo3.path={:?}", path.display().to_string())
}

/// The version of Python that the example is built on with PyO3 itself, to show that its tests are
/// the same for both. They are about Pyatoll on the others.
const PYO3_PYTHON: &str = "3.14";

/// Returns the target folder for builds with one implementation of `pyo3`: each has its own, since
/// an extension module's files have the same names in all of them.
fn target_dir(name: &str) -> PathBuf {
    run::target_dir().join("compat").join(name)
}

/// Runs the Rust tests of crates that depend on `pyo3`, with `compat/pyo3` in its place: those of
/// the tree and of the example, which is part of it, and those of the bridges.
pub fn rust(python: &Python) -> Result<()> {
    only_ours(TREE)?;
    let example = Path::new(EXAMPLE).file_name().context("it is a folder")?;
    run::status(
        run::cargo()
            .args(["test", "--quiet", "--config", &patch()])
            .args(["--manifest-path", TREE, "--package", "tree", "--package"])
            .arg(example)
            .arg("--target-dir")
            .arg(target_dir("tree"))
            .env("PYO3_PYTHON", &python.executable)
            .env(run::LIBRARY_PATH, run::library_path(&python.libdir)?),
    )?;
    only_ours(BRIDGES)?;
    run::status(
        run::cargo()
            .args(["test", "--quiet", "--config", &patch()])
            .args(["--manifest-path", BRIDGES])
            .arg("--target-dir")
            .arg(target_dir("tree"))
            .env("PYO3_PYTHON", &python.executable)
            .env(run::LIBRARY_PATH, run::library_path(&python.libdir)?),
    )
}

/// Fails unless the only package named `pyo3` in the tree is `compat/pyo3`.
fn only_ours(manifest: &str) -> Result<()> {
    let metadata = run::output(
        run::cargo()
            .args(["metadata", "--format-version", "1", "--config", &patch()])
            .args(["--manifest-path", manifest]),
    )?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo listed no packages")?;
    let found: Vec<_> = packages
        .iter()
        .filter(|package| package["name"] == "pyo3")
        .filter_map(|package| package["manifest_path"].as_str())
        .collect();
    let ours = run::root().join("compat/pyo3/Cargo.toml");
    if found.iter().map(Path::new).ne([ours.as_path()]) {
        bail!("{manifest} must resolve `pyo3` to compat/pyo3 only, but has {found:?}");
    }
    Ok(())
}

/// Runs the example's Python tests, with Pyatoll also in several interpreters, and on one version
/// with PyO3 itself.
pub fn wheels(python: &Python, venv: &Venv) -> Result<()> {
    let tests = format!("{EXAMPLE}/tests");
    let manifest = Path::new(EXAMPLE).join("Cargo.toml");
    // maturin runs cargo several times and passes `--config` only to some of them, while a
    // configuration file applies to all.
    let patched = target_dir("patched");
    fs::create_dir_all(patched.join(".cargo"))?;
    fs::write(patched.join(".cargo/config.toml"), patch() + "\n")?;
    let with_pyo3 = ("pyo3", run::root(), &[&*tests][..]);
    let with_pyatoll = ("pyatoll", &*patched, &[&*tests, "compat/tests"][..]);
    let with_pyo3 = (python.short() == PYO3_PYTHON).then_some(with_pyo3);
    for (name, folder, tests) in with_pyo3.into_iter().chain([with_pyatoll]) {
        println!("==> {EXAMPLE}, built with {name}");
        let build = Build {
            manifest: &manifest,
            profile: "dev",
            features: &[],
            folder,
            target: target_dir(name),
        };
        let wheel = venv.build_wheel(python, build)?;
        venv.install(&wheel)?;
        run::status(
            venv.python()
                .args(["-m", "pytest", "--rootdir=.", "-p", "no:cacheprovider"])
                .args(tests)
                .env("PYTHONPATH", "tests/python"),
        )?;
    }
    Ok(())
}
