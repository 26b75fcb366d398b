//! `cargo xtask book`: builds the guide with mdBook, and checks the links of the book and of the
//! Markdown files of the repository.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{run, tools};

const MDBOOK: &str = "0.5.4";

/// Links to files of this repository that the book does not contain.
const REPOSITORY: &str = "https://github.com/pyatoll/pyatoll/";

/// The options of `cargo xtask book`.
#[derive(clap::Args)]
pub struct Options {
    /// Open the book in a browser
    #[arg(long)]
    open: bool,
}

/// Builds the book into `book` in the target folder; fails if a link is dead.
pub fn run(options: &Options) -> Result<()> {
    let mdbook = tools::installed("mdbook", MDBOOK)?;
    let folder = run::target_dir().join("book");
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot delete {}", folder.display()))?;
    }
    run::status(
        Command::new(mdbook)
            .current_dir(run::root())
            .args(["build", "guide", "--dest-dir"])
            .arg(&folder)
            .args(options.open.then_some("--open")),
    )?;
    let mut dead = dead_links_of_book(&folder)?;
    dead.extend(dead_links_of_files(&tracked_markdown()?)?);
    if !dead.is_empty() {
        bail!("{} dead links:\n{}", dead.len(), dead.join("\n"));
    }
    println!("==> the book is in {}", folder.display());
    Ok(())
}

/// A page of HTML: its links, and its link targets.
#[derive(Default)]
struct Page {
    links: BTreeSet<String>,
    ids: BTreeSet<String>,
}

impl Page {
    fn parse(html: &str) -> Self {
        Self {
            links: attributes(html, "href")
                .chain(attributes(html, "src"))
                .collect(),
            ids: attributes(html, "id")
                .chain(attributes(html, "name"))
                .collect(),
        }
    }
}

/// Returns the values of an attribute in HTML as mdBook writes it: in double quotes, on one line.
fn attributes<'a>(html: &'a str, name: &str) -> impl Iterator<Item = String> + use<'a> {
    let start = format!(" {name}=\"");
    let values: Vec<_> = html
        .split(&*start)
        .skip(1)
        .filter_map(|rest| rest.split_once('"'))
        .map(|(value, _)| value.replace("&amp;", "&"))
        .collect();
    values.into_iter()
}

/// Returns a line for each link in the book that leads to no file, or to no heading of a file.
fn dead_links_of_book(folder: &Path) -> Result<Vec<String>> {
    let mut pages = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        // The print page repeats the other pages; the 404 page is served at any path.
        if name.ends_with(".html") && name != "print.html" && name != "404.html" {
            pages.insert(name, Page::parse(&fs::read_to_string(&path)?));
        }
    }
    let mut dead = Vec::new();
    for (name, page) in &pages {
        for link in &page.links {
            let works = match link.split_once('#') {
                _ if link.starts_with(REPOSITORY) => exists_in_repository(link),
                _ if link.contains("://") || link.starts_with("data:") => true,
                None => folder.join(link).exists(),
                Some((file, anchor)) => {
                    let target = if file.is_empty() { name } else { file };
                    let target = pages.get(target);
                    target.is_some_and(|page| anchor.is_empty() || page.ids.contains(anchor))
                }
            };
            if !works {
                dead.push(format!("book/{name}: {link}"));
            }
        }
    }
    Ok(dead)
}

/// Returns whether a link to a file or folder of the repository's main branch leads to one here.
fn exists_in_repository(link: &str) -> bool {
    let path = link.strip_prefix(REPOSITORY).unwrap_or(link);
    let path = path.split('#').next().unwrap_or_default();
    match path.split_once("/main/") {
        // "Edit this page".
        Some(("blob" | "tree" | "edit", path)) => run::root().join(path).exists(),
        _ => true,
    }
}

/// Returns the Markdown files of the repository, other than the chapters.
fn tracked_markdown() -> Result<Vec<PathBuf>> {
    let files = run::output(Command::new("git").current_dir(run::root()).args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "*.md",
    ]))?;
    let files = files.lines().filter(|file| !file.starts_with("guide/src/"));
    Ok(files
        .map(PathBuf::from)
        .filter(|file| run::root().join(file).exists())
        .collect())
}

/// Returns a line for each link in Markdown files that leads to no file, or to no heading of one.
fn dead_links_of_files(files: &[PathBuf]) -> Result<Vec<String>> {
    let mut dead = Vec::new();
    for file in files {
        let text = fs::read_to_string(run::root().join(file))?;
        for link in markdown_links(&text) {
            let works = if link.starts_with(REPOSITORY) {
                exists_in_repository(link)
            } else if link.contains("://") || link.starts_with("mailto:") {
                true
            } else {
                let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
                let target = match path {
                    "" => file.clone(),
                    path => normalize(&file.parent().unwrap_or(Path::new("")).join(path)),
                };
                let target = run::root().join(target);
                let has_anchor = || {
                    fs::read_to_string(&target)
                        .is_ok_and(|text| headings(&text).any(|heading| heading == anchor))
                };
                target.exists() && (anchor.is_empty() || has_anchor())
            };
            if !works {
                dead.push(format!("{}: {link}", file.display()));
            }
        }
    }
    Ok(dead)
}

/// Returns the targets of the links in Markdown text, without those in code.
fn markdown_links(text: &str) -> impl Iterator<Item = &str> {
    let mut in_block = false;
    text.lines()
        .filter(move |line| {
            let fence = line.trim_start().starts_with("```");
            in_block ^= fence;
            !fence && !in_block
        })
        .flat_map(|line| {
            // Text between backticks is not a link, though a link's text may contain backticks.
            line.split("](")
                .skip(1)
                .filter_map(|rest| rest.split_once(')'))
        })
        .map(|(link, _)| link)
        .filter(|link| !link.contains(' '))
}

/// Returns the anchors of the headings of Markdown text, as GitHub makes them.
fn headings(text: &str) -> impl Iterator<Item = String> {
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            let heading = line.trim_start_matches('#').trim().to_lowercase();
            heading
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
}

/// Resolves `..` without looking at the file system.
fn normalize(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_code_are_not_links() {
        let text = "[a](b.md) and [`c`](d.md#e)\n```\n[x](y)\n```\n[f](g)\n";
        assert_eq!(
            markdown_links(text).collect::<Vec<_>>(),
            ["b.md", "d.md#e", "g"]
        );
    }

    #[test]
    fn headings_have_github_s_anchors() {
        let text = "# An object, in the `wrong` place\n";
        assert_eq!(
            headings(text).collect::<Vec<_>>(),
            ["an-object-in-the-wrong-place"]
        );
    }

    #[test]
    fn a_dead_link_of_the_book_is_found() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("pyatoll-book-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        fs::write(
            folder.join("a.html"),
            "<h1 id=\"top\"></h1><a href=\"b.html#there\"></a><a href=\"#top\"></a>\
             <a href=\"b.html#not-there\"></a><a href=\"c.html\"></a>\
             <a href=\"https://github.com/pyatoll/pyatoll/blob/main/none.md\"></a>",
        )?;
        fs::write(folder.join("b.html"), "<h2 id=\"there\"></h2>")?;
        let dead = dead_links_of_book(&folder)?;
        fs::remove_dir_all(&folder)?;
        assert_eq!(
            dead,
            [
                "book/a.html: b.html#not-there",
                "book/a.html: c.html",
                "book/a.html: https://github.com/pyatoll/pyatoll/blob/main/none.md",
            ]
        );
        Ok(())
    }
}
