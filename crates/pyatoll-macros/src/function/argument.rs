//! An argument of a Rust function, and the Python parameter that supplies it.

use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Expr, Ident, LitStr, Pat, Token, Type};

use super::types::{is_python, ungrouped};
use crate::attributes::take_pyo3_options;

/// One argument of the Rust function, after the leading one.
pub(crate) struct Argument {
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    /// The function of `#[pyo3(from_py_with = …)]`.
    pub(crate) from_py_with: Option<Expr>,
    /// Whether it is a `py: Python<'_>`, which is not a Python parameter.
    pub(crate) is_token: bool,
    /// The slot that holds its value; unused for a token.
    pub(crate) slot: ParameterSlot,
}

/// A slot in the array that matching fills with the values of the Python parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ParameterSlot {
    Positional(usize),
    KeywordOnly(usize),
    VarArgs,
    VarKeywords,
}

/// An option in `#[pyo3(…)]` on an argument.
enum ArgumentOption {
    FromPyWith(Expr),
}

impl Parse for ArgumentOption {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name: Ident = input.parse()?;
        if name != "from_py_with" {
            return Err(syn::Error::new(name.span(), "expected `from_py_with`"));
        }
        input.parse::<Token![=]>()?;
        if input.peek(LitStr) {
            let path = input.parse::<LitStr>()?.parse::<syn::ExprPath>()?;
            return Ok(Self::FromPyWith(Expr::Path(path)));
        }
        Ok(Self::FromPyWith(input.parse()?))
    }
}

impl Argument {
    /// Reads an argument and removes its `#[pyo3(…)]` attributes.
    pub(super) fn new(typed: &mut syn::PatType) -> syn::Result<Self> {
        let from_py_with = take_from_py_with(typed)?;
        let name = match &*typed.pat {
            Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => {
                pattern.ident.clone()
            }
            Pat::Wild(wild) => {
                return Err(syn::Error::new(
                    wild.span(),
                    "wildcard argument names are not supported",
                ));
            }
            other => {
                return Err(syn::Error::new_spanned(
                    other,
                    "unsupported argument: only plain names can be Python parameters",
                ));
            }
        };
        if let Type::ImplTrait(ty) = ungrouped(&typed.ty) {
            return Err(syn::Error::new_spanned(
                ty,
                "Python functions cannot have `impl Trait` arguments",
            ));
        }
        let is_token = is_python(&typed.ty);
        if let (true, Some(function)) = (is_token, &from_py_with) {
            return Err(syn::Error::new_spanned(
                function,
                "`from_py_with` is for Python parameters, not for the token",
            ));
        }
        Ok(Self {
            name,
            ty: (*typed.ty).clone(),
            from_py_with,
            is_token,
            slot: ParameterSlot::Positional(0),
        })
    }
}

fn take_from_py_with(typed: &mut syn::PatType) -> syn::Result<Option<Expr>> {
    let mut from_py_with = None;
    for option in take_pyo3_options(&mut typed.attrs)? {
        let ArgumentOption::FromPyWith(function) = option;
        if from_py_with.replace(function).is_some() {
            return Err(syn::Error::new_spanned(
                &*typed,
                "`from_py_with` may only be specified once per argument",
            ));
        }
    }
    Ok(from_py_with)
}
