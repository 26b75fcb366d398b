//! `#[pyclass]` on an enum with fields: the enum is a class, and each variant a class that extends
//! it. An instance stores the enum's value in the part of the layout that belongs to the enum's
//! class.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Fields, ItemEnum, Member, Type};

use super::constructor;
use super::derived_slots;
use super::model::{ClassModel, c_str};
use super::options::{ClassOptions, VariantOptions};
use super::pickle::{PickledField, PickledVariant};
use super::record::FieldRecord;
use crate::attributes::{cfgs, python_name};
use crate::doc::Doc;
use crate::inspect::Expression;

/// A variant.
struct Variant {
    ident: Ident,
    /// The name in Python: that of the attribute of the enum's class.
    name: String,
    /// The Rust type that represents the variant's class.
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
    /// The name in Python: `_0` for the first field of a tuple variant.
    name: String,
    ident: Ident,
    ty: Type,
    doc: Doc,
}

/// Expands the enum and removes its helper attributes.
pub(crate) fn expand(options: &ClassOptions, item: &mut ItemEnum) -> syn::Result<TokenStream> {
    if let Some(span) = options.eq_int {
        return Err(syn::Error::new(
            span,
            "`eq_int` can only be used on simple enums.",
        ));
    }
    let class = &item.ident;
    let variants = item
        .variants
        .iter_mut()
        .map(|variant| Variant::new(options, class, variant))
        .collect::<syn::Result<Vec<_>>>()?;

    let enum_name = options.class_name(class);
    let mut model = ClassModel::new(options, class, enum_name.clone(), Doc::of(&item.attrs));
    model.frozen = true;
    model.subclass = true;
    for (index, variant) in variants.iter().enumerate() {
        variant.add_class_attribute(&mut model, index)?;
    }
    let arms = variants
        .iter()
        .map(|variant| variant.arm_into_object(&model));
    model.into_object = Some(quote! {
        match &self {
            #(#arms)*
            #[allow(unreachable_patterns)]
            _ => ::core::unreachable!(),
        }
    });
    derived_slots::compare(&mut model, false);
    derived_slots::hash(&mut model);
    derived_slots::text(&mut model, None)?;
    if options.pickle.is_some() {
        let variants = variants.iter().map(|variant| variant.pickled(class));
        super::pickle::of_enum(&mut model, &variants.collect::<Vec<_>>());
    }
    let enum_class = model.expand();

    let visibility = &item.vis;
    let mut variant_classes = TokenStream::new();
    let variant_options = options.of_variant();
    for variant in &variants {
        let variant_class = &variant.class;
        let cfgs = &variant.cfgs;
        let expansion = variant.expand(&variant_options, class, &enum_name)?;
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
    /// Reads a variant and removes its helper attributes.
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
            .map(|(index, field)| {
                let (member, name) = match &field.ident {
                    Some(ident) => (Member::Named(ident.clone()), python_name(ident)),
                    None => (Member::Unnamed(index.into()), format!("_{index}")),
                };
                Field {
                    member,
                    ident: match &field.ident {
                        Some(ident) => ident.clone(),
                        None => format_ident!("_{index}"),
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

    fn pickled(&self, enum_class: &Ident) -> PickledVariant {
        let ident = &self.ident;
        let fields = self.fields.iter().map(|field| PickledField {
            member: field.member.clone(),
            ty: field.ty.clone(),
            cfgs: Vec::new(),
        });
        PickledVariant {
            path: quote!(#enum_class::#ident),
            name: self.name.clone(),
            cfgs: self.cfgs.clone(),
            fields: fields.collect(),
        }
    }

    /// Adds the attribute of the enum's class that is the variant's class.
    fn add_class_attribute(&self, model: &mut ClassModel<'_>, index: usize) -> syn::Result<()> {
        let krate = model.krate;
        let hidden = krate.hidden();
        let Self { class, cfgs, .. } = self;
        let function = format_ident!("variant_{index}");
        let name = c_str(&self.name, self.ident.span())?;
        model.functions.push(quote! {
            #(#cfgs)*
            fn #function(py: #krate::Python<'_>) -> #krate::PyResult<#krate::Py<#krate::PyAny>> {
                #hidden::class::class_object::<#class>(py)
            }
        });
        model.methods.push(quote! {
            #(#cfgs)*
            #hidden::class::MethodItem::ClassAttribute { name: #name, value: #function }
        });
        Ok(())
    }

    /// Returns the arm that converts a value of the variant to an instance of its class.
    fn arm_into_object(&self, model: &ClassModel<'_>) -> TokenStream {
        let krate = model.krate;
        let enum_class = model.ident;
        let Self {
            ident, class, cfgs, ..
        } = self;
        quote! {
            #(#cfgs)*
            #enum_class::#ident { .. } => #krate::PyResult::Ok(#krate::Bound::into_super(
                #krate::Bound::new(
                    py,
                    #krate::PyClassInitializer::from(self).add_subclass(#class),
                )?,
            )),
        }
    }

    /// Expands the variant's class.
    fn expand(
        &self,
        options: &ClassOptions,
        enum_class: &Ident,
        enum_name: &str,
    ) -> syn::Result<TokenStream> {
        let mut model = ClassModel::new(options, &self.class, self.name.clone(), self.doc.clone());
        model.base = Some(enum_class.to_token_stream());
        model.frozen = true;
        model.variant = Some(format!("{enum_name}.{}", self.name));
        model.parent = Some(enum_class.clone());
        let mut getters = Vec::new();
        for (index, field) in self.fields.iter().enumerate() {
            let function = format_ident!("get_field_{index}");
            self.add_getter(&mut model, enum_class, field, &function)?;
            model.add_field_record(&FieldRecord {
                name: &field.name,
                ty: &field.ty,
                doc: &field.doc,
                get: true,
                set: false,
                cfgs: &[],
            });
            getters.push(function);
        }
        self.add_match_args(&mut model);
        if self.is_tuple {
            add_tuple_slots(&mut model, &getters);
            let int = || Expression::name("int");
            model.add_method_record("__len__", Vec::new(), int());
            model.add_method_record("__getitem__", vec![int()], Expression::any());
        }
        self.add_constructor(&mut model, enum_class)?;
        Ok(model.expand())
    }

    /// Adds `__match_args__`.
    fn add_match_args(&self, model: &mut ClassModel<'_>) {
        let krate = model.krate;
        let hidden = krate.hidden();
        let texts = self.fields.iter().map(|field| {
            let text = Expression::Text(field.name.clone());
            Expression::in_module("typing", "Literal").subscript(text)
        });
        let texts = Expression::Tuple(texts.collect());
        let hint = Expression::name("tuple").subscript(texts);
        model.add_attribute_record(&[], "__match_args__", hint, &Doc::default());
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
    }

    /// Adds the getter of a field.
    fn add_getter(
        &self,
        model: &mut ClassModel<'_>,
        enum_class: &Ident,
        field: &Field,
        function: &Ident,
    ) -> syn::Result<()> {
        let krate = model.krate;
        let hidden = krate.hidden();
        let ident = &self.ident;
        let member = &field.member;
        let span = field.ty.span();
        let doc = field.doc.optional_c_str(&hidden);
        let name = c_str(&field.name, span)?;
        // Spanned at the field's type, where errors belong. Not the function around it, which the
        // lint `unsafe_code` would then report.
        let read = quote_spanned! { span =>
            #[allow(unused_imports)]
            use #hidden::class::{ReadByClone as _, ReadByReference as _};
            (&#hidden::class::FieldRef(field)).read(py)
        };
        model.functions.push(quote! {
            unsafe extern "C" fn #function(
                slf: *mut #krate::ffi::PyObject,
                _: *mut ::core::ffi::c_void,
            ) -> *mut #krate::ffi::PyObject {
                // SAFETY: CPython calls this with an instance of the variant's class, which extends
                // the enum's.
                unsafe {
                    #hidden::class::get::<#enum_class>(slf, |py, value| {
                        match value {
                            #enum_class::#ident { #member: field, .. } => { #read }
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
                name: #name,
                doc: #doc,
                function: #function,
            }
        });
        Ok(())
    }

    /// Adds the constructor, with a parameter for each field.
    fn add_constructor(&self, model: &mut ClassModel<'_>, enum_class: &Ident) -> syn::Result<()> {
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

/// Adds `len()` and indexing, which a tuple variant's class has.
fn add_tuple_slots(model: &mut ClassModel<'_>, getters: &[Ident]) {
    let krate = model.krate;
    let hidden = krate.hidden();
    let count = getters.len();
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
            // SAFETY: CPython calls this with an instance of the class.
            unsafe { #hidden::class::tuple_item(slf, index, &[#(#getters),*]) }
        }
    });
    model.add_slot("Py_mp_length", &length);
    model.add_slot("Py_mp_subscript", &item);
}
