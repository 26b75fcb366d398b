//! Buffers: the memory that an object exports to others.
//!
//! | file | concern |
//! |---|---|
//! | `element.rs` | [`Element`], [`ElementType`], [`ReadOnlyCell`]: what a buffer consists of |
//! | `view.rs` | acquiring and releasing a `Py_buffer` |
//! | `untyped.rs` | [`PyUntypedBuffer`] |
//! | `typed.rs` | [`PyBuffer`] |
//! | `copy.rs` | copying elements into and out of a buffer |

mod copy;
mod element;
#[cfg(test)]
mod tests;
mod typed;
mod untyped;
mod view;

pub use element::{Element, ElementType, ReadOnlyCell};
pub use typed::PyBuffer;
pub use untyped::PyUntypedBuffer;
