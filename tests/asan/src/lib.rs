//! A fault that the address sanitizer must report, callable from Python and from a Rust test.

use pyatoll::prelude::*;

/// An empty class.
#[pyclass(frozen)]
struct Instance;

/// Releases one reference twice: the second release reads the reference count of a freed object.
#[pyfunction]
pub fn use_after_free(py: Python<'_>) -> PyResult<()> {
    let object = Bound::new(py, Instance)?.into_any().into_ptr();
    for _ in 0..2 {
        // SAFETY: owned in the first round only. The second one is the planted fault.
        drop(unsafe { Bound::from_owned_ptr(py, object) });
    }
    Ok(())
}

/// A module with a planted fault.
#[pymodule]
mod pyatoll_asan {
    #[pymodule_export]
    use super::use_after_free;
}
