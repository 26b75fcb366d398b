//! Building the wheels.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::catalog::Package;
use super::library::Library;
use crate::run;
use crate::wheels::{Venv, only_wheel};

/// Settings with which a release build takes a fraction of the time.
const QUICK: &[(&str, &str)] = &[
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
];

/// A wheel that was built.
pub struct Built {
    /// Its path.
    pub wheel: PathBuf,
    /// Build time in seconds, without the crates that an earlier build has compiled.
    pub seconds: f64,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Builds a package as pip does, with the build backend that it names.
pub fn wheel(
    package: &Package,
    library: Library,
    source: &Path,
    venv: &Venv,
    quick: bool,
) -> Result<Built> {
    let folder = library.folder()?;
    let out = folder.join("wheels").join(&package.name);
    run::remove_folder(&out)?;
    let log = folder.join(format!("{}.log", package.name));
    let output = fs::File::create(&log)?;
    let mut command = venv.python();
    command
        .args([
            "-m",
            "pip",
            "wheel",
            "--no-deps",
            "--no-cache-dir",
            "-v",
            "--wheel-dir",
        ])
        .arg(&out)
        .arg(".")
        .current_dir(source)
        // Shared by all packages, so that crates that several of them need are compiled once.
        .env(
            "CARGO_TARGET_DIR",
            folder.join(if quick { "quick" } else { "release" }),
        )
        .stdout(output.try_clone()?)
        .stderr(output);
    if quick {
        command.envs(QUICK.iter().copied());
    }
    let start = Instant::now();
    let status = command.status().context("cannot run pip")?;
    let seconds = start.elapsed().as_secs_f64();
    if !status.success() {
        bail!(
            "{}\nAll of it: {}",
            errors(&fs::read_to_string(&log)?),
            log.display()
        );
    }
    let wheel = only_wheel(&out)?;
    let bytes = fs::metadata(&wheel)?.len();
    Ok(Built {
        wheel,
        seconds,
        bytes,
    })
}

/// Returns the first lines with errors of the compiler, or the last lines if there are none.
fn errors(log: &str) -> String {
    const SHOWN: usize = 40;
    let lines: Vec<_> = log.lines().map(str::trim_end).collect();
    let is_error = |line: &&&str| line.trim_start().starts_with("error");
    let errors: Vec<_> = lines.iter().filter(is_error).take(SHOWN).copied().collect();
    if errors.is_empty() {
        lines[lines.len().saturating_sub(SHOWN)..].join("\n")
    } else {
        errors.join("\n")
    }
}
