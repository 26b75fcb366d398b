//! The output of the demo.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use crate::counts::Counts;

/// The number of frequent identifiers shown.
const IDENTIFIERS: usize = 20;

/// The number of files shown that failed to decode.
const FAILURES: usize = 20;

/// The result of both runs.
#[derive(Serialize)]
pub struct Report {
    /// The version of Python.
    pub python: String,
    /// Whether each interpreter has its own GIL, or Python has no GIL.
    pub own_gil: bool,
    /// The number of interpreters.
    pub interpreters: usize,
    /// The time of one interpreter for all files.
    pub seconds_one: f64,
    /// The time of all interpreters together.
    pub seconds_all: f64,
    /// `seconds_one` divided by `seconds_all`.
    pub speedup: f64,
    /// The number of files.
    pub files: u64,
    /// Their size.
    pub bytes: u64,
    /// Whether both runs gave the same counts.
    pub results_equal: bool,
}

/// Formats the counts.
pub fn counts(counts: &Counts) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: u64| {
        let _ = writeln!(text, "  {name:<22}{:>14}", grouped(value));
    };
    line("files", counts.files);
    line("bytes", counts.bytes);
    line("lines", counts.lines);
    line("tokens", counts.tokens());
    for (kind, count) in counts.kinds() {
        line(&format!("  {kind}s"), count);
    }

    let _ = writeln!(text, "\nThe {IDENTIFIERS} most frequent identifiers:");
    for (name, count) in counts.most_common(IDENTIFIERS) {
        let _ = writeln!(text, "  {name:<22}{:>14}", grouped(count));
    }

    let failures = counts.failures();
    let _ = writeln!(text, "\nFiles that fail to decode: {}", failures.len());
    for (path, reason) in failures.iter().take(FAILURES) {
        let _ = writeln!(text, "  {path}: {reason}");
    }
    if failures.len() > FAILURES {
        let _ = writeln!(text, "  and {} more", failures.len() - FAILURES);
    }
    text
}

impl Report {
    /// Formats the times. `rounds` is the number of times that each run counted the files.
    pub fn table(&self, rounds: usize) -> String {
        let mut text = format!(
            "{:>12}  {:>9}  {:>9}  {:>9}  {:>8}\n",
            "interpreters", "files", "seconds", "MB/s", "speed-up"
        );
        for (interpreters, seconds, speedup) in [
            (1, self.seconds_one, 1.0),
            (self.interpreters, self.seconds_all, self.speedup),
        ] {
            let megabytes = self.bytes as f64 * rounds as f64 / 1e6;
            let _ = writeln!(
                text,
                "{interpreters:>12}  {:>9}  {seconds:>9.3}  {:>9.1}  {speedup:>8.2}",
                grouped(self.files * rounds as u64),
                megabytes / seconds,
            );
        }
        let _ = writeln!(
            text,
            "(the best of the runs; each counted the files {})",
            match rounds {
                1 => "once".to_owned(),
                rounds => format!("{rounds} times"),
            }
        );
        text.push_str(match self.results_equal {
            true => "Both gave the same results.\n",
            false => "THE RESULTS DIFFER.\n",
        });
        text
    }
}

/// Returns how much faster `all` is than `one`.
pub fn speedup(one: Duration, all: Duration) -> f64 {
    one.as_secs_f64() / all.as_secs_f64().max(f64::MIN_POSITIVE)
}

/// Formats a number with its digits in groups of three.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report {
            python: "3.14.0".into(),
            own_gil: true,
            interpreters: 2,
            seconds_one: 2.0,
            seconds_all: 1.0,
            speedup: 2.0,
            files: 1000,
            bytes: 4_000_000,
            results_equal: true,
        }
    }

    #[test]
    fn json_has_the_promised_keys_in_order() {
        assert_eq!(
            serde_json::to_string(&report()).unwrap(),
            r#"{"python":"3.14.0","own_gil":true,"interpreters":2,"seconds_one":2.0,"#.to_owned()
                + r#""seconds_all":1.0,"speedup":2.0,"files":1000,"bytes":4000000,"#
                + r#""results_equal":true}"#
        );
    }

    #[test]
    fn the_table_shows_both_runs_and_whether_they_agree() {
        let table = report().table(3);
        let rows: Vec<Vec<&str>> = table
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(rows[1], ["1", "3,000", "2.000", "6.0", "1.00"]);
        assert_eq!(rows[2], ["2", "3,000", "1.000", "12.0", "2.00"]);
        assert!(table.contains("same results"));
        let differing = Report {
            results_equal: false,
            ..report()
        };
        assert!(differing.table(1).contains("DIFFER"));
    }

    #[test]
    fn digits_are_grouped_by_three() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1000), "1,000");
        assert_eq!(grouped(12_345_678), "12,345,678");
    }
}
