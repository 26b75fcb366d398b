//! `#[pyclass]`.

use proc_macro2::{Span, TokenStream};

/// Expands `#[pyclass]`.
pub(crate) fn pyclass(_attribute: TokenStream, _item: TokenStream) -> syn::Result<TokenStream> {
    Err(syn::Error::new(
        Span::call_site(),
        "`#[pyclass]` is not here yet",
    ))
}
