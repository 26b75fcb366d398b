//! Random work in many interpreters and threads at once, checked against a model of what must be
//! alive. `cargo xtask stress` builds it and runs it, in one process after another.

mod failure;
mod flight;
mod handle;
mod life;
mod module;
mod operations;
mod report;
mod storm;
mod work;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Parser;
use pyatoll::prelude::*;

use crate::life::{Life, Maker};
use crate::module::{atoll, flaky};
use crate::report::Report;
use crate::world::World;

/// Random work in many interpreters and threads at once. `cargo xtask stress` is the way to run it.
#[derive(Parser)]
#[command(version)]
pub struct Options {
    /// How long to work
    #[arg(long, default_value_t = 30.0)]
    seconds: f64,
    /// What the threads' operations follow from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many threads work; with one, a seed gives the same run each time
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: u16,
    /// Stop a thread after so many operations
    #[arg(long)]
    steps: Option<u64>,
    /// Only make and end interpreters, without pause
    #[arg(long)]
    storm: bool,
    /// Stop early where the process has grown so large (CPython itself leaks per interpreter)
    #[arg(long, default_value_t = 1500)]
    megabytes: u64,
    /// An operation that takes longer is a failure
    #[arg(long, default_value_t = 60)]
    patience: u64,
    /// The folder of an extension module that has its own copy of the library
    #[arg(long)]
    extensions: Option<PathBuf>,
    /// Write what was done to this file
    #[arg(long)]
    json: Option<PathBuf>,
}

impl Options {
    /// The command that does the same again.
    fn replay(&self) -> String {
        let Self {
            seconds,
            seed,
            threads,
            ..
        } = self;
        let storm = if self.storm { " --storm" } else { "" };
        format!(
            "replay with: cargo xtask stress --seed {seed} --seconds {seconds} --threads \
             {threads}{storm} (the operations follow from the seed; their timing does not)"
        )
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(report) if report.failures.is_empty() => ExitCode::SUCCESS,
        Ok(report) => {
            for failure in &report.failures {
                eprintln!("FAILED: {failure}");
            }
            eprintln!("seed {}; {}", options.seed, options.replay());
            eprint!("{}", flight::all());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<Report> {
    silence_expected_panics();
    flight::watch_for_crashes(&format!("seed {}; {}", options.seed, options.replay()));
    pyatoll::append_to_inittab!(atoll);
    pyatoll::append_to_inittab!(flaky);
    if let Some(folder) = &options.extensions {
        let _ = module::EXTENSIONS.set(folder.clone());
    }
    Python::initialize();
    let main = Life::new(0, Maker::Runtime);
    Python::attach(|py| module::settle(py, &main))?;
    let world = Arc::new(World::new(main, options.extensions.clone()));

    let start = Instant::now();
    watch_for_hangs(options);
    work::run(options, &world);
    if failure::all().is_empty() {
        flight::begin(0);
        flight::step(1, operations::Kind::Audit);
        if let Err(error) = end(&world) {
            failure::note(format!("at the end: {error:#}"));
        }
        flight::end();
    }
    let report = Report::new(options, &world, start.elapsed());
    if let Some(path) = &options.json {
        std::fs::write(path, serde_json::to_string(&report)? + "\n")
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(report)
}

/// Compares everything, ends every interpreter, and compares once more.
fn end(world: &World) -> Result<()> {
    operations::final_audit(world)?;
    operations::final_audit_of_pool(world)?;
    operations::dismiss(world)?;
    operations::end_all(world)?;
    let handles = std::mem::take(&mut *world.handles());
    drop(handles);
    operations::final_audit(world)
}

/// Lets the panics that belong to the work pass without a word.
fn silence_expected_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let text = failure::text_of(info.payload());
        if !text.starts_with("stress: ") && !text.contains("belongs to interpreter") {
            usual(info);
        }
    }));
}

/// Ends the process if a thread stays at one operation for too long.
fn watch_for_hangs(options: &Options) {
    let patience = Duration::from_secs(options.patience);
    let said = format!("seed {}; {}", options.seed, options.replay());
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(500));
            if flight::longest() > patience {
                eprintln!("FAILED: a thread hangs; {said}\n{}", flight::all());
                for failure in failure::all() {
                    eprintln!("{failure}");
                }
                // Says where the threads are, to a debugger or in a core file.
                std::process::abort();
            }
        }
    });
}
