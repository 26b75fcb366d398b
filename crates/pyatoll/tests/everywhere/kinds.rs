//! Sub-interpreters of every kind.

use pyatoll::interpreter::{Gil, SubInterpreter};
use pyatoll::prelude::*;

/// Creates a sub-interpreter of each kind, one after the other: with its own GIL, with a shared
/// GIL, and with `legacy` settings.
pub fn subs() -> impl Iterator<Item = SubInterpreter> {
    Python::initialize();
    [
        SubInterpreter::builder(),
        SubInterpreter::builder().gil(Gil::Shared),
        SubInterpreter::builder().legacy(),
    ]
    .into_iter()
    .map(|builder| builder.build().unwrap())
}
