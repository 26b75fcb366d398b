//! The user's initialization function: its arguments, and the call.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, Ident, ItemFn, ReturnType};

use crate::function::types::is_python;
use crate::hygiene::located;
use crate::krate::Krate;

/// The call of an initialization function.
pub(super) struct InitCall {
    arguments: Vec<InitArgument>,
    /// The span of the return type.
    span: Span,
    /// The span of the type of the module.
    module_span: Span,
    is_unsafe: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum InitArgument {
    Token,
    Module,
}

impl InitCall {
    /// Reads a function that takes the token, the module, both or neither.
    pub(super) fn of(function: &ItemFn) -> syn::Result<Self> {
        let signature = &function.sig;
        if let Some(token) = &signature.asyncness {
            return Err(syn::Error::new(
                token.span(),
                "a module cannot be initialized by an `async fn`",
            ));
        }
        let mut arguments = Vec::new();
        let mut module_span = signature.ident.span();
        for input in &signature.inputs {
            let argument = match input {
                FnArg::Typed(typed) if is_python(&typed.ty) => InitArgument::Token,
                FnArg::Typed(typed) => {
                    module_span = typed.ty.span();
                    InitArgument::Module
                }
                FnArg::Receiver(receiver) => {
                    return Err(syn::Error::new(receiver.span(), "there is no `self` here"));
                }
            };
            if arguments.contains(&argument) {
                return Err(syn::Error::new(
                    input.span(),
                    "expected at most `py: Python<'_>` and `m: &Bound<'_, PyModule>`",
                ));
            }
            arguments.push(argument);
        }
        let span = match &signature.output {
            ReturnType::Default => signature.ident.span(),
            ReturnType::Type(_, ty) => ty.span(),
        };
        Ok(Self {
            arguments,
            span,
            module_span,
            is_unsafe: signature.unsafety.is_some(),
        })
    }

    /// Returns whether the function takes the module.
    pub(super) fn takes_module(&self) -> bool {
        self.arguments.contains(&InitArgument::Module)
    }

    /// Returns the statement that calls the function, for a function that returns `PyResult`.
    pub(super) fn statement(
        &self,
        krate: &Krate,
        callable: &TokenStream,
        module: &Ident,
    ) -> TokenStream {
        let span = located(self.span);
        let hidden = krate.hidden_at(span);
        let arguments = self.arguments.iter().map(|argument| match argument {
            InitArgument::Token => quote!(#module.py()),
            InitArgument::Module => {
                let span = located(self.module_span);
                let hidden = krate.hidden_at(span);
                quote_spanned!(span=> #hidden::call::module_argument(#module))
            }
        });
        let mut call = quote!(#callable(#(#arguments),*));
        if self.is_unsafe {
            // SAFETY: upheld by the author, who exports an `unsafe fn` to CPython.
            call = quote!(unsafe { #call });
        }
        let result = Ident::new("result", span);
        quote_spanned! {span=>
            let #result = #call;
            #hidden::call::unit(#result)?;
        }
    }
}
