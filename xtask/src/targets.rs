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
    /// Check all targets for all versions of Python with all features, not only one target of each
    /// kind
    #[arg(long)]
    long: bool,
    /// Write the result to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// A target of rustc.
struct Target {
    name: &'static str,
    /// For how many of [`BUILDS`] it is checked without `--long`.
    short: usize,
    /// Whether clippy checks it, too, with warnings as errors.
    has_lints: bool,
    /// Whether Python can have no GIL there: CPython has no free-threaded builds for WebAssembly.
    may_be_free_threaded: bool,
}

const fn target(name: &'static str, short: usize) -> Target {
    Target {
        name,
        short,
        has_lints: false,
        may_be_free_threaded: true,
    }
}

const TARGETS: &[Target] = &[
    Target {
        has_lints: true,
        ..target("x86_64-pc-windows-msvc", 2)
    },
    target("aarch64-pc-windows-msvc", 0),
    target("x86_64-pc-windows-gnu", 0),
    Target {
        has_lints: true,
        ..target("aarch64-apple-darwin", 2)
    },
    target("x86_64-apple-darwin", 0),
    target("aarch64-apple-ios", 0),
    target("aarch64-linux-android", 0),
    Target {
        has_lints: true,
        ..target("i686-unknown-linux-gnu", 2)
    },
    target("armv7-unknown-linux-gnueabihf", 0),
    target("aarch64-unknown-linux-gnu", 1),
    // Big-endian.
    target("s390x-unknown-linux-gnu", 1),
    target("riscv64gc-unknown-linux-gnu", 0),
    target("x86_64-unknown-linux-musl", 0),
    target("aarch64-unknown-linux-musl", 0),
    Target {
        may_be_free_threaded: false,
        ..target("wasm32-unknown-emscripten", 1)
    },
    Target {
        may_be_free_threaded: false,
        ..target("wasm32-wasip1", 1)
    },
];

/// The Python of a build.
struct Build {
    /// As `PYO3_CROSS_PYTHON_VERSION` has it.
    python: &'static str,
    /// Features of the library.
    features: &'static [&'static str],
}

/// The oldest version differs the most from the newest one.
const BUILDS: &[Build] = &[
    Build {
        python: "3.15",
        features: &[],
    },
    Build {
        python: "3.11",
        features: &[],
    },
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
        features: &["pyatoll/abi3"],
    },
];

/// The features that packages use. Without `--long`, those of the test extension do.
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
    for (index, build) in BUILDS.iter().enumerate() {
        for target in &targets {
            // A target that is named is asked for.
            let is_short = options.name.is_empty() && !options.long;
            if is_checked(target, build) && (!is_short || index < target.short) {
                println!("==> {}, Python {}", target.name, build.name());
                let compiles = toolchain.check(target, build, options.long)?;
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

/// Returns whether there is such a Python for the target.
fn is_checked(target: &Target, build: &Build) -> bool {
    target.may_be_free_threaded || !build.is_free_threaded()
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
    fn check(&self, target: &Target, build: &Build, all_features: bool) -> Result<bool> {
        let command = if target.has_lints { "clippy" } else { "check" };
        let mut features = build.features.to_vec();
        if all_features {
            features.extend(FEATURES);
        }
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.programs.clone()).chain(env::split_paths(&path));
        let status = run::cargo_of(&self.programs.join("cargo"))
            .args([
                command,
                "--quiet",
                "--package=pyatoll",
                "--package=pyatoll-tests",
            ])
            .args(["--target", target.name, "--features", &features.join(",")])
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
    fn each_kind_of_system_is_checked_without_being_asked_for() {
        for kind in [
            "windows",
            "apple",
            "i686",
            "s390x",
            "aarch64-unknown-linux",
            "wasm32",
        ] {
            let is_short = |target: &Target| target.name.contains(kind) && target.short > 0;
            assert!(TARGETS.iter().any(is_short), "{kind}");
        }
        assert!(TARGETS.iter().all(|target| target.short <= BUILDS.len()));
    }

    #[test]
    fn webassembly_has_no_free_threaded_python() {
        let checked = |name: &str| {
            let targets = select(&[name.to_owned()]).expect("the target is known");
            let is_checked = |build: &&Build| is_checked(targets[0], build);
            BUILDS.iter().filter(is_checked).count()
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
