//! The page of error messages is complete and current: each text in the library's sources that can
//! reach a user is on it, and each message on it is in the sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Texts that no user sees: parts of generated documentation, Python's own documentation strings,
/// and invariants of the library that cannot be violated from outside.
const INTERNAL: &[&str] = &[
    "an error from a text has it",
    "::new_err(\"what happened\");\n",
    "Python::attach(|py| assert!(error.is_instance_of::<",
    "let error = ",
    "use pyatoll::exceptions::",
    "use pyatoll::prelude::*;\n",
    " iteration should be infallible",
    "cannot pass on the configuration of Python: {error}",
    "cannot run the compiler: {error}",
    "cannot write {}: {error}",
    "cargo sets it",
    "#[link(name = {name:?}, kind = \"raw-dylib\")]",
    "macro_rules! extern_python {{
    ($($functions:tt)*) => {{
        {attribute}
        unsafe extern \"C\" {{ $($functions)* }}
    }};
}}
",
    "SharedAny({} at {:p})",
    "`ALWAYS` is not zero",
    "the macro gives every shareable class its functions",
    "more than 16 parameters",
    "{package} {version} (pyatoll {}, {}, for Python {}, {size} bytes, build {identity:016x})",
    " should always be iterable",
    "sets are iterable",
    "Python's version is ASCII",
    "`PyFrame_GetBuiltins` returns a `dict`",
    "a `frozendict` is a mapping",
    "a `str` of kind {kind}",
    "a name with one null byte, at its end",
    "a job that was not queued has started",
    "a job that was not queued is not shared",
    "an exception was just set",
    "each variant has a member",
    "each guard is a user of its entry",
    "each item was set above",
    "free-threading build",
    "a type object",
    "the type of `args` was checked",
    "not a slot of an operator",
    "one stays behind per interpreter",
    "present until `close` or `drop` consumes it",
    "set above",
    "the function has run",
];

/// The shortest fixed part of a message that is looked for.
const SHORTEST: usize = 6;

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the sources are in the workspace") {
        let path = entry.expect("the folder can be listed").path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && !path.ends_with("tests.rs")
        {
            files.push(path);
        }
    }
}

/// Collects the string and byte string literals of run-time code: those of attributes, of
/// documentation and of items under `#[cfg(test)]` are left out.
fn literals(tokens: TokenStream, found: &mut Vec<String>) {
    let mut tokens = tokens.into_iter().peekable();
    let mut in_test = false;
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                if matches!(tokens.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == '!')
                {
                    tokens.next();
                }
                if let Some(TokenTree::Group(group)) = tokens.peek()
                    && group.delimiter() == Delimiter::Bracket
                {
                    let attribute = group.stream().to_string().replace(' ', "");
                    in_test |= attribute == "cfg(test)";
                    tokens.next();
                }
            }
            TokenTree::Group(group) if !in_test => literals(group.stream(), found),
            TokenTree::Group(group) => in_test = group.delimiter() != Delimiter::Brace,
            TokenTree::Punct(punct) if punct.as_char() == ';' => in_test = false,
            TokenTree::Literal(literal) if !in_test => {
                let literal = literal.to_string();
                if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal) {
                    found.push(text.value());
                } else if let Ok(text) = syn::parse_str::<syn::LitByteStr>(&literal) {
                    found.push(String::from_utf8_lossy(&text.value()).into_owned());
                }
            }
            _ => {}
        }
    }
}

/// Returns the texts of the sources, each with the file it is in.
fn texts() -> BTreeMap<String, PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/pyatoll/src");
    let mut files = Vec::new();
    sources(&folder, &mut files);
    files.push(folder.join("../build.rs"));
    let mut texts = BTreeMap::new();
    for file in files {
        let source = fs::read_to_string(&file).expect("the file can be read");
        let mut found = Vec::new();
        literals(source.parse().expect("the file is Rust"), &mut found);
        texts.extend(found.into_iter().map(|text| (text, file.clone())));
    }
    texts
}

/// Returns the fixed parts of a text with placeholders (`{…}` in sources, `…` on the page),
/// without what the page writes differently: backticks, white space, and punctuation at the ends.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for c in text.chars().filter(|c| *c != '`') {
        match c {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                parts.push(String::new());
            }
            '…' if depth == 0 => parts.push(String::new()),
            _ if depth > 0 => {}
            _ => parts.last_mut().expect("never empty").push(c),
        }
    }
    let trim = |part: String| {
        let words: Vec<_> = part.split_whitespace().collect();
        words
            .join(" ")
            .trim_matches(|c: char| "'\",:- ".contains(c))
            .to_owned()
    };
    parts
        .into_iter()
        .map(trim)
        .filter(|part| part.len() >= SHORTEST)
        .collect()
}

/// Returns the code spans of the page: of all its prose, or only the messages, which are those in
/// level-three headings and in the first cells of tables.
fn code_spans(only_messages: bool) -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/error-messages.md");
    let page = fs::read_to_string(page).expect("the page is there");
    let mut spans = Vec::new();
    let mut in_block = false;
    for line in page.lines() {
        in_block ^= line.starts_with("```");
        let shown = match (line.strip_prefix("### "), line.strip_prefix("| ")) {
            _ if in_block => continue,
            (Some(heading), _) => heading,
            (_, Some(row)) if only_messages => row.split(" | ").next().unwrap_or_default(),
            _ if only_messages => continue,
            _ => line,
        };
        let mut rest = shown;
        while let Some(start) = rest.find('`') {
            let fence = rest[start..].chars().take_while(|c| *c == '`').count();
            let code = &rest[start + fence..];
            // A code block's last line has no end.
            let Some(end) = code.find(&"`".repeat(fence)) else {
                break;
            };
            spans.push(code[..end].to_owned());
            rest = &code[end + fence..];
        }
    }
    spans
}

#[test]
fn every_message_of_the_library_is_on_the_page() {
    let page: String = code_spans(false)
        .iter()
        .flat_map(|message| parts(message))
        .collect::<Vec<_>>()
        .join("\n");
    let mut missing = Vec::new();
    for (text, file) in texts() {
        if !text.contains(' ') || text.starts_with("Python::attach(|py| {") {
            continue;
        }
        if INTERNAL.contains(&&*text) {
            continue;
        }
        if parts(&text).iter().any(|part| !page.contains(&**part)) {
            missing.push(format!("{}: {text:?}", file.display()));
        }
    }
    assert!(
        missing.is_empty(),
        "not in guide/src/error-messages.md:\n{}",
        missing.join("\n")
    );
}

#[test]
fn every_message_on_the_page_is_in_the_sources() {
    let sources: String = texts()
        .keys()
        .flat_map(|text| parts(text))
        .collect::<Vec<_>>()
        .join("\n");
    for message in code_spans(true) {
        let message = message.replace("PYATOLL_TEST_INTERPRETER", "…");
        for part in parts(&message) {
            assert!(
                sources.contains(&part),
                "no source says {part:?} (of {message:?})"
            );
        }
    }
}

#[test]
fn what_is_called_internal_is_in_the_sources() {
    let texts = texts();
    for text in INTERNAL {
        assert!(texts.contains_key(*text), "no source says {text:?}");
    }
}
