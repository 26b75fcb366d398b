//! The driver as a program: a run can be repeated.

use std::process::Command;

use serde_json::Value;

/// Runs the driver with one thread and returns its report.
fn run(seed: u64, name: &str) -> Value {
    let json = std::env::temp_dir().join(format!("stress-{}-{name}.json", std::process::id()));
    let output = Command::new(env!("CARGO_BIN_EXE_stress"))
        .args(["--threads", "1", "--steps", "200", "--seconds", "600"])
        .args(["--seed", &seed.to_string()])
        .arg("--json")
        .arg(&json)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let report = std::fs::read(&json).unwrap();
    std::fs::remove_file(&json).unwrap();
    serde_json::from_slice(&report).unwrap()
}

#[test]
fn a_seed_repeats_the_operations_of_one_thread() {
    let [first, second, other] = [run(5, "first"), run(5, "second"), run(6, "other")];
    for key in ["seed", "interpreters", "operations", "failures"] {
        assert_eq!(first[key], second[key], "{key}");
    }
    assert_ne!(first["operations"], other["operations"]);
}
