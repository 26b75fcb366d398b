//! `singleton_type!`: binds the marker type of a singleton to its object.

/// Binds a marker struct to the only object of its type, a static of CPython.
macro_rules! singleton_type {
    ($name:ident: $hint:expr, $python:literal, $object:ident) => {
        impl $crate::object::DerefToPyAny for $name {}

        impl $name {
            /// Returns the object.
            ///
            #[doc = concat!("C API: `", stringify!($object), "`.")]
            #[inline]
            pub fn get(py: $crate::Python<'_>) -> $crate::Borrowed<'_, '_, $name> {
                // SAFETY: a static of CPython, valid in every interpreter, and a `$name`.
                unsafe { $crate::Borrowed::from_ptr(py, ::pyo3_ffi::$object()).cast_unchecked() }
            }
        }

        // SAFETY: the static type of the object, which is its only instance: the type can be
        // neither instantiated nor subclassed.
        unsafe impl $crate::object::PyTypeInfo for $name {
            $crate::object::hint! { TYPE_HINT = $hint }

            #[inline]
            fn type_object_raw(_py: $crate::Python<'_>) -> *mut ::pyo3_ffi::PyTypeObject {
                // SAFETY: the object is valid.
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
