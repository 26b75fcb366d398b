//! `cargo xtask asan`: runs tests under the address sanitizer, and checks that it reports a planted
//! fault.
//!
//! The library, the extension modules and the tests are instrumented. std and CPython are not, but
//! their allocations are tracked: the sanitizer replaces `malloc`, and `PYTHONMALLOC` makes CPython
//! use it. rustc links the sanitizer's runtime into executables only, so an instrumented `python`
//! (`tests/asan/src/python.rs`) loads the modules. It is the `sys.executable` of a virtual
//! environment of its own, so processes started by tests are covered, too.
//!
//! The sanitizer writes its reports to files. Any report fails the part that produced it, even if
//! the test expects the process to die.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::python::Python;
use crate::test::COMPILE_ERRORS;
use crate::wheels::{CROSS_MODULE, EXTENSIONS, Extension, INTERPSHARE, REQUIREMENTS, Venv};
use crate::{compat, run};

/// The package with the planted fault and the instrumented `python`.
const PACKAGE: &str = "pyatoll-asan";

/// The extension module of [`PACKAGE`].
const PLANTED: &str = "pyatoll_asan";

/// The kind of error, and a frame, that the report of the planted fault must name.
const EXPECTED: &str = "heap-use-after-free";
const FRAME: &str = "pyatoll_asan::use_after_free";

/// Options of the sanitizer, each with its reason.
const OPTIONS: &[&str] = &[
    // CPython leaks on purpose at exit.
    "detect_leaks=0",
    // Tests request more memory than there is and expect a `MemoryError`.
    "allocator_may_return_null=1",
    // Symbolizes reports where LLVM's symbolizer is not installed.
    "allow_addr2line=1",
    // Detection of use after return searches the thread's fake stack for a free frame on each call.
    // At full size, deallocating a deep chain of objects takes minutes.
    "max_uar_stack_size_log=16",
];

/// The test that runs with CPython's own allocator: it checks that blocks are counted, which
/// `malloc`'s are not.
const COUNTS_BLOCKS: &str = "handles_and_types_leak_nothing";

/// The test that takes all memory away for a moment, without which the sanitizer ends the process.
const HAS_NO_MEMORY: &str = "an_interpreter_that_no_thread_can_be_started_for_stays";

/// The tests that fork beside busy threads run without the sanitizer's quarantine of freed memory:
/// its lock, unlike that of the allocator, stays taken in a child if a thread held it.
const FORKS: &str = "fork::";
const WITHOUT_QUARANTINE: &str = "quarantine_size_mb=0";

/// Text of a log line for a refused allocation, which is not a report.
const REFUSED: &str = "WARNING: AddressSanitizer failed to allocate";

/// Runs all parts, even if some fail, and prints the result of each.
pub fn run(choice: Option<PathBuf>) -> Result<()> {
    ensure!(
        cfg!(target_os = "linux"),
        "`cargo xtask asan` supports Linux only"
    );
    let python = Python::find(choice)?;
    ensure!(
        !python.is_free_threaded(),
        "Python {} cannot use `malloc`, so the sanitizer would not see its objects",
        python.version
    );
    println!(
        "==> asan: Python {} ({})",
        python.version,
        python.executable.display()
    );
    println!("==> asan: left out: {COMPILE_ERRORS}, which compiles code but runs none of it");
    let asan = Asan::new(&python)?;
    let mut parts = Parts::default();

    if parts.run("build", || asan.build()) {
        parts.run("a planted fault, in a wheel's module", || {
            let code = format!("import {PLANTED}; {PLANTED}.use_after_free()");
            asan.finds(asan.python()?.args(["-c", &code]))
        });
        parts.run("the wheels' tests", || {
            let tests = EXTENSIONS.iter().flat_map(|extension| extension.tests);
            asan.pytest(&tests.copied().collect::<Vec<_>>())
        });
        parts.run("the tests of shared objects", || {
            asan.pytest(INTERPSHARE.tests)
        });
        parts.run("the tests of modules that share classes", || {
            let tests = CROSS_MODULE.iter().flat_map(|extension| extension.tests);
            asan.pytest(&tests.copied().collect::<Vec<_>>())
        });
        parts.run("the tests of a wheel that asks for PyO3", || {
            asan.pytest(&[&format!("{}/tests", compat::EXAMPLE), "compat/tests"])
        });
    }
    parts.run("a planted fault, in an integration test", || {
        let mut test = asan.cargo("test")?;
        test.args(["--package", PACKAGE, "--test", "use_after_free"]);
        asan.finds(&mut test)
    });
    parts.run("integration tests", || {
        let mut tests = asan.cargo("test")?;
        tests.args(["--package", "pyatoll", "--test", "*", "--no-fail-fast"]);
        tests.arg("--");
        let others = [COMPILE_ERRORS, COUNTS_BLOCKS, HAS_NO_MEMORY, FORKS];
        tests.args(others.map(|name| format!("--skip={name}")));
        asan.is_clean(&mut tests)
    });
    parts.run("tests that fork", || {
        let mut tests = asan.cargo("test")?;
        tests.args(["--package", "pyatoll", "--test", "ends", "--", FORKS]);
        tests.env("ASAN_OPTIONS", asan.options(&[WITHOUT_QUARANTINE]));
        asan.is_clean(&mut tests)
    });
    parts.run("a test that counts blocks", || {
        let mut test = asan.cargo("test")?;
        test.args(["--package", "pyatoll", "--test", "leaks"]);
        asan.is_clean(
            test.args(["--", COUNTS_BLOCKS])
                .env("PYTHONMALLOC", "pymalloc"),
        )
    });
    parts.finish()
}

/// The results of the parts.
#[derive(Default)]
struct Parts {
    summary: Vec<String>,
    failed: usize,
}

impl Parts {
    /// Runs a part and returns whether it passed.
    fn run(&mut self, name: &str, part: impl FnOnce() -> Result<()>) -> bool {
        println!("==> asan: {name}");
        let start = Instant::now();
        let result = part();
        let seconds = start.elapsed().as_secs_f32();
        let word = match &result {
            Ok(()) => "ok",
            Err(error) => {
                println!("==> asan: {name}: {error:#}");
                self.failed += 1;
                "FAILED"
            }
        };
        self.summary
            .push(format!("  {word:<7}{seconds:>7.1} s  {name}"));
        result.is_ok()
    }

    fn finish(self) -> Result<()> {
        println!("==> asan:\n{}", self.summary.join("\n"));
        match self.failed {
            0 => Ok(()),
            failed => bail!("{failed} parts failed"),
        }
    }
}

struct Asan<'a> {
    python: &'a Python,
    /// The host, passed to cargo as `--target` to keep build scripts and macros uninstrumented.
    target: String,
    /// The target folder. Not shared with ordinary builds: some build scripts depend on
    /// `RUSTC_BOOTSTRAP`, so each build would invalidate the other.
    folder: PathBuf,
}

impl<'a> Asan<'a> {
    fn new(python: &'a Python) -> Result<Self> {
        let version = run::output(Command::new("rustc").arg("-vV").current_dir(run::root()))?;
        let target = version
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .context("rustc names no host")?;
        let folder = run::target_dir().join("asan");
        fs::create_dir_all(folder.join("reports"))?;
        Ok(Self {
            python,
            target: target.to_owned(),
            folder,
        })
    }

    /// Returns a cargo command that builds instrumented code.
    fn cargo(&self, verb: &str) -> Result<Command> {
        let mut cargo = run::cargo();
        cargo
            .args([verb, "--target", &self.target, "--target-dir"])
            .arg(&self.folder)
            .env("PYO3_PYTHON", &self.python.executable)
            // Stable toolchains ship the sanitizers, but the option is unstable.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTFLAGS", "-Zsanitizer=address")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");
        self.set_environment(&mut cargo)?;
        Ok(cargo)
    }

    /// Returns the folder of the built modules and executables.
    fn built(&self) -> PathBuf {
        self.folder.join(&self.target).join("debug")
    }

    /// Returns the folder of the virtual environment.
    fn venv(&self) -> PathBuf {
        self.folder.join(format!("venv-{}", self.python.short()))
    }

    /// Builds the modules and the `python` that loads them, and creates the virtual environment.
    fn build(&self) -> Result<()> {
        let mut cargo = self.cargo("build")?;
        cargo.args(["--package", PACKAGE]);
        for extension in built_together() {
            cargo.args(["--package", &extension.module.replace('_', "-")]);
        }
        run::status(&mut cargo)?;
        // One by one: another build of the classes belongs to one of them only.
        for extension in CROSS_MODULE {
            let manifest = Path::new(extension.folder).join("Cargo.toml");
            run::status(self.cargo("build")?.arg("--manifest-path").arg(manifest))?;
        }
        let mut cargo = self.cargo("build")?;
        cargo
            .args(["--config", &compat::patch(), "--manifest-path"])
            .arg(Path::new(compat::EXAMPLE).join("Cargo.toml"));
        run::status(&mut cargo)?;

        // pytest comes from the ordinary tests' environment, by way of a `.pth` file. The modules
        // installed here precede the uninstrumented ones installed there.
        let ordinary = Venv::make(self.python, REQUIREMENTS)?;
        run::output(
            Command::new(&self.python.executable)
                .args(["-m", "venv", "--clear", "--without-pip"])
                .arg(self.venv()),
        )?;
        let executable = self.venv().join("bin/python");
        let packages = site_packages(&mut Command::new(&executable))?;
        fs::remove_file(&executable)?;
        fs::copy(self.built().join("asan-python"), &executable)?;
        let others = site_packages(&mut ordinary.python())?;
        fs::write(packages.join("ordinary.pth"), others.display().to_string())?;
        for module in modules() {
            fs::copy(
                self.built().join(format!("lib{module}.so")),
                packages.join(format!("{module}.so")),
            )?;
        }
        for module in modules() {
            let print = format!("import {module}; print({module}.__file__)");
            let file = run::output(self.python()?.args(["-c", &print]))?;
            ensure!(
                Path::new(file.trim()).starts_with(&packages),
                "{module} was imported from {file}"
            );
        }
        Ok(())
    }

    /// Returns a command that runs the instrumented Python in the workspace's root.
    fn python(&self) -> Result<Command> {
        let mut command = Command::new(self.venv().join("bin/python"));
        command.current_dir(run::root());
        self.set_environment(&mut command)?;
        Ok(command)
    }

    fn pytest(&self, tests: &[&str]) -> Result<()> {
        self.is_clean(
            self.python()?
                .args(["-m", "pytest", "--rootdir=.", "-p", "no:cacheprovider"])
                .args(tests)
                .env("PYTHONPATH", "tests/python"),
        )
    }

    /// Runs tests, which must pass without a report.
    fn is_clean(&self, tests: &mut Command) -> Result<()> {
        self.delete_reports()?;
        let result = run::status(tests);
        let reports = self.reports()?;
        for report in &reports {
            println!("{report}");
        }
        result?;
        ensure!(reports.is_empty(), "the sanitizer reported an error");
        Ok(())
    }

    /// Runs the planted fault, which the sanitizer must report.
    fn finds(&self, fault: &mut Command) -> Result<()> {
        self.delete_reports()?;
        let result = run::output(fault);
        let reports = self.reports()?;
        match result {
            Ok(_) => bail!("the planted fault was not reported"),
            Err(error) => match &reports[..] {
                [report] if report.contains(EXPECTED) && report.contains(FRAME) => {
                    let line = report.lines().find(|line| line.contains(EXPECTED));
                    println!("{}", line.unwrap_or_default());
                    Ok(())
                }
                _ => Err(error.context(format!(
                    "expected one {EXPECTED} report with {FRAME}, got {reports:?}"
                ))),
            },
        }
    }

    /// Returns the sanitizer's options: the usual ones and others.
    fn options(&self, others: &[&str]) -> String {
        let log = self.folder.join("reports/asan");
        let options = [OPTIONS, others].concat().join(":");
        format!("{options}:log_path={}", log.display())
    }

    /// Sets the environment of a program that runs under the sanitizer.
    fn set_environment(&self, command: &mut Command) -> Result<()> {
        command
            .env("ASAN_OPTIONS", self.options(&[]))
            // CPython's own allocator would hide freed objects from the sanitizer.
            .env("PYTHONMALLOC", "malloc")
            .env(run::LIBRARY_PATH, run::library_path(&self.python.libdir)?);
        Ok(())
    }

    fn delete_reports(&self) -> Result<()> {
        for report in fs::read_dir(self.folder.join("reports"))? {
            fs::remove_file(report?.path())?;
        }
        Ok(())
    }

    /// Returns the reports written since the last [`delete_reports`](Asan::delete_reports).
    fn reports(&self) -> Result<Vec<String>> {
        let mut reports = Vec::new();
        for log in fs::read_dir(self.folder.join("reports"))? {
            let log = fs::read(log?.path())?;
            let log = String::from_utf8_lossy(&log);
            let is_report = |line: &str| !line.trim().is_empty() && !line.contains(REFUSED);
            if log.lines().any(is_report) {
                reports.push(log.into_owned());
            }
        }
        Ok(reports)
    }
}

/// Returns the folder that `python` imports installed packages from.
fn site_packages(python: &mut Command) -> Result<PathBuf> {
    let print = "import sysconfig; print(sysconfig.get_path('platlib'))";
    let path = run::output(python.args(["-c", print]))?;
    Ok(PathBuf::from(path.trim()))
}

/// Returns the extension packages that are built together.
fn built_together() -> impl Iterator<Item = &'static Extension> {
    EXTENSIONS.iter().chain([&INTERPSHARE])
}

/// Returns the instrumented extension modules.
fn modules() -> impl Iterator<Item = &'static str> {
    let example = Path::new(compat::EXAMPLE).file_name();
    built_together()
        .chain(CROSS_MODULE)
        .map(|extension| extension.module)
        .chain(example.and_then(|name| name.to_str()))
        .chain([PLANTED])
}
