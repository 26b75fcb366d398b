//! The module that is loaded into the hosts: built with Pyatoll, and its twin in C.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::site::FOLDER;
use crate::python::Python;
use crate::{run, wheels};

/// The library that the module is built with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Module {
    /// Rust, with Pyatoll.
    Pyatoll,
    /// C, with the C API only.
    C,
}

impl Module {
    /// Returns its name, which is also the module's `BUILT_WITH`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pyatoll => "pyatoll",
            Self::C => "c",
        }
    }

    /// Builds it for a Python and returns the path of the library.
    pub fn build(self, python: &Python) -> Result<PathBuf> {
        match self {
            Self::Pyatoll => build_rust(python),
            Self::C => build_c(python),
        }
    }
}

fn build_rust(python: &Python) -> Result<PathBuf> {
    let target = wheels::target_dir();
    run::status(
        run::cargo()
            .args(["build", "--quiet", "--package", "hosts-probe"])
            .args(["--profile", wheels::PROFILE, "--features"])
            .args([wheels::FEATURES, "--target-dir"])
            .arg(&target)
            .env("PYO3_PYTHON", &python.executable)
            // The module must not link libpython.
            .env("PYO3_BUILD_EXTENSION_MODULE", "1")
            // The value that maturin sets: with another one, builds of wheels would compile the
            // library again.
            .env(
                "PYO3_ENVIRONMENT_SIGNATURE",
                format!("cpython-3.{}-{}bit", python.minor, usize::BITS),
            ),
    )?;
    let library = target.join(wheels::PROFILE).join("libprobe.so");
    let path = folder(python)?.join("probe_pyatoll.so");
    fs::copy(&library, &path).with_context(|| format!("cannot copy {}", library.display()))?;
    Ok(path)
}

fn build_c(python: &Python) -> Result<PathBuf> {
    let include = run::output(Command::new(&python.executable).args([
        "-I",
        "-c",
        "import sysconfig; print(sysconfig.get_path('include'))",
    ]))?;
    let path = folder(python)?.join("probe_c.so");
    let compiler = env::var_os("CC").unwrap_or_else(|| OsString::from("cc"));
    run::status(
        Command::new(compiler)
            .current_dir(run::root())
            .args(["-O2", "-shared", "-fPIC", "-pthread", "-I"])
            .arg(include.trim())
            .arg("-o")
            .arg(&path)
            .arg(Path::new(FOLDER).join("probe/probe.c")),
    )?;
    Ok(path)
}

/// Returns the folder of what is built for a Python, and of the hosts' logs.
pub fn folder(python: &Python) -> Result<PathBuf> {
    let folder = run::target_dir().join("hosts").join(python.short());
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}
