//! An argument of a Rust function, and the Python parameter that supplies it.

use proc_macro2::Span;
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
    pub(crate) kind: ArgumentKind,
    /// The slot that holds its value; unused unless it is a parameter.
    pub(crate) slot: ParameterSlot,
}

/// What supplies the value of an argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ArgumentKind {
    /// A Python parameter.
    Parameter,
    /// A `py: Python<'_>`.
    Token,
    /// The `CancelHandle` of an `async fn`.
    CancelHandle,
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
    CancelHandle(Span),
}

impl Parse for ArgumentOption {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name: Ident = input.parse()?;
        if name == "cancel_handle" {
            return Ok(Self::CancelHandle(name.span()));
        }
        if name != "from_py_with" {
            return Err(syn::Error::new(
                name.span(),
                "expected `from_py_with` or `cancel_handle`",
            ));
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
        let options = ArgumentOptions::take(typed)?;
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
        Ok(Self {
            name,
            ty: (*typed.ty).clone(),
            kind: options.kind(&typed.ty)?,
            from_py_with: options.from_py_with,
            slot: ParameterSlot::Positional(0),
        })
    }

    pub(crate) fn is_parameter(&self) -> bool {
        self.kind == ArgumentKind::Parameter
    }
}

/// The options in `#[pyo3(…)]` on one argument.
#[derive(Default)]
struct ArgumentOptions {
    from_py_with: Option<Expr>,
    cancel_handle: Option<Span>,
}

impl ArgumentOptions {
    /// Removes the attributes from the argument, and returns their options.
    fn take(typed: &mut syn::PatType) -> syn::Result<Self> {
        let mut options = Self::default();
        for option in take_pyo3_options(&mut typed.attrs)? {
            let (is_repeated, word) = match option {
                ArgumentOption::FromPyWith(function) => (
                    options.from_py_with.replace(function).is_some(),
                    "from_py_with",
                ),
                ArgumentOption::CancelHandle(span) => (
                    options.cancel_handle.replace(span).is_some(),
                    "cancel_handle",
                ),
            };
            if is_repeated {
                return Err(syn::Error::new_spanned(
                    &*typed,
                    format!("`{word}` may only be specified once per argument"),
                ));
            }
        }
        Ok(options)
    }

    /// Returns the kind of an argument with these options.
    fn kind(&self, ty: &Type) -> syn::Result<ArgumentKind> {
        match (self.cancel_handle, &self.from_py_with) {
            (Some(span), Some(_)) => Err(syn::Error::new(
                span,
                "`from_py_with` and `cancel_handle` cannot be specified together",
            )),
            (None, Some(function)) if is_python(ty) => Err(syn::Error::new_spanned(
                function,
                "`from_py_with` is for Python parameters, not for the token",
            )),
            _ if is_python(ty) => Ok(ArgumentKind::Token),
            (Some(_), None) => Ok(ArgumentKind::CancelHandle),
            (None, _) => Ok(ArgumentKind::Parameter),
        }
    }
}
