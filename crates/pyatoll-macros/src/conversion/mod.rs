//! The derive macros of the conversion traits.

use proc_macro2::{Span, TokenStream};

fn absent() -> syn::Result<TokenStream> {
    Err(syn::Error::new(
        Span::call_site(),
        "this derive macro is not here yet",
    ))
}

/// Expands `#[derive(FromPyObject)]`.
pub(crate) fn from_py_object(_item: TokenStream) -> syn::Result<TokenStream> {
    absent()
}

/// Expands `#[derive(IntoPyObject)]`.
pub(crate) fn into_py_object(_item: TokenStream) -> syn::Result<TokenStream> {
    absent()
}

/// Expands `#[derive(IntoPyObjectRef)]`.
pub(crate) fn into_py_object_ref(_item: TokenStream) -> syn::Result<TokenStream> {
    absent()
}
