//! The promised numbers, and whether they are kept.

use std::collections::BTreeMap;

use super::build_times;
use super::internals::Internals;
use super::modules::title;
use super::results::Results;
use super::threads;
use super::times::{MANY, Row, Time, Times};

/// The libraries that Pyatoll promises not to be slower than in any row.
pub const LIBRARIES: &[&str] = &["pybind11", "nanobind", "pyo3"];

/// Limit of a row's time relative to the best peer.
const LIMIT_OF_BEST: f64 = 1.10;

/// Limit of a row's time with many interpreters alive, relative to one.
const LIMIT_OF_ONE: f64 = 1.05;

/// Limit of the time of an attachment with a thread state that is kept, relative to the pair of
/// functions of the C API.
const LIMIT_OF_KEPT: f64 = 1.5;

/// Limit of the time of a handle that is dropped detached, relative to PyO3's.
const LIMIT_OF_DROP: f64 = 1.2;

/// Limits of the size of 720 functions, by profile: a release build with the settings of the page,
/// and the settings for the smallest module.
const LIMITS_OF_SIZE: [(&str, &str, u64); 2] = [
    ("release", "720 functions", 1250),
    (
        "smallest",
        "720 functions, with the guide's settings for the smallest module,",
        970,
    ),
];

/// A promise, and whether it is kept.
pub struct Promise {
    /// The promise.
    pub text: String,
    /// Whether it is kept.
    pub kept: bool,
    /// The measurement.
    pub measured: String,
}

/// Returns why a row breaks its promise, if it does.
pub fn fault(row: &Row) -> Option<String> {
    let ours = row.one.get("pyatoll")?.min;
    let mut faults = Vec::new();
    for library in LIBRARIES {
        if let Some(time) = row.one.get(*library)
            && ours > time.min
        {
            faults.push(format!("{} {:.1} ns", title(library), time.min));
        }
    }
    let (best, time) = best(row);
    if ours > time * LIMIT_OF_BEST && !LIBRARIES.contains(&best) {
        faults.push(format!("{} {time:.1} ns", title(best)));
    }
    (!faults.is_empty()).then(|| format!("{ours:.1} ns; {}", faults.join(", ")))
}

/// Returns the fastest peer other than Pyatoll, and its time.
pub fn best(row: &Row) -> (&str, f64) {
    row.one
        .iter()
        .filter(|(peer, _)| *peer != "pyatoll")
        .map(|(peer, time)| (peer.as_str(), time.min))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap_or(("", f64::INFINITY))
}

/// Returns the geometric mean of a peer's rows, without those that not every library has.
pub fn mean(times: &Times, peer: &str) -> f64 {
    let logarithms = times
        .rows
        .iter()
        .filter(|row| !row.id.starts_with("conversions/"))
        .filter_map(|row| Some(row.one.get(peer)?.min.ln()));
    let (sum, count) = logarithms.fold((0.0, 0), |(sum, count), next| (sum + next, count + 1));
    (sum / f64::from(count)).exp()
}

/// Returns all promises for which there are measurements.
pub fn promises(results: &Results) -> Vec<Promise> {
    let mut promises = Vec::new();
    if let Some(times) = &results.times {
        check_times(&times.data, &mut promises);
    }
    if let Some(section) = &results.stable_abi {
        check_stable_abi(&section.data, &mut promises);
    }
    if let Some(internals) = results.main_internals() {
        let internals = &internals.data;
        let token = internals.get(1, "token", "pyatoll");
        promises.push(Promise {
            text: "The token path takes at most 1 ns".to_owned(),
            kept: token.is_some_and(|time| time.min <= 1.0),
            measured: nanoseconds(token),
        });
        for alive in [1, 2, 64] {
            let ours = internals.get(alive, "fallback", "pyatoll");
            let theirs = internals.get(alive, "fallback", "pybind11");
            promises.push(Promise {
                text: format!(
                    "The fallback path is below pybind11's `get_internals()`, {alive} alive"
                ),
                kept: ours
                    .zip(theirs)
                    .is_some_and(|(ours, theirs)| ours.min < theirs.min),
                measured: format!("{}; {}", nanoseconds(ours), nanoseconds(theirs)),
            });
        }
        promises.push(at_most(
            format!("A handle dropped detached takes at most {LIMIT_OF_DROP} times PyO3's time"),
            internals.get(1, "drop-detached", "pyatoll"),
            internals.get(1, "drop-detached", "pyo3"),
            LIMIT_OF_DROP,
        ));
        let kept = [
            ("attach-kept", "`keep_thread_state`"),
            ("attach-keeper", "a `ThreadStateKeeper`"),
        ];
        promises.extend(kept.map(|(row, title)| {
            at_most(
                format!(
                    "Attaching with {title} takes at most {LIMIT_OF_KEPT} times \
                     `PyEval_RestoreThread` and `PyEval_SaveThread`"
                ),
                internals.get(1, row, "pyatoll"),
                internals.get(1, "state-kept", "pyatoll"),
                LIMIT_OF_KEPT,
            )
        }));
    }
    for (python, section) in &results.internals {
        check_attaching(python, &section.data, &mut promises);
    }
    if let Some(section) = &results.imports {
        let imports = &section.data;
        let time = |peer| imports.get(peer).map(|time: &Time| time.min);
        let (ours, theirs) = (time("pyatoll"), time("pyo3"));
        promises.push(Promise {
            text: "Importing a module with 100 classes takes no longer than PyO3's".to_owned(),
            kept: ours
                .zip(theirs)
                .is_some_and(|(ours, theirs)| ours <= theirs),
            measured: format!(
                "{:.0} µs; {:.0} µs",
                ours.unwrap_or(f64::NAN),
                theirs.unwrap_or(f64::NAN)
            ),
        });
    }
    if let Some(section) = &results.threads {
        check_threads(&section.data, &mut promises);
    }
    if let Some(interpreters) = &results.interpreters {
        let scaling = interpreters.data.scaling("pyatoll");
        promises.push(Promise {
            text: "Two own-GIL interpreters on two cores make at least 1.9 times the calls of one"
                .to_owned(),
            kept: scaling.is_some_and(|scaling| scaling >= 1.9),
            measured: scaling.map_or("n/a".to_owned(), |scaling| format!("{scaling:.2}")),
        });
    }
    if let Some(sharing) = &results.sharing {
        promises.extend(sharing.data.bars().map(|bar| Promise {
            kept: bar.is_met,
            measured: bar.measured,
            text: bar.text,
        }));
    }
    if let Some(build) = &results.build {
        check_builds(&build.data, &mut promises);
    }
    promises
}

fn nanoseconds(time: Option<Time>) -> String {
    // The empty loop can measure longer than one with a call.
    time.map_or("n/a".to_owned(), |time| {
        format!("{:.2} ns", time.min.max(0.0))
    })
}

/// Returns the promise that a time of ours is at most another one, multiplied by `limit`.
fn at_most(text: String, ours: Option<Time>, theirs: Option<Time>, limit: f64) -> Promise {
    Promise {
        text,
        kept: ours
            .zip(theirs)
            .is_some_and(|(ours, theirs)| ours.min <= limit * theirs.min),
        measured: format!("{}; {}", nanoseconds(ours), nanoseconds(theirs)),
    }
}

/// Adds the promises about foreign threads on a Python. PyO3 attaches to the main interpreter only,
/// so the figures of a sub-interpreter are compared by how they relate to what CPython takes
/// itself.
fn check_attaching(python: &str, internals: &Internals, promises: &mut Vec<Promise>) {
    let get = |row, peer| internals.get(1, row, peer);
    let theirs = get("attach-foreign", "pyo3");
    promises.push(at_most(
        format!("Attaching and detaching a foreign thread takes no longer than PyO3's, {python}"),
        get("attach-foreign", "pyatoll"),
        theirs,
        1.0,
    ));
    let ratio = |time: Option<Time>, row| Some(time?.min / get(row, "pyatoll")?.min);
    let ours = ratio(get("attach-sub", "pyatoll"), "state-sub");
    let theirs = ratio(theirs, "state-foreign");
    promises.push(Promise {
        text: format!(
            "Attaching and detaching a foreign thread to a sub-interpreter adds no more to CPython's \
             own time than PyO3's does, {python}"
        ),
        kept: ours.zip(theirs).is_some_and(|(ours, theirs)| ours <= theirs),
        measured: format!(
            "{:.3} times; {:.3} times",
            ours.unwrap_or(f64::NAN),
            theirs.unwrap_or(f64::NAN)
        ),
    });
}

/// Adds the promise that no row of the builds for the stable ABI is slower than PyO3's.
fn check_stable_abi(times: &Times, promises: &mut Vec<Promise>) {
    let ratios = times.rows.iter().filter_map(|row| {
        let (ours, theirs) = (row.one.get("pyatoll")?, row.one.get("pyo3")?);
        Some((ours.min / theirs.min, row.id.as_str()))
    });
    promises.push(none_slower(
        "Every row in a build for the stable ABI: no slower than PyO3's",
        ratios.collect(),
    ));
}

/// Adds the promise that no row with threads is slower than PyO3's.
fn check_threads(rows: &[threads::Row], promises: &mut Vec<Promise>) {
    let ratios = rows.iter().filter_map(|row| {
        let (ours, theirs) = (row.times.get("pyatoll")?, row.times.get("pyo3")?);
        let of = |threads: usize| ours[threads].min / theirs[threads].min;
        Some((of(0).max(of(1)), row.id.as_str()))
    });
    promises.push(none_slower(
        "Every row with one and two threads of a Python without a GIL: no slower than PyO3's",
        ratios.collect(),
    ));
}

/// Returns the promise that no row's ratio to PyO3 is above 1.
fn none_slower(text: &str, ratios: Vec<(f64, &str)>) -> Promise {
    let slower = ratios.iter().filter(|(ratio, _)| *ratio > 1.0).count();
    let worst = ratios.iter().max_by(|a, b| a.0.total_cmp(&b.0));
    Promise {
        text: text.to_owned(),
        kept: slower == 0,
        measured: worst.map_or("n/a".to_owned(), |(ratio, row)| {
            format!(
                "{} of {} rows; most: {ratio:.2} times, {row}",
                ratios.len() - slower,
                ratios.len()
            )
        }),
    }
}

fn check_times(times: &Times, promises: &mut Vec<Promise>) {
    let missed: Vec<_> = times
        .rows
        .iter()
        .filter(|row| fault(row).is_some())
        .collect();
    promises.push(Promise {
        text: "Every function, class and conversion row: no slower than PyO3, pybind11 and nanobind, and \
                  within 10 % of the best of all"
            .to_owned(),
        kept: missed.is_empty(),
        measured: format!(
            "{} of {} rows",
            times.rows.len() - missed.len(),
            times.rows.len()
        ),
    });
    let ours = mean(times, "pyatoll");
    let theirs: BTreeMap<_, _> = LIBRARIES
        .iter()
        .map(|peer| (*peer, mean(times, peer)))
        .collect();
    promises.push(Promise {
        text: "Geometric mean of all function and class rows below every binding library's"
            .to_owned(),
        kept: theirs.values().all(|mean| ours < *mean),
        measured: format!(
            "{ours:.1} ns; {}",
            theirs
                .iter()
                .map(|(peer, mean)| format!("{} {mean:.1}", title(peer)))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    });
    let slower: Vec<_> = times
        .rows
        .iter()
        .filter(|row| growth(row).is_some_and(|growth| growth > LIMIT_OF_ONE))
        .collect();
    let worst = times
        .rows
        .iter()
        .filter_map(|row| Some((growth(row)?, &row.id)))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    promises.push(Promise {
        text: format!(
            "Every row with {MANY} interpreters alive within 5 % of the same \
             with one"
        ),
        kept: slower.is_empty(),
        measured: worst.map_or("n/a".to_owned(), |(growth, row)| {
            format!(
                "{} of {} rows; most: {:+.1} %, {row}",
                times.rows.len() - slower.len(),
                times.rows.len(),
                (growth - 1.0) * 100.0
            )
        }),
    });
}

/// Returns the time of a row of Pyatoll with many interpreters alive, relative to one.
pub fn growth(row: &Row) -> Option<f64> {
    Some(row.many.get("pyatoll")?.min / row.one.get("pyatoll")?.min)
}

fn check_builds(builds: &[build_times::Build], promises: &mut Vec<Promise>) {
    for (profile, what, limit) in LIMITS_OF_SIZE {
        if let Some(ours) = build_times::find(builds, "pyatoll", "functions", profile) {
            promises.push(Promise {
                text: format!("{what} are at most {limit} KiB"),
                kept: ours.size <= limit * 1024,
                measured: format!("{} KiB", ours.size / 1024),
            });
        }
    }
    for kind in ["functions", "classes"] {
        for profile in ["release", "debug"] {
            let of = |peer| build_times::find(builds, peer, kind, profile);
            let (Some(ours), Some(theirs)) = (of("pyatoll"), of("pyo3")) else {
                continue;
            };
            promises.push(Promise {
                text: format!("Compile time below PyO3's: {kind}, {profile}"),
                kept: ours.full.processor < theirs.full.processor,
                measured: format!(
                    "{:.1} s; {:.1} s",
                    ours.full.processor, theirs.full.processor
                ),
            });
            promises.push(Promise {
                text: format!("Binary size below PyO3's: {kind}, {profile}"),
                kept: ours.size < theirs.size,
                measured: format!("{} KiB; {} KiB", ours.size / 1024, theirs.size / 1024),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(times: &[(&str, f64)]) -> Row {
        let of = |times: &[(&str, f64)]| {
            times
                .iter()
                .map(|&(peer, min)| (peer.to_owned(), Time { min, median: min }))
                .collect()
        };
        Row {
            id: "functions/some".to_owned(),
            title: "some".to_owned(),
            one: of(times),
            many: of(times),
        }
    }

    #[test]
    fn a_library_that_is_faster_is_a_fault() {
        let row = row(&[("c", 10.0), ("pyo3", 10.4), ("pyatoll", 10.5)]);
        assert_eq!(fault(&row).as_deref(), Some("10.5 ns; PyO3 10.4 ns"));
    }

    #[test]
    fn up_to_ten_percent_over_c_is_none() {
        assert_eq!(fault(&row(&[("c", 10.0), ("pyatoll", 10.9)])), None);
        assert!(fault(&row(&[("c", 10.0), ("pyatoll", 11.1)])).is_some());
    }

    #[test]
    fn the_mean_is_geometric() {
        let times = Times {
            empty: Time {
                min: 0.0,
                median: 0.0,
            },
            rows: vec![row(&[("c", 2.0)]), row(&[("c", 8.0)])],
        };
        assert!((mean(&times, "c") - 4.0).abs() < 1e-9);
    }
}
