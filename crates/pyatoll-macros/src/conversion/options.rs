//! The options of the derive macros: on the struct, enum or variant, and on its fields.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Attribute, Expr, Ident, Lit, LitStr, Token, parenthesized, token};

use crate::attributes::{set_once, take_pyo3_options};
use crate::krate::Krate;
use crate::rename::RenameRule;

/// The options of a struct, an enum or a variant.
#[derive(Default)]
pub(super) struct ContainerOptions {
    pub(super) transparent: Option<Span>,
    pub(super) from_item_all: Option<Span>,
    pub(super) annotation: Option<LitStr>,
    pub(super) krate: Option<Krate>,
    pub(super) rename_all: Option<(RenameRule, Span)>,
}

enum ContainerOption {
    Transparent(Span),
    FromItemAll(Span),
    Annotation(LitStr, Span),
    Krate(Krate, Span),
    RenameAll(RenameRule, Span),
}

/// Parses the name of an option, which may be a keyword (`crate`, `default`).
fn keyword(input: ParseStream<'_>) -> syn::Result<Ident> {
    input.call(Ident::parse_any)
}

/// Parses `= value`.
fn value<T: Parse>(input: ParseStream<'_>) -> syn::Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

impl Parse for ContainerOption {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = keyword(input)?;
        let span = name.span();
        match name.to_string().as_str() {
            "transparent" => Ok(Self::Transparent(span)),
            "from_item_all" => Ok(Self::FromItemAll(span)),
            "annotation" => value(input).map(|text| Self::Annotation(text, span)),
            "crate" => value(input).map(|krate| Self::Krate(krate, span)),
            "rename_all" => value(input).map(|rule| Self::RenameAll(rule, span)),
            _ => Err(syn::Error::new(
                span,
                "expected one of: `transparent`, `from_item_all`, `annotation`, `crate`, \
                 `rename_all`",
            )),
        }
    }
}

impl ContainerOptions {
    /// Reads the options of a struct, an enum or a variant.
    pub(super) fn of(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut options = Self::default();
        for option in take_pyo3_options(&mut attributes.to_vec())? {
            match option {
                ContainerOption::Transparent(span) => {
                    set_once(&mut options.transparent, span, span, "transparent")?;
                }
                ContainerOption::FromItemAll(span) => {
                    set_once(&mut options.from_item_all, span, span, "from_item_all")?;
                }
                ContainerOption::Annotation(text, span) => {
                    set_once(&mut options.annotation, text, span, "annotation")?;
                }
                ContainerOption::Krate(krate, span) => {
                    set_once(&mut options.krate, krate, span, "crate")?;
                }
                ContainerOption::RenameAll(rule, span) => {
                    set_once(&mut options.rename_all, (rule, span), span, "rename_all")?;
                }
            }
        }
        Ok(options)
    }
}

/// The access to a field, as written in the attribute.
#[derive(Clone)]
pub(super) enum AccessOption {
    /// `attribute`, `attribute("name")`.
    Attribute(Option<LitStr>),
    /// `item`, `item(key)`.
    Item(Option<Lit>),
}

/// The options of a field.
#[derive(Default)]
pub(super) struct FieldOptions {
    pub(super) access: Option<(AccessOption, Span)>,
    pub(super) from_py_with: Option<Expr>,
    pub(super) into_py_with: Option<(Expr, Span)>,
    /// `default` or `default = value`.
    pub(super) default: Option<(Option<Expr>, Span)>,
}

enum FieldOption {
    Access(AccessOption, Span),
    FromPyWith(Expr, Span),
    IntoPyWith(Expr, Span),
    Default(Option<Expr>, Span),
}

impl Parse for FieldOption {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = keyword(input)?;
        let span = name.span();
        match name.to_string().as_str() {
            "attribute" => {
                let access = AccessOption::Attribute(attribute_name(input)?);
                Ok(Self::Access(access, span))
            }
            "item" => {
                let message = "expected at most one argument: `item` or `item(key)`";
                let access = AccessOption::Item(argument(input, message)?);
                Ok(Self::Access(access, span))
            }
            "from_py_with" => function(input).map(|function| Self::FromPyWith(function, span)),
            "into_py_with" => function(input).map(|function| Self::IntoPyWith(function, span)),
            "default" if input.peek(Token![=]) => {
                value(input).map(|value| Self::Default(Some(value), span))
            }
            "default" => Ok(Self::Default(None, span)),
            _ => Err(syn::Error::new(
                span,
                "expected one of: `attribute`, `item`, `from_py_with`, `into_py_with`, `default`",
            )),
        }
    }
}

/// Parses one argument in parentheses; `None` without parentheses.
fn argument<T: Parse>(input: ParseStream<'_>, message: &str) -> syn::Result<Option<T>> {
    if !input.peek(token::Paren) {
        return Ok(None);
    }
    let content;
    parenthesized!(content in input);
    let argument = content.parse()?;
    if content.is_empty() {
        Ok(Some(argument))
    } else {
        Err(content.error(message))
    }
}

fn attribute_name(input: ParseStream<'_>) -> syn::Result<Option<LitStr>> {
    let message = "expected at most one argument: `attribute` or `attribute(\"name\")`";
    let name: Option<LitStr> = argument(input, message)?;
    match name {
        Some(name) if name.value().is_empty() => Err(syn::Error::new(
            name.span(),
            "attribute name cannot be empty",
        )),
        name => Ok(name),
    }
}

/// Parses `= function`: a path or a closure.
fn function(input: ParseStream<'_>) -> syn::Result<Expr> {
    let function: Expr = value(input)?;
    match &function {
        Expr::Lit(_) => Err(syn::Error::new(
            function.span(),
            "expected the path of a function, without quotes",
        )),
        _ => Ok(function),
    }
}

impl FieldOptions {
    /// Reads the options of a field.
    pub(super) fn of(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut options = Self::default();
        for option in take_pyo3_options(&mut attributes.to_vec())? {
            match option {
                FieldOption::Access(access, span) => {
                    if options.access.replace((access, span)).is_some() {
                        return Err(syn::Error::new(
                            span,
                            "only one of `attribute` or `item` can be provided",
                        ));
                    }
                }
                FieldOption::FromPyWith(function, span) => {
                    set_once(&mut options.from_py_with, function, span, "from_py_with")?;
                }
                FieldOption::IntoPyWith(function, span) => {
                    let function = (function, span);
                    set_once(&mut options.into_py_with, function, span, "into_py_with")?;
                }
                FieldOption::Default(value, span) => {
                    set_once(&mut options.default, (value, span), span, "default")?;
                }
            }
        }
        Ok(options)
    }
}
