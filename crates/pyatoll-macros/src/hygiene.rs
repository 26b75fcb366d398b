//! Spans and identifiers that cannot clash with the user's names.

use proc_macro2::Span;
use syn::Ident;

/// Creates an identifier that user code cannot name.
pub(crate) fn hygienic(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// Returns a span that errors show at the user's tokens, but that resolves names as the macro's
/// own.
pub(crate) fn located(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}
