//! Running the test programs.
//!
//! A program runs all of its tests at once, in its threads. If it crashes or hangs, the unfinished
//! tests are run again, each in its own process, so that only the guilty one fails.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use wait_timeout::ChildExt;

use super::options::Interpreter;
use super::report::FileResult;
use crate::python::Python;
use crate::{libtest, run};

/// Time limits of a file with all its tests, and of a single test.
const FILE_TIMEOUT: Duration = Duration::from_secs(240);
const TEST_TIMEOUT: Duration = Duration::from_secs(60);

/// The environment variable that Pyatoll's feature `test-interpreters` reads.
const VARIABLE: &str = "PYATOLL_TEST_INTERPRETER";

/// The runner of test programs.
pub struct Runner<'a> {
    folder: &'a Path,
    python: &'a Python,
    interpreter: Interpreter,
    /// The folder for their output.
    pub logs: PathBuf,
}

/// The end of a program.
enum End {
    Exited(ExitStatus),
    TimedOut,
}

impl End {
    fn is_success(&self) -> bool {
        matches!(self, Self::Exited(status) if status.success())
    }

    /// Returns whether libtest completed, with or without failed tests.
    fn is_orderly(&self) -> bool {
        // libtest exits with 101 if tests failed.
        matches!(self, Self::Exited(status) if matches!(status.code(), Some(0 | 101)))
    }

    fn describe(&self) -> String {
        match self {
            Self::Exited(status) => status.to_string(),
            Self::TimedOut => "timed out".to_owned(),
        }
    }
}

impl<'a> Runner<'a> {
    /// Creates a runner for the programs of the package in `folder`.
    pub fn new(folder: &'a Path, python: &'a Python, interpreter: Interpreter) -> Result<Self> {
        let name = folder
            .file_name()
            .context("the package's folder has no name")?;
        let logs = folder
            .with_file_name("logs")
            .join(name)
            .join(interpreter.name());
        fs::create_dir_all(&logs)?;
        Ok(Self {
            folder,
            python,
            interpreter,
            logs,
        })
    }

    /// Returns the file for a program's output.
    pub fn log(&self, name: &str) -> PathBuf {
        self.logs.join(format!("{name}.log"))
    }

    /// Runs a file's test program.
    pub fn run(&self, name: &str, executable: &Path) -> Result<FileResult> {
        let tests = self.list(name, executable)?;
        let log = self.log(name);
        let threads = available_parallelism().map_or(4, |cores| cores.get().max(4));
        let arguments = [format!("--test-threads={threads}")];
        let end = self.spawn(executable, &arguments, &log, FILE_TIMEOUT)?;
        let mut output = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
        let mut verdicts: BTreeMap<_, _> = libtest::verdicts(&output)
            .map(|(name, passed)| (name.to_owned(), passed))
            .collect();
        if end.is_success() {
            for test in &tests {
                verdicts.entry(test.clone()).or_insert(true);
            }
        }
        let mut crashes = Vec::new();
        if !end.is_orderly() {
            output.push_str(&format!("\n==> all at once: {}\n", end.describe()));
            if tests.iter().all(|test| verdicts.contains_key(test)) {
                crashes.push(format!(
                    "all tests passed, but the process: {}",
                    end.describe()
                ));
            }
        }
        // Tests that crashed or did not run, or whose output garbled the line with their result.
        for test in &tests {
            if verdicts.contains_key(test) {
                continue;
            }
            let log = self.logs.join(format!("{name}.one.log"));
            let arguments = ["--exact".to_owned(), test.clone()];
            let end = self.spawn(executable, &arguments, &log, TEST_TIMEOUT)?;
            if !end.is_success() {
                let text = fs::read(&log)?;
                output.push_str(&format!(
                    "\n==> {test} alone: {}\n{}",
                    end.describe(),
                    String::from_utf8_lossy(&text)
                ));
                if !end.is_orderly() {
                    crashes.push(format!("{test}: {}", end.describe()));
                }
            }
            verdicts.insert(test.clone(), end.is_success());
            fs::remove_file(&log)?;
        }
        fs::write(&log, &output)?;
        let failed: Vec<String> = tests
            .iter()
            .filter(|test| verdicts.get(*test) == Some(&false))
            .cloned()
            .collect();
        Ok(FileResult::ran(tests.len() - failed.len(), failed, crashes))
    }

    /// Returns the names of a program's tests.
    fn list(&self, name: &str, executable: &Path) -> Result<Vec<String>> {
        let log = self.log(name);
        let arguments = ["--list", "--format=terse"].map(str::to_owned);
        let end = self.spawn(executable, &arguments, &log, TEST_TIMEOUT)?;
        let output = fs::read_to_string(&log)?;
        if !end.is_success() {
            bail!(
                "{name} cannot list its tests ({}):\n{output}",
                end.describe()
            );
        }
        Ok(output
            .lines()
            .filter_map(|line| line.strip_suffix(": test"))
            .map(str::to_owned)
            .collect())
    }

    /// Runs a program with its output written to a file; kills it after `timeout`.
    fn spawn(
        &self,
        executable: &Path,
        arguments: &[String],
        log: &Path,
        timeout: Duration,
    ) -> Result<End> {
        let output = File::create(log)?;
        let mut command = Command::new(executable);
        command
            .args(arguments)
            .current_dir(self.folder)
            .env(run::LIBRARY_PATH, run::library_path(&self.python.libdir)?)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("RUST_TEST_THREADS")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        match self.interpreter {
            Interpreter::Main => command.env_remove(VARIABLE),
            other => command.env(VARIABLE, other.name()),
        };
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot run {}", executable.display()))?;
        match child.wait_timeout(timeout)? {
            Some(status) => Ok(End::Exited(status)),
            None => {
                child.kill()?;
                child.wait()?;
                Ok(End::TimedOut)
            }
        }
    }
}
