//! The package in which PyO3's tests are compiled.
//!
//! Its test targets are the tests' files in place, except those that [`edit`] copies. It has PyO3's
//! features under the same names and PyO3's build script, for the `cfg`s in the tests, and those of
//! PyO3's dependencies and dev-dependencies that the tests use.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use proc_macro2::{TokenStream, TokenTree};
use toml::{Table, Value};

use super::edit;
use super::options::Against;
use super::source::{Source, work_folder};
use crate::run;

/// Writes the package and returns its folder. Files that are up to date are not touched.
pub fn write(source: &Source, against: Against, abi3: bool) -> Result<PathBuf> {
    let folder = work_folder().join(match (against, abi3) {
        (Against::Pyatoll, false) => "package",
        (Against::Pyatoll, true) => "package-abi3",
        (Against::Pyo3, false) => "package-pyo3",
        (Against::Pyo3, true) => "package-pyo3-abi3",
    });
    fs::create_dir_all(folder.join("src"))?;
    run::write_if_changed(&folder.join("src/lib.rs"), "")?;
    let manifest = toml::to_string(&manifest(source, against)?)?;
    run::write_if_changed(&folder.join("Cargo.toml"), &manifest)?;
    Ok(folder)
}

fn manifest(source: &Source, against: Against) -> Result<Table> {
    let package = toml::toml! {
        name = "pyo3-tests"
        version = "0.0.0"
        edition = "2024"
        publish = false
    };
    let mut package = package;
    package.insert("build".into(), text(&source.folder.join("build.rs")));
    let lib = toml::toml! {
        path = "src/lib.rs"
        test = false
        doctest = false
    };
    // Debug info for 42 programs is not worth the link time.
    let profile = toml::toml! {
        [dev]
        debug = false
    };
    let mut tests = Vec::new();
    for file in &source.files {
        let path = match against {
            Against::Pyo3 => file.path.clone(),
            Against::Pyatoll => edit::path(file)?,
        };
        let mut test = Table::new();
        test.insert("name".into(), file.name.clone().into());
        test.insert("path".into(), text(&path));
        tests.push(Value::Table(test));
    }
    let features = source.features.clone();
    let mut declared: Table = features
        .iter()
        .map(|feature| ((*feature).to_owned(), Value::Array(Vec::new())))
        .collect();
    declared.insert("default".into(), names(&features));

    let mut manifest = Table::new();
    manifest.insert("package".into(), package.into());
    manifest.insert("lib".into(), lib.into());
    manifest.insert("test".into(), Value::Array(tests));
    manifest.insert("features".into(), declared.into());
    manifest.insert("dependencies".into(), dependencies(source, against)?.into());
    manifest.insert(
        "build-dependencies".into(),
        source.manifest["build-dependencies"].clone(),
    );
    manifest.insert("profile".into(), profile.into());
    manifest.insert("workspace".into(), Table::new().into());
    Ok(manifest)
}

/// Returns the dependencies: PyO3 or its replacement, and the other crates that the tests use.
fn dependencies(source: &Source, against: Against) -> Result<Table> {
    let identifiers = identifiers(source)?;
    let mut dependencies = Table::new();
    // Dev-dependencies come second and override: they have all features that the tests need.
    for section in ["dependencies", "dev-dependencies"] {
        let Some(section) = source.manifest.get(section).and_then(Value::as_table) else {
            continue;
        };
        for (name, dependency) in section {
            if identifiers.contains(&name.replace('-', "_")) {
                let mut dependency = dependency.clone();
                if let Some(table) = dependency.as_table_mut() {
                    table.remove("optional");
                }
                dependencies.insert(name.clone(), dependency);
            }
        }
    }
    // The build script reads its configuration.
    dependencies.insert(
        "pyo3-ffi".into(),
        source.manifest["dependencies"]["pyo3-ffi"].clone(),
    );
    let mut pyo3 = Table::new();
    let mut features = source.features.clone();
    match against {
        Against::Pyo3 => {
            pyo3.insert("version".into(), format!("={}", source.version).into());
        }
        Against::Pyatoll => {
            features.push("test-interpreters");
            pyo3.insert("path".into(), text(&run::root().join("compat/pyo3")));
            let mut macros = Table::new();
            macros.insert("package".into(), "pyatoll-macros".into());
            macros.insert(
                "path".into(),
                text(&run::root().join("crates/pyatoll-macros")),
            );
            dependencies.insert("pyo3-macros".into(), macros.into());
        }
    }
    pyo3.insert("features".into(), names(&features));
    dependencies.insert("pyo3".into(), pyo3.into());
    Ok(dependencies)
}

/// Returns all identifiers before a `::` in the tests; crate names are among them.
fn identifiers(source: &Source) -> Result<BTreeSet<String>> {
    let mut identifiers = BTreeSet::new();
    let mut folders = vec![source.folder.join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path)?;
                let tokens: TokenStream = text
                    .parse()
                    .map_err(|error| anyhow::anyhow!("cannot parse {}: {error}", path.display()))?;
                collect(tokens, &mut identifiers);
            }
        }
    }
    Ok(identifiers)
}

fn collect(tokens: TokenStream, identifiers: &mut BTreeSet<String>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(identifier) => {
                if matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == ':') {
                    identifiers.insert(identifier.to_string());
                }
            }
            TokenTree::Group(group) => collect(group.stream(), identifiers),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

fn text(path: &Path) -> Value {
    path.to_string_lossy().into_owned().into()
}

fn names(names: &[&str]) -> Value {
    names
        .iter()
        .map(|name| Value::from(*name))
        .collect::<Vec<_>>()
        .into()
}
