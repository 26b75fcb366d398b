//! The committed lists of what is missing or differs.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::compare::{self, Difference};
use crate::run;

/// Deliberate differences.
pub const DELIBERATE: &str = "compat/deliberate.toml";
/// What is not supported yet.
pub const MISSING: &str = "compat/api-missing.txt";
/// The page with the arguments for deliberate differences.
const PAGE: &str = "guide/src/differences.md";
/// The largest number of missing items, conversions and implementations that may be deliberate.
const MOST: usize = 15;

/// The contents of [`DELIBERATE`].
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deliberate {
    difference: Vec<Row>,
}

/// The differences that a row of the page argues for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// The text of a cell in the row.
    row: String,
    /// What is missing.
    #[serde(default)]
    missing: Vec<String>,
    /// The declarations that differ.
    #[serde(default)]
    signatures: Vec<String>,
}

/// The lists.
pub struct Lists {
    deliberate: Deliberate,
    /// Lines of [`MISSING`] without its comments.
    missing: BTreeSet<String>,
    page: String,
}

impl Lists {
    /// Reads the committed lists.
    pub fn read() -> Result<Self> {
        let read = |path: &str| {
            fs::read_to_string(run::root().join(path))
                .with_context(|| format!("cannot read {path}"))
        };
        Self::new(&read(DELIBERATE)?, &read(MISSING)?, read(PAGE)?)
    }

    fn new(deliberate: &str, missing: &str, page: String) -> Result<Self> {
        let deliberate =
            toml::from_str(deliberate).with_context(|| format!("cannot parse {DELIBERATE}"))?;
        let missing = missing
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(str::to_owned)
            .collect();
        Ok(Self {
            deliberate,
            missing,
            page,
        })
    }

    /// Returns what is missing deliberately.
    pub fn deliberate(&self) -> impl Iterator<Item = &String> {
        self.deliberate
            .difference
            .iter()
            .flat_map(|row| &row.missing)
    }

    /// Returns whether a list names something that is missing, or a declaration that differs.
    pub fn names(&self, entry: &str) -> bool {
        let of_row = |row: &Row| {
            let missing = row.missing.iter().any(|one| one == entry);
            missing || row.signatures.iter().any(|one| signature(one) == entry)
        };
        self.missing.contains(entry) || self.deliberate.difference.iter().any(of_row)
    }

    /// Removes from [`MISSING`] what is not missing any more.
    pub fn shrink(&mut self, difference: &Difference) -> Result<()> {
        let found = entries(difference);
        self.missing.retain(|entry| found.contains(entry));
        let path = run::root().join(MISSING);
        let text = fs::read_to_string(&path)?;
        let kept: Vec<_> = text
            .lines()
            .filter(|line| line.is_empty() || line.starts_with('#') || self.missing.contains(*line))
            .collect();
        fs::write(path, kept.join("\n") + "\n").with_context(|| format!("cannot write {MISSING}"))
    }

    /// Fails unless the lists name exactly what is missing or differs.
    pub fn check(&self, difference: &Difference) -> Result<()> {
        let complaints = self.complaints(difference);
        if complaints.is_empty() {
            return Ok(());
        }
        bail!(
            "the API differs from what the lists say:\n  {}\nA deliberate difference belongs in \
             {DELIBERATE} and, with its argument, in {PAGE}; `cargo xtask api-diff --update` removes \
             from {MISSING} what is not missing any more.",
            complaints.join("\n  ")
        )
    }

    fn complaints(&self, difference: &Difference) -> Vec<String> {
        let found = entries(difference);
        let mut complaints: Vec<_> = found
            .iter()
            .filter(|entry| !self.names(entry))
            .map(|entry| format!("in no list: {entry}"))
            .collect();
        let mut listed = BTreeSet::new();
        let rows = &self.deliberate.difference;
        let deliberate = rows.iter().flat_map(|row| {
            let signatures = row.signatures.iter().map(|one| signature(one));
            row.missing.iter().cloned().chain(signatures)
        });
        for entry in deliberate.chain(self.missing.iter().cloned()) {
            if !found.contains(&entry) {
                complaints.push(format!("in a list, but not missing or different: {entry}"));
            }
            if !listed.insert(entry.clone()) {
                complaints.push(format!("listed twice: {entry}"));
            }
        }
        for row in rows {
            let cell = format!("| {} |", row.row);
            if !self.page.contains(&cell) {
                complaints.push(format!("{PAGE} has no row \"{}\"", row.row));
            }
        }
        let count = self.deliberate().count();
        if count > MOST {
            complaints.push(format!(
                "{count} are missing deliberately; at most {MOST} may be"
            ));
        }
        complaints
    }
}

fn signature(name: &str) -> String {
    format!("signature {name}")
}

/// Returns everything that is missing by itself or differs, as in the lists.
pub fn entries(difference: &Difference) -> BTreeSet<String> {
    let signatures = difference.signatures.keys().map(|name| signature(name));
    compare::roots(&difference.missing)
        .into_iter()
        .chain(signatures)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str =
        "[[difference]]\nrow = \"a\"\nmissing = [\"item x\"]\nsignatures = [\"s\"]\n";

    fn complaints(rows: &str, missing: &str, found: &[&str]) -> Vec<String> {
        let lists = Lists::new(rows, missing, "| a | b |".to_owned()).expect("valid lists");
        let mut difference = Difference::default();
        for name in found {
            match name.strip_prefix("signature ") {
                Some(name) => {
                    let both = (String::new(), String::new());
                    difference.signatures.insert(name.to_owned(), both);
                }
                None => {
                    difference.missing.insert((*name).to_owned());
                }
            }
        }
        lists.complaints(&difference)
    }

    #[test]
    fn exact_lists_are_accepted() {
        let found = ["item x", "item y", "signature s"];
        assert!(complaints(ROWS, "# a comment\n\nitem y\n", &found).is_empty());
    }

    #[test]
    fn new_and_stale_entries_are_errors() {
        let all = complaints(ROWS, "item y\n", &["item x", "item z", "signature s"]);
        let stale = "in a list, but not missing or different: item y";
        assert_eq!(all, ["in no list: item z", stale]);
    }

    #[test]
    fn an_entry_in_both_lists_is_an_error() {
        let all = complaints(ROWS, "item x\n", &["item x", "signature s"]);
        assert_eq!(all, ["listed twice: item x"]);
    }

    #[test]
    fn a_row_that_the_page_does_not_have_is_an_error() {
        let all = complaints("[[difference]]\nrow = \"c\"\n", "", &[]);
        assert_eq!(all, ["guide/src/differences.md has no row \"c\""]);
    }

    #[test]
    fn too_many_deliberate_ones_are_an_error() {
        let names: Vec<_> = (0..=MOST)
            .map(|number| format!("item {number:02}"))
            .collect();
        let rows = format!("[[difference]]\nrow = \"a\"\nmissing = {names:?}\n");
        let found: Vec<_> = names.iter().map(String::as_str).collect();
        let all = complaints(&rows, "", &found);
        assert_eq!(all, ["16 are missing deliberately; at most 15 may be"]);
    }
}
