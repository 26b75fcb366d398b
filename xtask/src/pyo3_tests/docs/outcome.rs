//! What rustdoc reports: the examples that pass, and why the others fail.

use std::collections::BTreeMap;

use super::examples::Example;
use super::package::module;

/// The results of the examples, by name.
#[derive(Debug, Default, PartialEq)]
pub struct Outcome {
    /// Number of examples that passed.
    pub passed: usize,
    /// The first error of each that failed.
    pub failed: BTreeMap<String, String>,
    /// The examples that rustdoc did not report.
    pub missing: Vec<String>,
}

/// Reads the output of rustdoc.
pub fn read(output: &str, examples: &[Example]) -> Outcome {
    let mut verdicts = BTreeMap::new();
    for line in output.lines() {
        let Some((module, rest)) = module_of(line.strip_prefix("test ")) else {
            continue;
        };
        if let Some((_, verdict)) = rest.rsplit_once(" ... ") {
            verdicts.insert(module, verdict == "ok");
        }
    }
    let errors = errors(output);
    let mut outcome = Outcome::default();
    for example in examples {
        let module = module(&example.name);
        match verdicts.get(&*module) {
            Some(true) => outcome.passed += 1,
            Some(false) => {
                let error = errors.get(&*module).copied().unwrap_or("no output");
                outcome
                    .failed
                    .insert(example.name.clone(), error.to_owned());
            }
            None => outcome.missing.push(example.name.clone()),
        }
    }
    outcome
}

/// Splits `src/lib.rs - MODULE (line N)…` into the module and the rest.
fn module_of(text: Option<&str>) -> Option<(&str, &str)> {
    text?.strip_prefix("src/lib.rs - ")?.split_once(" (line ")
}

/// Returns the first error in the output of each example that failed.
fn errors(output: &str) -> BTreeMap<&str, &str> {
    let mut errors = BTreeMap::new();
    let mut current = None;
    let mut lines = output.lines();
    while let Some(line) = lines.next() {
        if let Some((module, _)) = module_of(line.strip_prefix("---- ")) {
            current = Some(module);
            continue;
        }
        let Some(module) = current else { continue };
        let error = if line.contains("panicked at ") {
            lines.next().unwrap_or(line)
        } else if line.starts_with("error") || line.starts_with("Error: ") {
            line
        } else if line.starts_with("Test compiled successfully, but") {
            "compiles, but should not"
        } else {
            continue;
        };
        errors.entry(module).or_insert(error);
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_example_has_a_verdict_and_its_first_error() {
        let output = "running 3 tests\n\
            test src/lib.rs - a_rs_1 (line 2) - compile ... ok\n\
            test src/lib.rs - a_rs_2 (line 4) ... FAILED\n\
            test src/lib.rs - a_rs_3 (line 6) ... FAILED\n\nfailures:\n\n\
            ---- src/lib.rs - a_rs_2 (line 4) stdout ----\n\
            error[E0432]: unresolved import\n --> src/lib.rs:5:1\nerror: aborting\n\n\
            ---- src/lib.rs - a_rs_3 (line 6) stdout ----\n\
            thread 'main' panicked at src/lib.rs:5:1:\nassertion failed\n";
        let examples: Vec<_> = (1..=4)
            .map(|line| Example {
                name: format!("a.rs:{line}"),
                info: String::new(),
                code: String::new(),
            })
            .collect();
        let failed = [
            ("a.rs:2", "error[E0432]: unresolved import"),
            ("a.rs:3", "assertion failed"),
        ];
        assert_eq!(
            read(output, &examples),
            Outcome {
                passed: 1,
                failed: failed
                    .map(|(name, error)| (name.to_owned(), error.to_owned()))
                    .into(),
                missing: vec!["a.rs:4".to_owned()],
            }
        );
    }
}
