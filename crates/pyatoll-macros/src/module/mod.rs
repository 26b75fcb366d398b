//! `#[pymodule]`.

use proc_macro2::{Span, TokenStream};

/// Expands `#[pymodule]`.
pub(crate) fn pymodule(_attribute: TokenStream, _item: TokenStream) -> syn::Result<TokenStream> {
    Err(syn::Error::new(
        Span::call_site(),
        "`#[pymodule]` is not here yet",
    ))
}
