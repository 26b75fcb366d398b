//! [`PyClass`], the trait of classes, and [`ClassImpl`], which `#[pyclass]` implements.

use std::ffi::CStr;

use super::base::ClassBase;
use super::boolean_struct::Boolean;
use super::borrow_flag::FlagStorage;
use super::crossing::ShareFunctions;
use super::items::{ClassItems, MethodBlocks};
use super::parts::{InlineSlot, ThreadCheck};
use super::spec::SpecOptions;
use super::statics::ClassStatics;
use super::storage::ValueStorage;
use crate::object::PyTypeInfo;

/// A Rust type with a Python class. Only `#[pyclass]` can implement it.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::PyClass;
///
/// #[pyclass]
/// struct Point {
///     x: i32,
/// }
///
/// fn name<T: PyClass>(py: Python<'_>) -> String {
///     py.get_type::<T>().name().unwrap().to_string()
/// }
///
/// Python::attach(|py| assert_eq!(name::<Point>(py), "Point"));
/// # let _ = Point { x: 1 }.x;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a Python class",
    note = "`#[pyclass]` on its definition makes it one, unless it has the option `enum`: the \
            members of a Python enum have no Rust value in them, so no `#[pymethods]` either",
    note = "as a parameter, take `{Self}` by value, or `&Bound<'_, {Self}>` if it is a Python \
            type"
)]
pub trait PyClass: PyTypeInfo + ClassImpl {
    /// The class's Python name: `name = "…"`, or the name of the Rust type.
    const NAME: &'static str;

    /// Whether instances are never borrowed mutably: [`True`](super::boolean_struct::True) for
    /// `frozen`.
    type Frozen: Boolean;
}

/// The static properties of a class, as given by `#[pyclass]`.
///
/// # Safety
/// Implemented by the macro only: `statics` must return the class's own statics, and `BorrowFlag`
/// be [`BorrowFlag`](super::borrow_flag::BorrowFlag) unless values are never borrowed mutably.
pub unsafe trait ClassImpl: PyTypeInfo + 'static {
    /// The base class; `PyAny` if the class extends nothing.
    type BaseType: ClassBase;
    /// The borrow flag of instances, or nothing.
    type BorrowFlag: FlagStorage;
    /// The thread check of instances, or nothing.
    type ThreadCheck: ThreadCheck;
    /// Space for a `__dict__`, or nothing.
    type Dict: InlineSlot;
    /// Space for a list of weak references, or nothing.
    type WeakList: InlineSlot;
    /// The storage of an instance's value.
    type Storage: ValueStorage<Self>;
    /// The functions of a `shareable` class.
    const SHARE: Option<&'static ShareFunctions>;
    /// Other options.
    const OPTIONS: SpecOptions;
    /// The value of `module = "…"`.
    const MODULE: Option<&'static str>;
    /// The docstring.
    const DOC: Option<&'static CStr>;

    /// The items of `#[pyclass]` itself.
    const ITEMS: &'static ClassItems;

    /// Returns the items of the `#[pymethods]` blocks.
    fn methods() -> MethodBlocks;

    /// Returns the class's statics.
    fn statics() -> &'static ClassStatics;
}

/// A class with `subclass`.
pub trait Subclassable {}
