//! JSON values and Python expressions, as expressions of type `Json` and `PyStaticExpr`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Expr, Lit, UnOp};

use crate::doc::Doc;
use crate::krate::Krate;

/// The generator of values, for one path of the library.
#[derive(Clone, Copy)]
pub(super) struct Values<'a>(pub(super) &'a Krate);

impl Values<'_> {
    fn json(self, variant: &str, content: &TokenStream) -> TokenStream {
        let hidden = self.0.hidden();
        let variant = quote::format_ident!("{variant}");
        quote!(#hidden::inspect::Json::#variant(#content))
    }

    pub(super) fn bool(self, value: bool) -> TokenStream {
        self.json("Bool", &quote!(#value))
    }

    pub(super) fn text(self, text: &str) -> TokenStream {
        self.json("Text", &quote!(#text))
    }

    /// Returns a string that is a constant of the program.
    pub(super) fn constant_text(self, text: &TokenStream) -> TokenStream {
        self.json("Text", text)
    }

    pub(super) fn doc(self, doc: &Doc) -> Option<TokenStream> {
        let parts = doc.texts();
        (!parts.is_empty()).then(|| self.json("Texts", &quote!(&[#(#parts),*])))
    }

    pub(super) fn expression(self, expression: &Expression) -> TokenStream {
        self.json("Expression", &expression.tokens(self.0))
    }

    pub(super) fn list(self, items: &[TokenStream]) -> TokenStream {
        self.json("List", &quote!(&[#(#items),*]))
    }

    /// Returns a list whose items exist under conditions.
    pub(super) fn conditional_list(self, items: &[(Vec<Attribute>, TokenStream)]) -> TokenStream {
        let items = items.iter().map(|(cfgs, item)| quote!(#(#cfgs)* #item));
        self.json("List", &quote!(&[#(#items),*]))
    }

    pub(super) fn object(self, members: &[(&str, Option<TokenStream>)]) -> TokenStream {
        let members = members.iter().filter_map(|(name, value)| {
            let value = value.as_ref()?;
            Some(quote!((#name, #value)))
        });
        self.json("Object", &quote!(&[#(#members),*]))
    }
}

/// A Python expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    None,
    Bool(bool),
    Int(String),
    Float(String),
    Text(String),
    Ellipsis,
    Name(String),
    Attribute(Box<Expression>, String),
    Subscript(Box<Expression>, Box<Expression>),
    Tuple(Vec<Expression>),
    List(Vec<Expression>),
    Union(Box<Expression>, Box<Expression>),
    /// An expression of type `PyStaticExpr`.
    Rust(Tokens),
}

/// Generated code in an [`Expression`].
#[derive(Clone, Debug)]
pub(crate) struct Tokens(pub(crate) TokenStream);

impl PartialEq for Tokens {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_string() == other.0.to_string()
    }
}

impl Expression {
    pub(crate) fn name(name: &str) -> Self {
        Self::Name(name.to_owned())
    }

    /// Returns `module.name`.
    pub(crate) fn in_module(module: &str, name: &str) -> Self {
        Self::name(module).attribute(name)
    }

    /// Returns `typing.Any`.
    pub(crate) fn any() -> Self {
        Self::in_module("typing", "Any")
    }

    pub(crate) fn rust(tokens: TokenStream) -> Self {
        Self::Rust(Tokens(tokens))
    }

    pub(crate) fn attribute(self, name: &str) -> Self {
        Self::Attribute(Box::new(self), name.to_owned())
    }

    pub(crate) fn subscript(self, index: Self) -> Self {
        Self::Subscript(Box::new(self), Box::new(index))
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self::Union(Box::new(self), Box::new(other))
    }

    /// Returns the expression as one of type `PyStaticExpr`.
    pub(crate) fn tokens(&self, krate: &Krate) -> TokenStream {
        let expression = quote!(#krate::inspect::PyStaticExpr);
        let constant = |value: TokenStream| {
            quote! {
                #expression::Constant { value: #krate::inspect::PyStaticConstant::#value }
            }
        };
        match self {
            Self::None => constant(quote!(None)),
            Self::Bool(value) => constant(quote!(Bool(#value))),
            Self::Int(digits) => constant(quote!(Int(#digits))),
            Self::Float(digits) => constant(quote!(Float(#digits))),
            Self::Text(text) => constant(quote!(Str(#text))),
            Self::Ellipsis => constant(quote!(Ellipsis)),
            Self::Name(name) => quote!(#expression::Name { id: #name }),
            Self::Attribute(value, name) => {
                let value = value.tokens(krate);
                quote!(#expression::Attribute { value: &#value, attr: #name })
            }
            Self::Subscript(value, index) => {
                let (value, index) = (value.tokens(krate), index.tokens(krate));
                quote!(#expression::Subscript { value: &#value, slice: &#index })
            }
            Self::Tuple(items) => {
                let items = items.iter().map(|item| item.tokens(krate));
                quote!(#expression::Tuple { elts: &[#(#items),*] })
            }
            Self::List(items) => {
                let items = items.iter().map(|item| item.tokens(krate));
                quote!(#expression::List { elts: &[#(#items),*] })
            }
            Self::Union(left, right) => {
                let (left, right) = (left.tokens(krate), right.tokens(krate));
                quote! {
                    #expression::BinOp {
                        left: &#left,
                        op: #krate::inspect::PyStaticOperator::BitOr,
                        right: &#right,
                    }
                }
            }
            Self::Rust(Tokens(tokens)) => tokens.clone(),
        }
    }
}

/// Returns the Python value of a Rust expression: `...` if it is not a literal.
pub(crate) fn value_of(expression: &Expr) -> Expression {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Bool(value) => Expression::Bool(value.value),
            Lit::Int(value) => Expression::Int(value.base10_digits().to_owned()),
            Lit::Float(value) => Expression::Float(value.base10_digits().to_owned()),
            Lit::Str(value) => Expression::Text(value.value()),
            Lit::Char(value) => Expression::Text(value.value().to_string()),
            _ => Expression::Ellipsis,
        },
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => match value_of(&unary.expr) {
            Expression::Int(digits) => Expression::Int(format!("-{digits}")),
            Expression::Float(digits) => Expression::Float(format!("-{digits}")),
            _ => Expression::Ellipsis,
        },
        Expr::Path(path) if path.path.is_ident("None") => Expression::None,
        Expr::Group(group) => value_of(&group.expr),
        Expr::Paren(paren) => value_of(&paren.expr),
        _ => Expression::Ellipsis,
    }
}
