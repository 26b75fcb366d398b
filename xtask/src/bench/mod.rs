//! `cargo xtask bench`: Pyatoll beside its peers.
//!
//! The same small module is built in each of them ([`modules`]), and `bench/run.py` measures them
//! in one process: their times ([`times`]), their instructions ([`instructions`], which CI compares
//! with a [`baseline`]), the libraries' own calls ([`internals`]), and what interpreters cost
//! ([`interpreters`]). `bench/micro.py` compiles large modules ([`build_times`]). What a complete
//! run of a group measures is kept ([`results`]), with a [`page`] and a [`chart`], and held against
//! what we promise ([`bars`]).

mod bars;
mod baseline;
mod build_times;
mod chart;
mod instructions;
mod internals;
mod interpreters;
mod modules;
mod page;
mod results;
mod times;

use std::path::PathBuf;

use anyhow::{Result, bail};

use self::modules::Modules;
use self::results::{Conditions, Results, Section};
use crate::python::Python;
use crate::run;

/// What `cargo xtask bench` is told.
#[derive(clap::Args)]
pub struct Options {
    /// The groups (functions, classes, internals, interpreters, build), or rows of the first two,
    /// such as `classes/get*` [default: all groups but build]
    #[arg(long, value_name = "PATTERN", num_args = 1..)]
    rows: Vec<String>,
    /// The peers to run [default: all]
    #[arg(long, value_name = "NAME", num_args = 1..)]
    peers: Vec<String>,
    /// Write what was measured to this file, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The Python, 3.14 or later [default: $PYO3_PYTHON, else python3 on the path]
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
    /// Fewer rounds, in one process: for a first look, not for bench/results
    #[arg(long)]
    quick: bool,
    /// Count instructions with callgrind instead of taking times
    #[arg(long)]
    instructions: bool,
    /// Fail if a row takes 5 % more instructions than bench/baseline.json says
    #[arg(long, requires = "instructions")]
    check: bool,
    /// Write bench/baseline.json anew for this Python
    #[arg(long, requires = "instructions", conflicts_with = "check")]
    update: bool,
    /// Measure nothing: make the page and the chart of bench/results anew
    #[arg(long)]
    page: bool,
}

/// The groups that are measured in ways of their own.
const OTHER_GROUPS: &[&str] = &["internals", "interpreters", "build"];

impl Options {
    /// Whether a group other than functions and classes was asked for.
    fn wants(&self, group: &str) -> bool {
        if self.rows.is_empty() {
            return group != "build" && self.peers.is_empty();
        }
        self.rows.iter().any(|row| row == group)
    }

    /// The patterns for functions and classes; `None` if only other groups are asked for.
    fn patterns(&self) -> Option<Vec<String>> {
        let patterns: Vec<String> = self
            .rows
            .iter()
            .filter(|row| !OTHER_GROUPS.contains(&row.as_str()))
            .cloned()
            .collect();
        (self.rows.is_empty() || !patterns.is_empty()).then_some(patterns)
    }

    /// Whether all rows of functions and classes are measured, with all peers.
    fn is_complete(&self) -> bool {
        let all = ["functions", "classes"]
            .iter()
            .all(|group| self.rows.iter().any(|row| row == group));
        !self.quick && self.peers.is_empty() && (self.rows.is_empty() || all)
    }

    /// The command that does this run again.
    fn command(&self) -> String {
        let mut command = "cargo xtask bench".to_owned();
        if !self.rows.is_empty() {
            command += &format!(" --rows {}", self.rows.join(" "));
        }
        if !self.peers.is_empty() {
            command += &format!(" --peers {}", self.peers.join(" "));
        }
        command
    }
}

/// Builds the modules, measures them, prints and keeps the results.
pub fn run(options: &Options) -> Result<()> {
    if options.page {
        return write(&Results::read()?);
    }
    let python = Python::find(options.python.clone())?;
    if python.minor() < 14 {
        bail!(
            "the benchmarks need Python 3.14 or later, not {}: name one with --python",
            python.version
        );
    }
    if options.check || options.update {
        return baseline::run(python, options.update);
    }
    let peers = modules::named(&options.peers)?;
    let patterns = options.patterns();
    let modules = if patterns.is_some() {
        Modules::build(python, &peers)?
    } else {
        Modules::build(python, &[])?
    };
    if options.instructions {
        let rows = instructions::count(&modules, &peers, &patterns.unwrap_or_default())?;
        instructions::print(&rows, &peers);
        return Ok(());
    }

    let conditions = Conditions::here(&modules, &options.command())?;
    let mut measured = Results::default();
    if let Some(patterns) = &patterns {
        let times = times::measure(&modules, &peers, patterns, options.quick)?;
        times.print(&peers);
        measured.times = Some(Section::new(&conditions, times));
        if options.is_complete() && instructions::available() {
            let rows = instructions::count(&modules, &peers, patterns)?;
            instructions::print(&rows, &peers);
            measured.instructions = Some(Section::new(&conditions, rows));
        }
    }
    if options.wants("internals") {
        let internals = internals::measure(&modules, options.quick)?;
        internals.print();
        measured.internals = Some(Section::new(&conditions, internals));
    }
    if options.wants("interpreters") {
        let interpreters = interpreters::measure(&modules, options.quick)?;
        interpreters.print();
        measured.interpreters = Some(Section::new(&conditions, interpreters));
    }
    if options.wants("build") {
        let builds = build_times::measure(&modules, &peers)?;
        build_times::print(&builds);
        measured.build = Some(Section::new(&conditions, builds));
    }

    if let Some(file) = &options.json {
        std::fs::write(
            run::root().join(file),
            serde_json::to_string_pretty(&measured)?,
        )?;
    }
    if options.quick {
        return Ok(());
    }
    if !options.is_complete() {
        measured.times = None;
    }
    let mut kept = Results::read()?;
    kept.update(measured);
    write(&kept)
}

/// Writes the results, with the page and the chart of them.
fn write(results: &Results) -> Result<()> {
    let chart = results.times.as_ref().map(chart::chart);
    results.write(&page::page(results)?, chart.as_deref())
}
