//! The result as text and as JSON.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::compare::{self, Difference};
use super::lists::Lists;

/// Prints the figures, and what is missing or differs: all of it, or what no list names.
pub fn print(version: &str, difference: &Difference, lists: &Lists, all: bool) {
    println!("PyO3 {version} beside Pyatoll:");
    for (word, total) in [
        ("item", difference.items),
        ("conversion", difference.conversions),
        ("impl", difference.impls),
    ] {
        let missing = missing(difference, word).count();
        println!("{total:6} {word}s, {missing} missing");
    }
    let count = difference.signatures.len();
    println!("{count:6} declarations differ");
    for entry in compare::roots(&difference.missing) {
        if !all && lists.names(&entry) {
            continue;
        }
        println!("missing: {entry}");
    }
    for (name, (theirs, ours)) in &difference.signatures {
        if all || !lists.names(&format!("signature {name}")) {
            println!("differs: {name}\n    PyO3     {theirs}\n    Pyatoll  {ours}");
        }
    }
}

/// Returns the names of what is missing of one kind.
fn missing<'a>(difference: &'a Difference, word: &str) -> impl Iterator<Item = &'a str> {
    difference
        .missing
        .iter()
        .filter_map(move |entry| entry.strip_prefix(word)?.strip_prefix(' '))
}

/// Writes the result to a file.
pub fn write_json(path: &Path, difference: &Difference, lists: &Lists) -> Result<()> {
    let text = serde_json::to_string_pretty(&to_json(difference, lists))?;
    fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
}

fn to_json(difference: &Difference, lists: &Lists) -> Value {
    let list = |word| missing(difference, word).collect::<Vec<_>>();
    let signatures: Vec<_> = difference
        .signatures
        .iter()
        .map(|(name, (theirs, ours))| json!({"name": name, "pyo3": theirs, "pyatoll": ours}))
        .collect();
    json!({
        "items": difference.items,
        "items_missing": list("item"),
        "conversions": difference.conversions,
        "conversions_missing": list("conversion"),
        "impls": difference.impls,
        "impls_missing": list("impl"),
        "signatures": signatures,
        "deliberate": lists.deliberate().collect::<Vec<_>>(),
    })
}
