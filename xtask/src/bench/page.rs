//! The page of results, in Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use anyhow::Result;

use super::bars::{self, LIBRARIES};
use super::build_times::{self, Build};
use super::instructions;
use super::internals::Internals;
use super::interpreters::{self, Interpreters};
use super::modules::{PEERS, title};
use super::results::{Conditions, Results};
use super::times::{MANY, Row, Times};
use crate::run;

/// Where the causes of missed bars are written down.
const CAUSES: &str = "bench/causes.md";

/// The page.
pub fn page(results: &Results) -> Result<String> {
    let causes = causes(&fs::read_to_string(run::root().join(CAUSES)).unwrap_or_default());
    let mut page = String::from(
        "# Benchmarks\n\nMade by `cargo xtask bench`: not to be edited. `latest.json` has all \
         numbers. What is measured, and how, is in `bench/`.\n\n",
    );
    promises(&mut page, results);
    if let Some(section) = &results.times {
        heading(&mut page, "Functions and classes", &section.conditions);
        times(&mut page, &section.data);
        missed(&mut page, &section.data, &causes);
    }
    if let Some(section) = &results.instructions {
        heading(
            &mut page,
            "Functions and classes: instructions",
            &section.conditions,
        );
        counts(&mut page, &section.data);
    }
    if let Some(section) = &results.internals {
        heading(&mut page, "Internals", &section.conditions);
        internals_table(&mut page, &section.data);
    }
    if let Some(section) = &results.interpreters {
        heading(&mut page, "Interpreters", &section.conditions);
        interpreters_table(&mut page, &section.data);
    }
    if let Some(section) = &results.build {
        heading(&mut page, "Build", &section.conditions);
        build(&mut page, &section.data, &causes);
    }
    Ok(page)
}

/// Reads the causes: by the headings they stand under.
fn causes(text: &str) -> BTreeMap<String, String> {
    text.split("\n## ")
        .skip(1)
        .filter_map(|part| part.split_once('\n'))
        .map(|(id, cause)| (id.trim().to_owned(), cause.trim().to_owned()))
        .collect()
}

fn heading(page: &mut String, text: &str, conditions: &Conditions) {
    let versions: Vec<_> = PEERS
        .iter()
        .filter_map(|peer| {
            let version = conditions.versions.get(peer.name)?;
            Some(format!("{} {version}", peer.title))
        })
        .collect();
    let _ = write!(
        page,
        "## {text}\n\n`{}` on {}: Python {}; {}; {}; {}, {}; {}.\n\n",
        conditions.command,
        conditions.date,
        conditions.python,
        versions.join(", "),
        conditions.cpu,
        conditions.compiler,
        conditions.libc,
        conditions.rustc,
    );
}

fn promises(page: &mut String, results: &Results) {
    page.push_str("## What we promise\n\n| | | measured |\n|---|---|---|\n");
    for bar in bars::bars(results) {
        let kept = if bar.kept { "pass" } else { "**miss**" };
        let _ = writeln!(page, "| {} | {kept} | {} |", bar.promise, bar.measured);
    }
    page.push('\n');
}

fn table_head(page: &mut String, first: &str, columns: &[&str]) {
    let _ = writeln!(page, "| {first} | {} |", columns.join(" | "));
    let _ = writeln!(page, "|---|{}", "--:|".repeat(columns.len()));
}

fn times(page: &mut String, times: &Times) {
    page.push_str(
        "![Times, with Pyatoll's as 1](latest.svg)\n\nNanoseconds above the empty loop: the least of all rounds, and \
         in brackets the median. The time is the thread's own. Built for a release, each as its \
         documentation recommends:\n\n",
    );
    for peer in PEERS {
        let _ = writeln!(page, "- {}: {}", peer.title, peer.settings);
    }
    page.push('\n');
    let mut columns: Vec<_> = PEERS.iter().map(|peer| peer.title).collect();
    let many = format!("Pyatoll, {MANY} alive");
    columns.extend([many.as_str(), "Pyatoll / best"]);
    table_head(page, "row", &columns);
    for row in &times.rows {
        let _ = write!(page, "| {}: {} |", group(&row.id), row.title);
        for peer in PEERS {
            match row.one.get(peer.name) {
                Some(time) => {
                    let _ = write!(page, " {} ({}) |", number(time.min), number(time.median));
                }
                None => page.push_str(" n/a |"),
            }
        }
        match row.many.get("pyatoll") {
            Some(time) => {
                let _ = write!(page, " {} |", number(time.min));
            }
            None => page.push_str(" n/a |"),
        }
        let _ = writeln!(page, " {} |", of_best(row));
    }
    page.push_str("| geometric mean |");
    for peer in PEERS {
        let _ = write!(page, " {:.1} |", bars::mean(times, peer.name));
    }
    page.push_str(" | |\n\n");
}

fn group(id: &str) -> &str {
    id.split('/').next().unwrap_or(id)
}

fn number(value: f64) -> String {
    if value < 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

fn of_best(row: &Row) -> String {
    let (best, time) = bars::best(row);
    row.one.get("pyatoll").map_or(String::new(), |ours| {
        format!("{:.2} ({})", ours.min / time, title(best))
    })
}

fn missed(page: &mut String, times: &Times, causes: &BTreeMap<String, String>) {
    let missed: Vec<_> = times
        .rows
        .iter()
        .filter_map(|row| Some((row, bars::fault(row)?)))
        .collect();
    if missed.is_empty() {
        return;
    }
    page.push_str("### Rows that miss their bar, and why\n\n");
    for (row, fault) in missed {
        let cause = causes
            .get(&row.id)
            .map_or("the cause is not known yet.", String::as_str)
            .replace('\n', "\n  ");
        let _ = writeln!(page, "- **{}** ({fault}): {cause}", row.title);
    }
    page.push('\n');
}

fn counts(page: &mut String, rows: &[instructions::Row]) {
    page.push_str(
        "Instructions per call above the empty loop, counted by callgrind: CPython's own and the \
         module's.\n\n",
    );
    let mut columns: Vec<_> = PEERS.iter().map(|peer| peer.title).collect();
    columns.push("Pyatoll, 2 alive");
    table_head(page, "row", &columns);
    for row in rows {
        let _ = write!(page, "| {} |", row.id);
        let ours = row.many.get("pyatoll");
        for count in PEERS
            .iter()
            .map(|peer| row.one.get(peer.name))
            .chain([ours])
        {
            match count {
                Some(count) => {
                    let _ = write!(page, " {count:.0} |");
                }
                None => page.push_str(" n/a |"),
            }
        }
        page.push('\n');
    }
    page.push('\n');
}

fn internals_table(page: &mut String, internals: &Internals) {
    page.push_str(
        "Nanoseconds above the empty loop, in loops in Rust and C++: the least of all rounds.\n\n",
    );
    let peers = ["pybind11", "pyo3", "pyatoll"];
    let names: Vec<_> = internals
        .phases
        .iter()
        .flat_map(|phase| peers.map(|peer| format!("{}, {} alive", title(peer), phase.alive)))
        .collect();
    table_head(
        page,
        "row",
        &names.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    for (row, title) in &internals.titles {
        let _ = write!(page, "| {title} |");
        for phase in &internals.phases {
            for peer in peers {
                match internals.get(phase.alive, row, peer) {
                    Some(time) => {
                        // The loop itself can come out longer than with something in it.
                        let _ = write!(page, " {:.2} |", time.min.max(0.0));
                    }
                    None => page.push_str(" – |"),
                }
            }
        }
        page.push('\n');
    }
    page.push('\n');
}

fn interpreters_table(page: &mut String, interpreters: &Interpreters) {
    page.push_str(
        "Interpreters with GILs of their own. Cython's module has only the functions, and is built \
         with `subinterpreters_compatible=own_gil` and `CYTHON_USE_MODULE_STATE`: with a `cdef \
         class`, what Cython 3.3.1 makes corrupts the heap in a second interpreter.\n\n",
    );
    let columns = [
        "make, import, close (ms)",
        "import in a second interpreter (µs)",
        "memory with the module (KiB each)",
        "of it the module's",
        "calls in one (M/s)",
        "calls in two at once (M/s)",
        "ratio",
    ];
    table_head(page, "module", &columns);
    let bare = interpreters.memory.get("").copied().unwrap_or(0.0);
    let names = std::iter::once("").chain(interpreters::MODULES.iter().map(|module| module.0));
    for peer in names {
        let name = match peer {
            "" => "none",
            peer => title(peer.trim_end_matches("_own")),
        };
        if let Some(refusal) = interpreters.refusals.get(peer) {
            let _ = writeln!(page, "| {name} | n/a: `{refusal}` | | | | | | |");
            continue;
        }
        let (Some(life), Some(memory)) =
            (interpreters.life.get(peer), interpreters.memory.get(peer))
        else {
            continue;
        };
        let import = interpreters
            .import
            .get(peer)
            .map_or("–".to_owned(), |time| format!("{:.0}", time.min));
        let calls = match interpreters.throughput.get(peer).copied().flatten() {
            Some([one, two]) => format!("{one:.1} | {two:.1} | {:.2}", two / one),
            None => "– | – | –".to_owned(),
        };
        let _ = writeln!(
            page,
            "| {name} | {:.1} | {import} | {memory:.0} | {:.0} | {calls} |",
            life.min,
            memory - bare
        );
    }
    page.push('\n');
}

fn build(page: &mut String, builds: &[Build], causes: &BTreeMap<String, String>) {
    page.push_str(
        "nanobind's published microbenchmark: 720 functions of six number types in all orders, and \
         720 classes with them. Seconds of the processors, with all libraries compiled before, and \
         after one function was changed; the size is that of the stripped module.\n\n",
    );
    for (kind, profile) in [
        ("functions", "release"),
        ("functions", "debug"),
        ("classes", "release"),
        ("classes", "debug"),
    ] {
        table_head(
            page,
            &format!("720 {kind}, {profile}"),
            &["compile (s)", "after an edit (s)", "size (KiB)"],
        );
        for peer in PEERS {
            if let Some(build) = build_times::find(builds, peer.name, kind, profile) {
                let _ = writeln!(
                    page,
                    "| {} | {:.1} | {:.1} | {} |",
                    peer.title,
                    build.full.processor,
                    build.again.processor,
                    build.size / 1024
                );
            }
        }
        page.push('\n');
    }
    let ahead = ahead(builds);
    if !ahead.is_empty() {
        let _ = writeln!(
            page,
            "Where nanobind is ahead of us: {}.\n",
            ahead.join("; ")
        );
        let cause = causes
            .get("build/nanobind")
            .map_or("The cause is not known yet.", String::as_str);
        let _ = writeln!(page, "{cause}\n");
    }
}

/// Where nanobind compiles faster or smaller.
fn ahead(builds: &[Build]) -> Vec<String> {
    let mut ahead = Vec::new();
    for build in builds.iter().filter(|build| build.peer == "pyatoll") {
        let Some(theirs) = build_times::find(builds, LIBRARIES[1], &build.kind, &build.profile)
        else {
            continue;
        };
        let pairs = [
            ("compile time", build.full.processor, theirs.full.processor),
            ("size", build.size as f64, theirs.size as f64),
        ];
        for (what, ours, theirs) in pairs {
            if ours > theirs {
                ahead.push(format!(
                    "{what} of {}, {}: {:.1} times",
                    build.kind,
                    build.profile,
                    ours / theirs
                ));
            }
        }
    }
    ahead
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_stand_under_the_ids_of_their_rows() {
        let causes = causes("# Head\n\nText.\n\n## functions/a\n\nOne.\n\n## classes/b\n\nTwo.\n");
        assert_eq!(causes["functions/a"], "One.");
        assert_eq!(causes["classes/b"], "Two.");
        assert_eq!(causes.len(), 2);
    }
}
