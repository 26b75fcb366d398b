//! Doc comments as Python docstrings.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// A docstring: the lines of an item's doc comments, each without one leading space.
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
    /// Reads the doc comments among the attributes.
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

    /// Creates a docstring from an expression of type `&'static str`.
    pub(crate) fn of_expression(expression: &Expr) -> Self {
        Self {
            parts: vec![Part::Expression(expression.to_token_stream())],
        }
    }

    /// Returns the parts: expressions of type `&'static str`.
    pub(crate) fn texts(&self) -> Vec<TokenStream> {
        let part = |part: &Part| match part {
            Part::Text(text) => text.to_token_stream(),
            Part::Expression(expression) => expression.clone(),
        };
        self.parts.iter().map(part).collect()
    }

    /// Prepends a text signature, which CPython splits off again.
    pub(crate) fn with_signature(mut self, name: &str, signature: &str) -> Self {
        let line = format!("{name}{signature}\n--\n\n");
        match self.parts.first_mut() {
            Some(Part::Text(first)) => first.insert_str(0, &line),
            _ => self.parts.insert(0, Part::Text(line)),
        }
        self
    }

    /// Returns an expression of type `&'static CStr`.
    ///
    /// It is a literal unless the docstring contains an expression, which spares the compiler the
    /// check for NUL bytes.
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

    /// Returns an expression of type `Option<&'static CStr>`: `None` without doc comments.
    pub(crate) fn optional_c_str(&self, hidden: &TokenStream) -> TokenStream {
        if self.parts.is_empty() {
            quote!(::core::option::Option::None)
        } else {
            let doc = self.c_str(hidden);
            quote!(::core::option::Option::Some(#doc))
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
        let parts = self.texts();
        quote!(::core::concat!(#(#parts,)* "\0")).to_tokens(tokens);
    }
}
