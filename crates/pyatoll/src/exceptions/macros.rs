//! How a marker type is tied to an exception class.

/// What all exception types have: `new_err`, and the conversion of their objects to `PyErr`.
#[doc(hidden)]
#[macro_export]
macro_rules! impl_exception_boilerplate {
    ($name:ident) => {
        impl $crate::DerefToPyAny for $name {}

        impl $crate::ToPyErr for $name {}

        impl $name {
            /// A lazy exception of this class, as `PyErr::new` makes.
            #[allow(dead_code)]
            #[inline]
            pub fn new_err<A>(args: A) -> $crate::PyErr
            where
                A: $crate::PyErrArguments + ::core::marker::Send + ::core::marker::Sync + 'static,
            {
                $crate::PyErr::new::<$name, A>(args)
            }
        }
    };
}

/// Ties marker types to CPython's own exception classes, which are static and the same for all
/// interpreters: `PyKeyError = "KeyError", PyExc_KeyError;`, a `where` before the semicolon gives
/// an example other than the usual one.
macro_rules! native_exceptions {
    ($($name:ident = $python:literal, $class:ident $(, example $example:literal)?;)*) => {$(
        native_exception! { $name, $python, $class, exception_example!($name $(, $example)?), }
    )*};
}

/// The doc example of an exception type.
macro_rules! exception_example {
    ($name:ident) => {
        concat!(
            "use pyatoll::prelude::*;\n",
            "use pyatoll::exceptions::",
            stringify!($name),
            ";\n\n",
            "let error = ",
            stringify!($name),
            "::new_err(\"what happened\");\n",
            "Python::attach(|py| assert!(error.is_instance_of::<",
            stringify!($name),
            ">(py)));\n",
        )
    };
    ($name:ident, $example:literal) => {
        concat!(
            "use pyatoll::prelude::*;\n",
            "use pyatoll::exceptions::",
            stringify!($name),
            ";\n\n",
            $example,
            "\n",
        )
    };
}

/// One native exception class, with more items for its `PyTypeInfo`.
macro_rules! native_exception {
    ($name:ident, $python:literal, $class:ident, $example:expr, $($check:item)?) => {
        #[doc = concat!("Python's `", $python, "`.")]
        ///
        /// ```
        #[doc = $example]
        /// ```
        #[repr(transparent)]
        pub struct $name($crate::types::PyAny);

        $crate::impl_exception_boilerplate!($name);

        // SAFETY: a static class of CPython, valid in every interpreter; the marker has no fields
        // of its own, so any instance is one.
        unsafe impl $crate::PyTypeInfo for $name {
            #[inline]
            fn type_object_raw(_py: $crate::Python<'_>) -> *mut $crate::ffi::PyTypeObject {
                // SAFETY: set by CPython before any token exists, and never changed.
                unsafe { $crate::ffi::$class.cast() }
            }

            $($check)?
        }
    };
}

/// Defines an exception type: `create_exception!(module, Name, Base)`, and a doc string as a fourth
/// argument if wanted. The class is made at first use in each interpreter; its `__module__` is the
/// module named.
///
/// Add the class to your module, so that Python code can catch it:
/// `m.add("NotReady", py.get_type::<NotReady>())`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::create_exception;
/// use pyatoll::exceptions::PyException;
///
/// create_exception!(device, NotReady, PyException, "The device is not ready.");
/// create_exception!(device, NotConnected, NotReady);
///
/// Python::attach(|py| {
///     let error = NotConnected::new_err("no cable");
///     assert!(error.is_instance_of::<NotReady>(py));
///     assert_eq!(error.to_string(), "NotConnected: no cable");
/// });
/// ```
///
/// C API: `PyErr_NewExceptionWithDoc`.
#[macro_export]
macro_rules! create_exception {
    ($module:expr, $name:ident, $base:ty) => {
        #[doc = ::core::concat!(
                    "Python's `", ::core::stringify!($module), ".", ::core::stringify!($name), "`."
                )]
        #[repr(transparent)]
        #[allow(non_camel_case_types)]
        pub struct $name($crate::PyAny);

        $crate::create_exception_type_object!($module, $name, $base, ::core::option::Option::None);
    };
    ($module:expr, $name:ident, $base:ty, $doc:expr) => {
        #[doc = $doc]
        #[repr(transparent)]
        #[allow(non_camel_case_types)]
        pub struct $name($crate::PyAny);

        $crate::create_exception_type_object!(
            $module,
            $name,
            $base,
            ::core::option::Option::Some($crate::c_str!($doc))
        );
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! create_exception_type_object {
    ($module:expr, $name:ident, $base:ty, $doc:expr) => {
        $crate::impl_exception_boilerplate!($name);

        // SAFETY: the class is kept by this interpreter's slot until it ends; it is an exception
        // class without fields of its own, so any instance is one.
        unsafe impl $crate::PyTypeInfo for $name {
            #[inline]
            fn type_object_raw(py: $crate::Python<'_>) -> *mut $crate::ffi::PyTypeObject {
                static CLASS: $crate::exceptions::class::LocalClass =
                    $crate::exceptions::class::LocalClass::new();
                CLASS.created::<$base>(
                    py,
                    $crate::c_str!(::core::concat!(
                        ::core::stringify!($module),
                        ".",
                        ::core::stringify!($name)
                    )),
                    $doc,
                )
            }
        }
    };
}

/// Defines a type for an exception class of a Python module: `import_exception!(module, Name)`. The
/// class is imported at first use in each interpreter.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::import_exception;
///
/// import_exception!(json.decoder, JSONDecodeError);
///
/// Python::attach(|py| {
///     let error = py.run(c"import json; json.loads('{')", None, None).unwrap_err();
///     assert!(error.is_instance_of::<JSONDecodeError>(py));
/// });
/// ```
///
/// # Panics
/// At first use, if there is no such class.
#[macro_export]
macro_rules! import_exception {
    ($module:expr, $name:ident) => {
        #[doc = ::core::concat!(
                    "Python's `", ::core::stringify!($module), ".", ::core::stringify!($name), "`."
                )]
        #[repr(transparent)]
        #[allow(non_camel_case_types)]
        pub struct $name($crate::PyAny);

        $crate::impl_exception_boilerplate!($name);

        // SAFETY: the class is kept by this interpreter's slot until it ends; it was checked to be
        // an exception class, and the marker has no fields, so any instance is one.
        unsafe impl $crate::PyTypeInfo for $name {
            #[inline]
            fn type_object_raw(py: $crate::Python<'_>) -> *mut $crate::ffi::PyTypeObject {
                static CLASS: $crate::exceptions::class::LocalClass =
                    $crate::exceptions::class::LocalClass::new();
                CLASS.imported(py, ::core::stringify!($module), ::core::stringify!($name))
            }
        }
    };
}

/// Ties a marker type to an exception class of the module `builtins` for which the C API has no
/// name on all versions that have the class.
macro_rules! builtin_exception {
    ($(#[$attribute:meta])* $name:ident = $python:literal) => {
        $(#[$attribute])*
        #[repr(transparent)]
        pub struct $name($crate::PyAny);

        $crate::impl_exception_boilerplate!($name);

        // SAFETY: as in `import_exception!`.
        unsafe impl $crate::PyTypeInfo for $name {
            #[inline]
            fn type_object_raw(py: $crate::Python<'_>) -> *mut $crate::ffi::PyTypeObject {
                static CLASS: $crate::exceptions::class::LocalClass =
                    $crate::exceptions::class::LocalClass::new();
                CLASS.imported(py, "builtins", $python)
            }
        }
    };
}
