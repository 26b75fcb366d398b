//! Conversions between Rust values and Python objects.

mod string;
mod traits;

pub use traits::{FromPyObject, FromPyObjectOwned, IntoPyObject, IntoPyObjectExt};
