//! The build script refuses a Python that the library cannot be built for, in one line.

use pyo3_build_config::{InterpreterConfigBuilder, PythonImplementation, PythonVersion, StableAbi};

#[path = "../build.rs"]
#[allow(dead_code, reason = "only its decision is tested")]
mod build_script;

fn version(minor: u8) -> PythonVersion {
    PythonVersion { major: 3, minor }
}

fn refusal(implementation: PythonImplementation, minor: u8) -> Option<String> {
    let config = InterpreterConfigBuilder::new(implementation, version(minor))
        .executable("/opt/bin/python3".to_owned())
        .finalize()
        .unwrap();
    build_script::refusal(&config)
}

#[test]
fn supported_versions_are_not_refused() {
    for minor in 11..=15 {
        assert_eq!(refusal(PythonImplementation::CPython, minor), None);
    }
    let free_threaded = InterpreterConfigBuilder::new(PythonImplementation::CPython, version(14))
        .free_threaded()
        .unwrap();
    assert_eq!(
        build_script::refusal(&free_threaded.finalize().unwrap()),
        None
    );
}

#[test]
fn an_older_python_is_refused_in_one_line() {
    assert_eq!(
        refusal(PythonImplementation::CPython, 10).unwrap(),
        "Pyatoll needs CPython 3.11 or later, but the configured Python (/opt/bin/python3) is 3.10: \
         select one with PYO3_PYTHON=/path/to/python"
    );
}

#[test]
fn other_implementations_are_refused_in_one_line() {
    for (implementation, name) in [
        (PythonImplementation::PyPy, "PyPy 3.11"),
        (PythonImplementation::GraalPy, "GraalVM 3.11"),
    ] {
        let line = refusal(implementation, 11).unwrap();
        assert!(line.contains(name), "{line}");
        assert_eq!(line.lines().count(), 1);
    }
}

#[test]
fn the_stable_abi_is_accepted_also_that_of_an_old_version() {
    let refusal = |minor, abi| {
        let config = InterpreterConfigBuilder::new(PythonImplementation::CPython, version(minor))
            .stable_abi(abi)
            .finalize()
            .unwrap();
        build_script::refusal(&config)
    };
    assert_eq!(refusal(9, StableAbi::Abi3), None);
    assert_eq!(refusal(12, StableAbi::Abi3), None);
    assert_eq!(refusal(15, StableAbi::Abi3t), None);
}
