//! [`ClassBase`]: what a class can extend, and how the work on an instance is passed down the
//! chain of bases: allocating, visiting, clearing, dropping, freeing.
//!
//! Each function here does the part of its own class and of those below it, so that nothing has
//! to ask a type object, which may be gone while an interpreter ends.

use std::ffi::{c_int, c_void};
use std::marker::PhantomData;

use pyo3_ffi as ffi;

use super::borrow_flag::BorrowFlag;
use super::initializer::PyClassInitializer;
use super::layout::{Instance, OwnHeader};
use super::{PyClass, Subclassable, layout, lifecycle, type_object, type_tables};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Bound, PyTypeInfo};
use crate::types::PyAny;

/// A type that `#[pyclass(extends = …)]` can name: a class with `subclass`, `PyAny`, or a built-in
/// type of known layout.
///
/// # Safety
/// `Layout` must be the memory of an instance, `HEADER` the place of the owner in an instance of
/// a class that extends it, and the functions must do what they say.
#[diagnostic::on_unimplemented(
    message = "pyclass `{Self}` cannot be subclassed",
    label = "required for `#[pyclass(extends={Self})]`",
    note = "`{Self}` must have `#[pyclass(subclass)]` to be eligible for subclassing"
)]
pub unsafe trait ClassBase: PyTypeInfo {
    /// The memory of an instance.
    type Layout;
    /// The header in a class that extends this one, or nothing if this one's instances have it.
    type OwnHeader: OwnHeader;
    /// What initialises this part of an instance.
    type Initializer: ObjectInit<Self>;
    /// How many bytes an instance takes: `Layout`, and what may be behind it.
    const SIZE: usize;
    /// Where the owner is in an instance of a class that extends this one.
    const HEADER: usize;
    /// Whether Rust put something into this part of an instance that has to be dropped: else
    /// [`drop_contents`](ClassBase::drop_contents) does nothing.
    const HAS_CONTENTS: bool;
    /// Whether there is room for a `__dict__` or weak references of ours: else
    /// [`clear_dict_and_weakrefs`](ClassBase::clear_dict_and_weakrefs) does nothing.
    const HAS_ATTACHMENTS: bool;

    /// The type object, made at need; its module is `module` if it is made now.
    fn base_type<'py>(
        py: Python<'py>,
        module: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<*mut ffi::PyTypeObject>;

    /// Whether instances have a `__dict__`, and a list of weak references.
    fn has_dict_and_weak_list() -> (bool, bool);

    /// Whether instances are known to the garbage collector.
    fn is_collected() -> bool;

    /// The borrow flag that this part of an instance has.
    ///
    /// # Safety
    /// The object must be an instance, alive for `'a`.
    unsafe fn borrow_flag<'a>(object: *mut ffi::PyObject) -> Option<&'a BorrowFlag>;

    /// Panics if this part of the instance is another thread's.
    ///
    /// # Safety
    /// The object must be an initialised instance.
    unsafe fn check_thread(object: *mut ffi::PyObject);

    /// Allocates an instance of `subtype`, with the built-in base initialised and the rest zeroed.
    /// `size` is that of the class whose `tp_new` asks.
    ///
    /// # Safety
    /// `subtype` must be that class, which is or extends this type, or derive from it.
    unsafe fn allocate(
        py: Python<'_>,
        subtype: *mut ffi::PyTypeObject,
        size: usize,
    ) -> PyResult<*mut ffi::PyObject>;

    /// Visits what this part of an instance holds, and the type: a `tp_traverse`.
    ///
    /// # Safety
    /// As for `tp_traverse`.
    unsafe extern "C" fn traverse(
        object: *mut ffi::PyObject,
        visit: ffi::visitproc,
        arg: *mut c_void,
    ) -> c_int;

    /// Lets go of what this part of an instance holds: a `tp_clear`.
    ///
    /// # Safety
    /// As for `tp_clear`.
    unsafe extern "C" fn clear(object: *mut ffi::PyObject) -> c_int;

    /// Drops what Rust put into this part of an instance.
    ///
    /// # Safety
    /// The object must be a dying, initialised instance; called once.
    unsafe fn drop_contents(object: *mut ffi::PyObject);

    /// Gives `__dict__` and weak references up; they may be there before initialisation is through.
    ///
    /// # Safety
    /// The object must be a dying instance.
    unsafe fn clear_dict_and_weakrefs(object: *mut ffi::PyObject);

    /// Deallocates the built-in base and frees the memory. Leaves the type's reference.
    ///
    /// # Safety
    /// The object must be a dying instance whose contents are dropped.
    unsafe fn free(object: *mut ffi::PyObject);
}

/// What a class takes over from its base, as data: one record for each base, not for each class.
pub(super) struct BaseRecord {
    /// See [`ClassBase::base_type`].
    pub(super) type_object:
        for<'py> fn(Python<'py>, Option<&Bound<'py, PyAny>>) -> PyResult<*mut ffi::PyTypeObject>,
    /// See [`ClassBase::has_dict_and_weak_list`].
    pub(super) has_dict_and_weak_list: fn() -> (bool, bool),
    /// See [`ClassBase::is_collected`].
    pub(super) is_collected: fn() -> bool,
    /// See [`ClassBase::traverse`].
    pub(super) traverse: ffi::traverseproc,
    /// See [`ClassBase::clear`].
    pub(super) clear: ffi::inquiry,
}

/// Where the record of `B` is.
pub(super) struct RecordOf<B>(PhantomData<B>);

impl<B: ClassBase> RecordOf<B> {
    pub(super) const RECORD: &'static BaseRecord = &BaseRecord {
        type_object: B::base_type,
        has_dict_and_weak_list: B::has_dict_and_weak_list,
        is_collected: B::is_collected,
        traverse: B::traverse,
        clear: B::clear,
    };
}

/// Initialises one part of an instance.
pub trait ObjectInit<T> {
    /// Writes the Rust parts, from the most basic one on; all of them or none.
    ///
    /// # Safety
    /// The object must be a new instance of the token's interpreter that nobody else uses.
    unsafe fn write(self, py: Python<'_>, object: *mut ffi::PyObject) -> PyResult<()>;
}

/// Initialises the part of a built-in type: CPython has done it.
pub struct NativeInitializer<T>(PhantomData<T>);

impl<T> NativeInitializer<T> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> ObjectInit<T> for NativeInitializer<T> {
    #[inline]
    unsafe fn write(self, _py: Python<'_>, _object: *mut ffi::PyObject) -> PyResult<()> {
        Ok(())
    }
}

// SAFETY: an instance of `T` starts with its base's; everything else is passed on or `T`'s own.
unsafe impl<T: PyClass + Subclassable> ClassBase for T {
    type Layout = Instance<T>;
    type OwnHeader = ();
    type Initializer = PyClassInitializer<T>;
    const SIZE: usize = Instance::<T>::SIZE;
    const HEADER: usize = <T::BaseType as ClassBase>::HEADER;
    const HAS_CONTENTS: bool = lifecycle::has_contents::<T>();
    const HAS_ATTACHMENTS: bool = lifecycle::has_attachments::<T>();

    fn base_type<'py>(
        py: Python<'py>,
        module: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<*mut ffi::PyTypeObject> {
        type_object::get_or_create::<T>(py, module)
    }

    fn has_dict_and_weak_list() -> (bool, bool) {
        let tables = type_tables::of::<T>();
        (tables.has_dict, tables.has_weak_list)
    }

    fn is_collected() -> bool {
        type_tables::of::<T>().collected
    }

    #[inline]
    unsafe fn borrow_flag<'a>(object: *mut ffi::PyObject) -> Option<&'a BorrowFlag> {
        // SAFETY: passed on to the caller.
        unsafe { layout::borrow_flag::<T>(object) }
    }

    #[inline]
    unsafe fn check_thread(object: *mut ffi::PyObject) {
        // SAFETY: passed on to the caller.
        unsafe { layout::check_thread::<T>(object) }
    }

    #[inline]
    unsafe fn allocate(
        py: Python<'_>,
        subtype: *mut ffi::PyTypeObject,
        size: usize,
    ) -> PyResult<*mut ffi::PyObject> {
        // SAFETY: passed on to the caller.
        unsafe { <T::BaseType as ClassBase>::allocate(py, subtype, size) }
    }

    unsafe extern "C" fn traverse(
        object: *mut ffi::PyObject,
        visit: ffi::visitproc,
        arg: *mut c_void,
    ) -> c_int {
        // SAFETY: passed on to the caller; the function is the one of this class.
        unsafe { (type_tables::of::<T>().traverse)(object, visit, arg) }
    }

    unsafe extern "C" fn clear(object: *mut ffi::PyObject) -> c_int {
        // SAFETY: as above.
        unsafe { (type_tables::of::<T>().clear)(object) }
    }

    unsafe fn drop_contents(object: *mut ffi::PyObject) {
        // SAFETY: passed on to the caller.
        unsafe { lifecycle::drop_contents::<T>(object) }
    }

    unsafe fn clear_dict_and_weakrefs(object: *mut ffi::PyObject) {
        // SAFETY: passed on to the caller.
        unsafe { lifecycle::clear_dict_and_weakrefs::<T>(object) }
    }

    unsafe fn free(object: *mut ffi::PyObject) {
        // SAFETY: passed on to the caller.
        unsafe { <T::BaseType as ClassBase>::free(object) }
    }
}
