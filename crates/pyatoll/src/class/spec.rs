//! [`ClassSpec`]: the static description of a class. Everything downstream of it is non-generic.

use std::ffi::CStr;

use pyo3_ffi as ffi;

use super::base::BaseRecord;
use super::cross_module::CrossModuleSpec;
use super::crossing::ShareFunctions;
use super::items::{ClassItems, MethodBlocks};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::PyType;

/// The options of `#[pyclass]` that shape the type object.
pub struct SpecOptions {
    /// Whether Rust or Python classes may extend the class.
    pub subclass: bool,
    /// Whether the attributes of the type are read-only.
    pub immutable_type: bool,
    /// Whether pattern matching treats instances as mappings. Disables sequence slots.
    pub mapping: bool,
    /// Whether pattern matching treats instances as sequences. `__len__` becomes `sq_length`.
    pub sequence: bool,
    /// Whether `Class[item]` creates a `types.GenericAlias`.
    pub generic: bool,
    /// The number of freed instances that each interpreter keeps for reuse.
    pub freelist: usize,
    /// Whether `module_name` is that of the `mod` around the class, as it is declared: the package
    /// that the module is imported from is not known before.
    pub inherits_module: bool,
    /// Whether instances of a shareable class may export writable memory.
    pub atomic_buffer: bool,
    /// What identifies the class in other modules, which share it.
    pub cross_module: Option<&'static CrossModuleSpec>,
    /// The `__qualname__` of the class of an enum's variant, which belongs to the enum's module.
    pub variant: Option<&'static str>,
    /// The Python classes that the class is made with.
    pub python: Option<&'static PythonClasses>,
}

/// Python classes, as `module:qualname`.
pub struct PythonClasses {
    /// The bases, after that of `extends`.
    pub bases: &'static [&'static str],
    /// The metaclass, if it is not that of the bases.
    pub metaclass: Option<&'static str>,
}

impl SpecOptions {
    /// The options of a bare `#[pyclass]`.
    pub const DEFAULT: Self = Self {
        subclass: false,
        immutable_type: false,
        mapping: false,
        sequence: false,
        generic: false,
        freelist: 0,
        inherits_module: false,
        atomic_buffer: false,
        cross_module: None,
        variant: None,
        python: None,
    };
}

/// Static description of a class. One per class in the binary, so keep it small.
pub(super) struct ClassSpec {
    pub(super) name: &'static str,
    pub(super) module_name: Option<&'static str>,
    pub(super) doc: Option<&'static CStr>,
    pub(super) options: &'static SpecOptions,
    pub(super) base: &'static BaseRecord,
    /// The items of the `#[pymethods]` blocks.
    pub(super) methods: fn() -> MethodBlocks,
    /// The items of `#[pyclass]`.
    pub(super) items: &'static ClassItems,
    pub(super) deallocate: ffi::destructor,
    /// The class's own functions, if it has room for a `__dict__`; else the base's do.
    pub(super) collector: Option<&'static CollectorFunctions>,
    /// The functions of a class with a freelist.
    pub(super) freelist: Option<&'static FreelistFunctions>,
    /// What creates the class, if its metaclass does. A module without such a class does not
    /// contain the code.
    pub(super) python_class: Option<CreatePythonClass>,
    /// The functions of a `shareable` class.
    pub(super) share: Option<&'static ShareFunctions>,
    /// The size of an instance, in bytes.
    pub(super) basicsize: u32,
    /// The offset of the `__dict__` in an instance; 0 if the class has none.
    pub(super) dict: u32,
    /// The offset of the list of weak references in an instance; 0 if the class has none.
    pub(super) weak_list: u32,
}

/// Creates a class from the heap type with its Rust parts (see `python_class`).
pub(super) type CreatePythonClass =
    for<'py> fn(Python<'py>, &ClassSpec, Bound<'py, PyType>) -> PyResult<Bound<'py, PyType>>;

/// `tp_traverse` and `tp_clear`.
pub(super) struct CollectorFunctions {
    pub(super) traverse: ffi::traverseproc,
    pub(super) clear: ffi::inquiry,
}

/// `tp_alloc` and `tp_free`.
pub(super) struct FreelistFunctions {
    pub(super) allocate: ffi::allocfunc,
    pub(super) free: ffi::freefunc,
}
