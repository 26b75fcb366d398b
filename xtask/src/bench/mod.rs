//! `cargo xtask bench`: Pyatoll beside its peers.
//!
//! The same small module is built with each peer, and `bench/run.py` measures all of them in one
//! process. `bench/micro.py` compiles large modules. The results of a complete run of a group are
//! stored in `bench/results/`, with a page and a chart, and compared with the promises.
//!
//! | file | concern |
//! |---|---|
//! | `baseline` | instruction counts that CI compares with |
//! | `build_times` | the group `build`: compile times and sizes of large modules |
//! | `chart` | the bar chart |
//! | `imports` | the group `imports`: the import of a module with many classes |
//! | `instructions` | counting instructions with callgrind |
//! | `internals` | the group `internals`: calls of the libraries' own runtimes |
//! | `interpreters` | the group `interpreters`: the cost of interpreters |
//! | `modules` | building the module with each peer |
//! | `page` | the page of results |
//! | `promises` | the promised numbers, and whether they are kept |
//! | `results` | the stored results |
//! | `sharing` | the group `sharing`: objects that interpreters share |
//! | `threads` | the group `threads`: two threads of a Python without a GIL |
//! | `times` | the groups `functions`, `classes` and `conversions`: times |

mod baseline;
mod build_times;
mod chart;
mod imports;
mod instructions;
mod internals;
mod interpreters;
mod modules;
mod page;
mod promises;
mod results;
mod sharing;
mod threads;
mod times;

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};

use self::modules::{Builder, Modules};
use self::results::{Conditions, Results, Section};
use crate::python::Python;
use crate::run;

/// The options of the command.
#[derive(clap::Args)]
pub struct Options {
    /// Groups (functions, classes, conversions, internals, imports, interpreters, sharing, threads,
    /// build) or rows of the first three, such as `classes/get*` [default: all groups that this
    /// Python can run, but build]
    #[arg(long, value_name = "PATTERN", num_args = 1..)]
    rows: Vec<String>,
    /// Peers to measure [default: all]
    #[arg(long, value_name = "NAME", num_args = 1..)]
    peers: Vec<String>,
    /// Also write the measurements to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The Python, 3.14 or later; the group threads needs a free-threaded one, and internals also
    /// runs on one, and on 3.12 and 3.13 [default: $PYO3_PYTHON, else python3 on the path]
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
    /// A free-threaded Python, for the row about its threads in the group `sharing`
    #[arg(long, value_name = "PATH")]
    free_threaded: Option<PathBuf>,
    /// Run fewer rounds in one process: for a first look, not stored in bench/results
    #[arg(long)]
    quick: bool,
    /// Count instructions with callgrind instead of measuring times
    #[arg(long)]
    instructions: bool,
    /// Fail if a row takes over 5 % more instructions than in bench/baseline.json
    #[arg(long, requires = "instructions")]
    check: bool,
    /// Update bench/baseline.json for this Python
    #[arg(long, requires = "instructions", conflicts_with = "check")]
    update: bool,
    /// Build the modules in Rust for the stable ABI of 3.11, and measure only those
    #[arg(long)]
    abi3: bool,
    /// Only regenerate the page and the chart in bench/results
    #[arg(long)]
    page: bool,
}

/// The groups that are measured by `bench/rows.py`.
const ROWS: &[&str] = &["functions", "classes", "conversions"];

/// The other groups.
const OTHER_GROUPS: &[&str] = &[
    "internals",
    "imports",
    "interpreters",
    "sharing",
    "threads",
    "build",
];

/// Returns what kind of Python a group needs, if this one is not of that kind.
fn obstacle(group: &str, python: &Python) -> Option<&'static str> {
    let is_free_threaded = python.is_free_threaded();
    match group {
        "threads" if !is_free_threaded => Some("a free-threaded Python"),
        "internals" if python.minor < 12 => Some("Python 3.12 or later"),
        "internals" | "threads" => None,
        _ if is_free_threaded => Some("a Python with a GIL"),
        _ if python.minor < 14 => Some("Python 3.14 or later"),
        _ => None,
    }
}

impl Options {
    /// Returns whether one of [`OTHER_GROUPS`] is to be measured.
    fn wants(&self, group: &str, python: &Python) -> bool {
        if self.rows.is_empty() {
            let by_default = group != "build" && self.peers.is_empty() && !self.abi3;
            return by_default && obstacle(group, python).is_none();
        }
        self.rows.iter().any(|row| row == group)
    }

    /// Fails if a requested group cannot be measured with this Python.
    fn check_groups(&self, python: &Python) -> Result<()> {
        for group in &self.rows {
            if let Some(needed) = obstacle(group, python) {
                bail!(
                    "{group} needs {needed}, not {}: name one with --python",
                    python.version
                );
            }
        }
        Ok(())
    }

    /// Returns the patterns for `bench/rows.py`, or `None` if only other groups are requested.
    fn patterns(&self, python: &Python) -> Option<Vec<String>> {
        if self.rows.is_empty() && obstacle(ROWS[0], python).is_some() {
            return None;
        }
        let patterns: Vec<String> = self
            .rows
            .iter()
            .filter(|row| !OTHER_GROUPS.contains(&row.as_str()))
            .cloned()
            .collect();
        (self.rows.is_empty() || !patterns.is_empty()).then_some(patterns)
    }

    /// Returns whether all rows of [`ROWS`] are measured with all peers.
    fn is_complete(&self) -> bool {
        let all = ROWS
            .iter()
            .all(|group| self.rows.iter().any(|row| row == group));
        !self.quick && self.peers.is_empty() && (self.rows.is_empty() || all)
    }

    /// Returns the command that repeats this run.
    fn command(&self) -> String {
        let mut command = "cargo xtask bench".to_owned();
        if !self.rows.is_empty() {
            command += &format!(" --rows {}", self.rows.join(" "));
        }
        if !self.peers.is_empty() {
            command += &format!(" --peers {}", self.peers.join(" "));
        }
        if self.abi3 {
            command += " --abi3";
        }
        if self.free_threaded.is_some() {
            command += " --free-threaded PATH";
        }
        command
    }
}

/// Builds the modules, measures them, prints and stores the results.
pub fn run(options: &Options) -> Result<()> {
    if options.page {
        return store(&Results::read()?);
    }
    let python = Python::find(options.python.clone())?;
    options.check_groups(&python)?;
    if options.check || options.update {
        return baseline::run(python, options.abi3, options.update);
    }
    let peers = if options.abi3 && options.peers.is_empty() {
        modules::built_by(Builder::Cargo)
    } else {
        modules::named(&options.peers)?
    };
    let patterns = options.patterns(&python);
    let modules = if patterns.is_some() {
        Modules::build(python, &peers, options.abi3)?
    } else {
        Modules::build(python, &[], options.abi3)?
    };
    if options.instructions {
        let rows = instructions::count(&modules, &peers, &patterns.unwrap_or_default())?;
        instructions::print(&rows, &peers);
        return Ok(());
    }

    let wants = |group| options.wants(group, &modules.python);
    let conditions = Conditions::here(&modules, &options.command())?;
    let mut measured = Results::default();
    if let Some(patterns) = &patterns {
        let times = times::measure(&modules, &peers, patterns, options.quick)?;
        times.print(&peers);
        let section = Some(Section::new(&conditions, times));
        if options.abi3 {
            measured.stable_abi = section;
        } else {
            measured.times = section;
        }
        if options.is_complete() && !options.abi3 && instructions::available() {
            let rows = instructions::count(&modules, &peers, patterns)?;
            instructions::print(&rows, &peers);
            measured.instructions = Some(Section::new(&conditions, rows));
        }
    }
    if wants("internals") {
        let internals = internals::measure(&modules, options.quick)?;
        internals.print();
        let section = Section::new(&conditions, internals);
        measured.internals.insert(modules.python.short(), section);
    }
    if wants("imports") {
        let imports = imports::measure(&modules, &peers, options.quick)?;
        imports::print(&imports);
        measured.imports = Some(Section::new(&conditions, imports));
    }
    if wants("threads") {
        let threads = threads::measure(&modules, options.quick)?;
        threads::print(&threads);
        measured.threads = Some(Section::new(&conditions, threads));
    }
    if wants("interpreters") {
        let interpreters = interpreters::measure(&modules, options.quick)?;
        interpreters.print();
        measured.interpreters = Some(Section::new(&conditions, interpreters));
    }
    if wants("sharing") {
        let sharing = sharing::measure(&modules, options.quick, options.free_threaded.as_deref())?;
        sharing.print();
        measured.sharing = Some(Section::new(&conditions, sharing));
    }
    if wants("build") {
        let builds = build_times::measure(&modules, &peers)?;
        build_times::print(&builds);
        measured.build = Some(Section::new(&conditions, builds));
    }

    if let Some(file) = &options.json {
        fs::write(
            run::root().join(file),
            serde_json::to_string_pretty(&measured)?,
        )?;
    }
    if options.quick {
        return Ok(());
    }
    if !options.is_complete() {
        measured.times = None;
        measured.stable_abi = None;
    }
    let mut kept = Results::read()?;
    kept.update(measured);
    store(&kept)
}

/// Stores the results, and the page and the chart generated from them.
fn store(results: &Results) -> Result<()> {
    let folder = run::root().join(results::FOLDER);
    fs::create_dir_all(&folder)?;
    let json = serde_json::to_string_pretty(results)? + "\n";
    fs::write(folder.join("latest.json"), &json)?;
    fs::write(folder.join("latest.md"), page::page(results)?)?;
    if let Some(times) = &results.times {
        fs::write(folder.join("latest.svg"), chart::chart(times))?;
        let cpu = times.conditions.cpu.split(',').next().unwrap_or("");
        let cpu = cpu
            .to_lowercase()
            .replace(|c: char| !c.is_alphanumeric(), "-");
        let name = format!("{}-{cpu}.json", times.conditions.date);
        fs::write(folder.join(name), &json)?;
    }
    println!("==> written: {}/latest.md, .svg, .json", results::FOLDER);
    Ok(())
}
