//! `cargo xtask test`: every test of the workspace, against one Python.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::python::Python;
use crate::wheels::{
    CROSS_MODULE, EXTENSIONS, Extension, PROFILE_FOR_SIZE, REQUIREMENTS, Venv, WITH_RUNTIME,
};
use crate::{compat, driver, leaks, run, stress, tls};

/// The version of Python that `examples/dask` is tested on: the first one with its executor, for
/// which all packages that it needs have wheels.
const DASK_PYTHON: &str = "3.14";

/// The version of Python that a wheel compiled for size is tested on. The differences from other
/// wheels do not depend on the version.
const SIZE_PYTHON: &str = "3.14";

/// The number of random values that a property is tested with on an emulated processor, instead of
/// 256.
const EMULATED_CASES: &str = "24";

/// The compile-error test. Its result does not depend on the Python, the processor or the ABI.
pub const COMPILE_ERRORS: &str = "misuse_does_not_compile";

/// The integration tests that are left out on an emulated processor.
const NOT_EMULATED: &[&str] = &[
    COMPILE_ERRORS,
    // Takes minutes, and measures memory.
    "a_thousand_uses_of_every_type_leak_nothing",
    // Limits the memory of a process, which QEMU ignores.
    "an_interpreter_that_no_thread_can_be_started_for_stays",
    // The build scripts of a cross build are not told where Python's library is.
    "a_program_that_runs_another_libpython_says_so",
];

/// The requirements of `examples/dask`.
const DASK_REQUIREMENTS: &str = "examples/dask/requirements.txt";

/// Runs the steps in order, and stops at the first one that fails. After failed Rust tests the
/// other steps run all the same, so that one run shows everything that is wrong. A short run has
/// only the unit tests and the Python tests of one wheel, which cover most of the code. For an
/// emulated processor, a short run has the unit tests only, and a long one the steps whose result
/// depends on the processor.
pub fn run(choice: Option<PathBuf>, is_short: bool, has_compile_error_tests: bool) -> Result<()> {
    let python = Python::find(choice)?;
    println!(
        "==> testing with Python {} ({})",
        python.version,
        python.executable.display()
    );

    let rust = if is_short {
        step("unit tests", || unit_tests(&python))
    } else {
        step("Rust tests", || rust(&python, has_compile_error_tests))
    };
    if let Err(error) = &rust {
        eprintln!("error: {error:#}");
    }
    match (is_short, python.target) {
        (true, None) => extension(&python)?,
        (true, Some(_)) => {}
        (false, None) => others(&python)?,
        (false, Some(_)) => emulated(&python)?,
    }
    rust?;
    println!("==> all passed with Python {}", python.version);
    Ok(())
}

/// Runs the Python tests of the first extension package, which uses most of the library.
fn extension(python: &Python) -> Result<()> {
    let venv = step("virtual environment", || Venv::make(python, REQUIREMENTS))?;
    let extension = &EXTENSIONS[..1];
    step("wheel", || venv.install_extensions(python, extension))?;
    step("Python tests", || pytest(&venv, extension))
}

/// Runs the steps for an emulated processor but the Rust tests.
fn emulated(python: &Python) -> Result<()> {
    let venv = step("virtual environment", || Venv::make(python, REQUIREMENTS))?;
    for (name, extensions) in [
        ("wheels", EXTENSIONS),
        ("wheels that share classes", CROSS_MODULE),
    ] {
        step(name, || {
            venv.install_extensions(python, extensions)?;
            pytest(&venv, extensions)
        })?;
    }
    step("stress", || {
        driver::build(python, false)?;
        stress_shortly(python)
    })
}

/// Runs all steps but the Rust tests.
fn others(python: &Python) -> Result<()> {
    let venv = step("virtual environment", || Venv::make(python, REQUIREMENTS))?;
    step("wheels", || venv.install_extensions(python, EXTENSIONS))?;
    step("Python tests", || pytest(&venv, EXTENSIONS))?;
    step("check-tls", || tls::check(&venv))?;
    step("wheels that share classes", || {
        venv.install_extensions(python, CROSS_MODULE)?;
        pytest(&venv, CROSS_MODULE)
    })?;
    step("wheels with a runtime", || {
        venv.install_extensions(python, WITH_RUNTIME)?;
        pytest(&venv, WITH_RUNTIME)
    })?;
    if python.short() == DASK_PYTHON {
        step("Dask", || dask(python))?;
    }
    step("PyO3's names", || compat::rust(python))?;
    step("PyO3's names in wheels", || compat::wheels(python, &venv))?;
    if python.short() == SIZE_PYTHON {
        step("wheel for size", || {
            let tested = &EXTENSIONS[..1];
            venv.install_with_profile(PROFILE_FOR_SIZE, python, tested)?;
            pytest(&venv, tested)
        })?;
    }
    step("stress", || stress_shortly(python))?;
    if python.minor >= 13 {
        step("leaks", || measure_leaks(python))?;
    }
    Ok(())
}

/// Tests `examples/dask`, whose tasks use the module of `examples/textstats`.
fn dask(python: &Python) -> Result<()> {
    let venv = Venv::make(python, DASK_REQUIREMENTS)?;
    let is_used = |extension: &&Extension| extension.module == "textstats";
    let module = EXTENSIONS.iter().find(is_used);
    let module = module.context("textstats is not among the extension packages")?;
    venv.install_extensions(python, std::slice::from_ref(module))?;
    pytest_in(&venv, ["examples/dask/tests"])
}

/// Runs `cargo xtask stress` for some seconds.
fn stress_shortly(python: &Python) -> Result<()> {
    for storm in [false, true] {
        let options = stress::Options::short(storm, if storm { 5 } else { 9 });
        stress::run_tested(python, &options)?;
    }
    Ok(())
}

/// Runs `cargo xtask leaks` with fewer cycles, and with very few where no limits apply.
fn measure_leaks(python: &Python) -> Result<()> {
    leaks::run(&leaks::Options {
        cycles: if leaks::is_enforced(python) { 90 } else { 30 },
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

/// Runs the unit tests of the library.
fn unit_tests(python: &Python) -> Result<()> {
    let arguments = ["--package", "pyatoll", "--lib"];
    cargo_test(python, &arguments, at_once(python))
}

/// Runs unit, integration and doc tests and, if `has_compile_error_tests`, the compile-error tests.
fn rust(python: &Python, has_compile_error_tests: bool) -> Result<()> {
    if python.target.is_some() {
        return emulated_rust(python);
    }
    let skipped: &[&str] = match has_compile_error_tests {
        true => &[],
        false => &["--", "--skip", COMPILE_ERRORS],
    };
    if python.is_free_threaded() {
        // All targets but those whose manifest says `test = false`.
        let arguments = ["--workspace", "--tests"];
        let arguments = [&arguments[..], skipped].concat();
        let tests = cargo_test(python, &arguments, at_once(python));
        // The macros' examples are tests of `guide`. With `--doc`, cargo runs them here as well,
        // though the crate's manifest says `doctest = false`.
        let arguments = ["--workspace", "--doc", "--exclude", "pyatoll-macros"];
        return tests.and(cargo_test(python, &arguments, None));
    }
    cargo_test(python, &[&["--workspace"], skipped].concat(), None)
}

/// Runs the unit and integration tests whose result depends on the processor.
fn emulated_rust(python: &Python) -> Result<()> {
    let mut library = vec!["--package", "pyatoll", "--lib", "--tests", "--"];
    library.extend(NOT_EMULATED.iter().flat_map(|name| ["--skip", name]));
    let library = cargo_test(python, &library, None);
    let others = ["--package=pyatoll-async", "--package=pyatoll-log"];
    let others = [&others[..], &["--lib", "--tests"]].concat();
    library.and(cargo_test(python, &others, None))
}

/// Returns how many unit and integration tests may run at once; `None` leaves it to cargo.
fn at_once(python: &Python) -> Option<&'static str> {
    // During one test's collection, another's `gc.collect()` returns at once without collecting,
    // and drops can no longer be attributed to a test.
    python.is_free_threaded().then_some("1")
}

fn cargo_test(python: &Python, arguments: &[&str], threads: Option<&str>) -> Result<()> {
    let mut cargo = python.cargo();
    cargo
        .args(["test", "--no-fail-fast"])
        .args(arguments)
        // Build scripts set the rpath of programs and tests; doc tests need the loader's path.
        .env(run::LIBRARY_PATH, run::library_path(&python.libdir)?);
    if let Some(threads) = threads {
        cargo.env("RUST_TEST_THREADS", threads);
    }
    if python.target.is_some() {
        cargo.env("PROPTEST_CASES", EMULATED_CASES);
    }
    run::status(&mut cargo)
}

/// Runs the Python tests of extension packages.
fn pytest(venv: &Venv, extensions: &[Extension]) -> Result<()> {
    pytest_in(
        venv,
        extensions.iter().flat_map(|extension| extension.tests),
    )
}

/// Runs the Python tests in folders.
fn pytest_in(venv: &Venv, folders: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<()> {
    run::status(
        venv.python()
            .args(["-m", "pytest", "--rootdir=.", "-p", "no:cacheprovider"])
            .args(folders),
    )
}
