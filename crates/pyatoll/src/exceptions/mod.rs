//! Python's exception and warning classes, and macros to define more.
//!
//! Each class is a marker type: raise it with `PyValueError::new_err(…)`, test for it with
//! [`PyErr::is_instance_of`](crate::PyErr::is_instance_of), and get the class object with
//! [`Python::get_type`](crate::Python::get_type).
//!
//! [`create_exception!`](crate::create_exception) defines a new class, and
//! [`import_exception!`](crate::import_exception) imports one from a Python module. Both have one
//! class per interpreter: an exception of one interpreter is never an instance of another's class.
//!
//! ```
//! use pyatoll::prelude::*;
//! use pyatoll::exceptions::{PyLookupError, PyKeyError};
//!
//! Python::attach(|py| {
//!     let error = py.run(c"{}['missing']", None, None).unwrap_err();
//!     assert!(error.is_instance_of::<PyKeyError>(py));
//!     assert!(error.is_instance_of::<PyLookupError>(py));
//! });
//! ```

// | file | concern |
// |---|---|
// | `macros.rs` | `create_exception!`, `import_exception!`, and the macros of this folder |
// | `class.rs` | `LocalClass`: an exception class with one object per interpreter |
// | `compat.rs` | classes that only some versions have |
// | `errors.rs` | errors other than those of the operating system and of Unicode |
// | `os.rs` | `OSError` and its subclasses |
// | `unicode.rs` | `UnicodeError` and its subclasses |
// | `groups.rs` | exception groups |
// | `warnings.rs` | warning categories |
// | `asyncio.rs` | exceptions of `asyncio` |
// | `socket.rs` | exceptions of `socket` |

#[macro_use]
mod macros;
pub mod asyncio;
#[doc(hidden)]
pub mod class;
mod compat;
mod errors;
mod groups;
mod os;
pub mod socket;
mod unicode;
mod warnings;

#[allow(unused_imports, reason = "older versions have none of these classes")]
pub use compat::*;
pub use errors::*;
pub use groups::*;
pub use os::*;
pub use unicode::*;
pub use warnings::*;

#[cfg(test)]
mod tests;
