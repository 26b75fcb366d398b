//! Conversions between Rust values and Python objects.
//!
//! | file | concern |
//! |---|---|
//! | `traits` | [`IntoPyObject`], [`FromPyObject`] and their extensions |
//! | `handles` | `Bound`, `Borrowed`, `Py` |
//! | `cast` | checked casts of handles |
//! | `fmt` | `Debug` and `Display` of handles |
//! | `boolean`, `int`, `float` | `bool`, integers, floats |
//! | `string`, `c_string`, `os_string`, `path` | text and paths |
//! | `bytes` | `bytes` and `bytearray` |
//! | `sequence`, `tuple`, `map`, `set` | collections |
//! | `wrapper` | `Option`, `Box`, `Arc`, `Cell` |
//! | `time`, `ip_addr` | `Duration`, `SystemTime`, IP addresses |
//! | `imported` | classes of Python's standard library |
//! | `by_reference` | conversion of a reference to a `Copy` type |
//! | `derive_support` | functions that the derive macros call |
//! | `compat` | differences between CPython versions |

mod boolean;
mod by_reference;
mod bytes;
mod c_string;
mod cast;
mod compat;
pub(crate) mod derive_support;
mod float;
mod fmt;
mod handles;
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
