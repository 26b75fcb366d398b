//! The group `sharing`: objects that interpreters share, those of `examples/interpshare`.

use std::collections::BTreeMap;
use std::fmt::Write;

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

/// A promise of this group.
pub struct Bar {
    /// The promise.
    pub text: String,
    /// The least factor that keeps it.
    pub least: f64,
    /// The measured factor.
    pub factor: f64,
}

impl Bar {
    /// Returns whether the promise is kept.
    pub fn is_met(&self) -> bool {
        self.factor >= self.least
    }
}

/// All measurements, as `bench/sharing.py` prints them.
#[derive(Serialize, Deserialize)]
pub struct Sharing {
    /// Items per second, by the kind of measurement and the queue.
    queues: BTreeMap<String, BTreeMap<String, f64>>,
    /// Reads of a map per second: in one interpreter, and in two at once.
    reads: [f64; 2],
}

/// Builds the package and measures it.
pub fn measure(modules: &Modules, quick: bool) -> Result<Sharing> {
    println!("==> measuring sharing");
    modules.build_package("examples/interpshare/Cargo.toml", "interpshare", None)?;
    let text = run::output(
        modules
            .venv
            .python()
            .arg("bench/sharing.py")
            .args(quick.then_some("3"))
            .env("PYTHONPATH", modules.output()),
    )?;
    serde_json::from_str(&text).context("bench/sharing.py printed unexpected output")
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
            && self.bars().any(|bar| !bar.is_met())
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
    }

    /// Returns the promises.
    pub fn bars(&self) -> impl Iterator<Item = Bar> {
        let of_queue = KINDS.iter().flat_map(move |(kind, title)| {
            PEERS[1..].iter().map(move |(peer, name)| Bar {
                text: format!(
                    "`interpshare.Queue` is at least {FASTER} times as fast as {name}: {title}"
                ),
                least: FASTER,
                factor: self.ratio(kind, peer),
            })
        });
        of_queue.chain([Bar {
            text: format!(
                "Two interpreters make at least {SCALING} times the reads of one from an \
                 `interpshare.Map`"
            ),
            least: SCALING,
            factor: self.scaling(),
        }])
    }
}
