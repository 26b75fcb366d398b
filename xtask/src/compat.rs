//! What asks for `pyo3`, built with `compat/pyo3` in its place, and with PyO3 itself.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::python::Python;
use crate::run;
use crate::wheels::{Build, Venv};

/// A tree of crates that ask for `pyo3`.
const TREE: &str = "compat/tests/tree/Cargo.toml";

/// A crate that a user of PyO3 could have written.
pub const EXAMPLE: &str = "examples/geoindex";

/// Cargo's setting that puts `compat/pyo3` in PyO3's place.
pub fn patch() -> String {
    let path = run::root().join("compat/pyo3");
    format!("patch.crates-io.pyo3.path={:?}", path.display().to_string())
}

/// Returns the target folder of a build with PyO3 or with something in its place. Each has its own:
/// cargo gives the files of an extension module the same names in all.
fn target_dir(name: &str) -> PathBuf {
    run::target_dir().join("compat").join(name)
}

/// The Rust tests of trees that ask for `pyo3`, with `compat/pyo3` in its place.
pub fn rust(python: &Python) -> Result<()> {
    only_ours(TREE)?;
    for (manifest, target) in [
        (TREE, "tree"),
        (&*format!("{EXAMPLE}/Cargo.toml"), "pyatoll"),
    ] {
        run::status(
            run::cargo()
                .args([
                    "test",
                    "--quiet",
                    "--config",
                    &patch(),
                    "--manifest-path",
                    manifest,
                ])
                .arg("--target-dir")
                .arg(target_dir(target))
                .env("PYO3_PYTHON", &python.executable)
                .env(run::LIBRARY_PATH, run::library_path(&python.libdir)?),
        )?;
    }
    Ok(())
}

/// Fails unless the tree has one package named `pyo3`, and it is ours.
fn only_ours(manifest: &str) -> Result<()> {
    let metadata = run::output(
        run::cargo()
            .args(["metadata", "--format-version", "1", "--config", &patch()])
            .args(["--manifest-path", manifest]),
    )?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo lists packages")?;
    let found: Vec<_> = packages
        .iter()
        .filter(|package| package["name"] == "pyo3")
        .filter_map(|package| package["manifest_path"].as_str())
        .collect();
    let ours = run::root().join("compat/pyo3/Cargo.toml");
    if found.iter().map(Path::new).ne([ours.as_path()]) {
        bail!("{manifest} is to have compat/pyo3 in PyO3's place, and has {found:?}");
    }
    Ok(())
}

/// The example's Python tests, with wheels of both; with Pyatoll, in several interpreters, too.
pub fn wheels(python: &Python, venv: &Venv) -> Result<()> {
    let tests = format!("{EXAMPLE}/tests");
    let manifest = Path::new(EXAMPLE).join("Cargo.toml");
    // maturin asks cargo several questions, and tells it its own settings in some of them only: a
    // file of settings is for all.
    let patched = target_dir("patched");
    fs::create_dir_all(patched.join(".cargo"))?;
    fs::write(patched.join(".cargo/config.toml"), patch() + "\n")?;
    for (name, folder, tests) in [
        ("pyo3", run::root(), &[&*tests][..]),
        ("pyatoll", &*patched, &[&*tests, "compat/tests"][..]),
    ] {
        println!("==> {EXAMPLE}, built with {name}");
        let build = Build {
            manifest: &manifest,
            release: false,
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
