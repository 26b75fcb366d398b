//! `#[pyclass]` on an enum whose variants have no fields: each is a class attribute.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Attribute, ItemEnum};

use super::derived_slots;
use super::model::{ClassModel, c_str};
use super::options::{ClassOptions, VariantOptions};
use super::pickle::PickledVariant;
use crate::attributes::cfgs;
use crate::doc::Doc;
use crate::inspect::{Expression, hint};

/// A variant.
pub(crate) struct Variant {
    pub(crate) ident: Ident,
    /// The name in Python.
    pub(crate) name: String,
    pub(crate) cfgs: Vec<Attribute>,
}

/// Expands the enum and removes its helper attributes.
pub(crate) fn expand(options: &ClassOptions, item: &mut ItemEnum) -> syn::Result<TokenStream> {
    let variants = variants(options, item)?;
    if let (Some(span), None) = (options.hash, options.frozen) {
        return Err(syn::Error::new(
            span,
            "The `hash` option requires the `frozen` option.",
        ));
    }
    let class = &item.ident;
    let class_name = options.class_name(class);
    let mut model = ClassModel::new(options, class, class_name.clone(), Doc::of(&item.attrs));

    let mut texts = TokenStream::new();
    let mut numbers = TokenStream::new();
    let mut names = TokenStream::new();
    let number = representation(&item.attrs);
    for (index, variant) in variants.iter().enumerate() {
        let Variant { ident, name, cfgs } = variant;
        let text = format!("{class_name}.{name}");
        texts.extend(quote!(#(#cfgs)* #class::#ident => #text,));
        numbers.extend(quote!(#(#cfgs)* #class::#ident => #class::#ident as #number,));
        let c_name = c_str(name, ident.span())?;
        names.extend(quote!(#(#cfgs)* #class::#ident => #c_name,));
        class_attribute(
            &mut model,
            cfgs,
            index,
            name,
            ident,
            &quote!(#class::#ident),
        )?;
    }
    // If every variant may be configured out, the `match` needs another arm.
    let rest = variants
        .iter()
        .all(|variant| !variant.cfgs.is_empty())
        .then(|| quote!(_ => ::core::unreachable!(),));
    texts.extend(rest.clone());
    names.extend(rest.clone());
    numbers.extend(rest);
    let hidden = model.krate.hidden();
    model.into_object = Some(quote! {
        let name = match &self { #names };
        #hidden::class::variant_object(py, self, name)
    });
    derived_slots::text_slot(&mut model, "Py_tp_repr", &quote!(match *value { #texts }));
    derived_slots::discriminant(&mut model, &numbers, &number);
    model.add_method_record("__int__", Vec::new(), Expression::name("int"));
    derived_slots::compare(&mut model, true);
    derived_slots::hash(&mut model);
    derived_slots::text(&mut model, None)?;
    if options.pickle.is_some() {
        let variants = variants
            .iter()
            .map(|variant| Variant::pickled(variant, class));
        super::pickle::of_enum(&mut model, &variants.collect::<Vec<_>>());
    }
    Ok(model.expand())
}

impl Variant {
    fn pickled(&self, class: &Ident) -> PickledVariant {
        let ident = &self.ident;
        PickledVariant {
            path: quote!(#class::#ident),
            name: self.name.clone(),
            cfgs: self.cfgs.clone(),
            fields: Vec::new(),
        }
    }
}

/// Reads the variants and removes their helper attributes.
pub(crate) fn variants(options: &ClassOptions, item: &mut ItemEnum) -> syn::Result<Vec<Variant>> {
    let read = |variant: &mut syn::Variant| {
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
    };
    item.variants.iter_mut().map(read).collect()
}

/// Adds a class attribute that is an instance of the class.
fn class_attribute(
    model: &mut ClassModel<'_>,
    cfgs: &[Attribute],
    index: usize,
    name: &str,
    ident: &Ident,
    value: &TokenStream,
) -> syn::Result<()> {
    let krate = model.krate;
    let hidden = krate.hidden();
    let function = format_ident!("variant_{index}");
    let span = ident.span();
    let c_name = c_str(name, span)?;
    model.functions.push(quote_spanned! { span =>
        #(#cfgs)*
        fn #function(py: #krate::Python<'_>) -> #krate::PyResult<#krate::Py<#krate::PyAny>> {
            #krate::PyResult::Ok(#krate::Py::new(py, #value)?.into_any())
        }
    });
    let class = hint::class(krate, &model.ident.to_token_stream());
    model.add_attribute_record(cfgs, name, class, &Doc::default());
    model.methods.push(quote! {
        #(#cfgs)*
        #hidden::class::MethodItem::ClassAttribute { name: #c_name, value: #function }
    });
    Ok(())
}

/// Returns the integer type that `#[repr(…)]` sets for the discriminants; `isize` by default.
pub(crate) fn representation(attributes: &[Attribute]) -> Ident {
    let mut found = None;
    for attribute in attributes {
        if attribute.path().is_ident("repr") {
            // The compiler reports errors in it.
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
