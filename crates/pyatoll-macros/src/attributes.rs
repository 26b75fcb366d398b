//! Attributes of items, and the lists of options in `#[pyo3(…)]` and in a macro's own parentheses.

use proc_macro2::{Span, TokenStream};
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, LitStr, Meta, Token};

use crate::errors::Errors;

/// Removes the `#[pyo3(…)]` attributes, also spelled `#[pyatoll(…)]`, from an item and returns
/// their options in order.
pub(crate) fn take_pyo3_options<O: Parse>(attributes: &mut Vec<Attribute>) -> syn::Result<Vec<O>> {
    let mut options = Vec::new();
    let mut errors = Errors::default();
    attributes.retain(|attribute| {
        let path = attribute.path();
        if !path.is_ident("pyo3") && !path.is_ident("pyatoll") {
            return true;
        }
        match options_of(attribute) {
            Ok(found) => options.extend(found),
            Err(error) => errors.push(error),
        }
        false
    });
    errors.finish().map(|()| options)
}

fn options_of<O: Parse>(attribute: &Attribute) -> syn::Result<Vec<O>> {
    match &attribute.meta {
        Meta::List(list) => parse_options(list.tokens.clone()),
        meta => Err(syn::Error::new(meta.span(), "expected `#[pyo3(…)]`")),
    }
}

/// Parses the options between a macro's parentheses.
pub(crate) fn parse_options<O: Parse>(tokens: TokenStream) -> syn::Result<Vec<O>> {
    let options = Punctuated::<O, Token![,]>::parse_terminated.parse2(tokens)?;
    Ok(options.into_iter().collect())
}

/// Stores an option that may be given at most once.
pub(crate) fn set_once<T>(
    option: &mut Option<T>,
    value: T,
    span: Span,
    name: &str,
) -> syn::Result<()> {
    if option.replace(value).is_some() {
        return Err(syn::Error::new(
            span,
            format!("`{name}` may only be specified once"),
        ));
    }
    Ok(())
}

/// Returns the `#[cfg]` attributes of an item, to be repeated on everything generated for it.
pub(crate) fn cfgs(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .cloned()
        .collect()
}

/// A Python name in a string literal: the value of `name = "…"`.
#[derive(Clone)]
pub(crate) struct PythonName {
    pub(crate) name: String,
    /// The span of the literal.
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

/// Returns the Python name of a Rust identifier: `type` for `r#type`.
pub(crate) fn python_name(ident: &syn::Ident) -> String {
    syn::ext::IdentExt::unraw(ident).to_string()
}

/// Removes the attributes that only the macros know from an item whose expansion has failed, so
/// that the compiler does not report each of them as unknown.
pub(crate) fn strip_helpers(attributes: &mut Vec<Attribute>) {
    const HELPERS: [&str; 13] = [
        "pyo3",
        "pyatoll",
        "new",
        "__new__",
        "classmethod",
        "staticmethod",
        "classattr",
        "getter",
        "setter",
        "deleter",
        "pyfn",
        "pymodule_export",
        "pymodule_init",
    ];
    attributes.retain(|attribute| !HELPERS.iter().any(|name| attribute.path().is_ident(name)));
}

/// Removes the helper attributes of a function's arguments, as [`strip_helpers`] does.
pub(crate) fn strip_helpers_of_arguments(signature: &mut syn::Signature) {
    for input in &mut signature.inputs {
        if let syn::FnArg::Typed(typed) = input {
            strip_helpers(&mut typed.attrs);
        }
    }
}
