//! The runtime half of the slots of `#[pymethods]`.
//!
//! For each slot of a class the macro generates an `extern "C"` function, which calls one of the
//! functions here, and a *body* per method: a function that converts the receiver and the arguments
//! and calls the user's method. The functions here find the token, choose among the methods that
//! share a slot, and turn errors and panics into exceptions.
//!
//! | file | concern |
//! |---|---|
//! | `single` | slots with one method: `__repr__`, `__len__`, `__getitem__`, … |
//! | `binary` | operators with a reflected form |
//! | `buffer` | `bf_getbuffer` of shareable classes |
//! | `compare` | `tp_richcompare` |
//! | `pairs` | attributes, items and descriptors: set and delete; `__getattr__` |
//! | `construct` | `tp_new`, `tp_vectorcall` |
//! | `gc` | `tp_traverse`, `tp_clear` |
//! | `receiver`, `arguments` | conversions of the receiver and the arguments |
//! | `output` | conversions of return values |
//! | `result` | results as C pointers |
//! | `inherit` | the slot of the next base class |
//!
//! Layered above `call`.

mod arguments;
mod binary;
mod buffer;
mod compare;
mod construct;
mod gc;
mod inherit;
mod output;
mod pairs;
mod receiver;
mod result;
mod single;

pub use arguments::{is_given, object_or_none, operator, size};
pub use binary::{BinaryBody, TernaryBody, binary, power};
pub use buffer::checked_view;
pub use compare::{CompareBody, comparisons};
pub use construct::{New, NewObject, NewOutput, construct_call, new_from_tuple};
pub use gc::{PyTraverseError, PyVisit, clear, traverse};
pub use output::{AsyncNext, InPlace, InPlaceValue, Next, NextValue, hash};
pub use pairs::{DeleteBody, GetBody, Pair, SetBody, getattro, set_or_delete};
pub use receiver::{Receiver, borrow_receiver, borrow_receiver_mut};
pub use result::not_implemented;
pub use single::{SetterBody, class_attribute, setter, slot, slot_unraisable};
