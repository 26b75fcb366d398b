//! A bounded load on a server.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;

use anyhow::Result;

use super::http;
use super::scale::PARALLEL;
use super::state::State;

/// The most requests of a load that lasts as long as something else.
const MOST: usize = 500_000;

/// The applications of a server: their names and paths.
pub type Applications = [(&'static str, String); 2];

/// What a load got.
#[derive(Default)]
pub struct Load {
    /// Number of requests.
    pub requests: usize,
    /// The errors, one for each request without an answer.
    pub failures: Vec<String>,
}

/// Sends that many requests, from several clients at once, to the applications in turn.
pub fn steady(port: u16, applications: &Applications, requests: usize) -> Load {
    send(port, applications, requests, &AtomicBool::new(false))
}

/// Sends requests while `work` runs.
pub fn during<R>(
    port: u16,
    applications: &Applications,
    work: impl FnOnce() -> Result<R>,
) -> Result<(Load, R)> {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let load = scope.spawn(|| send(port, applications, MOST, &is_done));
        let result = work();
        is_done.store(true, Relaxed);
        match load.join() {
            Ok(load) => result.map(|result| (load, result)),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn send(port: u16, applications: &Applications, most: usize, is_done: &AtomicBool) -> Load {
    let started = AtomicUsize::new(0);
    let load = Mutex::new(Load::default());
    thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                while !is_done.load(Relaxed) {
                    let number = started.fetch_add(1, Relaxed);
                    if number >= most {
                        break;
                    }
                    let (name, path) = &applications[number % applications.len()];
                    let answer = http::get(port, path).and_then(|body| State::read(&body, name));
                    let mut load = load.lock().unwrap_or_else(|error| error.into_inner());
                    load.requests += 1;
                    if let Err(error) = answer {
                        load.failures.push(format!("{name}: {error:#}"));
                    }
                }
            });
        }
    });
    load.into_inner().unwrap_or_else(|error| error.into_inner())
}
