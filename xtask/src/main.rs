//! The project's commands, run as `cargo xtask …` (an alias in `.cargo/config.toml`).
//!
//! | file | concern |
//! |---|---|
//! | `abi3` | `abi3`: wheels for the stable ABI |
//! | `api_diff/` | `api-diff`: Pyatoll's public API beside PyO3's |
//! | `asan` | `asan`: the tests under the address sanitizer |
//! | `bench/` | `bench`: Pyatoll beside its peers |
//! | `book` | `book`: the guide, and the links of all Markdown files |
//! | `compat` | crates that depend on `pyo3`, built with `compat/pyo3` |
//! | `driver` | the program that `stress` and `leaks` run |
//! | `examples` | `examples`: the examples, built outside of the workspace |
//! | `hosts/` | `hosts`: programs that run several interpreters, with a module in them |
//! | `leaks` | `leaks`: memory that interpreters with a module leak |
//! | `libtest` | reading what test programs print |
//! | `lint/` | `lint`: every check that runs no code of the library |
//! | `loom` | `loom`: the models of the lock-free parts |
//! | `package` | `package`: the crates as published, tested alone |
//! | `pyodide` | `pyodide`: wheels for Pyodide, tested in it |
//! | `pyo3_tests/` | `pyo3-tests`: PyO3's own tests |
//! | `ports/` | `ports`: published packages and crates on top of PyO3 |
//! | `python` | finding the Python to work with |
//! | `registry` | crates in cargo's registry |
//! | `run` | running child processes, and writing files for them |
//! | `stress` | `stress`: random work in many interpreters |
//! | `stubs` | `stubs`: the stubs of built modules, checked with type checkers |
//! | `targets` | `targets`: other operating systems and processors |
//! | `test` | `test`: every test, against one Python |
//! | `tls` | `check-tls`: no thread-local storage on hot paths |
//! | `toolchain` | a Rust toolchain with the sources of the standard library |
//! | `tools` | installing pinned tools |
//! | `wheels` | building wheels in a virtual environment |

mod abi3;
mod api_diff;
mod asan;
mod bench;
mod book;
mod compat;
mod driver;
mod examples;
mod hosts;
mod leaks;
mod libtest;
mod lint;
mod loom;
mod package;
mod ports;
mod pyo3_tests;
mod pyodide;
mod python;
mod registry;
mod run;
mod stress;
mod stubs;
mod targets;
mod test;
mod tls;
mod toolchain;
mod tools;
mod wheels;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Pyatoll's own commands
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run every test: Rust, docs, compile errors, wheels under pytest, check-tls, stress, leaks
    Test {
        /// The Python to test against [default: $PYO3_PYTHON, else python3 on the path]
        #[arg(long, value_name = "PATH")]
        python: Option<PathBuf>,
        /// Run only the library's unit tests and the Python tests of the test extension; if the
        /// Python is emulated, only the former
        #[arg(long)]
        short: bool,
        /// Skip the compile-error tests, whose result does not depend on the Python
        #[arg(long)]
        no_compile_errors: bool,
    },
    /// Build wheels for the stable ABI, audit them, and test the same files on any Python
    Abi3(abi3::Options),
    /// Copy each example out of the workspace, and build the copy
    Examples {
        /// The Python to build against [default: $PYO3_PYTHON, else python3 on the path]
        #[arg(long, value_name = "PATH")]
        python: Option<PathBuf>,
    },
    /// Run random operations in many interpreters and threads at once, checked against a model
    Stress(stress::Options),
    /// Measure the memory that interpreters leak after using a module, and the time of its import
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
    /// Compile PyO3's own tests against compat/pyo3, run them, and report how many pass
    Pyo3Tests(pyo3_tests::Options),
    /// Build published packages and crates with compat/pyo3, and run their own tests
    Ports(ports::Options),
    /// Run programs that have several interpreters (Apache, uWSGI, JEP, …) with a module in them
    Hosts(hosts::Options),
    /// Compare the public API with PyO3's, by rustdoc's JSON
    ApiDiff(api_diff::Options),
    /// Benchmark Pyatoll against C, pybind11, nanobind, Cython and PyO3
    Bench(bench::Options),
    /// Write the stubs (`.pyi`) of a built module, or check those of the examples
    Stubs(stubs::Options),
    /// Compile the library for operating systems and processors that the tests do not run on
    Targets(targets::Options),
    /// Build wheels for Pyodide (WebAssembly), and run their tests in it
    Pyodide(pyodide::Options),
    /// Build the guide with mdBook, and check the links of all Markdown files
    Book(book::Options),
    /// Check formatting, lints, docs, source structure, dependencies: everything but the tests
    Lint(lint::Options),
    /// Package the crates as for publishing, and test the unpacked packages
    Package {
        /// The Python to test against [default: $PYO3_PYTHON, else python3 on the path]
        #[arg(long, value_name = "PATH")]
        python: Option<PathBuf>,
    },
    /// Check the loom models of the lock-free parts, and that they detect planted faults
    Loom,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Test {
            python,
            short,
            no_compile_errors,
        } => test::run(python, short, !no_compile_errors),
        Command::Abi3(options) => abi3::run(&options),
        Command::Examples { python } => examples::run(python),
        Command::Stress(options) => stress::run(&options),
        Command::Leaks(options) => leaks::run(&options),
        Command::CheckTls { python } => tls::run(python),
        Command::Asan { python } => asan::run(python),
        Command::Pyo3Tests(options) => pyo3_tests::run(&options),
        Command::Ports(options) => ports::run(&options),
        Command::Hosts(options) => hosts::run(&options),
        Command::ApiDiff(options) => api_diff::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Stubs(options) => stubs::run(&options),
        Command::Targets(options) => targets::run(&options),
        Command::Pyodide(options) => pyodide::run(&options),
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
