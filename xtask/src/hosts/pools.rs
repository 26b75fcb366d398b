//! The standard library: `concurrent.interpreters` and `InterpreterPoolExecutor`.

use anyhow::{Result, ensure};

use super::host::{Course, Figures, Host};
use super::scale::PARALLEL;
use super::site::Site;
use super::{process, program};
use crate::python::Python;

/// The host.
pub struct Pools;

/// The first minor version with these modules.
const FIRST: u32 = 14;

impl Host for Pools {
    fn name(&self) -> &'static str {
        "stdlib"
    }

    fn packages(&self, _python: &Python) -> &'static [&'static str] {
        &[]
    }

    fn modes(&self, python: &Python) -> Result<Vec<&'static str>> {
        ensure!(
            python.minor >= FIRST,
            "Python {} has no concurrent.interpreters",
            python.short()
        );
        Ok(vec!["executor", "interpreters"])
    }

    fn run(&self, course: &Course<'_>) -> Result<Figures> {
        let site = Site::new(&course.library)?;
        let scale = course.scale;
        let mut command = process::command(&course.python.executable);
        command
            .arg(site.path("python/pools.py"))
            .arg(course.mode)
            .args([scale.requests, scale.warm_up(), scale.interpreters].map(|n| n.to_string()))
            .arg(PARALLEL.to_string())
            .env("PYTHONPATH", site.python())
            .env("PYTHONDONTWRITEBYTECODE", "1");
        program::run(&mut command, course)
    }
}
