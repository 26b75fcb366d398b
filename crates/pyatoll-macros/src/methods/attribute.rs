//! Expands getters, setters, deleters and class attributes.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use super::body::expand_body;
use super::context::{Context, Expanded};
use super::dunder::{Shape, SlotArgument, SlotResult};
use super::model::{Constant, Method, condition};
use crate::hygiene::{hygienic, located};

/// Expands a `#[getter]`.
pub(super) fn getter(context: &Context<'_>, method: &Method) -> syn::Result<Expanded> {
    if let Some(extra) = method.values().next() {
        return Err(syn::Error::new(
            extra.ty.span(),
            "a getter takes no argument besides `self` and `py: Python<'_>`",
        ));
    }
    let (krate, hidden) = (context.krate, context.hidden());
    let shape = Shape::new(&[], SlotResult::Object);
    let name = method.generated("getter");
    let body = expand_body(context, method, &name, &shape)?;
    let function = quote! {
        unsafe extern "C" fn accessor(
            slf: *mut #krate::ffi::PyObject,
            _closure: *mut ::std::ffi::c_void,
        ) -> *mut #krate::ffi::PyObject {
            // SAFETY: CPython calls this with an instance of the class.
            unsafe { #hidden::slots::slot::<__PyatollClass, _>(slf, |py| <__PyatollClass>::#name(py, slf)) }
        }
    };
    Ok(body.and(accessor_item(context, method, "Getter", &function)))
}

/// Expands a `#[setter]`.
pub(super) fn setter(context: &Context<'_>, method: &Method) -> syn::Result<Expanded> {
    let mut values = method.values();
    if values.next().is_none() {
        return Err(syn::Error::new(
            method.ident.span(),
            "a setter takes 1 argument besides `self`: the new value",
        ));
    }
    if let Some(extra) = values.next() {
        return Err(syn::Error::new(
            extra.ty.span(),
            "a setter takes 1 argument besides `self` and `py: Python<'_>`: the new value",
        ));
    }
    let (krate, hidden) = (context.krate, context.hidden());
    let shape = Shape::new(&[SlotArgument::Object], SlotResult::Unit);
    let name = method.generated("setter");
    let body = expand_body(context, method, &name, &shape)?;
    let function = quote! {
        unsafe extern "C" fn accessor(
            slf: *mut #krate::ffi::PyObject,
            value: *mut #krate::ffi::PyObject,
            _closure: *mut ::std::ffi::c_void,
        ) -> ::std::ffi::c_int {
            // SAFETY: CPython calls this with an instance of the class, and a value or null.
            unsafe { #hidden::slots::setter::<__PyatollClass>(slf, value, <__PyatollClass>::#name) }
        }
    };
    Ok(body.and(accessor_item(context, method, "Setter", &function)))
}

/// Expands a `#[deleter]`.
pub(super) fn deleter(context: &Context<'_>, method: &Method) -> syn::Result<Expanded> {
    if let Some(extra) = method.values().next() {
        return Err(syn::Error::new(
            extra.ty.span(),
            "a deleter takes no argument besides `self` and `py: Python<'_>`",
        ));
    }
    let (krate, hidden) = (context.krate, context.hidden());
    let shape = Shape::new(&[], SlotResult::Status);
    let name = method.generated("deleter");
    let body = expand_body(context, method, &name, &shape)?;
    let function = quote! {
        unsafe extern "C" fn accessor(
            slf: *mut #krate::ffi::PyObject,
            _closure: *mut ::std::ffi::c_void,
        ) -> ::std::ffi::c_int {
            // SAFETY: the deleter is only called with an instance of the class.
            unsafe { #hidden::slots::slot::<__PyatollClass, _>(slf, |py| <__PyatollClass>::#name(py, slf)) }
        }
    };
    Ok(body.and(accessor_item(context, method, "Deleter", &function)))
}

/// Generates the record of an accessor, whose function is named `accessor`.
fn accessor_item(
    context: &Context<'_>,
    method: &Method,
    variant: &str,
    function: &TokenStream,
) -> Expanded {
    let hidden = context.hidden();
    let class = context.class;
    let variant = format_ident!("{variant}");
    let name = context.c_name(&method.python_name);
    let doc = method.doc.optional_c_str(&hidden);
    let condition = method.condition();
    Expanded {
        methods: quote! {
            #[cfg(#condition)]
            #hidden::class::MethodItem::#variant {
                name: #name,
                doc: #doc,
                function: {
                    type __PyatollClass = #class;
                    #function
                    accessor
                },
            },
        },
        ..Expanded::default()
    }
}

/// Expands a function with `#[classattr]`.
pub(super) fn function(context: &Context<'_>, method: &Method) -> syn::Result<Expanded> {
    if let Some(extra) = method.values().next() {
        return Err(syn::Error::new(
            extra.ty.span(),
            "`#[classattr]` takes no argument but `py: Python<'_>`",
        ));
    }
    let ident = &method.ident;
    let arguments = method.function.arguments.iter().map(|_| hygienic("py"));
    let mut value = quote!(<__PyatollClass>::#ident(#(#arguments),*));
    if method.function.is_unsafe {
        // SAFETY: upheld by the author, who exports an `unsafe fn` to CPython.
        value = quote!(unsafe { #value });
    }
    let condition = method.condition();
    let span = method.function.output_span;
    let name = &method.python_name;
    Ok(class_attribute(context, name, &condition, &value, span))
}

/// Expands a constant with `#[classattr]`.
pub(super) fn constant(context: &Context<'_>, constant: &Constant) -> Expanded {
    let ident = &constant.ident;
    let condition = condition(&constant.cfgs);
    let value = quote!(<__PyatollClass>::#ident);
    let span = match &constant.ty {
        syn::ReturnType::Type(_, ty) => ty.span(),
        syn::ReturnType::Default => constant.ident.span(),
    };
    class_attribute(context, &constant.python_name, &condition, &value, span)
}

fn class_attribute(
    context: &Context<'_>,
    name: &str,
    condition: &TokenStream,
    value: &TokenStream,
    span: Span,
) -> Expanded {
    let (krate, hidden) = (context.krate, context.hidden());
    let class = context.class;
    let name = context.c_name(name);
    let span = located(span);
    let at_type = krate.hidden_at(span);
    let [py, result] = ["py", "result"].map(|name| Ident::new(name, span));
    let convert = quote_spanned!(span=> #at_type::slots::class_attribute(#py, #result));
    Expanded {
        methods: quote! {
            #[cfg(#condition)]
            #hidden::class::MethodItem::ClassAttribute {
                name: #name,
                value: {
                    type __PyatollClass = #class;
                    fn value(
                        #py: #krate::Python<'_>,
                    ) -> #krate::PyResult<#krate::Py<#krate::PyAny>> {
                        let #result = #value;
                        #convert
                    }
                    value
                },
            },
        },
        ..Expanded::default()
    }
}
