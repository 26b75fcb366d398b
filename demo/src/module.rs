//! `pytokens`: the Rust module that every interpreter imports.

use pyatoll::prelude::*;

/// Counts the tokens of Python source.
#[pymodule]
pub mod pytokens {
    use pyatoll::prelude::*;

    #[pymodule_export]
    use crate::counts::Counts;
    #[pymodule_export]
    use crate::index::Index;
    #[pymodule_export]
    use crate::work::Share;

    use crate::tokens::Tokens;

    /// Returns the tokens of a source text as `(kind, text)` pairs.
    #[pyfunction]
    fn tokenize(text: &str) -> Vec<(&'static str, &str)> {
        Tokens::new(text)
            .map(|token| (token.kind.name(), token.text))
            .collect()
    }
}

/// Makes the module importable in every interpreter of this process. Must be called before Python
/// is initialized.
pub fn register() {
    pyatoll::append_to_inittab!(pytokens);
}
