//! The project's own commands, run as `cargo xtask …` (an alias in `.cargo/config.toml`).

mod asan;
mod bench;
mod book;
mod compat;
mod leaks;
mod lint;
mod loom;
mod package;
mod pyo3_tests;
mod python;
mod run;
mod stress;
mod test;
mod tls;
mod tools;
mod wheels;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Pyatoll's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run every test: Rust, docs, compile errors, wheels under pytest, and check-tls
    Test {
        /// The Python to test against [default: $PYO3_PYTHON, else python3 on the path]
        #[arg(long, value_name = "PATH")]
        python: Option<PathBuf>,
    },
    /// Do random work in many interpreters and threads at once, checked against a model
    Stress(stress::Options),
    /// Measure what interpreters that used a module leave behind, and what its import costs
    Leaks(leaks::Options),
    /// Check that no hot path of the library reads thread-local storage
    CheckTls {
        /// The Python to build against [default: $PYO3_PYTHON, else python3 on the path]
        #[arg(long, value_name = "PATH")]
        python: Option<PathBuf>,
    },
    /// Run the integration tests and the wheels' tests under the address sanitizer
    Asan {
        /// The Python to test against [default: $PYO3_PYTHON, else python3 on the path]
        #[arg(long, value_name = "PATH")]
        python: Option<PathBuf>,
    },
    /// Compile PyO3's own tests against compat/pyo3, run them, and say how many pass
    Pyo3Tests(pyo3_tests::Options),
    /// Measure Pyatoll beside C, pybind11, nanobind, Cython and PyO3
    Bench(bench::Options),
    /// Build the guide with mdBook, and check the links of all Markdown files
    Book(book::Options),
    /// Check formats, lints, docs, the structure of the sources, licenses: all but the tests
    Lint(lint::Options),
    /// Package the crates as for publishing, and test the packages by themselves
    Package {
        /// The Python to test against [default: $PYO3_PYTHON, else python3 on the path]
        #[arg(long, value_name = "PATH")]
        python: Option<PathBuf>,
    },
    /// Check the models of the lock-free parts, and that they find the faults put into these
    Loom,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Test { python } => test::run(python),
        Command::Stress(options) => stress::run(&options),
        Command::Leaks(options) => leaks::run(&options),
        Command::CheckTls { python } => tls::run(python),
        Command::Asan { python } => asan::run(python),
        Command::Pyo3Tests(options) => pyo3_tests::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Book(options) => book::run(&options),
        Command::Lint(options) => lint::run(&options),
        Command::Package { python } => package::run(python),
        Command::Loom => loom::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
