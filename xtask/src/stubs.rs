//! `cargo xtask stubs`: writes the stubs (`.pyi`) of built modules, and checks them with type
//! checkers.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use pyo3_introspection::{introspect_cdylib, module_stub_files};

use crate::compat;
use crate::python::Python;
use crate::run;
use crate::wheels::{EXTENSIONS, INTERPSHARE, Venv};

/// The type checkers.
const REQUIREMENTS: &str = "tests/stubs/requirements.txt";

/// Differences that `stubtest` may report: the records of a module cannot express them.
const ALLOWED: &str = "tests/stubs/allowed.txt";

/// The options of `cargo xtask stubs`.
#[derive(clap::Args)]
pub struct Options {
    /// The built module, or the program that contains it, with the feature
    /// `experimental-inspect`, and with symbols
    #[arg(required_unless_present = "check")]
    path: Option<PathBuf>,
    /// The name of the module [default: from the name of the file]
    #[arg(long, value_name = "NAME", conflicts_with = "check")]
    module: Option<String>,
    /// The folder for the stubs [default: that of the module]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Build the test extension, the examples and the demo, and check their stubs with
    /// mypy, pyright and, except for the demo, which is a program, stubtest
    #[arg(long, conflicts_with_all = ["path", "out"])]
    check: bool,
    /// The Python to check with [default: $PYO3_PYTHON, else python3 on the path]
    #[arg(long, value_name = "PATH", requires = "check")]
    python: Option<PathBuf>,
}

/// Writes the stubs of a module, or checks those of the repository's modules.
pub fn run(options: &Options) -> Result<()> {
    let Some(file) = &options.path else {
        return check(&Python::find(options.python.clone())?);
    };
    let own = file.parent().unwrap_or(Path::new(""));
    let folder = options.out.as_deref().unwrap_or(own);
    let name = match &options.module {
        Some(name) => name,
        None => module_name(file)?,
    };
    for file in write(file, name, folder)? {
        println!("{}", file.display());
    }
    Ok(())
}

/// Returns the name of the module in a file: `name.so`, `name.cpython-….so`, or cargo's
/// `libname.so`.
fn module_name(path: &Path) -> Result<&str> {
    let file = path.file_name().and_then(OsStr::to_str);
    let file = file.with_context(|| format!("{} is not a file", path.display()))?;
    let stem = file.split('.').next().unwrap_or(file);
    let of_cargo = file
        .strip_suffix(DLL_SUFFIX)
        .and_then(|name| name.strip_prefix(DLL_PREFIX))
        .filter(|name| !name.contains('.'));
    Ok(of_cargo.unwrap_or(stem))
}

/// Writes the stubs of a module: `name.pyi`, or the folder `name` if it has submodules. Returns the
/// paths.
fn write(library: &Path, name: &str, folder: &Path) -> Result<Vec<PathBuf>> {
    let module = introspect_cdylib(library, name).with_context(|| {
        format!(
            "{} has no records of a module `{name}`: build it with the feature \
             `experimental-inspect`, and do not strip its symbols",
            library.display()
        )
    })?;
    let stubs = module_stub_files(&module);
    let is_package = stubs.len() > 1;
    let mut files = Vec::new();
    for (path, text) in stubs {
        let path = if is_package {
            folder.join(name).join(path)
        } else {
            folder.join(format!("{name}.pyi"))
        };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        files.push(path);
    }
    files.sort();
    Ok(files)
}

/// Builds every module, and checks its stubs.
fn check(python: &Python) -> Result<()> {
    test(python, &["--lib", "--", "inspect::", "hints::"])?;
    test(python, &["--test", "inspect"])?;
    let venv = Venv::make(python, REQUIREMENTS)?;
    let folder = run::target_dir().join("stubs");
    run::remove_folder(&folder)?;
    fs::create_dir_all(&folder)?;
    let mut names = Vec::new();
    for extension in EXTENSIONS.iter().chain([&INTERPSHARE]) {
        let manifest = Path::new(extension.folder).join("Cargo.toml");
        let target = run::target_dir();
        build(python, &manifest, "pyatoll", &["--lib"], &target)?;
        install(&target, extension.module, &folder)?;
        // A stub that the package comes with says what records cannot, such as type parameters.
        let stub = format!("{}.pyi", extension.module);
        let own = run::root().join(extension.folder).join(&stub);
        if own.exists() {
            fs::copy(own, folder.join(stub))?;
        }
        names.push(extension.module);
    }
    // Crates that depend on `pyo3`.
    let manifest = Path::new(compat::EXAMPLE).join("Cargo.toml");
    let target = run::target_dir().join("compat").join("stubs");
    let patch = compat::patch();
    let options = ["--lib", "--config", &patch];
    build(python, &manifest, "pyo3", &options, &target)?;
    install(&target, "geoindex", &folder)?;
    names.push("geoindex");
    // A program, which Python cannot import.
    let target = run::target_dir();
    let manifest = Path::new("demo").join("Cargo.toml");
    build(python, &manifest, "pyatoll", &["--bin", "demo"], &target)?;
    let program = target.join("debug").join(format!("demo{EXE_SUFFIX}"));
    write(&program, "pytokens", &folder)?;
    check_all(python, &venv, &folder, &names, &["pytokens"])
}

/// Runs tests of the hints, which need the feature.
fn test(python: &Python, options: &[&str]) -> Result<()> {
    run::status(
        run::cargo()
            .args(["test", "--quiet", "--package", "pyatoll"])
            .args(["--features", "experimental-inspect"])
            .args(options)
            .env("PYO3_PYTHON", &python.executable)
            .env(run::LIBRARY_PATH, run::library_path(&python.libdir)?),
    )
}

/// Builds a target of a package, with the records.
fn build(
    python: &Python,
    manifest: &Path,
    library: &str,
    options: &[&str],
    target: &Path,
) -> Result<()> {
    run::status(
        run::cargo()
            .args(["build", "--quiet"])
            .args(["--features", &format!("{library}/experimental-inspect")])
            .args(options)
            .arg("--manifest-path")
            .arg(run::root().join(manifest))
            .arg("--target-dir")
            .arg(target)
            .env("PYO3_PYTHON", &python.executable),
    )
}

/// Copies a library that cargo has built into `folder`, as a Python module, with its stubs.
fn install(target: &Path, name: &str, folder: &Path) -> Result<()> {
    let library = target
        .join("debug")
        .join(format!("{DLL_PREFIX}{name}{DLL_SUFFIX}"));
    write(&library, name, folder)?;
    let module = format!("{name}.{}", if cfg!(windows) { "pyd" } else { "so" });
    fs::copy(&library, folder.join(module))
        .with_context(|| format!("cannot copy {}", library.display()))?;
    Ok(())
}

/// Runs the type checkers on all stubs, and compares those of `names` with the modules. Those of
/// `built_in` are part of programs.
fn check_all(
    python: &Python,
    venv: &Venv,
    folder: &Path,
    names: &[&str],
    built_in: &[&str],
) -> Result<()> {
    println!("==> mypy");
    let packages = names.iter().chain(built_in);
    let packages = packages.flat_map(|name| ["--package", name]);
    let mypy = run::status(
        venv.python()
            .args(["-m", "mypy", "--no-incremental"])
            .args(packages)
            .env("MYPYPATH", folder),
    );
    println!("==> pyright");
    let pyright = run::status(
        venv.python()
            .args(["-m", "pyright", "--level", "warning", "--pythonpath"])
            .arg(venv.bin().join("python"))
            .arg(folder)
            // The stubs of one module may refer to another's.
            .current_dir(folder),
    );
    println!("==> stubtest");
    let stubtest = run::status(
        venv.python()
            .args(["-m", "mypy.stubtest", "--concise"])
            .args(["--allowlist", ALLOWED, "--ignore-unused-allowlist"])
            .args(names)
            .env("MYPYPATH", folder)
            .env("PYTHONPATH", folder)
            .env(run::LIBRARY_PATH, run::library_path(&python.libdir)?),
    );
    let failed: Vec<_> = [("mypy", mypy), ("pyright", pyright), ("stubtest", stubtest)]
        .into_iter()
        .filter_map(|(name, result)| result.is_err().then_some(name))
        .collect();
    if !failed.is_empty() {
        bail!("{} found faults", failed.join(", "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_name_of_its_module() {
        for (file, expected) in [
            ("a/name.so", "name"),
            ("name.cpython-314t-x86_64-linux-gnu.so", "name"),
            ("lib.cpython-312-x86_64-linux-gnu.so", "lib"),
        ] {
            assert_eq!(module_name(Path::new(file)).unwrap(), expected);
        }
        let of_cargo = format!("{DLL_PREFIX}name{DLL_SUFFIX}");
        assert_eq!(module_name(Path::new(&of_cargo)).unwrap(), "name");
        assert!(module_name(Path::new("/")).is_err());
    }
}
