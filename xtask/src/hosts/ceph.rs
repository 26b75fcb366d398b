//! ceph-mgr: each manager module is an interpreter that shares the GIL.

use anyhow::{Result, ensure};

use super::host::{Course, Figures, Host};
use super::scale::PARALLEL;
use super::site::{FOLDER, Site};
use super::{http, process, program};
use crate::python::Python;
use crate::{ports, run};

/// The host.
pub struct Ceph;

/// The minor version of the Python that Debian's ceph 16 is built with.
const PYTHON: u32 = 11;

/// Debian's own Python, which has the client's module.
const CLIENT: &str = "/usr/bin/python3.11";

/// The mode in which the modules also use the package bcrypt, built with Pyatoll: ceph's own
/// modules do, and fail with the one that is built with PyO3.
const BCRYPT: &str = "bcrypt";

/// The folder with the base class of manager modules.
const MANAGER: &str = "/usr/share/ceph/mgr";

impl Host for Ceph {
    fn name(&self) -> &'static str {
        "ceph"
    }

    fn packages(&self, python: &Python) -> &'static [&'static str] {
        match python.minor {
            PYTHON => &["ceph-mgr", "ceph-mon", "python3-rados"],
            _ => &[],
        }
    }

    fn modes(&self, python: &Python) -> Result<Vec<&'static str>> {
        ensure!(
            python.minor == PYTHON && std::path::Path::new(CLIENT).exists(),
            "Debian 12's ceph-mgr is for Python 3.{PYTHON}, not {}",
            python.short()
        );
        Ok(vec!["modules", BCRYPT])
    }

    fn has_twin(&self, mode: &str) -> bool {
        mode != BCRYPT
    }

    fn run(&self, course: &Course<'_>) -> Result<Figures> {
        let site = Site::new(&course.library)?;
        for folder in ["run", "mgr"] {
            site.create_folder(folder)?;
        }
        let port = http::free_port()?;
        let configuration = site.configure("ceph/ceph.conf", &[("PORT", port.to_string())])?;
        let scale = course.scale;
        let path = std::env::join_paths([site.python(), MANAGER.into()])?;
        let mut command = process::command(CLIENT);
        if course.mode == BCRYPT {
            let package = ports::install("bcrypt", course.python)?;
            command.env("HOSTS_BCRYPT", package);
        }
        command
            .arg(run::root().join(FOLDER).join("ceph/drive.py"))
            .arg(configuration)
            .arg(&course.log)
            .arg(port.to_string())
            .args(
                [scale.requests, scale.warm_up(), scale.restarts, PARALLEL].map(|n| n.to_string()),
            )
            .env("PYTHONPATH", path)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        program::run(&mut command, course)
    }
}
