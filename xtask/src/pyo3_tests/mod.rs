//! `cargo xtask pyo3-tests`: PyO3's own integration tests, compiled against `compat/pyo3`.
//!
//! The tests are taken from the registry's copy of the crate `pyo3` at run time; this repository
//! contains nothing of them. Each file is a test program in a generated package. All are compiled
//! at once and run one after the other; the tests of files that do not compile are counted by
//! parsing.
//!
//! | file | concern |
//! |---|---|
//! | `compile` | compiling the package |
//! | `count` | counting tests by parsing |
//! | `execute` | running the test programs |
//! | `expected` | the committed figures |
//! | `package` | the generated package |
//! | `report` | the result as a table and as JSON |
//! | `source` | finding PyO3's tests |

mod compile;
mod count;
mod execute;
mod expected;
mod package;
mod report;
mod source;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use self::compile::Outcome;
use self::count::Cfgs;
use self::report::{FileResult, Report};
use crate::python::Python;
use crate::run;

/// The options of the command.
#[derive(Args)]
pub struct Options {
    /// Run the tests in the main interpreter, or each in its own fresh sub-interpreter
    #[arg(long, value_enum, default_value_t)]
    interpreter: Interpreter,
    /// Run only this file of tests (can be given several times)
    #[arg(long, value_name = "NAME")]
    file: Vec<String>,
    /// The Python to test with [default: $PYO3_PYTHON, else python3 on the path]
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
    /// Write the result to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Fail if a file passes fewer tests than in compat/expected.json
    #[arg(long, conflicts_with = "update")]
    check: bool,
    /// Write the result to compat/expected.json
    #[arg(long)]
    update: bool,
    /// Compile the tests against Pyatoll or PyO3
    #[arg(long, value_enum, default_value_t)]
    against: Against,
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

/// Compiles and runs the tests, and reports how many pass.
pub fn run(options: &Options) -> Result<()> {
    let python = Python::find(options.python.clone())?;
    if options.against == Against::Pyo3 && options.interpreter != Interpreter::Main {
        bail!("PyO3 itself can only be tested in the main interpreter");
    }
    if options.interpreter == Interpreter::OwnGil && python.minor < 12 {
        bail!(
            "Python {} has no interpreters with their own GIL (new in 3.12); \
             `--interpreter shared-gil` works",
            python.version
        );
    }
    let source = source::find()?;
    let files = source.select(&options.file)?;
    let folder = package::write(&source, options.against)?;
    println!(
        "==> {} files of PyO3 {}'s tests, Python {}, {} interpreter, against {}",
        files.len(),
        source.version,
        python.version,
        options.interpreter.name(),
        match options.against {
            Against::Pyatoll => "Pyatoll",
            Against::Pyo3 => "PyO3",
        },
    );

    let whole = files.len() == source.files.len();
    let compiled = compile::all(&folder, &python, if whole { &[] } else { &files })?;
    let cfgs = Cfgs::new(&source.features(), &compiled.cfgs)?;
    let runner = execute::Runner::new(&folder, &python, options.interpreter)?;
    let mut report = Report::default();
    for file in &files {
        let declared = count::tests(&file.path, &cfgs)?;
        let log = runner.log(&file.name);
        let result = match compiled.outcomes.get(&file.name) {
            Some(Outcome::Executable(executable)) => {
                let result = runner.run(&file.name, executable)?;
                if result.tests() != declared {
                    bail!(
                        "{} has {} tests, but parsing it finds {declared}",
                        file.name,
                        result.tests()
                    );
                }
                result
            }
            Some(Outcome::Errors(errors)) => {
                std::fs::write(&log, errors)?;
                FileResult::not_compiled(declared)
            }
            None => bail!("cargo did not report {}", file.name),
        };
        if !options.file.is_empty() && !result.is_complete() {
            println!("{}", std::fs::read_to_string(&log)?);
        }
        report.add(&file.name, result);
    }

    report.print(&runner.logs);
    if let Some(path) = &options.json {
        report.write_json(path)?;
    }
    if options.check || options.update {
        let figures = expected::Figures {
            python: &python,
            version: &source.version,
            against: options.against,
            interpreter: options.interpreter,
            report: &report,
            whole,
        };
        if options.update {
            figures.update()?;
        } else {
            figures.check()?;
        }
    }
    Ok(())
}

/// Returns the folder for everything that this command generates.
fn work_folder() -> PathBuf {
    run::target_dir().join("pyo3-tests")
}
