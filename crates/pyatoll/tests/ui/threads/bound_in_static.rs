//! A handle with a token, in a static.
use std::sync::OnceLock;

use pyatoll::prelude::*;

static OBJECT: OnceLock<Bound<'static, PyAny>> = OnceLock::new();

fn main() {
    let _ = OBJECT.get();
}
