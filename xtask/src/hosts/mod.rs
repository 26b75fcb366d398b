//! `cargo xtask hosts`: programs that run several interpreters, with a Pyatoll module in them.
//!
//! For each host, the command installs what it needs, starts it on this machine, loads the module
//! of `hosts/probe` into two applications, checks that they share nothing, puts a bounded load on
//! it, restarts it under load, watches its memory and stops it. The same run with the module's twin
//! in C tells the host's own faults from ours. Debian's packages are for one Python, or two; the
//! hosts that cannot run the chosen Python are listed.
//!
//! | file | concern |
//! |---|---|
//! | `host` | what a host is, and what a run of it yields |
//! | `scale` | how much each host has to do |
//! | `apache`, `uwsgi` | hosts that are servers |
//! | `server` | their common course |
//! | `http`, `load` | the client, and the load on a server |
//! | `ceph`, `jep`, `pools` | hosts that programs of ours drive |
//! | `program` | their common course |
//! | `arrow_udf` | a host that is a crate, with tests of its own |
//! | `module` | building the module and its twin |
//! | `output` | reading what a host printed |
//! | `packages` | Debian packages |
//! | `process` | processes, and ending them |
//! | `report` | the result as a table and as JSON, and what fails |
//! | `site` | the files of a run |
//! | `state` | what an application says about its interpreter |

mod apache;
mod arrow_udf;
mod ceph;
mod host;
mod http;
mod jep;
mod load;
mod module;
mod output;
mod packages;
mod pools;
mod process;
mod program;
mod report;
mod scale;
mod server;
mod site;
mod state;
mod uwsgi;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, bail};
use clap::Args;
use clap::builder::PossibleValuesParser;

use self::host::{Course, Host};
use self::module::Module;
use self::report::{Absent, Report, Row};
use crate::python::Python;

/// All hosts. The example of a web server in Rust tests itself.
const HOSTS: &[&dyn Host] = &[
    &pools::Pools,
    &apache::Apache,
    &uwsgi::Uwsgi,
    &jep::Jep,
    &ceph::Ceph,
    &arrow_udf::ArrowUdf,
];

/// The options of the command.
#[derive(Args)]
pub struct Options {
    /// The hosts [default: all that can run the Python]
    #[arg(value_name = "NAME", value_parser = names())]
    names: Vec<String>,
    /// The Python to test with [default: $PYO3_PYTHON, else python3 on the path]
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
    /// Write the result to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// 30,000 requests, 20 restarts and 400 interpreters; memory must be level
    #[arg(long)]
    long: bool,
    /// Only install the Debian packages of the hosts
    #[arg(long, conflicts_with_all = ["json", "long"])]
    install: bool,
}

/// Returns the names of all hosts.
fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(HOSTS.iter().map(|host| host.name()))
}

/// Runs the hosts and reports how they did.
pub fn run(options: &Options) -> Result<()> {
    let python = Python::find(options.python.clone())?;
    let is_chosen = |host: &&dyn Host| {
        options.names.is_empty() || options.names.iter().any(|name| name == host.name())
    };
    let hosts: Vec<_> = HOSTS.iter().copied().filter(is_chosen).collect();
    let packages = hosts.iter().flat_map(|host| host.packages(&python));
    packages::install(&packages.copied().collect::<Vec<_>>())?;
    if options.install {
        return Ok(());
    }
    let modules = [
        (Module::Pyatoll, Module::Pyatoll.build(&python)?),
        (Module::C, Module::C.build(&python)?),
    ];
    let mut report = Report::default();
    for host in hosts {
        match host.modes(&python) {
            Ok(modes) => {
                for mode in modes {
                    run_mode(host, mode, &modules, &python, options, &mut report)?;
                }
            }
            Err(error) if !options.names.is_empty() => return Err(error),
            Err(error) => report.absent.push(Absent {
                host: host.name(),
                reason: format!("{error:#}"),
            }),
        }
    }
    report.print();
    if let Some(path) = &options.json {
        report.write_json(path)?;
    }
    let faults = report.faults(options.long);
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}

/// Runs a host in one mode, with each module.
fn run_mode(
    host: &dyn Host,
    mode: &'static str,
    modules: &[(Module, PathBuf)],
    python: &Python,
    options: &Options,
    report: &mut Report,
) -> Result<()> {
    for (module, library) in modules {
        if *module == Module::Pyatoll || host.has_twin(mode) {
            let row = run_once(host, mode, *module, library, python, options)?;
            report.rows.push(row);
        }
    }
    Ok(())
}

/// Runs a host in one mode with one module.
fn run_once(
    host: &dyn Host,
    mode: &'static str,
    module: Module,
    library: &Path,
    python: &Python,
    options: &Options,
) -> Result<Row> {
    println!("==> {}, {mode}, module: {}", host.name(), module.name());
    let logs = module::folder(python)?.join("logs");
    fs::create_dir_all(&logs)?;
    let log = logs.join(format!("{}-{mode}-{}.log", host.name(), module.name()));
    fs::write(&log, "")?;
    let course = Course {
        python,
        mode,
        module,
        library: library.to_owned(),
        scale: if options.long {
            scale::LONG
        } else {
            scale::SHORT
        },
        log: log.clone(),
    };
    let start = Instant::now();
    let result = host.run(&course);
    let seconds = start.elapsed().as_secs_f64();
    let (figures, error) = match result {
        Ok(figures) => (figures, None),
        Err(error) => (host::Figures::default(), Some(format!("{error:#}"))),
    };
    for sample in &figures.samples {
        println!("    {sample}");
    }
    for fault in &figures.faults {
        println!("    {} × {}", fault.count, fault.line);
    }
    if let Some(error) = &error {
        println!("    {error}");
    }
    println!("    {seconds:.1} s; its output: {}", log.display());
    Ok(Row {
        host: host.name(),
        python: python.short(),
        mode,
        module: module.name(),
        seconds,
        figures,
        error,
    })
}
