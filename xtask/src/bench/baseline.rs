//! The committed instruction counts, which no row may exceed by much.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::instructions::{self, Row};
use super::modules::{self, Modules};
use super::results::rustc;
use crate::python::Python;
use crate::run;

/// The file with the counts.
const FILE: &str = "bench/baseline.json";

/// Limit of a row's count relative to the baseline.
const LIMIT: f64 = 1.05;

/// The counts for one minor version of Python, or for it and the stable ABI.
#[derive(Serialize, Deserialize)]
struct Baseline {
    /// Python's full version.
    python: String,
    /// The output of `rustc --version`.
    rustc: String,
    /// Instructions per call with one interpreter alive, and with two.
    rows: BTreeMap<String, [f64; 2]>,
}

/// Counts all rows of Pyatoll, built for the stable ABI or not, and compares the counts with the
/// baseline or, with `update`, makes them the new baseline.
pub fn run(python: Python, abi3: bool, update: bool) -> Result<()> {
    let version = format!("3.{}{}", python.minor, if abi3 { "-abi3" } else { "" });
    let mut now = Baseline {
        python: python.version.clone(),
        rustc: rustc()?,
        rows: BTreeMap::new(),
    };
    let peers = modules::named(&["pyatoll".to_owned()])?;
    let modules = Modules::build(python, &peers, abi3)?;
    let rows = instructions::count(&modules, &peers, &[])?;
    now.rows = rows.iter().map(|row| (row.id.clone(), pair(row))).collect();
    instructions::print(&rows, &peers);

    let file = run::root().join(FILE);
    let mut all: BTreeMap<String, Baseline> = match fs::read_to_string(&file) {
        Ok(text) => serde_json::from_str(&text).with_context(|| format!("{FILE} is damaged"))?,
        Err(_) => BTreeMap::new(),
    };
    if update {
        all.insert(version, now);
        return Ok(fs::write(
            &file,
            serde_json::to_string_pretty(&all)? + "\n",
        )?);
    }
    let Some(old) = all.get(&version) else {
        bail!("{FILE} has no counts for Python {version}: create them with --update");
    };
    let grown = grown(&old.rows, &now.rows);
    if grown.is_empty() {
        println!("==> no row takes over 5 % more instructions than in {FILE}");
        return Ok(());
    }
    let mut message = format!("more than 5 % over {FILE}:");
    for line in grown {
        message += &format!("\n  {line}");
    }
    if old.python != now.python || old.rustc != now.rustc {
        message += &format!(
            "\nThe baseline was counted with Python {} and {}, this with Python {} and {}.",
            old.python, old.rustc, now.python, now.rustc
        );
    }
    bail!("{message}\nIf this is intended: cargo xtask bench --instructions --update");
}

fn pair(row: &Row) -> [f64; 2] {
    // Less than a tenth of an instruction is noise.
    [&row.one, &row.many].map(|counts| (counts["pyatoll"] * 10.0).round() / 10.0)
}

/// Describes the rows that exceed the limit, and those that only one side has.
fn grown(old: &BTreeMap<String, [f64; 2]>, now: &BTreeMap<String, [f64; 2]>) -> Vec<String> {
    let mut faults = Vec::new();
    for (row, counts) in now {
        let Some(before) = old.get(row) else {
            faults.push(format!("{row} is not in the baseline"));
            continue;
        };
        for (alive, before, count) in [(1, before[0], counts[0]), (2, before[1], counts[1])] {
            if count > before * LIMIT {
                faults.push(format!(
                    "{row}, {alive} alive: {count:.1} instructions per call, was {before:.1} \
                     ({:+.1} %)",
                    (count / before - 1.0) * 100.0
                ));
            }
        }
    }
    for row in old.keys().filter(|row| !now.contains_key(*row)) {
        faults.push(format!("{row} is in the baseline, but was not counted"));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(counts: &[(&str, f64, f64)]) -> BTreeMap<String, [f64; 2]> {
        counts
            .iter()
            .map(|&(row, one, many)| (row.to_owned(), [one, many]))
            .collect()
    }

    #[test]
    fn a_row_may_grow_by_five_percent_and_no_more() {
        let old = rows(&[("a", 100.0, 200.0)]);
        assert!(grown(&old, &rows(&[("a", 104.9, 209.9)])).is_empty());
        assert!(grown(&old, &rows(&[("a", 50.0, 50.0)])).is_empty());
        assert_eq!(grown(&old, &rows(&[("a", 105.1, 200.0)])).len(), 1);
        assert_eq!(grown(&old, &rows(&[("a", 100.0, 211.0)])).len(), 1);
    }

    #[test]
    fn a_row_that_is_new_or_missing_is_a_fault() {
        let old = rows(&[("a", 1.0, 1.0)]);
        let now = rows(&[("b", 1.0, 1.0)]);
        assert_eq!(grown(&old, &now).len(), 2);
    }
}
