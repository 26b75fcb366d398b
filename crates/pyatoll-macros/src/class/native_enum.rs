//! `#[pyclass(enum = "…")]`: a class of Python's `enum` module, whose members are the variants.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Fields, ItemEnum, LitStr};

use super::options::ClassOptions;
use super::record;
use super::simple_enum::{Variant, representation, variants};
use crate::doc::Doc;
use crate::inspect::{AttributeRecord, ClassRecord, Expression, hint, symbol};
use crate::lints::lints;

/// The classes of Python's `enum` module that can be named.
const BASES: &[&str] = &["Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"];

/// Expands the enum and removes its helper attributes.
pub(crate) fn expand(
    options: &ClassOptions,
    base: &LitStr,
    item: &mut ItemEnum,
) -> syn::Result<TokenStream> {
    check(options, base, item)?;
    let variants = variants(options, item)?;
    let krate = &options.krate;
    let hidden = krate.hidden();
    let ident = &item.ident;
    let name = options.class_name(ident);
    let module = match options
        .module
        .as_ref()
        .or(options.inherited_module.as_ref())
    {
        Some(module) => quote!(::core::option::Option::Some(#module)),
        None => quote!(::core::option::Option::None),
    };
    let inherits_module = options.module.is_none() && options.inherited_module.is_some();
    let doc = Doc::of(&item.attrs).optional_c_str(&hidden);
    let number = representation(&item.attrs);
    let members = variants.iter().map(
        |Variant {
             ident: variant,
             name,
             cfgs,
         }| {
            let call = if base.value() == "StrEnum" {
                quote!(#hidden::class::native_enum_text(py, #name)?)
            } else {
                quote!(#hidden::class::native_enum_number(py, #name, #ident::#variant as #number)?)
            };
            quote!(#(#cfgs)* #call)
        },
    );
    let values = variants.iter().map(
        |Variant {
             ident: variant,
             cfgs,
             ..
         }| { quote!(#(#cfgs)* #ident::#variant) },
    );
    let id = crate::inspect::unique_id();
    let id_constant = crate::inspect::id_constant(&id);
    let inherited = options
        .module
        .as_ref()
        .or(options.inherited_module.as_ref());
    let inherited = inherited.map(LitStr::value);
    let type_hint = record::type_hint(krate, inherited.as_deref(), &name, &id);
    let records = records(options, base, item, &name, &variants);
    let conversions = conversions(options, item);
    let lints = lints();
    Ok(quote! {
        const _: () = {
            static STATICS: #hidden::class::NativeEnumStatics =
                #hidden::class::NativeEnumStatics::new(#hidden::class::NativeEnumSpec {
                    name: #name,
                    module: #module,
                    inherits_module: #inherits_module,
                    doc: #doc,
                    base: #base,
                    members,
                });

            fn members<'py>(
                py: #krate::Python<'py>,
            ) -> #krate::PyResult<
                ::std::vec::Vec<(&'static str, #krate::Bound<'py, #krate::PyAny>)>,
            > {
                ::core::result::Result::Ok(::std::vec::Vec::from([#(#members),*]))
            }

            #[automatically_derived]
            impl #hidden::class::NativeEnum for #ident {
                fn statics() -> &'static #hidden::class::NativeEnumStatics {
                    &STATICS
                }

                fn variants() -> impl ::core::iter::Iterator<Item = Self> {
                    ::core::iter::IntoIterator::into_iter([#(#values),*])
                }
            }

            // SAFETY: the type object is the one that the runtime creates for this enum alone.
            #[automatically_derived]
            unsafe impl #krate::PyTypeInfo for #ident {
                #type_hint

                fn type_object_raw(py: #krate::Python<'_>) -> *mut #krate::ffi::PyTypeObject {
                    #hidden::class::native_enum_type::<Self>(py)
                }
            }

            #[automatically_derived]
            impl #krate::types::DerefToPyAny for #ident {}

            #[automatically_derived]
            impl #hidden::module::ModuleClass for #ident {
                fn add_to(
                    module: &#krate::Bound<'_, #krate::types::PyModule>,
                ) -> #krate::PyResult<()> {
                    #hidden::module::add_native_enum(&STATICS, module)
                }
            }

            #lints
            #[doc(hidden)]
            impl #ident {
                pub const _PYATOLL_DEF: #hidden::module::NativeEnumExport =
                    #hidden::module::NativeEnumExport(&STATICS);
                #id_constant
            }

            #records

            #conversions
        };
    })
}

/// Generates the records of the class and its members, for stubs.
fn records(
    options: &ClassOptions,
    base: &LitStr,
    item: &ItemEnum,
    name: &str,
    variants: &[Variant],
) -> Option<TokenStream> {
    if !crate::inspect::ENABLED {
        return None;
    }
    let krate = &options.krate;
    let id = hint::id_of(krate, &item.ident);
    let class = ClassRecord {
        name,
        id: id.clone(),
        parent: None,
        bases: vec![Expression::in_module("enum", &base.value())],
        decorators: None,
        doc: &Doc::of(&item.attrs),
    };
    let mut records = symbol(krate, &class.json(krate));
    for variant in variants {
        let member = AttributeRecord {
            name: &variant.name,
            parent: id.clone(),
            annotation: None,
            value: Some(if base.value() == "StrEnum" {
                Expression::Text(variant.name.to_lowercase())
            } else {
                Expression::Ellipsis
            }),
            doc: &Doc::default(),
        };
        let (cfgs, record) = (&variant.cfgs, symbol(krate, &member.json(krate)));
        records.extend(quote!(#(#cfgs)* #record));
    }
    Some(records)
}

/// Generates the conversions: by value and by reference, from Rust and from Python.
fn conversions(options: &ClassOptions, item: &ItemEnum) -> TokenStream {
    let krate = &options.krate;
    let hidden = krate.hidden();
    let ident = &item.ident;
    let input_type = record::conversion_hint(krate, "INPUT_TYPE");
    let into = |ty: TokenStream, value: TokenStream| {
        let output_type = crate::inspect::ENABLED.then(|| {
            quote! {
                const OUTPUT_TYPE: #krate::inspect::PyStaticExpr =
                    <#ident as #krate::PyTypeInfo>::TYPE_HINT;
            }
        });
        quote! {
            #[automatically_derived]
            impl<'py> #krate::IntoPyObject<'py> for #ty {
                type Target = #ident;
                type Output = #krate::Bound<'py, #ident>;
                type Error = #krate::PyErr;
                #output_type

                fn into_pyobject(
                    self,
                    py: #krate::Python<'py>,
                ) -> ::core::result::Result<Self::Output, Self::Error> {
                    #hidden::class::native_enum_member::<#ident>(py, #value)
                }
            }
        }
    };
    let by_value = into(quote!(#ident), quote!(&self));
    let by_reference = into(quote!(&#ident), quote!(self));
    quote! {
        #by_value
        #by_reference

        #[automatically_derived]
        impl<'a, 'py> #krate::FromPyObject<'a, 'py> for #ident {
            type Error = #krate::PyErr;
            #input_type

            fn extract(
                object: #krate::Borrowed<'a, 'py, #krate::PyAny>,
            ) -> ::core::result::Result<Self, Self::Error> {
                #hidden::class::native_enum_value::<#ident>(object)
            }
        }

        #[automatically_derived]
        impl<'a: 'holder, 'holder, 'py> #hidden::call::RefArgument<'a, 'holder, 'py> for #ident {
            type Holder = ::core::option::Option<Self>;
            #input_type

            fn extract_ref(
                object: #krate::Borrowed<'a, 'py, #krate::PyAny>,
                holder: &'holder mut Self::Holder,
            ) -> #krate::PyResult<&'holder Self> {
                let value = #hidden::class::native_enum_value::<#ident>(object)?;
                ::core::result::Result::Ok(holder.insert(value))
            }
        }
    }
}

/// Rejects an unknown base, fields, and options that do not apply: Python's class decides how its
/// members are compared, printed and stored.
fn check(options: &ClassOptions, base: &LitStr, item: &ItemEnum) -> syn::Result<()> {
    if !BASES.contains(&base.value().as_str()) {
        let names: Vec<_> = BASES.iter().map(|name| format!("`{name}`")).collect();
        return Err(syn::Error::new(
            base.span(),
            format!("expected one of Python's classes: {}", names.join(", ")),
        ));
    }
    for variant in &item.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(syn::Error::new_spanned(
                variant,
                "a variant with fields cannot be a member of a Python enum",
            ));
        }
    }
    for (span, name) in options.of_instances() {
        if let Some(span) = span {
            return Err(refused(span, name));
        }
    }
    Ok(())
}

fn refused(span: Span, name: &str) -> syn::Error {
    syn::Error::new(
        span,
        format!(
            "`{name}` cannot be used with `enum`: the members are objects of Python's class, which \
             decides this"
        ),
    )
}
