//! The result of all runs: a table, JSON, and what fails.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::host::Figures;
use super::module::Module;
use super::scale::PARALLEL;

/// How much memory may grow in a long run, in percent, where the C module's is level.
const LEVEL: f64 = 2.0;

/// One run of a host.
#[derive(Serialize)]
pub struct Row {
    /// The host.
    pub host: &'static str,
    /// Its Python.
    pub python: String,
    /// How it runs interpreters.
    pub mode: &'static str,
    /// The library that the module is built with.
    pub module: &'static str,
    /// Seconds that the run took.
    pub seconds: f64,
    /// What it yielded.
    #[serde(flatten)]
    pub figures: Figures,
    /// Why the run stopped early.
    pub error: Option<String>,
}

/// A host that cannot run this Python.
#[derive(Serialize)]
pub struct Absent {
    /// The host.
    pub host: &'static str,
    /// Why.
    pub reason: String,
}

/// All results.
#[derive(Serialize, Default)]
pub struct Report {
    /// The runs.
    pub rows: Vec<Row>,
    /// The hosts without a run.
    pub absent: Vec<Absent>,
}

impl Report {
    /// Prints the table.
    pub fn print(&self) {
        println!(
            "{:<10} {:<7} {:<12} {:<8} {:>8} {:>8} {:>8} {:>13} {:>17} {:>7}  result",
            "host",
            "python",
            "mode",
            "module",
            "requests",
            "failures",
            "restarts",
            "lost",
            "memory MB",
            "s"
        );
        for row in &self.rows {
            println!("{}", line(row));
        }
        for absent in &self.absent {
            println!("{:<10} not run: {}", absent.host, absent.reason);
        }
    }

    /// Writes the result as JSON.
    pub fn write_json(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Returns what is wrong in the runs with Pyatoll's module, by themselves and beside those with
    /// the C module. Faults of the latter are the hosts' own.
    pub fn faults(&self, is_long: bool) -> Vec<String> {
        let is_ours = |row: &&Row| row.module == Module::Pyatoll.name();
        let mut faults = Vec::new();
        for row in self.rows.iter().filter(is_ours) {
            let twin = self.rows.iter().find(|other| {
                !is_ours(other)
                    && (other.host, &other.python, other.mode) == (row.host, &row.python, row.mode)
            });
            let twin = twin.map(|twin| &twin.figures);
            let name = format!("{} {} {}", row.host, row.python, row.mode);
            let of_row = of_row(row).into_iter().chain(printed(&row.figures, twin));
            let beside = twin.map_or_else(Vec::new, |twin| beside(&row.figures, twin, is_long));
            faults.extend(of_row.chain(beside).map(|fault| format!("{name}: {fault}")));
        }
        faults
    }
}

/// Returns what is wrong by itself.
fn of_row(row: &Row) -> Vec<String> {
    let mut faults = Vec::new();
    faults.extend(row.error.clone());
    if row.figures.failures > 0 {
        faults.push(format!(
            "{} of {} requests failed in steady state",
            row.figures.failures, row.figures.requests
        ));
    }
    faults
}

/// Returns the crashes, hangs and panics that the host printed, except of kinds that it printed
/// with the C module as well.
fn printed(ours: &Figures, twin: Option<&Figures>) -> Vec<String> {
    let is_the_hosts = |sign| twin.is_some_and(|twin| twin.faults.iter().any(|f| f.sign == sign));
    let faults = ours.faults.iter().filter(|fault| !is_the_hosts(fault.sign));
    faults.map(|fault| fault.line.clone()).collect()
}

/// Returns what is worse than with the C module.
fn beside(ours: &Figures, twin: &Figures, is_long: bool) -> Vec<String> {
    let mut faults = Vec::new();
    if is_long
        && let Some((ours, twin)) = ours.growth().zip(twin.growth())
        && ours > LEVEL
        && twin <= LEVEL
    {
        faults.push(format!(
            "memory grows by {ours:.1} %, with the C module by {twin:.1} %"
        ));
    }
    if ours.lost > most_lost(twin, is_long) {
        faults.push(format!(
            "{} of {} requests are lost during {} restarts, with the C module {} of {}",
            ours.lost, ours.restart_requests, ours.restarts, twin.lost, twin.restart_requests
        ));
    }
    faults
}

/// Returns how many requests may be lost. Hosts drop requests that are under way to a process that
/// ends, which is a matter of chance: only a long run can be compared.
fn most_lost(twin: &Figures, is_long: bool) -> usize {
    match is_long {
        true => twin.lost + twin.lost / 2 + twin.restarts,
        false => twin.lost.max(PARALLEL * twin.restarts),
    }
}

fn line(row: &Row) -> String {
    let figures = &row.figures;
    let memory = figures
        .memory_kb
        .map_or_else(String::new, |(before, after)| {
            let mb = |kb: u64| kb as f64 / 1024.0;
            format!("{:.1} → {:.1}", mb(before), mb(after))
        });
    let is_good = row.error.is_none() && figures.failures == 0 && figures.faults.is_empty();
    format!(
        "{:<10} {:<7} {:<12} {:<8} {:>8} {:>8} {:>8} {:>13} {:>17} {:>7.1}  {}",
        row.host,
        row.python,
        row.mode,
        row.module,
        figures.requests,
        figures.failures,
        figures.restarts,
        format!("{}/{}", figures.lost, figures.restart_requests),
        memory,
        row.seconds,
        if is_good { "ok" } else { "FAILED" }
    )
}

#[cfg(test)]
mod tests {
    use super::super::output::Fault;
    use super::*;

    fn row(module: Module, figures: Figures) -> Row {
        Row {
            host: "apache",
            python: "3.14".to_owned(),
            mode: "daemon",
            module: module.name(),
            seconds: 1.0,
            figures,
            error: None,
        }
    }

    fn faults(ours: Figures, twin: Figures, is_long: bool) -> Vec<String> {
        let rows = vec![row(Module::Pyatoll, ours), row(Module::C, twin)];
        let report = Report {
            rows,
            ..Report::default()
        };
        report.faults(is_long)
    }

    fn figures(before: u64, after: u64, lost: usize) -> Figures {
        Figures {
            requests: 100,
            restarts: 4,
            restart_requests: 100,
            lost,
            memory_kb: Some((before, after)),
            ..Figures::default()
        }
    }

    #[test]
    fn memory_that_grows_is_a_fault_only_where_the_c_module_is_level() {
        let (level, grows) = (|| figures(1000, 1019, 0), || figures(1000, 1021, 0));
        assert!(faults(level(), level(), true).is_empty());
        assert!(faults(grows(), grows(), true).is_empty());
        let found = faults(grows(), level(), true);
        assert!(found.len() == 1 && found[0].contains("2.1 %"), "{found:?}");
        assert!(faults(grows(), level(), false).is_empty(), "a short run");
    }

    #[test]
    fn requests_may_be_lost_about_as_often_as_with_the_c_module() {
        let lost = |number| figures(1, 1, number);
        assert!(faults(lost(19), lost(10), true).is_empty());
        let found = faults(lost(20), lost(10), true);
        assert!(found.len() == 1 && found[0].contains("lost"), "{found:?}");
        // A short run: those under way at each of the four restarts.
        assert!(faults(lost(4 * PARALLEL), lost(0), false).is_empty());
        assert_eq!(faults(lost(4 * PARALLEL + 1), lost(0), false).len(), 1);
    }

    #[test]
    fn every_failure_of_ours_is_a_fault_and_none_of_the_c_module() {
        let printing = || Figures {
            faults: vec![Fault {
                sign: "Segmentation",
                line: "Segmentation fault".to_owned(),
                count: 1,
            }],
            ..figures(1, 1, 0)
        };
        let failing = || Figures {
            failures: 1,
            ..printing()
        };
        assert_eq!(faults(failing(), figures(1, 1, 0), false).len(), 2);
        assert!(faults(figures(1, 1, 0), failing(), false).is_empty());
        // What the host does with any module is its own.
        assert_eq!(faults(failing(), printing(), false).len(), 1);
    }
}
