//! The source files to count, shared by the interpreters.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};
use pyatoll::prelude::*;
use pyatoll::types::PyBytes;

/// Subfolders that are not part of the standard library.
const SKIPPED: [&str; 3] = ["site-packages", "dist-packages", "__pycache__"];

/// A source file in memory, so that runs measure counting and not the disk.
pub struct File {
    /// The path relative to the folder that was read.
    pub name: String,
    /// The contents.
    pub data: Vec<u8>,
}

/// Reads the `.py` files below a folder, sorted by path.
pub fn read_files(folder: &Path) -> Result<Vec<File>> {
    if !folder.is_dir() {
        bail!("no such folder: {}", folder.display());
    }
    let mut paths = Vec::new();
    find(folder, &mut paths).with_context(|| format!("cannot search {}", folder.display()))?;
    if paths.is_empty() {
        bail!("no .py files in {}", folder.display());
    }
    paths.sort_unstable();
    paths
        .into_iter()
        .map(|path| {
            let data =
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let name = path.strip_prefix(folder).unwrap_or(&path);
            let name = name.to_string_lossy().into_owned();
            Ok(File { name, data })
        })
        .collect()
}

/// Collects the paths of the `.py` files below a folder.
fn find(folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // Links to folders are not followed, since they may form a cycle.
        let is_folder = path.symlink_metadata()?.is_dir();
        if is_folder {
            let skipped = path
                .file_name()
                .is_some_and(|name| SKIPPED.iter().any(|other| name == *other));
            if !skipped {
                find(&path, paths)?;
            }
        } else if path.extension().is_some_and(|ending| ending == "py") && path.is_file() {
            paths.push(path);
        }
    }
    Ok(())
}

/// The work of a run: every file, repeated for some rounds. Any number of threads take from it.
pub struct Work {
    files: Arc<[File]>,
    rounds: usize,
    /// The number of items taken, plus attempts after the last one.
    taken: AtomicUsize,
}

impl Work {
    /// Creates work of which nothing is taken yet.
    pub fn new(files: Arc<[File]>, rounds: usize) -> Self {
        Self {
            files,
            rounds,
            taken: AtomicUsize::new(0),
        }
    }

    /// Returns the number of items.
    pub fn len(&self) -> usize {
        self.files.len() * self.rounds
    }

    /// Returns the number of items taken.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed).min(self.len())
    }

    /// Takes the next item, if one is left.
    fn take(&self) -> Option<&File> {
        let item = self.taken.fetch_add(1, Ordering::Relaxed);
        (item < self.len()).then(|| &self.files[item % self.files.len()])
    }
}

/// An interpreter's share of the work: an iterator of `(path, contents)` for Python code.
///
/// Each interpreter has its own `Share` object. All of them refer to the same `Work`, which is
/// plain Rust.
#[pyclass(module = "pytokens", frozen)]
pub struct Share {
    work: Arc<Work>,
}

impl Share {
    /// Creates a share of `work`: the items that no other share has taken.
    pub fn new(work: Arc<Work>) -> Self {
        Self { work }
    }
}

#[pymethods]
impl Share {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__<'py>(&self, py: Python<'py>) -> Option<(&str, Bound<'py, PyBytes>)> {
        let file = self.work.take()?;
        Some((&file.name, PyBytes::new(py, &file.data)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(files: usize, rounds: usize) -> Work {
        let file = |number| File {
            name: format!("{number}.py"),
            data: Vec::new(),
        };
        Work::new((0..files).map(file).collect(), rounds)
    }

    #[test]
    fn threads_take_every_file_once_a_round() {
        let work = work(10, 3);
        let mut names: Vec<String> = std::thread::scope(|scope| {
            let take_all = || {
                std::iter::from_fn(|| work.take())
                    .map(|file| file.name.clone())
                    .collect::<Vec<_>>()
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(take_all)).collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        names.sort();
        let expected: Vec<String> = (0..30).map(|n| format!("{}.py", n / 3)).collect();
        assert_eq!(names, expected);
        assert_eq!(
            work.taken(),
            30,
            "attempts after the last item are not counted"
        );
    }

    #[test]
    fn a_missing_or_empty_folder_is_an_error_that_names_it() {
        let message = |path: &Path| read_files(path).err().unwrap().to_string();
        let missing = Path::new(env!("CARGO_MANIFEST_DIR")).join("missing");
        assert_eq!(
            message(&missing),
            format!("no such folder: {}", missing.display())
        );
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("build.rs");
        assert!(message(&file).starts_with("no such folder: "));

        let folder = std::env::temp_dir().join(format!("pyatoll-demo-{}", std::process::id()));
        fs::create_dir_all(folder.join("site-packages")).unwrap();
        fs::create_dir_all(folder.join("inner")).unwrap();
        fs::write(folder.join("site-packages/other.py"), "x").unwrap();
        assert_eq!(
            message(&folder),
            format!("no .py files in {}", folder.display())
        );
        fs::write(folder.join("inner/a.py"), "x").unwrap();
        fs::write(folder.join("b.py"), "y").unwrap();
        let names: Vec<String> = read_files(&folder)
            .unwrap()
            .into_iter()
            .map(|file| file.name)
            .collect();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(names.len(), 2);
        assert!(
            names[0] == "b.py" && names[1].ends_with("a.py"),
            "{names:?}"
        );
    }
}
