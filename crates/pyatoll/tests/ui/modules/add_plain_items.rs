//! Plain items, added by hand.
use pyatoll::prelude::*;

struct Plain;

#[pymodule]
fn a(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<Plain>()?;
    m.add("value", Plain)?;
    Ok(())
}

fn main() {}
