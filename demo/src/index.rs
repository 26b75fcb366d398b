//! The index of identifiers, a value that all interpreters share.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use pyatoll::exceptions::PyRuntimeError;
use pyatoll::prelude::*;

use crate::tokens::{Kind, Tokens};

/// The files in which each identifier occurs.
///
/// An instance is built, file by file, and then read. The value is outside of all interpreters, so
/// the index that one of them has built can be read in all of them, without a copy and, since it no
/// longer changes, without a lock.
#[pyclass(module = "pytokens", frozen, shareable)]
#[derive(Default)]
pub struct Index {
    building: Mutex<Contents>,
    built: OnceLock<Contents>,
}

#[derive(Default)]
struct Contents {
    files: Vec<String>,
    /// Identifiers, and the positions in `files`, ascending.
    identifiers: HashMap<Box<str>, Vec<u32>>,
}

impl Contents {
    fn add(&mut self, path: String, text: &str) {
        let file = self.files.len() as u32;
        self.files.push(path);
        for token in Tokens::new(text) {
            if token.kind == Kind::Name {
                let files = match self.identifiers.get_mut(token.text) {
                    Some(files) => files,
                    None => self.identifiers.entry(token.text.into()).or_default(),
                };
                if files.last() != Some(&file) {
                    files.push(file);
                }
            }
        }
    }
}

impl Index {
    fn contents(&self) -> PyResult<&Contents> {
        let built = self.built.get();
        built.ok_or_else(|| PyRuntimeError::new_err("the index is still being built: finish it"))
    }

    /// Returns the number of files, or 0 while the index is being built.
    pub fn files(&self) -> usize {
        self.built.get().map_or(0, |contents| contents.files.len())
    }
}

#[pymethods]
impl Index {
    /// Creates an empty index.
    #[new]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    pub fn add(&self, path: String, text: &str) -> PyResult<()> {
        if self.built.get().is_some() {
            return Err(PyRuntimeError::new_err("the index is finished"));
        }
        let mut contents = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        contents.add(path, text);
        Ok(())
    }

    /// Ends the building: from now on the index can be read, and no longer changes.
    pub fn finish(&self) {
        let mut building = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        self.built.get_or_init(|| std::mem::take(&mut building));
    }

    /// Returns the identifiers, in alphabetical order.
    pub fn identifiers(&self) -> PyResult<Vec<&str>> {
        let mut all: Vec<_> = self
            .contents()?
            .identifiers
            .keys()
            .map(|name| &**name)
            .collect();
        all.sort_unstable();
        Ok(all)
    }

    /// Returns the paths of the files in which an identifier occurs.
    pub fn find(&self, identifier: &str) -> PyResult<Vec<&str>> {
        let contents = self.contents()?;
        let files = contents.identifiers.get(identifier);
        let path = |file: &u32| contents.files[*file as usize].as_str();
        Ok(files.into_iter().flatten().map(path).collect())
    }

    /// Returns the number of files in which an identifier occurs.
    pub fn count(&self, identifier: &str) -> PyResult<usize> {
        let files = self.contents()?.identifiers.get(identifier);
        Ok(files.map_or(0, Vec::len))
    }

    /// Returns the number of identifiers.
    pub fn __len__(&self) -> PyResult<usize> {
        Ok(self.contents()?.identifiers.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_their_identifiers_once_the_index_is_finished() {
        let index = Index::new();
        index.add("a.py".into(), "one = two(two)").unwrap();
        index.add("b.py".into(), "two\n").unwrap();
        assert!(index.find("two").is_err() && index.files() == 0);
        index.finish();
        index.finish();
        assert!(index.add("c.py".into(), "").is_err());
        assert_eq!(index.find("two").unwrap(), ["a.py", "b.py"]);
        assert_eq!(index.find("one").unwrap(), ["a.py"]);
        assert_eq!(
            (index.count("two").unwrap(), index.count("six").unwrap()),
            (2, 0)
        );
        assert_eq!(index.identifiers().unwrap(), ["one", "two"]);
        assert_eq!((index.__len__().unwrap(), index.files()), (2, 2));
    }
}
