//! Differences between versions of CPython, as constants with one meaning.

use std::sync::atomic::Ordering;

use crate::capi::{self as ffi, at_least, type_fields};

/// Whether several threads may be attached to an interpreter at once.
pub(super) const FREE_THREADED: bool = cfg!(Py_GIL_DISABLED);

/// The ordering of a load that acquires another attached thread's release store. With a GIL, its
/// transfer already orders them.
pub(super) const ACQUIRE_UNLESS_GIL: Ordering = if FREE_THREADED {
    Ordering::Acquire
} else {
    Ordering::Relaxed
};

/// Returns whether CPython itself defers deeply nested deallocations of all objects that its
/// collector tracks. Earlier versions do it only for the Python part of a subclass, and 3.13 only
/// after 10,000 levels, for which not every thread's stack has room. In WebAssembly, CPython does
/// not know how much of the engine's stack is left.
#[inline(always)]
pub(super) fn has_general_trashcan() -> bool {
    !cfg!(target_family = "wasm") && at_least(14)
}

/// Returns the number of digits of an `int` for which there is space. Zero has one as well.
///
/// # Safety
/// The object must be a live instance of `int`.
#[inline]
pub(super) unsafe fn digits_of_int(object: *mut ffi::PyObject) -> usize {
    // SAFETY: a live `int` (upheld by the caller), whose size follows the object head:
    // `ob_size`, negative for a negative number, and from 3.12 on `lv_tag`.
    let word = unsafe {
        object
            .byte_add(type_fields::head_size())
            .cast::<isize>()
            .read()
    };
    let digits = if at_least(12) {
        word as usize >> 3
    } else {
        word.unsigned_abs()
    };
    digits.max(1)
}

/// The memory of instances of built-in types: CPython's structs. In a build for the stable ABI they
/// are markers without size, since it hides the sizes: see `BehindBase`.
pub mod layouts {
    #[cfg(not(Py_LIMITED_API))]
    pub use fixed::*;
    #[cfg(Py_LIMITED_API)]
    pub use running::*;

    #[cfg(not(Py_LIMITED_API))]
    mod fixed {
        use std::mem::ManuallyDrop;

        use pyo3_ffi as ffi;
        pub use pyo3_ffi::{
            PyBaseExceptionObject, PyComplexObject, PyDateTime_Date, PyDateTime_DateTime,
            PyDateTime_Delta, PyDateTime_Time, PyDictObject, PyFloatObject, PyImportErrorObject,
            PyListObject, PyOSErrorObject, PyObject, PySetObject, PyStopIterationObject,
            PySyntaxErrorObject, PySystemExitObject, PyUnicodeErrorObject, PyUnicodeObject,
        };

        /// The memory of an instance of `BaseExceptionGroup`.
        #[repr(C)]
        pub struct BaseExceptionGroupObject {
            base: ffi::PyBaseExceptionObject,
            message: *mut ffi::PyObject,
            exceptions: *mut ffi::PyObject,
            #[cfg(Py_3_13)]
            text: *mut ffi::PyObject,
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

        /// Space for an instance of any built-in exception, for the classes that derive from one.
        #[repr(C)]
        pub union ExceptionObject {
            group: ManuallyDrop<BaseExceptionGroupObject>,
            os_error: ManuallyDrop<ffi::PyOSErrorObject>,
            syntax_error: ManuallyDrop<ffi::PySyntaxErrorObject>,
            unicode_error: ManuallyDrop<ffi::PyUnicodeErrorObject>,
            import_error: ManuallyDrop<ffi::PyImportErrorObject>,
        }
    }

    #[cfg(Py_LIMITED_API)]
    mod running {
        use std::sync::atomic::AtomicUsize;

        use crate::class::unsized_base::SizeOfBase;

        /// Space for an instance of any built-in exception, of which the size is not known.
        pub type ExceptionObject = crate::class::unsized_base::Unsized;

        macro_rules! markers {
            ($($name:ident)*) => {$(
                #[allow(non_camel_case_types, reason = "CPython's names")]
                pub struct $name;

                impl SizeOfBase for $name {
                    fn offset() -> &'static AtomicUsize {
                        static OFFSET: AtomicUsize = AtomicUsize::new(0);
                        &OFFSET
                    }
                }
            )*};
        }

        markers! {
            AttributeErrorObject BaseExceptionGroupObject NameErrorObject PyBaseExceptionObject
            PyComplexObject PyDateTime_Date PyDateTime_DateTime PyDateTime_Delta
            PyDateTime_Time PyDictObject PyFloatObject PyImportErrorObject PyListObject
            PyOSErrorObject PySetObject PyStopIterationObject PySyntaxErrorObject
            PySystemExitObject PyUnicodeErrorObject PyUnicodeObject
        }

        #[cfg(not(Py_GIL_DISABLED))]
        pub use pyo3_ffi::PyObject;

        #[cfg(Py_GIL_DISABLED)]
        markers!(PyObject);
    }
}

/// Behind an instance of a built-in type.
#[cfg(not(Py_LIMITED_API))]
pub type BehindBase<L> = super::native_place::Behind<L>;

/// Behind an instance of a built-in type, whose size the stable ABI hides.
#[cfg(Py_LIMITED_API)]
pub type BehindBase<L> = super::unsized_base::BehindUnsized<L>;

/// Returns the sizes of the head of an object, and of an instance of a class that extends `object`
/// and has `size` bytes from the start of its `Layout` on.
#[inline(always)]
#[cfg(not(all(Py_LIMITED_API, Py_GIL_DISABLED)))]
pub(super) const fn plain_sizes(size: usize) -> (usize, usize) {
    (size_of::<ffi::PyObject>(), size)
}

/// Returns the sizes of the head of an object, and of an instance of a class that extends `object`
/// and has `size` bytes from the start of its `Layout` on.
#[inline(always)]
#[cfg(all(Py_LIMITED_API, Py_GIL_DISABLED))]
pub(super) fn plain_sizes(size: usize) -> (usize, usize) {
    use super::native_place::Place;

    let head = BehindObject::known_size_before();
    (head, head + size)
}

/// Behind the head of an object.
#[cfg(not(all(Py_LIMITED_API, Py_GIL_DISABLED)))]
pub type BehindObject = super::native_place::Behind<ffi::PyObject>;

/// Behind the head of an object, which is larger without a GIL.
#[cfg(all(Py_LIMITED_API, Py_GIL_DISABLED))]
pub type BehindObject = super::unsized_base::BehindUnsized<layouts::PyObject>;
