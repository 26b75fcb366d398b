//! The check `circles`: in some folders, files refer to each other in one direction only.
//!
//! A circle is a set of files of which each reaches each other one through references. Re-exports
//! in a folder's `mod.rs` do not count: they are its contents, not its needs.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::files::Files;
use super::modules::{Crate, Reference};

/// The folders without circles, by the root of their crate.
const FOLDERS: [(&str, &[&str]); 3] = [
    (
        "crates/pyatoll/src/lib.rs",
        &[
            "crates/pyatoll/src/interpreter/",
            "crates/pyatoll/src/call/",
            "crates/pyatoll/src/pool/",
        ],
    ),
    (
        "crates/pyatoll-macros/src/lib.rs",
        &["crates/pyatoll-macros/src/"],
    ),
    ("xtask/src/main.rs", &["xtask/src/"]),
];

/// The files that each file refers to, with the line and the path of one reference.
type Graph<'a> = BTreeMap<&'a str, BTreeMap<&'a str, String>>;

/// Returns the faults, a line each.
pub fn check(files: &Files) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for (root, folders) in FOLDERS {
        let references = Crate::read(files, root)?.references();
        for folder in folders {
            faults.extend(check_folder(&references, folder));
        }
    }
    Ok(faults)
}

fn check_folder(references: &[Reference], folder: &str) -> Vec<String> {
    let mut graph = Graph::new();
    for reference in references {
        let is_inside = reference.from.starts_with(folder) && reference.to.starts_with(folder);
        let is_facade = reference.is_reexport && reference.from.ends_with("/mod.rs");
        if is_inside && !is_facade {
            graph
                .entry(&reference.from)
                .or_default()
                .entry(&reference.to)
                .or_insert_with(|| format!("line {}, `{}`", reference.line, reference.path));
        }
    }
    let name = |file: &str| file.strip_prefix(folder).unwrap_or(file).to_owned();
    let faults = circles(&graph).into_iter().map(|circle| {
        let arrows = circle.iter().flat_map(|from| {
            graph[from]
                .iter()
                .filter(|(to, _)| circle.contains(*to))
                .map(move |(to, place)| format!("\n    {} -> {} ({place})", name(from), name(to)))
        });
        let arrows: String = arrows.collect();
        format!("{folder}: a circle of {} files:{arrows}", circle.len())
    });
    faults.collect()
}

/// Returns the strongly connected components of more than one file.
fn circles<'a>(graph: &Graph<'a>) -> Vec<BTreeSet<&'a str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = graph
        .keys()
        .map(|file| (*file, reachable(graph, file)))
        .collect();
    let mut circles: Vec<BTreeSet<&str>> = Vec::new();
    for (file, targets) in &reached {
        if !targets.contains(file) || circles.iter().any(|circle| circle.contains(file)) {
            continue;
        }
        let circle = targets
            .iter()
            .filter(|target| reached.get(*target).is_some_and(|back| back.contains(file)));
        circles.push(circle.copied().collect());
    }
    circles
}

/// Returns the files that `start` reaches in one step or more.
fn reachable<'a>(graph: &Graph<'a>, start: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![start];
    while let Some(file) = waiting.pop() {
        for target in graph.get(file).into_iter().flat_map(BTreeMap::keys) {
            if found.insert(*target) {
                waiting.push(target);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_with(a: &str, b: &str, c: &str) -> Vec<String> {
        let files = Files::of(&[
            ("src/lib.rs", "mod pool;"),
            (
                "src/pool/mod.rs",
                "mod a; mod b; mod c; pub use a::A; pub(crate) use b::B; pub struct Pool;",
            ),
            ("src/pool/a.rs", a),
            ("src/pool/b.rs", b),
            ("src/pool/c.rs", c),
        ]);
        let references = Crate::read(&files, "src/lib.rs").unwrap().references();
        check_folder(&references, "src/pool/")
    }

    #[test]
    fn files_that_refer_to_each_other_fail() {
        let faults = check_with(
            "pub struct A; use super::b;",
            "pub struct B; fn f() { super::c::g() }",
            // By its re-export, too.
            "use crate::pool::A; pub fn g() {}",
        );
        assert_eq!(
            faults,
            ["src/pool/: a circle of 3 files:\
                \n    a.rs -> b.rs (line 1, `super::b`)\
                \n    b.rs -> c.rs (line 1, `super::c::g`)\
                \n    c.rs -> a.rs (line 1, `crate::pool::A`)"]
        );
    }

    #[test]
    fn arrows_in_one_direction_pass() {
        let faults = check_with(
            "pub struct A; use super::{b, c, Pool};",
            "pub struct B; use super::c::C;",
            "pub struct C; #[cfg(test)] mod tests { use super::super::A; }",
        );
        assert_eq!(faults, [""; 0]);
    }
}
