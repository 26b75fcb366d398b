//! Converts the arguments of a slot to those of the method.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::context::Context;
use super::dunder::{Shape, SlotArgument};
use super::model::Method;
use crate::attributes::python_name;
use crate::function::argument::Argument;
use crate::function::types::{Form, elided, option_argument};
use crate::hygiene::{hygienic, located};

/// Returns the statements that convert the arguments of a slot, and the expressions to pass for
/// them.
pub(super) fn expand_arguments(
    context: &Context<'_>,
    method: &Method,
    shape: &Shape<'_>,
    names: &[Ident],
) -> syn::Result<(TokenStream, Vec<TokenStream>)> {
    let hidden = context.hidden();
    let py = hygienic("py");
    let parameters = parameters(method, shape)?;
    let mut statements = TokenStream::new();
    let mut values = Vec::new();
    for ((parameter, argument), name) in parameters.iter().zip(shape.arguments).zip(names) {
        let ty = elided(&parameter.ty);
        let span = located(parameter.ty.span());
        match argument {
            SlotArgument::Buffer | SlotArgument::Flags => {
                reject_conversion(parameter)?;
                values.push(quote!(#name));
                continue;
            }
            SlotArgument::Size => {
                reject_conversion(parameter)?;
                values.push(quote_spanned!(span=> #hidden::slots::size::<#ty>(#name)?));
                continue;
            }
            SlotArgument::Operator => {
                reject_conversion(parameter)?;
                values.push(quote_spanned!(span=> #hidden::slots::operator(#name)?));
                continue;
            }
            SlotArgument::Object => statements.extend(quote! {
                let #name = unsafe { #hidden::call::required(#py, #name) };
            }),
            SlotArgument::ObjectOrNull => statements.extend(quote! {
                let #name = unsafe { #hidden::slots::object_or_none(#py, #name) };
            }),
        }
        let (declaration, value) = if shape.is_operator {
            operand(context, parameter, name)
        } else {
            let (declaration, extraction) = extraction(context, parameter, name);
            (declaration, quote!(#extraction?))
        };
        statements.extend(declaration);
        statements.extend(quote!(let #name = #value;));
        values.push(quote!(#name));
    }
    // The modulus of `pow`, if the method has no parameter for it.
    if shape.is_operator
        && let [.., modulus] = names
        && parameters.len() < names.len()
    {
        statements.extend(quote! {
            if unsafe { #hidden::slots::is_given(#modulus) } {
                return ::core::result::Result::Ok(#hidden::slots::not_implemented());
            }
        });
    }
    Ok((statements, values))
}

/// Returns the parameters of the method, one for each argument of the slot that it takes.
fn parameters<'a>(method: &'a Method, shape: &Shape<'_>) -> syn::Result<Vec<&'a Argument>> {
    let count = shape.arguments.len();
    let parameters: Vec<&Argument> = method.values().collect();
    if let Some(extra) = parameters.get(count) {
        return Err(syn::Error::new(
            extra.ty.span(),
            format!(
                "`{}` takes {} besides `self`",
                method.python_name,
                counted(count, shape.optional)
            ),
        ));
    }
    if parameters.len() + shape.optional < count {
        return Err(syn::Error::new(
            method.ident.span(),
            format!(
                "`{}` takes {} besides `self`, not {}",
                method.python_name,
                counted(count, shape.optional),
                parameters.len()
            ),
        ));
    }
    Ok(parameters)
}

/// Returns the number of arguments in words.
pub(super) fn counted(count: usize, optional: usize) -> String {
    let word = if count == 1 { "argument" } else { "arguments" };
    match (count, optional) {
        (0, _) => "no argument".to_owned(),
        (_, 0) => format!("{count} {word}"),
        _ => format!("{} or {count} {word}", count - optional),
    }
}

/// Converts an operand: a declaration that the value borrows from, and an expression of the value,
/// which returns `NotImplemented` from the function for an operand of another type.
fn operand(
    context: &Context<'_>,
    parameter: &Argument,
    object: &Ident,
) -> (TokenStream, TokenStream) {
    let span = located(parameter.ty.span());
    let hidden = context.krate.hidden_at(span);
    // Values and shared references have functions that create no error to be discarded.
    let (declaration, extraction) = match Form::of(&parameter.ty) {
        Form::Value(_) | Form::Named(_)
            if parameter.from_py_with.is_none() && option_argument(&parameter.ty).is_none() =>
        {
            let ty = elided(&parameter.ty);
            (
                TokenStream::new(),
                quote_spanned!(span=> #hidden::call::operand::<#ty>(#object)),
            )
        }
        Form::Reference(reference)
            if parameter.from_py_with.is_none() && !reference.mutable && !reference.optional =>
        {
            let (target, holder) = (elided(reference.ty), holder(object, span));
            let slf = hygienic("slf");
            (
                declare_holder(&holder),
                quote_spanned! {span=>
                    unsafe {
                        #hidden::call::operand_ref::<#target, Self>(#slf, #object, &mut #holder)
                    }
                },
            )
        }
        _ => {
            let (declaration, extraction) = extraction(context, parameter, object);
            (declaration, quote!(::core::result::Result::ok(#extraction)))
        }
    };
    let value = hygienic("value");
    let value = quote! {
        match #extraction {
            ::core::option::Option::Some(#value) => #value,
            // The other operand's type may implement the operation.
            ::core::option::Option::None => {
                return ::core::result::Result::Ok(#hidden::slots::not_implemented());
            }
        }
    };
    (declaration, value)
}

/// Converts the handle `object`: a declaration that the value borrows from, and an expression of
/// type `PyResult<…>`.
fn extraction(
    context: &Context<'_>,
    parameter: &Argument,
    object: &Ident,
) -> (TokenStream, TokenStream) {
    let name = python_name(&parameter.name);
    if let Some(function) = &parameter.from_py_with {
        let span = located(function.span());
        let hidden = context.krate.hidden_at(span);
        return (
            TokenStream::new(),
            quote_spanned!(span=> #hidden::call::extract_with(&#object, #function, #name)),
        );
    }
    let span = located(parameter.ty.span());
    let hidden = context.krate.hidden_at(span);
    match Form::of(&parameter.ty) {
        Form::Value(ty) => {
            let ty = elided(ty);
            (
                TokenStream::new(),
                quote_spanned!(span=> #hidden::call::extract::<#ty>(#object, #name)),
            )
        }
        Form::Named(named) => {
            let (ty, holder) = (elided(named.ty), holder(object, span));
            let function = named.function();
            (
                quote_spanned!(span=> let mut #holder = ::core::option::Option::None;),
                quote_spanned! {span=>
                    #hidden::call::#function::<#ty>(#object, &mut #holder, #name)
                },
            )
        }
        Form::Reference(reference) => {
            let (target, holder) = (elided(reference.ty), holder(object, span));
            let function = reference.function();
            (
                declare_holder(&holder),
                quote_spanned! {span=>
                    #hidden::call::#function::<#target>(#object, &mut #holder, #name)
                },
            )
        }
    }
}

/// Returns the name of the variable that a reference to the value of `object` borrows from.
fn holder(object: &Ident, span: Span) -> Ident {
    Ident::new(&format!("holder_of_{object}"), span)
}

/// Declares the variable; the function that fills it determines its type.
fn declare_holder(holder: &Ident) -> TokenStream {
    quote_spanned!(holder.span()=> let mut #holder = ::core::default::Default::default();)
}

/// Rejects `from_py_with` for an argument of the slot that is not an object.
fn reject_conversion(parameter: &Argument) -> syn::Result<()> {
    match &parameter.from_py_with {
        Some(function) => Err(syn::Error::new(
            function.span(),
            "`from_py_with` cannot be used here: the argument is not a Python object",
        )),
        None => Ok(()),
    }
}
