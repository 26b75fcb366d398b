//! Classes: `#[pyclass]` types, their instances and type objects.
//!
//! The top layer: above `call`, `convert` and `types`.
//!
//! | file | concern |
//! |---|---|
//! | `items` | what the macros contribute, as plain data |
//! | `type_tables` | one class's tables, built from that once per binary |
//! | `type_object` | the heap type of a class in each interpreter |
//! | `layout` | the memory of an instance |
//! | `base` | what a class can extend |
//! | `native_base` | the built-in types among that |
//! | `initializer` | making instances |
//! | `lifecycle` | visiting, clearing and deallocating them |
//! | `freelist` | keeping their memory for reuse |
//! | `borrow_flag`, `guard`, `pyref` | borrowing their values |
//! | `handles`, `convert` | methods of `Py` and `Bound`, conversions |
//! | `extras` | `eq`, `ord`, `hash`, `str` |
//! | `fields` | getters and setters of `#[pyo3(get, set)]` |
//! | `sequence` | slots that follow from others |
//! | `slots` | the special methods of `#[pymethods]` |
//!
//! ```
//! use pyatoll::prelude::*;
//!
//! #[pyclass]
//! struct Counter {
//!     #[pyo3(get)]
//!     count: u32,
//! }
//!
//! #[pymethods]
//! impl Counter {
//!     fn add(&mut self, by: u32) {
//!         self.count += by;
//!     }
//! }
//!
//! Python::attach(|py| {
//!     let counter = Bound::new(py, Counter { count: 1 })?;
//!     counter.call_method1("add", (2,))?;
//!     assert_eq!(counter.getattr("count")?.extract::<u32>()?, 3);
//!     Ok::<_, PyErr>(())
//! })?;
//! # Ok::<_, PyErr>(())
//! ```

pub(crate) mod base;
pub(crate) mod borrow_flag;
pub(crate) mod convert;
pub(crate) mod extras;
pub(crate) mod fields;
mod freelist;
pub(crate) mod guard;
mod handles;
pub(crate) mod initializer;
pub(crate) mod items;
pub(crate) mod layout;
mod lifecycle;
mod native_base;
pub(crate) mod pyref;
#[cfg(doctest)]
mod refusals;
mod sequence;
pub(crate) mod slots;
pub(crate) mod spec;
mod trashcan;
pub(crate) mod type_object;
pub(crate) mod type_tables;

use std::ffi::CStr;

use crate::object::PyTypeInfo;

pub use slots::{PyTraverseError, PyVisit};

pub mod basic {
    //! The comparison operators.
    //! ```
    //! use pyatoll::class::basic::CompareOp;
    //!
    //! assert!(CompareOp::Lt.matches(1.cmp(&2)));
    //! ```
    pub use crate::types::any::CompareOp;
}

pub mod gc {
    //! Garbage collection.
    //! ```
    //! use pyatoll::prelude::*;
    //! use pyatoll::class::gc::{PyTraverseError, PyVisit};
    //!
    //! #[pyclass]
    //! struct Holder(Option<Py<PyAny>>);
    //!
    //! #[pymethods]
    //! impl Holder {
    //!     fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
    //!         visit.call(&self.0)
    //!     }
    //!
    //!     fn __clear__(&mut self) {
    //!         self.0 = None;
    //!     }
    //! }
    //!
    //! Python::attach(|py| {
    //!     let holder = Bound::new(py, Holder(None))?;
    //!     holder.borrow_mut().0 = Some(holder.clone().into_any().unbind());
    //!     let tracked = py.import("gc")?.call_method1("is_tracked", (holder,))?;
    //!     assert!(tracked.is_truthy()?);
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```
    pub use super::slots::{PyTraverseError, PyVisit};
}

/// A Rust type with a Python class: `#[pyclass]` implements it, and nothing else can.
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
    note = "`#[pyclass]` on its definition makes it one"
)]
pub trait PyClass: ClassImpl {
    /// The class's name in Python: `name = "…"`, else that of the Rust type.
    const NAME: &'static str;

    /// Whether instances are never borrowed mutably: [`True`](boolean_struct::True) for `frozen`.
    type Frozen: boolean_struct::Boolean;
}

/// Type-level booleans, for [`PyClass::Frozen`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::{PyClass, class::boolean_struct::Boolean};
///
/// #[pyclass(frozen)]
/// struct Point;
///
/// fn is_frozen<T: PyClass>() -> bool {
///     T::Frozen::VALUE
/// }
/// assert!(is_frozen::<Point>());
/// ```
pub mod boolean_struct {
    /// [`True`] or [`False`].
    ///
    /// ```
    /// use pyatoll::class::boolean_struct::{self, Boolean};
    ///
    /// assert!(boolean_struct::True::VALUE);
    /// assert!(!boolean_struct::False::VALUE);
    /// ```
    pub trait Boolean: sealed::Sealed {
        /// The value.
        const VALUE: bool;
    }

    /// Yes.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::{PyClass, class::boolean_struct::True};
    ///
    /// #[pyclass(frozen)]
    /// struct Point;
    ///
    /// fn only_frozen<T: PyClass<Frozen = True>>() -> &'static str {
    ///     T::NAME
    /// }
    /// assert_eq!(only_frozen::<Point>(), "Point");
    /// ```
    pub struct True(());
    /// No.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::{PyClass, class::boolean_struct::False};
    ///
    /// #[pyclass]
    /// struct Point;
    ///
    /// fn only_mutable<T: PyClass<Frozen = False>>() -> &'static str {
    ///     T::NAME
    /// }
    /// assert_eq!(only_mutable::<Point>(), "Point");
    /// ```
    pub struct False(());

    impl Boolean for True {
        const VALUE: bool = true;
    }
    impl Boolean for False {
        const VALUE: bool = false;
    }

    mod sealed {
        pub trait Sealed {}
        impl Sealed for super::True {}
        impl Sealed for super::False {}
    }
}

/// What `#[pyclass]` says of a class.
///
/// # Safety
/// Only the macro implements it: `statics` must return the class's own, and `BorrowFlag` must be a
/// [`BorrowFlag`](borrow_flag::BorrowFlag) unless values are never borrowed mutably.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::class::ClassImpl;
///
/// /// A point in the plane.
/// #[pyclass]
/// struct Point;
///
/// assert_eq!(Point::DOC, Some(c"A point in the plane."));
/// ```
pub unsafe trait ClassImpl: PyTypeInfo + 'static {
    /// What it extends: `PyAny` if nothing.
    type BaseType: base::ClassBase;
    /// Whether instances count borrows.
    type BorrowFlag: borrow_flag::FlagStorage;
    /// Whether instances know their thread.
    type ThreadCheck: layout::ThreadCheck;
    /// Whether instances have a `__dict__`.
    type Dict: layout::InlineSlot;
    /// Whether instances can be weakly referenced.
    type WeakList: layout::InlineSlot;
    /// The macro's other options.
    const OPTIONS: spec::ClassOptions;
    /// The module that `module = "…"` says the class is from.
    const MODULE: Option<&'static str>;
    /// The docstring.
    const DOC: Option<&'static CStr>;

    /// What `#[pyclass]` itself contributes.
    const ITEMS: &'static items::ClassItems;

    /// What the `#[pymethods]` blocks contribute.
    fn methods() -> items::MethodBlocks;

    /// The class's statics.
    fn statics() -> &'static spec::ClassStatics;
}

/// The class has `subclass`.
#[doc(hidden)]
pub trait Subclassable {}
