//! What the macros' expansions use. Not for users: it may change in any release.

pub mod call {
    //! For every function that Python calls.
    pub use crate::call::argument::{
        OptionalDefault, RefArgument, RefMutArgument, extract, extract_at, extract_mut,
        extract_optional_mut, extract_optional_ref, extract_ref, extract_with, operand,
        operand_ref, optional, required, warn,
    };
    pub use crate::call::arguments::keywords_or_none;
    pub use crate::call::function::{EntryPoint, FunctionDefinition, c_text, method_definition};
    pub use crate::call::matching::Temporaries;
    pub use crate::call::output::{IntoOutput, return_value};
    pub use crate::call::signature::{KeywordOnly, Signature};
    pub use crate::call::token::{token_of_call, token_of_module};
    pub use crate::call::trampoline::{
        CallbackResult, call_fast, call_fast_with_keywords, call_one, call_with_keywords,
        trampoline, trampoline_unraisable,
    };
    pub use crate::module::function::{WrapIn, passed_module};
}

pub mod class {
    //! For `#[pyclass]` and `#[pymethods]`.
    pub use crate::class::base::{ClassBase, NativeInitializer};
    pub use crate::class::borrow_flag::{BorrowFlag, NoBorrowFlag};
    pub use crate::class::convert::{
        assert_send_sync, clone_value, value_into_object, variant_object,
    };
    pub use crate::class::extras::{
        Discriminant, compare, hash_value, text_of, tuple_item, wrong_variant,
    };
    pub use crate::class::fields::{
        Field, FieldRef, NotAHandle, ReadByClone, ReadByReference, get, getter, set,
    };
    pub use crate::class::initializer::construct;
    #[cfg(feature = "multiple-pymethods")]
    pub use crate::class::items::blocks_of;
    pub use crate::class::items::{
        ClassAttributeValue, ClassItems, Deleter, ItemsOf, MethodBlocks, MethodItem, MethodsBlock,
        MethodsOf, SlotItem,
    };
    pub use crate::class::layout::token_of_instance;
    pub use crate::class::parts::{NoSlot, ObjectSlot, Sendable, Unsendable};
    pub use crate::class::pyclass::{ClassImpl, Subclassable};
    pub use crate::class::spec::SpecOptions;
    pub use crate::class::statics::ClassStatics;
    pub use crate::class::type_lookup::{class_object, is_instance, type_object_raw};
    #[cfg(feature = "multiple-pymethods")]
    pub use inventory;
}

pub mod convert {
    //! For the derive macros of the conversion traits.
    pub use crate::convert::derive_support::{
        FailedVariant, extract_field, extract_field_with, failed_to_extract_enum, get_attribute,
        get_item, into_any, new_tuple, set_item, tuple_items, untyped,
    };
}

pub mod module {
    //! For `#[pymodule]`.
    pub use crate::module::definition::{ModuleDefinition, MultipleInterpreters};
    pub use crate::module::export::{AddToModule, ExportType, FunctionExport, add_submodule};
    pub use crate::module::macros::append_to_inittab;
}

pub mod slots {
    //! For the functions of `#[pymethods]`.
    pub use crate::class::layout::token_of_instance;
    pub use crate::class::slots::*;
}
