//! No chapter and no code block of the guide is left out of the tests.

use std::fs;
use std::path::Path;

use guide::{path, python_blocks};

/// Returns the names of the chapters in the summary, without `.md`.
fn chapters() -> Vec<String> {
    let summary = fs::read_to_string(path("SUMMARY")).expect("the summary can be read");
    let links = summary.split("](").skip(1);
    links
        .map(|rest| {
            rest.split_once(".md)")
                .expect("a link to a chapter")
                .0
                .to_owned()
        })
        .collect()
}

#[test]
fn every_file_is_a_chapter_and_every_chapter_is_a_doc_test() {
    let chapters = chapters();
    let tested = include_str!("../chapters.rs");
    for chapter in &chapters {
        assert!(
            tested.contains(&format!("include_str!(\"src/{chapter}.md\")")),
            "{chapter}.md is not in guide/chapters.rs"
        );
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(folder).expect("can be listed") {
        let path = entry.expect("can be listed").path();
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        assert!(
            name == "SUMMARY" || chapters.contains(&name),
            "{name}.md is not in SUMMARY.md"
        );
    }
}

#[test]
fn every_python_block_is_run_by_a_rust_block_of_its_chapter() {
    for chapter in chapters() {
        let text = fs::read_to_string(path(&chapter)).expect("the chapter can be read");
        let run = format!("guide::run_python(\"{chapter}\", \"");
        let modules: Vec<&str> = text
            .split(&*run)
            .skip(1)
            .map(|rest| rest.split_once('"').expect("a quoted name").0)
            .collect();
        for block in python_blocks(&text) {
            assert!(
                modules.iter().any(|module| block.imports(module)),
                "{chapter}.md:{}: no Rust block runs this",
                block.line
            );
        }
    }
}

#[test]
fn only_listed_blocks_are_neither_run_nor_compiled() {
    let mut skipped = Vec::new();
    for chapter in chapters() {
        let text = fs::read_to_string(path(&chapter)).expect("the chapter can be read");
        for line in text.lines().filter(|line| line.starts_with("```")) {
            match line.trim_start_matches('`') {
                "" | "rust" | "python" | "sh" | "toml" | "text" => {}
                other => skipped.push(format!("{chapter}: {other}")),
            }
        }
    }
    // A build script, whose library this package has for its own build script only.
    assert_eq!(skipped, ["embedding: rust,ignore"]);
}
