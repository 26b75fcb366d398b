//! The course of a host that is a program of ours: it does everything by itself and prints what
//! happens as JSON, one event per line.

use std::io::{BufRead, BufReader};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::host::{Course, Figures};
use super::output;
use super::process::Process;
use super::state::{self, State};

/// Time limit for a program's next event; only a hang exceeds it.
const SILENCE: Duration = Duration::from_secs(300);

/// What a program prints.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Event {
    /// Two applications that exist at the same time.
    Pair { one: Box<State>, two: Box<State> },
    /// Requests were made; the failures have one text each.
    Load {
        requests: usize,
        failures: Vec<String>,
    },
    /// Interpreters were created and ended, or hosts restarted; the requests were made at the same
    /// time.
    Restarts {
        count: usize,
        requests: usize,
        failures: Vec<String>,
    },
    /// Resident memory. The first event is before the load, the last after it.
    Memory { kb: u64 },
}

/// Runs the program and reads its events.
pub fn run(command: &mut Command, course: &Course<'_>) -> Result<Figures> {
    let mut process = Process::start_with_output(command, &course.log)?;
    match follow(&mut process, course) {
        Ok(mut figures) => {
            figures.faults = output::faults(&course.log)?;
            Ok(figures)
        }
        Err(error) => Err(output::explain(error, &course.log)),
    }
}

fn follow(process: &mut Process, course: &Course<'_>) -> Result<Figures> {
    let pipe = process.take_output().context("the output is piped")?;
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines() {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    let mut figures = Figures::default();
    let mut has_pair = false;
    loop {
        match lines.recv_timeout(SILENCE) {
            Ok(line) => {
                let line = line?;
                let event = serde_json::from_str(&line)
                    .with_context(|| format!("the host printed: {line}"))?;
                has_pair |= matches!(event, Event::Pair { .. });
                add(&mut figures, event, course)?;
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                bail!(
                    "the host prints nothing: waited for {} s",
                    SILENCE.as_secs()
                )
            }
        }
    }
    let status = process.wait()?;
    ensure!(status.success(), "it ended with {status}");
    ensure!(has_pair, "it compared no applications");
    Ok(figures)
}

/// Adds an event to the figures. Fails if the applications of a pair are not isolated.
fn add(figures: &mut Figures, event: Event, course: &Course<'_>) -> Result<()> {
    const SHOWN: usize = 3;
    match event {
        Event::Pair { one, two } => {
            one.check("one")?;
            two.check("two")?;
            let expected = course.module.name();
            ensure!(
                one.built_with == expected && two.built_with == expected,
                "the modules are {} and {}, expected {expected}",
                one.built_with,
                two.built_with
            );
            let faults = state::faults(&one, &two);
            ensure!(faults.is_empty(), "{}", faults.join("\n"));
        }
        Event::Load { requests, failures } => {
            figures.requests += requests;
            figures.failures += failures.len();
            figures.samples.extend(failures.into_iter().take(SHOWN));
        }
        Event::Restarts {
            count,
            requests,
            failures,
        } => {
            figures.restarts += count;
            figures.restart_requests += requests;
            figures.lost += failures.len();
            figures.samples.extend(failures.into_iter().take(SHOWN));
        }
        Event::Memory { kb } => {
            let (before, _) = figures.memory_kb.unwrap_or((kb, kb));
            figures.memory_kb = Some((before, kb));
        }
    }
    Ok(())
}
