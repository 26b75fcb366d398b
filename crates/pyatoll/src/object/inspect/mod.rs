//! Type hints of Rust types, for the stubs of a module (the feature `experimental-inspect`).

// | file | concern |
// |---|---|
// | `expression` | `PyStaticExpr`: a Python expression as a constant |
// | `json` | JSON as a constant, and its text |
// | `record` | the record of an item, as tools find it in the built module |

mod expression;
mod json;
mod record;

pub use expression::{
    PyClassNameStaticExpr, PyStaticConstant, PyStaticExpr, PyStaticOperator, type_hint_identifier,
    type_hint_subscript, type_hint_union,
};
pub use json::Json;
pub use record::{Record, id_of, measure, render, since_3_15};

use super::PyTypeCheck;

/// Returns the type hint of a Python type.
pub(crate) const fn of<T: PyTypeCheck>() -> PyStaticExpr {
    T::TYPE_HINT
}

/// The type hint `None`.
pub const NONE: PyStaticExpr = PyStaticExpr::Constant {
    value: PyStaticConstant::None,
};

/// The type hint of a type without a hint of its own; type checkers treat it as `Any`.
pub(crate) const INCOMPLETE: PyStaticExpr = type_hint_identifier!("_typeshed", "Incomplete");
