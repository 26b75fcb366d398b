//! `cargo xtask test`: every test of the workspace, against one Python.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::python::Python;
use crate::wheels::{EXTENSIONS, Extension, REQUIREMENTS, Venv, WITH_RUNTIME};
use crate::{compat, leaks, run, stress, tls};

/// Runs the steps in order, and stops at the first one that fails. After failed Rust tests the
/// other steps run all the same, so that one run shows everything that is wrong.
pub fn run(choice: Option<PathBuf>) -> Result<()> {
    let python = Python::find(choice)?;
    println!(
        "==> testing with Python {} ({})",
        python.version,
        python.executable.display()
    );

    let rust = step("Rust tests", || rust(&python));
    if let Err(error) = &rust {
        eprintln!("error: {error:#}");
    }
    others(&python)?;
    rust?;
    println!("==> all passed with Python {}", python.version);
    Ok(())
}

/// Runs all steps but the Rust tests.
fn others(python: &Python) -> Result<()> {
    let venv = step("virtual environment", || Venv::make(python, REQUIREMENTS))?;
    step("wheels", || venv.install_extensions(python, EXTENSIONS))?;
    step("Python tests", || pytest(&venv, EXTENSIONS))?;
    step("check-tls", || tls::check(&venv))?;
    step("wheels with a runtime", || {
        venv.install_extensions(python, WITH_RUNTIME)?;
        pytest(&venv, WITH_RUNTIME)
    })?;
    step("PyO3's names", || compat::rust(python))?;
    step("PyO3's names in wheels", || compat::wheels(python, &venv))?;
    step("stress", || stress_shortly(python))?;
    if python.minor >= 13 {
        step("leaks", || measure_leaks(python))?;
    }
    Ok(())
}

/// Runs `cargo xtask stress` for some seconds.
fn stress_shortly(python: &Python) -> Result<()> {
    for storm in [false, true] {
        let options = stress::Options::short(storm, if storm { 8 } else { 15 });
        stress::run_tested(python, &options)?;
    }
    Ok(())
}

/// Runs `cargo xtask leaks` with fewer cycles, and with very few where no limits apply.
fn measure_leaks(python: &Python) -> Result<()> {
    leaks::run(&leaks::Options {
        cycles: if leaks::is_enforced(python) { 150 } else { 30 },
        python: Some(python.executable.clone()),
        abi3: false,
        json: None,
    })
}

fn step<T>(name: &str, action: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("==> {name}");
    let start = Instant::now();
    let result = action().with_context(|| format!("step '{name}' failed"));
    println!("==> {name}: {:.1} s", start.elapsed().as_secs_f32());
    result
}

/// Runs unit, integration, compile-error and doc tests.
fn rust(python: &Python) -> Result<()> {
    if python.is_free_threaded() {
        // One at a time: during one test's collection, another's `gc.collect()` returns at once
        // without collecting, and drops can no longer be attributed to a test.
        cargo_test(python, &["--lib", "--bins", "--tests"], Some("1"))?;
        return cargo_test(python, &["--doc"], None);
    }
    cargo_test(python, &[], None)
}

fn cargo_test(python: &Python, targets: &[&str], threads: Option<&str>) -> Result<()> {
    let mut cargo = run::cargo();
    cargo
        .args(["test", "--workspace", "--no-fail-fast"])
        .args(targets)
        .env("PYO3_PYTHON", &python.executable)
        // Build scripts set the rpath of programs and tests; doc tests need the loader's path.
        .env(run::LIBRARY_PATH, run::library_path(&python.libdir)?);
    if let Some(threads) = threads {
        cargo.env("RUST_TEST_THREADS", threads);
    }
    run::status(&mut cargo)
}

/// Runs the Python tests of extension packages.
fn pytest(venv: &Venv, extensions: &[Extension]) -> Result<()> {
    run::status(
        venv.python()
            .args(["-m", "pytest", "--rootdir=.", "-p", "no:cacheprovider"])
            .args(extensions.iter().flat_map(|extension| extension.tests)),
    )
}
