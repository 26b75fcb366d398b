//! The options of the command, and their values.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// The options of the command.
#[derive(Args)]
pub struct Options {
    /// Run the tests in the main interpreter, or each in its own fresh sub-interpreter
    #[arg(long, value_enum, default_value_t)]
    pub interpreter: Interpreter,
    /// Run only this file of tests (can be given several times)
    #[arg(long, value_name = "NAME")]
    pub file: Vec<String>,
    /// Run the examples of PyO3's documentation and guide instead, in the main interpreter
    #[arg(long, conflicts_with_all = ["interpreter", "file"])]
    pub docs: bool,
    /// The Python to test with [default: $PYO3_PYTHON, else python3 on the path]
    #[arg(long, value_name = "PATH")]
    pub python: Option<PathBuf>,
    /// Write the result to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Fail if fewer tests pass than in compat/expected.json, or expected-docs.json
    #[arg(long, conflicts_with = "update")]
    pub check: bool,
    /// Write the result to compat/expected.json, or expected-docs.json
    #[arg(long)]
    pub update: bool,
    /// Compile the tests for the stable ABI of 3.11
    #[arg(long, conflicts_with = "docs")]
    pub abi3: bool,
    /// Compile the tests against Pyatoll or PyO3
    #[arg(long, value_enum, default_value_t)]
    pub against: Against,
}

/// The interpreter in which the tests run.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Interpreter {
    /// The main interpreter
    #[default]
    Main,
    /// Sub-interpreters with their own GIL
    OwnGil,
    /// Sub-interpreters that share the main interpreter's GIL
    SharedGil,
}

impl Interpreter {
    /// Returns its name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::OwnGil => "own-gil",
            Self::SharedGil => "shared-gil",
        }
    }
}

/// The library that the tests are compiled against.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Against {
    /// Pyatoll, through compat/pyo3
    #[default]
    Pyatoll,
    /// PyO3 itself, for the number of tests
    Pyo3,
}
