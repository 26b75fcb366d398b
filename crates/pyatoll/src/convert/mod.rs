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
//! | `wrapper` | `Option`, `Arc`, `Cell` |
//! | `time`, `ip_addr` | `Duration`, `SystemTime`, IP addresses |
//! | `reports` | errors of `anyhow` and `eyre` |
//! | `num_bigint`, `num_complex`, `num_rational`, `ordered_float` | the crates of these names |
//! | `rust_decimal`, `bigdecimal`, `uuid` | the crates of these names |
//! | `bytes_crate`, `either`, `hashbrown`, `indexmap`, `smallvec` | the crates of these names |
//! | `decimal` | Python's `decimal` |
//! | `datetime` | functions shared by the conversions of chrono, jiff and time |
//! | `chrono`, `chrono_tz`, `jiff`, `time_crate` | dates, times and time zones of these crates |
//! | `imported` | classes of Python's standard library |
//! | `by_reference` | conversion of a reference to a `Copy` type |
//! | `recursion` | bounds the recursion of conversions |
//! | `derive_support` | functions that the derive macros call |
//! | `compat` | differences between CPython versions |

#[cfg(feature = "bigdecimal")]
mod bigdecimal;
mod boolean;
mod by_reference;
mod bytes;
#[cfg(feature = "bytes")]
mod bytes_crate;
mod c_string;
mod cast;
#[cfg(feature = "chrono")]
mod chrono;
#[cfg(feature = "chrono-tz")]
mod chrono_tz;
mod compat;
#[cfg(any(feature = "chrono", feature = "jiff-02", feature = "time"))]
mod datetime;
#[cfg(any(feature = "bigdecimal", feature = "rust_decimal"))]
mod decimal;
pub(crate) mod derive_support;
#[cfg(feature = "either")]
mod either;
mod float;
mod fmt;
mod handles;
#[cfg(feature = "hashbrown")]
mod hashbrown;
mod imported;
#[cfg(feature = "indexmap")]
mod indexmap;
mod int;
mod ip_addr;
#[cfg(feature = "jiff-02")]
mod jiff;
mod map;
#[cfg(feature = "num-bigint")]
mod num_bigint;
#[cfg(feature = "num-complex")]
mod num_complex;
#[cfg(feature = "num-rational")]
mod num_rational;
#[cfg(feature = "ordered-float")]
mod ordered_float;
mod os_string;
mod path;
mod recursion;
#[cfg(any(feature = "anyhow", feature = "eyre"))]
mod reports;
#[cfg(feature = "rust_decimal")]
mod rust_decimal;
mod sequence;
mod set;
#[cfg(feature = "smallvec")]
mod smallvec;
mod string;
mod time;
#[cfg(feature = "time")]
mod time_crate;
pub(crate) mod traits;
mod tuple;
#[cfg(feature = "uuid")]
mod uuid;
mod wrapper;

pub use traits::{FromPyObject, FromPyObjectOwned, IntoPyObject, IntoPyObjectExt};
