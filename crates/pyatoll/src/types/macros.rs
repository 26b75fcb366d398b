//! How a marker struct is tied to a Python type.

/// Ties a marker struct to a built-in type with a static type object and, where CPython has one, a
/// faster check than `PyObject_TypeCheck`.
///
/// `native_type!(PyList, PyList_Type, PyList_Check);`
macro_rules! native_type {
    ($name:ident, $class:ident $(, $check:ident)?) => {
        native_type!($name, { &raw mut ::pyo3_ffi::$class } $(, $check)?);
    };
    ($name:ident, $class:block $(, $check:ident)?) => {
        impl $crate::object::DerefToPyAny for $name {}

        // SAFETY: a static type of CPython, valid in every interpreter; the marker has no fields
        // of its own, so any instance is one.
        unsafe impl $crate::object::PyTypeInfo for $name {
            #[inline]
            #[allow(unused_unsafe)]
            fn type_object_raw(_py: $crate::Python<'_>) -> *mut ::pyo3_ffi::PyTypeObject {
                // SAFETY: only the address is taken.
                unsafe { $class }
            }

            $(
                #[inline]
                fn is_type_of(object: &$crate::Bound<'_, $crate::PyAny>) -> bool {
                    // SAFETY: attached, a valid object.
                    unsafe { ::pyo3_ffi::$check(object.as_ptr()) != 0 }
                }
            )?
        }
    };
}

pub(crate) use native_type;

/// The methods that `list` and `tuple` have in common, for the `impl` of their traits: those of any
/// sequence.
macro_rules! sequence_methods {
    () => {
        #[inline]
        fn is_empty(&self) -> bool {
            self.len() == 0
        }

        #[inline]
        fn as_sequence(&self) -> &Bound<'py, PySequence> {
            // SAFETY: lists and tuples are sequences.
            unsafe { self.cast_unchecked() }
        }

        #[inline]
        fn into_sequence(self) -> Bound<'py, PySequence> {
            // SAFETY: lists and tuples are sequences.
            unsafe { self.cast_into_unchecked() }
        }

        fn contains<V>(&self, value: V) -> PyResult<bool>
        where
            V: IntoPyObject<'py>,
        {
            self.as_sequence().contains(value)
        }

        fn index<V>(&self, value: V) -> PyResult<usize>
        where
            V: IntoPyObject<'py>,
        {
            self.as_sequence().index(value)
        }
    };
}
