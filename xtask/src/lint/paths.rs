//! The check `paths`: files that the pages for contributors name exist.
//!
//! A path is a relative link, or text in backticks that has a `/` or, for files of the root, ends
//! as a file does. It begins at the root or at a crate's sources. Text with a blank or a
//! placeholder (`NAME`, `…`, `*`, `{`) is no path, nor is the bare name of a source file.

use anyhow::Result;

use super::files::Files;
use super::markdown;

/// The pages; each has to exist.
const PAGES: [&str; 6] = [
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CODE_OF_CONDUCT.md",
    "RELEASING.md",
    "SECURITY.md",
    "docs/style.md",
];

/// The folders in which paths may begin.
const BASES: [&str; 3] = ["", "crates/pyatoll/src/", "crates/pyatoll-macros/src/"];

/// Endings by which a name without a folder is known to be a file.
const ENDINGS: [&str; 6] = [".md", ".toml", ".yml", ".json", ".py", ".lock"];

/// First segments of paths that a build creates, or that are CPython's or another crate's.
const OTHERS: [&str; 6] = ["target/", "/", "~/", "Include/", "Python/", "Objects/"];

/// Returns the faults, a line each.
pub fn check(files: &Files) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for page in PAGES {
        let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut is_code = false;
        for (index, line) in files.text(page)?.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                is_code = !is_code;
            }
            if is_code {
                continue;
            }
            let spans = markdown::code_spans(line);
            let named = spans.iter().filter(|span| is_path(span));
            let missing = named
                .filter(|path| {
                    !BASES
                        .iter()
                        .any(|base| files.exists(&format!("{base}{path}")))
                })
                .copied();
            let links = markdown::link_targets(line);
            let targets = links
                .iter()
                .filter(|target| !target.contains("://") && !target.starts_with('#'))
                .map(|target| target.split('#').next().unwrap_or(target));
            let dead = targets.filter(|target| !files.exists(&join(folder, target)));
            for path in missing.chain(dead) {
                faults.push(format!("{page}:{}: {path} does not exist", index + 1));
            }
        }
    }
    Ok(faults)
}

/// Returns whether a code span names a file or folder of the project.
fn is_path(span: &str) -> bool {
    let is_plain = span
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    let has_placeholder = span
        .split(['/', '.'])
        .any(|part| part.len() > 1 && part.chars().all(|c| c.is_ascii_uppercase()))
        && !ENDINGS.iter().any(|ending| span.ends_with(ending));
    let is_file = ENDINGS.iter().any(|ending| {
        span.strip_suffix(ending)
            .is_some_and(|name| !name.is_empty())
    });
    let is_other = OTHERS.iter().any(|other| span.starts_with(other)) || span.starts_with("NAME");
    is_plain && !has_placeholder && !is_other && (span.contains('/') || is_file)
}

/// Joins a relative link to the folder of its page.
fn join(folder: &str, target: &str) -> String {
    let mut segments: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            ".." => {
                segments.pop();
            }
            "." | "" => {}
            part => segments.push(part),
        }
    }
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks a tree in which CONTRIBUTING.md has this text.
    fn check_page(text: &str) -> Vec<String> {
        let mut files: Vec<_> = PAGES.iter().map(|page| (*page, "")).collect();
        files.retain(|(page, _)| *page != "CONTRIBUTING.md");
        files.push(("CONTRIBUTING.md", text));
        files.push(("crates/pyatoll/src/types/list/mod.rs", ""));
        check(&Files::of(&files)).unwrap()
    }

    #[test]
    fn a_path_that_does_not_exist_fails() {
        for missing in [
            "`crates/pyatoll/src/types/gone.rs`",
            "`types/gone/`",
            "`gone.toml`",
            "[it](docs/gone.md#head)",
        ] {
            let faults = check_page(&format!("A new type goes to {missing}."));
            assert_eq!(faults.len(), 1, "{missing}");
            assert!(faults[0].starts_with("CONTRIBUTING.md:1: "));
        }
    }

    #[test]
    fn paths_that_exist_and_other_code_pass() {
        let text = "`crates/pyatoll/src/types/list/mod.rs`, `types/list/`, `SECURITY.md`, \
            `cargo xtask lint`, `a / b`, `#[pyclass]`, `compat.rs`, `area: what`, `types/NAME/`, \
            `target/package/`, [style](docs/style.md#names), [PyO3](https://pyo3.rs/a)\n\
            ```sh\nrun `a/b.rs`\n```\n";
        assert_eq!(check_page(text), [""; 0]);
    }
}
