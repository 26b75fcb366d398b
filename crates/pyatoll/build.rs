//! Turns what pyo3-ffi knows about the configured Python into `cfg`s, passes it on to the build
//! scripts of dependents, and lets this package's own test binaries find libpython where it is not
//! on the loader's path (pyenv, uv). A Python that the library cannot be built for is refused here,
//! in one line, and the library learns which Python it is built for.
//!
//! On Windows, a function is imported from a named DLL, whose name depends on the Python: see
//! [`declaration`].

use std::path::Path;

use pyo3_build_config::{InterpreterConfig, PythonAbiKind, PythonImplementation};

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
    pyo3_build_config::add_libpython_rpath_link_args();
    pyo3_build_config::add_python_framework_link_args();
    let config = pyo3_build_config::get();
    // `pyo3_build_config::get()` of a dependent reads it, by the value of `links` in `Cargo.toml`.
    if let Err(error) = config.to_cargo_dep_env() {
        panic!("cannot pass on the configuration of Python: {error}");
    }
    if let Some(reason) = refusal(config) {
        println!("cargo::error={reason}");
    }
    let version = config.target_abi().version();
    println!("cargo::rustc-env=PYATOLL_BUILT_FOR={version}");
    let library = library(config).unwrap_or_default();
    println!("cargo::rustc-env=PYATOLL_BUILT_WITH={library}");
    println!("cargo::rustc-env=PYATOLL_COMPILER={}", compiler());
    let folder = std::env::var_os("OUT_DIR").expect("cargo sets it");
    let path = Path::new(&folder).join("extern_python.rs");
    let text = declaration(dll(config).as_deref());
    if let Err(error) = std::fs::write(&path, text) {
        panic!("cannot write {}: {error}", path.display());
    }
    // Code for each function of a module is then kept in the library, in one place.
    println!("cargo::rustc-check-cfg=cfg(optimize_for_size)");
    if std::env::var("OPT_LEVEL").is_ok_and(|level| level == "s" || level == "z") {
        println!("cargo::rustc-cfg=optimize_for_size");
    }
}

/// Returns why the library cannot be built for a Python, if so.
pub fn refusal(config: &InterpreterConfig) -> Option<String> {
    const REMEDY: &str = "select one with PYO3_PYTHON=/path/to/python";
    let abi = config.target_abi();
    let version = abi.version();
    let executable = match config.executable() {
        Some(path) => format!(" ({path})"),
        None => String::new(),
    };
    if abi.implementation() != PythonImplementation::CPython {
        let implementation = abi.implementation();
        return Some(format!(
            "Pyatoll needs CPython 3.11 or later, but the configured Python{executable} is \
             {implementation} {version}: {REMEDY}"
        ));
    }
    // The stable ABI of an older version has what is needed to say at import that 3.11 is needed.
    let is_stable = matches!(abi.kind(), PythonAbiKind::Stable(_));
    if !is_stable && (version.major, version.minor) < (3, 11) {
        return Some(format!(
            "Pyatoll needs CPython 3.11 or later, but the configured Python{executable} is \
             {version}: {REMEDY}"
        ));
    }
    None
}

/// Returns the DLL of Python that functions are imported from by name, if this is how they are
/// linked: pyo3-ffi decides it in the same way, for the functions that it declares.
fn dll(config: &InterpreterConfig) -> Option<String> {
    const BY_NAME: &str = "PYO3_USE_RAW_DYLIB";
    println!("cargo::rerun-if-env-changed={BY_NAME}");
    let system = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    dll_of(config, &system, std::env::var(BY_NAME).ok().as_deref())
}

/// Returns the DLL of Python on that system, unless `by_name` turns linking by name off.
pub fn dll_of(config: &InterpreterConfig, system: &str, by_name: Option<&str>) -> Option<String> {
    if system != "windows" || by_name.is_some_and(|value| value != "1") {
        return None;
    }
    let name = config.lib_name()?;
    // Others are names of libraries for the linker.
    let version = name
        .strip_suffix("_d")
        .unwrap_or(name)
        .strip_prefix("python3")?;
    let version = version.strip_suffix('t').unwrap_or(version);
    let is_dll = version.chars().all(|digit| digit.is_ascii_digit());
    is_dll.then(|| name.to_owned())
}

/// Returns the source of `extern_python!`, which declares functions of Python that pyo3-ffi lacks:
/// imported from the DLL by name, or left to the linker.
pub fn declaration(dll: Option<&str>) -> String {
    let attribute = match dll {
        Some(name) => format!("#[link(name = {name:?}, kind = \"raw-dylib\")]"),
        None => String::new(),
    };
    format!(
        "macro_rules! extern_python {{
    ($($functions:tt)*) => {{
        {attribute}
        unsafe extern \"C\" {{ $($functions)* }}
    }};
}}
"
    )
}

/// Returns the name and version of the compiler, and the flags that it was given, which together
/// determine the layout of values.
fn compiler() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = std::process::Command::new(rustc).arg("--version").output();
    match output {
        Ok(output) => {
            let version = String::from_utf8_lossy(&output.stdout);
            // Separated by a character that no terminal shows.
            let flags = std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
            let text = format!("{} {}", version.trim(), flags.replace('\x1f', " "));
            text.trim().to_owned()
        }
        Err(error) => panic!("cannot run the compiler: {error}"),
    }
}

/// Returns the path of the shared library that programs are linked with, if it is known. Links in
/// it are not resolved: a later bug-fix release may be behind them.
pub fn library(config: &InterpreterConfig) -> Option<String> {
    let (folder, name) = (config.lib_dir()?, config.lib_name()?);
    ["so", "dylib"]
        .iter()
        .map(|ending| format!("{folder}/lib{name}.{ending}"))
        .find(|path| config.shared() && Path::new(path).exists())
}
