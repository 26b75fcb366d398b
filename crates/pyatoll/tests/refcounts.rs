//! Conversions and types leak no references, checked with the interpreter's total reference count
//! (debug builds) and its memory blocks. Its own binary, since both counts are process-wide.

#[path = "every_type/mod.rs"]
mod every_type;

use every_type::use_every_type;
use pyatoll::prelude::*;

/// Returns the total reference count, where `sys` has it, and the memory blocks in use.
fn counts(py: Python<'_>) -> PyResult<(i64, i64)> {
    py.import("gc")?.call_method0("collect")?;
    let sys = py.import("sys")?;
    let references = match sys.getattr("gettotalrefcount") {
        Ok(count) => count.call0()?.extract()?,
        Err(_) => 0,
    };
    let blocks = sys.call_method0("getallocatedblocks")?.extract()?;
    Ok((references, blocks))
}

#[test]
fn a_thousand_uses_of_every_type_leak_nothing() {
    const ROUNDS: i64 = 1000;
    Python::attach(|py| {
        // Fill caches and free lists.
        for _ in 0..20 {
            use_every_type(py)?;
        }
        // A leak of one per round shows as a thousand every time; growth of Python's caches does
        // not.
        let constant = |&(references, blocks): &(i64, i64)| {
            references.abs() < ROUNDS / 10 && blocks.abs() < ROUNDS / 10
        };
        let mut growths = Vec::new();
        for _ in 0..5 {
            let before = counts(py)?;
            for _ in 0..ROUNDS {
                use_every_type(py)?;
            }
            let after = counts(py)?;
            growths.push((after.0 - before.0, after.1 - before.1));
            if growths.iter().any(constant) {
                return Ok::<_, PyErr>(());
            }
        }
        panic!("(references, blocks): {growths:?}");
    })
    .unwrap();
}
