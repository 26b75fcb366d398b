//! The group `sharing`: objects that interpreters share, those of `examples/interpshare`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::modules::Modules;
use crate::run;

/// The peers of the queue, with their titles.
const PEERS: &[(&str, &str)] = &[
    ("interpshare", "`interpshare.Queue`"),
    ("interpreters", "`concurrent.interpreters.Queue`"),
    ("multiprocessing", "`multiprocessing.Queue`"),
];

/// The kinds of measurements of queues, with their titles.
const KINDS: &[(&str, &str)] = &[
    ("unbounded", "items per second, any number in the queue"),
    ("bounded", "items per second, at most 100 in the queue"),
    ("round trips", "round trips per second"),
];

/// How much faster the queue is than its peers, at least.
const FASTER: f64 = 10.0;

/// How many times the reads of one interpreter two make, at least.
const SCALING: f64 = 1.8;

/// The way that is measured in another Python.
const FREE_THREADED: &str = "free-threaded";

/// The ways to hand a value to a worker, with their titles.
const WAYS: &[(&str, &str)] = &[
    ("int", "an `int`, `InterpreterPoolExecutor`"),
    ("shareable", "an `interpshare.Array`, the same"),
    ("threads", "a `bytearray`, `ThreadPoolExecutor`"),
    (FREE_THREADED, "the same in a Python without a GIL"),
    (
        "shared_memory",
        "a `multiprocessing.shared_memory`, `ProcessPoolExecutor`",
    ),
    ("pickle", "pickled `bytes`, `InterpreterPoolExecutor`"),
];

/// How many microseconds more than an `int` a large value takes, at most.
const HANDOVER: f64 = 1000.0;

/// How many KiB the process grows by for each worker that gets it, at most.
const GROWTH: f64 = 1024.0;

/// A promise of this group.
pub struct Bar {
    /// The promise.
    pub text: String,
    /// Whether it is kept.
    pub is_met: bool,
    /// The measured figure.
    pub measured: String,
}

impl Bar {
    fn at_least(text: String, least: f64, factor: f64) -> Self {
        Self {
            text,
            is_met: factor >= least,
            measured: format!("{factor:.2}"),
        }
    }
}

/// All measurements, as `bench/sharing.py` prints them.
#[derive(Serialize, Deserialize)]
pub struct Sharing {
    /// Items per second, by the kind of measurement and the queue.
    queues: BTreeMap<String, BTreeMap<String, f64>>,
    /// Reads of a map per second: in one interpreter, and in two at once.
    reads: [f64; 2],
    /// Microseconds and KiB for each worker that gets a value, by the way that it gets there;
    /// `None` where the system has not enough memory of that kind.
    #[serde(default)]
    values: BTreeMap<String, Option<[f64; 2]>>,
}

/// Builds the package and measures it, and threads of a free-threaded Python if one is given.
pub fn measure(modules: &Modules, quick: bool, free_threaded: Option<&Path>) -> Result<Sharing> {
    println!("==> measuring sharing");
    modules.build_package("examples/interpshare/Cargo.toml", "interpshare", None)?;
    let path = std::env::join_paths([modules.output(), run::root().join("bench")])?;
    let text = run::output(
        modules
            .venv
            .python()
            .arg("bench/sharing.py")
            .args(quick.then_some("3"))
            .env("PYTHONPATH", path),
    )?;
    let mut sharing: Sharing =
        serde_json::from_str(&text).context("bench/sharing.py printed unexpected output")?;
    if let Some(python) = free_threaded {
        let mut values = Command::new(python);
        values.args(["bench/values.py", if quick { "3" } else { "15" }]);
        let text = run::output(values.current_dir(run::root()))?;
        let value =
            serde_json::from_str(&text).context("bench/values.py printed unexpected output")?;
        sharing.values.insert(FREE_THREADED.to_owned(), value);
    }
    Ok(sharing)
}

impl Sharing {
    fn rate(&self, kind: &str, peer: &str) -> f64 {
        let rate = self.queues.get(kind).and_then(|rates| rates.get(peer));
        rate.copied().unwrap_or(f64::NAN)
    }

    /// Returns how much faster the queue is than a peer.
    fn ratio(&self, kind: &str, peer: &str) -> f64 {
        self.rate(kind, "interpshare") / self.rate(kind, peer)
    }

    /// Returns the figures of a way to hand over a value.
    fn value(&self, way: &str) -> Option<[f64; 2]> {
        self.values.get(way).copied().flatten()
    }

    /// Returns the microseconds that a large value takes more than an `int`, and its KiB.
    fn handover(&self) -> [f64; 2] {
        match (self.value("shareable"), self.value("int")) {
            (Some([shared, memory]), Some([int, _])) => [shared - int, memory],
            _ => [f64::NAN; 2],
        }
    }

    fn scaling(&self) -> f64 {
        self.reads[1] / self.reads[0]
    }

    /// Prints the measurements.
    pub fn print(&self) {
        for (kind, title) in KINDS {
            for (peer, name) in PEERS {
                let ratio = self.ratio(kind, peer);
                println!(
                    "{title:<44} {name:<33} {:>9.0}  {ratio:7.1}",
                    self.rate(kind, peer)
                );
            }
        }
        let [one, two] = self.reads.map(|rate| rate / 1e6);
        println!("map reads {one:.1}, {two:.1} M/s: {:.2}", self.scaling());
        for (way, title) in WAYS {
            if let Some([time, memory]) = self.value(way) {
                println!("1 GiB to a worker: {title:<57} {time:>9.0} µs {memory:>9.0} KiB");
            }
        }
    }

    /// Adds the tables to the page, with the cause if the queue misses its bar.
    pub fn add_to_page(&self, page: &mut String, cause: Option<&String>) {
        page.push_str(
            "The package `examples/interpshare`. A tuple of an `int`, a `float` and a `str` goes \
             from one interpreter with its own GIL, or one process, to another; the ratio is that \
             of `interpshare.Queue`. Wall clock, the best of several repetitions.\n\n",
        );
        for (kind, title) in KINDS {
            let _ = writeln!(page, "| {title} | | ratio |\n|---|---:|---:|");
            for (peer, name) in PEERS {
                let rate = self.rate(kind, peer);
                let _ = writeln!(
                    page,
                    "| {name} | {rate:.0} | {:.1} |",
                    self.ratio(kind, peer)
                );
            }
            page.push('\n');
        }
        if let Some(cause) = cause
            && self.bars().any(|bar| !bar.is_met)
        {
            let _ = writeln!(page, "{cause}\n");
        }
        let [one, two] = self.reads.map(|rate| rate / 1e6);
        let _ = writeln!(
            page,
            "| `interpshare.Map`, million reads per second | |\n|---|---:|\n\
             | by one interpreter | {one:.1} |\n\
             | by two at once | {two:.1} |\n\
             | ratio | {:.2} |\n",
            self.scaling()
        );
        page.push_str(
            "1 GiB goes to each of 8 workers at once: the time until all have it, divided by 8, and \
             by how much the resident memory of all processes grows for each. (256 MiB are pickled, \
             and counted four times. Threads share all objects of one interpreter.)\n\n\
             | a worker gets | µs | KiB |\n|---|---:|---:|\n",
        );
        for (way, title) in WAYS {
            let _ = match self.value(way) {
                Some([time, memory]) => writeln!(page, "| {title} | {time:.0} | {memory:.0} |"),
                None => writeln!(page, "| {title} | n/a | n/a |"),
            };
        }
        page.push('\n');
    }

    /// Returns the promises.
    pub fn bars(&self) -> impl Iterator<Item = Bar> {
        let of_queue = KINDS.iter().flat_map(move |(kind, title)| {
            PEERS[1..].iter().map(move |(peer, name)| {
                let text = format!(
                    "`interpshare.Queue` is at least {FASTER} times as fast as {name}: {title}"
                );
                Bar::at_least(text, FASTER, self.ratio(kind, peer))
            })
        });
        let of_map = Bar::at_least(
            format!(
                "Two interpreters make at least {SCALING} times the reads of one from an \
                 `interpshare.Map`"
            ),
            SCALING,
            self.scaling(),
        );
        let [time, memory] = self.handover();
        let of_values = Bar {
            text: "1 GiB goes to each of 8 interpreters in at most 1 ms more than an `int`, and \
                   takes at most 1 MiB"
                .to_owned(),
            is_met: time <= HANDOVER && memory <= GROWTH,
            measured: format!("{time:.0} µs; {memory:.0} KiB"),
        };
        of_queue.chain([of_map, of_values])
    }
}
