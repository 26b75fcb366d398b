//! How the types with a single object are tied to it.

/// Ties a marker struct to the one object of its type, which is a static of CPython.
macro_rules! singleton_type {
    ($name:ident, $python:literal, $object:ident) => {
        impl $crate::object::DerefToPyAny for $name {}

        impl $name {
            #[doc = concat!("The object. C API: `", stringify!($object), "`.")]
            #[inline]
            pub fn get(py: $crate::Python<'_>) -> $crate::Borrowed<'_, '_, $name> {
                // SAFETY: a static of CPython, valid in every interpreter, and a `$name`.
                unsafe { $crate::Borrowed::from_ptr(py, ::pyo3_ffi::$object()).cast_unchecked() }
            }
        }

        // SAFETY: the type of the object, a static type; nothing else is an instance of it, since
        // it cannot be instantiated or subclassed.
        unsafe impl $crate::object::PyTypeInfo for $name {
            #[inline]
            fn type_object_raw(_py: $crate::Python<'_>) -> *mut ::pyo3_ffi::PyTypeObject {
                // SAFETY: a valid object.
                unsafe { ::pyo3_ffi::Py_TYPE(::pyo3_ffi::$object()) }
            }

            #[inline]
            fn is_type_of(object: &$crate::Bound<'_, $crate::PyAny>) -> bool {
                Self::is_exact_type_of(object)
            }

            #[inline]
            fn is_exact_type_of(object: &$crate::Bound<'_, $crate::PyAny>) -> bool {
                // SAFETY: only the address is taken.
                object.as_ptr() == unsafe { ::pyo3_ffi::$object() }
            }
        }

        #[cfg(test)]
        mod tests {
            use super::$name;
            use crate::types::{PyAnyMethods, PyDict};
            use crate::{PyTypeInfo, Python};

            #[test]
            fn the_object_is_the_only_instance_of_its_type() {
                Python::attach(|py| {
                    let object = $name::get(py);
                    assert!(object.is_instance_of::<$name>());
                    assert!(object.is_exact_instance_of::<$name>());
                    assert!(object.get_type().is($name::type_object(py)));
                    assert_eq!(
                        object.get_type().getattr("__name__").unwrap().to_string(),
                        $python
                    );
                    assert!(PyDict::new(py).cast::<$name>().is_err());
                });
            }
        }
    };
}
