//! Marker structs of types that have no methods yet.

use crate::types::PyAny;

macro_rules! markers {
    ($($name:ident = $python:literal, $class:ident, $check:ident;)*) => {$(
        #[doc = concat!("Python's `", $python, "`.")]
        #[repr(transparent)]
        pub struct $name(PyAny);

        native_type!($name, $python, $class, $check);
    )*};
}

markers! {
    PyFrozenSet = "frozenset", PyFrozenSet_Type, PyFrozenSet_Check;
    PySet = "set", PySet_Type, PySet_Check;
}
