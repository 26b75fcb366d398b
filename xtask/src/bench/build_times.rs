//! The group `build`: compile times and sizes of large modules.

use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::modules::{Modules, Peer};
use crate::run;

/// The duration of a build in seconds.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Seconds {
    /// Processor time, which other load on the machine does not affect.
    pub processor: f64,
    /// Wall-clock time.
    pub clock: f64,
}

/// The build of a module with a peer in one profile.
#[derive(Clone, Serialize, Deserialize)]
pub struct Build {
    /// The peer's name.
    pub peer: String,
    /// `functions` or `classes`.
    pub kind: String,
    /// One of those of `bench/micro.py`.
    pub profile: String,
    /// With all libraries already compiled.
    pub full: Seconds,
    /// After a change of one function.
    pub again: Seconds,
    /// The size of the stripped module in bytes.
    pub size: u64,
}

/// Builds the modules of all peers.
pub fn measure(modules: &Modules, peers: &[&Peer]) -> Result<Vec<Build>> {
    println!("==> compiling the large modules: takes long");
    let text = capture(&mut script(modules, peers, "bench/micro.py"))?;
    serde_json::from_str(&text).context("bench/micro.py printed unexpected output")
}

/// Returns the command that runs a script which builds large modules.
pub fn script(modules: &Modules, peers: &[&Peer], path: &str) -> Command {
    let peers: Vec<_> = peers.iter().map(|peer| peer.name).collect();
    let bin = modules.venv.bin();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = modules.venv.python();
    command
        .args([path, "--folder"])
        .arg(modules.folder.join("micro"))
        .args(["--peers", &peers.join(",")])
        .arg("--cargo")
        .arg(cargo)
        .arg("--cmake")
        .arg(bin.join("cmake"))
        .arg("--ninja")
        .arg(bin.join("ninja"))
        .arg("--python")
        .arg(&modules.python.executable);
    command
}

/// Runs a command with inherited stderr; returns its stdout.
pub fn capture(command: &mut Command) -> Result<String> {
    run::output(command.stderr(std::process::Stdio::inherit()))
}

/// Replaces the builds of the peers that were built again.
pub fn merge(old: Vec<Build>, new: Vec<Build>) -> Vec<Build> {
    let mut all: Vec<Build> = old
        .into_iter()
        .filter(|build| !new.iter().any(|other| other.peer == build.peer))
        .collect();
    all.extend(new);
    all
}

/// Finds the build of a peer.
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
