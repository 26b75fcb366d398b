//! [`ClassStatics`]: the `static` of a class in a binary.

use std::ptr::null_mut;
use std::sync::OnceLock;
use std::sync::atomic::AtomicPtr;

use pyo3_ffi as ffi;

use super::spec::ClassSpec;
use super::type_object::TypeObject;
use super::type_tables::TypeTables;
use crate::sync::InterpreterLocal;

/// The spec of a class, its tables, and its type object in each interpreter.
pub struct ClassStatics {
    pub(super) spec: ClassSpec,
    /// Boxed, since a `static` that is not all zeros takes space in the binary.
    tables: OnceLock<Box<TypeTables>>,
    pub(super) types: InterpreterLocal<TypeObject>,
    /// The type object of the first interpreter to complete one, until it is dropped; else null. An
    /// object of exactly this type is an instance, in any interpreter.
    pub(super) first: AtomicPtr<ffi::PyTypeObject>,
}

impl ClassStatics {
    pub(super) const fn new(spec: ClassSpec) -> Self {
        Self {
            spec,
            tables: OnceLock::new(),
            types: InterpreterLocal::lasting(),
            first: AtomicPtr::new(null_mut()),
        }
    }

    /// Returns the class's Python name.
    pub(crate) fn name(&self) -> &'static str {
        self.spec.name
    }

    /// Returns the tables, building them on first use.
    pub(super) fn tables(&'static self) -> &'static TypeTables {
        if let Some(tables) = self.tables.get() {
            return tables;
        }
        // Not in `get_or_init`: this calls Python's functions, which may detach the thread, and
        // another one would wait there while it is attached.
        let tables = Box::new(TypeTables::of(&self.spec));
        self.tables.get_or_init(|| tables)
    }
}
