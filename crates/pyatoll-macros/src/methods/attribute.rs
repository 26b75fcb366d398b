//! Expands getters, setters, deleters and class attributes.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::spanned::Spanned;

use super::body::expand_body;
use super::context::{Context, Expanded};
use super::dunder::{Shape, SlotArgument, SlotResult};
use super::model::{Constant, Method, condition};

/// Expands a `#[getter]`.
pub(super) fn getter(context: &Context<'_>, method: &Method) -> syn::Result<Expanded> {
    if let Some(extra) = method.values().next() {
        return Err(syn::Error::new(
            extra.ty.span(),
            "getter function can only have one argument (of type pyo3::Python)",
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
            "setter function expected to have one argument",
        ));
    }
    if let Some(extra) = values.next() {
        return Err(syn::Error::new(
            extra.ty.span(),
            "setter function can have at most two arguments ([pyo3::Python,] and value)",
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
            "deleter function can have at most one argument ([pyo3::Python,])",
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
            "#[classattr] can only have one argument (of type pyo3::Python)",
        ));
    }
    let ident = &method.ident;
    let arguments = method.function.arguments.iter().map(|_| quote!(py));
    let mut value = quote!(<__PyatollClass>::#ident(#(#arguments),*));
    if method.function.is_unsafe {
        // SAFETY: upheld by the author, who exports an `unsafe fn` to CPython.
        value = quote!(unsafe { #value });
    }
    let condition = method.condition();
    Ok(class_attribute(
        context,
        &method.python_name,
        &condition,
        &value,
    ))
}

/// Expands a constant with `#[classattr]`.
pub(super) fn constant(context: &Context<'_>, constant: &Constant) -> Expanded {
    let ident = &constant.ident;
    let condition = condition(&constant.cfgs);
    let value = quote!(<__PyatollClass>::#ident);
    class_attribute(context, &constant.python_name, &condition, &value)
}

fn class_attribute(
    context: &Context<'_>,
    name: &str,
    condition: &TokenStream,
    value: &TokenStream,
) -> Expanded {
    let (krate, hidden) = (context.krate, context.hidden());
    let class = context.class;
    let name = context.c_name(name);
    Expanded {
        methods: quote! {
            #[cfg(#condition)]
            #hidden::class::MethodItem::ClassAttribute {
                name: #name,
                value: {
                    type __PyatollClass = #class;
                    fn value(
                        py: #krate::Python<'_>,
                    ) -> #krate::PyResult<#krate::Py<#krate::PyAny>> {
                        #hidden::slots::class_attribute(py, #value)
                    }
                    value
                },
            },
        },
        ..Expanded::default()
    }
}
