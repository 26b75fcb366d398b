//! The type hints of results, for generated code.

use std::marker::PhantomData;

use crate::convert::IntoPyObject;
use crate::inspect::PyStaticExpr;

/// A type that a function returns: a value, or a `Result` of one.
pub trait ReturnType {
    /// The type hint of the return value.
    const RETURN_TYPE: PyStaticExpr;
}

impl<'py, T: IntoPyObject<'py>> ReturnType for T {
    const RETURN_TYPE: PyStaticExpr = T::RETURN_TYPE;
}

impl<T: ReturnType, E> ReturnType for Result<T, E> {
    const RETURN_TYPE: PyStaticExpr = T::RETURN_TYPE;
}

/// The return type of a method that ends an iteration by returning `None`:
/// `NextOutput::<T>::HINT`, with [`NextHint`] in scope, is the hint of the other values.
pub struct NextOutput<T>(PhantomData<T>);

impl<T: ReturnType> NextOutput<Option<T>> {
    /// The type hint of an item.
    pub const HINT: PyStaticExpr = T::RETURN_TYPE;
}

impl<T: ReturnType, E> NextOutput<Result<Option<T>, E>> {
    /// The type hint of an item.
    pub const HINT: PyStaticExpr = T::RETURN_TYPE;
}

/// The type hint of a method whose return type is not an `Option`.
pub trait NextHint {
    /// The type hint of an item.
    const HINT: PyStaticExpr;
}

impl<T: ReturnType> NextHint for NextOutput<T> {
    const HINT: PyStaticExpr = T::RETURN_TYPE;
}

/// The type of a field with a getter: `FieldOutput::<T>::HINT`, with [`FieldHint`] in scope, is the
/// hint of a reference if that has a conversion, else that of the value.
pub struct FieldOutput<T>(PhantomData<T>);

impl<'a, 'py, T: 'a> FieldOutput<T>
where
    &'a T: IntoPyObject<'py>,
{
    /// The type hint of the field.
    pub const HINT: PyStaticExpr = <&'a T>::OUTPUT_TYPE;
}

/// The type hint of a field that is read by cloning it.
pub trait FieldHint {
    /// The type hint of the field.
    const HINT: PyStaticExpr;
}

impl<'py, T: IntoPyObject<'py>> FieldHint for FieldOutput<T> {
    const HINT: PyStaticExpr = T::OUTPUT_TYPE;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_its_value() {
        fn hint<T: ReturnType>() -> String {
            T::RETURN_TYPE.to_string()
        }
        assert_eq!(hint::<i32>(), "builtins.int");
        assert_eq!(hint::<Result<Option<i32>, ()>>(), "builtins.int | None");
        assert_eq!(hint::<()>(), "None");
        assert_eq!(hint::<Result<(), ()>>(), "None");
        assert_eq!(
            <() as IntoPyObject>::OUTPUT_TYPE.to_string(),
            "builtins.tuple[()]"
        );
    }

    #[test]
    fn an_item_is_never_the_end() {
        assert_eq!(NextOutput::<Option<i32>>::HINT.to_string(), "builtins.int");
        assert_eq!(
            NextOutput::<Result<Option<i32>, ()>>::HINT.to_string(),
            "builtins.int"
        );
        assert_eq!(
            NextOutput::<Result<i32, ()>>::HINT.to_string(),
            "builtins.int"
        );
        assert_eq!(NextOutput::<i32>::HINT.to_string(), "builtins.int");
    }

    #[test]
    fn a_field_is_read_by_reference_or_by_value() {
        struct OnlyByValue;
        impl<'py> IntoPyObject<'py> for OnlyByValue {
            type Target = crate::PyAny;
            type Output = crate::Bound<'py, crate::PyAny>;
            type Error = crate::PyErr;
            const OUTPUT_TYPE: PyStaticExpr = i32::OUTPUT_TYPE;
            fn into_pyobject(self, py: crate::Python<'py>) -> crate::PyResult<Self::Output> {
                Ok(0_i32.into_pyobject(py)?.into_any())
            }
        }
        assert_eq!(FieldOutput::<String>::HINT.to_string(), "builtins.str");
        assert_eq!(FieldOutput::<OnlyByValue>::HINT.to_string(), "builtins.int");
    }
}
