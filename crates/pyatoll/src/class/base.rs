//! [`ClassBase`]: a type that a class can extend, and the operations on an instance that go through
//! the chain of bases: allocate, traverse, clear, drop, free.
//!
//! Each function handles its own class and the bases of that. None of them needs a type object of
//! this binary, which may be gone while an interpreter is being finalized.

use std::ffi::{c_int, c_void};
use std::marker::PhantomData;

use pyo3_ffi as ffi;

use super::borrow_flag::BorrowFlag;
use super::parts::OwnHeader;
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Bound, Py, PyTypeInfo};
use crate::types::{PyAny, PyTuple};

/// A type that `#[pyclass(extends = …)]` accepts: a class with `subclass`, `PyAny`, or a built-in
/// type of known layout.
///
/// # Safety
/// `Layout` must be the memory of an instance, `HEADER` the offset of the owner in an instance of a
/// class that extends this type, and the functions must do as documented.
#[diagnostic::on_unimplemented(
    message = "pyclass `{Self}` cannot be subclassed",
    label = "required for `#[pyclass(extends={Self})]`",
    note = "`{Self}` must have `#[pyclass(subclass)]` to be eligible for subclassing"
)]
pub unsafe trait ClassBase: PyTypeInfo {
    /// The memory of an instance, or of its Rust parts if [`FIXED`](ClassBase::FIXED) is false.
    type Layout;
    /// The header that a class extending this type adds: nothing if instances of this type have
    /// one.
    type OwnHeader: OwnHeader;
    /// The initializer of this part of an instance.
    type Initializer: ObjectInit<Self>;
    /// The arguments for the `__new__` of the built-in base: [`BaseArguments`], or nothing for
    /// `object`, which takes none.
    type Arguments: Default;
    /// The size of `Layout` and padding, in bytes.
    const SIZE: usize;
    /// The offset, from [`start`](ClassBase::start), of the owner in an instance of a class that
    /// extends this type.
    const HEADER: usize;
    /// Whether `Layout` begins at the object's address: false for types whose instances vary in
    /// size, and if the size is known at run time only.
    const FIXED: bool;
    /// Whether instances vary in size. The Rust parts are behind their items.
    const VARIES: bool;
    /// Whether the class is created by its metaclass (see `python_class`).
    const IS_PYTHON_CLASS: bool;
    /// Whether a class that several extension modules share may extend it: they share it, too.
    const MAY_BE_CROSS_MODULE: bool = true;
    /// Whether this part of an instance has a Rust value that needs dropping. Else
    /// [`drop_value`](ClassBase::drop_value) does nothing.
    const NEEDS_DROP: bool;
    /// Whether this part of an instance has a `__dict__` or list of weak references of its own.
    /// Else [`clear_dict_and_weakrefs`](ClassBase::clear_dict_and_weakrefs) does nothing.
    const HAS_DICT_OR_WEAKREFS: bool;

    /// Returns the type object that determines the layout of instances (CPython's "solid base").
    /// Creates the class on first use, as a class of `module`.
    ///
    /// # Errors
    /// If the type object cannot be created, or its size is not that of `Layout`.
    fn base_type<'py>(
        py: Python<'py>,
        module: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<*mut ffi::PyTypeObject>;

    /// Returns the class itself, which derives from [`base_type`](ClassBase::base_type). Only
    /// called if [`IS_PYTHON_CLASS`](ClassBase::IS_PYTHON_CLASS).
    ///
    /// # Errors
    /// If the class cannot be created.
    fn python_class(py: Python<'_>) -> PyResult<*mut ffi::PyTypeObject>;

    /// Returns the number of bytes that an instance has in addition to `Layout` and items: zero if
    /// [`FIXED`](ClassBase::FIXED).
    fn size_before() -> usize;

    /// Returns the address at which `Layout` begins: the object's own if
    /// [`FIXED`](ClassBase::FIXED).
    ///
    /// # Safety
    /// The object must be an instance.
    unsafe fn start(object: *mut ffi::PyObject) -> *mut u8;

    /// Returns whether instances have a `__dict__`, and whether they have a list of weak
    /// references.
    fn has_dict_and_weak_list() -> (bool, bool);

    /// Returns whether instances are tracked by the garbage collector.
    fn is_collected() -> bool;

    /// Returns the borrow flag in this part of an instance.
    ///
    /// # Safety
    /// The object must be an instance, alive for `'a`.
    unsafe fn borrow_flag<'a>(object: *mut ffi::PyObject) -> Option<&'a BorrowFlag>;

    /// Panics if this part of an instance belongs to another thread.
    ///
    /// # Safety
    /// The object must be an initialized instance.
    #[track_caller]
    unsafe fn check_thread(object: *mut ffi::PyObject);

    /// Allocates an instance of `subtype`, with the built-in base initialized and the rest zeroed.
    /// `size` is the size of an instance of the class whose `tp_new` is called; `arguments` are
    /// those of the base's `__new__`.
    ///
    /// # Safety
    /// `subtype` must be that class, which is or extends this type, or derive from it.
    unsafe fn allocate(
        py: Python<'_>,
        subtype: *mut ffi::PyTypeObject,
        size: usize,
        arguments: &Self::Arguments,
    ) -> PyResult<*mut ffi::PyObject>;

    /// Visits the type and the references held by this part of an instance: a `tp_traverse`.
    ///
    /// # Safety
    /// As for `tp_traverse`.
    unsafe extern "C" fn traverse(
        object: *mut ffi::PyObject,
        visit: ffi::visitproc,
        arg: *mut c_void,
    ) -> c_int;

    /// Releases the references held by this part of an instance: a `tp_clear`.
    ///
    /// # Safety
    /// As for `tp_clear`.
    unsafe extern "C" fn clear(object: *mut ffi::PyObject) -> c_int;

    /// Drops the Rust values in this part of an instance.
    ///
    /// # Safety
    /// The object must be an initialized instance that is being deallocated. Must be called once.
    unsafe fn drop_value(object: *mut ffi::PyObject);

    /// Clears the `__dict__` and the weak references, which may exist before initialization is
    /// complete.
    ///
    /// # Safety
    /// The object must be an instance that is being deallocated.
    unsafe fn clear_dict_and_weakrefs(object: *mut ffi::PyObject);

    /// Deallocates the built-in base and frees the memory. Keeps the reference to the type.
    ///
    /// # Safety
    /// The object must be an instance that is being deallocated, whose values are dropped.
    unsafe fn free(object: *mut ffi::PyObject);
}

/// The properties that a class inherits from its base, as data: one record per base, not per class.
pub(super) struct BaseRecord {
    /// See [`ClassBase::base_type`].
    pub(super) type_object:
        for<'py> fn(Python<'py>, Option<&Bound<'py, PyAny>>) -> PyResult<*mut ffi::PyTypeObject>,
    /// See [`ClassBase::python_class`]; `None` if the base is no Python class.
    pub(super) python_class: Option<fn(Python<'_>) -> PyResult<*mut ffi::PyTypeObject>>,
    /// See [`ClassBase::size_before`].
    pub(super) size_before: fn() -> usize,
    /// See [`ClassBase::has_dict_and_weak_list`].
    pub(super) has_dict_and_weak_list: fn() -> (bool, bool),
    /// See [`ClassBase::is_collected`].
    pub(super) is_collected: fn() -> bool,
    /// See [`ClassBase::traverse`].
    pub(super) traverse: ffi::traverseproc,
    /// See [`ClassBase::clear`].
    pub(super) clear: ffi::inquiry,
}

/// The holder of `B`'s [`BaseRecord`].
pub(super) struct RecordOf<B>(PhantomData<B>);

impl<B: ClassBase> RecordOf<B> {
    pub(super) const RECORD: &'static BaseRecord = &BaseRecord {
        type_object: B::base_type,
        python_class: if B::IS_PYTHON_CLASS {
            Some(B::python_class)
        } else {
            None
        },
        size_before: B::size_before,
        has_dict_and_weak_list: B::has_dict_and_weak_list,
        is_collected: B::is_collected,
        traverse: B::traverse,
        clear: B::clear,
    };
}

/// A built-in type, or a Python class of which only the built-in base has a layout of its own.
///
/// # Safety
/// As for [`ClassBase`].
pub unsafe trait NativeBase: ClassBase<Initializer = NativeInitializer<Self>> {}

/// The initializer of one part of an instance.
pub trait ObjectInit<T: ClassBase> {
    /// Returns the arguments for the `__new__` of the built-in base.
    fn arguments(&self) -> &T::Arguments;

    /// Writes the Rust parts, starting at the root of the chain. On an error, none is written.
    ///
    /// # Safety
    /// The object must be a new, unpublished instance in the token's interpreter.
    ///
    /// # Errors
    /// If a value may not be stored in an instance (see `fields::check_handles`).
    unsafe fn write(self, py: Python<'_>, object: *mut ffi::PyObject) -> PyResult<()>;
}

/// The initializer of a built-in type's part: the arguments of its `__new__`. Writes nothing, since
/// the allocation has initialized it.
pub struct NativeInitializer<T: ClassBase>(T::Arguments);

impl<T: ClassBase> NativeInitializer<T> {
    /// Passes no arguments.
    #[inline]
    pub(super) fn new() -> Self {
        Self(T::Arguments::default())
    }

    /// Passes these arguments.
    pub(super) fn with_arguments(arguments: T::Arguments) -> Self {
        Self(arguments)
    }
}

impl<T: ClassBase> ObjectInit<T> for NativeInitializer<T> {
    #[inline(always)]
    fn arguments(&self) -> &T::Arguments {
        &self.0
    }

    #[inline]
    unsafe fn write(self, _py: Python<'_>, _object: *mut ffi::PyObject) -> PyResult<()> {
        Ok(())
    }
}

/// Arguments for the `__new__` of a built-in base; none by default.
#[derive(Default)]
pub struct BaseArguments(Option<Py<PyTuple>>);

impl BaseArguments {
    pub(super) fn of(arguments: Bound<'_, PyTuple>) -> Self {
        Self(Some(arguments.unbind()))
    }

    /// Returns the arguments as a tuple.
    ///
    /// # Errors
    /// If they are of another interpreter.
    pub(super) fn tuple<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        match &self.0 {
            Some(arguments) => Ok(arguments.try_bind(py)?.clone()),
            None => Ok(PyTuple::empty(py)),
        }
    }
}
