//! The README's extension module, verbatim, imported and used.

/// A tally, and the words of texts.
#[pyatoll::pymodule]
mod tally {
    use pyatoll::prelude::*;

    #[pyclass]
    struct Tally(u64);

    #[pymethods]
    impl Tally {
        #[new]
        fn new() -> Self {
            Self(0)
        }

        #[pyo3(signature = (by = 1))]
        fn add(&mut self, by: u64) -> u64 {
            self.0 += by;
            self.0
        }
    }

    #[pyfunction]
    fn words(text: &str) -> Vec<&str> {
        text.split_whitespace().collect()
    }
}

use pyatoll::prelude::*;

#[test]
fn the_readmes_extension_is_the_one_in_this_file() {
    let readme = include_str!("../../README.md");
    let block = readme
        .split_once("```rust\n")
        .and_then(|(_, rest)| rest.split_once("```"))
        .map(|(block, _)| block)
        .unwrap();
    assert!(include_str!("readme.rs").contains(block));
}

#[test]
fn the_readmes_extension_works() {
    pyatoll::append_to_inittab!(tally);
    Python::initialize();
    Python::attach(|py| {
        py.run(
            c"
from tally import Tally, words
tally = Tally()
assert (tally.add(), tally.add(by=2)) == (1, 3)
assert words('to be  or') == ['to', 'be', 'or']
",
            None,
            None,
        )
        .unwrap();
    });
}
