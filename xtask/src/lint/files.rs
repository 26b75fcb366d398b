//! The files of the project, as the structural checks see them: paths from the root, with `/`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Folders without files of the project.
const SKIPPED: [&str; 6] = [
    ".git",
    "target",
    "__pycache__",
    ".venv",
    "node_modules",
    ".pytest_cache",
];

/// Endings of the files whose text is read; of others, only the name is known.
const TEXTS: [&str; 4] = ["rs", "md", "toml", "py"];

/// A tree of files.
#[derive(Default)]
pub struct Files {
    texts: BTreeMap<String, Option<String>>,
}

impl Files {
    /// Reads the tree below `root`.
    pub fn read(root: &Path) -> Result<Self> {
        let mut files = Self::default();
        files.read_folder(root, "")?;
        Ok(files)
    }

    /// Builds a tree from literals, for tests.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let texts = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned())))
            .collect();
        Self { texts }
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        let entries =
            fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            if entry.file_type()?.is_dir() {
                if !SKIPPED.contains(&&*name) {
                    self.read_folder(&entry.path(), &format!("{path}/"))?;
                }
            } else {
                let is_text = TEXTS.iter().any(|ending| {
                    name.rsplit_once('.')
                        .is_some_and(|(_, found)| found == *ending)
                });
                let text = is_text
                    .then(|| fs::read_to_string(entry.path()))
                    .transpose()
                    .with_context(|| format!("cannot read {path}"))?;
                self.texts.insert(path, text);
            }
        }
        Ok(())
    }

    /// Returns the text of a file.
    pub fn text(&self, path: &str) -> Result<&str> {
        let text = self.texts.get(path).and_then(Option::as_deref);
        text.with_context(|| format!("{path} does not exist, or is not text"))
    }

    /// Returns whether there is a file or a folder of that path.
    pub fn exists(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        self.texts.contains_key(path) || self.is_folder(path)
    }

    /// Returns whether there is a folder of that path.
    pub fn is_folder(&self, path: &str) -> bool {
        let prefix = format!("{}/", path.trim_end_matches('/'));
        let mut below = self.texts.range(prefix.clone()..);
        below
            .next()
            .is_some_and(|(path, _)| path.starts_with(&prefix))
    }

    /// Iterates over the texts of the files with that ending, with their paths.
    pub fn with_ending(&self, ending: &str) -> impl Iterator<Item = (&str, &str)> {
        let ending = format!(".{ending}");
        self.texts
            .iter()
            .filter(move |(path, _)| path.ends_with(&ending))
            .filter_map(|(path, text)| Some((&**path, text.as_deref()?)))
    }

    /// Returns the names of the files and folders in `folder`, sorted; a folder's ends in `/`.
    pub fn entries(&self, folder: &str) -> Vec<String> {
        let prefix = format!("{folder}/");
        let mut names: Vec<String> = self
            .texts
            .keys()
            .filter_map(|path| path.strip_prefix(&prefix))
            .map(|rest| match rest.split_once('/') {
                Some((name, _)) => format!("{name}/"),
                None => rest.to_owned(),
            })
            .collect();
        names.dedup();
        names
    }
}
