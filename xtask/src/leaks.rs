//! `cargo xtask leaks`: the memory that an interpreter leaks after importing and using a module.
//!
//! `tests/leaks/driver.py` creates and ends interpreters in several kinds of cycles that take
//! turns: bare, with a C module, with the same module made with Pyatoll, and with that and a handle
//! that outlives the interpreter: a `PyArc`, or a `Py`, which leaks by its nature. It runs twice:
//! first as usual, for the pages of the process and the time of the import; then with
//! `PYTHONMALLOC=malloc`, which counts every leaked byte exactly. (An arena of Python's own
//! allocator cannot be freed while one object in it is alive, and CPython 3.13 always leaks one.)
//!
//! A build for one version also uses every type and conversion again and again in interpreters that
//! stay (`tests/stress/src/uses.rs`), which must not leave anything behind.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

use crate::python::Python;
use crate::{driver, run, wheels};

/// Number of cycles of each kind that the limits are meant for. Shorter runs measure pages roughly.
const FULL: u32 = 300;

const FOLDER: &str = "tests/leaks";

/// The kinds of cycles, as `driver.py` calls them.
const KINDS: [&str; 5] = ["bare", "c", "pyatoll", "pyarc", "py"];

/// Limit of the memory that a cycle with the module leaks, above a bare one; also if a `PyArc`
/// outlives the interpreter.
const LIMIT_KB: f64 = 1.0;

/// Limit of the bytes that the use of every type, once in each of two interpreters, leaves behind.
/// Python's caches vary by up to 50; an object that is leaked in each adds more.
const LIMIT_USE_BYTES: f64 = 100.0;

/// Number of uses of every type, for each cycle of a kind.
const USES_PER_CYCLE: u32 = 2;

/// Limit of the processor time that the import takes, above that of the C module.
const LIMIT_IMPORT_MS: f64 = 1.0;

/// The smallest size of a page.
const PAGE_KB: f64 = 4.0;

/// If a bare cycle leaks more pages than this, CPython does not free its arenas, and the number of
/// touched pages says nothing about a module.
const ARENAS_KEPT_KB: f64 = 256.0;

#[derive(Args)]
pub struct Options {
    /// Number of interpreters of each kind
    #[arg(long, default_value_t = FULL, value_parser = clap::value_parser!(u32).range(10..))]
    pub cycles: u32,
    /// The Python to measure [default: $PYO3_PYTHON, else python3 on the path]
    #[arg(long, value_name = "PATH")]
    pub python: Option<PathBuf>,
    /// Build the module for the stable ABI
    #[arg(long)]
    pub abi3: bool,
    /// Write the figures to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// The results of one kind of cycle.
#[derive(Serialize, Clone, Copy, Default)]
struct Figures {
    /// Leaked bytes, counted exactly with `PYTHONMALLOC=malloc`: the median over blocks of cycles.
    /// `None` where Python cannot use `malloc`.
    heap_kb_per_cycle: Option<f64>,
    /// Growth of the process's resident memory: the lower quartile over blocks of cycles. A leak
    /// adds to every block, while memory that is only fragmented grows in the first blocks.
    pages_kb_per_cycle: f64,
    /// Processor time of the import: the lower quartile, since others may take caches and memory
    /// away from some imports.
    import_ms_per_cycle: f64,
}

#[derive(Serialize)]
struct Report {
    python: String,
    cycles: u32,
    kinds: BTreeMap<&'static str, Figures>,
    /// Bytes that a use of every type leaves behind: the mean of the half of the uses that has the
    /// smaller one. Caches that fill add to one half, a leak adds to both. Without Python's own
    /// memory where Python cannot use `malloc`. `None` for the stable ABI, and without glibc.
    bytes_per_use: Option<f64>,
    /// Whether the limits apply to this Python.
    enforced: bool,
    failures: Vec<String>,
}

/// The output of `stress --uses`.
#[derive(Deserialize)]
struct Uses {
    heap: Vec<f64>,
}

/// The driver's final output.
#[derive(Deserialize)]
struct Measured {
    kinds: BTreeMap<String, Samples>,
}

#[derive(Deserialize)]
struct Samples {
    pages: Vec<f64>,
    heap: Vec<f64>,
    imports: Vec<f64>,
}

pub fn run(options: &Options) -> Result<()> {
    let python = Python::find(options.python.clone())?;
    ensure!(
        python.minor >= 12,
        "Python {} has no isolated interpreters: use 3.12 or later",
        python.version
    );
    let folder = build(&python, options.abi3)?;
    // Fewer cycles are enough for figures without noise.
    let exact_cycles = (options.cycles / 3).max(10);
    let bar = ProgressBar::new(u64::from(options.cycles + exact_cycles));
    bar.set_style(ProgressStyle::with_template(
        "{elapsed_precise} {bar:40} {pos}/{len} cycles of each kind, {msg}",
    )?);
    let usual = measure(&python, &folder, options.cycles, false, &bar)?;
    // Free-threaded Pythons do not support `PYTHONMALLOC=malloc`.
    let exact = match python.is_free_threaded() {
        true => None,
        false => Some(measure(&python, &folder, exact_cycles, true, &bar)?),
    };
    bar.finish_and_clear();
    // Only glibc tells how much memory is allocated.
    let is_measured = cfg!(all(target_os = "linux", target_env = "gnu")) && !options.abi3;
    let bytes_per_use = match is_measured {
        true => Some(measure_uses(&python, options.cycles * USES_PER_CYCLE)?),
        false => None,
    };

    let mut kinds = BTreeMap::new();
    for kind in KINDS {
        let of = |measured: &Measured, figure: fn(&Samples) -> Option<f64>| {
            let samples = measured
                .kinds
                .get(kind)
                .context("the driver reported no such kind")?;
            figure(samples).context("the driver reported no samples")
        };
        let figures = Figures {
            heap_kb_per_cycle: match &exact {
                Some(exact) => Some(of(exact, |samples| median(&samples.heap))? / 1024.0),
                None => None,
            },
            pages_kb_per_cycle: of(&usual, |samples| lower_quartile(&samples.pages))? / 1024.0,
            import_ms_per_cycle: of(&usual, |samples| lower_quartile(&samples.imports))? * 1000.0,
        };
        kinds.insert(kind, figures);
    }
    let report = Report {
        enforced: is_enforced(&python),
        failures: failures(&kinds, page_error(options.cycles), bytes_per_use),
        bytes_per_use,
        python: python.version,
        cycles: options.cycles,
        kinds,
    };
    print(&report);
    if let Some(path) = &options.json {
        fs::write(path, serde_json::to_string_pretty(&report)? + "\n")
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    if report.enforced && !report.failures.is_empty() {
        bail!("{}", report.failures.join("\n"));
    }
    Ok(())
}

/// Returns whether the limits apply: to release builds with a GIL. Others are only measured.
pub fn is_enforced(python: &Python) -> bool {
    python.minor >= 13 && !python.version.contains(['t', 'd'])
}

/// Returns the number of cycles between two measurements.
fn block(cycles: u32) -> u32 {
    (cycles / 15).clamp(5, 20)
}

/// Returns the measuring error of a short run's resident memory, in KB per cycle: the number of
/// pages that `malloc` uses in part varies by several in a block. Memory that `malloc` does not
/// count is mapped, so leaking it costs at least one page per cycle.
fn page_error(cycles: u32) -> f64 {
    if cycles < FULL { PAGE_KB / 2.0 } else { 0.0 }
}

/// Describes the limits that are exceeded.
fn failures(
    kinds: &BTreeMap<&str, Figures>,
    page_error: f64,
    bytes_per_use: Option<f64>,
) -> Vec<String> {
    let of = |kind| kinds.get(kind).copied().unwrap_or_default();
    let (bare, c, pyatoll) = (of("bare"), of("c"), of("pyatoll"));
    let mut failures = Vec::new();
    if let Some(bytes) = bytes_per_use.filter(|bytes| *bytes > LIMIT_USE_BYTES) {
        failures.push(format!(
            "a use of every type leaves {bytes:.0} bytes behind, limit {LIMIT_USE_BYTES}"
        ));
    }
    for (cycle, figures) in [("a cycle", pyatoll), ("a cycle with a PyArc", of("pyarc"))] {
        let heap = figures.heap_kb_per_cycle.zip(bare.heap_kb_per_cycle);
        let heap = heap.map(|(figures, bare)| figures - bare);
        if let Some(heap) = heap.filter(|heap| *heap > LIMIT_KB) {
            failures.push(format!(
                "{cycle} leaks {heap:.2} KB more than a bare one, limit {LIMIT_KB} KB"
            ));
        }
        // A bare cycle that gives pages back got them from a cycle of another kind.
        let pages = figures.pages_kb_per_cycle - bare.pages_kb_per_cycle.max(0.0);
        if bare.pages_kb_per_cycle < ARENAS_KEPT_KB && pages > LIMIT_KB + page_error {
            failures.push(format!(
                "{cycle} grows the process by {pages:.2} KB more than a bare one, limit \
                 {LIMIT_KB} KB"
            ));
        }
    }
    let import = pyatoll.import_ms_per_cycle - c.import_ms_per_cycle;
    if import > LIMIT_IMPORT_MS {
        failures.push(format!(
            "the import takes {import:.2} ms more than the C module's, limit {LIMIT_IMPORT_MS} ms"
        ));
    }
    failures
}

fn print(report: &Report) {
    println!(
        "leaks: {} cycles of each kind, Python {}",
        report.cycles, report.python
    );
    println!(
        "  {:<10}{:>16}{:>16}{:>14}",
        "", "heap KB/cycle", "pages KB/cycle", "import ms"
    );
    for (kind, figures) in &report.kinds {
        let heap = figures.heap_kb_per_cycle;
        println!(
            "  {kind:<10}{:>16}{:>16.2}{:>14.2}",
            heap.map_or("n/a".to_owned(), |heap| format!("{heap:.2}")),
            figures.pages_kb_per_cycle,
            figures.import_ms_per_cycle
        );
    }
    if let Some(bytes) = report.bytes_per_use {
        println!("  a use of every type leaves {bytes:.0} bytes behind");
    }
    let bare = report.kinds.get("bare").copied().unwrap_or_default();
    if bare.pages_kb_per_cycle >= ARENAS_KEPT_KB {
        println!("  (this CPython leaks the arenas of ended interpreters: pages are not compared)");
    }
    if !report.enforced {
        for failure in &report.failures {
            println!("  not enforced on this Python: {failure}");
        }
    }
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    Some(match sorted.len() % 2 {
        1 => sorted[middle],
        _ => (sorted.get(middle.checked_sub(1)?)? + sorted.get(middle)?) / 2.0,
    })
}

fn lower_quartile(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 4).copied()
}

/// The package and the module made with Pyatoll.
pub const MODULE: [&str; 2] = ["leaks", "leaks_pyatoll"];

/// Builds a package's module, for the stable ABI or not; returns its folder.
pub fn build_extension(
    python: &Python,
    [package, module]: [&str; 2],
    abi3: bool,
) -> Result<PathBuf> {
    let folder = run::target_dir().join("leaks");
    fs::create_dir_all(&folder)?;
    let (target, feature) = match abi3 {
        false => (wheels::target_dir(), None),
        true => (
            wheels::stable_abi_target_dir("abi3"),
            Some(wheels::ABI3_FEATURE),
        ),
    };
    let signature = format!("cpython-3.{}-{}bit", python.minor, usize::BITS);
    run::status(
        python
            .cargo()
            .args([
                "build",
                "--quiet",
                "--package",
                package,
                "--profile",
                wheels::PROFILE,
                "--features",
                wheels::FEATURES,
                "--target-dir",
            ])
            .arg(&target)
            .args(feature.iter().flat_map(|name| ["--features", name]))
            // The module must not link libpython.
            .env("PYO3_BUILD_EXTENSION_MODULE", "1")
            // The value that maturin sets. With another one, cargo would compile the library again
            // whenever the two builds alternate.
            .env("PYO3_ENVIRONMENT_SIGNATURE", signature),
    )?;
    let ending = if cfg!(target_os = "macos") {
        "dylib"
    } else {
        "so"
    };
    let library = format!("lib{module}.{ending}");
    replace(&folder.join(format!("{module}.so")), |path| {
        fs::copy(python.built(&target, wheels::PROFILE).join(&library), path)
            .with_context(|| format!("cannot copy {library}"))?;
        Ok(())
    })?;
    Ok(folder)
}

/// Replaces a file by renaming: another process may have the old one mapped.
fn replace(path: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let new = path.with_extension(format!("{}.new", std::process::id()));
    make(&new)?;
    fs::rename(&new, path).with_context(|| format!("cannot write {}", path.display()))
}

/// Builds both modules into one folder and returns it.
fn build(python: &Python, abi3: bool) -> Result<PathBuf> {
    let folder = build_extension(python, MODULE, abi3)?;
    let include = run::output(Command::new(&python.executable).args([
        "-I",
        "-c",
        "import sysconfig; print(sysconfig.get_path('include'))",
    ]))?;
    replace(&folder.join("leaks_c.so"), |path| {
        let cc = std::env::var_os("CC").unwrap_or_else(|| OsString::from("cc"));
        let mut compiler = Command::new(cc);
        compiler
            .current_dir(run::root())
            .args(["-O2", "-shared", "-fPIC", "-I"])
            .arg(include.trim())
            .arg("-o")
            .arg(path)
            .arg(Path::new(FOLDER).join("leaks_c.c"));
        if cfg!(target_os = "macos") {
            compiler.args(["-undefined", "dynamic_lookup"]);
        }
        run::status(&mut compiler)
    })?;
    Ok(folder)
}

/// Runs the driver; an error includes its stderr.
fn measure(
    python: &Python,
    folder: &Path,
    cycles: u32,
    exact: bool,
    bar: &ProgressBar,
) -> Result<Measured> {
    let before = bar.position();
    bar.set_message(if exact { "exact" } else { "as usual" });
    let mut command = Command::new(&python.executable);
    command
        .current_dir(run::root())
        .arg(Path::new(FOLDER).join("driver.py"))
        .arg(folder)
        .args([cycles.to_string(), block(cycles).to_string()])
        .env_remove("PYTHONMALLOC")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if exact {
        command.env("PYTHONMALLOC", "malloc");
    }
    let mut child = command.spawn().context("cannot run the driver")?;
    let (stdout, mut stderr) = child
        .stdout
        .take()
        .zip(child.stderr.take())
        .context("stdout and stderr are piped")?;
    let listener = thread::spawn(move || {
        let mut text = Vec::new();
        let _ = stderr.read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    });
    let mut measured = None;
    for line in BufReader::new(stdout).lines() {
        let line: serde_json::Value = serde_json::from_str(&line?)?;
        match line.get("progress").and_then(serde_json::Value::as_u64) {
            Some(done) => bar.set_position(before + done),
            None => measured = Some(serde_json::from_value(line)?),
        }
    }
    let status = child.wait()?;
    let errors = listener.join().unwrap_or_default();
    ensure!(status.success(), "the driver failed ({status})\n{errors}");
    bar.set_position(before + u64::from(cycles));
    measured.context("the driver printed no figures")
}

/// Uses every type that often, and returns the bytes that a use leaves behind.
fn measure_uses(python: &Python, uses: u32) -> Result<f64> {
    let mut command = Command::new(driver::build(python, false)?);
    command.args(["--uses", &uses.to_string()]);
    match python.is_free_threaded() {
        true => command.env_remove("PYTHONMALLOC"),
        false => command.env("PYTHONMALLOC", "malloc"),
    };
    let printed: Uses = serde_json::from_str(&run::output(&mut command)?)?;
    smaller_mean(&printed.heap).context("the uses were not measured")
}

/// Returns the smaller mean of the two halves.
fn smaller_mean(values: &[f64]) -> Option<f64> {
    let (first, second) = values.split_at(values.len() / 2);
    let mean = |half: &[f64]| half.iter().sum::<f64>() / half.len() as f64;
    (!first.is_empty()).then(|| mean(first).min(mean(second)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(c: Figures, pyatoll: Figures) -> BTreeMap<&'static str, Figures> {
        let bare = Figures {
            heap_kb_per_cycle: Some(0.0),
            ..Figures::default()
        };
        BTreeMap::from([("bare", bare), ("c", c), ("pyatoll", pyatoll)])
    }

    #[test]
    fn pages_that_a_bare_cycle_gives_back_are_not_held_against_others() {
        let pyatoll = Figures {
            pages_kb_per_cycle: 0.9,
            ..Figures::default()
        };
        let mut kinds = kinds(Figures::default(), pyatoll);
        for bare in [-2.0, 0.0] {
            let pages = Figures {
                pages_kb_per_cycle: bare,
                ..Figures::default()
            };
            kinds.insert("bare", pages);
            assert_eq!(failures(&kinds, 0.0, None), Vec::<String>::new());
        }
    }

    #[test]
    fn a_value_above_a_limit_is_a_failure() {
        let good = Figures {
            heap_kb_per_cycle: Some(0.9),
            pages_kb_per_cycle: 0.9,
            import_ms_per_cycle: 1.4,
        };
        let c = Figures {
            import_ms_per_cycle: 0.5,
            ..Figures::default()
        };
        assert!(failures(&kinds(c, good), 0.0, Some(0.0)).is_empty());
        for (bad, says) in [
            (
                Figures {
                    heap_kb_per_cycle: Some(1.1),
                    ..good
                },
                "leaks",
            ),
            (
                Figures {
                    pages_kb_per_cycle: 1.1,
                    ..good
                },
                "grows",
            ),
            (
                Figures {
                    import_ms_per_cycle: 1.6,
                    ..good
                },
                "import",
            ),
        ] {
            let failures = failures(&kinds(c, bad), 0.0, Some(0.0));
            assert_eq!(failures.len(), 1, "{failures:?}");
            assert!(failures[0].contains(says), "{failures:?}");
        }
        let leaves = failures(&kinds(c, good), 0.0, Some(164.0));
        assert!(
            leaves.len() == 1 && leaves[0].contains("every type"),
            "{leaves:?}"
        );
        let mut kinds = kinds(c, good);
        let pyarc = Figures {
            heap_kb_per_cycle: Some(1.1),
            ..good
        };
        // A `Py` that is left may keep anything.
        kinds.extend([
            ("pyarc", pyarc),
            (
                "py",
                Figures {
                    heap_kb_per_cycle: Some(9.9),
                    ..good
                },
            ),
        ]);
        let failures = failures(&kinds, 0.0, None);
        assert_eq!(failures.len(), 1, "{failures:?}");
        assert!(failures[0].contains("PyArc leaks"), "{failures:?}");
    }

    #[test]
    fn a_short_run_tolerates_less_than_a_page_per_cycle() {
        let failures_of = |pages, cycles| {
            let grows = Figures {
                heap_kb_per_cycle: Some(0.3),
                pages_kb_per_cycle: pages,
                import_ms_per_cycle: 0.0,
            };
            failures(&kinds(Figures::default(), grows), page_error(cycles), None).len()
        };
        assert_eq!((failures_of(2.9, 100), failures_of(PAGE_KB, 100)), (0, 1));
        assert_eq!((failures_of(0.9, FULL), failures_of(1.1, FULL)), (0, 1));
    }

    #[test]
    fn growth_of_one_half_only_is_no_leak() {
        assert_eq!(smaller_mean(&[1.0]), None);
        assert_eq!(smaller_mean(&[90.0, 30.0, 10.0, -10.0, 3.0]), Some(1.0));
        assert_eq!(smaller_mean(&[64.0, 66.0, 60.0, 80.0]), Some(65.0));
    }

    #[test]
    fn the_median_is_the_middle_value() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 100.0]), Some(3.0));
    }

    #[test]
    fn growth_of_some_blocks_only_is_no_leak() {
        assert_eq!(lower_quartile(&[]), None);
        assert_eq!(lower_quartile(&[9.0]), Some(9.0));
        assert_eq!(
            lower_quartile(&[40.0, 9.0, 9.0, 8.0, 0.0, 1.0, -7.0]),
            Some(0.0)
        );
        assert_eq!(
            lower_quartile(&[49.0, 18.0, 18.0, 17.0, 9.0, 10.0, 2.0]),
            Some(9.0)
        );
    }
}
