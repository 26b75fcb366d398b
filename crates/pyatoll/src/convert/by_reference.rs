//! The conversion of a reference to a `Copy` type, which is that of the value.

/// `by_reference!(f64 => PyFloat, Bound<'py, PyFloat>, Infallible);` implements `IntoPyObject` for
/// `&f64`; items in braces at the end are added to the implementation.
macro_rules! by_reference {
    ($type:ty => $target:ty, $output:ty, $error:ty $(, { $($items:tt)* })?) => {
        impl<'py> IntoPyObject<'py> for &$type {
            type Target = $target;
            type Output = $output;
            type Error = $error;

            crate::object::hint! { OUTPUT_TYPE = <$type>::OUTPUT_TYPE }

            #[inline]
            fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
                (*self).into_pyobject(py)
            }

            $($($items)*)?
        }
    };
}
pub(super) use by_reference;
