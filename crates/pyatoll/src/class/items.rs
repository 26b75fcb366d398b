//! The items that `#[pyclass]` and each `#[pymethods]` block contribute to a class: `'static` data,
//! from which [`type_tables`](super::type_tables) builds CPython's tables.
//!
//! The macros only fill in these records. Their meaning:
//!
//! - The getter, setter and deleter of a name may come from different blocks; they are merged into
//!   one attribute. A setter is called with a null value only if its name has no deleter: it must
//!   then raise `AttributeError("property has no deleter")`. Accessors and class attributes of
//!   `#[pymethods]` override those of `#[pyclass]` (`get_all`, variants, …).
//! - Each slot item holds a function of its slot's type. Slots of `#[pymethods]` override those of
//!   `#[pyclass]` (`eq`, `str`, …).
//! - `Py_tp_traverse` and `Py_tp_clear` items are complete: they include the type, the base and
//!   `__dict__`, and run the user's code only on initialized instances. A `Py_tp_finalize` item is
//!   called once, on an intact instance.
//! - `Py_tp_new` comes with the constructor.
//! - `Py_tp_dealloc`, `Py_tp_alloc`, `Py_tp_free`, `Py_tp_methods`, `Py_tp_getset`,
//!   `Py_tp_members`, `Py_tp_doc` and `Py_tp_base` are reserved and may not be items.
//! - `__len__` and `__getitem__` are `Py_mp_length` and `Py_mp_subscript` items. The sequence slots
//!   follow from the `sequence` and `mapping` options.

use std::any::TypeId;
use std::ffi::{CStr, c_int, c_void};
use std::marker::PhantomData;

use pyo3_ffi as ffi;

use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::Py;
use crate::types::PyAny;

/// The items of one block.
pub struct ClassItems {
    /// Methods, attributes and class attributes.
    pub methods: &'static [MethodItem],
    /// Slots.
    pub slots: &'static [SlotItem],
}

/// A function that deletes an attribute. Returns 0, or -1 with an exception set.
pub type Deleter = unsafe extern "C" fn(slf: *mut ffi::PyObject, closure: *mut c_void) -> c_int;

/// `vectorcallfunc`.
pub type VectorCall = unsafe extern "C" fn(
    callable: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    nargsf: usize,
    kwnames: *mut ffi::PyObject,
) -> *mut ffi::PyObject;

/// A function that creates the value of a class attribute.
pub type ClassAttributeValue = for<'py> fn(Python<'py>) -> PyResult<Py<PyAny>>;

/// An entry of the class's namespace.
pub enum MethodItem {
    /// A method, class method (`METH_CLASS`) or static method (`METH_STATIC`).
    Method(ffi::PyMethodDef),
    /// The getter of an attribute.
    Getter {
        /// The attribute's name.
        name: &'static CStr,
        /// The docstring.
        doc: Option<&'static CStr>,
        /// The function, called with a null closure.
        function: ffi::getter,
    },
    /// The setter of an attribute.
    Setter {
        /// The attribute's name.
        name: &'static CStr,
        /// The docstring, if the getter has none.
        doc: Option<&'static CStr>,
        /// The function, called with a null closure.
        function: ffi::setter,
    },
    /// The deleter of an attribute.
    Deleter {
        /// The attribute's name.
        name: &'static CStr,
        /// The docstring, if the getter and the setter have none.
        doc: Option<&'static CStr>,
        /// The function, called with a null closure.
        function: Deleter,
    },
    /// An attribute that CPython reads directly from memory.
    Member(ffi::PyMemberDef),
    /// An attribute of the class, created once per interpreter.
    ClassAttribute {
        /// The attribute's name.
        name: &'static CStr,
        /// Creates its value.
        value: ClassAttributeValue,
    },
    /// The constructor.
    Constructor {
        /// The constructor as a `tp_vectorcall`.
        function: VectorCall,
        /// The constructor as a `tp_new`.
        new: ffi::newfunc,
        /// Its signature, `(a, b=1)`, for the class's `__text_signature__`.
        signature: Option<&'static str>,
    },
}

// SAFETY: immutable; all pointers in it point to statics.
unsafe impl Send for MethodItem {}
// SAFETY: immutable; all pointers in it point to statics.
unsafe impl Sync for MethodItem {}

/// A slot of the type.
pub struct SlotItem(pub ffi::PyType_Slot);

// SAFETY: immutable; its pointer points to a function or a static.
unsafe impl Send for SlotItem {}
// SAFETY: immutable; its pointer points to a function or a static.
unsafe impl Sync for SlotItem {}

/// Access to the one `#[pymethods]` block of a class, without the feature `multiple-pymethods`. The
/// block implements [`OnlyOneBlockWithoutFeatureMultiplePymethods`]`<Class> for ItemsOf<Class>`. A
/// class without a block uses the implementation for `&ItemsOf<T>`, which is empty (autoref
/// specialization).
pub struct ItemsOf<T>(PhantomData<fn() -> T>);

impl<T> ItemsOf<T> {
    /// Creates the value to call `items` on.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// See [`ItemsOf`]. The name is what the compiler says to a second block: two implementations of
/// this trait conflict.
pub trait OnlyOneBlockWithoutFeatureMultiplePymethods<T> {
    /// Returns the block's items.
    fn items(self) -> &'static ClassItems;
}

impl<T> OnlyOneBlockWithoutFeatureMultiplePymethods<T> for &ItemsOf<T> {
    fn items(self) -> &'static ClassItems {
        &ClassItems {
            methods: &[],
            slots: &[],
        }
    }
}

/// The items of the `#[pymethods]` blocks of a class.
pub enum MethodBlocks {
    /// The only block, possibly empty.
    One(&'static ClassItems),
    /// The collected blocks, with the feature `multiple-pymethods`.
    #[cfg(feature = "multiple-pymethods")]
    Found(Vec<&'static ClassItems>),
}

impl MethodBlocks {
    /// Returns the blocks, and `last` after them.
    pub(super) fn followed_by(self, last: &'static ClassItems) -> Vec<&'static ClassItems> {
        match self {
            Self::One(block) => vec![block, last],
            #[cfg(feature = "multiple-pymethods")]
            Self::Found(mut blocks) => {
                blocks.push(last);
                blocks
            }
        }
    }
}

/// A `#[pymethods]` block, with the feature `multiple-pymethods`:
/// `inventory::submit! { MethodsBlock::new::<Class>(&ITEMS) }`.
#[cfg_attr(not(feature = "multiple-pymethods"), allow(dead_code))]
pub struct MethodsBlock {
    class: fn() -> TypeId,
    items: &'static ClassItems,
}

impl MethodsBlock {
    /// Creates a block of the class `T`.
    pub const fn new<T: 'static>(items: &'static ClassItems) -> Self {
        Self {
            class: TypeId::of::<T>,
            items,
        }
    }
}

#[cfg(feature = "multiple-pymethods")]
inventory::collect!(MethodsBlock);

/// Returns the blocks of the class `T`.
#[cfg(feature = "multiple-pymethods")]
pub fn blocks_of<T: 'static>() -> MethodBlocks {
    let class = TypeId::of::<T>();
    let blocks = inventory::iter::<MethodsBlock>
        .into_iter()
        .filter(|block| (block.class)() == class)
        .map(|block| block.items);
    MethodBlocks::Found(blocks.collect())
}
