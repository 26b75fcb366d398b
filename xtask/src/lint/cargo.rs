//! The checks that cargo and its tools make.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail, ensure};

use crate::{compat, run, tools};

/// The version of cargo-deny.
const CARGO_DENY: &str = "0.20.2";

/// A workspace of the project.
struct Workspace {
    /// The folder of its manifest.
    folder: &'static str,
    /// Whether it asks for `pyo3`, and is checked with `compat/pyo3` in PyO3's place.
    is_patched: bool,
}

/// All workspaces, the project's own first.
static WORKSPACES: [Workspace; 7] = [
    Workspace::new(".", false),
    Workspace::new("bench", false),
    Workspace::new("bench/modules/pyo3", false),
    Workspace::new("compat/pyo3", true),
    Workspace::new("compat/tests/bridges", true),
    Workspace::new("compat/tests/tree", true),
    Workspace::new("examples/geoindex", true),
];

impl Workspace {
    const fn new(folder: &'static str, is_patched: bool) -> Self {
        Self { folder, is_patched }
    }

    /// Returns a command of cargo for the whole workspace.
    fn cargo(&self, verb: &str) -> Command {
        let mut cargo = run::cargo();
        cargo
            .arg(verb)
            .arg("--manifest-path")
            .arg(Path::new(self.folder).join("Cargo.toml"));
        cargo
    }

    /// Returns a command that compiles, in a target folder of its own: builds with different
    /// packages in PyO3's place must not share one. Those with `compat/pyo3` there do.
    fn build(&self, verb: &str) -> Command {
        let mut cargo = self.cargo(verb);
        cargo.arg("--workspace");
        if self.folder != "." {
            let name = match self.is_patched {
                true => "patched".to_owned(),
                false => self.folder.replace('/', "-"),
            };
            cargo
                .arg("--target-dir")
                .arg(run::target_dir().join("lint").join(name));
        }
        if self.is_patched {
            cargo.arg("--config").arg(compat::patch());
        }
        cargo
    }
}

/// Runs a command for each of the workspaces, even if some fail.
fn for_each(
    workspaces: impl IntoIterator<Item = &'static Workspace>,
    command: impl Fn(&Workspace) -> Command,
) -> Result<()> {
    let mut failed = Vec::new();
    for workspace in workspaces {
        if let Err(error) = run::status(&mut command(workspace)) {
            println!("{error:#}");
            failed.push(workspace.folder);
        }
    }
    ensure!(failed.is_empty(), "failed in {}", failed.join(", "));
    Ok(())
}

/// Runs `cargo fmt --check`.
pub fn fmt() -> Result<()> {
    for_each(&WORKSPACES, |workspace| {
        let mut cargo = workspace.cargo("fmt");
        cargo.args(["--all", "--check"]);
        cargo
    })
}

/// Runs `cargo clippy`; warnings fail.
pub fn clippy() -> Result<()> {
    for_each(&WORKSPACES, |workspace| {
        let mut cargo = workspace.build("clippy");
        cargo.args(["--all-targets", "--", "-D", "warnings"]);
        cargo
    })
}

/// Runs `cargo doc` in the project's own workspace; warnings fail.
pub fn docs() -> Result<()> {
    let mut cargo = WORKSPACES[0].build("doc");
    run::status(cargo.arg("--no-deps").env("RUSTDOCFLAGS", "-D warnings"))
}

/// Runs the tests of `xtask` itself: each check finds what it looks for.
pub fn self_test() -> Result<()> {
    run::status(run::cargo().args(["test", "--quiet", "--package", "xtask"]))
}

/// Runs `cargo deny`, as far as it needs no list of advisories: licenses, bans and sources. The
/// workspaces that ask for `pyo3` have nothing in their trees that the others lack.
pub fn deny() -> Result<()> {
    let deny = tools::installed("cargo-deny", CARGO_DENY)?;
    for_each(WORKSPACES.iter().filter(|it| !it.is_patched), |workspace| {
        let mut command = Command::new(&deny);
        command
            .current_dir(run::root())
            .args(["--all-features", "--config", "deny.toml"])
            .arg("--manifest-path")
            .arg(Path::new(workspace.folder).join("Cargo.toml"))
            .args(["check", "licenses", "bans", "sources"]);
        command
    })
}

/// Checks that the library compiles for the stable ABI of the oldest version and of a later one, by
/// the name of PyO3's features, and for abi3t: without a Python to link to, since the configured
/// one may be too old.
pub fn stable_abi() -> Result<()> {
    for minimum in [9, 12] {
        let mut cargo = WORKSPACES[3].build("check");
        run::status(cargo.args(["--features", &format!("full,abi3-py3{minimum}")]))?;
    }
    let mut cargo = WORKSPACES[3].build("check");
    run::status(
        cargo
            .args(["--features", "full,abi3t-py315"])
            .env("PYO3_NO_PYTHON", "1")
            .env("PYO3_BUILD_EXTENSION_MODULE", "1"),
    )
}

/// Checks that cargo refuses a tree with Pyatoll and PyO3: they would not recognize each other's
/// objects.
pub fn two_libraries_are_refused() -> Result<()> {
    for package in ["pyatoll", "compat"] {
        let manifest = format!("compat/tests/both/{package}/Cargo.toml");
        fails_with(
            run::cargo().args([
                "metadata",
                "--format-version",
                "1",
                "--manifest-path",
                &manifest,
            ]),
            "links to the native library `pyo3-python`",
        )?;
    }
    Ok(())
}

/// Runs a command that is to fail, and to say why.
fn fails_with(command: &mut Command, reason: &str) -> Result<()> {
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() || !said.contains(reason) {
        bail!(
            "{command:?} is to fail with `{reason}`, and ends with {}:\n{said}",
            output.status
        );
    }
    Ok(())
}
