//! The code that converts one argument from its slot of the `values` array.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Ident, Type};

use super::argument::Argument;
use super::signature::SignatureModel;
use super::types::{Form, Reference, elided, option_argument};
use crate::hygiene::{hygienic, located, respanned};
use crate::krate::Krate;

/// The code for one argument.
pub(super) struct Extraction {
    /// Statements before the call; the value may borrow from what they declare.
    pub(super) declarations: TokenStream,
    /// The expression to pass.
    pub(super) value: TokenStream,
}

/// Converts an argument. `number` is its index, to name what it declares.
pub(super) fn extract(
    krate: &Krate,
    signature: &SignatureModel,
    number: usize,
    argument: &Argument,
) -> Extraction {
    let context = Context {
        krate,
        signature,
        argument,
        holder: format_ident!("holder_{number}", span = Span::mixed_site()),
    };
    match &argument.from_py_with {
        Some(function) => context.with_function(function),
        None => context.with_trait(),
    }
}

struct Context<'a> {
    krate: &'a Krate,
    signature: &'a SignatureModel,
    argument: &'a Argument,
    /// The variable that the value borrows from.
    holder: Ident,
}

impl Context<'_> {
    /// Calls the function of `from_py_with`.
    fn with_function(&self, function: &Expr) -> Extraction {
        let span = located(function.span());
        let hidden = self.krate.hidden_at(span);
        let (holder, object) = (&self.holder, hygienic("object"));
        let name = self.signature.name_of(self.argument.slot);
        let get = self.get();
        let extract = |object: TokenStream| {
            let extract = quote_spanned! {span=>
                #hidden::call::extract_with(#object, #function, #name)
            };
            or_return(span, &extract)
        };
        let value = match self.signature.default_of(self.argument.slot) {
            None => extract(quote!(&#holder)),
            Some(default) => {
                let value = extract(quote!(#object));
                self.or_default(&quote!(&#holder), &value, default)
            }
        };
        Extraction {
            // The function may borrow from the handle.
            declarations: quote!(let #holder = #get;),
            value,
        }
    }

    /// Uses the conversion trait that fits the form of the argument's type.
    fn with_trait(&self) -> Extraction {
        let span = located(self.argument.ty.span());
        let hidden = self.krate.hidden_at(span);
        let name = self.signature.name_of(self.argument.slot);
        let form = Form::of(&self.argument.ty);
        let mut ty = elided(form.ty());
        let is_value = matches!(form, Form::Value(_));
        let (declarations, function, holder) = match form {
            Form::Value(_) => (TokenStream::new(), quote!(extract), TokenStream::new()),
            Form::Reference(Reference {
                ty: Type::Slice(slice),
                mutable: false,
                optional,
            }) => {
                ty = elided(&slice.elem);
                let function = if optional {
                    quote!(extract_optional_slice)
                } else {
                    quote!(extract_slice)
                };
                (TokenStream::new(), function, TokenStream::new())
            }
            Form::Named(named) => {
                let holder = Ident::new(&self.holder.to_string(), span);
                let function = named.function();
                (
                    quote_spanned!(span=> let mut #holder = ::core::option::Option::None;),
                    quote!(#function),
                    quote_spanned!(span=> &mut #holder,),
                )
            }
            Form::Reference(reference) => {
                let holder = Ident::new(&self.holder.to_string(), span);
                let function = reference.function();
                // The function below determines its type: naming the trait here, too, would cause a
                // second error.
                let declarations = quote_spanned! {span=>
                    let mut #holder = ::core::default::Default::default();
                };
                (
                    declarations,
                    quote!(#function),
                    quote_spanned!(span=> &mut #holder,),
                )
            }
        };
        let extract = |object: TokenStream| {
            let extract = quote_spanned! {span=>
                #hidden::call::#function::<#ty>(#object, #holder #name)
            };
            or_return(span, &extract)
        };
        let value = match self.signature.default_of(self.argument.slot) {
            None if is_value => {
                let [py, values] = ["py", "values"].map(hygienic);
                let index = self.signature.slot_index(self.argument.slot);
                let function = quote_spanned!(span=> #hidden::call::extract_at::<#ty>);
                or_return(
                    span,
                    &quote!(unsafe { #function(#py, #values, #index, #name) }),
                )
            }
            None => extract(self.get()),
            Some(default) => {
                let object = hygienic("object");
                self.or_default(&self.get(), &extract(quote!(#object)), default)
            }
        };
        Extraction {
            declarations,
            value,
        }
    }

    /// Reads the slot: a handle, or an `Option` of one if the parameter has a default.
    fn get(&self) -> TokenStream {
        let hidden = self.krate.hidden();
        let [py, values] = ["py", "values"].map(hygienic);
        let slot = self.argument.slot;
        let index = self.signature.slot_index(slot);
        if self.signature.default_of(slot).is_some() {
            quote!(unsafe { #hidden::call::optional(#py, #values[#index]) })
        } else {
            quote!(unsafe { #hidden::call::required(#py, #values[#index]) })
        }
    }

    /// Evaluates `value`, of the handle `object`, if `option` has one, and the default otherwise.
    fn or_default(&self, option: &TokenStream, value: &TokenStream, default: &Expr) -> TokenStream {
        let object = hygienic("object");
        let default = default_value(self.krate, default, &self.argument.ty);
        quote! {
            match #option {
                ::core::option::Option::Some(#object) => #value,
                ::core::option::Option::None => #default,
            }
        }
    }
}

/// Unwraps a `PyResult`, or returns its error from the generated function.
///
/// The `?` operator would compile to two calls in an unoptimized build, for each argument.
pub(super) fn or_return(span: Span, result: &TokenStream) -> TokenStream {
    let [value, error] = ["value", "error"].map(|name| Ident::new(name, span));
    quote_spanned! {span=>
        match #result {
            ::core::result::Result::Ok(#value) => #value,
            ::core::result::Result::Err(#error) => return ::core::result::Result::Err(#error),
        }
    }
}

/// Returns the default of a parameter; that of an `Option<T>` may be written as a `T`.
pub(super) fn default_value(krate: &Krate, default: &Expr, ty: &Type) -> TokenStream {
    let span = located(default.span());
    let hidden = krate.hidden_at(span);
    let is_none = matches!(default, Expr::Path(path) if path.path.is_ident("None"));
    match (is_none, option_argument(ty).is_some()) {
        (true, true) => quote!(#default),
        // For an alias of an `Option`, and for the message about any other type.
        (true, false) => {
            let ty = respanned(elided(ty).to_token_stream(), span);
            quote_spanned!(span=> <#ty as #hidden::call::NoneDefault>::NONE)
        }
        (false, true) => {
            let (value, ty) = (Ident::new("default", span), elided(ty));
            quote_spanned! {span=> {
                let #value: #ty = #hidden::call::OptionalDefault::into_option(#default);
                #value
            }}
        }
        // A variable, since the arms of a `match` would be reported as incompatible.
        (false, false) => {
            let (value, ty) = (hygienic("default"), elided(ty));
            quote!({ let #value: #ty = #default; #value })
        }
    }
}
