//! Conversions between Rust values and Python objects.

mod boolean;
mod bytes;
mod float;
mod int;
mod sequence;
mod string;
mod traits;
mod wrapper;

pub use traits::{FromPyObject, FromPyObjectOwned, IntoPyObject, IntoPyObjectExt};
