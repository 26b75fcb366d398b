//! [`PyStaticExpr`], and the macros that create one.

use std::fmt::{self, Write};

/// A Python expression that is a constant of the program: a type hint, or the default of a
/// parameter.
///
/// [`type_hint_identifier!`](crate::type_hint_identifier),
/// [`type_hint_subscript!`](crate::type_hint_subscript) and
/// [`type_hint_union!`](crate::type_hint_union) create type hints. The text of one is Python code:
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::inspect::PyStaticExpr;
///
/// const HINT: PyStaticExpr = <Option<bool> as FromPyObject>::INPUT_TYPE;
/// assert_eq!(HINT.to_string(), "builtins.bool | None");
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum PyStaticExpr {
    /// A literal.
    Constant {
        /// The value.
        value: PyStaticConstant,
    },
    /// A name.
    Name {
        /// The name; also that of a module, with dots.
        id: &'static str,
    },
    /// `value.attr`
    Attribute {
        /// The object.
        value: &'static Self,
        /// The name of its attribute.
        attr: &'static str,
    },
    /// An operation with two operands.
    BinOp {
        /// The left operand.
        left: &'static Self,
        /// The operator.
        op: PyStaticOperator,
        /// The right operand.
        right: &'static Self,
    },
    /// A tuple.
    Tuple {
        /// The items.
        elts: &'static [Self],
    },
    /// A list.
    List {
        /// The items.
        elts: &'static [Self],
    },
    /// `value[slice]`
    Subscript {
        /// The object.
        value: &'static Self,
        /// The index; a tuple is written without parentheses.
        slice: &'static Self,
    },
    /// A class of `#[pyclass]` or `create_exception!`. Where it can be imported from depends on the
    /// module that contains it.
    PyClass(PyClassNameStaticExpr),
}

/// A literal in a [`PyStaticExpr`].
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum PyStaticConstant {
    /// `None`
    None,
    /// `True` or `False`
    Bool(bool),
    /// An `int`, in decimal digits, perhaps with a sign.
    Int(&'static str),
    /// A finite `float`, in decimal digits, perhaps with a sign, a point and an exponent.
    Float(&'static str),
    /// A `str`: its characters, neither quoted nor escaped.
    Str(&'static str),
    /// `...`
    Ellipsis,
}

/// An operator in a [`PyStaticExpr`].
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum PyStaticOperator {
    /// `|`
    BitOr,
}

/// A class of this program in a [`PyStaticExpr`].
#[derive(Clone, Copy)]
pub struct PyClassNameStaticExpr {
    expr: &'static PyStaticExpr,
    id: &'static str,
}

impl PyClassNameStaticExpr {
    /// Creates the hint of the class whose record has the id.
    #[doc(hidden)]
    #[inline]
    pub const fn new(expr: &'static PyStaticExpr, id: &'static str) -> Self {
        Self { expr, id }
    }

    /// Returns the class's name, with the module that its declaration names. It may not be possible
    /// to import the class from there.
    #[inline]
    pub const fn expr(&self) -> &'static PyStaticExpr {
        self.expr
    }

    /// Returns the id of the class's record.
    pub(super) const fn id(&self) -> &'static str {
        self.id
    }
}

impl AsRef<PyStaticExpr> for PyClassNameStaticExpr {
    #[inline]
    fn as_ref(&self) -> &PyStaticExpr {
        self.expr
    }
}

impl fmt::Display for PyStaticExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant { value } => value.fmt(f),
            Self::Name { id } => f.write_str(id),
            Self::Attribute { value, attr } => write!(f, "{value}.{attr}"),
            Self::BinOp { left, op, right } => write!(f, "{left} {op} {right}"),
            Self::Tuple { elts } => {
                f.write_char('(')?;
                write_items(f, elts)?;
                f.write_str(if elts.len() == 1 { ",)" } else { ")" })
            }
            Self::List { elts } => {
                f.write_char('[')?;
                write_items(f, elts)?;
                f.write_char(']')
            }
            Self::Subscript { value, slice } => {
                write!(f, "{value}[")?;
                match slice {
                    // `tuple[]` would be a syntax error.
                    Self::Tuple { elts } if !elts.is_empty() => write_items(f, elts)?,
                    other => other.fmt(f)?,
                }
                f.write_char(']')
            }
            Self::PyClass(class) => class.expr.fmt(f),
        }
    }
}

fn write_items(f: &mut fmt::Formatter<'_>, items: &[PyStaticExpr]) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

impl fmt::Display for PyStaticOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BitOr => f.write_char('|'),
        }
    }
}

impl fmt::Display for PyStaticConstant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Bool(true) => f.write_str("True"),
            Self::Bool(false) => f.write_str("False"),
            Self::Int(digits) => f.write_str(digits),
            Self::Float(digits) => {
                f.write_str(digits)?;
                // Without a point or an exponent, it would be an `int`.
                let is_int = !digits.contains(['.', 'e', 'E']);
                f.write_str(if is_int { "." } else { "" })
            }
            Self::Str(text) => write_quoted(f, text),
            Self::Ellipsis => f.write_str("..."),
        }
    }
}

/// Writes a Python string literal. Rust's own escapes (`\u{7}`) are none in Python.
fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' | '\\' => write!(f, "\\{character}")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\0' => f.write_str("\\0")?,
            '\x01'..='\x1f' => write!(f, "\\x{:02x}", u32::from(character))?,
            other => f.write_char(other)?,
        }
    }
    f.write_char('"')
}

/// Creates the type hint of a class from its module and its name.
///
/// ```
/// use pyatoll::inspect::PyStaticExpr;
/// use pyatoll::type_hint_identifier;
///
/// const DATE: PyStaticExpr = type_hint_identifier!("datetime", "date");
/// assert_eq!(DATE.to_string(), "datetime.date");
///
/// const INT: PyStaticExpr = type_hint_identifier!("builtins", "int");
/// assert_eq!(INT.to_string(), "int");
/// ```
#[macro_export]
macro_rules! type_hint_identifier {
    ("builtins", $name:expr) => {
        $crate::inspect::PyStaticExpr::Name { id: $name }
    };
    ($module:expr, $name:expr) => {
        $crate::inspect::PyStaticExpr::Attribute {
            value: &$crate::inspect::PyStaticExpr::Name { id: $module },
            attr: $name,
        }
    };
}
pub use type_hint_identifier;

/// Creates the union of type hints.
///
/// ```
/// use pyatoll::inspect::PyStaticExpr;
/// use pyatoll::{type_hint_identifier, type_hint_union};
///
/// const NUMBER: PyStaticExpr = type_hint_union!(
///     type_hint_identifier!("builtins", "int"),
///     type_hint_identifier!("decimal", "Decimal")
/// );
/// assert_eq!(NUMBER.to_string(), "int | decimal.Decimal");
/// ```
#[macro_export]
macro_rules! type_hint_union {
    ($hint:expr) => { $hint };
    ($first:expr, $($rest:expr),+) => {
        $crate::inspect::PyStaticExpr::BinOp {
            left: &$first,
            op: $crate::inspect::PyStaticOperator::BitOr,
            right: &$crate::type_hint_union!($($rest),+),
        }
    };
}
pub use type_hint_union;

/// Creates the type hint of a generic class with arguments.
///
/// ```
/// use pyatoll::inspect::PyStaticExpr;
/// use pyatoll::{type_hint_identifier, type_hint_subscript};
///
/// const COUNTS: PyStaticExpr = type_hint_subscript!(
///     type_hint_identifier!("builtins", "dict"),
///     type_hint_identifier!("builtins", "str"),
///     type_hint_identifier!("builtins", "int")
/// );
/// assert_eq!(COUNTS.to_string(), "dict[str, int]");
/// ```
#[macro_export]
macro_rules! type_hint_subscript {
    ($class:expr, $argument:expr) => {
        $crate::inspect::PyStaticExpr::Subscript {
            value: &$class,
            slice: &$argument,
        }
    };
    ($class:expr, $($argument:expr),*) => {
        $crate::inspect::PyStaticExpr::Subscript {
            value: &$class,
            slice: &$crate::inspect::PyStaticExpr::Tuple { elts: &[$($argument),*] },
        }
    };
}
pub use type_hint_subscript;

#[cfg(test)]
mod tests {
    use super::*;

    fn constant(value: PyStaticConstant) -> String {
        PyStaticExpr::Constant { value }.to_string()
    }

    #[test]
    fn constants_are_python_code() {
        assert_eq!(constant(PyStaticConstant::None), "None");
        assert_eq!(constant(PyStaticConstant::Bool(true)), "True");
        assert_eq!(constant(PyStaticConstant::Int("-3")), "-3");
        assert_eq!(constant(PyStaticConstant::Float("3")), "3.");
        assert_eq!(constant(PyStaticConstant::Float("1e3")), "1e3");
        assert_eq!(constant(PyStaticConstant::Ellipsis), "...");
        assert_eq!(
            constant(PyStaticConstant::Str("é\"\\\n\r\t\0\x1b")),
            r#""é\"\\\n\r\t\0\x1b""#
        );
    }

    #[test]
    fn only_an_empty_tuple_is_subscripted_in_parentheses() {
        const TUPLE: PyStaticExpr = type_hint_identifier!("builtins", "tuple");
        const EMPTY: PyStaticExpr = PyStaticExpr::Tuple { elts: &[] };
        const ONE: PyStaticExpr = PyStaticExpr::Tuple { elts: &[TUPLE] };
        const LIST: PyStaticExpr = PyStaticExpr::List {
            elts: &[TUPLE, EMPTY],
        };
        assert_eq!(type_hint_subscript!(TUPLE, EMPTY).to_string(), "tuple[()]");
        assert_eq!(
            type_hint_subscript!(TUPLE, TUPLE, LIST).to_string(),
            "tuple[tuple, [tuple, ()]]"
        );
        assert_eq!(ONE.to_string(), "(tuple,)");
    }
}
