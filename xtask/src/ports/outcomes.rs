//! Running a package's tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::Result;
use serde::Deserialize;
use wait_timeout::ChildExt;

use super::catalog::Package;
use super::library::{FOLDER, Library};
use super::venv;
use crate::python::Python;
use crate::run;
use crate::wheels::Venv;

/// Time limit of a run of tests; one that exceeds it counts as hanging.
const LIMIT: Duration = Duration::from_secs(900);

/// The interpreters in which tests run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The main interpreter.
    Main,
    /// Two sub-interpreters at once, each with its own GIL.
    OwnGil,
    /// Two sub-interpreters at once, which share the main interpreter's GIL.
    SharedGil,
}

impl Kind {
    /// Returns its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::OwnGil => "own-gil",
            Self::SharedGil => "shared-gil",
        }
    }
}

/// The tests that passed and failed in one run.
#[derive(Default)]
pub struct Outcomes {
    /// Those that passed, in all interpreters of the run.
    pub passed: BTreeSet<String>,
    /// Those that failed, in any of them.
    pub failed: BTreeSet<String>,
    /// Other problems: modules that could not be collected, a crash, a hang.
    pub errors: Vec<String>,
}

/// The contents of a file that `outcomes.py` has written.
#[derive(Deserialize)]
struct Written {
    tests: BTreeMap<String, String>,
    errors: Vec<String>,
}

impl Outcomes {
    /// Adds the outcomes that one interpreter has written. Names of tests may contain the folder
    /// that they ran in, which is another one with each library.
    fn add(&mut self, path: &Path, folder: &Path) -> Result<()> {
        let Ok(text) = fs::read_to_string(path) else {
            self.errors.push("pytest did not finish".to_owned());
            return Ok(());
        };
        let written: Written = serde_json::from_str(&text)?;
        let folder = folder.display().to_string();
        for (test, outcome) in written.tests {
            let test = test.replace(&folder, "");
            match &*outcome {
                "passed" => self.passed.insert(test),
                "failed" => self.failed.insert(test),
                _ => false, // skipped
            };
        }
        self.errors.extend(written.errors);
        Ok(())
    }
}

/// The tests of a package, and the environment in which they run.
pub struct Tests<'a> {
    package: &'a Package,
    /// An environment with the requirements of the tests.
    pub venv: Venv,
}

impl<'a> Tests<'a> {
    /// Makes the environment.
    pub fn new(package: &'a Package, python: &Python) -> Result<Self> {
        let venv = venv::make(&package.name, &package.requirements, python)?;
        Ok(Self { package, venv })
    }

    /// Returns the folder that the wheel with a library is installed into.
    pub fn site(&self, library: Library) -> Result<PathBuf> {
        Ok(library.folder()?.join("site").join(&self.package.name))
    }

    /// Installs a wheel into a folder of its own, and returns that.
    pub fn install(&self, wheel: &Path, library: Library) -> Result<PathBuf> {
        let site = self.site(library)?;
        run::remove_folder(&site)?;
        run::status(
            self.venv
                .python()
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--no-deps",
                    "--no-index",
                    "--target",
                ])
                .args([&site, wheel]),
        )?;
        Ok(site)
    }

    /// Runs the tests with the package that is installed in `site`.
    pub fn run(&self, source: &Path, site: &Path, kind: Kind) -> Result<Outcomes> {
        let smoke = self.package.tests.is_empty()
            || kind != Kind::Main && self.package.smoke_in_interpreters;
        let folder = source.with_extension("tests");
        run::remove_folder(&folder)?;
        fs::create_dir_all(&folder)?;
        // In a folder of their own: beside the source, its Python package would be imported instead
        // of the installed one.
        if smoke {
            let name = format!("{}.py", self.package.name);
            let ours = run::root().join(FOLDER).join("smoke").join(name);
            run::copy(&ours, &folder.join("test_smoke.py"))?;
        } else {
            for name in &self.package.tests {
                run::copy(&source.join(name), &folder.join(name))?;
            }
        }
        let outcomes = folder.with_extension(format!("{}.json", kind.name()));
        let files = match kind {
            Kind::Main => vec![outcomes.clone()],
            Kind::OwnGil | Kind::SharedGil => [0, 1]
                .map(|number| PathBuf::from(format!("{}{number}", outcomes.display())))
                .to_vec(),
        };
        for file in &files {
            _ = fs::remove_file(file);
        }
        let mut command = self.venv.python();
        command.current_dir(&folder).env(
            "PYTHONPATH",
            std::env::join_paths([site, &run::root().join(FOLDER)])?,
        );
        if kind == Kind::Main {
            let option = format!("--outcomes={}", outcomes.display());
            command.args(["-m", "pytest", &option]);
        } else {
            let script = run::root().join(FOLDER).join("interpreters.py");
            command.arg(script).arg(kind.name()).arg(&outcomes);
            // Python refuses the module faulthandler in sub-interpreters.
            command.args(["-p", "no:faulthandler"]);
            command.args(&self.package.in_interpreters);
        }
        command.args([
            "-p",
            "outcomes",
            "-p",
            "no:cacheprovider",
            "-q",
            "--tb=short",
        ]);
        if !smoke {
            command
                .args(&self.package.arguments)
                .args(&self.package.collect);
        }
        let log = folder.with_extension(format!("{}.log", kind.name()));
        let status = with_limit(&mut command, &log)?;
        let mut found = Outcomes::default();
        for file in &files {
            found.add(file, &folder)?;
        }
        for test in &found.failed {
            found.passed.remove(test);
        }
        match status {
            None => found.errors.push("hangs".to_owned()),
            // pytest exits with 1 if tests have failed.
            Some(status) if !matches!(status.code(), Some(0 | 1)) => {
                found.errors.push(format!("pytest ended with {status}"));
            }
            Some(_) => {}
        }
        for error in &found.errors {
            println!("{} ({}): {error}", self.package.name, kind.name());
        }
        println!(
            "{} ({}): {} passed, {} failed; {}",
            self.package.name,
            kind.name(),
            found.passed.len(),
            found.failed.len(),
            log.display(),
        );
        Ok(found)
    }
}

/// Runs a command with its output in a file. Returns no status if it does not end in time.
fn with_limit(command: &mut Command, log: &Path) -> Result<Option<ExitStatus>> {
    let output = fs::File::create(log)?;
    let mut child = command.stdout(output.try_clone()?).stderr(output).spawn()?;
    let status = child.wait_timeout(LIMIT)?;
    if status.is_none() {
        child.kill()?;
        child.wait()?;
    }
    Ok(status)
}
