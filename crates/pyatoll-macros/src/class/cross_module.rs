//! `cross_module`: a class that several extension modules share.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Fields, Member};

use super::model::ClassModel;
use super::options::ClassOptions;
use super::shareable;
use crate::attributes::cfgs;

/// Checks the options that go together with `cross_module`.
pub(super) fn check(options: &ClassOptions) -> syn::Result<()> {
    let Some(span) = options.cross_module else {
        return Ok(());
    };
    let span_of = |present: bool| present.then_some(span);
    let refused = [
        (
            options.unsendable,
            "a `cross_module` class cannot be `unsendable`: each module has its own ids of threads",
        ),
        (
            options.freelist.as_ref().map(Spanned::span),
            "a `cross_module` class cannot have a `freelist`, which belongs to one module",
        ),
        (
            options.shareable,
            "`cross_module` and `shareable` are mutually exclusive: one module keeps the values that \
             are on their way to another interpreter, and redeems their tickets",
        ),
        (
            span_of(options.bases.is_some() || options.metaclass.is_some()),
            "a `cross_module` class can have neither `bases` nor `metaclass`",
        ),
        (
            options.native_enum.as_ref().map(Spanned::span),
            "a Python enum cannot be `cross_module`: its members have no Rust value that modules \
             could share",
        ),
    ];
    for (span, message) in refused {
        if let Some(span) = span {
            return Err(syn::Error::new(span, message));
        }
    }
    Ok(())
}

/// Rejects `cross_module` on an enum with fields.
pub(super) fn refuse_complex_enum(span: Span) -> syn::Error {
    syn::Error::new(
        span,
        "`cross_module` can't be used on enums with fields, whose variants are classes of their \
         own: put the enum into a `cross_module` struct",
    )
}

/// Adds the checks of a struct's fields, which the compiler evaluates.
pub(super) fn of_struct(model: &mut ClassModel<'_>, fields: &Fields) {
    if model.options.cross_module.is_some() {
        let hidden = model.krate.hidden();
        let checks = shareable::no_handles(fields, &hidden, "require_plain_data");
        model.traits.extend(checks);
        let fields = fields.iter().enumerate().map(|(index, field)| {
            let (cfgs, ty) = (cfgs(&field.attrs), &field.ty);
            let member = match &field.ident {
                Some(name) => Member::Named(name.clone()),
                None => Member::Unnamed(index.into()),
            };
            quote! {
                #(#cfgs)*
                fields.push(#hidden::class::CrossModuleField::of::<#ty>(
                    ::core::mem::offset_of!(Self, #member),
                ));
            }
        });
        model.cross_module_fields = quote!(#(#fields)*);
    }
}

impl ClassModel<'_> {
    /// Returns the value of `SpecOptions::cross_module`.
    pub(super) fn cross_module(&self) -> TokenStream {
        let Some(span) = self.options.cross_module else {
            return quote!(::core::option::Option::None);
        };
        let hidden = self.krate.hidden_at(span);
        let ident = self.ident;
        let fields = &self.cross_module_fields;
        quote_spanned! { span =>
            ::core::option::Option::Some(
                const {
                    #hidden::class::require_feature();
                    &#hidden::class::CrossModuleSpec::of::<Self>(
                        ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#ident)),
                        ::core::env!("CARGO_PKG_NAME"),
                        ::core::env!("CARGO_PKG_VERSION"),
                        || {
                            #[allow(unused_mut)]
                            let mut fields = ::std::vec::Vec::new();
                            #fields
                            fields
                        },
                    )
                },
            )
        }
    }
}
