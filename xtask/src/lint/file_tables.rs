//! The check `tables`: a table of files in a file's head names each of its siblings once.
//!
//! It is a table whose first head is `file`, in the comments at the beginning of a `mod.rs`,
//! `main.rs` or `lib.rs`. Its first column has names in backticks: `name` for `name.rs`, or `name`
//! or `name/` for a folder; several in one cell share a row. `tests.rs` and files of other kinds
//! may have a row, but need none.
//!
//! In a public module of the published crates it is in a plain comment (`//`): what `//!` says is
//! on a page for users.

use std::collections::BTreeMap;

use anyhow::Result;

use super::files::Files;
use super::markdown;

/// Names that hold the table, not a row of it.
const HEADS: [&str; 3] = ["mod.rs", "main.rs", "lib.rs"];

/// Returns the faults, a line each.
pub fn check(files: &Files) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for (path, text) in files.with_ending("rs") {
        let Some((folder, name)) = path.rsplit_once('/') else {
            continue;
        };
        if !HEADS.contains(&name) {
            continue;
        }
        let head: Vec<&str> = text
            .lines()
            .take_while(|line| line.is_empty() || line.starts_with("//"))
            .collect();
        for table in markdown::tables(&head.join("\n")) {
            if table.heads[0] != "file" {
                continue;
            }
            check_table(files, path, folder, &table, &mut faults);
            if is_documentation(&head) && is_public(files, folder, name) {
                faults.push(format!(
                    "{path}: the table of files is on a public page: make it a comment with `//`"
                ));
            }
        }
    }
    Ok(faults)
}

/// Returns whether a head has its table of files in the `//!` comment.
fn is_documentation(head: &[&str]) -> bool {
    let lines = head.iter().filter(|line| line.starts_with("//!"));
    let lines: String = lines.flat_map(|line| [line, "\n"]).collect();
    let tables = markdown::tables(&lines);
    tables.iter().any(|table| table.heads[0] == "file")
}

/// Returns whether the file is the root of a published crate, or its parent declares it as public.
fn is_public(files: &Files, folder: &str, name: &str) -> bool {
    let Some((parent, module)) = folder.rsplit_once('/') else {
        return false;
    };
    if !folder.starts_with("crates/") {
        return false;
    }
    if name == "lib.rs" {
        return true;
    }
    let declaration = format!("pub mod {module};");
    HEADS.iter().any(|head| {
        let text = files.text(&format!("{parent}/{head}"));
        text.is_ok_and(|text| text.lines().any(|line| line == declaration))
    })
}

fn check_table(
    files: &Files,
    path: &str,
    folder: &str,
    table: &markdown::Table,
    faults: &mut Vec<String>,
) {
    let siblings: Vec<String> = files
        .entries(folder)
        .into_iter()
        .filter(|entry| !HEADS.contains(&&**entry))
        .filter_map(|entry| match entry.strip_suffix('/') {
            Some(name) => files
                .exists(&format!("{folder}/{name}/mod.rs"))
                .then(|| name.to_owned()),
            None => entry.strip_suffix(".rs").map(str::to_owned),
        })
        .collect();
    let mut rows: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (line, cells) in &table.rows {
        for name in markdown::code_spans(&cells[0]) {
            let name = name.trim_end_matches('/');
            let name = name.strip_suffix(".rs").unwrap_or(name);
            rows.entry(name).or_default().push(*line);
        }
    }
    for sibling in &siblings {
        match rows.get(&**sibling).map(|lines| &**lines) {
            None if sibling == "tests" => {}
            None => faults.push(format!("{path}: the table of files lacks `{sibling}`")),
            Some([_]) => {}
            Some(lines) => faults.push(format!(
                "{path}:{}: `{sibling}` is in {} rows",
                lines[0],
                lines.len()
            )),
        }
    }
    for (name, lines) in rows {
        let is_other = files.exists(&format!("{folder}/{name}")) && name.contains('.');
        if !is_other && !siblings.iter().any(|sibling| sibling == name) {
            faults.push(format!("{path}:{}: there is no file `{name}`", lines[0]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_head(head: &str) -> Vec<String> {
        check(&Files::of(&[
            ("src/pool/mod.rs", head),
            ("src/pool/job.rs", ""),
            ("src/pool/tests.rs", ""),
            ("src/pool/wait/mod.rs", ""),
        ]))
        .unwrap()
    }

    #[test]
    fn a_complete_table_passes_and_none_is_needed() {
        let table = "//! | file | concern |\n//! |---|---|\n//! | `job`, `wait/` | all |\n";
        assert_eq!(check_head(table), [""; 0]);
        assert_eq!(check_head("//! No table."), [""; 0]);
        assert_eq!(check_head("//! | word | meaning |\n//! |---|---|"), [""; 0]);
    }

    #[test]
    fn a_file_missing_from_its_table_fails() {
        let table = "//! | file | concern |\n//! |---|---|\n//! | `wait` | `job` is no row |\n";
        assert_eq!(
            check_head(table),
            ["src/pool/mod.rs: the table of files lacks `job`"]
        );
    }

    #[test]
    fn a_table_on_a_public_page_fails_and_one_in_a_plain_comment_passes() {
        let check_page = |parent: &str, mark: &str| {
            let table = "| file | concern |\n|---|---|\n| `job` | all |";
            let head = table.lines().map(|line| format!("{mark} {line}\n"));
            let head = format!("//! Jobs.\n\n{}", head.collect::<String>());
            check(&Files::of(&[
                ("crates/a/src/lib.rs", parent),
                ("crates/a/src/pool/mod.rs", &head),
                ("crates/a/src/pool/job.rs", ""),
            ]))
            .unwrap()
        };
        let fault = "crates/a/src/pool/mod.rs: the table of files is on a public page: make it a \
                     comment with `//`";
        assert_eq!(check_page("pub mod pool;\n", "//!"), [fault]);
        assert_eq!(check_page("mod pool;\n", "//!"), [""; 0]);
        assert_eq!(check_page("pub mod pool;\n", "//"), [""; 0]);
        // The plain comment is checked, too.
        let missing = "//! Jobs.\n\n// | file | concern |\n// |---|---|\n";
        assert_eq!(
            check_head(missing),
            [
                "src/pool/mod.rs: the table of files lacks `job`",
                "src/pool/mod.rs: the table of files lacks `wait`",
            ]
        );
    }

    #[test]
    fn a_row_without_a_file_and_a_file_in_two_rows_fail() {
        let table = "//! | file | concern |\n//! |---|---|\n\
            //! | `job` | a |\n//! | `job`, `wait` | b |\n//! | `gone` | c |\n";
        assert_eq!(
            check_head(table),
            [
                "src/pool/mod.rs:3: `job` is in 2 rows",
                "src/pool/mod.rs:5: there is no file `gone`",
            ]
        );
    }
}
