//! The model of a Rust function that Python calls: its arguments, tied to Python parameters.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{FnArg, GenericParam, ReturnType};

use super::argument::{Argument, ArgumentKind, ParameterSlot};
use super::options::{FunctionOptions, Warn};
use super::signature::SignatureModel;
use super::types::{handle_with_token, is_python, option_argument};

/// The argument before the Python arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Leading {
    /// There is none.
    None,
    /// The module, supplied by the caller of [`FunctionModel::body`]. A `py` may precede it.
    Module,
    /// `self` in any form, or the class of a class method, supplied by the caller of
    /// [`FunctionModel::body`]. A `py` may precede it.
    Receiver,
}

/// A Rust function that Python calls.
pub(crate) struct FunctionModel {
    pub(crate) arguments: Vec<Argument>,
    pub(crate) signature: SignatureModel,
    /// Whether a `py` precedes the leading argument.
    pub(crate) token_first: bool,
    /// The span of the type of the leading argument, or of the function's name without one.
    pub(crate) leading_span: Span,
    pub(crate) warnings: Vec<Warn>,
    /// Whether it is an `unsafe fn`.
    pub(crate) is_unsafe: bool,
    /// The span of `async`, if it is an `async fn`.
    pub(crate) asyncness: Option<Span>,
    /// The return type.
    pub(crate) output: ReturnType,
    /// The span of the return type, for errors.
    pub(crate) output_span: Span,
}

impl FunctionModel {
    /// Reads a function's signature and removes the `#[pyo3(…)]` attributes of its arguments.
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
        let end = function.paren_token.span.join();
        let mut inputs = function.inputs.iter_mut();
        let (token, leading_span) = skip_leading(&mut inputs, leading, end)?;
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
            token_first: token.is_some(),
            leading_span: leading_span.unwrap_or(function.ident.span()),
            warnings: options.warnings.clone(),
            is_unsafe: function.unsafety.is_some(),
            asyncness: function.asyncness.map(|token| token.span()),
            output: function.output.clone(),
            output_span,
        };
        model.check_variadic()?;
        model.check_cancel_handle()?;
        model.check_token(token)?;
        model.check_handles()?;
        Ok(model)
    }

    /// Checks that only an `async fn` has a cancel handle, and only one.
    fn check_cancel_handle(&self) -> syn::Result<()> {
        let mut handles = self
            .arguments
            .iter()
            .filter(|argument| argument.kind == ArgumentKind::CancelHandle);
        let Some(handle) = handles.next() else {
            return Ok(());
        };
        if self.asyncness.is_none() {
            return Err(syn::Error::new(
                handle.name.span(),
                "`cancel_handle` attribute can only be used with `async fn`",
            ));
        }
        match handles.next() {
            Some(second) => Err(syn::Error::new(
                second.name.span(),
                "`cancel_handle` may only be specified once",
            )),
            None => Ok(()),
        }
    }

    /// Checks that an `async fn` takes no token, which its future could not hold while it is
    /// suspended. `first` is the span of the type of a token before the receiver.
    fn check_token(&self, first: Option<Span>) -> syn::Result<()> {
        let mut others = self.arguments.iter();
        let other = others.find(|argument| argument.kind == ArgumentKind::Token);
        match first.or(other.map(|argument| argument.ty.span())) {
            Some(span) if self.asyncness.is_some() => Err(syn::Error::new(
                span,
                "an `async fn` cannot take a `Python` token, which would be held across `.await`: \
                 use `Python::attach` in the function",
            )),
            _ => Ok(()),
        }
    }

    /// Checks that an `async fn` takes no handle with a token.
    fn check_handles(&self) -> syn::Result<()> {
        if self.asyncness.is_none() {
            return Ok(());
        }
        for argument in &self.arguments {
            let ty = option_argument(&argument.ty).unwrap_or(&argument.ty);
            if let Some(name) = handle_with_token(ty) {
                return Err(syn::Error::new(
                    argument.ty.span(),
                    format!(
                        "an `async fn` cannot take a `{name}`, which would be held across `.await`: \
                         take a `Py`"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Checks that the type of `**kwargs` is an `Option`: no dict is passed without keywords.
    fn check_variadic(&self) -> syn::Result<()> {
        for argument in &self.arguments {
            if argument.slot == ParameterSlot::VarKeywords
                && argument.is_parameter()
                && option_argument(&argument.ty).is_none()
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

/// Skips the leading argument and a `py` before it. Returns the spans of the types of the `py` and
/// of the leading argument.
fn skip_leading<'a>(
    inputs: &mut impl Iterator<Item = &'a mut FnArg>,
    leading: Leading,
    end: Span,
) -> syn::Result<(Option<Span>, Option<Span>)> {
    let message = match leading {
        Leading::None => return Ok((None, None)),
        Leading::Module => {
            "expected `&Bound<'_, PyModule>` or `Py<PyModule>` as the first argument with `pass_module`"
        }
        Leading::Receiver => "expected a receiver for this method",
    };
    let mut first = inputs.next();
    let token = match &first {
        Some(FnArg::Typed(typed)) if is_python(&typed.ty) => Some(typed.ty.span()),
        _ => None,
    };
    if token.is_some() {
        first = inputs.next();
    }
    match first {
        Some(FnArg::Typed(typed)) => Ok((token, Some(typed.ty.span()))),
        Some(FnArg::Receiver(receiver)) => Ok((token, Some(receiver.span()))),
        None => Err(syn::Error::new(end, message)),
    }
}

/// Rejects functions that cannot be called from Python: generic and C-variadic ones, and async ones
/// without the feature `experimental-async`.
fn check_kind(function: &syn::Signature) -> syn::Result<()> {
    if let Some(token) = &function.asyncness
        && !cfg!(feature = "experimental-async")
    {
        return Err(syn::Error::new(
            token.span(),
            "an `async fn` needs the feature `experimental-async`: enable it in `Cargo.toml`",
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
