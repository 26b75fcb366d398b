//! The check `comments`: lines of comments have at most 100 columns.

use anyhow::Result;

use super::files::Files;

/// Maximum columns of a line, as in `rustfmt.toml`.
const WIDTH: usize = 100;

/// Returns the faults, a line each.
pub fn check(files: &Files) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for (ending, mark) in [("rs", "//"), ("toml", "#"), ("py", "#")] {
        for (path, text) in files.with_ending(ending) {
            for (index, line) in text.lines().enumerate() {
                let columns = line.chars().count();
                if columns > WIDTH && is_wide_comment(line, mark) {
                    let line = index + 1;
                    faults.push(format!("{path}:{line}: a comment of {columns} columns"));
                }
            }
        }
    }
    Ok(faults)
}

/// Returns whether a wide line is a comment that could be wrapped: no table row, no lone URL.
fn is_wide_comment(line: &str, mark: &str) -> bool {
    let Some(comment) = line.trim_start().strip_prefix(mark) else {
        return false;
    };
    let text = comment.trim_start_matches(['/', '!', '#']).trim();
    let is_url = text.contains("://") && !text.contains(' ');
    let is_reference = text.starts_with('[')
        && text
            .split_once("]: ")
            .is_some_and(|(_, target)| !target.contains(' '));
    !text.starts_with('|') && !is_url && !is_reference
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_line(path: &str, line: &str) -> Vec<String> {
        check(&Files::of(&[(path, &format!("\n{line}\n"))])).unwrap()
    }

    #[test]
    fn a_comment_of_101_columns_fails_and_one_of_100_passes() {
        // Columns are characters: the ellipsis is one.
        let wide = format!("    // …{}", "x".repeat(93));
        assert_eq!(
            check_line("a.rs", &wide),
            ["a.rs:2: a comment of 101 columns"]
        );
        assert_eq!(check_line("a.rs", &wide[..wide.len() - 1]), [""; 0]);
        let wide = format!("# {}", "x y ".repeat(30));
        assert_eq!(check_line("Cargo.toml", &wide).len(), 1);
    }

    #[test]
    fn code_table_rows_and_lone_urls_may_be_wide() {
        let long = "x".repeat(100);
        for line in [
            format!("let x = \"{long} // {long}\";"),
            format!("//! | `{long}` | it is |"),
            format!("/// <https://example.org/{long}>"),
            format!("/// [`name`]: https://example.org/{long}"),
        ] {
            assert_eq!(check_line("a.rs", &line), [""; 0], "{line}");
        }
    }
}
