//! Random work in many interpreters and threads at once, checked against a model of what must be
//! alive. `cargo xtask stress` builds it and runs it, one process after another.
//!
//! | file | concern |
//! |---|---|
//! | `failure` | recorded failures, and stopping all threads |
//! | `flight` | the last step of every thread, for hangs and crashes |
//! | `handle` | handles to counted objects |
//! | `model` | the model of interpreters and objects |
//! | `module` | `atoll`, the module that every interpreter imports |
//! | `operations/` | the operations, and the order in which a thread runs them |
//! | `report` | the result of a run, as JSON |
//! | `storm` | `--storm`: interpreters created and ended without pause |
//! | `uses` | `--uses`: the memory that the use of every type leaves behind |
//! | `ways` | functions of `atoll` that leave the interpreter, or never return |
//! | `work` | the working threads |
//! | `world` | the state that all threads share |

#[path = "../../../crates/pyatoll/tests/every_type/mod.rs"]
mod every_type;
mod failure;
mod flight;
mod handle;
mod model;
mod module;
mod operations;
mod report;
mod storm;
mod uses;
mod ways;
mod work;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use pyatoll::ffi;
use pyatoll::prelude::*;

use crate::model::{InterpreterModel, Maker};
use crate::module::{atoll, flaky};
use crate::operations::Kind;
use crate::report::Report;
use crate::world::World;

/// Random work in many interpreters and threads at once; run it with `cargo xtask stress`
#[derive(Parser)]
#[command(version)]
pub struct Options {
    /// Duration of the work
    #[arg(long, default_value_t = 30.0)]
    seconds: f64,
    /// Seed of the threads' operations
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of threads; with one, a seed gives the same run each time
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: u16,
    /// Stop each thread after this many operations
    #[arg(long)]
    steps: Option<u64>,
    /// Only create, use and end interpreters, without pause
    #[arg(long)]
    storm: bool,
    /// Only use every type this many times in two interpreters, and print how the heap grows
    #[arg(long)]
    uses: Option<u32>,
    /// Stop early when the process reaches this size (CPython itself leaks per interpreter)
    #[arg(long, default_value_t = 1500)]
    megabytes: u64,
    /// Fail if an operation takes longer than this many seconds
    #[arg(long, default_value_t = 300)]
    hang_timeout: u64,
    /// The folder of extension modules that have their own copies of the library
    #[arg(long)]
    extensions: Option<PathBuf>,
    /// The folder of the package `greenlet`
    #[arg(long)]
    greenlets: Option<PathBuf>,
    /// Write a report to this file
    #[arg(long)]
    json: Option<PathBuf>,
}

impl Options {
    /// Returns the command that repeats the run.
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
             {threads}{storm} (the seed determines the operations, not their timing)"
        )
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(uses) = options.uses {
        silence_expected_panics();
        return match uses::run(uses) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error:#}");
                ExitCode::FAILURE
            }
        };
    }
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
    let main = InterpreterModel::new(0, Maker::Runtime);
    Python::attach(|py| {
        // Python 3.12 crashes at its end if the first import is in an interpreter with its own GIL.
        py.import("asyncio")?;
        // Python 3.11 initializes its one copy of `_datetime` again, and replaces `timezone.utc`
        // for all interpreters, where the main interpreter has not imported it.
        py.import("datetime")?;
        module::set_model(py, &main)
    })?;
    let greenlets = options.greenlets.as_deref();
    greenlets.map_or(Ok(()), operations::import_greenlet)?;
    let extensions = options.extensions.clone();
    let world = Arc::new(World::new(
        main,
        extensions,
        greenlets.is_some(),
        options.seed.is_multiple_of(2),
    ));

    if options.extensions.is_some() {
        world.objects.make()?;
    }

    let start = Instant::now();
    watch_for_hangs(options);
    work::run(options, &world);
    if failure::all().is_empty() {
        flight::begin(0);
        flight::step(1, Kind::Audit);
        if let Err(error) = end(&world).and_then(|()| finalize(&world)) {
            failure::record(format!("at the end: {error:#}"));
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

/// Audits everything, ends every interpreter, and audits once more.
fn end(world: &World) -> Result<()> {
    operations::final_audit(world)?;
    operations::final_audit_of_pool(world)?;
    operations::shut_down(world)?;
    operations::end_all(world)?;
    let handles = std::mem::take(&mut *world.handles());
    drop(handles);
    operations::empty_objects(world)?;
    operations::release_shared(world)?;
    operations::final_audit(world)
}

/// Ends the runtime with daemon threads inside, and checks that they stay there.
fn finalize(world: &World) -> Result<()> {
    ensure!(world.main.begin_end());
    // SAFETY: this thread started the runtime and is detached. No other thread uses Python, except
    // daemon threads.
    unsafe {
        ffi::PyGILState_Ensure();
        ensure!(ffi::Py_FinalizeEx() == 0, "the end of the runtime failed");
    }
    std::thread::sleep(Duration::from_millis(20));
    let ended = ways::ended_forevers();
    ensure!(ended == 0, "{ended} daemon threads left a Rust function");
    world.main.mark_ended();
    if operations::has_daemon_threads() {
        // The functions that they are in may have lent values to other threads.
        let dropped = world.main.values_dropped.load(Ordering::SeqCst);
        ensure!(!dropped, "values that daemon threads may use were dropped");
        return Ok(());
    }
    operations::check_ended(&world.main)?;
    operations::check_shared()
}

/// Silences panics that are part of the work.
fn silence_expected_panics() {
    let default_hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let text = failure::text_of(info.payload());
        if !text.starts_with("stress: ") && !text.contains("belongs to interpreter") {
            default_hook(info);
        }
    }));
}

/// Aborts the process if an operation takes too long.
fn watch_for_hangs(options: &Options) {
    let timeout = Duration::from_secs(options.hang_timeout);
    let replay = format!("seed {}; {}", options.seed, options.replay());
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(500));
            if flight::longest() > timeout {
                eprintln!("FAILED: a thread hangs; {replay}\n{}", flight::all());
                for failure in failure::all() {
                    eprintln!("{failure}");
                }
                // Leaves the threads' stacks to a debugger or a core file.
                std::process::abort();
            }
        }
    });
}
