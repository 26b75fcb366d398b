//! The types of `datetime` as bases of classes, where the module is written in C.
//!
//! They are static types, which all interpreters share, but the C API has no symbols for them:
//! their addresses are in the capsule of each interpreter's module. Functions that have no token,
//! or run after the interpreter's values were dropped, find the type through the instance: it is
//! the nearest static type among the bases of the instance's type.

use std::ffi::{c_int, c_void};

use super::base::{BaseArguments, ClassBase, NativeBase, NativeInitializer};
use super::borrow_flag::BorrowFlag;
use super::compat::{BehindBase, layouts};
use super::native_base::native;
use super::native_place::Place;
use super::parts::Header;
use crate::capi::{self as ffi, type_fields};
use crate::error::PyResult;
use crate::exceptions::PyTypeError;
use crate::interpreter::Python;
use crate::object::{Bound, PyTypeInfo};
use crate::types::{PyAny, PyDate, PyDateTime, PyDelta, PyTime, datetime};

/// Returns whether a type object is a heap type, as Python classes and those of this library are.
///
/// # Safety
/// `class` must be a live type object.
unsafe fn is_heap_type(class: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: a live type object (upheld by the caller).
    unsafe { ffi::PyType_HasFeature(class, ffi::Py_TPFLAGS_HEAPTYPE) != 0 }
}

/// Returns the static type that a class extends.
///
/// # Safety
/// `class` must be a live type object.
unsafe fn static_base(mut class: *mut ffi::PyTypeObject) -> *mut ffi::PyTypeObject {
    // SAFETY: a live type object (upheld by the caller). Each type keeps its base alive, and the
    // last base is `object`, which is static.
    unsafe {
        while is_heap_type(class) {
            class = type_fields::tp_base(class);
        }
    }
    class
}

/// Checks the type object of this interpreter.
///
/// # Errors
/// If `datetime` is written in Python, so that its instances have no memory to extend, or has
/// another layout than `P` expects.
fn check<T: PyTypeInfo, P: Place>(py: Python<'_>) -> PyResult<*mut ffi::PyTypeObject> {
    datetime::import(py)?;
    let class = T::type_object_raw(py);
    // SAFETY: attached; the class is alive.
    if unsafe { is_heap_type(class) } {
        return Err(PyTypeError::new_err(
            "a class cannot extend a type of 'datetime' in this interpreter, where the module is \
             written in Python",
        ));
    }
    P::check(py, class)?;
    Ok(class)
}

macro_rules! datetime_bases {
    ($($name:ty: $place:ty;)*) => {$(
        // SAFETY: the functions do what CPython does for its own subtypes.
        unsafe impl NativeBase for $name {}

        // SAFETY: `check` makes sure of the layout when a class is created, and the header follows
        // it; the functions do what CPython does for its own subtypes.
        unsafe impl ClassBase for $name {
            type Layout = <$place as Place>::Layout;
            type OwnHeader = Header;
            type Initializer = NativeInitializer<$name>;
            type Arguments = BaseArguments;
            const SIZE: usize = size_of::<Self::Layout>();
            const HEADER: usize = size_of::<Self::Layout>().next_multiple_of(align_of::<Header>());
            const FIXED: bool = <$place as Place>::FIXED;
            const VARIES: bool = <$place as Place>::VARIES;
            const IS_PYTHON_CLASS: bool = false;
            const NEEDS_DROP: bool = false;
            const HAS_DICT_OR_WEAKREFS: bool = false;

            fn base_type<'py>(
                py: Python<'py>,
                _module: Option<&Bound<'py, PyAny>>,
            ) -> PyResult<*mut ffi::PyTypeObject> {
                check::<$name, $place>(py)
            }

            fn python_class(py: Python<'_>) -> PyResult<*mut ffi::PyTypeObject> {
                check::<$name, $place>(py)
            }

            fn size_before() -> usize {
                <$place as Place>::known_size_before()
            }

            #[inline(always)]
            unsafe fn start(object: *mut ffi::PyObject) -> *mut u8 {
                // SAFETY: upheld by the caller: an instance of this type.
                unsafe { <$place as Place>::start(object) }
            }

            fn has_dict_and_weak_list() -> (bool, bool) {
                (false, false)
            }

            fn is_collected() -> bool {
                // A time zone may refer to any object.
                true
            }

            #[inline]
            unsafe fn borrow_flag<'a>(_object: *mut ffi::PyObject) -> Option<&'a BorrowFlag> {
                None
            }

            #[inline]
            unsafe fn check_thread(_object: *mut ffi::PyObject) {}

            unsafe fn allocate(
                py: Python<'_>,
                subtype: *mut ffi::PyTypeObject,
                size: usize,
                arguments: &Self::Arguments,
            ) -> PyResult<*mut ffi::PyObject> {
                // SAFETY: upheld by the caller: `subtype` derives from this type, and `size` is
                // that of the class called.
                unsafe { native::allocate(py, static_base(subtype), subtype, size, arguments) }
            }

            unsafe extern "C" fn traverse(
                object: *mut ffi::PyObject,
                visit: ffi::visitproc,
                arg: *mut c_void,
            ) -> c_int {
                // SAFETY: upheld by the caller: called by the collector with a live instance.
                unsafe {
                    let class = static_base(ffi::Py_TYPE(object));
                    native::traverse(class, object, visit, arg)
                }
            }

            unsafe extern "C" fn clear(object: *mut ffi::PyObject) -> c_int {
                // SAFETY: upheld by the caller: attached; a live instance.
                unsafe { native::clear(static_base(ffi::Py_TYPE(object)), object) }
            }

            unsafe fn drop_value(_object: *mut ffi::PyObject) {}

            unsafe fn clear_dict_and_weakrefs(_object: *mut ffi::PyObject) {}

            unsafe fn free(object: *mut ffi::PyObject) {
                // SAFETY: upheld by the caller: attached; an instance whose values are dropped.
                unsafe { native::free(static_base(ffi::Py_TYPE(object)), object) }
            }
        }
    )*};
}

datetime_bases! {
    PyDate: BehindBase<layouts::PyDateTime_Date>;
    PyDateTime: BehindBase<layouts::PyDateTime_DateTime>;
    PyDelta: BehindBase<layouts::PyDateTime_Delta>;
    PyTime: BehindBase<layouts::PyDateTime_Time>;
}
