//! `hint!`, which declares the type hint of a conversion or of a type.

/// Declares an associated constant that is a type hint, with the feature `experimental-inspect`:
/// `hint! { OUTPUT_TYPE = of::<PyInt>() }`. `of` and the macros `type_hint_…!` are in scope.
#[cfg(feature = "experimental-inspect")]
macro_rules! hint {
    ($(#[$attribute:meta])* $name:ident = $value:expr) => {
        $(#[$attribute])*
        const $name: $crate::inspect::PyStaticExpr = {
            #[allow(unused_imports)]
            use $crate::object::inspect::{
                of, type_hint_identifier, type_hint_subscript, type_hint_union,
            };
            $value
        };
    };
}

/// Declares nothing without the feature.
#[cfg(not(feature = "experimental-inspect"))]
macro_rules! hint {
    ($(#[$attribute:meta])* $name:ident = $value:expr) => {};
}

pub(crate) use hint;
