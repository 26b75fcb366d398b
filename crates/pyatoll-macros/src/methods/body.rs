//! Expands the function that a slot or an accessor runs: it reads the receiver and the arguments
//! from the pointers that CPython passed, calls the method and converts the result.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};

use super::arguments::expand_arguments;
use super::context::{Context, Expanded};
use super::dunder::{Shape, SlotArgument, SlotResult};
use super::model::Method;
use super::role::Role;
use crate::function::body::Callee;
use crate::function::convention::Convention;
use crate::function::coroutine::AsyncResult;
use crate::hygiene::{hygienic, located};

/// Returns the names and the C types of a slot's arguments after the receiver.
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

/// Returns the C type of a slot's result.
pub(super) fn c_result(context: &Context<'_>, result: SlotResult) -> TokenStream {
    let krate = context.krate;
    match result {
        SlotResult::Object | SlotResult::Receiver | SlotResult::Next | SlotResult::AsyncNext => {
            quote!(*mut #krate::ffi::PyObject)
        }
        SlotResult::Size => quote!(#krate::ffi::Py_ssize_t),
        SlotResult::Hash => quote!(#krate::ffi::Py_hash_t),
        SlotResult::Truth | SlotResult::Status => quote!(::std::ffi::c_int),
        SlotResult::Unit => quote!(()),
    }
}

/// Generates the function `name`, which calls the method.
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
    let warnings: TokenStream = warnings.map(|warn| warn.statement(krate, &py)).collect();
    let (receiver, receiver_value) = context.slot_receiver(&method.receiver);
    let (arguments, values) = expand_arguments(context, method, shape, &names)?;
    let code = if method.function.asyncness.is_some() {
        coroutine(context, method)
    } else {
        let call = call(method, &receiver_value, &values);
        let conversion = conversion(context, method, shape.result);
        // As in PyO3: the conversion of a setter's value may read the object's attributes.
        let setup = if method.role == Role::Setter {
            quote!(#arguments #warnings #receiver)
        } else {
            quote!(#warnings #receiver #arguments)
        };
        quote! {
            #setup
            let #result = #call;
            #conversion
        }
    };
    let cfgs = &method.cfgs;
    Ok(Expanded {
        functions: quote! {
            #(#cfgs)*
            unsafe fn #name(
                #py: #krate::Python<'_>,
                #slf: *mut #krate::ffi::PyObject,
                #(#names: #types,)*
            ) -> #krate::PyResult<#result_type> {
                #code
            }
        },
        ..Expanded::default()
    })
}

/// Generates the code of an `async fn __anext__`, the only slot whose result Python awaits.
fn coroutine(context: &Context<'_>, method: &Method) -> TokenStream {
    let ident = &method.ident;
    let callee = Callee {
        convention: Convention::NoArguments,
        name: &method.python_name,
        class: Some(context.class),
        path: &quote!(Self::#ident),
        leading: &[],
    };
    let leading = context.held_receiver(&method.receiver, Convention::Slot);
    method
        .function
        .coroutine(context.krate, &callee, leading, AsyncResult::Next)
}

/// Generates the call. The method may take fewer values than the slot has arguments.
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
        if argument.is_parameter() {
            arguments.extend(values.next().cloned());
        } else {
            arguments.push(quote!(#py));
        }
    }
    let ident = &method.ident;
    if model.is_unsafe {
        // SAFETY: upheld by the author, who exports an `unsafe fn` to CPython.
        quote!(unsafe { Self::#ident(#(#arguments),*) })
    } else {
        quote!(Self::#ident(#(#arguments),*))
    }
}

/// Returns an expression of type `PyResult<…>` that converts `result` to the slot's C type.
fn conversion(context: &Context<'_>, method: &Method, kind: SlotResult) -> TokenStream {
    let span = located(method.function.output_span);
    let hidden = context.krate.hidden_at(span);
    let [py, slf, result] = ["py", "slf", "result"].map(|name| Ident::new(name, span));
    match kind {
        SlotResult::Object => method.function.conversion(context.krate).1,
        SlotResult::Size => quote_spanned!(span=> #hidden::call::length(#result)),
        SlotResult::Truth => quote_spanned!(span=> #hidden::call::truth(#result)),
        SlotResult::Status => quote_spanned!(span=> #hidden::call::status(#result)),
        SlotResult::Unit => quote_spanned!(span=> #hidden::call::unit(#result)),
        SlotResult::Hash => quote_spanned!(span=> #hidden::slots::hash(#result)),
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
