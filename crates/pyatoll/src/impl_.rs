//! What the macros' expansions use. Not for users: it may change in any release.

pub mod class {
    //! For `#[pyclass]` and `#[pymethods]`.
    pub use crate::class::items::{
        ClassAttributeValue, ClassItems, Deleter, ItemsOf, MethodItem, MethodsBlock, MethodsOf,
        SlotItem,
    };
    #[cfg(feature = "multiple-pymethods")]
    pub use inventory;
}
