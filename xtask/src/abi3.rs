//! `cargo xtask abi3`: the extension packages as wheels for the stable ABI. They are built once, on
//! one Python, and the same files are tested on every other one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::python::Python;
use crate::run;
use crate::tls;
use crate::wheels::{self, Build, EXTENSIONS, REQUIREMENTS, Venv};

/// The requirements of the audit.
const AUDIT: &str = "tests/python/abi3audit.txt";

/// The variable with which the library uses the stable ABI only, as with a Python that did not
/// exist when a wheel was built (`capi/memory.rs`).
const STABLE_ABI_ONLY: &str = "PYATOLL_STABLE_ABI_ONLY";

/// Options of `cargo xtask abi3`
#[derive(clap::Args)]
pub struct Options {
    /// Build the wheels, and check that they use the stable ABI only
    #[arg(long)]
    build: bool,
    /// Test the wheels; they must have been built
    #[arg(long)]
    test: bool,
    /// The folder with the wheels [default: abi3 in the target folder]
    #[arg(long, value_name = "DIR")]
    wheels: Option<PathBuf>,
    /// The Python to build or test with [default: $PYO3_PYTHON, else python3 on the path]
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
}

/// Builds and tests the wheels; both by default.
pub fn run(options: &Options) -> Result<()> {
    let python = Python::find(options.python.clone())?;
    let folder = match &options.wheels {
        Some(folder) => run::root().join(folder),
        None => run::target_dir().join("abi3"),
    };
    let is_all = options.build == options.test;
    if options.build || is_all {
        build(&python, &folder)?;
    }
    if options.test || is_all {
        test(&python, &folder)?;
    }
    Ok(())
}

/// Builds the wheels into `folder`, and checks their symbols and the code of their hot paths.
fn build(python: &Python, folder: &Path) -> Result<()> {
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
                features: &[wheels::FEATURES, wheels::ABI3_FEATURE],
                folder: run::root(),
                target: wheels::abi3_target_dir(),
            },
        )?;
        let name = wheel.file_name().unwrap_or_default();
        let is_tagged = name.to_string_lossy().contains("-cp311-abi3-");
        ensure!(is_tagged, "{} is not tagged cp311-abi3", wheel.display());
        fs::copy(&wheel, folder.join(name))?;
        venv.install(&wheel)?;
    }
    tls::check(&venv)?;
    let audit = Venv::make(python, AUDIT)?;
    let mut command = audit.program("abi3audit");
    command.args(["--strict", "--summary", "--verbose"]);
    run::status(command.args(wheels_in(folder)?))
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
