//! The macros that bind a marker type to an exception class.

/// Implements the items common to all exception types: `new_err`, and the conversion of exception
/// objects to `PyErr`.
#[doc(hidden)]
#[macro_export]
macro_rules! impl_exception_boilerplate {
    ($name:ident) => {
        impl $crate::types::DerefToPyAny for $name {}

        impl $crate::ToPyErr for $name {}

        impl $name {
            /// Creates a lazy exception of this class, like `PyErr::new`.
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

/// Binds marker types to CPython's built-in exception classes, which are static and shared by all
/// interpreters: `PyKeyError = "KeyError", PyExc_KeyError;`. An `example "…"` before the semicolon
/// replaces the default doc example.
macro_rules! native_exceptions {
    ($($name:ident = $python:literal, $class:ident $(, example $example:literal)?;)*) => {$(
        native_exception! { $name, $python, $class, exception_example!($name $(, $example)?), }
    )*};
}

/// Expands to the doc example of an exception type.
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

/// Binds one marker type to a built-in exception class; `$check` overrides an item of its
/// `PyTypeInfo`.
macro_rules! native_exception {
    ($name:ident, $python:literal, $class:ident, $example:expr, $($check:item)?) => {
        #[doc = concat!("Python's `", $python, "`.")]
        ///
        /// ```
        #[doc = $example]
        /// ```
        ///
        #[doc = concat!("C API: `", stringify!($class), "`.")]
        #[repr(transparent)]
        pub struct $name($crate::types::PyAny);

        $crate::impl_exception_boilerplate!($name);

        // SAFETY: a static class of CPython, valid in every interpreter; the marker adds no fields,
        // so it describes any instance.
        unsafe impl $crate::PyTypeInfo for $name {
            $crate::native_type_hint!("builtins", $python);

            #[inline]
            fn type_object_raw(_py: $crate::Python<'_>) -> *mut $crate::ffi::PyTypeObject {
                // SAFETY: CPython sets it before any token exists and never changes it.
                #[allow(unused_unsafe, reason = "not all classes are in statics of this build")]
                unsafe {
                    $crate::capi::exception_class!($class).cast()
                }
            }

            $($check)?
        }
    };
}

/// Defines an exception type: `create_exception!(module, Name, Base)`, with an optional doc string
/// as the fourth argument. The class is created on first use in each interpreter; its `__module__`
/// is the given module.
///
/// Add the class to your module so that Python code can catch it:
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
        $crate::create_exception_record!($name, $base);
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
        $crate::create_exception_record!($name, $base, $doc);
    };
}

/// Declares the type hint of a class, with the feature `experimental-inspect`.
#[cfg(feature = "experimental-inspect")]
#[doc(hidden)]
#[macro_export]
macro_rules! exception_type_hint {
    ($module:expr, $name:ident) => {
        const TYPE_HINT: $crate::inspect::PyStaticExpr =
            $crate::inspect::PyStaticExpr::PyClass($crate::inspect::PyClassNameStaticExpr::new(
                &$crate::type_hint_identifier!(
                    ::core::stringify!($module),
                    ::core::stringify!($name)
                ),
                ::core::concat!(::core::module_path!(), "::", ::core::stringify!($name)),
            ));
    };
}

/// Declares nothing without the feature.
#[cfg(not(feature = "experimental-inspect"))]
#[doc(hidden)]
#[macro_export]
macro_rules! exception_type_hint {
    ($module:expr, $name:ident) => {};
}

/// Puts the record of a class into the module, for stubs.
#[cfg(all(feature = "experimental-inspect", feature = "macros"))]
#[doc(hidden)]
#[macro_export]
macro_rules! create_exception_record {
    ($name:ident, $base:ty $(, $doc:expr)?) => {
        $crate::impl_::inspect::exception_record! { $crate, $name, $base $(, $doc)? }
    };
}

/// Does nothing without the features.
#[cfg(not(all(feature = "experimental-inspect", feature = "macros")))]
#[doc(hidden)]
#[macro_export]
macro_rules! create_exception_record {
    ($name:ident, $base:ty $(, $doc:expr)?) => {};
}

#[doc(hidden)]
#[macro_export]
macro_rules! create_exception_type_object {
    ($module:expr, $name:ident, $base:ty, $doc:expr) => {
        $crate::impl_exception_boilerplate!($name);
        $crate::python_base! {
            $name: $base as $crate::impl_::class::ExceptionObject,
                with $crate::impl_::class::BaseArguments;
        }

        // SAFETY: the interpreter's slot keeps the class alive until the interpreter ends; it is an
        // exception class, and the marker adds no fields, so it describes any instance.
        unsafe impl $crate::PyTypeInfo for $name {
            $crate::exception_type_hint!($module, $name);

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
/// class is imported on first use in each interpreter.
///
/// # Panics
/// On first use, if the class does not exist.
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
/// C API: `PyImport_Import`.
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
        $crate::python_base! {
            $name: $crate::exceptions::PyBaseException as $crate::impl_::class::ExceptionObject,
                with $crate::impl_::class::BaseArguments;
        }

        // SAFETY: the interpreter's slot keeps the class alive until the interpreter ends; it was
        // checked to be an exception class, and the marker adds no fields, so it describes any
        // instance.
        unsafe impl $crate::PyTypeInfo for $name {
            $crate::native_type_hint!(::core::stringify!($module), ::core::stringify!($name));

            #[inline]
            fn type_object_raw(py: $crate::Python<'_>) -> *mut $crate::ffi::PyTypeObject {
                static CLASS: $crate::exceptions::class::LocalClass =
                    $crate::exceptions::class::LocalClass::new();
                CLASS.imported(py, ::core::stringify!($module), ::core::stringify!($name))
            }
        }
    };
}

/// Binds a marker type to an exception class of the module `builtins` that the C API does not
/// export on every version that has the class.
macro_rules! builtin_exception {
    ($(#[$attribute:meta])* $name:ident = $python:literal) => {
        $(#[$attribute])*
        #[repr(transparent)]
        pub struct $name($crate::PyAny);

        $crate::impl_exception_boilerplate!($name);

        // SAFETY: the interpreter's slot keeps the class alive until the interpreter ends; it was
        // checked to be an exception class, and the marker adds no fields, so it describes any
        // instance.
        unsafe impl $crate::PyTypeInfo for $name {
            $crate::native_type_hint!("builtins", $python);

            #[inline]
            fn type_object_raw(py: $crate::Python<'_>) -> *mut $crate::ffi::PyTypeObject {
                static CLASS: $crate::exceptions::class::LocalClass =
                    $crate::exceptions::class::LocalClass::new();
                CLASS.imported(py, "builtins", $python)
            }
        }
    };
}
