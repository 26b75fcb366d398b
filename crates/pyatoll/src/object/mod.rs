//! Handles to Python objects: [`Py`], [`Bound`], [`Borrowed`], and what their types say of
//! themselves ([`PyTypeInfo`], [`PyTypeCheck`]).
//!
//! Above `interpreter`; the types themselves (`PyList`, …) are above this.

mod borrowed;
mod bound;
mod bound_object;
mod constant;
mod owner;
mod py;
mod type_info;

pub use borrowed::Borrowed;
pub use bound::Bound;
pub use bound_object::BoundObject;
pub(crate) use constant::constant;
pub(crate) use owner::WRONG_INTERPRETER_PANIC;
pub use owner::WrongInterpreter;
pub use py::Py;
pub use type_info::{DerefToPyAny, PyTypeCheck, PyTypeInfo};
