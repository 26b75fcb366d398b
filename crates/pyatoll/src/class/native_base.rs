//! Built-in types as bases of classes: those whose instances have a known layout.

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

use super::base::{BaseArguments, ClassBase, NativeBase, NativeInitializer};
use super::borrow_flag::BorrowFlag;
use super::compat::{BehindBase, BehindObject, layouts, plain_sizes};
use super::native_place::{BehindItems, BytesItems, Digits, Place, TupleItems};
use super::parts::Header;
use crate::capi::{self as ffi, type_fields};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::python_base;
use crate::types::{PyAny, PyTuple};

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
pub(super) mod native {
    use super::*;
    use crate::error::PyErr;

    pub(in crate::class) fn is_collected(class: *mut ffi::PyTypeObject) -> bool {
        // All other bases may refer to objects.
        class != &raw mut ffi::PyBaseObject_Type
    }

    fn has_gc(class: *mut ffi::PyTypeObject) -> bool {
        // SAFETY: a static type object, initialized with the runtime.
        unsafe { ffi::PyType_HasFeature(class, ffi::Py_TPFLAGS_HAVE_GC) != 0 }
    }

    pub(in crate::class) fn has_dict_and_weak_list(class: *mut ffi::PyTypeObject) -> (bool, bool) {
        // SAFETY: a static type object, initialized with the runtime.
        unsafe {
            (
                type_fields::tp_dictoffset(class) != 0,
                type_fields::tp_weaklistoffset(class) != 0,
            )
        }
    }

    /// Implements [`ClassBase::allocate`].
    ///
    /// # Safety
    /// `subtype` must be a live type object that derives from `class`.
    #[inline(always)]
    #[expect(
        clippy::question_mark,
        reason = "a `?` is two calls in a build without optimization, for each class"
    )]
    pub(in crate::class) unsafe fn allocate(
        py: Python<'_>,
        class: *mut ffi::PyTypeObject,
        subtype: *mut ffi::PyTypeObject,
        size: usize,
        arguments: &impl PassArguments,
    ) -> PyResult<*mut ffi::PyObject> {
        // SAFETY: attached (`py`); `subtype` derives from `class` (upheld by the caller). The
        // `tp_new` of `object` is skipped: it only checks for arguments and abstract methods, which
        // the `tp_new` of other types do not.
        unsafe {
            if class != &raw mut ffi::PyBaseObject_Type {
                return construct(py, class, subtype, &arguments.tuple(py)?);
            }
            let Some(allocate) = type_fields::tp_alloc(subtype) else {
                return checked(py, ffi::PyType_GenericAlloc(subtype, 0));
            };
            let (head, size) = plain_sizes(size);
            let other_flags = ffi::Py_TPFLAGS_HAVE_GC | ffi::Py_TPFLAGS_IS_ABSTRACT;
            let is_plain = type_fields::is_known_to_have_size(subtype, size)
                && ffi::PyType_HasFeature(subtype, other_flags) == 0
                && std::ptr::fn_addr_eq(allocate, ffi::PyType_GenericAlloc as ffi::allocfunc);
            if !is_plain {
                if let Err(error) = refuse_abstract(py, subtype) {
                    return Err(error);
                }
                return checked(py, allocate(subtype, 0));
            }
            // Same as `PyType_GenericAlloc` for such a type, but with a constant size.
            let object = checked(py, ffi::PyObject_New::<ffi::PyObject>(subtype))?;
            object.cast::<u8>().add(head).write_bytes(0, size - head);
            Ok(object)
        }
    }

    /// Returns an error if the class has abstract methods.
    ///
    /// # Safety
    /// `class` must be a live type object.
    #[inline(always)]
    pub(in crate::class) unsafe fn refuse_abstract(
        py: Python<'_>,
        class: *mut ffi::PyTypeObject,
    ) -> PyResult<()> {
        // SAFETY: attached (`py`); a live type object (upheld by the caller).
        unsafe {
            if ffi::PyType_HasFeature(class, ffi::Py_TPFLAGS_IS_ABSTRACT) == 0 {
                return Ok(());
            }
            abstract_class_error(py, class)
        }
    }

    /// Raises the error of the `tp_new` of `object` for a class with abstract methods.
    ///
    /// # Safety
    /// `class` must be a live type object.
    #[cold]
    #[inline(never)]
    unsafe fn abstract_class_error(py: Python<'_>, class: *mut ffi::PyTypeObject) -> PyResult<()> {
        // SAFETY: attached (`py`); a live type object (upheld by the caller). Should `tp_new` not
        // raise an error, its object is released.
        unsafe {
            let Some(new) = type_fields::tp_new(&raw mut ffi::PyBaseObject_Type) else {
                return Ok(());
            };
            let none = PyTuple::empty(py);
            let instance = new(class, none.as_ptr(), null_mut());
            Bound::<PyAny>::from_owned_ptr_or_err(py, instance).map(drop)
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
        arguments: &Bound<'_, PyTuple>,
    ) -> PyResult<*mut ffi::PyObject> {
        // SAFETY: attached (`py`); `subtype` derives from `class` (upheld by the caller).
        unsafe {
            let Some(new) = type_fields::tp_new(class) else {
                return Err(crate::exceptions::PyTypeError::new_err(
                    "base type without tp_new",
                ));
            };
            checked(py, new(subtype, arguments.as_ptr(), null_mut()))
        }
    }

    /// The arguments of a base's `tp_new`.
    pub(in crate::class) trait PassArguments {
        fn tuple<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>>;
    }

    impl PassArguments for () {
        fn tuple<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
            Ok(PyTuple::empty(py))
        }
    }

    impl PassArguments for BaseArguments {
        fn tuple<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
            BaseArguments::tuple(self, py)
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
    pub(in crate::class) unsafe fn traverse(
        class: *mut ffi::PyTypeObject,
        object: *mut ffi::PyObject,
        visit: ffi::visitproc,
        arg: *mut c_void,
    ) -> c_int {
        // SAFETY: called by the collector with a live instance (upheld by the caller). An instance
        // of a heap type refers to its type, which the `tp_traverse` of a static base does not
        // visit.
        unsafe {
            let result = visit(ffi::Py_TYPE(object).cast(), arg);
            if result != 0 {
                return result;
            }
            match type_fields::tp_traverse(class) {
                Some(traverse) => traverse(object, visit, arg),
                None => 0,
            }
        }
    }

    /// Implements [`ClassBase::clear`].
    ///
    /// # Safety
    /// As for `tp_clear`.
    pub(in crate::class) unsafe fn clear(
        class: *mut ffi::PyTypeObject,
        object: *mut ffi::PyObject,
    ) -> c_int {
        // SAFETY: upheld by the caller: attached; an instance of `class`, which is alive.
        unsafe { type_fields::tp_clear(class).map_or(0, |clear| clear(object)) }
    }

    /// Implements [`ClassBase::free`].
    ///
    /// # Safety
    /// As for [`ClassBase::free`].
    pub(in crate::class) unsafe fn free(class: *mut ffi::PyTypeObject, object: *mut ffi::PyObject) {
        // SAFETY: attached; an instance whose values are dropped (upheld by the caller). The
        // `tp_dealloc` of a base with `Py_TPFLAGS_HAVE_GC` expects a tracked instance.
        unsafe {
            let subtype = ffi::Py_TYPE(object);
            match type_fields::tp_dealloc(class) {
                Some(deallocate) if class != &raw mut ffi::PyBaseObject_Type => {
                    if has_gc(class) {
                        ffi::PyObject_GC_Track(object.cast());
                    }
                    deallocate(object);
                }
                _ => match type_fields::tp_free(subtype) {
                    Some(free) => free(object.cast()),
                    None => ffi::PyObject_Free(object.cast()),
                },
            }
        }
    }
}

/// Implements [`ClassBase`] for built-in types, with the place of the Rust parts.
macro_rules! native_bases {
    ($($name:ty, $place:ty, $class:expr, $arguments:ty;)*) => {$(
        // SAFETY: the functions do what CPython does for its own subtypes.
        unsafe impl NativeBase for $name {}

        // SAFETY: the layout is CPython's (checked when a class is created), and the header follows
        // it; the functions do what CPython does for its own subtypes.
        unsafe impl ClassBase for $name {
            type Layout = <$place as Place>::Layout;
            type OwnHeader = Header;
            type Initializer = NativeInitializer<$name>;
            type Arguments = $arguments;
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
                <$place as Place>::check(py, native_class!($class))?;
                Ok(native_class!($class))
            }

            fn python_class(_py: Python<'_>) -> PyResult<*mut ffi::PyTypeObject> {
                Ok(native_class!($class))
            }

            fn size_before() -> usize {
                <$place as Place>::size_before(native_class!($class))
            }

            #[inline(always)]
            unsafe fn start(object: *mut ffi::PyObject) -> *mut u8 {
                // SAFETY: upheld by the caller: an instance of this type.
                unsafe { <$place as Place>::start(object) }
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
                arguments: &Self::Arguments,
            ) -> PyResult<*mut ffi::PyObject> {
                // SAFETY: upheld by the caller: `subtype` derives from this type, and `size` is
                // that of the class called.
                unsafe { native::allocate(py, native_class!($class), subtype, size, arguments) }
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
    PyAny, BehindObject, &raw mut ffi::PyBaseObject_Type, ();
    crate::types::PyBytes, BehindItems<BytesItems>, &raw mut ffi::PyBytes_Type, BaseArguments;
    crate::types::PyComplex, BehindBase<layouts::PyComplexObject>, &raw mut ffi::PyComplex_Type,
        BaseArguments;
    crate::types::PyDict, BehindBase<layouts::PyDictObject>, &raw mut ffi::PyDict_Type, BaseArguments;
    crate::types::PyFloat, BehindBase<layouts::PyFloatObject>, &raw mut ffi::PyFloat_Type, BaseArguments;
    crate::types::PyFrozenSet, BehindBase<layouts::PySetObject>, &raw mut ffi::PyFrozenSet_Type,
        BaseArguments;
    crate::types::PyInt, BehindItems<Digits>, &raw mut ffi::PyLong_Type, BaseArguments;
    crate::types::PyList, BehindBase<layouts::PyListObject>, &raw mut ffi::PyList_Type, BaseArguments;
    crate::types::PySet, BehindBase<layouts::PySetObject>, &raw mut ffi::PySet_Type, BaseArguments;
    crate::types::PyString, BehindBase<layouts::PyUnicodeObject>, &raw mut ffi::PyUnicode_Type,
        BaseArguments;
    crate::types::PyTuple, BehindItems<TupleItems>, &raw mut ffi::PyTuple_Type, BaseArguments;
}

macro_rules! exception_bases {
    ($($layout:ty: $($name:ident = $class:ident,)*;)*) => {
        $(const _: () = assert!(size_of::<$layout>() <= size_of::<layouts::ExceptionObject>());)*

        native_bases! {$($(
            crate::exceptions::$name, BehindBase<$layout>, ffi::exception_class!($class).cast(), BaseArguments;
        )*)*}
    };
}

exception_bases! {
    layouts::PyBaseExceptionObject:
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
    layouts::BaseExceptionGroupObject:
        PyBaseExceptionGroup = PyExc_BaseExceptionGroup,;
    layouts::AttributeErrorObject:
        PyAttributeError = PyExc_AttributeError,;
    layouts::NameErrorObject:
        PyNameError = PyExc_NameError,
        PyUnboundLocalError = PyExc_UnboundLocalError,;
    layouts::PyImportErrorObject:
        PyImportError = PyExc_ImportError,
        PyModuleNotFoundError = PyExc_ModuleNotFoundError,;
    layouts::PyOSErrorObject:
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
    layouts::PyStopIterationObject:
        PyStopIteration = PyExc_StopIteration,;
    layouts::PySyntaxErrorObject:
        PyIndentationError = PyExc_IndentationError,
        PySyntaxError = PyExc_SyntaxError,
        PyTabError = PyExc_TabError,;
    layouts::PySystemExitObject:
        PySystemExit = PyExc_SystemExit,;
    layouts::PyUnicodeErrorObject:
        PyUnicodeDecodeError = PyExc_UnicodeDecodeError,
        PyUnicodeEncodeError = PyExc_UnicodeEncodeError,
        PyUnicodeTranslateError = PyExc_UnicodeTranslateError,;
}

python_base! {
    crate::exceptions::PyExceptionGroup:
        crate::exceptions::PyBaseExceptionGroup as layouts::ExceptionObject, with BaseArguments;
    crate::types::PyTzInfo: PyAny as layouts::PyObject, with ();
}
