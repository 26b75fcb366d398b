//! What stands in `#[pyo3(…)]` and in a macro's own parentheses: a list of options.

use proc_macro2::{Span, TokenStream};
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, LitStr, Meta, Token};

/// Takes the `#[pyo3(…)]` attributes, which may also be called `#[pyatoll(…)]`, off an item and
/// gives their options, in order.
pub(crate) fn take_pyo3_options<O: Parse>(attributes: &mut Vec<Attribute>) -> syn::Result<Vec<O>> {
    let mut options = Vec::new();
    let mut errors: Option<syn::Error> = None;
    attributes.retain(|attribute| {
        let path = attribute.path();
        if !path.is_ident("pyo3") && !path.is_ident("pyatoll") {
            return true;
        }
        match options_of(attribute) {
            Ok(found) => options.extend(found),
            Err(error) => match &mut errors {
                Some(errors) => errors.combine(error),
                None => errors = Some(error),
            },
        }
        false
    });
    errors.map_or(Ok(options), Err)
}

fn options_of<O: Parse>(attribute: &Attribute) -> syn::Result<Vec<O>> {
    match &attribute.meta {
        Meta::List(list) => parse_options(list.tokens.clone()),
        meta => Err(syn::Error::new(meta.span(), "expected `#[pyo3(…)]`")),
    }
}

/// The options between a macro's parentheses.
pub(crate) fn parse_options<O: Parse>(tokens: TokenStream) -> syn::Result<Vec<O>> {
    let options = Punctuated::<O, Token![,]>::parse_terminated.parse2(tokens)?;
    Ok(options.into_iter().collect())
}

/// Stores an option that may be given once.
pub(crate) fn set_once<T>(
    place: &mut Option<T>,
    value: T,
    span: Span,
    name: &str,
) -> syn::Result<()> {
    if place.replace(value).is_some() {
        return Err(syn::Error::new(
            span,
            format!("`{name}` may only be specified once"),
        ));
    }
    Ok(())
}

/// A Python name in a string literal: the value of `name = "…"`.
#[derive(Clone)]
pub(crate) struct PythonName {
    /// The name.
    pub(crate) name: String,
    /// Where it stands.
    pub(crate) span: Span,
}

impl Parse for PythonName {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let literal: LitStr = input.parse()?;
        // Raw identifiers as well: `name = "r#enum"` is Python's `enum`.
        let ident =
            literal
                .parse_with(syn::ext::IdentExt::parse_any)
                .map_err(|_: syn::Error| {
                    syn::Error::new(
                        literal.span(),
                        "expected a single identifier in double quotes",
                    )
                })?;
        Ok(Self {
            name: python_name(&ident),
            span: literal.span(),
        })
    }
}

/// The Python name of a Rust identifier: `r#type` is `type`.
pub(crate) fn python_name(ident: &syn::Ident) -> String {
    syn::ext::IdentExt::unraw(ident).to_string()
}
