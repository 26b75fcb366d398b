//! The check `cfgs`: differences between versions of CPython are in files named `compat`, and in
//! `capi/`.

use anyhow::Result;
use proc_macro2::TokenTree;

use super::files::Files;
use super::tokens;

/// The folders in which the rule holds.
const FOLDERS: [&str; 2] = ["crates/pyatoll/src/", "crates/pyatoll-macros/src/"];

/// Files other than `compat.rs`, `compat/` and `capi/` that may have version cfgs, each with the
/// reason.
const ALLOWED: [(&str, &str); 8] = [
    (
        "crates/pyatoll/src/prelude.rs",
        "the methods of `frozendict`, which begins with 3.15",
    ),
    (
        "crates/pyatoll/src/types/mod.rs",
        "the module of `frozendict`, which begins with 3.15, and structs that the stable ABI hides",
    ),
    (
        "crates/pyatoll/src/call/mod.rs",
        "the module of watchers, which begin with 3.14",
    ),
    (
        "crates/pyatoll/src/types/context.rs",
        "re-exports of watchers, which begin with 3.14",
    ),
    (
        "crates/pyatoll/src/sync/mod.rs",
        "modules whose C API begins with 3.13 or 3.14",
    ),
    (
        "crates/pyatoll/src/sync/critical_section.rs",
        "public functions that begin with 3.14",
    ),
    (
        "crates/pyatoll/src/sync/mutex.rs",
        "`is_locked`, a public method that begins with 3.14",
    ),
    (
        "crates/pyatoll/src/sync/nonpoison.rs",
        "`is_locked`, a public method that begins with 3.14",
    ),
];

/// Returns the faults, a line each.
pub fn check(files: &Files) -> Result<Vec<String>> {
    check_with(files, &ALLOWED)
}

fn check_with(files: &Files, allowed: &[(&str, &str)]) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let mut is_used = vec![false; allowed.len()];
    for (path, text) in files.with_ending("rs") {
        let is_ours = FOLDERS.iter().any(|folder| path.starts_with(folder));
        let is_compat = path.ends_with("/compat.rs")
            || path.contains("/compat/")
            || path.starts_with("crates/pyatoll/src/capi/");
        let is_tests = path.ends_with("/tests.rs") || path.contains("/tests/");
        if !is_ours || is_compat || is_tests {
            continue;
        }
        let mut found = Vec::new();
        find(&tokens::parse(path, text)?, &mut found);
        let allowing = allowed.iter().position(|(allowed, _)| *allowed == path);
        match allowing {
            Some(index) => is_used[index] |= !found.is_empty(),
            None => faults.extend(
                found
                    .into_iter()
                    .map(|(line, cfg)| format!("{path}:{line}: `{cfg}` is not in a compat file")),
            ),
        }
    }
    for ((path, _), is_used) in allowed.iter().zip(is_used) {
        if !is_used {
            faults.push(format!("{path} is allowed version cfgs, and has none"));
        }
    }
    Ok(faults)
}

/// Finds the `cfg`, `cfg!` and `cfg_attr` that ask for a version or a kind of build; not in tests.
fn find(trees: &[TokenTree], found: &mut Vec<(usize, String)>) {
    let mut index = 0;
    while index < trees.len() {
        if let Some((attribute, after)) = tokens::attribute(trees, index)
            && tokens::is_for_tests(&attribute)
        {
            index = tokens::skip_item(trees, after);
            continue;
        }
        if tokens::ident(trees.get(index)).is_some_and(|name| name == "cfg" || name == "cfg_attr") {
            let condition = index + 1 + usize::from(tokens::is_punct(trees.get(index + 1), '!'));
            if let Some(TokenTree::Group(condition)) = trees.get(condition) {
                let condition = condition.stream().into_iter().collect::<Vec<_>>();
                if let Some(cfg) = version_cfg(&condition) {
                    found.push((tokens::line(&trees[index]), cfg));
                }
            }
        }
        if let Some(TokenTree::Group(group)) = trees.get(index) {
            find(&group.stream().into_iter().collect::<Vec<_>>(), found);
        }
        index += 1;
    }
}

/// Returns the first name in a condition that pyo3-build-config sets.
fn version_cfg(condition: &[TokenTree]) -> Option<String> {
    condition.iter().find_map(|tree| match tree {
        TokenTree::Group(group) => version_cfg(&group.stream().into_iter().collect::<Vec<_>>()),
        tree => tokens::ident(Some(tree)).filter(|name| {
            name.starts_with("Py_3_")
                || [
                    "Py_GIL_DISABLED",
                    "Py_DEBUG",
                    "Py_LIMITED_API",
                    "py_sys_config",
                ]
                .contains(&&**name)
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_file(path: &str, text: &str) -> Vec<String> {
        check_with(&Files::of(&[(path, text)]), &[]).unwrap()
    }

    #[test]
    fn a_version_cfg_outside_of_compat_fails() {
        for text in [
            "#[cfg(Py_3_12)] fn f() {}",
            "fn f() -> bool { cfg!(not(Py_GIL_DISABLED)) }",
            "#[cfg_attr(Py_DEBUG, inline)] fn f() {}",
            "fn f() { if a { #[cfg(any(unix, Py_3_13))] g() } }",
            "macro_rules! m { () => { #[cfg(Py_LIMITED_API)] f() } }",
        ] {
            let faults = check_file("crates/pyatoll/src/types/dict.rs", text);
            assert_eq!(faults.len(), 1, "{text}");
            assert!(faults[0].starts_with("crates/pyatoll/src/types/dict.rs:1: `Py_"));
        }
    }

    #[test]
    fn compat_files_tests_and_other_cfgs_pass() {
        let cfg = "#[cfg(Py_3_12)] fn f() {}";
        for path in [
            "crates/pyatoll/src/types/compat.rs",
            "crates/pyatoll/src/interpreter/compat/layout.rs",
            "crates/pyatoll/src/capi/items.rs",
            "crates/pyatoll/src/error/tests.rs",
            "crates/pyatoll/build.rs",
        ] {
            assert_eq!(check_file(path, cfg), [""; 0]);
        }
        for text in [
            "#[cfg(test)] mod tests { #[cfg(Py_3_12)] fn f() {} }",
            "#[cfg(feature = \"macros\")] fn f() {}",
            "// #[cfg(Py_3_12)]\n/// `#[cfg(Py_3_12)]`\nfn f() {}",
        ] {
            assert_eq!(check_file("crates/pyatoll/src/panic.rs", text), [""; 0]);
        }
    }

    #[test]
    fn an_allowed_file_without_version_cfgs_fails() {
        let path = "crates/pyatoll/src/version.rs";
        let allowed = [(path, "it tells the version")];
        let check = |text| check_with(&Files::of(&[(path, text)]), &allowed).unwrap();
        assert_eq!(check("#[cfg(Py_3_12)] fn f() {}"), [""; 0]);
        assert_eq!(check("fn f() {}").len(), 1);
    }
}
