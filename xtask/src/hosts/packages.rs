//! Debian packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::run;

/// The file that tells Debian's packages whether they may start services.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Installs the missing ones of these packages, without those that they only recommend. No package
/// starts a service.
pub fn install(names: &[&str]) -> Result<()> {
    let missing: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| !is_installed(name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("installing {}", missing.join(" "));
    let _no_services = NoServices::begin()?;
    let install = || {
        let install = ["-y", "install", "--no-install-recommends"];
        run::output(apt().args(install).args(&missing)).map(drop)
    };
    install()
        .or_else(|_| {
            // The index is old, or there is none. The one of a mirror may have expired, and one of
            // several sources may be unreachable: only the installation has to succeed.
            let _ = run::output(apt().args(["-o", "Acquire::Check-Valid-Until=false", "update"]));
            install()
        })
        .context("the host's packages cannot be installed (it needs Debian, and root)")
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command
        .args(["-q", "-o", "DPkg::Lock::Timeout=600"])
        // Without a wait for the disk after each file.
        .args(["-o", "DPkg::Options::=--force-unsafe-io"])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null());
    command
}

fn is_installed(name: &str) -> bool {
    let query =
        run::output(Command::new("dpkg-query").args(["-W", "-f", "${db:Status-Status}", name]));
    query.is_ok_and(|status| status == "installed")
}

/// Forbids packages to start services, until it is dropped. A policy that exists stays as it is.
struct NoServices(Option<PathBuf>);

impl NoServices {
    fn begin() -> Result<Self> {
        let path = Path::new(POLICY);
        if path.exists() {
            return Ok(Self(None));
        }
        fs::write(path, "#!/bin/sh\nexit 101\n")
            .with_context(|| format!("cannot write {POLICY}"))?;
        let guard = Self(Some(path.to_owned()));
        run::output(Command::new("chmod").arg("+x").arg(path))?;
        Ok(guard)
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}
