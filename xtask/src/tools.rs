//! Tools written in Rust that the project's commands use: pinned versions, installed on first use.
//!
//! They are kept in `$PYATOLL_TOOLS`, by default `~/.cache/pyatoll/tools`, one folder for each name
//! and version, so that worktrees share them and a new version never replaces an old one.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::run;

/// Returns the program of the crate `name` in that version; installs it if it is missing.
pub fn installed(name: &str, version: &str) -> Result<PathBuf> {
    let folder = cache()?.join(format!("{name}-{version}"));
    let program = folder
        .join("bin")
        .join(format!("{name}{}", env::consts::EXE_SUFFIX));
    if runs(&program) {
        return Ok(program);
    }
    println!("installing {name} {version} into {}", folder.display());
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut cargo = run::cargo();
    cargo
        .args(["install", "--quiet", "--locked", "--force"])
        .args(["--version", version, "--root"])
        .arg(&folder)
        .arg("--target-dir")
        .arg(folder.join("build"))
        .arg(name)
        // The tools run for seconds and are built once: what counts is the time of the build.
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "false");
    for flags in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        cargo.env_remove(flags);
    }
    run::status(&mut cargo)?;
    fs::remove_dir_all(folder.join("build")).context("cannot delete the tool's build folder")?;
    if !runs(&program) {
        bail!("{} was installed, but does not run", program.display());
    }
    Ok(program)
}

/// Returns whether the program exists and can be loaded: one built for a newer libc cannot.
fn runs(program: &Path) -> bool {
    let status = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// Returns the folder that holds all tools.
fn cache() -> Result<PathBuf> {
    if let Some(folder) = env::var_os("PYATOLL_TOOLS") {
        return Ok(run::root().join(folder));
    }
    let home = env::home_dir().context("no home folder: set PYATOLL_TOOLS")?;
    Ok(home.join(".cache/pyatoll/tools"))
}
