//! The command line: which tests run, against what, and where.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// The options of the command.
#[derive(Args)]
pub struct Options {
    /// Where the tests run: in the main interpreter, or each in a fresh sub-interpreter of its own
    #[arg(long, value_enum, default_value_t)]
    pub interpreter: Interpreter,
    /// Only this file of tests (can be given several times)
    #[arg(long, value_name = "NAME")]
    pub file: Vec<String>,
    /// The Python to test with [default: $PYO3_PYTHON, else python3 on the path]
    #[arg(long, value_name = "PATH")]
    pub python: Option<PathBuf>,
    /// Write the result to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Fail if a file of tests passes fewer than is written in compat/expected.json
    #[arg(long, conflicts_with = "update")]
    pub check: bool,
    /// Write the result to compat/expected.json
    #[arg(long)]
    pub update: bool,
    /// What the tests are compiled against
    #[arg(long, value_enum, default_value_t)]
    pub against: Against,
}

/// Where the tests run.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Interpreter {
    /// The main interpreter, as PyO3 knows it
    #[default]
    Main,
    /// Sub-interpreters with their own GIL
    OwnGil,
    /// Sub-interpreters that share the main interpreter's GIL
    SharedGil,
}

impl Interpreter {
    /// The name of it, on the command line and elsewhere.
    pub fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::OwnGil => "own-gil",
            Self::SharedGil => "shared-gil",
        }
    }
}

/// What the tests are compiled against.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Against {
    /// Pyatoll, by way of compat/pyo3
    #[default]
    Pyatoll,
    /// PyO3 itself: tells how many tests there are
    Pyo3,
}
