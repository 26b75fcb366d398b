//! Building the benchmark module with each peer.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::python::Python;
use crate::run;
use crate::wheels::Venv;

/// The requirements of the benchmarks' virtual environment.
pub const REQUIREMENTS: &str = "bench/requirements.txt";

/// A way to write a Python module that is measured.
pub struct Peer {
    /// Its module is `bench_NAME`.
    pub name: &'static str,
    /// For display.
    pub title: &'static str,
    /// The tool that builds its module.
    pub builder: Builder,
    /// The compiler settings, for the page of results.
    pub settings: &'static str,
    /// Whether its module loads in several interpreters of a process.
    pub multi: bool,
}

/// A tool that builds a module.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Builder {
    /// `bench/modules/CMakeLists.txt`.
    CMake,
    /// `bench/Cargo.toml` or `bench/modules/pyo3/Cargo.toml`.
    Cargo,
}

/// Every peer, in the order of the table; Pyatoll comes last.
pub const PEERS: &[Peer] = &[
    Peer {
        name: "c",
        title: "C",
        settings: "CMake's release settings, `-O3 -DNDEBUG`; hidden visibility",
        builder: Builder::CMake,
        multi: true,
    },
    Peer {
        name: "pybind11",
        title: "pybind11",
        settings: "`pybind11_add_module`: `-O3 -DNDEBUG`, link-time optimization, hidden visibility, stripped",
        builder: Builder::CMake,
        multi: true,
    },
    Peer {
        name: "nanobind",
        title: "nanobind",
        settings: "`nanobind_add_module(… NB_STATIC LTO)`: `-Os -DNDEBUG`, link-time optimization, no stack protector, hidden visibility, sections collected, stripped",
        builder: Builder::CMake,
        multi: false,
    },
    Peer {
        name: "cython",
        title: "Cython",
        settings: "`language_level=3`, CMake's release settings, `-O3 -DNDEBUG`",
        builder: Builder::CMake,
        multi: false,
    },
    Peer {
        name: "pyo3",
        title: "PyO3",
        settings: "`opt-level = 3`, `lto = \"fat\"`, `codegen-units = 1`",
        builder: Builder::Cargo,
        multi: false,
    },
    Peer {
        name: "pyatoll",
        title: "Pyatoll",
        settings: "as PyO3, from the same source",
        builder: Builder::Cargo,
        multi: true,
    },
];

/// Returns a peer's name for display.
pub fn title(name: &str) -> &str {
    let peer = PEERS.iter().find(|peer| peer.name == name);
    peer.map_or(name, |peer| peer.title)
}

/// Returns the peers with these names, or all peers if the list is empty.
pub fn named(names: &[String]) -> Result<Vec<&'static Peer>> {
    for name in names {
        if !PEERS.iter().any(|peer| peer.name == name) {
            let all: Vec<_> = PEERS.iter().map(|peer| peer.name).collect();
            bail!("no peer '{name}'; the peers are: {}", all.join(", "));
        }
    }
    Ok(PEERS
        .iter()
        .filter(|peer| names.is_empty() || names.iter().any(|name| name == peer.name))
        .collect())
}

/// Returns the peers whose modules a tool builds.
pub fn built_by(builder: Builder) -> Vec<&'static Peer> {
    PEERS
        .iter()
        .filter(|peer| peer.builder == builder)
        .collect()
}

/// The built modules.
pub struct Modules {
    /// The Python that they are built for.
    pub python: Python,
    /// The virtual environment with the peers' packages.
    pub venv: Venv,
    /// The folder of all builds.
    pub folder: PathBuf,
    /// Whether the modules in Rust are built for the stable ABI.
    abi3: bool,
}

impl Modules {
    /// Builds the peers' modules in release mode.
    pub fn build(python: Python, peers: &[&Peer], abi3: bool) -> Result<Self> {
        let venv = Venv::make(&python, REQUIREMENTS)?;
        let kind = if abi3 { "-abi3" } else { "" };
        let folder = run::target_dir()
            .join("bench")
            .join(format!("{}{kind}", python.version));
        let modules = Self {
            python,
            venv,
            folder,
            abi3,
        };
        fs::create_dir_all(modules.output())?;
        tools()?;
        configure(
            &modules.venv,
            "bench/modules",
            &modules.folder.join("cmake"),
            &modules.output(),
        )?;
        for peer in peers {
            println!("==> building {}", peer.title);
            modules.build_module(peer.builder, &format!("bench_{}", peer.name))?;
        }
        Ok(modules)
    }

    /// Returns the folder of the modules.
    pub fn output(&self) -> PathBuf {
        self.folder.join("modules")
    }

    /// Builds a module.
    pub fn build_module(&self, builder: Builder, name: &str) -> Result<()> {
        match builder {
            Builder::CMake => self.build_target(name),
            Builder::Cargo => self.build_crate(name),
        }
    }

    /// Builds a target of `bench/modules/CMakeLists.txt`.
    pub fn build_target(&self, target: &str) -> Result<()> {
        run::output(
            self.venv
                .program("cmake")
                .arg("--build")
                .arg(self.folder.join("cmake"))
                .args(["--target", target]),
        )?;
        Ok(())
    }

    /// Builds a package of one of the workspaces, alone, so that it gets no features of another.
    fn build_crate(&self, package: &str) -> Result<()> {
        let manifest = if package.ends_with("_pyo3") {
            "bench/modules/pyo3/Cargo.toml"
        } else {
            "bench/Cargo.toml"
        };
        let features = self.abi3.then_some("--features=pyo3/abi3-py311");
        self.build_package(manifest, package, features)
    }

    /// Builds a package with a module of the same name.
    pub fn build_package(
        &self,
        manifest: &str,
        package: &str,
        features: Option<&str>,
    ) -> Result<()> {
        let target = self.folder.join("cargo");
        run::status(
            run::cargo()
                .args(["build", "--release", "--quiet"])
                .args(["--manifest-path", manifest])
                .args(["--package", package])
                .args(features)
                .arg("--target-dir")
                .arg(&target)
                .env("PYO3_PYTHON", &self.python.executable),
        )?;
        let library = target.join("release").join(format!("lib{package}.so"));
        // Copied under another name and renamed: a process may have the old file mapped.
        let copy = self.output().join(format!("{package}.new"));
        fs::copy(&library, &copy)
            .and_then(|_| fs::rename(&copy, self.output().join(format!("{package}.so"))))
            .with_context(|| format!("cannot copy {}", library.display()))
    }

    /// Adds the arguments that run `bench/run.py` for these peers; other interpreters import those
    /// in `multi`.
    pub fn driver<'a>(
        &self,
        command: &'a mut Command,
        mode: &str,
        peers: &str,
        multi: &str,
    ) -> &'a mut Command {
        command
            .args(["bench/run.py", mode, "--modules"])
            .arg(self.output())
            .args(["--peers", peers, "--multi", multi])
    }

    /// Adds the arguments that run `bench/run.py` for rows of the groups `functions` and `classes`.
    pub fn rows_driver<'a>(
        &self,
        command: &'a mut Command,
        mode: &str,
        peers: &[&Peer],
        patterns: &[String],
    ) -> &'a mut Command {
        let names = |multi: bool| {
            let of = peers.iter().filter(|peer| peer.multi || !multi);
            of.map(|peer| peer.name).collect::<Vec<_>>().join(",")
        };
        self.driver(command, mode, &names(false), &names(true))
            .arg("--rows")
            .args(patterns)
    }
}

/// Checks that the compilers are installed.
fn tools() -> Result<()> {
    for (tool, package) in [("cc", "gcc"), ("c++", "g++")] {
        if Command::new(tool).arg("--version").output().is_err() {
            bail!(
                "{tool} is not installed: install {package} (Debian, Ubuntu: the package `{package}`; Fedora: \
                 `{}`)",
                if tool == "cc" { "gcc" } else { "gcc-c++" }
            );
        }
    }
    Ok(())
}

/// Configures a CMake build of `source` in `build` that writes the modules to `output`.
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
