//! A program says so if the loader found another file of Python's library than the one it was built
//! with, and only then.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command;

use pyatoll::prelude::*;

const VARIABLE: &str = "PYATOLL_TEST_CHILD";

/// Returns the file of Python's library in this process.
fn loaded() -> PathBuf {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut paths = maps
        .lines()
        .filter_map(|line| line.split_once('/'))
        .map(|(_, path)| Path::new("/").join(path));
    let is_python = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("libpython3.") && name.contains(".so")
    };
    paths.find(is_python).expect("libpython is loaded")
}

/// Runs the test in a child that only starts Python, with `folder` first on the loader's path.
/// Returns what it wrote.
fn output_of_child(folder: &Path, filters: &str) -> String {
    let path = std::env::var("LD_LIBRARY_PATH").unwrap_or_default();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture"])
        .env(VARIABLE, "1")
        .env("LD_LIBRARY_PATH", format!("{}:{path}", folder.display()))
        .env("PYTHONWARNINGS", filters)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let resolved = folder.canonicalize().unwrap();
    assert!(
        stdout.contains(&format!("runs with {}", resolved.display())),
        "{stdout}"
    );
    text
}

const TEST: &str = "a_program_that_runs_another_libpython_says_so";

#[test]
fn a_program_that_runs_another_libpython_says_so() {
    let library = loaded();
    if std::env::var_os(VARIABLE).is_some() {
        println!("runs with {}", library.display());
        Python::initialize();
        return Python::attach(|py| py.run(c"import json", None, None).unwrap());
    }
    let (folder, name) = (library.parent().unwrap(), library.file_name().unwrap());
    let temporary = std::env::temp_dir().join(format!("pyatoll-libpython-{}", std::process::id()));
    let (copied, other_name) = (temporary.join("copied"), temporary.join("other name"));
    std::fs::create_dir_all(&copied).unwrap();
    std::fs::copy(&library, copied.join(name)).unwrap();
    std::os::unix::fs::symlink(folder, &other_name).unwrap();

    let expected = format!(
        "but runs with {}: let its build script",
        copied.join(name).display()
    );
    for filters in ["", "error"] {
        let said = output_of_child(&copied, filters);
        assert!(
            said.contains("RuntimeWarning: this program was built with /"),
            "{said}"
        );
        assert!(said.contains(&expected), "{said}");
    }
    for (folder, filters) in [(folder, ""), (&copied, "ignore")] {
        let said = output_of_child(folder, filters);
        assert!(!said.contains("built with"), "{said}");
    }
    // The same file, by another path.
    let said = output_of_child(&other_name, "");
    assert!(!said.contains("built with"), "{said}");
    std::fs::remove_dir_all(&temporary).unwrap();
}
