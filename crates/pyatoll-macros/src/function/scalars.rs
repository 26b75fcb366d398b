//! The code that converts several consecutive scalars together.
//!
//! A macro knows a type by its name only. A type of the user that is named like a scalar is
//! converted correctly as well, though after the scalars beside it.

use std::ops::Range;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, Lifetime, Type};

use super::argument::{Argument, ParameterSlot};
use super::extract::or_return;
use super::signature::SignatureModel;
use super::types::ungrouped;
use crate::hygiene::{hygienic, located};
use crate::krate::Krate;

/// The fewest scalars that are converted together: fewer are not smaller.
const MIN: usize = 4;

/// The most that are converted together.
const MAX: usize = 16;

/// The names of the scalar types.
const SCALARS: [&str; 13] = [
    "i8", "i16", "i32", "i64", "isize", "u8", "u16", "u32", "u64", "usize", "f32", "f64", "bool",
];

/// Consecutive arguments that are converted together.
pub(super) struct Run<'a> {
    arguments: &'a [Argument],
    /// The index of the first of them.
    start: usize,
}

impl<'a> Run<'a> {
    /// Returns the runs of a function's arguments.
    pub(super) fn all(signature: &SignatureModel, arguments: &'a [Argument]) -> Vec<Self> {
        let mut runs = Vec::new();
        let mut start = 0;
        for end in 0..=arguments.len() {
            let goes_on = arguments
                .get(end)
                .is_some_and(|argument| end - start < MAX && is_scalar(signature, argument));
            if goes_on {
                continue;
            }
            if end - start >= MIN {
                let arguments = &arguments[start..end];
                runs.push(Self { arguments, start });
            }
            let is_next = arguments
                .get(end)
                .is_some_and(|argument| is_scalar(signature, argument));
            start = if is_next { end } else { end + 1 };
        }
        runs
    }

    /// Returns the indices of the arguments.
    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.start + self.arguments.len()
    }

    /// Returns `let` statements for the variables that the run's first expression assigns and the
    /// others read.
    pub(super) fn declarations(&self) -> TokenStream {
        let later = self.range().skip(1).map(variable);
        quote!(#(let #later;)*)
    }

    /// Returns the expressions to pass. The first converts all of them.
    pub(super) fn values(&self, krate: &Krate, signature: &SignatureModel) -> Vec<TokenStream> {
        let hidden = krate.hidden();
        let [py, values, signature_record, scalars] =
            ["py", "values", "signature", "scalars"].map(hygienic);
        let [fast, slow] = ["'fast", "'slow"].map(|name| Lifetime::new(name, Span::mixed_site()));
        let variables: Vec<Ident> = self.range().map(variable).collect();
        let count = self.arguments.len();
        let first = signature.slot_index(self.arguments[0].slot);
        let types = self.arguments.iter().map(|argument| &argument.ty);
        let plain = self.arguments.iter().zip(&variables).enumerate();
        let plain = plain.map(|(number, (argument, variable))| {
            let ty = &argument.ty;
            let index = first + number;
            quote! {
                let ::core::option::Option::Some(#variable) =
                    (unsafe { #hidden::call::scalar_at::<#ty>(#py, #values, #index) })
                else {
                    break #slow;
                };
            }
        });
        let convert = or_return(
            Span::mixed_site(),
            &quote! {
                unsafe {
                    #scalars.convert(
                        #py,
                        #values,
                        #first,
                        const { #hidden::call::Kinds::new()#(.and::<#types>())* },
                        #signature_record,
                    )
                }
            },
        );
        let converted = self.arguments.iter().enumerate().map(|(number, argument)| {
            let span = located(argument.ty.span());
            let ty = &argument.ty;
            let name = signature.name_of(argument.slot);
            let get = quote_spanned!(span=> #scalars.get::<#ty>);
            or_return(
                span,
                &quote!(unsafe { #get(#py, #values, (#first, #number), #name) }),
            )
        });
        let later = &variables[1..];
        let value = hygienic("first");
        let all = quote! {{
            let #value;
            (#value, #(#later),*) = #fast: {
                #slow: {
                    #(#plain)*
                    break #fast (#(#variables),*);
                }
                let mut #scalars = #hidden::call::Scalars::<#count>::new();
                let () = #convert;
                (#(#converted),*)
            };
            #value
        }};
        let mut values = vec![all];
        values.extend(later.iter().map(|variable| quote!(#variable)));
        values
    }
}

/// Returns whether an argument may be part of a run.
fn is_scalar(signature: &SignatureModel, argument: &Argument) -> bool {
    let Type::Path(path) = ungrouped(&argument.ty) else {
        return false;
    };
    let has_slot = matches!(
        argument.slot,
        ParameterSlot::Positional(_) | ParameterSlot::KeywordOnly(_)
    );
    argument.is_parameter()
        && argument.from_py_with.is_none()
        && has_slot
        && signature.default_of(argument.slot).is_none()
        && path.qself.is_none()
        && SCALARS.iter().any(|name| path.path.is_ident(name))
}

/// Returns the variable with the value of the argument at this index.
fn variable(number: usize) -> Ident {
    format_ident!("scalar_{number}", span = Span::mixed_site())
}
