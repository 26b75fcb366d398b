//! [`ClassSpec`]: what a class is made from, as data, and [`ClassStatics`], where a binary keeps it.
//! All generic code of making a class ends here.

use std::ffi::CStr;
use std::ptr::null_mut;
use std::sync::atomic::AtomicPtr;

use pyo3_ffi as ffi;

use super::base::{BaseRecord, RecordOf};
use super::items::{ClassItems, MethodBlocks};
use super::layout::{InlineSlot, Instance};
use super::type_tables::TypeTables;
use super::{PyClass, lifecycle};

/// What a class is made with, apart from its items: the options of `#[pyclass]`.
pub struct ClassOptions {
    /// Whether other classes, of Rust or Python, may extend it.
    pub subclass: bool,
    /// Whether the type's own attributes cannot be changed.
    pub immutable_type: bool,
    /// Whether it is a mapping for pattern matching, and has no sequence slots.
    pub mapping: bool,
    /// Whether it is a sequence for pattern matching, with a length for negative indices.
    pub sequence: bool,
    /// Whether `Class[item]` makes a `types.GenericAlias`.
    pub generic: bool,
    /// How many freed instances each interpreter keeps for reuse.
    pub freelist: usize,
    /// For the class of an enum's variant, which belongs to the enum's module: its
    /// `__qualname__`.
    pub variant: Option<&'static str>,
}

impl ClassOptions {
    /// Those of a bare `#[pyclass]`.
    pub const DEFAULT: Self = Self {
        subclass: false,
        immutable_type: false,
        mapping: false,
        sequence: false,
        generic: false,
        freelist: 0,
        variant: None,
    };
}

/// What a class and its type objects are made from, as data: all generic code ends here. There is
/// one in the binary for each class, so it is small, and what need not be in it is not.
pub(super) struct ClassSpec {
    pub(super) name: &'static str,
    pub(super) module_name: Option<&'static str>,
    pub(super) doc: Option<&'static CStr>,
    pub(super) options: &'static ClassOptions,
    pub(super) base: &'static BaseRecord,
    /// What the blocks of methods contribute.
    pub(super) methods: fn() -> MethodBlocks,
    /// What `#[pyclass]` itself contributes.
    pub(super) items: &'static ClassItems,
    pub(super) deallocate: ffi::destructor,
    /// Where the class has room for a `__dict__`.
    pub(super) collector: Option<&'static CollectorFunctions>,
    /// Where the class keeps freed instances.
    pub(super) freelist: Option<&'static FreelistFunctions>,
    pub(super) basicsize: u32,
    /// Offsets, where the class asks for room; else 0.
    pub(super) dict: u32,
    pub(super) weak_list: u32,
}

pub(super) struct CollectorFunctions {
    pub(super) traverse: ffi::traverseproc,
    pub(super) clear: ffi::inquiry,
}

pub(super) struct FreelistFunctions {
    pub(super) allocate: ffi::allocfunc,
    pub(super) free: ffi::freefunc,
}

impl ClassSpec {
    const fn of<T: PyClass>() -> Self {
        Self {
            name: T::NAME,
            module_name: T::MODULE,
            doc: T::DOC,
            options: &T::OPTIONS,
            base: RecordOf::<T::BaseType>::RECORD,
            methods: T::methods,
            items: T::ITEMS,
            deallocate: lifecycle::deallocate::<T>,
            collector: if T::Dict::PRESENT {
                Some(&CollectorFunctions {
                    traverse: lifecycle::traverse::<T>,
                    clear: lifecycle::clear::<T>,
                })
            } else {
                None
            },
            freelist: if T::OPTIONS.freelist > 0 {
                Some(&FreelistFunctions {
                    allocate: super::freelist::allocate::<T>,
                    free: super::freelist::free::<T>,
                })
            } else {
                None
            },
            // `SIZE` fits, and what lies before the value does so too.
            basicsize: Instance::<T>::SIZE as u32,
            dict: if T::Dict::PRESENT {
                std::mem::offset_of!(Instance<T>, dict) as u32
            } else {
                0
            },
            weak_list: if T::WeakList::PRESENT {
                std::mem::offset_of!(Instance<T>, weak_list) as u32
            } else {
                0
            },
        }
    }
}

/// What a class keeps in a `static`: what it is made from, its tables, and its key to each
/// interpreter's type object.
pub struct ClassStatics {
    pub(super) spec: ClassSpec,
    /// In a box, since a `static` that is not all zeros takes its room in the binary.
    tables: std::sync::OnceLock<Box<TypeTables>>,
    pub(super) types: crate::sync::InterpreterLocal<super::type_object::TypeObject>,
    /// The type in one of the interpreters, the first to make it, while it lives there; or null.
    /// An object of that very type is an instance, wherever it is found.
    pub(super) first: AtomicPtr<ffi::PyTypeObject>,
}

impl ClassStatics {
    /// Those of `T`, before first use.
    pub const fn of<T: PyClass>() -> Self {
        Self {
            spec: ClassSpec::of::<T>(),
            tables: std::sync::OnceLock::new(),
            types: crate::sync::InterpreterLocal::new(),
            first: AtomicPtr::new(null_mut()),
        }
    }

    /// The tables, built at first use.
    pub(super) fn tables(&'static self) -> &'static TypeTables {
        self.tables
            .get_or_init(|| Box::new(TypeTables::of(&self.spec)))
    }
}
