//! Classes: `#[pyclass]` types, their instances and type objects.
//!
//! [`#[pyclass]`](macro@crate::pyclass) has the options of classes, and
//! [`#[pymethods]`](macro@crate::pymethods) those of methods, with the special methods.
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

// A class is described by a `ClassSpec`, a constant. From it, each binary builds `TypeTables`, and
// each interpreter a `TypeObject`.
//
// | file | concern |
// |---|---|
// | `pyclass`, `boolean_struct` | the traits of classes |
// | `items` | the items contributed by the macros, as data |
// | `spec`, `spec_of` | the static description of a class |
// | `statics` | the `static` of a class |
// | `type_tables`, `getset` | its tables in CPython's format, per binary |
// | `default_slots` | slots that follow from other items and options |
// | `type_object` | its heap type, per interpreter |
// | `type_lookup` | the type object of the token's interpreter |
// | `base` | types that a class can extend |
// | `native_base`, `rust_base`, `python_base` | built-in types, classes and Python classes as bases |
// | `datetime_base` | the types of `datetime` as bases |
// | `native_place`, `unsized_base` | where the Rust parts are in an instance of a built-in type |
// | `python_class` | classes with a Python class as base, or a metaclass |
// | `layout`, `parts` | the memory of an instance |
// | `initializer` | creating instances |
// | `storage` | the value in an instance, or outside of any interpreter |
// | `cross_module` | classes that several extension modules share |
// | `shareable` | compile-time checks of shareable classes |
// | `shared` | `Shared`: the value of a shareable class |
// | `share_table` | the same without its type, also for other binaries |
// | `shared_any` | `SharedAny`: the value of any shareable class |
// | `tickets` | values on their way to another interpreter |
// | `crossing` | passing instances of shareable classes to other interpreters |
// | `lifecycle` | traversing, clearing and deallocating instances |
// | `trashcan` | deallocating long chains of instances |
// | `freelist`, `alloc` | reusing the memory of instances |
// | `borrow_flag`, `guard`, `pyref` | borrowing the values of instances |
// | `handles`, `convert` | methods of `Py` and `Bound`, conversions |
// | `fields` | `#[pyo3(get, set)]` |
// | `native_enum` | `enum` |
// | `extras` | `eq`, `ord`, `hash`, `str` |
// | `pickle` | `pickle` |
// | `inspect` | properties of a class for its stub (the feature `experimental-inspect`) |
// | `serde` | `Serialize` and `Deserialize` for `Py` |
// | `slots` | the special methods of `#[pymethods]` |
// | `refusals` | examples that must not compile |
// | `compat` | differences between versions of CPython |

mod alloc;
pub(crate) mod base;
pub mod boolean_struct;
pub(crate) mod borrow_flag;
pub(crate) mod compat;
pub(crate) mod convert;
pub(crate) mod cross_module;
pub(crate) mod crossing;
mod datetime_base;
mod default_slots;
pub(crate) mod extras;
pub(crate) mod fields;
mod freelist;
mod getset;
pub(crate) mod guard;
mod handles;
pub(crate) mod initializer;
#[cfg(feature = "experimental-inspect")]
pub(crate) mod inspect;
pub(crate) mod items;
pub(crate) mod layout;
mod lifecycle;
pub(crate) mod native_base;
pub(crate) mod native_enum;
mod native_place;
pub(crate) mod parts;
pub(crate) mod pickle;
pub(crate) mod pyclass;
pub(crate) mod pyref;
mod python_base;
mod python_class;
#[cfg(doctest)]
mod refusals;
mod rust_base;
#[cfg(feature = "serde")]
mod serde;
mod share_table;
pub(crate) mod shareable;
pub(crate) mod shared;
pub(crate) mod shared_any;
pub(crate) mod slots;
pub(crate) mod spec;
mod spec_of;
pub(crate) mod statics;
pub(crate) mod storage;
mod tickets;
mod trashcan;
pub(crate) mod type_lookup;
pub(crate) mod type_object;
mod type_tables;
mod unsized_base;

pub use pyclass::PyClass;
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
