//! The package in which the examples are tested: a library with a module for each, whose
//! documentation the example is.
//!
//! rustdoc compiles most examples as one program, unless one of them does not compile: then it
//! compiles each on its own, which takes many minutes. So these are marked as programs of their
//! own: those that are known to fail, and those that define an extension module with a name that
//! another one has, since the linker knows its functions by that name.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::examples::Example;
use crate::pyo3_tests::options::Against;
use crate::pyo3_tests::source::{Source, work_folder};
use crate::run;

/// The name of the package.
pub const NAME: &str = "pyo3-docs";

/// Dependencies that no example uses, and that take long to compile.
const UNUSED: [&str; 5] = [
    "inventory",
    "proptest",
    "pyo3-build-config",
    "pyo3-macros",
    "ui_test",
];

/// Writes the package and returns its folder. Files that are up to date are not touched.
pub fn write(
    source: &Source,
    examples: &[Example],
    failing: &BTreeSet<&str>,
    against: Against,
) -> Result<PathBuf> {
    let folder = work_folder().join(match against {
        Against::Pyatoll => "docs",
        Against::Pyo3 => "docs-pyo3",
    });
    fs::create_dir_all(folder.join("src"))?;
    let library = library(examples, failing)?;
    run::write_if_changed(&folder.join("src/lib.rs"), &library)?;
    let manifest = toml::to_string(&manifest(source, against)?)?;
    run::write_if_changed(&folder.join("Cargo.toml"), &manifest)?;
    copy_assets(source)?;
    Ok(folder)
}

/// Copies the files that examples include, by paths as from two folders down in PyO3's package:
/// `src/types/`. The generated source is one folder down, so they are beside the package.
fn copy_assets(source: &Source) -> Result<()> {
    let assets = source.folder.join("assets");
    let copies = work_folder().join("assets");
    fs::create_dir_all(&copies)?;
    for entry in
        fs::read_dir(&assets).with_context(|| format!("cannot read {}", assets.display()))?
    {
        let entry = entry?;
        let text = fs::read_to_string(entry.path())?;
        run::write_if_changed(&copies.join(entry.file_name()), &text)?;
    }
    Ok(())
}

/// Returns the source of the library.
fn library(examples: &[Example], failing: &BTreeSet<&str>) -> Result<String> {
    let mut library = String::from("#![allow(dead_code)]\n");
    let mut modules = BTreeSet::new();
    for example in examples {
        let mut is_unique = true;
        for name in extension_modules(&example.code) {
            is_unique &= modules.insert(name);
        }
        let mut info = example.info.clone();
        if !is_unique || failing.contains(&*example.name) {
            info = format!("rust,standalone_crate,{info}");
        }
        let document = format!("~~~{info}\n{}~~~", example.code);
        writeln!(
            library,
            "#[doc = {document:?}]\npub mod {} {{}}",
            module(&example.name)
        )?;
    }
    Ok(library)
}

/// Returns the module of an example: its name, as an identifier.
pub fn module(name: &str) -> String {
    name.replace(|character: char| !character.is_ascii_alphanumeric(), "_")
}

/// Returns the names of the extension modules in the code.
fn extension_modules(code: &str) -> Vec<&str> {
    code.split("#[pymodule")
        .skip(1)
        .filter_map(|rest| {
            let (_, item) = rest.split_once(']')?;
            let words: Vec<_> = item
                .split(|character: char| !(character.is_alphanumeric() || character == '_'))
                .collect();
            let keyword = words
                .iter()
                .position(|word| matches!(*word, "mod" | "fn"))?;
            words.get(keyword + 1).copied()
        })
        .collect()
}

fn manifest(source: &Source, against: Against) -> Result<Table> {
    let package = toml::toml! {
        name = NAME
        version = "0.0.0"
        edition = "2024"
        publish = false
    };
    let mut package = package;
    package.insert("name".into(), NAME.into());
    let mut dependencies = Table::new();
    // Dev-dependencies come second and override: they have all features that the examples need.
    let sections = [
        source.manifest.get("dependencies"),
        source.manifest.get("dev-dependencies"),
        source.manifest.get("target").and_then(|target| {
            target
                .get("cfg(not(target_arch = \"wasm32\"))")?
                .get("dev-dependencies")
        }),
    ];
    for section in sections.into_iter().flatten().filter_map(Value::as_table) {
        for (name, dependency) in section {
            let mut dependency = dependency.clone();
            if let Some(table) = dependency.as_table_mut() {
                table.remove("optional");
            }
            if !UNUSED.contains(&&**name) {
                dependencies.insert(name.clone(), dependency);
            }
        }
    }
    let mut pyo3 = Table::new();
    match against {
        Against::Pyo3 => pyo3.insert("version".into(), format!("={}", source.version).into()),
        Against::Pyatoll => {
            let path = run::root().join("compat/pyo3");
            pyo3.insert("path".into(), path.to_string_lossy().into_owned().into())
        }
    };
    let features = features(source)?;
    pyo3.insert("features".into(), features.clone().into());
    dependencies.insert("pyo3".into(), pyo3.into());

    // Examples are configured by PyO3's features.
    let mut declared: Table = features
        .iter()
        .filter_map(|feature| Some((feature.as_str()?.to_owned(), Value::Array(Vec::new()))))
        .collect();
    declared.insert("default".into(), features.into());

    let mut manifest = Table::new();
    manifest.insert("package".into(), package.into());
    manifest.insert("features".into(), declared.into());
    manifest.insert("dependencies".into(), dependencies.into());
    let profile = toml::toml! {
        [dev]
        debug = false
    };
    manifest.insert("profile".into(), profile.into());
    manifest.insert("workspace".into(), Table::new().into());
    Ok(manifest)
}

/// Returns PyO3's feature `full`, and what examples need besides.
fn features(source: &Source) -> Result<Vec<Value>> {
    let full = source
        .manifest
        .get("features")
        .and_then(|features| features.get("full"))
        .and_then(Value::as_array)
        .context("PyO3 has no feature `full`")?;
    let mut features = full.clone();
    features.extend(["auto-initialize", "multiple-pymethods"].map(Value::from));
    Ok(features)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_that_fail_or_export_the_same_name_are_programs_of_their_own() {
        let example = |name: &str, code: &str| Example {
            name: name.to_owned(),
            info: "no_run".to_owned(),
            code: code.to_owned(),
        };
        let examples = [
            example("a.rs:1", "#[pymodule]\nmod one {}\n"),
            example(
                "a.rs:2",
                "#[pymodule(gil_used = false)]\n#[pyo3(name = \"x\")]\nfn one() {}\n",
            ),
            example("b.md:1", "\n"),
            example("b.md:2", "\n"),
        ];
        let library = library(&examples, &BTreeSet::from(["b.md:1"])).unwrap();
        let marked: Vec<_> = library
            .lines()
            .map(|line| line.contains("standalone"))
            .collect();
        let expected = [false, false, false, true, false, true, false, false, false];
        assert_eq!(marked, expected);
        assert!(library.contains("pub mod a_rs_2 {}"));
    }
}
