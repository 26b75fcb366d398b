//! `cargo xtask ports`: published packages and crates on top of PyO3, built with `compat/pyo3`.
//!
//! For a package, the command downloads the source distribution and raises its requirement of PyO3
//! to the version that `compat/pyo3` replaces. It builds the package twice: with PyO3, and with
//! Pyatoll in its place. It runs the package's own tests with both wheels, and with Pyatoll's wheel
//! also in two sub-interpreters at once, with their own GIL and with a shared one. For a crate, it
//! runs the Rust tests with both libraries. This repository contains only the names of packages and
//! crates, tests of our own for packages whose source distribution has none, and benchmarks.
//!
//! | file | concern |
//! |---|---|
//! | `bench` | timing the wheels |
//! | `build` | building the wheels |
//! | `catalog` | the packages and crates, from `compat/ports/ports.toml` |
//! | `compile_times` | measuring how long a package compiles |
//! | `crates` | the crates' Rust tests |
//! | `expected` | the committed figures |
//! | `library` | the library of a build: PyO3 or Pyatoll |
//! | `outcomes` | running a package's tests |
//! | `report` | the result as tables and as JSON |
//! | `source` | downloading and unpacking, and raising requirements |
//! | `venv` | the virtual environments of the tests |

mod bench;
mod build;
mod catalog;
mod compile_times;
mod crates;
mod expected;
mod library;
mod outcomes;
mod report;
mod source;
mod venv;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use self::catalog::{Catalog, Crate, Package};
use self::library::Library;
use self::outcomes::{Kind, Tests};
use self::report::{CrateResult, PackageResult, Report};
use crate::python::Python;

/// The first minor version whose sub-interpreters run pytest, two at once. Earlier ones abort or
/// hang at their end, without any extension module.
const PYTEST_IN_INTERPRETERS: u32 = 14;

/// The options of the command.
#[derive(Args)]
pub struct Options {
    /// The names of the packages and crates [default: all]
    name: Vec<String>,
    /// The Python to test with [default: $PYO3_PYTHON, else python3 on the path]
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
    /// Write the result to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Build with Pyatoll only, and fail if fewer tests pass than in compat/ports/expected.json
    #[arg(long, conflicts_with = "update")]
    check: bool,
    /// Write the result to compat/ports/expected.json
    #[arg(long)]
    update: bool,
    /// Compile the packages with less optimization than their own profile has
    #[arg(long)]
    quick: bool,
    /// Time the packages with both libraries, instead of running tests [default packages: those
    /// with a file in compat/ports/bench]
    #[arg(long, conflicts_with_all = ["check", "update", "quick"])]
    bench: bool,
}

/// Builds and tests the packages and crates, and reports how many tests pass.
pub fn run(options: &Options) -> Result<()> {
    let python = Python::find(options.python.clone())?;
    let catalog = Catalog::read()?;
    let (packages, crates) = catalog.select(&options.name)?;
    let libraries: &[Library] = if options.check {
        &[Library::Pyatoll]
    } else {
        &[Library::Pyo3, Library::Pyatoll]
    };
    let mut report = Report::default();
    for package in packages {
        if options.bench && !bench::exists(package) {
            continue;
        }
        println!("==> {} {}", package.name, package.version);
        let result = of_package(package, &catalog, &python, libraries, options)?;
        report.packages.insert(package.name.clone(), result);
    }
    let crates = if options.bench { Vec::new() } else { crates };
    for krate in crates {
        println!("==> {} {}", krate.name, krate.version);
        let result = of_crate(krate, &catalog, &python, libraries)?;
        report.crates.insert(krate.name.clone(), result);
    }
    report.print();
    if let Some(path) = &options.json {
        report.write_json(path)?;
    }
    if options.update {
        expected::update(&report, &python)?;
    } else if options.check {
        expected::check(&report, &python)?;
    } else {
        let faults = report.faults();
        if !faults.is_empty() {
            bail!("{}", faults.join("\n"));
        }
    }
    Ok(())
}

/// Runs the tests of a crate that a file describes, built with Pyatoll. Returns the number of those
/// that passed, and the names of those that failed.
pub fn test_crate(path: &Path, python: &Python) -> Result<(usize, Vec<String>)> {
    let krate = Crate::read(path)?;
    let folder = source::krate(&krate, Library::Pyatoll, &Catalog::read()?.raised)?;
    let outcome = crates::test(&krate, Library::Pyatoll, &folder, python)?;
    ensure!(outcome.compiled, "{} does not compile", krate.name);
    Ok((outcome.passed, outcome.failed))
}

/// Builds a package with Pyatoll, without much optimization, and installs it into a folder of its
/// own. Returns the folder.
pub fn install(name: &str, python: &Python) -> Result<PathBuf> {
    let catalog = Catalog::read()?;
    let (packages, _) = catalog.select(&[name.to_owned()])?;
    let package = packages.first().context("it is a crate")?;
    let tests = Tests::new(package, python)?;
    let source = source::package(package, Library::Pyatoll, &catalog.raised, &tests.venv)?;
    let built = build::wheel(package, Library::Pyatoll, &source, &tests.venv, true)?;
    tests.install(&built.wheel, Library::Pyatoll)
}

fn of_package(
    package: &Package,
    catalog: &Catalog,
    python: &Python,
    libraries: &[Library],
    options: &Options,
) -> Result<PackageResult> {
    let mut result = PackageResult::default();
    let tests = Tests::new(package, python)?;
    let mut sources = Vec::new();
    for &library in libraries {
        let source = source::package(package, library, &catalog.raised, &tests.venv)?;
        match build::wheel(package, library, &source, &tests.venv, options.quick) {
            Ok(built) => {
                let site = tests.install(&built.wheel, library)?;
                result.built(library, &built);
                if options.bench {
                    sources.push((library, source));
                    continue;
                }
                let kinds = match library {
                    Library::Pyo3 => &[Kind::Main][..],
                    Library::Pyatoll => &[Kind::Main, Kind::OwnGil, Kind::SharedGil],
                };
                for &kind in kinds {
                    if kind != Kind::Main && python.minor < PYTEST_IN_INTERPRETERS {
                        continue;
                    }
                    if kind == Kind::OwnGil && package.refuses_own_gil {
                        continue;
                    }
                    result.tested(library, kind, tests.run(&source, &site, kind)?);
                }
            }
            Err(error) => {
                println!(
                    "{} does not compile with {}:\n{error:#}",
                    package.name,
                    library.name()
                );
                if !package.debian.is_empty() {
                    println!("It needs Debian's {}.", package.debian.join(", "));
                }
            }
        }
    }
    if options.bench && result.has_both() {
        result.timed(bench::times(package, &tests)?);
        if package.compile_times {
            result.compile_timed(compile_times::measure(&sources, python)?);
        }
    }
    Ok(result)
}

fn of_crate(
    krate: &Crate,
    catalog: &Catalog,
    python: &Python,
    libraries: &[Library],
) -> Result<CrateResult> {
    let mut result = CrateResult::of(krate);
    for &library in libraries {
        let folder = source::krate(krate, library, &catalog.raised)?;
        result.tested(library, crates::test(krate, library, &folder, python)?);
    }
    Ok(result)
}
