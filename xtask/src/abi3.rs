//! `cargo xtask abi3`: the extension packages as wheels for a stable ABI. They are built once, on
//! one Python, and the same files are tested on every other one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::python::Python;
use crate::run;
use crate::test::COMPILE_ERRORS;
use crate::tls;
use crate::wheels::{self, Build, EXTENSIONS, REQUIREMENTS, Venv};

/// The requirements of the audit.
const AUDIT: &str = "tests/python/abi3audit.txt";

/// The variable with which the library uses the stable ABI only, as with a Python that did not
/// exist when a wheel was built (`capi/memory.rs`).
const STABLE_ABI_ONLY: &str = "PYATOLL_STABLE_ABI_ONLY";

/// A stable ABI.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Abi {
    /// For Pythons with a GIL.
    Abi3,
    /// For Pythons with and without a GIL, from 3.15 on.
    Abi3t,
}

impl Abi {
    /// Returns its name.
    fn name(self) -> &'static str {
        match self {
            Self::Abi3 => "abi3",
            Self::Abi3t => "abi3t",
        }
    }

    /// Returns the minor version of the oldest Python that the wheels are for.
    fn oldest(self) -> u32 {
        match self {
            Self::Abi3 => 11,
            Self::Abi3t => 15,
        }
    }

    /// Returns the tag of the wheels. A Python with a GIL is not expected to look for `abi3t`.
    fn tag(self) -> &'static str {
        match self {
            Self::Abi3 => "cp311-abi3",
            Self::Abi3t => "cp315-abi3.abi3t",
        }
    }

    /// Returns the feature of the wheels.
    fn feature(self) -> &'static str {
        match self {
            Self::Abi3 => wheels::ABI3_FEATURE,
            Self::Abi3t => wheels::ABI3T_FEATURE,
        }
    }
}

/// Options of `cargo xtask abi3`
#[derive(clap::Args)]
pub struct Options {
    /// Build the wheels, and check that they use the stable ABI only
    #[arg(long)]
    build: bool,
    /// Test the wheels; they must have been built
    #[arg(long)]
    test: bool,
    /// Run the library's own unit and integration tests instead, built for the stable ABI
    #[arg(long, conflicts_with_all = ["build", "test", "wheels"])]
    rust: bool,
    /// For abi3t (one wheel for Pythons with and without a GIL) instead of abi3
    #[arg(long)]
    abi3t: bool,
    /// The folder with the wheels [default: abi3 or abi3t in the target folder]
    #[arg(long, value_name = "DIR")]
    wheels: Option<PathBuf>,
    /// The Python to build or test with [default: $PYO3_PYTHON, else python3 on the path]
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
}

/// Builds and tests the wheels; both by default.
pub fn run(options: &Options) -> Result<()> {
    let python = Python::find(options.python.clone())?;
    let abi = if options.abi3t { Abi::Abi3t } else { Abi::Abi3 };
    ensure!(
        python.minor >= abi.oldest(),
        "{} needs Python 3.{} or later, not {}",
        abi.name(),
        abi.oldest(),
        python.version
    );
    if options.rust {
        rust(abi, &python, false)?;
        return rust(abi, &python, true);
    }
    let folder = match &options.wheels {
        Some(folder) => run::root().join(folder),
        None => run::target_dir().join(abi.name()),
    };
    let is_all = options.build == options.test;
    if options.build || is_all {
        build(abi, &python, &folder)?;
    }
    if options.test || is_all {
        test(&python, &folder)?;
    }
    Ok(())
}

/// Tests of behavior that is impossible with the stable ABI only; the guide's page on the stable
/// ABI lists it.
const NEED_STRUCTS: &[&str] = &[
    // A class that is created by calling its metaclass cannot be made final or immutable.
    "a_class_may_have_python_classes_as_bases_and_a_metaclass",
    "what_python_bases_bring_is_there",
    // The capsule of `datetime` is private: the message is another one.
    "a_failed_import_is_an_error_until_it_succeeds",
    // Only Python's `atexit` announces an interpreter's end.
    "an_interpreter_ended_by_python_is_not_ended_again_if_its_exit_functions_were_cleared",
    // The holder of a GIL is unknown.
    "interpreters_whose_gil_another_thread_held_are_refused_in_the_child",
    // Whether a thread state was cleared is unknown.
    "one_whose_gil_other_code_released_attaches_to_the_main_interpreter",
];

/// Runs the unit and integration tests of the library, optionally with the stable ABI only.
fn rust(abi: Abi, python: &Python, stable_abi_only: bool) -> Result<()> {
    let mut cargo = run::cargo();
    cargo
        .args(["test", "--package", "pyatoll", "--lib", "--tests"])
        .arg("--features")
        .arg(format!("{}-py3{}", abi.name(), abi.oldest()))
        .args(["--no-fail-fast", "--", "--skip", COMPILE_ERRORS])
        .env("PYO3_PYTHON", &python.executable)
        .env(run::LIBRARY_PATH, run::library_path(&python.libdir)?);
    if stable_abi_only {
        cargo.env(STABLE_ABI_ONLY, "1");
        for test in NEED_STRUCTS {
            cargo.args(["--skip", test]);
        }
    }
    run::status(&mut cargo)
}

/// Builds the wheels into `folder`, and checks their symbols and the code of their hot paths.
fn build(abi: Abi, python: &Python, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let venv = Venv::make(python, REQUIREMENTS)?;
    for extension in EXTENSIONS {
        let manifest = Path::new(extension.folder).join("Cargo.toml");
        let wheel = venv.build_wheel(
            python,
            Build {
                manifest: &manifest,
                profile: wheels::PROFILE,
                features: &[wheels::FEATURES, abi.feature()],
                folder: run::root(),
                target: wheels::stable_abi_target_dir(abi.name()),
            },
        )?;
        let name = wheel.file_name().unwrap_or_default();
        let tag = abi.tag();
        let is_tagged = name.to_string_lossy().contains(&format!("-{tag}-"));
        ensure!(is_tagged, "{} is not tagged {tag}", wheel.display());
        fs::copy(&wheel, folder.join(name))?;
        venv.install(&wheel)?;
    }
    tls::check(&venv)?;
    match abi {
        Abi::Abi3 => {
            let audit = Venv::make(python, AUDIT)?;
            let mut command = audit.program("abi3audit");
            command.args(["--strict", "--summary", "--verbose"]);
            run::status(command.args(wheels_in(folder)?))
        }
        Abi::Abi3t => audit_libraries(abi, python, &venv),
    }
}

/// Part of abi3audit's report on a library.
#[derive(Deserialize)]
struct Report {
    specs: BTreeMap<String, Spec>,
}

#[derive(Deserialize)]
struct Spec {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    result: Audit,
}

#[derive(Deserialize)]
struct Audit {
    is_abi3_baseline_compatible: bool,
    non_abi3_symbols: Vec<String>,
    future_abi3_objects: BTreeMap<String, String>,
}

/// Audits the installed libraries: abi3audit knows neither the tag of such a wheel nor that a
/// library may define the function `PyModExport_…`.
fn audit_libraries(abi: Abi, python: &Python, venv: &Venv) -> Result<()> {
    let audit = Venv::make(python, AUDIT)?;
    for extension in EXTENSIONS {
        let library = venv.library(extension)?;
        let report = run::target_dir().join("abi3audit.json");
        let mut command = audit.program("abi3audit");
        command
            .arg("--assume-minimum-abi3")
            .arg(format!("3.{}", abi.oldest()))
            .args(["--report", "--output"])
            .arg(&report)
            .arg(&library);
        // Its status also tells that there is a `PyModExport_…`.
        command.status().context("cannot run abi3audit")?;
        let text = fs::read_to_string(&report)?;
        fs::remove_file(&report)?;
        let Report { specs } = serde_json::from_str(&text)?;
        ensure!(specs.len() == 1, "no report on {}", library.display());
        for Spec { object } in specs.into_values() {
            let result = object.result;
            let other: Vec<_> = result
                .non_abi3_symbols
                .iter()
                .filter(|symbol| !symbol.starts_with("PyModExport_"))
                .collect();
            ensure!(
                other.is_empty() && result.is_abi3_baseline_compatible,
                "{} is not abi3t: {other:?}, {:?}",
                library.display(),
                result.future_abi3_objects
            );
        }
        println!("abi3audit: {} is ok", library.display());
    }
    Ok(())
}

/// Runs the Python tests with the wheels in `folder`, and once more as with an unknown Python.
fn test(python: &Python, folder: &Path) -> Result<()> {
    let venv = Venv::make(python, REQUIREMENTS)?;
    for wheel in wheels_in(folder)? {
        venv.install(&wheel)?;
    }
    for is_stable_abi_only in [false, true] {
        let mut pytest = venv.python();
        if is_stable_abi_only {
            pytest.env(STABLE_ABI_ONLY, "1");
        }
        run::status(pytest_args(&mut pytest))?;
    }
    Ok(())
}

fn pytest_args(pytest: &mut Command) -> &mut Command {
    pytest
        .args(["-m", "pytest", "--rootdir=.", "-p", "no:cacheprovider"])
        .args(EXTENSIONS.iter().flat_map(|extension| extension.tests))
}

/// Returns the wheels in a folder, one for each package.
fn wheels_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)
        .with_context(|| format!("no wheels in {}: build them first", folder.display()))?;
    let mut wheels = Vec::new();
    for entry in entries {
        wheels.push(entry?.path());
    }
    ensure!(
        wheels.len() == EXTENSIONS.len(),
        "expected {} wheels in {}",
        EXTENSIONS.len(),
        folder.display()
    );
    Ok(wheels)
}
