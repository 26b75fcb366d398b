//! Building the benchmark module in each of the peers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::python::Python;
use crate::run;
use crate::wheels::Venv;

/// A way to write a Python module that is measured.
pub struct Peer {
    /// Its module is `bench_NAME`.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// What builds its module.
    pub builder: Builder,
    /// Whether its module loads in several interpreters of a process.
    pub multi: bool,
}

/// What builds a module.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Builder {
    /// `bench/modules/CMakeLists.txt`.
    CMake,
    /// `bench/Cargo.toml`.
    Cargo,
}

/// Every peer, in the order of the table; Pyatoll is the last.
pub const PEERS: &[Peer] = &[
    Peer {
        name: "c",
        title: "C",
        builder: Builder::CMake,
        multi: true,
    },
    Peer {
        name: "pybind11",
        title: "pybind11",
        builder: Builder::CMake,
        multi: true,
    },
    Peer {
        name: "nanobind",
        title: "nanobind",
        builder: Builder::CMake,
        multi: false,
    },
    Peer {
        name: "cython",
        title: "Cython",
        builder: Builder::CMake,
        multi: false,
    },
    Peer {
        name: "pyo3",
        title: "PyO3",
        builder: Builder::Cargo,
        multi: false,
    },
    Peer {
        name: "pyatoll",
        title: "Pyatoll",
        builder: Builder::Cargo,
        multi: true,
    },
];

/// The peers with these names; all, if there are none.
pub fn named(names: &[String]) -> Result<Vec<&'static Peer>> {
    for name in names {
        if !PEERS.iter().any(|peer| peer.name == name) {
            let all: Vec<_> = PEERS.iter().map(|peer| peer.name).collect();
            bail!("no peer is called '{name}'; there are: {}", all.join(", "));
        }
    }
    Ok(PEERS
        .iter()
        .filter(|peer| names.is_empty() || names.iter().any(|name| name == peer.name))
        .collect())
}

/// Builds the peers' modules for a release. Returns the folder they are in.
pub fn build(python: &Python, venv: &Venv, peers: &[&Peer]) -> Result<PathBuf> {
    let folder = run::target_dir().join("bench").join(&python.version);
    let modules = folder.join("modules");
    fs::create_dir_all(&modules).with_context(|| format!("cannot make {}", modules.display()))?;
    let of = |builder| peers.iter().filter(move |peer| peer.builder == builder);
    if of(Builder::CMake).next().is_some() {
        tools()?;
        configure(venv, "bench/modules", &folder.join("cmake"), &modules)?;
        for peer in of(Builder::CMake) {
            println!("==> building {}", peer.title);
            cmake_build(venv, &folder.join("cmake"), &format!("bench_{}", peer.name))?;
        }
    }
    for peer in of(Builder::Cargo) {
        println!("==> building {}", peer.title);
        let package = format!("bench_{}", peer.name);
        // One by one, so that none gets features that another asks for.
        run::status(
            run::cargo()
                .args(["build", "--release", "--quiet", "--locked"])
                .args(["--manifest-path", "bench/Cargo.toml"])
                .args(["--package", &package])
                .arg("--target-dir")
                .arg(folder.join("cargo"))
                .env("PYO3_PYTHON", &python.executable),
        )?;
        let library = folder
            .join("cargo/release")
            .join(format!("lib{package}.so"));
        fs::copy(&library, modules.join(format!("{package}.so")))
            .with_context(|| format!("cannot copy {}", library.display()))?;
    }
    Ok(modules)
}

/// Checks for the compilers, and says what to install.
fn tools() -> Result<()> {
    for (tool, package) in [("cc", "gcc"), ("c++", "g++")] {
        if Command::new(tool).arg("--version").output().is_err() {
            bail!(
                "no {tool}: install {package} (Debian, Ubuntu: the package `{package}`; Fedora: \
                 `{}`)",
                if tool == "cc" { "gcc" } else { "gcc-c++" }
            );
        }
    }
    Ok(())
}

/// Has CMake prepare a build of `source` in `build`, with the modules going to `output`.
fn configure(venv: &Venv, source: &str, build: &Path, output: &Path) -> Result<()> {
    let executable = |name: &str| format!("{}", venv.bin().join(name).display());
    run::output(
        venv.program("cmake")
            .args(["-S", source, "-G", "Ninja", "-B"])
            .arg(build)
            .arg("-DCMAKE_BUILD_TYPE=Release")
            .arg(format!("-DCMAKE_MAKE_PROGRAM={}", executable("ninja")))
            .arg(format!("-DPython_EXECUTABLE={}", executable("python")))
            .arg(format!("-DBENCH_OUTPUT={}", output.display())),
    )?;
    Ok(())
}

fn cmake_build(venv: &Venv, build: &Path, target: &str) -> Result<()> {
    run::output(
        venv.program("cmake")
            .arg("--build")
            .arg(build)
            .args(["--target", target]),
    )?;
    Ok(())
}
