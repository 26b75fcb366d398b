//! `pickle`: what an instance consists of, and how to create it from that.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Fields, Member, Type};

use super::model::ClassModel;
use crate::attributes::{cfgs, python_name};

/// A field of a struct or a variant.
pub(crate) struct PickledField {
    pub(crate) member: Member,
    pub(crate) ty: Type,
    pub(crate) cfgs: Vec<Attribute>,
}

impl PickledField {
    /// Returns the name that errors give to the field.
    fn name(&self) -> String {
        match &self.member {
            Member::Named(ident) => python_name(ident),
            Member::Unnamed(index) => index.index.to_string(),
        }
    }
}

/// A variant of an enum.
pub(crate) struct PickledVariant {
    pub(crate) path: TokenStream,
    /// The name in Python.
    pub(crate) name: String,
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) fields: Vec<PickledField>,
}

/// Adds the methods and traits of a struct.
pub(crate) fn of_struct(model: &mut ClassModel<'_>, fields: &Fields) {
    add_methods(model);
    let krate = model.krate;
    let hidden = krate.hidden();
    let class = model.ident;
    let span = model.options.pickle.unwrap_or_else(|| class.span());
    let fields: Vec<_> = fields
        .members()
        .zip(fields)
        .map(|(member, field)| PickledField {
            member,
            ty: field.ty.clone(),
            cfgs: cfgs(&field.attrs),
        })
        .collect();
    let save = fields.iter().map(|field| {
        let PickledField { member, ty, cfgs } = field;
        quote_spanned! { ty.span() =>
            #(#cfgs)*
            (&#hidden::class::FieldRef(&value.#member)).save_to(saved)?;
        }
    });
    let load = fields.iter().map(load);
    // The span of the option, for the error about a base class without it.
    let base = quote!(<#class as #hidden::class::ClassImpl>::BaseType);
    let save_base = quote_spanned! { span =>
        <#base as #hidden::class::PickleBase>::save_part(object, saved)?;
    };
    let load_base = quote_spanned! { span =>
        <#base as #hidden::class::PickleBase>::load_part(loaded)?
    };
    model.traits.extend(quote! {
        #[automatically_derived]
        impl #hidden::class::Pickle for #class {
            const IS_ENUM: bool = false;

            fn save(
                object: &#krate::Bound<'_, #krate::PyAny>,
                saved: &mut #hidden::class::Saved<'_>,
            ) -> #krate::PyResult<()> {
                #[allow(unused_imports)]
                use #hidden::class::{SaveByClone as _, SaveByReference as _};
                #save_base
                #[allow(unused_variables)]
                #hidden::class::save_value::<#class>(object, saved, |value, saved| {
                    #(#save)*
                    ::core::result::Result::Ok(())
                })
            }

            fn create<'py>(
                class: &#krate::Bound<'py, #krate::types::PyType>,
                loaded: &mut #hidden::class::Loaded<'_, 'py>,
            ) -> #krate::PyResult<#krate::Bound<'py, #krate::PyAny>> {
                #hidden::class::instance::<#class>(class, loaded)
            }
        }

        #[automatically_derived]
        impl #hidden::class::PickleStruct for #class {
            fn load(
                loaded: &mut #hidden::class::Loaded<'_, '_>,
            ) -> #krate::PyResult<#krate::PyClassInitializer<Self>> {
                let base = #load_base;
                ::core::result::Result::Ok(#krate::PyClassInitializer::new(
                    #class { #(#load),* },
                    base,
                ))
            }
        }
    });
}

/// Adds the methods and the trait of an enum.
pub(crate) fn of_enum(model: &mut ClassModel<'_>, variants: &[PickledVariant]) {
    add_methods(model);
    let krate = model.krate;
    let hidden = krate.hidden();
    let class = model.ident;
    let save = variants.iter().map(|variant| {
        let PickledVariant {
            path,
            name,
            cfgs,
            fields,
        } = variant;
        let bindings: Vec<_> = (0..fields.len())
            .map(|index| format_ident!("field_{index}"))
            .collect();
        let members = fields.iter().map(|field| &field.member);
        let save = fields.iter().zip(&bindings).map(|(field, binding)| {
            quote_spanned! { field.ty.span() =>
                (&#hidden::class::FieldRef(#binding)).save_to(saved)?;
            }
        });
        quote! {
            #(#cfgs)*
            #path { #(#members: #bindings),* } => {
                saved.variant(#name)?;
                #(#save)*
            }
        }
    });
    let create = variants.iter().map(|variant| {
        let PickledVariant {
            path,
            name,
            cfgs,
            fields,
        } = variant;
        let fields = fields.iter().map(load);
        quote!(#(#cfgs)* #name => #path { #(#fields),* },)
    });
    model.traits.extend(quote! {
        #[automatically_derived]
        impl #hidden::class::Pickle for #class {
            const IS_ENUM: bool = true;

            fn save(
                object: &#krate::Bound<'_, #krate::PyAny>,
                saved: &mut #hidden::class::Saved<'_>,
            ) -> #krate::PyResult<()> {
                #[allow(unused_imports)]
                use #hidden::class::{SaveByClone as _, SaveByReference as _};
                #hidden::class::save_value::<#class>(object, saved, |value, saved| {
                    match value {
                        #(#save)*
                        #[allow(unreachable_patterns)]
                        _ => ::core::unreachable!(),
                    }
                    ::core::result::Result::Ok(())
                })
            }

            fn create<'py>(
                class: &#krate::Bound<'py, #krate::types::PyType>,
                loaded: &mut #hidden::class::Loaded<'_, 'py>,
            ) -> #krate::PyResult<#krate::Bound<'py, #krate::PyAny>> {
                let name = loaded.variant()?;
                let value = match name.as_str() {
                    #(#create)*
                    _ => {
                        return ::core::result::Result::Err(
                            #hidden::class::unknown_variant(&name),
                        );
                    }
                };
                let py = class.py();
                #krate::IntoPyObjectExt::into_bound_py_any(value, py)
            }
        }
    });
}

/// Adds the methods that `pickle` calls.
fn add_methods(model: &mut ClassModel<'_>) {
    let hidden = model.krate.hidden();
    let class = model.ident;
    model
        .methods
        .push(quote!(#hidden::class::reduce_method::<#class>()));
    model
        .methods
        .push(quote!(#hidden::class::unpickle_method::<#class>()));
}

/// Returns the initialization of a field.
fn load(field: &PickledField) -> TokenStream {
    let PickledField { member, ty, cfgs } = field;
    let name = field.name();
    let value = quote_spanned!(ty.span() => loaded.field::<#ty>(#name)?);
    quote!(#(#cfgs)* #member: #value)
}
