//! An interpreter for one unit test.

use super::{Python, SubInterpreter};

/// Runs a test in an interpreter of its own: it changes or reads what all tests in the main
/// interpreter share, such as `sys.unraisablehook`, filters of warnings or the collector's objects.
pub(crate) fn alone(test: impl FnOnce(Python<'_>)) {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(test).unwrap();
    sub.close().unwrap();
}
