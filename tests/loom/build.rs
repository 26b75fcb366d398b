//! Copies the parts of `pyatoll` and `interpshare` that the models run: once as they are, and once
//! for each fault of `faults.rs`, with that fault. Each copy becomes a module of the crate.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "src/faults.rs"]
mod faults;

use faults::{FAULTS, Fault};

/// Files that use each other, and the parts among them with models.
struct Group {
    name: &'static str,
    /// From the root of the repository.
    folder: &'static str,
    /// The file with its atomics, from the root of the repository.
    sync: &'static str,
    /// Each part after those that it uses.
    parts: &'static [&'static str],
}

const GROUPS: [Group; 2] = [
    Group {
        name: "library",
        folder: "crates/pyatoll/src/interpreter",
        sync: "crates/pyatoll/src/interpreter/sync.rs",
        parts: &["queue", "slots", "registry", "gate", "append_list"],
    },
    Group {
        name: "interpshare",
        folder: "examples/interpshare/src",
        sync: "tests/loom/src/interpshare_sync.rs",
        parts: &["waiters", "channel"],
    },
];

fn main() {
    println!("cargo::rustc-check-cfg=cfg(loom)");
    println!("cargo::rustc-cfg=loom");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/faults.rs");
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    let root = package.join("../..");

    let mut text = String::new();
    let mut table = String::from("const COPIES: &[Copy] = &[\n");
    for fault in std::iter::once(None).chain(FAULTS.iter().map(Some)) {
        let name = fault.map_or("faultless", |fault| fault.name);
        // The originals are linted; the faults are short.
        writeln!(text, "#[allow(warnings, clippy::all)]\nmod {name} {{").expect("to memory");
        let mut parts = Vec::new();
        for group in &GROUPS {
            let models = group.models(fault);
            if !models.is_empty() {
                text += &group.module(&root, &out.join(name), fault);
            }
            let path = |part: &str| format!("{name}::{}::{part}_models::MODELS", group.name);
            parts.extend(
                models
                    .iter()
                    .map(|part| format!("({part:?}, {})", path(part))),
            );
        }
        text += "}\n";
        let parts = parts.join(", ");
        writeln!(table, "    Copy {{ name: {name:?}, parts: &[{parts}] }},").expect("to memory");
    }
    fs::write(out.join("copies.rs"), text + &table + "];\n").expect("OUT_DIR can be written to");
}

impl Group {
    /// Returns the parts of one copy whose models run: all, or the one with the fault.
    fn models(&self, fault: Option<&Fault>) -> Vec<&'static str> {
        let is_chosen = |part: &&&str| fault.is_none_or(|fault| fault.part == **part);
        self.parts.iter().filter(is_chosen).copied().collect()
    }

    /// Writes one copy into `folder`, and returns its module.
    fn module(&self, root: &Path, folder: &Path, fault: Option<&Fault>) -> String {
        let folder = folder.join(self.name);
        fs::create_dir_all(&folder).expect("OUT_DIR can be written to");
        let mut module = format!("    pub(crate) mod {} {{\n", self.name);
        let mut add = |path: &Path, name: &str| {
            writeln!(
                module,
                "        #[path = {path:?}]\n        pub(crate) mod {name};"
            )
            .expect("to memory");
        };
        let source_of = |part: &str| root.join(self.folder).join(part).with_extension("rs");
        let files = self.parts.iter().map(|part| (*part, source_of(part)));
        for (part, source) in std::iter::once(("sync", root.join(self.sync))).chain(files) {
            let copy = folder.join(part).with_extension("rs");
            let text = text_of(&source, fault.filter(|fault| fault.part == part));
            fs::write(&copy, text).expect("OUT_DIR can be written to");
            add(&copy, part);
        }
        for part in self.models(fault) {
            let models = root.join("tests/loom/src/models").join(part);
            add(&models.with_extension("rs"), &format!("{part}_models"));
        }
        module + "    }\n"
    }
}

/// Returns the text of a source file, with the fault applied if there is one.
fn text_of(source: &Path, fault: Option<&Fault>) -> String {
    println!("cargo::rerun-if-changed={}", source.display());
    let mut text = fs::read_to_string(source)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", source.display()));
    // Without its unit tests, which `--all-targets` would compile: they are not for loom.
    if let Some(tests) = text.find("\n#[cfg(test)]\nmod tests {") {
        text.truncate(tests);
    }
    if let Some(fault) = fault {
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
    text
}
