//! The group `build`: what it takes to compile a large module.

use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::modules::{Modules, Peer};
use crate::run;

/// Seconds of one build.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Seconds {
    /// Those of the processors: what else the machine did does not count.
    pub processor: f64,
    /// Those on the clock.
    pub clock: f64,
}

/// A module with a peer in one profile.
#[derive(Clone, Serialize, Deserialize)]
pub struct Build {
    /// The peer's name.
    pub peer: String,
    /// `functions` or `classes`.
    pub kind: String,
    /// `release` or `debug`.
    pub profile: String,
    /// With all libraries compiled before.
    pub full: Seconds,
    /// After one function was changed.
    pub again: Seconds,
    /// The size of what comes out, stripped, in bytes.
    pub size: u64,
}

/// Builds them all.
pub fn measure(modules: &Modules, peers: &[&Peer]) -> Result<Vec<Build>> {
    println!("==> compiling the large modules: takes long");
    let peers: Vec<_> = peers.iter().map(|peer| peer.name).collect();
    let bin = modules.venv.bin();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let text = capture(
        modules
            .venv
            .python()
            .args(["bench/micro.py", "--folder"])
            .arg(modules.folder.join("micro"))
            .args(["--peers", &peers.join(",")])
            .arg("--cargo")
            .arg(cargo)
            .arg("--cmake")
            .arg(bin.join("cmake"))
            .arg("--ninja")
            .arg(bin.join("ninja"))
            .arg("--python")
            .arg(&modules.python.executable),
    )?;
    serde_json::from_str(&text).context("bench/micro.py printed something else")
}

/// Runs a command whose messages are shown as they come; returns what it prints.
fn capture(command: &mut Command) -> Result<String> {
    run::output(command.stderr(std::process::Stdio::inherit()))
}

/// Puts new builds in the place of older ones of the same peers.
pub fn merge(old: Vec<Build>, new: Vec<Build>) -> Vec<Build> {
    let mut all: Vec<Build> = old
        .into_iter()
        .filter(|build| !new.iter().any(|other| other.peer == build.peer))
        .collect();
    all.extend(new);
    all
}

/// The build of a peer.
pub fn find<'a>(builds: &'a [Build], peer: &str, kind: &str, profile: &str) -> Option<&'a Build> {
    builds
        .iter()
        .find(|build| build.peer == peer && build.kind == kind && build.profile == profile)
}

/// Prints the table.
pub fn print(builds: &[Build]) {
    for build in builds {
        println!(
            "{:<9} {:<9} {:<7} {:>7.1} s ({:>6.1} s by the clock), after an edit {:>6.1} s, {:>8} bytes",
            build.peer,
            build.kind,
            build.profile,
            build.full.processor,
            build.full.clock,
            build.again.processor,
            build.size
        );
    }
}
