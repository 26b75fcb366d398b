//! Spans and identifiers that cannot clash with the user's names.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
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

/// Moves all tokens to a span, at which the compiler then shows an error in any of them.
pub(crate) fn respanned(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            if let TokenTree::Group(group) = &token {
                token = TokenTree::Group(Group::new(
                    group.delimiter(),
                    respanned(group.stream(), span),
                ));
            }
            token.set_span(span);
            token
        })
        .collect()
}
