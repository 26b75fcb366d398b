//! A Rust function that Python calls: its arguments, tied to Python parameters.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Expr, FnArg, GenericParam, Ident, LitStr, Pat, ReturnType, Token, Type};

use super::options::{FunctionOptions, Warn};
use super::signature::{Place, SignatureModel};
use super::types::{is_python, ungrouped};
use crate::attributes::take_pyo3_options;

/// What the function takes before the Python arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Leading {
    /// Nothing.
    None,
    /// One argument that the caller of [`FunctionModel::body`] supplies: the module. A `py` may
    /// come before it.
    Module,
    /// One argument that the caller of [`FunctionModel::body`] supplies: `self` in any form, or the
    /// class of a class method.
    Receiver,
}

/// One argument of the Rust function, after the leading one.
pub(crate) struct Argument {
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    /// The function of `#[pyo3(from_py_with = …)]`.
    pub(crate) from_py_with: Option<Expr>,
    /// Whether it is a `py: Python<'_>`, which is no Python parameter.
    pub(crate) is_token: bool,
    /// Where its value comes from; meaningless for a token.
    pub(crate) place: Place,
}

/// A Rust function that Python calls.
pub(crate) struct FunctionModel {
    pub(crate) arguments: Vec<Argument>,
    pub(crate) signature: SignatureModel,
    /// Whether a `py` comes before the leading argument.
    pub(crate) token_first: bool,
    pub(crate) warnings: Vec<Warn>,
    /// Whether it is an `unsafe fn`.
    pub(crate) is_unsafe: bool,
    /// Where its return type stands, for errors.
    pub(crate) output_span: Span,
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

impl FunctionModel {
    /// Reads a function's signature. Takes the `#[pyo3(…)]` attributes off its arguments.
    pub(crate) fn new(
        function: &mut syn::Signature,
        options: &FunctionOptions,
        leading: Leading,
    ) -> syn::Result<Self> {
        check_kind(function)?;
        let output_span = match &function.output {
            ReturnType::Default => function.ident.span(),
            ReturnType::Type(_, ty) => ty.span(),
        };
        let mut inputs = function.inputs.iter_mut();
        let mut token_first = false;
        if leading != Leading::None {
            let mut first = inputs.next();
            if let Some(FnArg::Typed(typed)) = &first
                && is_python(&typed.ty)
            {
                token_first = true;
                first = inputs.next();
            }
            if first.is_none() {
                let text = match leading {
                    Leading::Module => {
                        "expected `&PyModule` or `Py<PyModule>` as first argument \
                                        with `pass_module`"
                    }
                    _ => "expected a receiver for this method",
                };
                return Err(syn::Error::new(function.paren_token.span.join(), text));
            }
        }
        let mut arguments = inputs
            .map(|input| match input {
                FnArg::Typed(typed) => Argument::new(typed),
                FnArg::Receiver(receiver) => Err(syn::Error::new_spanned(
                    receiver,
                    "a function that Python calls has no `self` here",
                )),
            })
            .collect::<syn::Result<Vec<_>>>()?;
        let signature = SignatureModel::new(options.signature.as_ref(), &mut arguments)?;
        let model = Self {
            arguments,
            signature,
            token_first,
            warnings: options.warnings.clone(),
            is_unsafe: function.unsafety.is_some(),
            output_span,
        };
        model.check_variadic()?;
        Ok(model)
    }

    /// `**kwargs` may be absent, so its type must say so.
    fn check_variadic(&self) -> syn::Result<()> {
        for argument in &self.arguments {
            if argument.place == Place::VarKeywords
                && !argument.is_token
                && super::types::option_argument(&argument.ty).is_none()
            {
                return Err(syn::Error::new_spanned(
                    &argument.ty,
                    "the type of `**kwargs` must be `Option<_>`",
                ));
            }
        }
        Ok(())
    }
}

impl Argument {
    fn new(typed: &mut syn::PatType) -> syn::Result<Self> {
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
            place: Place::Positional(0),
        })
    }
}

/// What no Python function can be.
fn check_kind(function: &syn::Signature) -> syn::Result<()> {
    if let Some(token) = &function.asyncness {
        return Err(syn::Error::new(
            token.span(),
            "`async fn` is not supported yet: return an awaitable object, or run the future in \
             the function with `py.detach`",
        ));
    }
    for parameter in &function.generics.params {
        match parameter {
            GenericParam::Type(parameter) => {
                return Err(syn::Error::new_spanned(
                    parameter,
                    "Python functions cannot have generic type parameters",
                ));
            }
            GenericParam::Const(parameter) => {
                return Err(syn::Error::new_spanned(
                    parameter,
                    "Python functions cannot have const generic parameters",
                ));
            }
            GenericParam::Lifetime(_) => {}
        }
    }
    if let Some(variadic) = &function.variadic {
        return Err(syn::Error::new(
            variadic.span(),
            "Python functions cannot have C variadic arguments",
        ));
    }
    Ok(())
}
