//! `#[pyclass]` on an enum whose variants have no fields: each is a class attribute.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Attribute, ItemEnum};

use super::extras;
use super::model::{ClassModel, c_str};
use super::options::{ClassOptions, VariantOptions};
use crate::attributes::python_name;
use crate::doc::Doc;

/// A variant.
struct Variant {
    ident: Ident,
    /// The name in Python.
    name: String,
    /// Its `#[cfg]` attributes.
    cfgs: Vec<Attribute>,
}

/// Expands the enum, whose helper attributes are taken off.
pub(crate) fn expand(options: &ClassOptions, item: &mut ItemEnum) -> syn::Result<TokenStream> {
    let variants = item
        .variants
        .iter_mut()
        .map(|variant| {
            let own = VariantOptions::take(&mut variant.attrs)?;
            if let Some((_, span)) = own.constructor {
                return Err(syn::Error::new(
                    span,
                    "`constructor` can't be used on a simple enum variant",
                ));
            }
            Ok(Variant {
                name: options.name_of(own.name.as_ref(), &variant.ident),
                cfgs: cfgs(&variant.attrs),
                ident: variant.ident.clone(),
            })
        })
        .collect::<syn::Result<Vec<_>>>()?;

    if let (Some(span), None) = (options.hash, options.frozen) {
        return Err(syn::Error::new(
            span,
            "The `hash` option requires the `frozen` option.",
        ));
    }
    let krate = &options.krate;
    let class = &item.ident;
    let class_name = match &options.name {
        Some(name) => name.name.clone(),
        None => python_name(class),
    };
    let mut model = ClassModel {
        krate,
        ident: class,
        name: class_name.clone(),
        module: options.module.as_ref().map(syn::LitStr::value),
        doc: Doc::of(&item.attrs),
        options,
        base: None,
        frozen: options.frozen.is_some(),
        subclass: None,
        variant: None,
        methods: Vec::new(),
        slots: Vec::new(),
        functions: Vec::new(),
        inherent: TokenStream::new(),
        into_object: None,
    };

    let mut texts = TokenStream::new();
    let mut numbers = TokenStream::new();
    let mut names = TokenStream::new();
    let number = representation(&item.attrs);
    for (place, variant) in variants.iter().enumerate() {
        let Variant { ident, name, cfgs } = variant;
        let text = format!("{class_name}.{name}");
        texts.extend(quote!(#(#cfgs)* #class::#ident => #text,));
        numbers.extend(quote!(#(#cfgs)* #class::#ident => #class::#ident as #number,));
        let c_name = c_str(name, ident.span())?;
        names.extend(quote!(#(#cfgs)* #class::#ident => #c_name,));
        class_attribute(
            &mut model,
            cfgs,
            place,
            name,
            ident,
            &quote!(#class::#ident),
        )?;
    }
    // Where every variant may be configured out, the compiler wants a last arm.
    let rest = variants
        .iter()
        .all(|variant| !variant.cfgs.is_empty())
        .then(|| quote!(_ => ::core::unreachable!(),));
    texts.extend(rest.clone());
    names.extend(rest.clone());
    numbers.extend(rest);
    let hidden = krate.hidden();
    model.into_object = Some(quote! {
        let name = match &self { #names };
        #hidden::class::variant_object(py, self, name)
    });
    extras::text_slot(&mut model, "Py_tp_repr", &quote!(match *value { #texts }));
    extras::discriminant(&mut model, &numbers);
    extras::compare(&mut model, true);
    extras::hash(&mut model);
    extras::text(&mut model, None)?;
    Ok(model.expand())
}

/// Adds a class attribute with an instance of the class.
fn class_attribute(
    model: &mut ClassModel<'_>,
    cfgs: &[Attribute],
    place: usize,
    name: &str,
    ident: &Ident,
    value: &TokenStream,
) -> syn::Result<()> {
    let krate = model.krate;
    let hidden = krate.hidden();
    let function = format_ident!("variant_{place}");
    let span = ident.span();
    let c_name = c_str(name, span)?;
    model.functions.push(quote_spanned! { span =>
        #(#cfgs)*
        fn #function(py: #krate::Python<'_>) -> #krate::PyResult<#krate::Py<#krate::PyAny>> {
            #krate::PyResult::Ok(#krate::Py::new(py, #value)?.into_any())
        }
    });
    model.methods.push(quote! {
        #(#cfgs)*
        #hidden::class::MethodItem::ClassAttribute { name: #c_name, value: #function }
    });
    Ok(())
}

/// The `#[cfg]` attributes.
pub(crate) fn cfgs(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .cloned()
        .collect()
}

/// The integer type that `#[repr(…)]` gives the discriminants: `isize` if none.
fn representation(attributes: &[Attribute]) -> Ident {
    let mut found = None;
    for attribute in attributes {
        if attribute.path().is_ident("repr") {
            // What is wrong in it is the compiler's to say.
            let _ = attribute.parse_nested_meta(|meta| {
                if let Some(ident) = meta.path.get_ident() {
                    let name = ident.to_string();
                    let is_integer = ["8", "16", "32", "64", "128", "size"].iter().any(|bits| {
                        name.strip_prefix(['i', 'u'])
                            .is_some_and(|rest| rest == *bits)
                    });
                    if is_integer {
                        found = Some(ident.clone());
                    }
                }
                if meta.input.peek(syn::token::Paren) {
                    let content;
                    syn::parenthesized!(content in meta.input);
                    content.parse::<TokenStream>()?;
                }
                Ok(())
            });
        }
    }
    found.unwrap_or_else(|| format_ident!("isize"))
}
