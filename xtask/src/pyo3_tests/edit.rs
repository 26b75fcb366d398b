//! Edits of PyO3's tests, where the API deliberately demands more than PyO3's.
//!
//! `PyCFunction::new` and `new_with_keywords` are `unsafe` functions here, since they take one. A
//! file that calls them is compiled as a copy in which the calls are in `unsafe` blocks.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::source::{File, work_folder};
use crate::run;

/// The functions that are `unsafe` here.
const UNSAFE: [&str; 2] = ["PyCFunction::new", "PyCFunction::new_with_keywords"];

const MACRO: &str = "\
#[allow(unused_macros)]
macro_rules! in_unsafe {
    ($function:path, $($argument:expr),* $(,)?) => { unsafe { $function($($argument),*) } };
}
";

/// Returns the path to compile a test file from: its own, or that of an edited copy.
pub fn path(file: &File) -> Result<PathBuf> {
    let text = fs::read_to_string(&file.path)
        .with_context(|| format!("cannot read {}", file.path.display()))?;
    let Some(edited) = edited(&text, &file.path)? else {
        return Ok(file.path.clone());
    };
    let folder = work_folder().join("edited");
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{}.rs", file.name));
    run::write_if_changed(&path, &edited)?;
    Ok(path)
}

/// Returns the edited text of a file, or `None` if there is nothing to edit.
fn edited(text: &str, path: &Path) -> Result<Option<String>> {
    let mut edited = text.to_owned();
    for function in UNSAFE {
        edited = edited.replace(&format!("{function}("), &format!("in_unsafe!({function}, "));
    }
    if edited == text {
        return Ok(None);
    }
    // A module of a file elsewhere needs the path of its file.
    let folder = path.parent().context("a test is in a folder")?;
    for (line, name) in modules(text) {
        let module = folder.join(name).join("mod.rs");
        let declaration = format!("#[path = {:?}]\n{line}", module.display().to_string());
        edited = edited.replacen(line, &declaration, 1);
    }
    let first = edited.find("\nuse ");
    ensure!(first.is_some(), "{} imports nothing", path.display());
    edited.insert_str(first.map_or(0, |newline| newline + 1), MACRO);
    Ok(Some(edited))
}

/// Returns the lines that declare modules of other files, with the modules' names.
fn modules(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| {
        let name = line.strip_prefix("mod ")?.strip_suffix(';')?;
        Some((line, name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_unsafe_functions_are_in_unsafe_blocks() {
        let text = "#![allow(dead_code)]\n\nuse a::B;\n\nmod helpers;\n\
                    fn f() { PyCFunction::new(py, g); PyCFunction::new_closure(py); }\n";
        let edited = edited(text, Path::new("/tests/t.rs")).unwrap().unwrap();
        assert!(edited.contains("in_unsafe!(PyCFunction::new, py, g);"));
        assert!(edited.contains("PyCFunction::new_closure(py)"));
        assert!(edited.contains("#[path = \"/tests/helpers/mod.rs\"]\nmod helpers;"));
        assert!(edited.starts_with("#![allow(dead_code)]\n\n#[allow(unused_macros)]"));
    }

    #[test]
    fn other_files_are_compiled_in_place() {
        let text = "use a::B;\nfn f() { PyCFunction::new_closure(py); }\n";
        assert_eq!(edited(text, Path::new("/tests/t.rs")).unwrap(), None);
    }
}
