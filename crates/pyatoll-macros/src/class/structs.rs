//! `#[pyclass]` on a struct.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Fields, Index, ItemStruct, Type};

use super::extras;
use super::model::{ClassModel, c_str, optional_doc};
use super::options::{ClassOptions, FieldOptions};
use super::simple_enum::cfgs;
use crate::attributes::python_name;
use crate::doc::Doc;

/// A field that Python can see.
struct Field {
    /// `name`, or `0`.
    member: TokenStream,
    /// The name in Python.
    name: String,
    ty: Type,
    doc: Doc,
    get: bool,
    set: bool,
    /// Its `#[cfg]` attributes.
    cfgs: Vec<Attribute>,
    /// Number of the field, for the names of functions.
    place: usize,
}

/// Expands the struct, whose helper attributes are taken off.
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
    let krate = &options.krate;
    let mut model = ClassModel {
        krate,
        ident: &item.ident,
        name: match &options.name {
            Some(name) => name.name.clone(),
            None => python_name(&item.ident),
        },
        module: options.module.as_ref().map(syn::LitStr::value),
        doc: Doc::of(&item.attrs),
        options,
        base: options.extends.as_ref().map(ToTokens::to_token_stream),
        frozen: options.frozen.is_some(),
        subclass: options.subclass,
        variant: None,
        methods: Vec::new(),
        slots: Vec::new(),
        functions: Vec::new(),
        inherent: TokenStream::new(),
        into_object: None,
    };
    for field in &fields {
        accessors(&mut model, field)?;
    }
    extras::compare(&mut model, false);
    extras::hash(&mut model);
    let renamed = fields
        .iter()
        .any(|field| field.member.to_string() != field.name);
    extras::text(&mut model, Some((&item.fields, renamed)))?;
    if let Some(span) = options.new {
        super::constructor::from_fields(&mut model, &item.fields, span)?;
    }
    Ok(model.expand())
}

/// The fields with a getter or a setter.
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
    for (place, field) in fields.iter_mut().enumerate() {
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
            if let Some(name) = &own.name {
                return Err(syn::Error::new(
                    name.span,
                    "`name` is useless without `get` or `set`",
                ));
            }
            continue;
        }
        if let (Some(span), Some(_)) = (set, options.frozen) {
            return Err(syn::Error::new(
                span,
                "cannot use `#[pyo3(set)]` on a `frozen` class",
            ));
        }
        let (member, name) = match &field.ident {
            Some(ident) => (
                ident.to_token_stream(),
                options.name_of(own.name.as_ref(), ident),
            ),
            None => match &own.name {
                Some(name) => (Index::from(place).to_token_stream(), name.name.clone()),
                None => {
                    return Err(syn::Error::new(
                        field.span(),
                        "`get` and `set` with tuple struct fields require `name`",
                    ));
                }
            },
        };
        found.push(Field {
            member,
            name,
            ty: field.ty.clone(),
            doc: Doc::of(&field.attrs),
            get: get.is_some(),
            set: set.is_some(),
            cfgs: cfgs(&field.attrs),
            place,
        });
    }
    Ok(found)
}

/// Adds the getter and the setter of a field.
fn accessors(model: &mut ClassModel<'_>, field: &Field) -> syn::Result<()> {
    let krate = model.krate;
    let hidden = krate.hidden();
    let class: &Ident = model.ident;
    let Field {
        member,
        name,
        ty,
        doc,
        cfgs,
        place,
        ..
    } = field;
    let span = ty.span();
    let doc = optional_doc(&hidden, doc);
    let c_name = c_str(name, span)?;
    if field.get {
        let function = format_ident!("get_field_{place}");
        model.functions.push(quote_spanned! { span =>
            #(#cfgs)*
            unsafe extern "C" fn #function(
                slf: *mut #krate::ffi::PyObject,
                _: *mut ::core::ffi::c_void,
            ) -> *mut #krate::ffi::PyObject {
                // SAFETY: CPython calls it with an instance of the class.
                unsafe {
                    #hidden::class::get::<#class>(slf, |py, value| {
                        #[allow(unused_imports)]
                        use #hidden::class::{ReadByClone as _, ReadByReference as _};
                        (&#hidden::class::FieldRef(&value.#member)).read(py)
                    })
                }
            }
        });
        // The value stays as it is, and any thread may look.
        let constant = model.frozen && model.options.unsendable.is_none();
        model.methods.push(quote! {
            #(#cfgs)*
            {
            #[allow(unused_imports)]
            use #hidden::class::NotAHandle as _;
            #hidden::class::getter::<#class>(
                #c_name,
                #doc,
                #constant && #hidden::class::Field::<#ty>::IS_HANDLE,
                ::core::mem::offset_of!(#class, #member),
                #function,
            )
        }});
    }
    if field.set {
        let function = format_ident!("set_field_{place}");
        model.functions.push(quote_spanned! { span =>
            #(#cfgs)*
            unsafe extern "C" fn #function(
                slf: *mut #krate::ffi::PyObject,
                value: *mut #krate::ffi::PyObject,
                _: *mut ::core::ffi::c_void,
            ) -> ::core::ffi::c_int {
                // SAFETY: CPython calls it with an instance of the class.
                unsafe {
                    #hidden::class::set::<#class, #ty>(slf, value, #name, |this, value| {
                        ::core::mem::replace(&mut this.#member, value)
                    })
                }
            }
        });
        model.methods.push(quote! {
            #(#cfgs)*
            #hidden::class::MethodItem::Setter {
                name: #c_name,
                doc: #doc,
                function: #function,
            }
        });
    }
    Ok(())
}
