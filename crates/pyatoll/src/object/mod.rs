//! Handles to Python objects, and the traits that describe Python types.
//!
//! Knows `interpreter` only: whatever needs an exception, a conversion or the methods of a type
//! (casts, extraction, `repr`) is implemented for the handles in the layer above.
//!
//! | file | concern |
//! |---|---|
//! | `bound` | [`Bound`]: an owned reference with the token |
//! | `borrowed` | [`Borrowed`]: a borrowed reference with the token |
//! | `bound_object` | [`BoundObject`]: common interface of the two |
//! | `py` | [`Py`]: an owned reference without a token |
//! | `fallible` | the methods of `Py` that return an error instead of panicking |
//! | `owner` | [`WrongInterpreter`]: use of a handle in an interpreter that does not own it |
//! | `type_info` | [`PyTypeInfo`], [`PyTypeCheck`]: Python types as Rust types |
//! | `hint`, `inspect/` | type hints (the feature `experimental-inspect`) |
//! | `markers` | [`PyAny`], [`PyType`] |
//! | `compat` | differences between CPython versions |

mod borrowed;
mod bound;
mod bound_object;
mod compat;
mod fallible;
mod hint;
#[cfg(feature = "experimental-inspect")]
pub mod inspect;
mod markers;
mod owner;
mod py;
mod type_info;

pub use borrowed::Borrowed;
pub use bound::Bound;
pub use bound_object::BoundObject;
pub(crate) use compat::constant;
pub(crate) use hint::hint;
pub use markers::{PyAny, PyType};
pub use owner::WrongInterpreter;
pub use py::Py;
pub use type_info::{DerefToPyAny, PyLayout, PySizedLayout, PyTypeCheck, PyTypeInfo};
