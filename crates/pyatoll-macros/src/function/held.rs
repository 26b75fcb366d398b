//! The code that converts one argument within the future of an `async fn`, from the handles that
//! the future owns.
//!
//! It uses hygienic names: `token`, and `arguments`, the array of handles.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use super::argument::Argument;
use super::extract::{Extraction, default_value, or_return};
use super::signature::SignatureModel;
use super::types::{Form, elided};
use crate::hygiene::{hygienic, located};
use crate::krate::Krate;

/// Converts an argument. `number` is its index, to name what it declares.
pub(super) fn extract_held(
    krate: &Krate,
    signature: &SignatureModel,
    number: usize,
    argument: &Argument,
) -> Extraction {
    let hidden = krate.hidden();
    let name = signature.name_of(argument.slot);
    let [token, object] = ["token", "object"].map(hygienic);
    let holder = format_ident!("holder_{number}", span = Span::mixed_site());
    let mut declarations = TokenStream::new();
    let conversion = match (&argument.from_py_with, Form::of(&argument.ty)) {
        (Some(function), _) => quote_spanned! {located(function.span())=>
            #hidden::coroutine::extract_with(#token, #object, #function, #name)
        },
        // No alias of a reference: a future cannot keep a `&Bound`.
        (None, Form::Value(_) | Form::Named(_)) => {
            let ty = elided(&argument.ty);
            let hidden = krate.hidden_at(located(argument.ty.span()));
            quote_spanned! {located(argument.ty.span())=>
                #hidden::coroutine::extract(#token, #object, |object| {
                    #hidden::call::extract::<#ty>(object.as_borrowed(), #name)
                })
            }
        }
        (None, Form::Reference(reference)) => {
            let span = located(argument.ty.span());
            let hidden = krate.hidden_at(span);
            let ty = elided(reference.ty);
            let function = reference.function();
            declarations = quote!(let mut #holder = ::core::default::Default::default(););
            quote_spanned! {span=>
                #hidden::coroutine::#function::<#ty>(#token, #object, &mut #holder, #name)
            }
        }
    };
    Extraction {
        declarations,
        value: or_default(
            krate,
            signature,
            argument,
            &or_return(Span::mixed_site(), &conversion),
        ),
    }
}

/// Evaluates `value`, of the handle `object`, or the default of a parameter that is not given.
fn or_default(
    krate: &Krate,
    signature: &SignatureModel,
    argument: &Argument,
    value: &TokenStream,
) -> TokenStream {
    let hidden = krate.hidden();
    let [arguments, object] = ["arguments", "object"].map(hygienic);
    let index = signature.slot_index(argument.slot);
    match signature.default_of(argument.slot) {
        None => quote! {
            {
                let #object = #hidden::coroutine::required(&#arguments[#index]);
                #value
            }
        },
        Some(default) => {
            let default = default_value(krate, default, &argument.ty);
            quote! {
                match &#arguments[#index] {
                    ::core::option::Option::Some(#object) => #value,
                    ::core::option::Option::None => #default,
                }
            }
        }
    }
}
