//! Built-in types as bases of classes: those whose instances have a fixed, public layout.

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::base::{ClassBase, NativeInitializer};
use super::borrow_flag::BorrowFlag;
use super::parts::Header;
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::PyAny;

/// The address of a built-in type object.
macro_rules! native_class {
    ($class:expr) => {{
        #[allow(unused_unsafe)]
        // SAFETY: a static of CPython, which is set before any token exists and never changes.
        let class: *mut ffi::PyTypeObject = unsafe { $class };
        class
    }};
}

/// The functions of all built-in bases; `class` is the base's static type object.
mod native {
    use super::*;
    use crate::error::PyErr;

    /// Returns an error unless instances have `size` bytes.
    pub(super) fn check_size(class: *mut ffi::PyTypeObject, size: usize) -> PyResult<()> {
        // SAFETY: a static type object, initialized with the runtime.
        let actual = unsafe { (*class).tp_basicsize } as usize;
        if actual == size {
            return Ok(());
        }
        Err(crate::exceptions::PySystemError::new_err(format!(
            "an instance of the base class has {actual} bytes in this Python, not {size}"
        )))
    }

    pub(super) fn is_collected(class: *mut ffi::PyTypeObject) -> bool {
        // All other bases may refer to objects.
        class != &raw mut ffi::PyBaseObject_Type
    }

    fn has_gc(class: *mut ffi::PyTypeObject) -> bool {
        // SAFETY: a static type object, initialized with the runtime.
        unsafe { ffi::PyType_HasFeature(class, ffi::Py_TPFLAGS_HAVE_GC) != 0 }
    }

    pub(super) fn has_dict_and_weak_list(class: *mut ffi::PyTypeObject) -> (bool, bool) {
        // SAFETY: a static type object, initialized with the runtime.
        unsafe { ((*class).tp_dictoffset != 0, (*class).tp_weaklistoffset != 0) }
    }

    /// Implements [`ClassBase::allocate`].
    ///
    /// # Safety
    /// `subtype` must be a live type object that derives from `class`.
    #[inline(always)]
    pub(super) unsafe fn allocate(
        py: Python<'_>,
        class: *mut ffi::PyTypeObject,
        subtype: *mut ffi::PyTypeObject,
        size: usize,
    ) -> PyResult<*mut ffi::PyObject> {
        // SAFETY: attached (`py`); `subtype` derives from `class` (upheld by the caller). The
        // `tp_new` of `object` is skipped: it only checks for arguments and abstract methods.
        unsafe {
            if class != &raw mut ffi::PyBaseObject_Type {
                return construct(py, class, subtype);
            }
            let Some(allocate) = (*subtype).tp_alloc else {
                return checked(py, ffi::PyType_GenericAlloc(subtype, 0));
            };
            let is_plain = (*subtype).tp_basicsize == size as ffi::Py_ssize_t
                && ffi::PyType_HasFeature(subtype, ffi::Py_TPFLAGS_HAVE_GC) == 0
                && std::ptr::fn_addr_eq(allocate, ffi::PyType_GenericAlloc as ffi::allocfunc);
            if !is_plain {
                return checked(py, allocate(subtype, 0));
            }
            // Same as `PyType_GenericAlloc` for such a type, but with a constant size.
            let object = checked(py, ffi::PyObject_New::<ffi::PyObject>(subtype))?;
            let head = size_of::<ffi::PyObject>();
            object.cast::<u8>().add(head).write_bytes(0, size - head);
            Ok(object)
        }
    }

    /// Allocates an instance of a type that extends a built-in type other than `object`.
    ///
    /// # Safety
    /// As for [`allocate`].
    #[inline(never)]
    unsafe fn construct(
        py: Python<'_>,
        class: *mut ffi::PyTypeObject,
        subtype: *mut ffi::PyTypeObject,
    ) -> PyResult<*mut ffi::PyObject> {
        // SAFETY: attached (`py`); `subtype` derives from `class` (upheld by the caller).
        unsafe {
            let Some(new) = (*class).tp_new else {
                return Err(crate::exceptions::PyTypeError::new_err(
                    "base type without tp_new",
                ));
            };
            let arguments = Bound::from_owned_ptr_or_err(py, ffi::PyTuple_New(0))?;
            checked(py, new(subtype, arguments.as_ptr(), null_mut()))
        }
    }

    #[inline(always)]
    fn checked(py: Python<'_>, object: *mut ffi::PyObject) -> PyResult<*mut ffi::PyObject> {
        if object.is_null() {
            return Err(PyErr::fetch(py));
        }
        Ok(object)
    }

    /// Implements [`ClassBase::traverse`].
    ///
    /// # Safety
    /// As for `tp_traverse`.
    pub(super) unsafe fn traverse(
        class: *mut ffi::PyTypeObject,
        object: *mut ffi::PyObject,
        visit: ffi::visitproc,
        arg: *mut c_void,
    ) -> c_int {
        // SAFETY: upheld by the caller. An instance of a heap type refers to its type, which the
        // `tp_traverse` of a static base does not visit.
        unsafe {
            let result = visit(ffi::Py_TYPE(object).cast(), arg);
            if result != 0 {
                return result;
            }
            match (*class).tp_traverse {
                Some(traverse) => traverse(object, visit, arg),
                None => 0,
            }
        }
    }

    /// Implements [`ClassBase::clear`].
    ///
    /// # Safety
    /// As for `tp_clear`.
    pub(super) unsafe fn clear(class: *mut ffi::PyTypeObject, object: *mut ffi::PyObject) -> c_int {
        // SAFETY: upheld by the caller: attached; an instance of `class`, which is alive.
        unsafe { (*class).tp_clear.map_or(0, |clear| clear(object)) }
    }

    /// Implements [`ClassBase::free`].
    ///
    /// # Safety
    /// As for [`ClassBase::free`].
    pub(super) unsafe fn free(class: *mut ffi::PyTypeObject, object: *mut ffi::PyObject) {
        // SAFETY: upheld by the caller. The `tp_dealloc` of a base with `Py_TPFLAGS_HAVE_GC`
        // expects a tracked instance.
        unsafe {
            let subtype = ffi::Py_TYPE(object);
            match (*class).tp_dealloc {
                Some(deallocate) if class != &raw mut ffi::PyBaseObject_Type => {
                    if has_gc(class) {
                        ffi::PyObject_GC_Track(object.cast());
                    }
                    deallocate(object);
                }
                _ => match (*subtype).tp_free {
                    Some(free) => free(object.cast()),
                    None => ffi::PyObject_Free(object.cast()),
                },
            }
        }
    }
}

/// Implements [`ClassBase`] for built-in types.
macro_rules! native_bases {
    ($($name:ty, $layout:ty, $class:expr;)*) => {$(
        // SAFETY: the layout is CPython's (its size is checked when a class is created), and the
        // header follows it; the functions do what CPython does for its own subtypes.
        unsafe impl ClassBase for $name {
            type Layout = $layout;
            type OwnHeader = Header;
            type Initializer = NativeInitializer<$name>;
            const SIZE: usize = size_of::<$layout>();
            const HEADER: usize = size_of::<$layout>().next_multiple_of(align_of::<Header>());
            const NEEDS_DROP: bool = false;
            const HAS_DICT_OR_WEAKREFS: bool = false;

            fn base_type<'py>(
                _py: Python<'py>,
                _module: Option<&Bound<'py, PyAny>>,
            ) -> PyResult<*mut ffi::PyTypeObject> {
                native::check_size(native_class!($class), size_of::<$layout>())?;
                Ok(native_class!($class))
            }

            fn is_collected() -> bool {
                native::is_collected(native_class!($class))
            }

            fn has_dict_and_weak_list() -> (bool, bool) {
                native::has_dict_and_weak_list(native_class!($class))
            }

            #[inline]
            unsafe fn borrow_flag<'a>(_object: *mut ffi::PyObject) -> Option<&'a BorrowFlag> {
                None
            }

            #[inline]
            unsafe fn check_thread(_object: *mut ffi::PyObject) {}

            #[inline]
            unsafe fn allocate(
                py: Python<'_>,
                subtype: *mut ffi::PyTypeObject,
                size: usize,
            ) -> PyResult<*mut ffi::PyObject> {
                // SAFETY: upheld by the caller: `subtype` derives from this type, and `size` is
                // that of the class called.
                unsafe { native::allocate(py, native_class!($class), subtype, size) }
            }

            unsafe extern "C" fn traverse(
                object: *mut ffi::PyObject,
                visit: ffi::visitproc,
                arg: *mut c_void,
            ) -> c_int {
                // SAFETY: upheld by the caller: called by the collector with a live instance.
                unsafe { native::traverse(native_class!($class), object, visit, arg) }
            }

            unsafe extern "C" fn clear(object: *mut ffi::PyObject) -> c_int {
                // SAFETY: upheld by the caller: attached; a live instance.
                unsafe { native::clear(native_class!($class), object) }
            }

            unsafe fn drop_value(_object: *mut ffi::PyObject) {}

            unsafe fn clear_dict_and_weakrefs(_object: *mut ffi::PyObject) {}

            unsafe fn free(object: *mut ffi::PyObject) {
                // SAFETY: upheld by the caller: attached; an instance whose values are dropped.
                unsafe { native::free(native_class!($class), object) }
            }
        }
    )*};
}

native_bases! {
    PyAny, ffi::PyObject, &raw mut ffi::PyBaseObject_Type;
    crate::types::PyComplex, ffi::PyComplexObject, &raw mut ffi::PyComplex_Type;
    crate::types::PyDict, ffi::PyDictObject, &raw mut ffi::PyDict_Type;
    crate::types::PyFloat, ffi::PyFloatObject, &raw mut ffi::PyFloat_Type;
    crate::types::PyFrozenSet, ffi::PySetObject, &raw mut ffi::PyFrozenSet_Type;
    crate::types::PyList, ffi::PyListObject, &raw mut ffi::PyList_Type;
    crate::types::PySet, ffi::PySetObject, &raw mut ffi::PySet_Type;
}

/// The memory of an instance of `AttributeError`.
#[repr(C)]
pub struct AttributeErrorObject {
    base: ffi::PyBaseExceptionObject,
    object: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
}

/// The memory of an instance of `NameError`.
#[repr(C)]
pub struct NameErrorObject {
    base: ffi::PyBaseExceptionObject,
    name: *mut ffi::PyObject,
}

macro_rules! exception_bases {
    ($($layout:ty: $($name:ident = $class:ident,)*;)*) => {
        native_bases! {$($(
            crate::exceptions::$name, $layout, ffi::$class.cast();
        )*)*}
    };
}

exception_bases! {
    ffi::PyBaseExceptionObject:
        PyBaseException = PyExc_BaseException,
        PyException = PyExc_Exception,
        PyArithmeticError = PyExc_ArithmeticError,
        PyAssertionError = PyExc_AssertionError,
        PyBufferError = PyExc_BufferError,
        PyEOFError = PyExc_EOFError,
        PyFloatingPointError = PyExc_FloatingPointError,
        PyGeneratorExit = PyExc_GeneratorExit,
        PyIndexError = PyExc_IndexError,
        PyKeyError = PyExc_KeyError,
        PyKeyboardInterrupt = PyExc_KeyboardInterrupt,
        PyLookupError = PyExc_LookupError,
        PyMemoryError = PyExc_MemoryError,
        PyNotImplementedError = PyExc_NotImplementedError,
        PyOverflowError = PyExc_OverflowError,
        PyRecursionError = PyExc_RecursionError,
        PyReferenceError = PyExc_ReferenceError,
        PyRuntimeError = PyExc_RuntimeError,
        PyStopAsyncIteration = PyExc_StopAsyncIteration,
        PySystemError = PyExc_SystemError,
        PyTypeError = PyExc_TypeError,
        PyValueError = PyExc_ValueError,
        PyZeroDivisionError = PyExc_ZeroDivisionError,
        PyBytesWarning = PyExc_BytesWarning,
        PyDeprecationWarning = PyExc_DeprecationWarning,
        PyEncodingWarning = PyExc_EncodingWarning,
        PyFutureWarning = PyExc_FutureWarning,
        PyImportWarning = PyExc_ImportWarning,
        PyPendingDeprecationWarning = PyExc_PendingDeprecationWarning,
        PyResourceWarning = PyExc_ResourceWarning,
        PyRuntimeWarning = PyExc_RuntimeWarning,
        PySyntaxWarning = PyExc_SyntaxWarning,
        PyUnicodeWarning = PyExc_UnicodeWarning,
        PyUserWarning = PyExc_UserWarning,
        PyWarning = PyExc_Warning,;
    AttributeErrorObject:
        PyAttributeError = PyExc_AttributeError,;
    NameErrorObject:
        PyNameError = PyExc_NameError,
        PyUnboundLocalError = PyExc_UnboundLocalError,;
    ffi::PyImportErrorObject:
        PyImportError = PyExc_ImportError,
        PyModuleNotFoundError = PyExc_ModuleNotFoundError,;
    ffi::PyOSErrorObject:
        PyOSError = PyExc_OSError,
        PyBlockingIOError = PyExc_BlockingIOError,
        PyBrokenPipeError = PyExc_BrokenPipeError,
        PyChildProcessError = PyExc_ChildProcessError,
        PyConnectionAbortedError = PyExc_ConnectionAbortedError,
        PyConnectionError = PyExc_ConnectionError,
        PyConnectionRefusedError = PyExc_ConnectionRefusedError,
        PyConnectionResetError = PyExc_ConnectionResetError,
        PyFileExistsError = PyExc_FileExistsError,
        PyFileNotFoundError = PyExc_FileNotFoundError,
        PyInterruptedError = PyExc_InterruptedError,
        PyIsADirectoryError = PyExc_IsADirectoryError,
        PyNotADirectoryError = PyExc_NotADirectoryError,
        PyPermissionError = PyExc_PermissionError,
        PyProcessLookupError = PyExc_ProcessLookupError,
        PyTimeoutError = PyExc_TimeoutError,;
    ffi::PyStopIterationObject:
        PyStopIteration = PyExc_StopIteration,;
    ffi::PySyntaxErrorObject:
        PyIndentationError = PyExc_IndentationError,
        PySyntaxError = PyExc_SyntaxError,
        PyTabError = PyExc_TabError,;
    ffi::PySystemExitObject:
        PySystemExit = PyExc_SystemExit,;
    ffi::PyUnicodeErrorObject:
        PyUnicodeDecodeError = PyExc_UnicodeDecodeError,
        PyUnicodeEncodeError = PyExc_UnicodeEncodeError,
        PyUnicodeTranslateError = PyExc_UnicodeTranslateError,;
}
