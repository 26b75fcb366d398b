//! Models of the lock-free parts of `pyatoll` and `interpshare`, checked with loom: it explores
//! every order in which their threads can run under the C11 memory model.
//!
//! The models run the code itself, which `build.rs` copies. A second set of copies has one fault
//! each (`faults.rs`); some model must fail on each of them, which checks the models.
//!
//! Each model runs in a process of its own, since one that fails may not be able to clean up.
//!
//! In a model, the thread that spawns others is the one that writes: loom runs it first, and then
//! also lets readers see old values. The other way round it misses orders, since it records only
//! the last thread that used an atomic, and a writer that reads first hides earlier readers.

use std::env;
use std::process::{Command, ExitCode, Output};
use std::time::{Duration, Instant};

/// A model: its name and its function.
type Model = (&'static str, fn());

/// One copy of the parts.
struct Copy {
    name: &'static str,
    /// Each part in it with its models: all parts, or the one with the fault.
    parts: &'static [(&'static str, &'static [Model])],
}

include!(concat!(env!("OUT_DIR"), "/copies.rs"));

/// Far off, for the models: a thread that nobody wakes sleeps for good.
const LONG: Duration = Duration::from_secs(1000);

/// Runs a model with at most `preemptions` preemptions.
fn check_bounded(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &*arguments {
        [] => check_all(),
        [copy, model] => {
            run(copy, model);
            ExitCode::SUCCESS
        }
        _ => panic!("usage: pyatoll-loom [COPY MODEL]"),
    }
}

/// Runs one model of one copy in this process, and panics if it fails.
fn run(copy: &str, model: &str) {
    let copy = COPIES
        .iter()
        .find(|other| other.name == copy)
        .expect("the name of a copy");
    let (_, run) = copy
        .parts
        .iter()
        .flat_map(|(_, models)| *models)
        .find(|(name, _)| *name == model)
        .expect("the name of a model");
    run();
}

/// Runs all models on the faultless copy, and those of the changed part on each other copy.
fn check_all() -> ExitCode {
    let mut failures = 0;
    let (faultless, faulty) = COPIES
        .split_first()
        .expect("one for each fault and one without");
    for (name, _) in faultless.parts.iter().flat_map(|(_, models)| *models) {
        let start = Instant::now();
        let output = spawn(faultless.name, name);
        let result = if output.status.success() {
            "holds"
        } else {
            "FAILS"
        };
        println!("{result}  {name}  ({:.1} s)", start.elapsed().as_secs_f32());
        if !output.status.success() {
            failures += 1;
            eprintln!("{}", String::from_utf8_lossy(&output.stderr));
        }
    }
    for copy in faulty {
        let [(_, models)] = copy.parts else {
            unreachable!("a fault is in one part");
        };
        match models
            .iter()
            .find(|(model, _)| !spawn(copy.name, model).status.success())
        {
            Some((model, _)) => println!("found  {}  by {model}", copy.name),
            None => {
                failures += 1;
                println!("MISSED {}", copy.name);
            }
        }
    }
    if failures == 0 {
        ExitCode::SUCCESS
    } else {
        eprintln!("{failures} failures");
        ExitCode::FAILURE
    }
}

/// Runs one model in a process of its own.
fn spawn(copy: &str, model: &str) -> Output {
    let program = env::current_exe().expect("the running program");
    let output = Command::new(program).args([copy, model]).output();
    output.expect("the running program can be run again")
}
