//! The build script refuses a Python that the library cannot be built for, in one line, and links
//! functions of Python as the system does.

use pyo3_build_config::{
    InterpreterConfig, InterpreterConfigBuilder, PythonImplementation, PythonVersion, StableAbi,
};

#[path = "../build.rs"]
#[allow(dead_code, reason = "only its decisions are tested")]
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

#[test]
fn functions_are_imported_from_a_dll_if_there_is_a_name_for_it() {
    let imported = build_script::declaration(Some("python314t"));
    assert!(imported.contains("#[link(name = \"python314t\", kind = \"raw-dylib\")]"));
    let found = build_script::declaration(None);
    assert!(found.contains("unsafe extern \"C\""));
    assert!(!found.contains("link"));
}

/// The configuration of a Python with a library.
fn with_library(folder: &str, name: &str) -> InterpreterConfig {
    InterpreterConfigBuilder::new(PythonImplementation::CPython, version(14))
        .shared(true)
        .lib_dir(folder.to_owned())
        .lib_name(name.to_owned())
        .finalize()
        .unwrap()
}

#[test]
fn the_dll_is_named_on_windows_unless_the_linker_is_to_find_it() {
    let config = with_library(r"C:\Python314\libs", "python314");
    let dll = |system, by_name| build_script::dll_of(&config, system, by_name);
    assert_eq!(dll("windows", None).as_deref(), Some("python314"));
    assert_eq!(dll("windows", Some("1")).as_deref(), Some("python314"));
    assert_eq!(dll("windows", Some("0")), None);
    assert_eq!(dll("macos", None), None);
    assert_eq!(dll("linux", Some("1")), None);
    for name in ["python3", "python3t", "python314t", "python315_d"] {
        let config = with_library(r"C:\Python314\libs", name);
        let dll = build_script::dll_of(&config, "windows", None);
        assert_eq!(dll.as_deref(), Some(name));
    }
    for name in ["libpython3.14", "mypython", "python3.14"] {
        let config = with_library(r"C:\Python314\libs", name);
        assert_eq!(build_script::dll_of(&config, "windows", None), None);
    }
}

#[test]
fn the_library_is_found_as_each_system_names_it() {
    let folder = std::env::temp_dir().join(format!("pyatoll-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let text = folder.to_str().unwrap();
    let found = || build_script::library(&with_library(text, "python3.14"));
    assert_eq!(found(), None, "nothing is there yet");
    // A framework of macOS has a link of this name to its library.
    for name in ["libpython3.14.dylib", "libpython3.14.so"] {
        let path = folder.join(name);
        std::fs::write(&path, "").unwrap();
        assert_eq!(found().as_deref(), path.to_str(), "{name}");
        std::fs::remove_file(&path).unwrap();
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
