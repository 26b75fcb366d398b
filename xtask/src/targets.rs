//! `cargo xtask targets`: compiles the library for operating systems and processors that the tests
//! do not run on.
//!
//! Nothing is linked, so no target needs a linker or a Python of its own. The standard library is
//! compiled from its sources, since distributions do not package it for most targets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::run;

/// The options of the command.
#[derive(Args)]
pub struct Options {
    /// The names of the targets [default: all]
    name: Vec<String>,
    /// Check all targets for all versions of Python, not only one target of each kind
    #[arg(long)]
    long: bool,
    /// Write the result to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// A target of rustc.
struct Target {
    name: &'static str,
    /// Whether it is the one of its kind that is checked for all versions of Python.
    is_example: bool,
    /// Whether clippy checks it, too, with warnings as errors.
    has_lints: bool,
    /// Whether Python can have no GIL there: CPython has no free-threaded builds for WebAssembly.
    may_be_free_threaded: bool,
}

/// A target that is checked for the newest version only.
const fn target(name: &'static str) -> Target {
    Target {
        name,
        is_example: false,
        has_lints: false,
        may_be_free_threaded: true,
    }
}

const TARGETS: &[Target] = &[
    Target {
        is_example: true,
        has_lints: true,
        ..target("x86_64-pc-windows-msvc")
    },
    target("aarch64-pc-windows-msvc"),
    target("x86_64-pc-windows-gnu"),
    Target {
        is_example: true,
        has_lints: true,
        ..target("aarch64-apple-darwin")
    },
    target("x86_64-apple-darwin"),
    target("aarch64-apple-ios"),
    target("aarch64-linux-android"),
    Target {
        is_example: true,
        has_lints: true,
        ..target("i686-unknown-linux-gnu")
    },
    target("armv7-unknown-linux-gnueabihf"),
    target("aarch64-unknown-linux-gnu"),
    target("s390x-unknown-linux-gnu"),
    target("riscv64gc-unknown-linux-gnu"),
    target("x86_64-unknown-linux-musl"),
    target("aarch64-unknown-linux-musl"),
    Target {
        may_be_free_threaded: false,
        ..target("wasm32-unknown-emscripten")
    },
    Target {
        may_be_free_threaded: false,
        ..target("wasm32-wasip1")
    },
];

/// The Python of a build.
struct Build {
    /// As `PYO3_CROSS_PYTHON_VERSION` has it.
    python: &'static str,
    /// Features of the library.
    features: &'static [&'static str],
}

/// The build that is checked for a target that is not the example of its kind.
const NEWEST: Build = Build {
    python: "3.15",
    features: &[],
};

const BUILDS: &[Build] = &[
    NEWEST,
    Build {
        python: "3.14",
        features: &[],
    },
    Build {
        python: "3.14t",
        features: &[],
    },
    Build {
        python: "3.11",
        features: &[],
    },
    Build {
        python: "3.11",
        features: &["pyatoll/abi3"],
    },
];

/// The features that packages use, of both crates that are checked.
const FEATURES: &[&str] = &[
    "pyatoll/anyhow",
    "pyatoll/arc_lock",
    "pyatoll/bigdecimal",
    "pyatoll/bytes",
    "pyatoll/chrono-local",
    "pyatoll/chrono-tz",
    "pyatoll/either",
    "pyatoll/experimental-async",
    "pyatoll/experimental-inspect",
    "pyatoll/eyre",
    "pyatoll/hashbrown",
    "pyatoll/indexmap",
    "pyatoll/jiff-02",
    "pyatoll/multiple-pymethods",
    "pyatoll/num-complex",
    "pyatoll/num-rational",
    "pyatoll/ordered-float",
    "pyatoll/parking_lot",
    "pyatoll/py-clone",
    "pyatoll/rust_decimal",
    "pyatoll/serde",
    "pyatoll/smallvec",
    "pyatoll/time",
    "pyatoll/tracing",
    "pyatoll/uuid",
];

impl Build {
    /// Returns a name for the table.
    fn name(&self) -> String {
        match self.features {
            [] => self.python.to_owned(),
            _ => format!("{}, abi3", self.python),
        }
    }

    fn is_free_threaded(&self) -> bool {
        self.python.ends_with('t')
    }
}

/// The results by target and build: whether it compiles.
type Results = BTreeMap<&'static str, BTreeMap<String, bool>>;

/// Checks the targets, and prints a table.
pub fn run(options: &Options) -> Result<()> {
    let targets = select(&options.name)?;
    let toolchain = Toolchain::find()?;
    let mut results = Results::new();
    // One build after another: the standard libraries and most crates are the same for all.
    for build in BUILDS {
        for target in &targets {
            if is_checked(target, build, options.long) {
                println!("==> {}, Python {}", target.name, build.name());
                let compiles = toolchain.check(target, build)?;
                results
                    .entry(target.name)
                    .or_default()
                    .insert(build.name(), compiles);
            }
        }
    }
    print(&results);
    if let Some(path) = &options.json {
        fs::write(path, serde_json::to_string_pretty(&results)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let fails = |builds: &BTreeMap<String, bool>| builds.values().any(|compiles| !compiles);
    let failed: Vec<_> = results
        .iter()
        .filter(|(_, builds)| fails(builds))
        .map(|(&name, _)| name)
        .collect();
    ensure!(failed.is_empty(), "faults for {}", failed.join(", "));
    Ok(())
}

/// Returns the targets of these names, or all.
fn select(names: &[String]) -> Result<Vec<&'static Target>> {
    if let Some(unknown) = names
        .iter()
        .find(|name| TARGETS.iter().all(|target| target.name != **name))
    {
        let known: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        bail!("no target {unknown}; there are {}", known.join(", "));
    }
    let is_selected = |target: &Target| names.is_empty() || names.iter().any(|n| n == target.name);
    Ok(TARGETS
        .iter()
        .filter(|target| is_selected(target))
        .collect())
}

fn is_checked(target: &Target, build: &Build, all: bool) -> bool {
    if build.is_free_threaded() && !target.may_be_free_threaded {
        return false;
    }
    all || target.is_example || build.name() == NEWEST.name()
}

/// A toolchain that compiles for all targets.
struct Toolchain {
    /// The folder with its programs.
    programs: PathBuf,
}

impl Toolchain {
    /// Finds one with the sources of the standard library: the one that runs, or the system's.
    fn find() -> Result<Self> {
        let running = run::output(Command::new("rustc").args(["--print", "sysroot"]))?;
        for sysroot in [Path::new(running.trim()), Path::new("/usr")] {
            if sysroot.join("lib/rustlib/src/rust/library/std").exists() {
                return Ok(Self {
                    programs: sysroot.join("bin"),
                });
            }
        }
        bail!(
            "the sources of Rust's standard library are missing: install them with 'rustup \
             component add rust-src', or Debian's package rust-src"
        )
    }

    /// Checks the library and the test extension. Returns whether both compile without warnings.
    fn check(&self, target: &Target, build: &Build) -> Result<bool> {
        let command = if target.has_lints { "clippy" } else { "check" };
        let features = [FEATURES, build.features].concat().join(",");
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.programs.clone()).chain(env::split_paths(&path));
        let status = run::cargo_of(&self.programs.join("cargo"))
            .args([
                command,
                "--quiet",
                "--package=pyatoll",
                "--package=pyatoll-tests",
            ])
            .args(["--target", target.name, "--features", &features])
            .args([
                "-Zbuild-std=std,panic_unwind,panic_abort",
                "-Zbuild-std-features=panic-unwind",
            ])
            .arg("--target-dir")
            .arg(run::target_dir().join("targets"))
            // For `-Z`, on a stable toolchain.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("PATH", env::join_paths(folders)?)
            .env("RUSTC", self.programs.join("rustc"))
            .env("CARGO_BUILD_WARNINGS", "deny")
            .env("PYO3_CROSS_PYTHON_VERSION", build.python)
            .env_remove("PYO3_PYTHON")
            .env_remove("RUSTUP_TOOLCHAIN")
            .status()
            .context("cannot run cargo")?;
        Ok(status.success())
    }
}

/// Prints which targets compile for which builds.
fn print(results: &Results) {
    let builds: Vec<_> = BUILDS.iter().map(Build::name).collect();
    print!("\n{:<32}", "target");
    for build in &builds {
        print!("{build:>12}");
    }
    println!();
    for (name, of_target) in results {
        print!("{name:<32}");
        for build in &builds {
            let text = match of_target.get(build) {
                Some(true) => "ok",
                Some(false) => "FAILED",
                None => "",
            };
            print!("{text:>12}");
        }
        println!();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_system_is_checked_for_all_versions_of_python() {
        for system in ["windows", "apple", "linux"] {
            let is_example = |target: &&Target| target.is_example && target.name.contains(system);
            let example = TARGETS.iter().find(is_example).expect(system);
            assert!(BUILDS.iter().all(|build| is_checked(example, build, false)));
        }
    }

    #[test]
    fn webassembly_has_no_free_threaded_python() {
        let checked = |name: &str| {
            let targets = select(&[name.to_owned()]).expect("the target is known");
            BUILDS
                .iter()
                .filter(|build| is_checked(targets[0], build, true))
                .count()
        };
        assert_eq!(checked("wasm32-wasip1"), BUILDS.len() - 1);
        assert_eq!(checked("aarch64-apple-darwin"), BUILDS.len());
    }

    #[test]
    fn an_unknown_target_is_refused_with_the_names_of_the_others() {
        let error = select(&["m68k".to_owned()]).err().expect("it is unknown");
        assert!(error.to_string().contains("riscv64gc-unknown-linux-gnu"));
    }
}
