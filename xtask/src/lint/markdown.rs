//! Tables and paths in Markdown, as far as the checks need them.

/// A table: its heads, and the cells of each row with the row's line (from 1).
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    pub heads: Vec<String>,
    pub rows: Vec<(usize, Vec<String>)>,
}

/// Returns the tables of a text. Lines may begin with `//! ` or `// `, as in a file's head.
pub fn tables(text: &str) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    let mut is_inside = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        let line = line.strip_prefix("//").unwrap_or(line);
        let line = line.strip_prefix('!').unwrap_or(line).trim();
        let Some(cells) = cells(line) else {
            is_inside = false;
            continue;
        };
        let is_rule = cells
            .iter()
            .all(|cell| !cell.is_empty() && cell.trim_matches([':', '-']).is_empty());
        match tables.last_mut() {
            _ if !is_inside => tables.push(Table {
                heads: cells,
                rows: Vec::new(),
            }),
            Some(table) if !is_rule => table.rows.push((index + 1, cells)),
            _ => {}
        }
        is_inside = true;
    }
    tables
}

/// Splits a row into its cells.
fn cells(line: &str) -> Option<Vec<String>> {
    let row = line.strip_prefix('|')?;
    let row = row.strip_suffix('|').unwrap_or(row);
    Some(row.split('|').map(|cell| cell.trim().to_owned()).collect())
}

/// Returns the text between backticks in a line.
pub fn code_spans(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Returns the targets of a line's links: `[text](target)`.
pub fn link_targets(text: &str) -> Vec<&str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_in_a_files_head_is_found_with_its_lines() {
        let text = "//! Head.\n//!\n//! | file | concern |\n//! |---|---|\n//! | `a`, `b` | it |\n";
        let [table] = &tables(text)[..] else {
            panic!("one table");
        };
        assert_eq!(table.heads, ["file", "concern"]);
        assert_eq!(table.rows, [(5, vec!["`a`, `b`".into(), "it".into()])]);
        assert_eq!(code_spans(&table.rows[0].1[0]), ["a", "b"]);
    }

    #[test]
    fn tables_end_with_their_last_row() {
        let found = tables("| a |\n|---|\n| 1 |\n\n| b |\n|:-:|\n");
        assert_eq!(found.len(), 2);
        assert!(found[1].rows.is_empty());
    }

    #[test]
    fn targets_of_links_are_found() {
        assert_eq!(link_targets("[a](b.md), [c](d#e)"), ["b.md", "d#e"]);
    }
}
