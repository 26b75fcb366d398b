//! Conversions between Rust values and Python objects.

mod boolean;
mod bytes;
mod c_string;
pub(crate) mod derive_support;
mod float;
mod imported;
mod int;
mod ip_addr;
mod map;
mod os_string;
mod path;
mod sequence;
mod set;
mod string;
mod time;
pub(crate) mod traits;
mod tuple;
mod wrapper;

pub use traits::{FromPyObject, FromPyObjectOwned, IntoPyObject, IntoPyObjectExt};
