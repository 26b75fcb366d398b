//! The reference pages are complete: every option and special method that the macros accept, and
//! every feature of the library.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the text of a file of the project.
fn read(path: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the names in backticks of the messages `expected one of: …` in a source of the macros.
fn options_in(source: &str) -> Vec<String> {
    let text = read(&format!("crates/pyatoll-macros/src/{source}"));
    let mut names = Vec::new();
    for start in ["expected one of: `", "const CLASS_OPTIONS: &str = \"`"] {
        for rest in text.split(start).skip(1) {
            let list = format!("`{}", rest.split_once('"').expect("a literal ends").0);
            names.extend(list.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    assert!(names.len() > 2, "{source}: {names:?}");
    names
}

/// Asserts that a page names each of the options in backticks, alone or with a value.
fn assert_documented(page: &str, options: &[String]) {
    let text = read(&format!("crates/pyatoll-macros/doc/{page}.md"));
    for option in options {
        let is_named = ["`", " = ", "(", " "]
            .iter()
            .any(|end| text.contains(&format!("`{option}{end}")));
        assert!(is_named, "doc/{page}.md does not mention `{option}`");
    }
}

#[test]
fn every_option_of_a_macro_is_on_its_page() {
    assert_documented("pyclass", &options_in("class/options.rs"));
    assert_documented("pyfunction", &options_in("function/options.rs"));
    assert_documented("pymodule", &options_in("module/options.rs"));
    let conversions = options_in("conversion/options.rs");
    let (into, from): (Vec<_>, Vec<_>) = conversions
        .into_iter()
        .partition(|option| option == "into_py_with");
    assert_documented("from_py_object", &from);
    assert_documented("into_py_object", &into);
}

#[test]
fn every_special_method_with_a_slot_is_on_the_page_of_pymethods() {
    let table = read("crates/pyatoll-macros/src/methods/dunder.rs");
    let page = read("crates/pyatoll-macros/doc/pymethods.md");
    let names: Vec<&str> = table
        .lines()
        .filter_map(|line| {
            line.trim_start()
                .strip_prefix("\"__")?
                .split_once("__\" =>")
        })
        .map(|(name, _)| name)
        .collect();
    assert!(names.len() > 80, "{names:?}");
    for name in &names {
        // The page has the reflected and in-place forms as families: `__radd__`, and so on.
        let is_form = name
            .strip_prefix(['r', 'i'])
            .is_some_and(|operator| names.contains(&operator));
        assert!(
            is_form || page.contains(&format!("__{name}__")),
            "pymethods.md does not mention __{name}__"
        );
    }
}

#[test]
fn every_feature_is_on_the_page_of_the_crate() {
    let manifest = read("crates/pyatoll/Cargo.toml");
    let features = manifest.split_once("[features]").expect("a table").1;
    let features = features.split("\n[").next().expect("a table");
    let page = read("crates/pyatoll/src/lib.rs");
    let mut count = 0;
    for line in features.lines() {
        let Some((name, _)) = line.split_once(" = [") else {
            continue;
        };
        count += 1;
        let is_named = page
            .lines()
            .any(|line| line.starts_with("//! |") && line.contains(&format!("`{name}`")));
        assert!(
            name == "default" || is_named,
            "no row for the feature {name}"
        );
    }
    assert!(count > 30, "{count} features");
}
