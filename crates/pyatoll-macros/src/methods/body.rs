//! Expands the body of a special method or an accessor: it takes the receiver and the arguments out
//! of the pointers that CPython passed, calls the method and converts the result.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::dunder::{SlotArgument, SlotResult};
use super::model::Method;
use super::{Context, Expanded, located};
use crate::attributes::python_name;
use crate::function::model::Argument;
use crate::function::types::{elided, option_argument, ungrouped};
use crate::krate::hygienic;

/// What a body takes and returns.
pub(super) struct Shape<'a> {
    pub(super) arguments: &'a [SlotArgument],
    /// How many of the last arguments the method may leave out.
    pub(super) optional: usize,
    pub(super) result: SlotResult,
    /// Whether an argument of the wrong type gives `NotImplemented` rather than an error.
    pub(super) is_operator: bool,
}

/// The names and the C types of a slot's arguments after the receiver.
pub(super) fn c_parameters(
    context: &Context<'_>,
    arguments: &[SlotArgument],
) -> (Vec<Ident>, Vec<TokenStream>) {
    let krate = context.krate;
    let names = (0..arguments.len())
        .map(|number| hygienic(&format!("argument_{number}")))
        .collect();
    let types = arguments
        .iter()
        .map(|argument| match argument {
            SlotArgument::Object | SlotArgument::ObjectOrNull => {
                quote!(*mut #krate::ffi::PyObject)
            }
            SlotArgument::Size => quote!(#krate::ffi::Py_ssize_t),
            SlotArgument::Operator | SlotArgument::Flags => quote!(::std::ffi::c_int),
            SlotArgument::Buffer => quote!(*mut #krate::ffi::Py_buffer),
        })
        .collect();
    (names, types)
}

/// The C type that a body returns.
pub(super) fn c_result(context: &Context<'_>, result: SlotResult) -> TokenStream {
    let krate = context.krate;
    match result {
        SlotResult::Object | SlotResult::Receiver | SlotResult::Next | SlotResult::AsyncNext => {
            quote!(*mut #krate::ffi::PyObject)
        }
        SlotResult::Size => quote!(#krate::ffi::Py_ssize_t),
        SlotResult::Hash => quote!(#krate::ffi::Py_hash_t),
        SlotResult::Truth | SlotResult::Status => quote!(::std::ffi::c_int),
        SlotResult::Nothing => quote!(()),
    }
}

/// The function `name`, which is the method's body.
pub(super) fn expand_body(
    context: &Context<'_>,
    method: &Method,
    name: &Ident,
    shape: &Shape<'_>,
) -> syn::Result<Expanded> {
    let krate = context.krate;
    let [py, slf, result] = ["py", "slf", "result"].map(hygienic);
    let (names, types) = c_parameters(context, shape.arguments);
    let result_type = c_result(context, shape.result);
    let warnings = method.function.warnings.iter();
    let warnings = warnings.map(|warn| warn.statement(krate, &py));
    let (receiver, receiver_value) = context.slot_receiver(&method.receiver);
    let (arguments, values) = expand_arguments(context, method, shape, &names)?;
    let call = call(method, &receiver_value, &values);
    let conversion = conversion(context, method, shape.result);
    let cfg = &method.cfg;
    Ok(Expanded {
        functions: quote! {
            #(#cfg)*
            unsafe fn #name(
                #py: #krate::Python<'_>,
                #slf: *mut #krate::ffi::PyObject,
                #(#names: #types,)*
            ) -> #krate::PyResult<#result_type> {
                #(#warnings)*
                #receiver
                #arguments
                let #result = #call;
                #conversion
            }
        },
        ..Expanded::default()
    })
}

/// The call; values that the method leaves out are not passed.
fn call(method: &Method, receiver: &[TokenStream], values: &[TokenStream]) -> TokenStream {
    let py = hygienic("py");
    let model = &method.function;
    let mut values = values.iter();
    let mut arguments = Vec::new();
    if model.token_first {
        arguments.push(quote!(#py));
    }
    arguments.extend(receiver.iter().cloned());
    for argument in &model.arguments {
        if argument.is_token {
            arguments.push(quote!(#py));
        } else {
            arguments.extend(values.next().cloned());
        }
    }
    let ident = &method.ident;
    if model.is_unsafe {
        // SAFETY: whoever writes an `unsafe fn` for a slot vouches for what CPython does with it.
        quote!(unsafe { Self::#ident(#(#arguments),*) })
    } else {
        quote!(Self::#ident(#(#arguments),*))
    }
}

/// An expression of type `PyResult<…>` of what C expects, with `result` in scope.
fn conversion(context: &Context<'_>, method: &Method, kind: SlotResult) -> TokenStream {
    let (krate, hidden) = (context.krate, context.hidden());
    let [py, slf] = ["py", "slf"].map(hygienic);
    let span = located(method.function.output_span);
    let result = Ident::new("result", span);
    let output = |target: TokenStream| {
        quote_spanned! {span=>
            #hidden::call::IntoOutput::<#target>::into_output(#result, #py)
        }
    };
    match kind {
        SlotResult::Object => output(quote!(*mut #krate::ffi::PyObject)),
        SlotResult::Size => output(quote!(#krate::ffi::Py_ssize_t)),
        SlotResult::Truth | SlotResult::Status => output(quote!(::std::ffi::c_int)),
        SlotResult::Nothing => output(quote!(())),
        SlotResult::Hash => quote_spanned!(span=> #hidden::slots::hash(#py, #result)),
        SlotResult::Next | SlotResult::AsyncNext => {
            let wrapper = match kind {
                SlotResult::Next => quote!(Next),
                _ => quote!(AsyncNext),
            };
            quote_spanned! {span=>
                {
                    use #hidden::slots::NextValue as _;
                    #hidden::slots::#wrapper(#result).convert(#py)
                }
            }
        }
        SlotResult::Receiver => quote_spanned! {span=>
            {
                use #hidden::slots::InPlaceValue as _;
                unsafe { #hidden::slots::InPlace(#result).convert(#py, #slf) }
            }
        },
    }
}

/// Statements that convert the arguments of a slot, and the expressions to pass for them.
fn expand_arguments(
    context: &Context<'_>,
    method: &Method,
    shape: &Shape<'_>,
    names: &[Ident],
) -> syn::Result<(TokenStream, Vec<TokenStream>)> {
    let hidden = context.hidden();
    let py = hygienic("py");
    let count = shape.arguments.len();
    let parameters: Vec<&Argument> = method.values().collect();
    if let Some(extra) = parameters.get(count) {
        return Err(syn::Error::new(
            extra.ty.span(),
            format!("Expected at most {count} non-python arguments"),
        ));
    }
    if parameters.len() + shape.optional < count {
        return Err(syn::Error::new(
            method.ident.span(),
            format!("Expected {count} arguments, got {}", parameters.len()),
        ));
    }
    let mut statements = TokenStream::new();
    let mut values = Vec::new();
    for ((parameter, argument), name) in parameters.iter().zip(shape.arguments).zip(names) {
        let ty = elided(&parameter.ty);
        let span = located(parameter.ty.span());
        match argument {
            SlotArgument::Buffer | SlotArgument::Flags => {
                refuse_conversion(parameter)?;
                values.push(quote!(#name));
                continue;
            }
            SlotArgument::Size => {
                refuse_conversion(parameter)?;
                values.push(quote_spanned!(span=> #hidden::slots::size::<#ty>(#name)?));
                continue;
            }
            SlotArgument::Operator => {
                refuse_conversion(parameter)?;
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
        let (declaration, extraction) = extraction(context, parameter, name, shape.is_operator);
        statements.extend(declaration);
        let value = if shape.is_operator {
            let value = hygienic("value");
            quote! {
                match #extraction {
                    ::core::option::Option::Some(#value) => #value,
                    // The other operand's type may know what to do.
                    ::core::option::Option::None => {
                        return ::core::result::Result::Ok(#hidden::slots::not_implemented());
                    }
                }
            }
        } else {
            quote!(#extraction?)
        };
        statements.extend(quote!(let #name = #value;));
        values.push(quote!(#name));
    }
    // A modulus for which the method has no parameter.
    if shape.is_operator && parameters.len() < count {
        let modulus = &names[count - 1];
        statements.extend(quote! {
            if unsafe { #hidden::slots::is_given(#modulus) } {
                return ::core::result::Result::Ok(#hidden::slots::not_implemented());
            }
        });
    }
    Ok((statements, values))
}

/// A declaration of what the argument borrows from, and an expression that converts the handle
/// `object`: of type `PyResult<…>`, or for an operand `Option<…>`.
fn extraction(
    context: &Context<'_>,
    parameter: &Argument,
    object: &Ident,
    is_operand: bool,
) -> (TokenStream, TokenStream) {
    let (declaration, extraction) = fallible_extraction(context, parameter, object, is_operand);
    let has_own_form = match ungrouped(&parameter.ty) {
        Type::Reference(reference) => reference.mutability.is_none(),
        _ => option_argument(&parameter.ty).is_none(),
    };
    if is_operand && !(has_own_form && parameter.from_py_with.is_none()) {
        let extraction = quote!(::core::result::Result::ok(#extraction));
        return (declaration, extraction);
    }
    (declaration, extraction)
}

fn fallible_extraction(
    context: &Context<'_>,
    parameter: &Argument,
    object: &Ident,
    is_operand: bool,
) -> (TokenStream, TokenStream) {
    let hidden = context.hidden();
    let name = python_name(&parameter.name);
    if let Some(function) = &parameter.from_py_with {
        let span = located(function.span());
        return (
            TokenStream::new(),
            quote_spanned!(span=> #hidden::call::extract_with(&#object, #function, #name)),
        );
    }
    let span = located(parameter.ty.span());
    let (inner, optional) = match option_argument(&parameter.ty) {
        Some(inner) => (inner, true),
        None => (&parameter.ty, false),
    };
    let Type::Reference(reference) = ungrouped(inner) else {
        let ty = elided(&parameter.ty);
        let extraction = if is_operand && !optional {
            quote_spanned!(span=> #hidden::call::operand::<#ty>(#object))
        } else {
            quote_spanned!(span=> #hidden::call::extract::<#ty>(#object, #name))
        };
        return (TokenStream::new(), extraction);
    };
    let (function, kind) = match (reference.mutability.is_some(), optional) {
        (false, false) => ("extract_ref", "RefArgument"),
        (false, true) => ("extract_optional_ref", "RefArgument"),
        (true, false) => ("extract_mut", "RefMutArgument"),
        (true, true) => ("extract_optional_mut", "RefMutArgument"),
    };
    let (function, kind) = (format_ident!("{function}"), format_ident!("{kind}"));
    let target = elided(&reference.elem);
    let holder = hygienic(&format!("holder_of_{object}"));
    let extraction = if is_operand && function == "extract_ref" {
        let slf = hygienic("slf");
        quote_spanned! {span=>
            unsafe {
                #hidden::call::operand_ref::<#target, Self>(#slf, #object, &mut #holder)
            }
        }
    } else {
        quote_spanned! {span=>
            #hidden::call::#function::<#target>(#object, &mut #holder, #name)
        }
    };
    (
        quote_spanned! {span=>
            let mut #holder = <#target as #hidden::call::#kind<'_, '_, '_>>::Holder::default();
        },
        extraction,
    )
}

/// Refuses `from_py_with` where the slot's argument is no object.
fn refuse_conversion(parameter: &Argument) -> syn::Result<()> {
    match &parameter.from_py_with {
        Some(function) => Err(syn::Error::new(
            function.span(),
            "`from_py_with` cannot be used here: the argument is not a Python object",
        )),
        None => Ok(()),
    }
}
