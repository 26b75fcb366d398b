//! `#[pyclass]` on an enum with fields: the enum is a class, and each variant one that extends it.
//! An instance holds the enum's value, in the part that belongs to the enum's class.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Fields, ItemEnum, Member, Type};

use super::constructor;
use super::extras;
use super::model::{ClassModel, c_str, optional_doc, slot_item};
use super::options::{ClassOptions, VariantOptions};
use super::simple_enum::cfgs;
use crate::attributes::python_name;
use crate::doc::Doc;

/// A variant.
struct Variant {
    ident: Ident,
    /// The name in Python, as an attribute of the enum's class.
    name: String,
    /// The Rust type that stands for the variant's class.
    class: Ident,
    fields: Vec<Field>,
    is_tuple: bool,
    cfgs: Vec<Attribute>,
    doc: Doc,
    constructor: Option<TokenStream>,
}

/// A field of a variant.
struct Field {
    member: Member,
    /// The name in Python: `_0` for the first of a tuple.
    name: String,
    ident: Ident,
    ty: Type,
    doc: Doc,
}

/// Expands the enum, whose helper attributes are taken off.
pub(crate) fn expand(options: &ClassOptions, item: &mut ItemEnum) -> syn::Result<TokenStream> {
    if let Some(span) = options.eq_int {
        return Err(syn::Error::new(
            span,
            "`eq_int` can only be used on simple enums.",
        ));
    }
    let enum_name = match &options.name {
        Some(name) => name.name.clone(),
        None => python_name(&item.ident),
    };
    let class = &item.ident;
    let variants = item
        .variants
        .iter_mut()
        .map(|variant| Variant::new(options, class, variant))
        .collect::<syn::Result<Vec<_>>>()?;

    let krate = &options.krate;
    let hidden = krate.hidden();
    let mut model = ClassModel {
        krate,
        ident: class,
        name: enum_name.clone(),
        module: options.module.as_ref().map(syn::LitStr::value),
        doc: Doc::of(&item.attrs),
        options,
        base: None,
        frozen: true,
        subclass: Some(class.span()),
        variant: None,
        methods: Vec::new(),
        slots: Vec::new(),
        functions: Vec::new(),
        inherent: TokenStream::new(),
        into_object: None,
    };
    let mut arms = TokenStream::new();
    for (place, variant) in variants.iter().enumerate() {
        let Variant {
            ident,
            class: variant_class,
            cfgs,
            name,
            ..
        } = variant;
        let function = format_ident!("variant_{place}");
        let c_name = c_str(name, ident.span())?;
        model.functions.push(quote! {
            #(#cfgs)*
            fn #function(py: #krate::Python<'_>) -> #krate::PyResult<#krate::Py<#krate::PyAny>> {
                #hidden::class::class_object::<#variant_class>(py)
            }
        });
        model.methods.push(quote! {
            #(#cfgs)*
            #hidden::class::MethodItem::ClassAttribute { name: #c_name, value: #function }
        });
        arms.extend(quote! {
            #(#cfgs)*
            #class::#ident { .. } => #krate::PyResult::Ok(#krate::Bound::into_super(
                #krate::Bound::new(
                    py,
                    #krate::PyClassInitializer::from(self).add_subclass(#variant_class),
                )?,
            )),
        });
    }
    model.into_object = Some(quote! {
        match &self {
            #arms
            #[allow(unreachable_patterns)]
            _ => ::core::unreachable!(),
        }
    });
    extras::compare(&mut model, false);
    extras::hash(&mut model);
    extras::text(&mut model, None)?;
    let enum_class = model.expand();

    let visibility = &item.vis;
    let mut variant_classes = TokenStream::new();
    let variant_options = options.of_variant();
    for variant in &variants {
        let variant_class = &variant.class;
        let cfgs = &variant.cfgs;
        let expansion = variant.expand(options, &variant_options, class, &enum_name)?;
        variant_classes.extend(quote! {
            #(#cfgs)*
            #[doc(hidden)]
            #[allow(non_camel_case_types)]
            #visibility struct #variant_class;

            #(#cfgs)*
            #expansion
        });
    }
    Ok(quote! {
        #enum_class
        #variant_classes
    })
}

impl Variant {
    fn new(options: &ClassOptions, class: &Ident, variant: &mut syn::Variant) -> syn::Result<Self> {
        let own = VariantOptions::take(&mut variant.attrs)?;
        let ident = variant.ident.clone();
        if let Fields::Unit = variant.fields {
            return Err(syn::Error::new(
                variant.span(),
                format!(
                    "Unit variant `{ident}` is not yet supported in a complex enum\n\
                     = help: change to an empty tuple variant instead: `{ident}()`\n\
                     = note: the enum is complex because of other variants that have fields"
                ),
            ));
        }
        let fields = variant
            .fields
            .iter_mut()
            .enumerate()
            .map(|(place, field)| {
                let (member, name) = match &field.ident {
                    Some(ident) => (Member::Named(ident.clone()), python_name(ident)),
                    None => (Member::Unnamed(place.into()), format!("_{place}")),
                };
                Field {
                    member,
                    ident: match &field.ident {
                        Some(ident) => ident.clone(),
                        None => format_ident!("_{place}"),
                    },
                    name,
                    ty: field.ty.clone(),
                    doc: Doc::of(&field.attrs),
                }
            })
            .collect();
        Ok(Self {
            name: options.name_of(own.name.as_ref(), &ident),
            class: format_ident!("{class}_{ident}"),
            fields,
            is_tuple: matches!(variant.fields, Fields::Unnamed(_)),
            cfgs: cfgs(&variant.attrs),
            doc: Doc::of(&variant.attrs),
            constructor: own.constructor.map(|(tokens, _)| tokens),
            ident,
        })
    }

    /// The variant's class.
    fn expand(
        &self,
        enum_options: &ClassOptions,
        options: &ClassOptions,
        enum_class: &Ident,
        enum_name: &str,
    ) -> syn::Result<TokenStream> {
        let krate = &options.krate;
        let hidden = krate.hidden();
        let mut model = ClassModel {
            krate,
            ident: &self.class,
            name: format!("{enum_name}_{}", self.name),
            module: enum_options.module.as_ref().map(syn::LitStr::value),
            doc: self.doc.clone(),
            options,
            base: Some(enum_class.to_token_stream()),
            frozen: true,
            subclass: None,
            variant: Some(format!("{enum_name}.{}", self.name)),
            methods: Vec::new(),
            slots: Vec::new(),
            functions: Vec::new(),
            inherent: TokenStream::new(),
            into_object: None,
        };
        let mut getters = Vec::new();
        for (place, field) in self.fields.iter().enumerate() {
            let function = format_ident!("get_field_{place}");
            self.getter(&mut model, enum_class, field, &function)?;
            getters.push(function);
        }
        let names = self.fields.iter().map(|field| &field.name);
        let count = self.fields.len();
        model.functions.push(quote! {
            fn match_args(py: #krate::Python<'_>) -> #krate::PyResult<#krate::Py<#krate::PyAny>> {
                let names: [&'static str; #count] = [#(#names),*];
                #krate::PyResult::Ok(
                    #krate::types::PyTuple::new(py, names)?.into_any().unbind()
                )
            }
        });
        model.methods.push(quote! {
            #hidden::class::MethodItem::ClassAttribute {
                name: c"__match_args__",
                value: match_args,
            }
        });
        if self.is_tuple {
            let length = Ident::new("length", Span::mixed_site());
            let item = Ident::new("item", Span::mixed_site());
            model.functions.push(quote! {
                unsafe extern "C" fn #length(
                    _: *mut #krate::ffi::PyObject,
                ) -> #krate::ffi::Py_ssize_t {
                    #count as #krate::ffi::Py_ssize_t
                }

                unsafe extern "C" fn #item(
                    slf: *mut #krate::ffi::PyObject,
                    index: *mut #krate::ffi::PyObject,
                ) -> *mut #krate::ffi::PyObject {
                    // SAFETY: CPython calls it with an instance of the class.
                    unsafe { #hidden::class::tuple_item(slf, index, &[#(#getters),*]) }
                }
            });
            model.slots.push(slot_item(krate, "Py_mp_length", &length));
            model.slots.push(slot_item(krate, "Py_mp_subscript", &item));
        }
        self.constructor(&mut model, enum_class)?;
        Ok(model.expand())
    }

    /// Adds the getter of a field.
    fn getter(
        &self,
        model: &mut ClassModel<'_>,
        enum_class: &Ident,
        field: &Field,
        function: &Ident,
    ) -> syn::Result<()> {
        let krate = model.krate;
        let hidden = krate.hidden();
        let ident = &self.ident;
        let Field {
            member,
            name,
            ty,
            doc,
            ..
        } = field;
        let span = ty.span();
        let doc = optional_doc(&hidden, doc);
        let c_name = c_str(name, span)?;
        model.functions.push(quote_spanned! { span =>
            unsafe extern "C" fn #function(
                slf: *mut #krate::ffi::PyObject,
                _: *mut ::core::ffi::c_void,
            ) -> *mut #krate::ffi::PyObject {
                // SAFETY: CPython calls it with an instance of the variant's class, which is one of
                // the enum's.
                unsafe {
                    #hidden::class::get::<#enum_class>(slf, |py, value| {
                        #[allow(unused_imports)]
                        use #hidden::class::{ReadByClone as _, ReadByReference as _};
                        match value {
                            #enum_class::#ident { #member: field, .. } => {
                                (&#hidden::class::FieldRef(field)).read(py)
                            }
                            #[allow(unreachable_patterns)]
                            _ => ::core::result::Result::Err(
                                #hidden::class::wrong_variant(),
                            ),
                        }
                    })
                }
            }
        });
        model.methods.push(quote! {
            #hidden::class::MethodItem::Getter {
                name: #c_name,
                doc: #doc,
                function: #function,
            }
        });
        Ok(())
    }

    /// Adds the constructor, with a parameter for each field.
    fn constructor(&self, model: &mut ClassModel<'_>, enum_class: &Ident) -> syn::Result<()> {
        let krate = model.krate;
        let (class, ident) = (&self.class, &self.ident);
        let parameters: Vec<_> = self.fields.iter().map(|field| &field.ident).collect();
        let types = self.fields.iter().map(|field| &field.ty);
        let members = self.fields.iter().map(|field| &field.member);
        let signature = self
            .constructor
            .as_ref()
            .map(|signature| quote!(#[pyo3(signature = (#signature))]));
        constructor::add(
            model,
            &quote! {
                #[new]
                #signature
                fn __pyatoll_new(#(#parameters: #types),*) -> #krate::PyClassInitializer<#class> {
                    #krate::PyClassInitializer::from(
                        #enum_class::#ident { #(#members: #parameters),* }
                    )
                    .add_subclass(#class)
                }
            },
        )
    }
}
