//! `cargo xtask targets`: compiles the library for operating systems and processors that the tests
//! do not run on.
//!
//! No target needs a Python of its own, and only Windows with GNU tools a linker: for it, the test
//! extension is linked, and must import its functions from the right DLL of Python. The standard
//! library is compiled from its sources, since distributions do not package it for most targets.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::run;
use crate::toolchain::Toolchain;

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
    /// The names of the [`BUILDS`] that it is checked for without `--long`.
    short: &'static [&'static str],
    /// Whether clippy checks it, too, with warnings as errors.
    has_lints: bool,
    /// Whether Python can have no GIL there: CPython has no free-threaded builds for WebAssembly.
    may_be_free_threaded: bool,
    /// Whether the test extension is linked, too, as a DLL with mingw-w64.
    is_linked: bool,
}

const fn target(name: &'static str, short: &'static [&'static str]) -> Target {
    Target {
        name,
        short,
        has_lints: false,
        may_be_free_threaded: true,
        is_linked: false,
    }
}

const TARGETS: &[Target] = &[
    Target {
        has_lints: true,
        ..target("x86_64-pc-windows-msvc", &["3.15", "3.11"])
    },
    target("aarch64-pc-windows-msvc", &[]),
    Target {
        is_linked: true,
        ..target("x86_64-pc-windows-gnu", &["3.15", "3.11, abi3"])
    },
    Target {
        has_lints: true,
        ..target("aarch64-apple-darwin", &["3.15", "3.11"])
    },
    target("x86_64-apple-darwin", &[]),
    target("aarch64-apple-ios", &[]),
    target("aarch64-linux-android", &[]),
    Target {
        has_lints: true,
        ..target("i686-unknown-linux-gnu", &["3.15", "3.11"])
    },
    target("armv7-unknown-linux-gnueabihf", &[]),
    target("aarch64-unknown-linux-gnu", &["3.15"]),
    // Big-endian.
    target("s390x-unknown-linux-gnu", &["3.15"]),
    target("riscv64gc-unknown-linux-gnu", &[]),
    target("x86_64-unknown-linux-musl", &[]),
    target("aarch64-unknown-linux-musl", &[]),
    Target {
        may_be_free_threaded: false,
        ..target("wasm32-unknown-emscripten", &["3.15"])
    },
    Target {
        may_be_free_threaded: false,
        ..target("wasm32-wasip1", &["3.15"])
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

/// mingw-w64's linker, and the tool that tells what is in a DLL.
const LINKER: &str = "x86_64-w64-mingw32-gcc";
const OBJDUMP: &str = "x86_64-w64-mingw32-objdump";

/// cargo's options that compile the standard library.
const BUILD_STD: &[&str] = &[
    "-Zbuild-std=std,panic_unwind,panic_abort",
    "-Zbuild-std-features=panic-unwind",
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

    /// Returns the DLL of Python that a module imports its functions from, on Windows.
    fn dll(&self) -> String {
        match self.features {
            [] => format!("python{}.dll", self.python.replace('.', "")),
            _ => "python3.dll".to_owned(),
        }
    }
}

/// The results by target and build: whether it compiles.
type Results = BTreeMap<&'static str, BTreeMap<String, bool>>;

/// Checks the targets, and prints a table.
pub fn run(options: &Options) -> Result<()> {
    let targets = select(&options.name)?;
    let toolchain = Toolchain::find()?;
    if targets.iter().any(|target| target.is_linked) {
        find_linker()?;
    }
    let mut results = Results::new();
    // One build after another: the standard libraries and most crates are the same for all.
    for build in BUILDS {
        for target in &targets {
            // A target that is named is asked for.
            let is_short = options.name.is_empty() && !options.long;
            if is_checked(target, build) && (!is_short || target.short.contains(&&*build.name())) {
                println!("==> {}, Python {}", target.name, build.name());
                let compiles = check(&toolchain, target, build, options.long)?;
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

/// Returns an error if mingw-w64 is missing.
fn find_linker() -> Result<()> {
    for program in [LINKER, OBJDUMP] {
        let mut command = Command::new(program);
        let status = command.arg("--version").stdout(Stdio::null()).status();
        ensure!(
            status.is_ok_and(|status| status.success()),
            "{program} does not run: install mingw-w64, or Debian's package gcc-mingw-w64-x86-64"
        );
    }
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

/// Checks the library and the test extension. Returns whether both compile without warnings.
fn check(
    toolchain: &Toolchain,
    target: &Target,
    build: &Build,
    all_features: bool,
) -> Result<bool> {
    let command = match target {
        Target {
            is_linked: true, ..
        } => "build",
        Target {
            has_lints: true, ..
        } => "clippy",
        _ => "check",
    };
    let folder = run::target_dir().join("targets");
    let mut features = build.features.to_vec();
    if all_features {
        features.extend(FEATURES);
    }
    let status = toolchain
        .cargo()?
        .args([
            command,
            "--quiet",
            "--package=pyatoll",
            "--package=pyatoll-tests",
        ])
        .args(["--target", target.name, "--features", &features.join(",")])
        .args(BUILD_STD)
        .arg("--target-dir")
        .arg(&folder)
        .env("CARGO_BUILD_WARNINGS", "deny")
        .env("PYO3_CROSS_PYTHON_VERSION", build.python)
        .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", LINKER)
        .env_remove("PYO3_PYTHON")
        .status()
        .context("cannot run cargo")?;
    if !target.is_linked || !status.success() {
        return Ok(status.success());
    }
    let module = folder.join(target.name).join("debug/pyatoll_tests.dll");
    let headers = run::output(Command::new(OBJDUMP).arg("-p").arg(&module))?;
    let fault = fault_of(&headers, &build.dll());
    if let Some(fault) = &fault {
        eprintln!("{}: {fault}", module.display());
    }
    Ok(fault.is_none())
}

/// Returns what is wrong with a DLL by what objdump prints about it, if it should be a module that
/// imports from `python`.
fn fault_of(headers: &str, python: &str) -> Option<String> {
    let imported = headers
        .lines()
        .filter_map(|line| line.trim().strip_prefix("DLL Name: "))
        .map(str::to_lowercase)
        .filter(|name| name.starts_with("python"));
    let imported: BTreeSet<_> = imported.collect();
    if !imported.iter().eq([python]) {
        return Some(format!("imports from {imported:?} instead of {python}"));
    }
    let is_init = |line: &str| line.trim_end().ends_with(" PyInit_pyatoll_tests");
    (!headers.lines().any(is_init)).then(|| "exports no PyInit_pyatoll_tests".to_owned())
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
            let is_short = |target: &Target| target.name.contains(kind) && !target.short.is_empty();
            assert!(TARGETS.iter().any(is_short), "{kind}");
        }
        let names: Vec<_> = BUILDS.iter().map(Build::name).collect();
        let mut short = TARGETS.iter().flat_map(|target| target.short);
        assert!(short.all(|build| names.iter().any(|name| name == build)));
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
    fn a_module_for_windows_imports_from_the_dll_of_its_build_only() {
        let dlls: Vec<_> = BUILDS.iter().map(Build::dll).collect();
        assert!(dlls.contains(&"python314t.dll".to_owned()));
        assert!(dlls.contains(&"python3.dll".to_owned()));

        let headers = "\tDLL Name: KERNEL32.dll\n\tDLL Name: python314.dll\n\
                       \tDLL Name: python314.dll\n\t[   0] +base[   1]  0000 PyInit_pyatoll_tests\n";
        assert_eq!(fault_of(headers, "python314.dll"), None);
        let fault = fault_of(headers, "python3.dll").unwrap();
        assert!(fault.contains("python314.dll"), "{fault}");
        let both = format!("{headers}\tDLL Name: python3.dll\n");
        assert!(fault_of(&both, "python314.dll").is_some());
        let fault = fault_of("\tDLL Name: python314.dll\n", "python314.dll").unwrap();
        assert!(fault.contains("PyInit"), "{fault}");
    }

    #[test]
    fn an_unknown_target_is_refused_with_the_names_of_the_others() {
        let error = select(&["m68k".to_owned()]).err().expect("it is unknown");
        assert!(error.to_string().contains("riscv64gc-unknown-linux-gnu"));
    }
}
