//! Finding the examples: the code blocks of doc comments and of Markdown files.
//!
//! Doc comments are found line by line, so those in macros are, too.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A code block that rustdoc tests.
#[derive(Debug, PartialEq)]
pub struct Example {
    /// The file and line of its fence, such as `src/types/list.rs:12`.
    pub name: String,
    /// The words after the fence.
    pub info: String,
    /// The code, with hidden lines.
    pub code: String,
}

/// Returns the examples of the crate in `folder`: those of its sources, and of the Markdown files
/// that its lib.rs includes, which are the README and most of the guide.
pub fn find(folder: &Path) -> Result<Vec<Example>> {
    let library = folder.join("src/lib.rs");
    let library = fs::read_to_string(&library)
        .with_context(|| format!("cannot read {}", library.display()))?;
    let mut files = Vec::new();
    for root in ["README.md", "guide", "src"] {
        collect(&folder.join(root), &mut files)?;
    }
    files.sort();
    let mut examples = Vec::new();
    for path in files {
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path
            .strip_prefix(folder)?
            .display()
            .to_string()
            .replace('\\', "/");
        let blocks = if name.ends_with(".md") && !includes(&library, &name) {
            continue;
        } else if name.ends_with(".rs") {
            blocks(text.lines().map(doc_comment))
        } else {
            blocks(text.lines().map(|line| Line::Text(line.to_owned())))
        };
        examples.extend(blocks.into_iter().filter(is_tested).map(|block| Example {
            name: format!("{name}:{}", block.line),
            info: block.info,
            code: block.code,
        }));
    }
    Ok(examples)
}

/// Returns whether the source names a file of its crate.
fn includes(source: &str, name: &str) -> bool {
    source.contains(&format!("\"{name}\"")) || source.contains(&format!("\"../{name}\""))
}

/// Adds the file, or the Rust and Markdown files in the folder.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        if path
            .extension()
            .is_some_and(|ending| ending == "rs" || ending == "md")
        {
            files.push(path.to_owned());
        }
        return Ok(());
    }
    for entry in fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}

/// A line of a file.
enum Line {
    /// Text of a document.
    Text(String),
    /// An attribute, which does not end a document.
    Attribute,
    /// Code, which ends the document.
    Code,
}

/// Returns the text of a doc comment. PyO3 chooses some fences by its feature `macros`.
fn doc_comment(line: &str) -> Line {
    let line = line.trim_start();
    for start in ["///", "//!"] {
        if let Some(text) = line.strip_prefix(start)
            && !text.starts_with('/')
        {
            return Line::Text(text.strip_prefix(' ').unwrap_or(text).to_owned());
        }
    }
    if let Some(text) = line.strip_prefix("#[cfg_attr(feature = \"macros\", doc = \"")
        && let Some(text) = text.strip_suffix("\")]")
    {
        return Line::Text(text.to_owned());
    }
    if line.starts_with("#[") || line.starts_with("#![") {
        return Line::Attribute;
    }
    Line::Code
}

/// A code block.
struct Block {
    /// The line of its fence, counted from one.
    line: usize,
    info: String,
    code: String,
}

/// Splits the lines into the fenced code blocks of their documents.
fn blocks(lines: impl Iterator<Item = Line>) -> Vec<Block> {
    let mut blocks = Vec::new();
    // The open block, with its fence and indentation.
    let mut open: Option<(Block, String, usize)> = None;
    for (index, line) in lines.enumerate() {
        let line = match line {
            Line::Text(line) => line,
            Line::Attribute => continue,
            Line::Code => {
                open = None;
                continue;
            }
        };
        let text = line.trim_start();
        let indentation = line.len() - text.len();
        match &mut open {
            Some((_, fence, _)) if text.trim_end() == fence => {
                blocks.extend(open.take().map(|(block, ..)| block));
            }
            Some((block, _, outer)) => {
                block.code.push_str(&line[indentation.min(*outer)..]);
                block.code.push('\n');
            }
            None if text.starts_with("```") => {
                let info = text.trim_start_matches('`');
                let fence = "`".repeat(text.len() - info.len());
                let block = Block {
                    line: index + 1,
                    info: info.trim().to_owned(),
                    code: String::new(),
                };
                open = Some((block, fence, indentation));
            }
            None => {}
        }
    }
    blocks
}

/// Returns whether rustdoc takes a block for Rust and does not ignore it.
fn is_tested(block: &Block) -> bool {
    let mut is_other = false;
    let mut is_rust = false;
    for word in words(&block.info) {
        match word {
            "ignore" => return false,
            "rust" => is_rust = true,
            "should_panic" | "no_run" | "test_harness" | "compile_fail" | "standalone_crate" => {}
            word if word.starts_with("edition") || is_error_code(word) => {}
            _ => is_other = true,
        }
    }
    is_rust || !is_other
}

fn is_error_code(word: &str) -> bool {
    word.len() == 5 && word.starts_with('E') && word[1..].bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the words after a fence.
pub fn words(info: &str) -> impl Iterator<Item = &str> {
    info.split([',', ' ', '\t']).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lines: impl Iterator<Item = Line>) -> Vec<(usize, String, String)> {
        blocks(lines)
            .into_iter()
            .filter(is_tested)
            .map(|block| (block.line, block.info, block.code))
            .collect()
    }

    #[test]
    fn examples_of_doc_comments_are_found_in_any_place() {
        let text = "//! ```\n//! # hidden();\n//! ```\nmacro_rules! m { () => {\n    /// a\n    \
                    /// ```no_run\n    /// if a {\n    ///     b\n    /// }\n    /// ```\n} }\n\
                    //// ```\n// ```\n";
        let code = "if a {\n    b\n}\n".to_owned();
        assert_eq!(
            found(text.lines().map(doc_comment)),
            [
                (1, String::new(), "# hidden();\n".to_owned()),
                (6, "no_run".to_owned(), code),
            ]
        );
    }

    #[test]
    fn a_fence_may_depend_on_a_feature() {
        let text = "/// a\n#[cfg_attr(not(feature = \"macros\"), doc = \"```rust,ignore\")]\n\
                    #[cfg_attr(feature = \"macros\", doc = \"```rust\")]\n/// b\n/// ```\n";
        let expected = [(3, "rust".to_owned(), "b\n".to_owned())];
        assert_eq!(found(text.lines().map(doc_comment)), expected);
    }

    #[test]
    fn a_line_of_another_attribute_is_not_the_end() {
        let text =
            "//! ```toml\n#![doc = concat!(\"a\", \"b\")]\n//! ```\n//! ```\n//! c\n//! ```\n";
        let expected = [(4, String::new(), "c\n".to_owned())];
        assert_eq!(found(text.lines().map(doc_comment)), expected);
    }

    #[test]
    fn only_rust_is_tested() {
        let text = "```python\na\n```\n```rust,ignore\nb\n```\n```text\n```rust\n```\n\
                    - ```rust,noplayground\n  x\n\n  ```rust\n  c {\n    d\n  }\n  ```\n";
        let lines = text.lines().map(|line| Line::Text(line.to_owned()));
        let expected = [(13, "rust".to_owned(), "c {\n  d\n}\n".to_owned())];
        assert_eq!(found(lines), expected);
        for (info, tested) in [
            ("", true),
            ("rust, no_run", true),
            ("compile_fail,E0597", true),
            ("compile_error,E0597", false),
            ("rust ignore", false),
        ] {
            let block = Block {
                line: 1,
                info: info.to_owned(),
                code: String::new(),
            };
            assert_eq!(is_tested(&block), tested, "{info}");
        }
    }
}
