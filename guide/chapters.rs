//! The chapters of the guide, the README and the pages of the macros, as documentation of modules:
//! their Rust blocks are doc tests of this package, which is not published.
//!
//! A chapter's Python blocks import a module that a Rust block of the same chapter defines. That
//! Rust block ends in a hidden line, `# guide::run_python("CHAPTER", "MODULE");`, which runs them.
//! `tests/book.rs` checks that no block is left out.

use std::ffi::CString;
use std::path::PathBuf;

use pyatoll::prelude::*;
use pyatoll::types::PyDict;

/// Defines `run(name, line, code)`.
const RUNNER: &str = include_str!("runner.py");

/// A Python block of a chapter.
pub struct PythonBlock {
    /// The number of lines of the chapter before its first one.
    pub line: usize,
    /// Its text.
    pub code: String,
}

impl PythonBlock {
    /// Returns whether the block imports `module`.
    pub fn imports(&self, module: &str) -> bool {
        self.code.lines().any(|line| {
            let line = line.trim_start().trim_start_matches(">>> ");
            let mut words = line.split([' ', ',', ';']);
            matches!(words.next(), Some("import" | "from"))
                && words
                    .take_while(|word| *word != "import")
                    .any(|word| word == module)
        })
    }
}

/// Returns the path of a chapter, given without `.md`.
pub fn path(chapter: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("src/{chapter}.md"))
}

/// Returns the Python blocks of a chapter's text.
pub fn python_blocks(text: &str) -> Vec<PythonBlock> {
    let mut blocks = Vec::new();
    let mut open: Option<PythonBlock> = None;
    for (number, line) in text.lines().enumerate() {
        match &mut open {
            Some(_) if line == "```" => blocks.extend(open.take()),
            Some(block) => block.code.extend([line, "\n"]),
            None if line == "```python" => {
                let (line, code) = (number + 1, String::new());
                open = Some(PythonBlock { line, code });
            }
            None => {}
        }
    }
    blocks
}

/// Runs the Python blocks of a chapter that import `module`.
///
/// # Panics
/// If there are none, or one fails.
pub fn run_python(chapter: &str, module: &str) {
    let name = format!("guide/src/{chapter}.md");
    let text = std::fs::read_to_string(path(chapter)).expect("the chapter can be read");
    let mut blocks = python_blocks(&text);
    blocks.retain(|block| block.imports(module));
    assert!(
        !blocks.is_empty(),
        "no Python block of {name} imports {module}"
    );
    Python::attach(|py| -> PyResult<()> {
        let namespace = PyDict::new(py);
        let runner = CString::new(RUNNER).expect("no NUL byte in it");
        py.run(&runner, Some(&namespace), None)?;
        let run = namespace.get_item("run")?.expect("defined above");
        for block in blocks {
            run.call1((&name, block.line, block.code))?;
        }
        Ok(())
    })
    .unwrap_or_else(|error| panic!("{name}: {error}"));
}

/// One module for each chapter that has Rust blocks; `tests/book.rs` checks that all are here.
#[cfg(doctest)]
mod chapters {
    #[doc = include_str!("../README.md")]
    mod readme {}
    #[doc = include_str!("src/introduction.md")]
    mod introduction {}
    #[doc = include_str!("src/getting-started.md")]
    mod getting_started {}
    #[doc = include_str!("src/functions.md")]
    mod functions {}
    #[doc = include_str!("src/classes.md")]
    mod classes {}
    #[doc = include_str!("src/async.md")]
    mod r#async {}
    #[doc = include_str!("src/modules.md")]
    mod modules {}
    #[doc = include_str!("src/conversions.md")]
    mod conversions {}
    #[doc = include_str!("src/errors.md")]
    mod errors {}
    #[doc = include_str!("src/stubs.md")]
    mod stubs {}
    #[doc = include_str!("src/many-interpreters.md")]
    mod many_interpreters {}
    #[doc = include_str!("src/sharing.md")]
    mod sharing {}
    #[doc = include_str!("src/free-threading.md")]
    mod free_threading {}
    #[doc = include_str!("src/embedding.md")]
    mod embedding {}
    #[doc = include_str!("src/interruption.md")]
    mod interruption {}
    #[doc = include_str!("src/hosts.md")]
    mod hosts {}
    #[doc = include_str!("src/tools.md")]
    mod tools {}
    #[doc = include_str!("src/moving-from-pyo3.md")]
    mod moving_from_pyo3 {}
    #[doc = include_str!("src/differences.md")]
    mod differences {}
    #[doc = include_str!("src/stable-abi.md")]
    mod stable_abi {}
    #[doc = include_str!("src/performance.md")]
    mod performance {}
    #[doc = include_str!("src/size.md")]
    mod size {}
    #[doc = include_str!("src/platforms.md")]
    mod platforms {}
    #[doc = include_str!("src/debugging.md")]
    mod debugging {}
    #[doc = include_str!("src/error-messages.md")]
    mod error_messages {}
}

/// The documentation of the macros, whose crate cannot depend on the library.
#[cfg(doctest)]
mod macros {
    #[doc = include_str!("../crates/pyatoll-macros/doc/pyfunction.md")]
    mod pyfunction {}
    #[doc = include_str!("../crates/pyatoll-macros/doc/pymodule.md")]
    mod pymodule {}
    #[doc = include_str!("../crates/pyatoll-macros/doc/pyclass.md")]
    mod pyclass {}
    #[doc = include_str!("../crates/pyatoll-macros/doc/pymethods.md")]
    mod pymethods {}
    #[doc = include_str!("../crates/pyatoll-macros/doc/from_py_object.md")]
    mod from_py_object {}
    #[doc = include_str!("../crates/pyatoll-macros/doc/into_py_object.md")]
    mod into_py_object {}
    #[doc = include_str!("../crates/pyatoll-macros/doc/into_py_object_ref.md")]
    mod into_py_object_ref {}
}
