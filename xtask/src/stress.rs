//! `cargo xtask stress`: runs the driver in `tests/stress`, one process after another.
//!
//! Each process is a round with its own seed, beginning with the given one. So a failure is
//! replayed from the start of its round, and the memory that CPython itself leaks per interpreter
//! does not add up.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

use crate::python::Python;
use crate::wheels::{REQUIREMENTS, Venv};
use crate::{driver, leaks, run};

/// Time allowed beyond a round's duration for ending all interpreters and for detecting a hang.
const GRACE: Duration = Duration::from_secs(600);

/// Polling interval for the end of a round.
const TICK: Duration = Duration::from_millis(50);

/// Part of every message that is expected, such as those of deliberate panics.
const EXPECTED: &str = "stress: ";

#[derive(Args)]
pub struct Options {
    /// Duration of all rounds together, in seconds
    #[arg(long, default_value_t = 60)]
    pub seconds: u64,
    /// Seed of the operations [default: the time]
    #[arg(long)]
    pub seed: Option<u64>,
    /// Number of threads; with one, a seed gives the same operations on the same objects
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: u16,
    /// Only create, use and end interpreters, without pause
    #[arg(long)]
    pub storm: bool,
    /// Maximum duration of a round; a process that has grown large ends earlier
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    pub round: u64,
    /// Build with optimizations, without debug assertions
    #[arg(long)]
    pub release: bool,
    /// The Python to test [default: $PYO3_PYTHON, else python3 on the path]
    #[arg(long, value_name = "PATH")]
    pub python: Option<PathBuf>,
    /// Write a report to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

impl Options {
    /// Returns the options of a short run for `cargo xtask test`.
    pub fn short(storm: bool, seconds: u64) -> Self {
        Self {
            seconds,
            seed: None,
            threads: 8,
            storm,
            round: seconds,
            release: false,
            python: None,
            json: None,
        }
    }
}

/// The results of a round, as written by the driver, or of all rounds.
#[derive(Deserialize, Serialize, Default)]
struct Report {
    python: String,
    seed: u64,
    seconds: f64,
    threads: u16,
    storm: bool,
    interpreters: u64,
    audits: u64,
    audits_disturbed: u64,
    operations: BTreeMap<String, u64>,
    failures: Vec<String>,
}

impl Report {
    fn add(&mut self, round: Self) {
        self.python = round.python;
        self.seconds += round.seconds;
        self.interpreters += round.interpreters;
        self.audits += round.audits;
        self.audits_disturbed += round.audits_disturbed;
        for (kind, count) in round.operations {
            *self.operations.entry(kind).or_default() += count;
        }
        self.failures.extend(round.failures);
    }

    fn print(&self) {
        let operations: u64 = self.operations.values().sum();
        println!(
            "stress: {:.0} s, seed {}, {} threads, Python {}",
            self.seconds,
            self.seed,
            self.threads,
            self.python.split_whitespace().next().unwrap_or("")
        );
        println!(
            "  {} interpreters, {operations} operations, {} audits ({} more \
             disturbed), {} failures",
            self.interpreters,
            self.audits,
            self.audits_disturbed,
            self.failures.len()
        );
        for (kind, count) in &self.operations {
            println!("  {kind:<20}{count:>12}");
        }
    }
}

/// Builds the driver and runs it.
pub fn run(options: &Options) -> Result<()> {
    let python = Python::find(options.python.clone())?;
    let program = driver::build(&python, options.release)?;
    run_rounds(&program, &python, options)
}

/// Runs the driver that `cargo test` has built for its own tests. Built alone, the driver and the
/// library would have other features, and would be compiled once more.
pub fn run_tested(python: &Python, options: &Options) -> Result<()> {
    run_rounds(&driver::path(python, "debug"), python, options)
}

fn run_rounds(program: &Path, python: &Python, options: &Options) -> Result<()> {
    let extensions = leaks::build_extension(python, leaks::MODULE, false)?;
    leaks::build_extension(python, ["interpshare"; 2], false)?;
    let greenlets = Venv::make(python, REQUIREMENTS)?.packages()?;
    let seed = options.seed.unwrap_or_else(seed_of_now);
    let mut total = Report {
        python: python.version.clone(),
        seed,
        threads: options.threads,
        storm: options.storm,
        ..Report::default()
    };

    let bar = ProgressBar::new(options.seconds);
    bar.set_style(ProgressStyle::with_template(
        "{elapsed_precise} {bar:40} {msg}",
    )?);
    let start = Instant::now();
    let mut round = seed;
    while total.failures.is_empty() {
        let left = options.seconds.saturating_sub(start.elapsed().as_secs());
        if left == 0 {
            break;
        }
        bar.set_message(format!(
            "seed {round}, {} interpreters so far",
            total.interpreters
        ));
        let seconds = left.min(options.round);
        match one_round(
            program,
            [&extensions, &greenlets],
            options,
            round,
            seconds,
            &bar,
            start,
        ) {
            Ok(report) => total.add(report),
            Err(error) => total.failures.push(format!("{error:#}")),
        }
        round = round.wrapping_add(1);
    }
    bar.finish_and_clear();

    total.print();
    if let Some(path) = &options.json {
        fs::write(path, serde_json::to_string_pretty(&total)? + "\n")
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    if !total.failures.is_empty() {
        bail!("stress failed:\n{}", total.failures.join("\n"));
    }
    Ok(())
}

fn seed_of_now() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH);
    time.map_or(1, |time| time.as_secs())
}

/// Runs one process. An error includes its unexpected messages.
fn one_round(
    program: &Path,
    [extensions, greenlets]: [&Path; 2],
    options: &Options,
    seed: u64,
    seconds: u64,
    bar: &ProgressBar,
    start: Instant,
) -> Result<Report> {
    let json = run::target_dir().join(format!("stress-{}.json", std::process::id()));
    let mut command = Command::new(program);
    command
        .arg("--seconds")
        .arg(seconds.to_string())
        .arg("--seed")
        .arg(seed.to_string())
        .arg("--threads")
        .arg(options.threads.to_string())
        .arg("--extensions")
        .arg(extensions)
        .arg("--greenlets")
        .arg(greenlets)
        .arg("--json")
        .arg(&json)
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    if options.storm {
        command.arg("--storm");
    }
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let stderr = child.stderr.take().context("stderr is piped")?;
    let listener = thread::spawn(|| unexpected_lines(stderr));
    let limit = Instant::now() + Duration::from_secs(seconds) + GRACE;
    let status = wait(&mut child, limit, || {
        bar.set_position(start.elapsed().as_secs());
    })?;
    let messages = listener.join().unwrap_or_default();
    let report = fs::read_to_string(&json);
    let _ = fs::remove_file(&json);
    match status {
        Some(status) if status.success() => Ok(serde_json::from_str(&report?)?),
        Some(status) => bail!("seed {seed}: {status}\n{messages}"),
        None => bail!("seed {seed}: did not end in time and was killed\n{messages}"),
    }
}

/// Waits for the process. Past the limit, kills it and returns `None`.
fn wait(child: &mut Child, limit: Instant, tick: impl Fn()) -> Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        tick();
        thread::sleep(TICK);
    }
}

/// Reads the process's messages, without the expected ones.
fn unexpected_lines(stderr: impl Read) -> String {
    /// Number of lines kept: the last ones contain the reason.
    const KEPT: usize = 100;
    let mut lines = std::collections::VecDeque::new();
    for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        if line.contains(EXPECTED) {
            continue;
        }
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }
    Vec::from(lines).join("\n")
}
