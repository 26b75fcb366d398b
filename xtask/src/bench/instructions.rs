//! Counting the instructions of the rows with callgrind.
//!
//! Unlike times, counts are the same in every run and on a busy machine. They show the cost of a
//! change, and CI compares them with `bench/baseline.json`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::modules::{Modules, Peer};
use crate::run;

/// Number of interpreters alive in the second half. Two suffice: a binary that has seen a second
/// one behaves the same with any number, and creating them under valgrind takes long.
const MANY: u32 = 2;

/// A row's instructions per call above those of the empty loop, by the names of the peers.
#[derive(Clone, Serialize, Deserialize)]
pub struct Row {
    /// Group and name.
    pub id: String,
    /// With one interpreter alive.
    pub one: BTreeMap<String, f64>,
    /// With two.
    pub many: BTreeMap<String, f64>,
}

/// The output of `bench/run.py count`.
#[derive(Deserialize)]
struct Title {
    id: String,
    /// The peers that have what the row measures; all if empty.
    peers: Vec<String>,
}

/// Returns whether valgrind is installed.
pub fn available() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok()
}

/// Counts the rows that match one of the patterns, with all peers.
pub fn count(modules: &Modules, peers: &[&Peer], patterns: &[String]) -> Result<Vec<Row>> {
    if !available() {
        bail!("valgrind is not installed: install the package `valgrind`");
    }
    modules.build_target("bench_probe")?;
    let dumps = modules.folder.join("callgrind");
    if dumps.exists() {
        fs::remove_dir_all(&dumps)?;
    }
    fs::create_dir_all(&dumps)?;
    println!("==> counting under callgrind: takes some minutes");
    let python = modules.venv.python();
    let text = run::output(
        modules
            .rows_driver(
                Command::new("valgrind")
                    .current_dir(run::root())
                    .args(["--tool=callgrind", "--instr-atstart=no", "--dump-instr=yes"])
                    .arg(format!(
                        "--callgrind-out-file={}",
                        dumps.join("callgrind.out").display()
                    ))
                    .arg(python.get_program()),
                "count",
                peers,
                patterns,
            )
            .args(["--alive", &MANY.to_string()])
            // The order of a set's items depends on it.
            .env("PYTHONHASHSEED", "0"),
    )?;
    let titles: Vec<Title> =
        serde_json::from_str(&text).context("bench/run.py printed unexpected output")?;
    let counts = read_dumps(&dumps)?;
    println!(
        "==> callgrind_annotate reads {}/ROW.PEER.ALIVE.TRY",
        dumps.display()
    );
    let get = |row: &str, peer: &str, alive: u32| {
        let empty = &counts[&format!("empty loop {alive}")];
        counts
            .get(&format!("{row} {peer} {alive}"))
            .map(|count| count - empty)
            .with_context(|| format!("callgrind did not count {row} of {peer}"))
    };
    titles
        .iter()
        .map(|row| {
            let of = |alive| {
                peers
                    .iter()
                    .filter(|peer| row.peers.is_empty() || row.peers.iter().any(|p| p == peer.name))
                    .map(|peer| Ok((peer.name.to_owned(), get(&row.id, peer.name, alive)?)))
                    .collect::<Result<_>>()
            };
            Ok(Row {
                id: row.id.clone(),
                one: of(1)?,
                many: of(MANY)?,
            })
        })
        .collect()
}

/// Reads all dumps: instructions per call by `ROW PEER ALIVE`, the minimum of all tries. Renames
/// the dumps of the longer loops to readable names.
fn read_dumps(folder: &Path) -> Result<BTreeMap<String, f64>> {
    let mut totals: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    let mut renamed: BTreeMap<String, (f64, PathBuf)> = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let dump = fs::read_to_string(&path)?;
        let Some((text, total)) = parse_dump(&dump) else {
            continue;
        };
        let (name, times) = text.rsplit_once(' ').context("a dump without a number")?;
        let times: f64 = times.parse()?;
        totals
            .entry(name.to_owned())
            .or_default()
            .push((times, total));
        let longest = renamed
            .entry(name.to_owned())
            .or_insert((0.0, path.clone()));
        if times > longest.0 {
            *longest = (times, path);
        }
    }
    for (name, (_, path)) in renamed {
        fs::rename(path, folder.join(name.replace(' ', ".").replace('/', "-")))?;
    }
    let mut counts = BTreeMap::new();
    for (attempt, mut pair) in totals {
        pair.sort_by(|a, b| a.0.total_cmp(&b.0));
        let [(few, less), (many, more)] = pair[..] else {
            bail!("expected two dumps of {attempt}");
        };
        let count = (more - less) / (many - few);
        let (name, _) = attempt
            .rsplit_once(' ')
            .context("a dump without the number of its try")?;
        counts
            .entry(name.to_owned())
            .and_modify(|least: &mut f64| *least = least.min(count))
            .or_insert(count);
    }
    Ok(counts)
}

/// Returns the text that a dump was requested with, and its total.
fn parse_dump(dump: &str) -> Option<(&str, f64)> {
    let text = dump
        .lines()
        .find_map(|line| line.strip_prefix("desc: Trigger: Client Request: "))?;
    let total = dump
        .lines()
        .find_map(|line| line.strip_prefix("totals: "))?;
    Some((text.trim(), total.trim().parse().ok()?))
}

/// Prints the table.
pub fn print(rows: &[Row], peers: &[&Peer]) {
    print!("{:<38}", "instructions above the empty loop");
    for peer in peers {
        print!(" {:>9}", peer.title);
    }
    println!(" {:>12}", format!("Pyatoll, {MANY}"));
    for row in rows {
        print!("{:<38}", row.id);
        for peer in peers {
            match row.one.get(peer.name) {
                Some(count) => print!(" {count:>9.1}"),
                None => print!(" {:>9}", "n/a"),
            }
        }
        match row.many.get("pyatoll") {
            Some(count) => println!(" {count:>12.1}"),
            None => println!(),
        }
    }
}
