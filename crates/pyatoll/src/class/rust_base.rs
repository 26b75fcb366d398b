//! Classes as bases of other classes.

use std::ffi::{c_int, c_void};

use pyo3_ffi as ffi;

use super::base::ClassBase;
use super::borrow_flag::BorrowFlag;
use super::initializer::PyClassInitializer;
use super::layout::{self, Instance};
use super::pyclass::{PyClass, Subclassable};
use super::{lifecycle, python_class, type_lookup};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::PyAny;

// SAFETY: an instance of `T` starts with an instance of its base, whose header it shares; the
// functions are those of `T` or delegate to its base.
unsafe impl<T: PyClass + Subclassable> ClassBase for T {
    type Layout = Instance<T>;
    type OwnHeader = ();
    type Initializer = PyClassInitializer<T>;
    type Arguments = <T::BaseType as ClassBase>::Arguments;
    const SIZE: usize = Instance::<T>::SIZE;
    const HEADER: usize = <T::BaseType as ClassBase>::HEADER;
    const FIXED: bool = <T::BaseType as ClassBase>::FIXED;
    const VARIES: bool = <T::BaseType as ClassBase>::VARIES;
    const IS_PYTHON_CLASS: bool = python_class::is_python_class::<T>();
    const MAY_BE_CROSS_MODULE: bool = T::OPTIONS.cross_module.is_some();
    const NEEDS_DROP: bool = lifecycle::needs_drop::<T>();
    const HAS_DICT_OR_WEAKREFS: bool = lifecycle::has_dict_or_weakrefs::<T>();

    fn base_type<'py>(
        py: Python<'py>,
        module: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<*mut ffi::PyTypeObject> {
        let class = type_lookup::get_or_create::<T>(py, module)?;
        if !Self::IS_PYTHON_CLASS {
            return Ok(class);
        }
        // SAFETY: a live type object.
        Ok(unsafe { python_class::heap_type(class, T::statics().spec.deallocate) })
    }

    fn python_class(py: Python<'_>) -> PyResult<*mut ffi::PyTypeObject> {
        type_lookup::get_or_create::<T>(py, None)
    }

    fn size_before() -> usize {
        <T::BaseType as ClassBase>::size_before()
    }

    #[inline(always)]
    unsafe fn start(object: *mut ffi::PyObject) -> *mut u8 {
        // SAFETY: upheld by the caller: an instance of `T`, and so of its base.
        unsafe { <T::BaseType as ClassBase>::start(object) }
    }

    fn has_dict_and_weak_list() -> (bool, bool) {
        let tables = T::statics().tables();
        (tables.has_dict, tables.has_weak_list)
    }

    fn is_collected() -> bool {
        T::statics().tables().collected
    }

    #[inline]
    unsafe fn borrow_flag<'a>(object: *mut ffi::PyObject) -> Option<&'a BorrowFlag> {
        // SAFETY: upheld by the caller: an instance of `T`, alive for `'a`.
        unsafe { layout::borrow_flag::<T>(object) }
    }

    #[inline]
    unsafe fn check_thread(object: *mut ffi::PyObject) {
        // SAFETY: upheld by the caller: an initialized instance of `T`.
        unsafe { layout::check_thread::<T>(object) }
    }

    #[inline]
    unsafe fn allocate(
        py: Python<'_>,
        subtype: *mut ffi::PyTypeObject,
        size: usize,
        arguments: &Self::Arguments,
    ) -> PyResult<*mut ffi::PyObject> {
        // SAFETY: upheld by the caller: `subtype` derives from `T`, and so from its base.
        unsafe { <T::BaseType as ClassBase>::allocate(py, subtype, size, arguments) }
    }

    unsafe extern "C" fn traverse(
        object: *mut ffi::PyObject,
        visit: ffi::visitproc,
        arg: *mut c_void,
    ) -> c_int {
        // SAFETY: called by the collector with a live instance (upheld by the caller); this is the
        // `tp_traverse` of `T`.
        unsafe { (T::statics().tables().traverse)(object, visit, arg) }
    }

    unsafe extern "C" fn clear(object: *mut ffi::PyObject) -> c_int {
        // SAFETY: attached; a live instance (upheld by the caller); this is the `tp_clear` of `T`.
        unsafe { (T::statics().tables().clear)(object) }
    }

    unsafe fn drop_value(object: *mut ffi::PyObject) {
        // SAFETY: upheld by the caller: an initialized instance of `T` in deallocation; called
        // once.
        unsafe { lifecycle::drop_value::<T>(object) }
    }

    unsafe fn clear_dict_and_weakrefs(object: *mut ffi::PyObject) {
        // SAFETY: upheld by the caller: an instance of `T` in deallocation.
        unsafe { lifecycle::clear_dict_and_weakrefs::<T>(object) }
    }

    unsafe fn free(object: *mut ffi::PyObject) {
        // SAFETY: upheld by the caller: an instance of `T` in deallocation, whose values are
        // dropped.
        unsafe { <T::BaseType as ClassBase>::free(object) }
    }
}
