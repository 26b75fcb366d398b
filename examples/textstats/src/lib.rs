//! Text statistics for Python: an example of an extension module that uses Pyatoll.
//!
//! It needs no code for multiple interpreters: by default, a module loads in any number of them.

use std::collections::HashMap;

use pyatoll::create_exception;
use pyatoll::exceptions::PyValueError;
use pyatoll::prelude::*;

create_exception!(
    textstats,
    EmptyTextError,
    PyValueError,
    "The text has no words, so it has no mean length."
);

/// Returns the words of a text: runs of letters, digits and inner apostrophes.
fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
}

/// Returns whether a word is a valid Python identifier.
fn is_identifier(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
}

/// Counts words, over any number of texts.
#[pyclass(module = "textstats", eq)]
#[derive(Clone, PartialEq, Default)]
struct Counter {
    counts: HashMap<String, u64>,
    total: u64,
    ignore_case: bool,
}

#[pymethods]
impl Counter {
    /// Creates an empty counter. With `ignore_case`, it counts words in lower case.
    #[new]
    #[pyo3(signature = (*, ignore_case = false))]
    fn new(ignore_case: bool) -> Self {
        Self {
            ignore_case,
            ..Self::default()
        }
    }

    /// Counts the words of a text. Returns their number.
    fn update(&mut self, text: &str) -> u64 {
        let before = self.total;
        for word in split(text) {
            let word = match self.ignore_case {
                true => word.to_lowercase(),
                false => word.to_owned(),
            };
            *self.counts.entry(word).or_default() += 1;
            self.total += 1;
        }
        self.total - before
    }

    /// Adds the counts of another counter, or of this one.
    fn merge(this: &Bound<'_, Self>, other: &Bound<'_, Self>) -> PyResult<()> {
        // A copy, so that a counter can be merged into itself.
        let other = other.try_borrow()?.clone();
        let mut this = this.try_borrow_mut()?;
        for (word, count) in other.counts {
            *this.counts.entry(word).or_default() += count;
        }
        this.total += other.total;
        Ok(())
    }

    /// Returns the `n` most frequent words and their counts (all without `n`); equally frequent
    /// words in alphabetical order.
    #[pyo3(signature = (n = None))]
    fn most_common(&self, n: Option<usize>) -> Vec<(String, u64)> {
        let mut all: Vec<_> = self
            .counts
            .iter()
            .map(|(word, count)| (word.clone(), *count))
            .collect();
        all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all.truncate(n.unwrap_or(usize::MAX));
        all
    }

    /// Returns the number of words counted.
    #[getter]
    fn total(&self) -> u64 {
        self.total
    }

    /// Returns the mean length of the words in characters.
    ///
    /// Raises `EmptyTextError` if no words were counted.
    fn mean_length(&self) -> PyResult<f64> {
        if self.total == 0 {
            return Err(EmptyTextError::new_err("no words were counted"));
        }
        let characters: u64 = self
            .counts
            .iter()
            .map(|(word, count)| word.chars().count() as u64 * count)
            .sum();
        Ok(characters as f64 / self.total as f64)
    }

    fn __len__(&self) -> usize {
        self.counts.len()
    }

    fn __getitem__(&self, word: &str) -> u64 {
        self.counts.get(word).copied().unwrap_or(0)
    }

    fn __contains__(&self, word: &str) -> bool {
        self.counts.contains_key(word)
    }

    fn __repr__(&self) -> String {
        format!(
            "<Counter of {} words, {} different>",
            self.total,
            self.counts.len()
        )
    }
}

/// Text statistics.
#[pymodule]
mod textstats {
    use pyatoll::prelude::*;

    #[pymodule_export]
    use super::{Counter, EmptyTextError};

    /// Returns the words of a text, in order.
    #[pyfunction]
    fn words(text: &str) -> Vec<&str> {
        super::split(text).collect()
    }

    /// Returns the distinct words of a text that are valid identifiers, in alphabetical order.
    #[pyfunction]
    fn identifiers(text: &str) -> Vec<&str> {
        let mut found: Vec<&str> = text
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|word| super::is_identifier(word))
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Returns the `n` most frequent words of a text and their counts.
    #[pyfunction]
    #[pyo3(signature = (text, n = 10, *, ignore_case = false))]
    fn most_common(text: &str, n: usize, ignore_case: bool) -> Vec<(String, u64)> {
        let mut counter = Counter::new(ignore_case);
        counter.update(text);
        counter.most_common(Some(n))
    }
}
