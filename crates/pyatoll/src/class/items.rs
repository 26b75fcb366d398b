//! What `#[pyclass]` and each `#[pymethods]` block contribute to a class: plain `'static` data,
//! from which [`type_tables`](super::type_tables) builds the tables CPython reads.
//!
//! The macros only fill these records in; what they mean:
//!
//! - A name may have a getter, a setter and a deleter, from different blocks: they become one
//!   attribute. A setter is called with a null value only where its name has no deleter: it must
//!   then raise `AttributeError("property has no deleter")`.
//! - Slots of `#[pymethods]` win over those of `#[pyclass]` (`eq`, `str`, …).
//! - `Py_tp_traverse` and `Py_tp_clear` items do all that is to be done, for the type, the base and
//!   `__dict__` as well, and the user's part only once the instance is initialised. A
//!   `Py_tp_finalize` item is called once, before anything is torn down.
//! - `Py_tp_new` comes with the constructor.
//! - `Py_tp_dealloc`, `Py_tp_alloc`, `Py_tp_free`, `Py_tp_methods`, `Py_tp_getset`,
//!   `Py_tp_members`, `Py_tp_doc` and `Py_tp_base` are the class's own and may not be items.
//! - `__len__` and `__getitem__` come as `Py_mp_length` and `Py_mp_subscript`; what they mean for
//!   sequences is worked out from the class's `sequence` and `mapping` options.

use std::any::TypeId;
use std::ffi::{CStr, c_int, c_void};
use std::marker::PhantomData;

use pyo3_ffi as ffi;

use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::Py;
use crate::types::PyAny;

/// What one block contributes.
pub struct ClassItems {
    /// Methods, attributes and class attributes.
    pub methods: &'static [MethodItem],
    /// Slots.
    pub slots: &'static [SlotItem],
}

/// Deletes an attribute: 0, or -1 with an exception set.
pub type Deleter = unsafe extern "C" fn(slf: *mut ffi::PyObject, closure: *mut c_void) -> c_int;

/// `vectorcallfunc`.
pub type VectorCall = unsafe extern "C" fn(
    callable: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    nargsf: usize,
    kwnames: *mut ffi::PyObject,
) -> *mut ffi::PyObject;

/// Makes the value of a class attribute.
pub type ClassAttributeValue = for<'py> fn(Python<'py>) -> PyResult<Py<PyAny>>;

/// One name in the class's namespace.
pub enum MethodItem {
    /// A method: of instances, of the class (`METH_CLASS`), or static (`METH_STATIC`).
    Method(ffi::PyMethodDef),
    /// Reads an attribute.
    Getter {
        /// The attribute's name.
        name: &'static CStr,
        /// Its doc string.
        doc: Option<&'static CStr>,
        /// The function, called with a null closure.
        function: ffi::getter,
    },
    /// Sets an attribute.
    Setter {
        /// The attribute's name.
        name: &'static CStr,
        /// Its doc string, if the getter has none.
        doc: Option<&'static CStr>,
        /// The function, called with a null closure.
        function: ffi::setter,
    },
    /// Deletes an attribute.
    Deleter {
        /// The attribute's name.
        name: &'static CStr,
        /// Its doc string, if the getter and the setter have none.
        doc: Option<&'static CStr>,
        /// The function, called with a null closure.
        function: Deleter,
    },
    /// An attribute read straight from memory by CPython.
    Member(ffi::PyMemberDef),
    /// A value in the class's own namespace, made once per interpreter.
    ClassAttribute {
        /// The attribute's name.
        name: &'static CStr,
        /// Makes its value.
        value: ClassAttributeValue,
    },
    /// The constructor.
    Constructor {
        /// As CPython calls the type itself (`tp_vectorcall`).
        function: VectorCall,
        /// The same as a `tp_new`.
        new: ffi::newfunc,
        /// Its signature, `(a, b=1)`, for the class's `__text_signature__`.
        signature: Option<&'static str>,
    },
}

// SAFETY: never written to; all pointers in it are to statics.
unsafe impl Send for MethodItem {}
// SAFETY: as above.
unsafe impl Sync for MethodItem {}

/// One slot of the type.
pub struct SlotItem(pub ffi::PyType_Slot);

// SAFETY: never written to; its pointer is to a function or a static.
unsafe impl Send for SlotItem {}
// SAFETY: as above.
unsafe impl Sync for SlotItem {}

/// Where the one `#[pymethods]` block of a class puts its items, without the feature
/// `multiple-pymethods`:
/// `impl MethodsOf<Class> for ItemsOf<Class>`. A class without a block gets the empty one below.
pub struct ItemsOf<T>(PhantomData<fn() -> T>);

impl<T> ItemsOf<T> {
    /// The collector.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// See [`ItemsOf`].
pub trait MethodsOf<T> {
    /// The block's items.
    fn items(self) -> &'static ClassItems;
}

impl<T> MethodsOf<T> for &ItemsOf<T> {
    fn items(self) -> &'static ClassItems {
        &ClassItems {
            methods: &[],
            slots: &[],
        }
    }
}

/// What the `#[pymethods]` blocks of a class contribute.
pub enum MethodBlocks {
    /// The one block, which may be empty.
    One(&'static ClassItems),
    /// Those that were found, with the feature `multiple-pymethods`.
    #[cfg(feature = "multiple-pymethods")]
    Found(Vec<&'static ClassItems>),
}

impl MethodBlocks {
    pub(super) fn into_vec(self) -> Vec<&'static ClassItems> {
        match self {
            Self::One(block) => vec![block],
            #[cfg(feature = "multiple-pymethods")]
            Self::Found(blocks) => blocks,
        }
    }
}

/// One `#[pymethods]` block, with the feature `multiple-pymethods`:
/// `inventory::submit! { MethodsBlock::new::<Class>(&ITEMS) }`.
#[cfg_attr(not(feature = "multiple-pymethods"), allow(dead_code))]
pub struct MethodsBlock {
    class: fn() -> TypeId,
    items: &'static ClassItems,
}

impl MethodsBlock {
    /// A block of the class `T`.
    pub const fn new<T: 'static>(items: &'static ClassItems) -> Self {
        Self {
            class: TypeId::of::<T>,
            items,
        }
    }
}

#[cfg(feature = "multiple-pymethods")]
inventory::collect!(MethodsBlock);

/// The blocks of the class `T`.
#[cfg(feature = "multiple-pymethods")]
pub fn blocks_of<T: 'static>() -> MethodBlocks {
    let class = TypeId::of::<T>();
    let blocks = inventory::iter::<MethodsBlock>
        .into_iter()
        .filter(|block| (block.class)() == class)
        .map(|block| block.items);
    MethodBlocks::Found(blocks.collect())
}
