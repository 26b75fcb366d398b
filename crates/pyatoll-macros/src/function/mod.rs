//! `#[pyfunction]`, and the model of a Rust function that Python calls, which `#[pymethods]` shares.

use proc_macro2::{Span, TokenStream};

/// Expands `#[pyfunction]`.
pub(crate) fn pyfunction(_attribute: TokenStream, _item: TokenStream) -> syn::Result<TokenStream> {
    Err(syn::Error::new(
        Span::call_site(),
        "`#[pyfunction]` is not here yet",
    ))
}
