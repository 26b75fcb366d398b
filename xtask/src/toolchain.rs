//! A Rust toolchain with the sources of the standard library, for targets whose standard library no
//! distribution packages.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::run;

/// A toolchain that compiles for all targets.
pub struct Toolchain {
    /// The folder with its programs.
    programs: PathBuf,
}

impl Toolchain {
    /// Finds one with the sources of the standard library: the one that runs, or the system's.
    pub fn find() -> Result<Self> {
        let running = run::output(Command::new("rustc").args(["--print", "sysroot"]))?;
        for sysroot in [Path::new(running.trim()), Path::new("/usr")] {
            if sysroot.join("lib/rustlib/src/rust/library/std").exists() {
                return Ok(Self {
                    programs: sysroot.join("bin"),
                });
            }
        }
        bail!(
            "the sources of Rust's standard library are missing: install them with 'rustup \
             component add rust-src', or Debian's package rust-src"
        )
    }

    /// Returns a command for its cargo, started in the workspace's root.
    pub fn cargo(&self) -> Result<Command> {
        let mut command = run::cargo_of(&self.programs.join("cargo"));
        self.use_in(&mut command)?;
        Ok(command)
    }

    /// Makes a command run this toolchain, which then accepts the `-Z` flags of cargo and rustc.
    pub fn use_in(&self, command: &mut Command) -> Result<()> {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.programs.clone()).chain(env::split_paths(&path));
        command
            // For `-Z`, on a stable toolchain.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("PATH", env::join_paths(folders)?)
            .env("CARGO", self.programs.join("cargo"))
            .env("RUSTC", self.programs.join("rustc"))
            .env_remove("RUSTUP_TOOLCHAIN");
        Ok(())
    }
}
