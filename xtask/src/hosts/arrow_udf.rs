//! arrow-udf's runtime for functions in Python: a crate on top of PyO3, built with `compat/pyo3`
//! and with a sub-interpreter for each runtime. Its own tests are the load.

use std::path::Path;

use anyhow::{Result, ensure};

use super::host::{Course, Figures, Host};
use super::module::Module;
use super::site::FOLDER;
use crate::python::Python;
use crate::{ports, run};

/// The host.
pub struct ArrowUdf;

/// The first minor version that it supports, and with it interpreters that have their own GIL.
const FIRST: u32 = 12;

impl Host for ArrowUdf {
    fn name(&self) -> &'static str {
        "arrow-udf"
    }

    fn packages(&self, _python: &Python) -> &'static [&'static str] {
        &[]
    }

    fn modes(&self, python: &Python) -> Result<Vec<&'static str>> {
        ensure!(
            python.minor >= FIRST && !python.is_free_threaded(),
            "it needs Python 3.{FIRST} or later with a GIL, not {}",
            python.short()
        );
        Ok(vec!["tests"])
    }

    fn has_twin(&self, _mode: &str) -> bool {
        false
    }

    fn run(&self, course: &Course<'_>) -> Result<Figures> {
        ensure!(course.module == Module::Pyatoll, "it is not written in C");
        let path = Path::new(FOLDER).join("arrow-udf.toml");
        let (passed, failed) = ports::test_crate(&run::root().join(path), course.python)?;
        Ok(Figures {
            requests: passed + failed.len(),
            failures: failed.len(),
            samples: failed,
            ..Figures::default()
        })
    }
}
