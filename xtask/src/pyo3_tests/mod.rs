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
//! | `docs/` | the examples in PyO3's documentation |
//! | `edit` | calls that are `unsafe` in Pyatoll |
//! | `execute` | running the test programs |
//! | `expected` | the committed figures |
//! | `options` | the options of the command |
//! | `package` | the generated package |
//! | `report` | the result as a table and as JSON |
//! | `source` | finding PyO3's tests |

mod compile;
mod count;
mod docs;
mod edit;
mod execute;
mod expected;
mod options;
mod package;
mod report;
mod source;

use anyhow::{Result, bail};

use self::compile::Outcome;
use self::count::Cfgs;
pub use self::options::Options;
use self::options::{Against, Interpreter};
use self::report::{FileResult, Report};
use crate::python::Python;

/// Compiles and runs the tests, and reports how many pass.
pub fn run(options: &Options) -> Result<()> {
    let python = Python::find(options.python.clone())?;
    if options.docs {
        return docs::run(options, &python);
    }
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
    let source = source::find(options.abi3)?;
    let files = source.select(&options.file)?;
    let folder = package::write(&source, options.against, options.abi3)?;
    println!(
        "==> {} files of PyO3 {}'s tests, Python {}{}, {} interpreter, against {}",
        files.len(),
        source.version,
        python.version,
        if options.abi3 { ", stable ABI" } else { "" },
        options.interpreter.name(),
        match options.against {
            Against::Pyatoll => "Pyatoll",
            Against::Pyo3 => "PyO3",
        },
    );

    let whole = files.len() == source.files.len();
    let compiled = compile::all(&folder, &python, if whole { &[] } else { &files })?;
    let cfgs = Cfgs::new(&source.features, &compiled.cfgs)?;
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
            abi3: options.abi3,
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
