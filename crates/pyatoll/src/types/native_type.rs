//! PyO3's hidden macros for types that C code defines, which crates such as `numpy` use.
//!
//! The type object comes from a function of the token: in each interpreter, it must be that
//! interpreter's. A module name and a name are for type hints.
//!
//! ```
//! use pyatoll::prelude::*;
//! use pyatoll::type_object::PySizedLayout;
//! use pyatoll::{ffi, pyobject_native_static_type_object, pyobject_native_type};
//!
//! #[repr(transparent)]
//! struct Range(PyAny);
//!
//! #[repr(C)]
//! struct RangeObject {
//!     base: ffi::PyObject,
//!     fields: [*mut ffi::PyObject; 4],
//! }
//!
//! pyobject_native_type!(
//!     Range,
//!     RangeObject,
//!     pyobject_native_static_type_object!(ffi::PyRange_Type),
//!     "builtins",
//!     "range",
//!     #checkfunction=ffi::PyRange_Check
//! );
//!
//! fn size<T, L: PySizedLayout<T>>() -> usize {
//!     size_of::<L>()
//! }
//!
//! Python::attach(|py| {
//!     let object = py.eval(c"range(5)", None, None)?;
//!     let range: Bound<'_, Range> = object.cast_into()?;
//!     assert_eq!(range.len()?, 5);
//!     assert_eq!(py.get_type::<Range>().name()?, "range");
//!     assert_eq!(size::<Range, RangeObject>(), size_of::<RangeObject>());
//!     Ok::<_, PyErr>(())
//! })?;
//! # Ok::<_, PyErr>(())
//! ```

/// Lets handles of the type deref to `Bound<PyAny>`.
#[doc(hidden)]
#[macro_export]
macro_rules! pyobject_native_type_named {
    ($name:ty $(;$generics:ident)*) => {
        impl<$($generics,)*> $crate::types::DerefToPyAny for $name {}
    };
}

/// Returns the function that returns a static type object.
#[doc(hidden)]
#[macro_export]
macro_rules! pyobject_native_static_type_object {
    ($object:expr) => {
        |_py| &raw mut $object
    };
}

/// Declares the type hint, with the feature `experimental-inspect`.
#[cfg(feature = "experimental-inspect")]
#[doc(hidden)]
#[macro_export]
macro_rules! native_type_hint {
    ($module:expr, $name:expr) => {
        const TYPE_HINT: $crate::inspect::PyStaticExpr =
            $crate::type_hint_identifier!($module, $name);
    };
}

/// Declares nothing without the feature.
#[cfg(not(feature = "experimental-inspect"))]
#[doc(hidden)]
#[macro_export]
macro_rules! native_type_hint {
    ($module:expr, $name:expr) => {};
}

/// Implements `PyTypeInfo`.
///
/// # Safety
/// `$object` must be a function that returns the type object of the token's interpreter, which
/// stays alive as long as the interpreter; `$check` must tell whether an object is an instance of
/// it. `$name` must describe any instance.
#[doc(hidden)]
#[macro_export]
macro_rules! pyobject_native_type_info {
    (
        $name:ty, $object:expr, $hint_module:expr, $hint_name:expr, $module:expr
        $(, #checkfunction=$check:path)? $(;$generics:ident)*
    ) => {
        // SAFETY: the type object is the one of the token's interpreter, `$check` recognizes its
        // instances, and `$name` describes all of them (upheld by the caller of the macro).
        unsafe impl<$($generics,)*> $crate::type_object::PyTypeInfo for $name {
            $crate::native_type_hint!($hint_module, $hint_name);

            #[inline]
            #[allow(clippy::redundant_closure_call)]
            fn type_object_raw(py: $crate::Python<'_>) -> *mut $crate::ffi::PyTypeObject {
                ($object)(py)
            }

            $(
                #[inline]
                fn is_type_of(object: &$crate::Bound<'_, $crate::PyAny>) -> bool {
                    #[allow(unused_unsafe)]
                    // SAFETY: attached; a live object.
                    unsafe {
                        $check(object.as_ptr()) > 0
                    }
                }
            )?
        }
    };
}

/// Implements what every type needs: `pyobject_native_type_named` and `pyobject_native_type_info`.
#[doc(hidden)]
#[macro_export]
macro_rules! pyobject_native_type_core {
    (
        $name:ty, $object:expr, $hint_module:expr, $hint_name:expr, #module=$module:expr
        $(, #checkfunction=$check:path)? $(;$generics:ident)*
    ) => {
        $crate::pyobject_native_type_named!($name $(;$generics)*);
        $crate::pyobject_native_type_info!(
            $name, $object, $hint_module, $hint_name, $module
            $(, #checkfunction=$check)? $(;$generics)*
        );
    };
    (
        $name:ty, $object:expr, $hint_module:expr, $hint_name:expr
        $(, #checkfunction=$check:path)? $(;$generics:ident)*
    ) => {
        $crate::pyobject_native_type_core!(
            $name, $object, $hint_module, $hint_name,
            #module=::core::option::Option::Some("builtins")
            $(, #checkfunction=$check)? $(;$generics)*
        );
    };
}

/// Declares the memory of an instance.
#[doc(hidden)]
#[macro_export]
macro_rules! pyobject_native_type_sized {
    ($name:ty, $layout:path $(;$generics:ident)*) => {
        // SAFETY: `$layout` is the memory of an instance (upheld by the caller of the macro).
        unsafe impl<$($generics,)*> $crate::type_object::PyLayout<$name> for $layout {}
        impl<$($generics,)*> $crate::type_object::PySizedLayout<$name> for $layout {}
    };
}

/// Implements what a type of known layout needs.
#[doc(hidden)]
#[macro_export]
macro_rules! pyobject_native_type {
    (
        $name:ty, $layout:path, $object:expr, $hint_module:expr, $hint_name:expr
        $(, #module=$module:expr)? $(, #checkfunction=$check:path)? $(;$generics:ident)*
    ) => {
        $crate::pyobject_native_type_core!(
            $name, $object, $hint_module, $hint_name
            $(, #module=$module)? $(, #checkfunction=$check)? $(;$generics)*
        );
        $crate::pyobject_native_type_sized!($name, $layout $(;$generics)*);
    };
}

/// Lets classes extend a type that each interpreter has for itself. Its instances must have the
/// layout of those of `object`, or creating such a class is a `TypeError`.
#[doc(hidden)]
#[macro_export]
macro_rules! pyobject_subclassable_native_type {
    ($name:ty, $layout:path $(;$generics:ident)*) => {
        $crate::python_base! { $name: $crate::PyAny as $crate::ffi::PyObject, with (); }
    };
}
