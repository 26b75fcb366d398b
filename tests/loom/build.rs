//! Copies the parts of `pyatoll` that the models run: once as they are, and once for each fault of
//! `faults.rs`, with that fault. Each copy becomes a module of the crate.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "src/faults.rs"]
mod faults;

use faults::{FAULTS, Fault};

/// The parts with models, in `crates/pyatoll/src/interpreter`.
const PARTS: [&str; 4] = ["queue", "slots", "registry", "gate"];

fn main() {
    println!("cargo::rustc-check-cfg=cfg(loom)");
    println!("cargo::rustc-cfg=loom");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/faults.rs");
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    let sources = package.join("../../crates/pyatoll/src/interpreter");
    let models = package.join("src/models");

    let mut text = String::new();
    let mut table = String::from("const COPIES: &[Copy] = &[\n");
    for fault in std::iter::once(None).chain(FAULTS.iter().map(Some)) {
        text += &module(&out, &sources, &models, fault);
        let name = fault.map_or("faultless", |fault| fault.name);
        let parts =
            parts_of(fault).map(|part| format!("({part:?}, {name}::{part}_models::MODELS)"));
        let parts = parts.collect::<Vec<_>>().join(", ");
        writeln!(table, "    Copy {{ name: {name:?}, parts: &[{parts}] }},").expect("to memory");
    }
    fs::write(out.join("copies.rs"), text + &table + "];\n").expect("OUT_DIR can be written to");
}

/// Returns the parts of one copy that have models: all, or the one with the fault.
fn parts_of(fault: Option<&Fault>) -> impl Iterator<Item = &'static str> {
    let part = fault.map(|fault| fault.part);
    let chosen = move |other: &&str| part.is_none_or(|part| part == *other);
    PARTS.into_iter().filter(chosen)
}

/// Writes one copy, and returns its module.
fn module(out: &Path, sources: &Path, models: &Path, fault: Option<&Fault>) -> String {
    let name = fault.map_or("faultless", |fault| fault.name);
    let folder = out.join(name);
    fs::create_dir_all(&folder).expect("OUT_DIR can be written to");
    // The originals are linted; the faults are short.
    let mut module = format!("#[allow(warnings, clippy::all)]\nmod {name} {{\n");
    let mut add = |path: &Path, name: &str| {
        writeln!(module, "    #[path = {path:?}]\n    pub(crate) mod {name};").expect("to memory");
    };
    for part in std::iter::once("sync").chain(parts_of(fault)) {
        let source = sources.join(part).with_extension("rs");
        println!("cargo::rerun-if-changed={}", source.display());
        let mut text = fs::read_to_string(&source)
            .unwrap_or_else(|error| panic!("cannot read {}: {error}", source.display()));
        // Without its unit tests, which `--all-targets` would compile: they are not for loom.
        if let Some(tests) = text.find("\n#[cfg(test)]\nmod tests {") {
            text.truncate(tests);
        }
        if let Some(fault) = fault.filter(|fault| fault.part == part) {
            let found = text.matches(fault.right).count();
            assert!(
                found == 1,
                "fault {}: `{}` is in {} {found} times, not once: adapt tests/loom/src/faults.rs",
                fault.name,
                fault.right,
                source.display()
            );
            text = text.replace(fault.right, fault.wrong);
        }
        let copy = folder.join(part).with_extension("rs");
        fs::write(&copy, text).expect("OUT_DIR can be written to");
        add(&copy, part);
    }
    for part in parts_of(fault) {
        add(
            &models.join(part).with_extension("rs"),
            &format!("{part}_models"),
        );
    }
    module + "}\n"
}
