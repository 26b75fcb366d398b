//! Must end with a report of the sanitizer: `cargo xtask asan` fails otherwise.

use pyatoll::prelude::*;

#[test]
fn the_sanitizer_reports_a_reference_that_is_released_twice() {
    Python::initialize();
    Python::attach(|py| pyatoll_asan::use_after_free(py).unwrap());
}
