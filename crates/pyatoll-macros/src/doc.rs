//! Doc comments as Python docstrings.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// An item's docstring: its doc comments, lines joined, one leading space of each taken off.
///
/// A `#[doc = expression]` that is not a literal (`include_str!`, `concat!`) stays an expression.
#[derive(Clone, Default)]
pub(crate) struct Doc {
    parts: Vec<Part>,
}

#[derive(Clone)]
enum Part {
    Text(String),
    Expression(TokenStream),
}

impl Doc {
    /// The doc comments among the attributes.
    pub(crate) fn of(attributes: &[Attribute]) -> Self {
        let mut doc = Self::default();
        for attribute in attributes {
            let Meta::NameValue(pair) = &attribute.meta else {
                continue;
            };
            if !pair.path.is_ident("doc") {
                continue;
            }
            if !doc.parts.is_empty() {
                doc.push_text("\n");
            }
            match &pair.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }) => {
                    let text = text.value();
                    doc.push_text(text.strip_prefix(' ').unwrap_or(&text));
                }
                other => doc.parts.push(Part::Expression(other.to_token_stream())),
            }
        }
        doc
    }

    /// The docstring with a text signature in front, which CPython takes off again.
    pub(crate) fn with_signature(mut self, name: &str, signature: &str) -> Self {
        let line = format!("{name}{signature}\n--\n\n");
        self.parts.insert(0, Part::Text(line));
        self
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    fn push_text(&mut self, text: &str) {
        match self.parts.last_mut() {
            Some(Part::Text(last)) => last.push_str(text),
            _ => self.parts.push(Part::Text(text.to_owned())),
        }
    }
}

/// An expression of type `&'static str` that ends with a NUL byte.
impl ToTokens for Doc {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let parts = self.parts.iter().map(|part| match part {
            Part::Text(text) => text.to_token_stream(),
            Part::Expression(expression) => expression.clone(),
        });
        quote!(::core::concat!(#(#parts,)* "\0")).to_tokens(tokens);
    }
}
