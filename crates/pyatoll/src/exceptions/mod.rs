//! Python's exception and warning classes, and macros for more of them.
//!
//! Each is a marker type: raise it with `PyValueError::new_err(…)`, ask for it with
//! [`PyErr::is_instance_of`](crate::PyErr::is_instance_of), and get the class with
//! [`Python::get_type`](crate::Python::get_type).
//!
//! [`create_exception!`](crate::create_exception) makes new classes, and
//! [`import_exception!`](crate::import_exception) takes those of Python modules. Both are one class
//! per interpreter: an exception of one interpreter is never an instance of another's class.
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

#[macro_use]
mod macros;
pub mod asyncio;
#[doc(hidden)]
pub mod class;
mod errors;
mod groups;
mod os;
pub mod socket;
mod unicode;
mod warnings;

pub use errors::*;
pub use groups::*;
pub use os::*;
pub use unicode::*;
pub use warnings::*;

#[cfg(test)]
mod tests;
