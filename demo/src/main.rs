//! The demo: Python code in many interpreters of one process runs a Rust tokenizer over the source
//! files of the standard library.
//!
//! | file | concern |
//! |---|---|
//! | `tokens` | the tokenizer; plain Rust |
//! | `scan` | finds the ends of tokens; plain Rust |
//! | `counts` | the class of the counts |
//! | `index` | the class of the index that all interpreters share |
//! | `work` | the class of an interpreter's share of the files |
//! | `module` | the Rust module that exports them |
//! | `driver.py` | the Python code that uses them, in each interpreter |
//! | `fleet` | starts interpreters, and times runs in them |
//! | `shared` | `--shared`: all interpreters read the index that one of them has built |
//! | `report` | the output |

mod counts;
mod fleet;
mod index;
mod module;
mod report;
mod scan;
mod shared;
mod tokens;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pyatoll::prelude::*;

use crate::counts::Counts;
use crate::fleet::Fleet;
use crate::report::Report;
use crate::work::{File, Share, Work};

/// The minimum duration of a run of one interpreter, which repeats the files until then.
const RUN: Duration = Duration::from_secs(2);

/// The number of times that each of the two runs is repeated, in turn; the best time counts.
const RUNS: usize = 3;

/// Counts the tokens of the Python standard library in several Python interpreters at once.
///
/// Each interpreter has its own GIL (from Python 3.12 on), its own instance of the same Rust
/// module, and Python code that drives it. One interpreter is timed against all of them; the exit
/// status is 1 if their results differ.
#[derive(Parser)]
#[command(name = "demo")]
struct Cli {
    /// How many interpreters [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    interpreters: Option<u16>,
    /// Count the .py files below this folder instead of the standard library's
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
    /// Let one interpreter build an index of all identifiers, and all of them read it
    #[arg(long)]
    shared: bool,
    /// Print one line of JSON, and no progress bar
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the demo. Returns whether all runs gave the same results.
fn run(cli: &Cli) -> Result<bool> {
    module::register();
    Python::initialize();
    let (python, own_gil) = Python::attach(|py| {
        let version = py.version().split_whitespace().next().unwrap_or_default();
        (version.to_owned(), py.version_info() >= (3, 12))
    });
    let interpreters = match cli.interpreters {
        Some(number) => number.into(),
        None => thread::available_parallelism().map_or(1, Into::into),
    };
    let folder = match &cli.path {
        Some(path) => path.clone(),
        None => standard_library().context("cannot find the standard library")?,
    };
    let files: Arc<[File]> = work::read_files(&folder)?.into();
    if !cli.json {
        println!(
            "Python {python}: {} files of {}, interpreters: {interpreters}",
            files.len(),
            folder.display()
        );
        if !own_gil {
            println!("Before Python 3.12, all interpreters share one GIL: expect no speed-up.");
        }
    }

    let fleet = Fleet::start(interpreters)?;
    if cli.shared {
        let found = shared::run(&fleet, interpreters, &files)?;
        let report = shared::Report::new(python, own_gil, interpreters, &found);
        match cli.json {
            true => println!("{}", serde_json::to_string(&report)?),
            false => print!("\n{}", report.text()),
        }
        return Ok(report.results_equal);
    }
    let timed = measure(&fleet, interpreters, &files, cli.json)?;

    let report = Report {
        python,
        own_gil,
        interpreters,
        seconds_one: timed.one.as_secs_f64(),
        seconds_all: timed.all.as_secs_f64(),
        speedup: report::speedup(timed.one, timed.all),
        files: timed.counts.files,
        bytes: timed.counts.bytes,
        results_equal: timed.equal,
    };
    if cli.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("\n{}", report::counts(&timed.counts));
        print!("{}", report.table(timed.rounds));
    }
    Ok(report.results_equal)
}

/// Returns the folder of the standard library.
fn standard_library() -> PyResult<PathBuf> {
    Python::attach(|py| {
        py.import("sysconfig")?
            .call_method1("get_path", ("stdlib",))?
            .extract()
    })
}

/// The measurements.
struct Timed {
    /// The number of times that each run counted the files.
    rounds: usize,
    /// The best time of one interpreter.
    one: Duration,
    /// The best time of all of them.
    all: Duration,
    /// The counts of one round over the files.
    counts: Counts,
    /// Whether every run gave these counts.
    equal: bool,
}

/// Times one interpreter and all of them, in turn.
fn measure(fleet: &Fleet, size: usize, files: &Arc<[File]>, quiet: bool) -> Result<Timed> {
    let bar = progress_bar(quiet);
    let run = |name: &str, size: usize, rounds: usize| {
        let work = Arc::new(Work::new(files.clone(), rounds));
        bar.reset();
        bar.set_length(work.len() as u64);
        bar.set_message(name.to_owned());
        count(fleet, size, &work, || bar.set_position(work.taken() as u64))
    };

    // Warm-up: every interpreter imports the driver's modules, and caches fill.
    run("warming up", size, 1)?;
    let (mut once, counts) = run("warming up", 1, 1)?;
    let mut rounds = 1;
    // A short run does not predict a long one.
    while once * (rounds as u32) < RUN / 8 {
        rounds *= 4;
        once = run("warming up", 1, rounds)?.0 / rounds as u32;
    }
    let rounds = (RUN.as_secs_f64() / once.as_secs_f64()).ceil() as usize;
    let runs = if once > 2 * RUN { 1 } else { RUNS };
    if counts.files != files.len() as u64 {
        bail!("{} of {} files were counted", counts.files, files.len());
    }

    let (mut one, mut all) = (Duration::MAX, Duration::MAX);
    let mut equal = true;
    for _ in 0..runs {
        let names = ["one interpreter".to_owned(), format!("{size} interpreters")];
        for (name, size, best) in [(&names[0], 1, &mut one), (&names[1], size, &mut all)] {
            let (time, result) = run(name, size, rounds)?;
            *best = time.min(*best);
            equal &= result.of_one_round(rounds as u64).as_ref() == Some(&counts);
        }
    }
    bar.finish_and_clear();
    Ok(Timed {
        rounds,
        one,
        all,
        counts,
        equal,
    })
}

/// Counts all of `work` in the first `size` interpreters. Returns the time and the sum of their
/// counts.
fn count(
    fleet: &Fleet,
    size: usize,
    work: &Arc<Work>,
    tick: impl Fn(),
) -> Result<(Duration, Counts)> {
    let job = |driver: &Bound<'_, PyModule>| {
        let share = Bound::new(driver.py(), Share::new(work.clone()))?;
        let counts = driver.getattr("count")?.call1((share,))?;
        Ok(std::mem::take(&mut *counts.cast::<Counts>()?.borrow_mut()))
    };
    let (time, shares) = fleet.run(size, job, tick)?;
    let mut counts = Counts::default();
    for share in shares {
        counts.merge(share);
    }
    Ok((time, counts))
}

/// Creates a progress bar on stderr, if that is a terminal.
fn progress_bar(quiet: bool) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:<16} [{wide_bar}] {pos}/{len} files")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let target = match quiet {
        true => ProgressDrawTarget::hidden(),
        false => ProgressDrawTarget::stderr(),
    };
    ProgressBar::with_draw_target(None, target).with_style(style)
}

#[cfg(test)]
mod tests;
