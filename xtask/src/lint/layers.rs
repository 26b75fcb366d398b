//! The check `layers`: the library's modules refer to their own layer and to those below.
//!
//! The layers are the rows of the table in ARCHITECTURE.md whose first head is `layer`, topmost
//! first; the modules of one row know each other. A folder is written `folder/`, a file of the root
//! as `file.rs`. Exceptions are the rows of the table with the heads `from`, `to` and a reason:
//! paths below [`SOURCES`], a folder for all of its files. An unused one fails, too.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};

use super::files::Files;
use super::markdown;
use super::modules::{Crate, Reference};

/// The page with the tables of layers and exceptions.
const PAGE: &str = "ARCHITECTURE.md";

/// The library's sources.
const SOURCES: &str = "crates/pyatoll/src/";

/// An arrow against the layers that is allowed.
struct Exception {
    line: usize,
    from: String,
    to: String,
}

impl Exception {
    fn permits(&self, reference: &Reference) -> bool {
        is_below(&reference.from, &self.from) && is_below(&reference.to, &self.to)
    }
}

/// Returns whether the file of the sources is `path`, or in the folder `path`.
fn is_below(file: &str, path: &str) -> bool {
    let file = file.strip_prefix(SOURCES).unwrap_or(file);
    file == path || path.ends_with('/') && file.starts_with(path)
}

/// Returns the faults, a line each.
pub fn check(files: &Files) -> Result<Vec<String>> {
    let page = markdown::tables(files.text(PAGE)?);
    let layers = layers(&page)?;
    let exceptions = exceptions(&page)?;
    let library = Crate::read(files, &format!("{SOURCES}lib.rs"))?;
    let mut faults = Vec::new();

    let mut entries = files.entries(SOURCES.trim_end_matches('/'));
    entries.retain(|entry| entry.ends_with('/') || entry.ends_with(".rs"));
    for entry in &entries {
        if !layers.contains_key(entry) {
            faults.push(format!("{PAGE}: no layer has {SOURCES}{entry}"));
        }
    }
    for name in layers.keys().filter(|name| !entries.contains(name)) {
        faults.push(format!(
            "{PAGE}: a layer has {name}, which does not exist in {SOURCES}"
        ));
    }

    let mut is_used = vec![false; exceptions.len()];
    let mut arrows: BTreeMap<(String, String), Vec<Reference>> = BTreeMap::new();
    for reference in library.references() {
        let (Some(from), Some(to)) = (
            layers.get(top(&reference.from)),
            layers.get(top(&reference.to)),
        ) else {
            continue;
        };
        if from <= to {
            continue;
        }
        let permitting = exceptions
            .iter()
            .position(|exception| exception.permits(&reference));
        match permitting {
            Some(index) => is_used[index] = true,
            None => {
                let ends = (reference.from.clone(), reference.to.clone());
                arrows.entry(ends).or_default().push(reference);
            }
        }
    }
    for ((from, to), references) in arrows {
        let first = &references[0];
        let others: Vec<_> = references[1..]
            .iter()
            .map(|other| other.line.to_string())
            .collect();
        let also = match &others[..] {
            [] => String::new(),
            others => format!(" (also in lines {})", others.join(", ")),
        };
        faults.push(format!(
            "{from}:{}: `{}` is in {to}, a layer above{also}",
            first.line, first.path
        ));
    }
    for (exception, is_used) in exceptions.iter().zip(is_used) {
        if !is_used {
            faults.push(format!(
                "{PAGE}:{}: nothing needs the exception from {} to {}",
                exception.line, exception.from, exception.to
            ));
        }
    }
    Ok(faults)
}

/// Returns the folder (`name/`) or file of the sources' root that a file belongs to.
fn top(file: &str) -> &str {
    let file = file.strip_prefix(SOURCES).unwrap_or(file);
    match file.find('/') {
        Some(end) => &file[..=end],
        None => file,
    }
}

/// Returns the layer of each folder and file of the sources' root, 0 for the topmost.
fn layers(page: &[markdown::Table]) -> Result<BTreeMap<String, usize>> {
    let table = page
        .iter()
        .find(|table| table.heads.first().is_some_and(|head| head == "layer"))
        .with_context(|| format!("{PAGE} has no table with the head `layer`"))?;
    let mut layers = BTreeMap::new();
    for (layer, (line, cells)) in table.rows.iter().enumerate() {
        let names = markdown::code_spans(&cells[0]);
        ensure!(!names.is_empty(), "{PAGE}:{line}: a layer without modules");
        for name in names {
            if layers.insert(name.to_owned(), layer).is_some() {
                bail!("{PAGE}:{line}: `{name}` is in two layers");
            }
        }
    }
    Ok(layers)
}

/// Returns the rows of the table of exceptions; there may be none.
fn exceptions(page: &[markdown::Table]) -> Result<Vec<Exception>> {
    let Some(table) = page
        .iter()
        .find(|table| table.heads.len() == 3 && table.heads[..2] == ["from", "to"])
    else {
        return Ok(Vec::new());
    };
    let rows = table.rows.iter().map(|(line, cells)| {
        let path = |index: usize| {
            let path = cells.get(index).and_then(|cell| {
                let spans = markdown::code_spans(cell);
                spans.first().map(|path| (*path).to_owned())
            });
            path.with_context(|| {
                format!("{PAGE}:{line}: an exception is `from`, `to` and a reason")
            })
        };
        ensure!(
            cells.get(2).is_some_and(|reason| !reason.is_empty()),
            "{PAGE}:{line}: an exception needs a reason"
        );
        Ok(Exception {
            line: *line,
            from: path(0)?,
            to: path(1)?,
        })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYERS: &str = "| layer | concern |\n|---|---|\n| `lib.rs` | all |\n\
        | `class/`, `module/` | up |\n| `object/` | down |\n";

    /// Checks a library in which `object/py.rs` has this text.
    fn check_with(page: &str, object: &str) -> Vec<String> {
        check(&Files::of(&[
            ("ARCHITECTURE.md", page),
            (
                "crates/pyatoll/src/lib.rs",
                "mod class; mod module; mod object; pub use class::Class; pub use object::Py;",
            ),
            ("crates/pyatoll/src/class/mod.rs", "pub struct Class;"),
            ("crates/pyatoll/src/module/mod.rs", "use crate::class;"),
            (
                "crates/pyatoll/src/object/mod.rs",
                "mod py; pub use py::Py;",
            ),
            ("crates/pyatoll/src/object/py.rs", object),
        ]))
        .unwrap()
    }

    #[test]
    fn an_arrow_up_fails() {
        for up in [
            "use crate::class::Class;",
            "use crate::{class::Class, object};",
            "fn f() { let _ = crate::class::Class; }",
            "fn f() { super::super::class::f() }",
            // Through the root, too: what counts is who defines it.
            "impl From<crate::Class> for Py {}",
            "fn f(_: *const crate::class::Class) {}",
            "macro_rules! internal { () => { crate::class::f() } }",
        ] {
            let faults = check_with(LAYERS, up);
            assert_eq!(faults.len(), 1, "{up}: {faults:?}");
            assert!(faults[0].starts_with("crates/pyatoll/src/object/py.rs:1: "));
            assert!(faults[0].ends_with(" is in crates/pyatoll/src/class/mod.rs, a layer above"));
        }
    }

    #[test]
    fn tests_docs_and_the_bodies_of_exported_macros_may_refer_to_anything() {
        for fine in [
            "pub struct Py; fn f() -> crate::Py { Py }",
            "#[cfg(test)] mod tests { use crate::class::Class; }",
            "#[cfg(all(test, unix))] use crate::class::Class; struct Py;",
            "#[test] fn t() { crate::class::f() }",
            "/// See [`Class`](crate::class::Class).\npub struct Py;",
            "#[macro_export] macro_rules! new { () => { $crate::class::Class } }",
        ] {
            assert_eq!(check_with(LAYERS, fine), [""; 0], "{fine}");
        }
    }

    #[test]
    fn an_exception_permits_its_arrow_and_no_other() {
        let page = format!(
            "{LAYERS}\n| from | to | why |\n|---|---|---|\n| `object/py.rs` | `class/` | so |\n"
        );
        assert_eq!(check_with(&page, "use crate::class::Class;"), [""; 0]);
        let other = page.replace("object/py.rs", "object/bound.rs");
        assert_eq!(check_with(&other, "use crate::class::Class;").len(), 2);
    }

    #[test]
    fn a_stale_exception_fails() {
        let page = format!(
            "{LAYERS}\n| from | to | why |\n|---|---|---|\n| `object/` | `class/` | so |\n"
        );
        assert_eq!(
            check_with(&page, ""),
            ["ARCHITECTURE.md:9: nothing needs the exception from object/ to class/"]
        );
    }

    #[test]
    fn an_exception_without_a_reason_fails() {
        let page =
            format!("{LAYERS}\n| from | to | why |\n|---|---|---|\n| `object/` | `class/` | |\n");
        assert!(exceptions(&markdown::tables(&page)).is_err());
    }

    #[test]
    fn each_module_of_the_root_is_in_a_layer() {
        let page = LAYERS.replace("`class/`, `module/`", "`class/`, `gone.rs`");
        assert_eq!(
            check_with(&page, ""),
            [
                "ARCHITECTURE.md: no layer has crates/pyatoll/src/module/",
                "ARCHITECTURE.md: a layer has gone.rs, which does not exist in crates/pyatoll/src/",
            ]
        );
    }
}
