//! `#[pymethods]`.

use proc_macro2::{Span, TokenStream};

/// Expands `#[pymethods]`.
pub(crate) fn pymethods(_attribute: TokenStream, _item: TokenStream) -> syn::Result<TokenStream> {
    Err(syn::Error::new(
        Span::call_site(),
        "`#[pymethods]` is not here yet",
    ))
}
