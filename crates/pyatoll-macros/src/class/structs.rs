//! `#[pyclass]` on a struct.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Fields, Index, ItemStruct, Type};

use super::derived_slots;
use super::model::{ClassModel, c_str};
use super::options::{ClassOptions, FieldOptions};
use super::record::FieldRecord;
use crate::attributes::{cfgs, python_name};
use crate::doc::Doc;

/// A field with a getter or a setter.
struct Field {
    /// `name`, or `0`.
    member: TokenStream,
    /// The name in Python.
    name: String,
    /// The name in errors of the setter, as in PyO3: the Rust name, or nothing for a tuple's field.
    rust_name: String,
    ty: Type,
    doc: Doc,
    get: bool,
    set: bool,
    cfgs: Vec<Attribute>,
    /// The index of the field, to name its functions.
    index: usize,
}

/// Expands the struct and removes its helper attributes.
pub(crate) fn expand(options: &ClassOptions, item: &mut ItemStruct) -> syn::Result<TokenStream> {
    if let Some(span) = options.eq_int {
        return Err(syn::Error::new(
            span,
            "`eq_int` can only be used on simple enums.",
        ));
    }
    if let (Some(span), None) = (options.hash, options.frozen) {
        return Err(syn::Error::new(
            span,
            "The `hash` option requires the `frozen` option.",
        ));
    }
    let fields = fields(options, &mut item.fields)?;
    let name = options.class_name(&item.ident);
    let mut model = ClassModel::new(options, &item.ident, name, Doc::of(&item.attrs));
    for field in &fields {
        model.add_field_record(&FieldRecord {
            name: &field.name,
            ty: &field.ty,
            doc: &field.doc,
            get: field.get,
            set: field.set,
            cfgs: &field.cfgs,
        });
        if field.get {
            add_getter(&mut model, field)?;
        }
        if field.set {
            add_setter(&mut model, field)?;
        }
    }
    derived_slots::compare(&mut model, false);
    derived_slots::hash(&mut model);
    let renamed = fields
        .iter()
        .any(|field| field.member.to_string() != field.name);
    derived_slots::text(&mut model, Some((&item.fields, renamed)))?;
    super::shareable::of_struct(&mut model, &item.fields);
    super::cross_module::of_struct(&mut model, &item.fields);
    if options.pickle.is_some() {
        super::pickle::of_struct(&mut model, &item.fields);
    }
    if let Some(span) = options.new {
        super::constructor::from_fields(&mut model, &item.fields, span)?;
    }
    Ok(model.expand())
}

/// Reads the fields with a getter or a setter, and removes the helper attributes of all fields.
fn fields(options: &ClassOptions, fields: &mut Fields) -> syn::Result<Vec<Field>> {
    if matches!(fields, Fields::Unit) {
        for (span, name) in [(options.get_all, "get_all"), (options.set_all, "set_all")] {
            if let Some(span) = span {
                return Err(syn::Error::new(
                    span,
                    format!(
                        "`{name}` on an unit struct does nothing, because unit structs have no \
                         fields"
                    ),
                ));
            }
        }
    }
    let mut found = Vec::new();
    for (index, field) in fields.iter_mut().enumerate() {
        found.extend(Field::read(options, index, field)?);
    }
    Ok(found)
}

impl Field {
    /// Reads a field; `None` if it has neither a getter nor a setter.
    fn read(
        options: &ClassOptions,
        index: usize,
        field: &mut syn::Field,
    ) -> syn::Result<Option<Self>> {
        let own = FieldOptions::take(&mut field.attrs)?;
        for (all, own, name) in [
            (options.get_all, own.get, "get"),
            (options.set_all, own.set, "set"),
        ] {
            if let (Some(_), Some(span)) = (all, own) {
                return Err(syn::Error::new(
                    span,
                    format!("useless `{name}` - the struct is already annotated with `{name}_all`"),
                ));
            }
        }
        let get = own.get.or(options.get_all);
        let set = own.set.or(options.set_all);
        if get.is_none() && set.is_none() {
            return match &own.name {
                Some(name) => Err(syn::Error::new(
                    name.span,
                    "`name` is useless without `get` or `set`",
                )),
                None => Ok(None),
            };
        }
        if let (Some(span), Some(_)) = (set, options.frozen) {
            return Err(syn::Error::new(
                span,
                "cannot use `#[pyo3(set)]` on a `frozen` class",
            ));
        }
        let (member, name) = match (&field.ident, &own.name) {
            (Some(ident), name) => (
                ident.to_token_stream(),
                options.name_of(name.as_ref(), ident),
            ),
            (None, Some(name)) => (Index::from(index).to_token_stream(), name.name.clone()),
            (None, None) => {
                return Err(syn::Error::new(
                    field.span(),
                    "`get` and `set` with tuple struct fields require `name`",
                ));
            }
        };
        Ok(Some(Self {
            member,
            name,
            rust_name: field.ident.as_ref().map(python_name).unwrap_or_default(),
            ty: field.ty.clone(),
            doc: Doc::of(&field.attrs),
            get: get.is_some(),
            set: set.is_some(),
            cfgs: cfgs(&field.attrs),
            index,
        }))
    }
}

/// Adds the getter of a field.
fn add_getter(model: &mut ClassModel<'_>, field: &Field) -> syn::Result<()> {
    let krate = model.krate;
    let hidden = krate.hidden();
    let class: &Ident = model.ident;
    let Field {
        member, ty, cfgs, ..
    } = field;
    let span = ty.span();
    let doc = field.doc.optional_c_str(&hidden);
    let name = c_str(&field.name, span)?;
    let function = format_ident!("get_field_{}", field.index);
    // Spanned at the field's type, where errors belong. Not the function around it, which the lint
    // `unsafe_code` would then report.
    let read = quote_spanned! { span =>
        #[allow(unused_imports)]
        use #hidden::class::{ReadByClone as _, ReadByReference as _};
        (&#hidden::class::FieldRef(&value.#member)).read(py)
    };
    model.functions.push(quote! {
        #(#cfgs)*
        unsafe extern "C" fn #function(
            slf: *mut #krate::ffi::PyObject,
            _: *mut ::core::ffi::c_void,
        ) -> *mut #krate::ffi::PyObject {
            // SAFETY: CPython calls this with an instance of the class.
            unsafe {
                #hidden::class::get::<#class>(slf, |py, value| { #read })
            }
        }
    });
    // The field never changes, and every thread may read it.
    let constant =
        model.frozen && model.options.unsendable.is_none() && model.options.shareable.is_none();
    model.methods.push(quote! {
        #(#cfgs)*
        {
        #[allow(unused_imports)]
        use #hidden::class::NotAHandle as _;
        #hidden::class::getter::<#class>(
            #name,
            #doc,
            #constant && #hidden::class::Field::<#ty>::IS_HANDLE,
            ::core::mem::offset_of!(#class, #member),
            #function,
        )
    }});
    Ok(())
}

/// Adds the setter of a field.
fn add_setter(model: &mut ClassModel<'_>, field: &Field) -> syn::Result<()> {
    let krate = model.krate;
    let hidden = krate.hidden();
    let class: &Ident = model.ident;
    let Field {
        member,
        rust_name,
        ty,
        cfgs,
        ..
    } = field;
    let span = ty.span();
    let doc = field.doc.optional_c_str(&hidden);
    let name = c_str(&field.name, span)?;
    let function = format_ident!("set_field_{}", field.index);
    let set = quote_spanned!(span => #hidden::class::set::<#class, #ty>);
    model.functions.push(quote! {
        #(#cfgs)*
        unsafe extern "C" fn #function(
            slf: *mut #krate::ffi::PyObject,
            value: *mut #krate::ffi::PyObject,
            _: *mut ::core::ffi::c_void,
        ) -> ::core::ffi::c_int {
            // SAFETY: CPython calls this with an instance of the class.
            unsafe {
                #set(slf, value, #rust_name, |this, value| {
                    ::core::mem::replace(&mut this.#member, value)
                })
            }
        }
    });
    model.methods.push(quote! {
        #(#cfgs)*
        #hidden::class::MethodItem::Setter {
            name: #name,
            doc: #doc,
            function: #function,
        }
    });
    Ok(())
}
