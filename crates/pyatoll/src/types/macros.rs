//! `native_type!`, which binds a marker struct to a built-in type, `into_iterator!` and
//! `sequence_methods!`.

/// Binds a marker struct to a built-in type with a static type object and, where CPython has one,
/// a faster check than `PyObject_TypeCheck`. In parentheses are the module and name for type hints.
///
/// `native_type!(PyList: ("builtins", "list"), PyList_Type, PyList_Check);`
macro_rules! native_type {
    ($name:ident: $hint:tt, $class:ident $(, $check:ident)?) => {
        native_type!($name: $hint, { &raw mut ::pyo3_ffi::$class } $(, $check)?);
    };
    ($name:ident: ($module:expr, $python:expr), $class:block $(, $check:ident)?) => {
        impl $crate::object::DerefToPyAny for $name {}

        // SAFETY: a static type of CPython, valid in every interpreter; the marker adds no fields,
        // so it describes any instance.
        unsafe impl $crate::object::PyTypeInfo for $name {
            $crate::object::hint! { TYPE_HINT = type_hint_identifier!($module, $python) }

            #[inline]
            #[allow(unused_unsafe)]
            fn type_object_raw(_py: $crate::Python<'_>) -> *mut ::pyo3_ffi::PyTypeObject {
                // SAFETY: only the address is taken.
                unsafe { $class }
            }

            $(
                #[inline]
                fn is_type_of(object: &$crate::Bound<'_, $crate::PyAny>) -> bool {
                    // SAFETY: the object is valid.
                    unsafe { $crate::capi::$check(object.as_ptr()) != 0 }
                }
            )?
        }
    };
}

pub(crate) use native_type;

/// Implements `IntoIterator` for a handle to a type and a reference to one, with the iterator that
/// the type's method `iter` returns.
macro_rules! into_iterator {
    ($name:ident, $iterator:ident, $item:ty) => {
        impl<'py> IntoIterator for $crate::Bound<'py, $name> {
            type Item = $item;
            type IntoIter = $iterator<'py>;

            fn into_iter(self) -> Self::IntoIter {
                $iterator::new(self)
            }
        }

        impl<'py> IntoIterator for &$crate::Bound<'py, $name> {
            type Item = $item;
            type IntoIter = $iterator<'py>;

            fn into_iter(self) -> Self::IntoIter {
                self.iter()
            }
        }
    };
}

/// Expands to the methods that `list` and `tuple` have in common, for the `impl` of their traits.
macro_rules! sequence_methods {
    ($name:ident, $size:path, $slice:ident) => {
        #[inline]
        fn len(&self) -> usize {
            // SAFETY: attached; the size of a list or tuple is never negative.
            unsafe { $size(self.as_ptr()) as usize }
        }

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

        fn get_slice(&self, low: usize, high: usize) -> Bound<'py, $name> {
            // SAFETY: attached; `self` is a list or tuple; returns a new reference to one, or null.
            unsafe {
                let slice = ffi::$slice(self.as_ptr(), to_ssize(low), to_ssize(high));
                new_reference_or_panic(self.py(), slice)
            }
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
