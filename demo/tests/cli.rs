//! The demo as a program: its exit status and output.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn demo(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_demo"))
        .args(arguments)
        .output()
        .unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Returns a folder with one Python file: the demo's own source.
fn python_files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn a_missing_folder_is_named() {
    let output = demo(&["--path", "no/such/folder"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), "error: no such folder: no/such/folder\n");
}

#[test]
fn a_folder_without_python_files_is_named() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let output = demo(&["--path", folder.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        stderr(&output),
        format!("error: no .py files in {}\n", folder.display())
    );
}

#[test]
fn zero_interpreters_are_rejected() {
    let output = demo(&["--interpreters", "0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("0 is not in 1..="), "{output:?}");
}

#[test]
fn json_is_one_line_with_the_results_of_both_runs() {
    let output = demo(&[
        "--json",
        "--interpreters",
        "3",
        "--path",
        python_files().to_str().unwrap(),
    ]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(stderr(&output), "");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let report = report.as_object().unwrap();
    let mut keys: Vec<_> = report.keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "bytes",
            "files",
            "interpreters",
            "own_gil",
            "python",
            "results_equal",
            "seconds_all",
            "seconds_one",
            "speedup"
        ]
    );
    assert_eq!(report["interpreters"], 3);
    assert_eq!(report["files"], 1);
    assert_eq!(report["results_equal"], true);
    let size = std::fs::metadata(python_files().join("driver.py"))
        .unwrap()
        .len();
    assert_eq!(report["bytes"], size);
    let number = |key: &str| report[key].as_f64().unwrap();
    let quotient = number("seconds_one") / number("seconds_all");
    assert!((number("speedup") - quotient).abs() < 1e-9);
}

#[test]
fn all_interpreters_read_the_index_that_one_has_built() {
    let path = python_files();
    let path = path.to_str().unwrap();
    let output = demo(&["--shared", "--json", "--interpreters", "3", "--path", path]);
    assert!(output.status.success(), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["interpreters"], 3);
    assert_eq!(report["files"], 1);
    assert_eq!(report["results_equal"], true);
    let number = |key: &str| report[key].as_f64().unwrap();
    assert!(number("identifiers") > 10.0 && number("lookups_all") > 0.0);
    let output = demo(&["--shared", "--interpreters", "2", "--path", path]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.ends_with("All of them found the same, in the same index.\n"),
        "{text}"
    );
}
