//! Rust source as tokens for the structural checks, without comments and doc comments.

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Keywords of items that end with `;`, whatever groups are in them.
const ENDED_BY_SEMICOLON: [&str; 5] = ["use", "static", "const", "type", "extern"];

/// Keywords of items that end with their first `{…}`, or with `;`.
const ENDED_BY_BRACES: [&str; 9] = [
    "fn",
    "mod",
    "struct",
    "enum",
    "union",
    "trait",
    "impl",
    "macro_rules",
    "unsafe",
];

/// Splits a file's text into tokens.
pub fn parse(path: &str, text: &str) -> Result<Vec<TokenTree>> {
    let stream: TokenStream = text
        .parse()
        .map_err(|error| anyhow!("{path} is not Rust: {error}"))?;
    Ok(stream.into_iter().collect())
}

/// Returns the tokens of a group, if it has these delimiters.
pub fn group(tree: &TokenTree, delimiter: Delimiter) -> Option<Vec<TokenTree>> {
    match tree {
        TokenTree::Group(group) if group.delimiter() == delimiter => {
            Some(group.stream().into_iter().collect())
        }
        _ => None,
    }
}

/// Returns the text of an identifier, raw or not.
pub fn ident(tree: Option<&TokenTree>) -> Option<String> {
    match tree? {
        TokenTree::Ident(ident) => {
            let text = ident.to_string();
            Some(text.strip_prefix("r#").map_or(text.clone(), str::to_owned))
        }
        _ => None,
    }
}

/// Returns whether the tree is that punctuation character.
pub fn is_punct(tree: Option<&TokenTree>, character: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

/// Returns whether `::` begins at `index`.
pub fn is_path_separator(trees: &[TokenTree], index: usize) -> bool {
    is_punct(trees.get(index), ':') && is_punct(trees.get(index + 1), ':')
}

/// Returns the content of the attribute that begins at `index`, and the index after it.
pub fn attribute(trees: &[TokenTree], index: usize) -> Option<(Vec<TokenTree>, usize)> {
    if !is_punct(trees.get(index), '#') {
        return None;
    }
    let index = index + 1 + usize::from(is_punct(trees.get(index + 1), '!'));
    let content = group(trees.get(index)?, Delimiter::Bracket)?;
    Some((content, index + 1))
}

/// Returns whether an attribute removes its item from all builds but the tests' and the models'.
pub fn is_for_tests(attribute: &[TokenTree]) -> bool {
    let is_cfg = ident(attribute.first()).is_some_and(|name| name == "cfg");
    let is_test = ident(attribute.first()).is_some_and(|name| name == "test");
    is_test
        || is_cfg
            && attribute
                .get(1)
                .and_then(|tree| group(tree, Delimiter::Parenthesis))
                .is_some_and(|condition| requires_test(&condition))
}

/// Returns whether `test` or `doctest` is one of the alternatives or conditions of a `cfg`.
fn requires_test(condition: &[TokenTree]) -> bool {
    let mut index = 0;
    while index < condition.len() {
        match ident(condition.get(index)).as_deref() {
            Some("test" | "doctest") => return true,
            Some("not") => index += 1,
            Some("any" | "all") => {
                if let Some(inner) = condition
                    .get(index + 1)
                    .and_then(|tree| group(tree, Delimiter::Parenthesis))
                    && requires_test(&inner)
                {
                    return true;
                }
            }
            _ => {}
        }
        index += 1;
    }
    false
}

/// Returns the index after the item, field or arm that begins at `index` (after its attributes).
pub fn skip_item(trees: &[TokenTree], mut index: usize) -> usize {
    while let Some((_, after)) = attribute(trees, index) {
        index = after;
    }
    let mut start = index;
    if ident(trees.get(start)).is_some_and(|name| name == "pub") {
        start += 1;
        if trees
            .get(start)
            .is_some_and(|tree| group(tree, Delimiter::Parenthesis).is_some())
        {
            start += 1;
        }
    }
    let keyword = ident(trees.get(start)).unwrap_or_default();
    let next = ident(trees.get(start + 1)).unwrap_or_default();
    let is_function = ["fn", "unsafe"].contains(&&*next) || next == "extern";
    let ends_at_semicolon = ENDED_BY_SEMICOLON.contains(&&*keyword) && !is_function;
    let is_item = ends_at_semicolon || is_function || ENDED_BY_BRACES.contains(&&*keyword);
    while let Some(tree) = trees.get(index) {
        index += 1;
        if is_punct(Some(tree), ';') || !is_item && is_punct(Some(tree), ',') {
            break;
        }
        if !ends_at_semicolon && group(tree, Delimiter::Brace).is_some() {
            break;
        }
    }
    index
}

/// Returns the line that a token is on.
pub fn line(tree: &TokenTree) -> usize {
    tree.span().start().line
}
