//! [`Record`]: what the built module contains about one of its items.
//!
//! The format is that of PyO3's introspection data, version 1, which the crate `pyo3-introspection`
//! and `maturin` read: a symbol named `PYO3_INTROSPECTION_1_…` for each item, which consists of a
//! length and that many bytes of JSON.

use super::expression::PyStaticExpr;
use super::json::{Json, Text};

/// A record of `N` bytes.
#[repr(C)]
pub struct Record<const N: usize> {
    length: u32,
    json: [u8; N],
}

/// Returns the number of bytes of a value's record.
pub const fn measure(value: &Json) -> usize {
    Text::<0>::of(value).length
}

/// Creates the record of a value; `N` is [`measure`] of it.
pub const fn render<const N: usize>(value: &Json) -> Record<N> {
    let text = Text::<N>::of(value);
    assert!(text.length == N && N <= u32::MAX as usize);
    Record {
        length: N as u32,
        json: text.bytes,
    }
}

/// Returns the id of the record of the class that a hint refers to. Returns an empty text, which is
/// not an id, if the hint is not a class of this program.
pub const fn id_of(hint: &PyStaticExpr) -> &'static str {
    match hint {
        PyStaticExpr::PyClass(class) => class.id(),
        _ => "",
    }
}

/// Returns the module of a name that is new in `typing` of Python 3.15: that, or
/// `typing_extensions`.
pub const fn since_3_15() -> PyStaticExpr {
    PyStaticExpr::Name {
        id: if super::super::compat::IS_3_15 {
            "typing"
        } else {
            "typing_extensions"
        },
    }
}
