//! `--uses`: every type and conversion is used again and again in two interpreters that stay, and
//! the memory that a use leaves behind is printed. `cargo xtask leaks` runs it.

use anyhow::Result;
use pyatoll::ffi;
use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;

use crate::every_type::use_every_type;

/// Number of uses between two measurements.
const BLOCK: u32 = 10;

/// Blocks before the first measurement, which fill Python's caches.
const WARM_UP: u32 = 30;

/// Prints one JSON object: `{"heap": […]}`, with one number for each block: by how many bytes the
/// heap grew per use. A use is one in each interpreter.
pub fn run(uses: u32) -> Result<()> {
    Python::initialize();
    let sub = SubInterpreter::builder().build()?;
    let mut heap = Vec::new();
    for block in 0..WARM_UP + uses.div_ceil(BLOCK) {
        let before = allocated()?;
        for _ in 0..BLOCK {
            Python::attach(use_every_type)?;
            sub.attach(use_every_type)??;
        }
        Python::attach(tidy)?;
        sub.attach(tidy)??;
        if block >= WARM_UP {
            heap.push((allocated()? - before) / f64::from(BLOCK));
        }
    }
    sub.close()?;
    println!("{}", serde_json::json!({ "heap": heap }));
    Ok(())
}

/// Frees what a use may leave behind for a while: cycles, and names that the cache of methods keeps
/// alive, which fills slowly.
fn tidy(py: Python<'_>) -> PyResult<()> {
    py.import("gc")?.call_method0("collect")?;
    // SAFETY: attached.
    unsafe { ffi::PyType_ClearCache() };
    Ok(())
}

/// Returns the number of bytes that are allocated with `malloc`: with `PYTHONMALLOC=malloc`, all of
/// Python's memory and of this program's.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn allocated() -> Result<f64> {
    // SAFETY: the function has no requirements.
    let info = unsafe { libc::mallinfo2() };
    Ok((info.uordblks + info.hblkhd) as f64)
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn allocated() -> Result<f64> {
    anyhow::bail!("only glibc tells how much memory is allocated")
}
