//! The derive macros of the conversion traits.
//!
//! | file | concern |
//! |---|---|
//! | `options` | the options of containers and fields |
//! | `model` | a type's containers and fields, with the options resolved |
//! | `hint` | the type hints of the conversions |
//! | `from_py_object` | `#[derive(FromPyObject)]` |
//! | `into_py_object` | `#[derive(IntoPyObject)]` and `#[derive(IntoPyObjectRef)]` |

mod from_py_object;
mod hint;
mod into_py_object;
mod model;
mod options;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use self::into_py_object::Receiver;

/// Expands `#[derive(FromPyObject)]`.
pub(crate) fn from_py_object(item: TokenStream) -> syn::Result<TokenStream> {
    from_py_object::expand(&syn::parse2(item)?)
}

/// Expands `#[derive(IntoPyObject)]`.
pub(crate) fn into_py_object(item: TokenStream) -> syn::Result<TokenStream> {
    into_py_object::expand(&syn::parse2(item)?, &Receiver::Value)
}

/// Expands `#[derive(IntoPyObjectRef)]`.
pub(crate) fn into_py_object_ref(item: TokenStream) -> syn::Result<TokenStream> {
    into_py_object::expand(&syn::parse2(item)?, &Receiver::Reference)
}
