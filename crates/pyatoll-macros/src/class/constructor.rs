//! Constructors that the macro generates: of variants, and for `new = "from_fields"`. The code of
//! `#[pymethods]` expands them.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Fields, Member};

use super::model::ClassModel;

/// Adds a function with `#[new]`.
pub(crate) fn add(model: &mut ClassModel<'_>, function: &TokenStream) -> syn::Result<()> {
    let mut function: syn::ImplItem = syn::parse2(function.clone())?;
    let contribution = crate::methods::contribution(
        model.krate,
        model.ident,
        std::slice::from_mut(&mut function),
    )?;
    model.methods.extend(contribution.methods);
    model.slots.extend(contribution.slots);
    model.inherent.extend(quote!(#function));
    model.inherent.extend(contribution.functions);
    model.records.extend(contribution.records);
    Ok(())
}

/// Adds a constructor with a parameter for each field.
pub(crate) fn from_fields(
    model: &mut ClassModel<'_>,
    fields: &Fields,
    span: Span,
) -> syn::Result<()> {
    if model.base.is_some() {
        return Err(syn::Error::new(
            span,
            "The `new=\"from_fields\"` option cannot be used with `extends`.",
        ));
    }
    let parameters: Vec<_> = fields
        .members()
        .map(|member| match member {
            Member::Named(ident) => ident,
            Member::Unnamed(index) => format_ident!("_{}", index.index),
        })
        .collect();
    let members = fields.members();
    let types = fields.iter().map(|field| &field.ty);
    add(
        model,
        &quote_spanned! { span =>
            #[new]
            fn __pyatoll_new(#(#parameters: #types),*) -> Self {
                Self { #(#members: #parameters),* }
            }
        },
    )
}
