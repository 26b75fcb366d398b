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
        match self.parts.first_mut() {
            Some(Part::Text(first)) => first.insert_str(0, &line),
            _ => self.parts.insert(0, Part::Text(line)),
        }
        self
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// An expression of type `&'static CStr`: a literal where there is no expression among the
    /// parts, which spares the compiler the check for NUL bytes.
    pub(crate) fn c_str(&self, hidden: &TokenStream) -> TokenStream {
        let text = match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text.as_str()),
            _ => None,
        };
        match text.map(std::ffi::CString::new) {
            Some(Ok(text)) => proc_macro2::Literal::c_string(&text).into_token_stream(),
            _ => quote!(#hidden::call::c_text(#self)),
        }
    }

    fn push_text(&mut self, text: &str) {
        match self.parts.last_mut() {
            Some(Part::Text(last)) => last.push_str(text),
            _ => self.parts.push(Part::Text(text.to_owned())),
        }
    }
}

/// Any text.
impl From<String> for Doc {
    fn from(text: String) -> Self {
        Self {
            parts: vec![Part::Text(text)],
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
