//! Comparison of two API surfaces.

use std::collections::{BTreeMap, BTreeSet};

use super::signature::BOUND;
use super::surface::Surface;

/// The differences between two surfaces.
#[derive(Default)]
pub struct Difference {
    /// The number of PyO3's items, conversions, other implementations.
    pub items: usize,
    pub conversions: usize,
    pub impls: usize,
    /// What is missing here, as in the committed lists: "item …", "conversion …", "impl …".
    pub missing: BTreeSet<String>,
    /// The declarations that differ, by name: PyO3's and ours.
    pub signatures: BTreeMap<String, (String, String)>,
}

impl Difference {
    /// Compares `theirs`, PyO3's surface, with `ours`.
    pub fn new(theirs: &Surface, ours: &Surface) -> Self {
        let mut difference = Self {
            items: theirs.items.len(),
            conversions: theirs.conversions.len(),
            impls: theirs.impls.len(),
            ..Self::default()
        };
        difference.compare_items(theirs, ours);
        for (word, theirs, ours) in [
            ("conversion", &theirs.conversions, &ours.conversions),
            ("impl", &theirs.impls, &ours.impls),
        ] {
            difference.compare_impls(word, theirs, ours);
        }
        difference
    }

    fn compare_items(&mut self, theirs: &Surface, ours: &Surface) {
        // An item with several paths is compared once, under its shortest path.
        let mut known: BTreeMap<(&str, &str, &str), &str> = BTreeMap::new();
        for (path, their) in &theirs.items {
            let Some(our) = ours.items.get(path) else {
                self.missing.insert(format!("item {path}"));
                continue;
            };
            if is_compatible(their, our) {
                continue;
            }
            let shortest = known.entry((last_two(path), their, our)).or_insert(path);
            if path.len() < shortest.len() {
                *shortest = path;
            }
        }
        for ((_, their, our), path) in known {
            let both = (their.to_owned(), our.to_owned());
            self.signatures.insert(path.to_owned(), both);
        }
    }

    fn compare_impls(
        &mut self,
        word: &str,
        theirs: &BTreeMap<String, BTreeSet<String>>,
        ours: &BTreeMap<String, BTreeSet<String>>,
    ) {
        let generic: Vec<&str> = ours
            .keys()
            .map(String::as_str)
            .filter(|name| is_generic(name))
            .collect();
        for (name, their) in theirs {
            // No user can rely on a type not being `Send`.
            if name.starts_with('!') {
                continue;
            }
            match ours.get(name) {
                None if generic.iter().any(|pattern| covers(pattern, name)) => {}
                None => {
                    self.missing.insert(format!("{word} {name}"));
                }
                Some(our) if is_each_compatible(their, our) => {}
                Some(our) => {
                    let text = |set: &BTreeSet<String>| {
                        set.iter()
                            .map(String::as_str)
                            .collect::<Vec<_>>()
                            .join(" | ")
                    };
                    let both = (text(their), text(our));
                    self.signatures.insert(format!("{word} {name}"), both);
                }
            }
        }
    }
}

/// Returns whether each of `their` declarations has a compatible one among `our`.
fn is_each_compatible(their: &BTreeSet<String>, our: &BTreeSet<String>) -> bool {
    let has_one = |their: &String| our.iter().any(|our| is_compatible(their, our));
    their.iter().all(has_one)
}

/// Returns whether users of `their` declaration can use `our`: the same, or in addition `const`,
/// or with fewer bounds. A re-export can be an alias.
fn is_compatible(their: &str, our: &str) -> bool {
    let mut their_parts = their.split(BOUND);
    let mut our_parts = our.split(BOUND);
    let (their_head, our_head) = (their_parts.next(), our_parts.next());
    let is_alias = their_head.is_some_and(|head| head.starts_with("type"));
    let same_head = their_head == our_head
        || their_head
            == our_head
                .map(|head| head.replace("const fn", "fn"))
                .as_deref()
        || is_alias && our_head.is_some_and(|head| !head.starts_with("type"));
    let their_bounds: BTreeSet<_> = their_parts.collect();
    let is_weaker = |bound| their_bounds.contains(bound) || is_relaxed(bound);
    let all_relaxed = their_bounds.iter().filter(|bound| is_relaxed(bound));
    let our_bounds: BTreeSet<_> = our_parts.collect();
    let mut relaxed = all_relaxed.filter(|bound| !our_bounds.contains(*bound));
    same_head && our_bounds.iter().all(|bound| is_weaker(bound)) && relaxed.next().is_none()
}

/// Returns whether a bound allows more types instead of fewer: `?Sized`.
fn is_relaxed(bound: &str) -> bool {
    bound.contains(": ?")
}

/// Returns what is missing by itself, not as a part of something else that is missing: not the
/// members of a module, type or trait, nor the implementations for it.
pub fn roots(missing: &BTreeSet<String>) -> BTreeSet<String> {
    let items: BTreeSet<&str> = missing
        .iter()
        .filter_map(|entry| entry.strip_prefix("item "))
        .collect();
    let names: BTreeSet<&str> = items
        .iter()
        .map(|path| path.rsplit("::").next().unwrap_or(path))
        .filter(|name| name.starts_with(|first: char| first.is_ascii_uppercase()))
        .collect();
    let is_root = |entry: &&String| match entry.strip_prefix("item ") {
        Some(path) => !path
            .match_indices("::")
            .any(|(at, _)| items.contains(&path[..at])),
        None => !entry
            .split(|char: char| !char.is_alphanumeric() && char != '_')
            .any(|word| names.contains(word)),
    };
    missing.iter().filter(is_root).cloned().collect()
}

/// Returns the last two segments of a path: the type and the method.
fn last_two(path: &str) -> &str {
    match path.rmatch_indices("::").nth(1) {
        Some((at, _)) => &path[at + 2..],
        None => path,
    }
}

/// Returns whether the name is that of an implementation for all types of one form (`Vec<_>`). One
/// for all types (`_`, `&_`) does not count, since its bounds restrict it.
fn is_generic(name: &str) -> bool {
    name.contains('_') && !name.ends_with(" _") && !name.ends_with(" &_")
}

/// Returns whether a name with `_` for any type covers another name.
fn covers(pattern: &str, name: &str) -> bool {
    let Some((before, after)) = pattern.split_once('_') else {
        return pattern == name;
    };
    let Some(rest) = name.strip_prefix(before) else {
        return false;
    };
    // The text that stands for `_` has balanced brackets.
    let mut depth = 0;
    for (at, char) in rest.char_indices() {
        if depth == 0 && at > 0 && covers(after, &rest[at..]) {
            return true;
        }
        match char {
            '<' | '[' | '(' => depth += 1,
            '>' | ']' | ')' if depth == 0 => return false,
            '>' | ']' | ')' => depth -= 1,
            ' ' | ',' if depth == 0 => return false,
            _ => {}
        }
    }
    depth == 0 && !rest.is_empty() && after.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surface(items: &[(&str, &str)], impls: &[(&str, &str)]) -> Surface {
        let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        Surface {
            items: items.iter().map(pair).collect(),
            conversions: BTreeMap::new(),
            impls: impls
                .iter()
                .map(pair)
                .map(|(name, text)| (name, BTreeSet::from([text])))
                .collect(),
        }
    }

    #[test]
    fn what_is_missing_is_named_by_kind() {
        let theirs = surface(&[("f", "fn()"), ("g", "fn()")], &[("Send for X", "impl")]);
        let difference = Difference::new(&theirs, &surface(&[("f", "fn()")], &[]));
        let missing: Vec<_> = difference.missing.iter().map(String::as_str).collect();
        assert_eq!(missing, ["impl Send for X", "item g"]);
        assert_eq!(difference.items, 2);
    }

    #[test]
    fn a_changed_declaration_is_reported_once_for_all_paths() {
        let theirs = surface(&[("T::f", "fn()"), ("types::T::f", "fn()")], &[]);
        let ours = surface(&[("T::f", "fn(u8)"), ("types::T::f", "fn(u8)")], &[]);
        let difference = Difference::new(&theirs, &ours);
        assert!(difference.missing.is_empty());
        let both = ("fn()".to_owned(), "fn(u8)".to_owned());
        assert_eq!(
            difference.signatures,
            BTreeMap::from([("T::f".to_owned(), both)])
        );
    }

    #[test]
    fn a_function_may_be_const_in_addition_but_not_the_reverse() {
        assert!(is_compatible("fn()", "const fn()"));
        assert!(!is_compatible("const fn()", "fn()"));
    }

    #[test]
    fn members_and_implementations_of_what_is_missing_are_implied() {
        let missing = [
            "item m",
            "item m::X",
            "item m::X::f",
            "item T::g",
            "impl A<u8> for &X",
        ];
        let missing: BTreeSet<_> = missing.iter().map(|one| (*one).to_owned()).collect();
        assert_eq!(Vec::from_iter(roots(&missing)), ["item T::g", "item m"]);
    }

    #[test]
    fn bounds_may_be_fewer_or_relaxed() {
        let with = |bounds: &[&str]| {
            bounds
                .iter()
                .fold("fn<T0>(T0)".to_owned(), |text, bound| text + BOUND + bound)
        };
        let (one, two) = (with(&["T0: A"]), with(&["T0: A", "T0: B"]));
        assert!(is_compatible(&two, &one));
        assert!(!is_compatible(&one, &two));
        let relaxed = with(&["T0: ?Sized", "T0: A"]);
        assert!(is_compatible(&one, &relaxed));
        assert!(!is_compatible(&relaxed, &one));
    }

    #[test]
    fn a_generic_implementation_covers_those_of_its_kind() {
        assert!(covers("A for &&_", "A for &&str"));
        assert!(covers("A for X<_>", "A for X<Y<u8>>"));
        assert!(!covers("A for X<_>", "A for X<u8, u8>"));
        assert!(!covers("A for &&_", "A for &str"));
        assert!(is_generic("A for X<_>"));
        assert!(!is_generic("A for _"));
    }
}
