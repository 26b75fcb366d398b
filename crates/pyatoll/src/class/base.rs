//! [`ClassBase`]: what a class can extend, and how the work on an instance is passed down the
//! chain of bases: allocating, visiting, clearing, dropping, freeing.
//!
//! Each function here does the part of its own class and of those below it, so that nothing has
//! to ask a type object, which may be gone while an interpreter ends.

use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::borrow_flag::BorrowFlag;
use super::initializer::PyClassInitializer;
use super::layout::{Header, Instance, OwnHeader};
use super::{PyClass, Subclassable, definition, layout, lifecycle, type_object};
use crate::error::{PyErr, PyResult};
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
    /// [`Header`] in a class that extends this one, or nothing if this one's instances have it.
    type OwnHeader: OwnHeader;
    /// What initialises this part of an instance.
    type Initializer: ObjectInit<Self>;
    /// Where the owner is in an instance of a class that extends this one.
    const HEADER: usize;

    /// The type object, made at need; its module is `module` if it is made now.
    fn base_type<'py>(
        py: Python<'py>,
        module: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<*mut ffi::PyTypeObject>;

    /// Whether instances are known to the garbage collector.
    fn has_gc() -> bool;

    /// Whether instances have a `__dict__`, and a list of weak references.
    fn has_dict_and_weak_list() -> (bool, bool);

    /// The borrow flag that this part of an instance has.
    ///
    /// # Safety
    /// The object must be an instance, alive for `'a`.
    unsafe fn borrow_flag<'a>(object: *mut ffi::PyObject) -> Option<&'a BorrowFlag>;

    /// See [`layout::check_thread`].
    ///
    /// # Safety
    /// The object must be an initialised instance.
    unsafe fn check_thread(object: *mut ffi::PyObject);

    /// Allocates an instance of `subtype`, with the built-in base initialised.
    ///
    /// # Safety
    /// `subtype` must be this type or derive from it.
    unsafe fn allocate(
        py: Python<'_>,
        subtype: *mut ffi::PyTypeObject,
    ) -> PyResult<*mut ffi::PyObject>;

    /// Visits what this part of an instance holds, and the type (`tp_traverse`).
    ///
    /// # Safety
    /// As for `tp_traverse`.
    unsafe fn traverse(
        object: *mut ffi::PyObject,
        visit: ffi::visitproc,
        arg: *mut c_void,
    ) -> c_int;

    /// Lets go of what this part of an instance holds (`tp_clear`).
    ///
    /// # Safety
    /// As for `tp_clear`.
    unsafe fn clear(object: *mut ffi::PyObject) -> c_int;

    /// Drops what Rust put into this part of an instance.
    ///
    /// # Safety
    /// The object must be a dying, initialised instance; called once.
    unsafe fn drop_contents(object: *mut ffi::PyObject);

    /// Gives `__dict__` and weak references up; they may be there before initialisation is through.
    ///
    /// # Safety
    /// The object must be a dying instance.
    unsafe fn drop_attachments(object: *mut ffi::PyObject);

    /// Deallocates the built-in base and frees the memory. Leaves the type's reference.
    ///
    /// # Safety
    /// The object must be a dying instance whose contents are dropped.
    unsafe fn free(object: *mut ffi::PyObject);
}

/// Initialises one part of an instance.
pub trait ObjectInit<T> {
    /// Writes the Rust parts, from the most basic one on.
    ///
    /// # Safety
    /// The object must be a new instance that nobody else uses.
    unsafe fn write(self, object: *mut ffi::PyObject);
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
    unsafe fn write(self, _object: *mut ffi::PyObject) {}
}

// SAFETY: an instance of `T` starts with its base's; everything else is passed on or `T`'s own.
unsafe impl<T: PyClass + Subclassable> ClassBase for T {
    type Layout = Instance<T>;
    type OwnHeader = ();
    type Initializer = PyClassInitializer<T>;
    const HEADER: usize = <T::BaseType as ClassBase>::HEADER;

    fn base_type<'py>(
        py: Python<'py>,
        module: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<*mut ffi::PyTypeObject> {
        type_object::get_or_create::<T>(py, module)
    }

    fn has_gc() -> bool {
        definition::of::<T>().has_gc
    }

    fn has_dict_and_weak_list() -> (bool, bool) {
        let definition = definition::of::<T>();
        (definition.has_dict, definition.has_weak_list)
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
    ) -> PyResult<*mut ffi::PyObject> {
        // SAFETY: passed on to the caller.
        unsafe { <T::BaseType as ClassBase>::allocate(py, subtype) }
    }

    unsafe fn traverse(
        object: *mut ffi::PyObject,
        visit: ffi::visitproc,
        arg: *mut c_void,
    ) -> c_int {
        // SAFETY: passed on to the caller.
        unsafe { lifecycle::traverse::<T>(object, visit, arg) }
    }

    unsafe fn clear(object: *mut ffi::PyObject) -> c_int {
        // SAFETY: passed on to the caller.
        unsafe { lifecycle::clear::<T>(object) }
    }

    unsafe fn drop_contents(object: *mut ffi::PyObject) {
        // SAFETY: passed on to the caller.
        unsafe { lifecycle::drop_contents::<T>(object) }
    }

    unsafe fn drop_attachments(object: *mut ffi::PyObject) {
        // SAFETY: passed on to the caller.
        unsafe { lifecycle::drop_attachments::<T>(object) }
    }

    unsafe fn free(object: *mut ffi::PyObject) {
        // SAFETY: passed on to the caller.
        unsafe { <T::BaseType as ClassBase>::free(object) }
    }
}

/// What a built-in base does; `class` is its type object.
mod native {
    use super::*;

    pub(super) fn check_size(class: *mut ffi::PyTypeObject, size: usize) -> PyResult<()> {
        // SAFETY: a static type object, initialised with the runtime.
        let actual = unsafe { (*class).tp_basicsize } as usize;
        if actual == size {
            return Ok(());
        }
        Err(crate::exceptions::PySystemError::new_err(format!(
            "an instance of the base class has {actual} bytes in this Python, not {size}"
        )))
    }

    pub(super) fn has_gc(class: *mut ffi::PyTypeObject) -> bool {
        // SAFETY: a static type object, initialised with the runtime.
        unsafe { ffi::PyType_HasFeature(class, ffi::Py_TPFLAGS_HAVE_GC) != 0 }
    }

    pub(super) unsafe fn allocate(
        py: Python<'_>,
        class: *mut ffi::PyTypeObject,
        subtype: *mut ffi::PyTypeObject,
    ) -> PyResult<*mut ffi::PyObject> {
        // SAFETY: attached; `subtype` derives from `class`, by the caller's contract. `object`'s
        // own constructor would look for abstract methods and arguments; there are none.
        let object = unsafe {
            if class == &raw mut ffi::PyBaseObject_Type {
                let allocate = (*subtype).tp_alloc.unwrap_or(ffi::PyType_GenericAlloc);
                allocate(subtype, 0)
            } else {
                let Some(new) = (*class).tp_new else {
                    return Err(crate::exceptions::PyTypeError::new_err(
                        "base type without tp_new",
                    ));
                };
                let arguments = Bound::from_owned_ptr_or_err(py, ffi::PyTuple_New(0))?;
                new(subtype, arguments.as_ptr(), null_mut())
            }
        };
        if object.is_null() {
            return Err(PyErr::fetch(py));
        }
        Ok(object)
    }

    pub(super) unsafe fn traverse(
        class: *mut ffi::PyTypeObject,
        object: *mut ffi::PyObject,
        visit: ffi::visitproc,
        arg: *mut c_void,
    ) -> c_int {
        // SAFETY: a live object, seen by the collector; every instance of a heap type refers to
        // its type, and a static base does not visit that.
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

    pub(super) unsafe fn clear(class: *mut ffi::PyTypeObject, object: *mut ffi::PyObject) -> c_int {
        // SAFETY: passed on to the caller.
        unsafe { (*class).tp_clear.map_or(0, |clear| clear(object)) }
    }

    pub(super) unsafe fn free(class: *mut ffi::PyTypeObject, object: *mut ffi::PyObject) {
        // SAFETY: the object is dying, its Rust part is gone. A base that is known to the
        // collector expects to find its instance tracked.
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

/// Makes built-in types possible bases.
macro_rules! native_bases {
    ($($name:ty, $layout:ty, $class:expr, dict: $dict:literal, weak: $weak:literal;)*) => {$(
        // SAFETY: the layout is CPython's (its size is checked when a class is made), the owner
        // follows it; the functions do what CPython does for its own subtypes.
        unsafe impl ClassBase for $name {
            type Layout = $layout;
            type OwnHeader = Header;
            type Initializer = NativeInitializer<$name>;
            const HEADER: usize = size_of::<$layout>().next_multiple_of(align_of::<Header>());

            fn base_type<'py>(
                _py: Python<'py>,
                _module: Option<&Bound<'py, PyAny>>,
            ) -> PyResult<*mut ffi::PyTypeObject> {
                native::check_size(native_class!($class), size_of::<$layout>())?;
                Ok(native_class!($class))
            }

            fn has_gc() -> bool {
                native::has_gc(native_class!($class))
            }

            fn has_dict_and_weak_list() -> (bool, bool) {
                ($dict, $weak)
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
            ) -> PyResult<*mut ffi::PyObject> {
                // SAFETY: passed on to the caller.
                unsafe { native::allocate(py, native_class!($class), subtype) }
            }

            unsafe fn traverse(
                object: *mut ffi::PyObject,
                visit: ffi::visitproc,
                arg: *mut c_void,
            ) -> c_int {
                // SAFETY: passed on to the caller.
                unsafe { native::traverse(native_class!($class), object, visit, arg) }
            }

            unsafe fn clear(object: *mut ffi::PyObject) -> c_int {
                // SAFETY: passed on to the caller.
                unsafe { native::clear(native_class!($class), object) }
            }

            unsafe fn drop_contents(_object: *mut ffi::PyObject) {}

            unsafe fn drop_attachments(_object: *mut ffi::PyObject) {}

            unsafe fn free(object: *mut ffi::PyObject) {
                // SAFETY: passed on to the caller.
                unsafe { native::free(native_class!($class), object) }
            }
        }
    )*};
}

/// The address of a built-in class.
macro_rules! native_class {
    ($class:expr) => {{
        #[allow(unused_unsafe)]
        // SAFETY: a static of CPython, set before any token exists and never changed.
        let class: *mut ffi::PyTypeObject = unsafe { $class };
        class
    }};
}

native_bases! {
    PyAny, ffi::PyObject, &raw mut ffi::PyBaseObject_Type, dict: false, weak: false;
    crate::types::PyDict, ffi::PyDictObject, &raw mut ffi::PyDict_Type, dict: false, weak: false;
    crate::types::PyList, ffi::PyListObject, &raw mut ffi::PyList_Type, dict: false, weak: false;
}

/// Exceptions by their layout. The rest have one that the raw bindings do not know.
macro_rules! exception_bases {
    ($($layout:ident { $($name:ident, $class:ident;)* })*) => {
        native_bases! {$($(
            crate::exceptions::$name, ffi::$layout, ffi::$class.cast(), dict: true, weak: false;
        )*)*}

        #[cfg(test)]
        #[test]
        fn the_layouts_of_exceptions_are_this_pythons() {
            Python::attach(|py| {
                $($({
                    let class = <crate::exceptions::$name as ClassBase>::base_type(py, None);
                    assert!(class.is_ok(), "{}: {class:?}", stringify!($name));
                })*)*
            });
        }
    };
}

exception_bases! {
    PyBaseExceptionObject {
        PyArithmeticError, PyExc_ArithmeticError;
        PyAssertionError, PyExc_AssertionError;
        PyBaseException, PyExc_BaseException;
        PyBufferError, PyExc_BufferError;
        PyBytesWarning, PyExc_BytesWarning;
        PyDeprecationWarning, PyExc_DeprecationWarning;
        PyEOFError, PyExc_EOFError;
        PyEncodingWarning, PyExc_EncodingWarning;
        PyException, PyExc_Exception;
        PyFloatingPointError, PyExc_FloatingPointError;
        PyFutureWarning, PyExc_FutureWarning;
        PyGeneratorExit, PyExc_GeneratorExit;
        PyImportWarning, PyExc_ImportWarning;
        PyIndexError, PyExc_IndexError;
        PyKeyError, PyExc_KeyError;
        PyKeyboardInterrupt, PyExc_KeyboardInterrupt;
        PyLookupError, PyExc_LookupError;
        PyMemoryError, PyExc_MemoryError;
        PyNotImplementedError, PyExc_NotImplementedError;
        PyOverflowError, PyExc_OverflowError;
        PyPendingDeprecationWarning, PyExc_PendingDeprecationWarning;
        PyRecursionError, PyExc_RecursionError;
        PyReferenceError, PyExc_ReferenceError;
        PyResourceWarning, PyExc_ResourceWarning;
        PyRuntimeError, PyExc_RuntimeError;
        PyRuntimeWarning, PyExc_RuntimeWarning;
        PyStopAsyncIteration, PyExc_StopAsyncIteration;
        PySyntaxWarning, PyExc_SyntaxWarning;
        PySystemError, PyExc_SystemError;
        PyTypeError, PyExc_TypeError;
        PyUnicodeError, PyExc_UnicodeError;
        PyUnicodeWarning, PyExc_UnicodeWarning;
        PyUserWarning, PyExc_UserWarning;
        PyValueError, PyExc_ValueError;
        PyWarning, PyExc_Warning;
        PyZeroDivisionError, PyExc_ZeroDivisionError;
    }
    PyImportErrorObject {
        PyImportError, PyExc_ImportError;
        PyModuleNotFoundError, PyExc_ModuleNotFoundError;
    }
    PyOSErrorObject {
        PyBlockingIOError, PyExc_BlockingIOError;
        PyBrokenPipeError, PyExc_BrokenPipeError;
        PyChildProcessError, PyExc_ChildProcessError;
        PyConnectionAbortedError, PyExc_ConnectionAbortedError;
        PyConnectionError, PyExc_ConnectionError;
        PyConnectionRefusedError, PyExc_ConnectionRefusedError;
        PyConnectionResetError, PyExc_ConnectionResetError;
        PyFileExistsError, PyExc_FileExistsError;
        PyFileNotFoundError, PyExc_FileNotFoundError;
        PyInterruptedError, PyExc_InterruptedError;
        PyIsADirectoryError, PyExc_IsADirectoryError;
        PyNotADirectoryError, PyExc_NotADirectoryError;
        PyOSError, PyExc_OSError;
        PyPermissionError, PyExc_PermissionError;
        PyProcessLookupError, PyExc_ProcessLookupError;
        PyTimeoutError, PyExc_TimeoutError;
    }
    PyStopIterationObject {
        PyStopIteration, PyExc_StopIteration;
    }
    PySyntaxErrorObject {
        PyIndentationError, PyExc_IndentationError;
        PySyntaxError, PyExc_SyntaxError;
        PyTabError, PyExc_TabError;
    }
    PySystemExitObject {
        PySystemExit, PyExc_SystemExit;
    }
    PyUnicodeErrorObject {
        PyUnicodeDecodeError, PyExc_UnicodeDecodeError;
        PyUnicodeEncodeError, PyExc_UnicodeEncodeError;
        PyUnicodeTranslateError, PyExc_UnicodeTranslateError;
    }
}
