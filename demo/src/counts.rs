//! The counts, a Python class that Python code fills and Rust code adds up.

use std::collections::{BTreeMap, HashMap};

use pyatoll::prelude::*;

use crate::tokens::{self, Kind, Tokens};

/// The counts of any number of source files.
#[pyclass(module = "pytokens", eq)]
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Counts {
    /// Files counted, including those that failed to decode.
    #[pyo3(get)]
    pub files: u64,
    /// Bytes of all files.
    #[pyo3(get)]
    pub bytes: u64,
    /// Lines of the decoded files.
    #[pyo3(get)]
    pub lines: u64,
    /// Tokens, indexed by their kind.
    kinds: [u64; Kind::ALL.len()],
    /// Identifiers and their numbers of occurrences.
    identifiers: HashMap<Box<str>, u64>,
    /// Files that failed to decode, and the reasons.
    failures: BTreeMap<String, String>,
}

#[pymethods]
impl Counts {
    /// Creates counts without files.
    #[new]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts a file: its source text, and its size in bytes.
    pub fn add(&mut self, text: &str, size: u64) {
        self.files += 1;
        self.bytes += size;
        self.lines += tokens::count_lines(text);
        for token in Tokens::new(text) {
            self.kinds[token.kind as usize] += 1;
            if token.kind == Kind::Name {
                // Most names are known already: only a new one is copied.
                match self.identifiers.get_mut(token.text) {
                    Some(count) => *count += 1,
                    None => drop(self.identifiers.insert(token.text.into(), 1)),
                }
            }
        }
    }

    /// Counts a file that could not be decoded.
    pub fn fail(&mut self, path: String, size: u64, reason: String) {
        self.files += 1;
        self.bytes += size;
        self.failures.insert(path, reason);
    }

    /// Returns the number of tokens.
    #[getter]
    pub fn tokens(&self) -> u64 {
        self.kinds.iter().sum()
    }

    /// Returns the number of tokens of each kind, by the kind's name.
    #[getter]
    pub fn kinds(&self) -> BTreeMap<&'static str, u64> {
        Kind::ALL
            .into_iter()
            .map(|kind| (kind.name(), self.kinds[kind as usize]))
            .collect()
    }

    /// Returns the files that failed to decode, and the reasons.
    #[getter]
    pub fn failures(&self) -> BTreeMap<String, String> {
        self.failures.clone()
    }

    /// Returns the `n` most frequent identifiers; equally frequent ones in alphabetical order.
    #[pyo3(signature = (n = 20))]
    pub fn most_common(&self, n: usize) -> Vec<(String, u64)> {
        let mut all: Vec<(&str, u64)> = self
            .identifiers
            .iter()
            .map(|(name, count)| (&**name, *count))
            .collect();
        all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        all.truncate(n);
        all.into_iter()
            .map(|(name, count)| (name.to_owned(), count))
            .collect()
    }

    fn __repr__(&self) -> String {
        format!(
            "<Counts of {} files: {} bytes, {} lines, {} tokens>",
            self.files,
            self.bytes,
            self.lines,
            self.tokens()
        )
    }
}

impl Counts {
    /// Adds the counts of other files.
    pub fn merge(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.lines += other.lines;
        for (kind, count) in self.kinds.iter_mut().zip(other.kinds) {
            *kind += count;
        }
        for (name, count) in other.identifiers {
            *self.identifiers.entry(name).or_default() += count;
        }
        self.failures.extend(other.failures);
    }

    /// Returns the counts of one of `rounds` rounds that each counted the same files. `None` if the
    /// rounds differ.
    pub fn of_one_round(mut self, rounds: u64) -> Option<Self> {
        let numbers = [&mut self.files, &mut self.bytes, &mut self.lines]
            .into_iter()
            .chain(&mut self.kinds)
            .chain(self.identifiers.values_mut());
        for number in numbers {
            if *number % rounds != 0 {
                return None;
            }
            *number /= rounds;
        }
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(texts: &[&str]) -> Counts {
        let mut counts = Counts::new();
        for text in texts {
            counts.add(text, text.len() as u64);
        }
        counts
    }

    #[test]
    fn identifiers_are_counted_and_keywords_are_not() {
        let counts = counts(&["for a in b: a(c, 'a')\n", "a = c"]);
        assert_eq!(counts.files, 2);
        assert_eq!(counts.lines, 2);
        assert_eq!(counts.bytes, 27);
        assert_eq!(counts.kinds()["keyword"], 2);
        assert_eq!(counts.kinds()["newline"], 2);
        let expected = [("a", 3), ("c", 2), ("b", 1)].map(|(name, n)| (name.to_owned(), n));
        assert_eq!(counts.most_common(20), expected);
        assert_eq!(counts.most_common(1), expected[..1]);
    }

    #[test]
    fn merged_shares_equal_the_whole() {
        let mut left = counts(&["a = 1\n"]);
        let mut right = counts(&["a += b\n"]);
        right.fail("bad.py".into(), 3, "no text".into());
        let mut whole = counts(&["a += b\n", "a = 1\n"]);
        whole.fail("bad.py".into(), 3, "no text".into());
        left.merge(right);
        assert_eq!(left, whole);
        assert_eq!(left.files, 3);
    }

    #[test]
    fn differing_rounds_are_detected() {
        let one = counts(&["a = 1\n"]);
        let mut two = one.clone();
        two.merge(one.clone());
        assert_eq!(two.clone().of_one_round(2), Some(one.clone()));
        two.add("", 0);
        assert_eq!(two.of_one_round(2), None);
    }
}
