//! Expands `#[derive(FromPyObject)]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Generics, Lifetime, parse_quote};

use super::hint;
use super::model::{Access, Body, Container, Direction, Field, Model, Shape};
use crate::hygiene::hygienic;
use crate::inspect::Expression;
use crate::krate::Krate;

pub(super) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Model { ident, krate, body } = Model::new(input, Direction::FromPython)?;
    let (borrow, py) = lifetimes(&input.generics)?;

    let mut generics = input.generics.clone();
    for lifetime in [&borrow, &py] {
        if !generics
            .lifetimes()
            .any(|known| known.lifetime == *lifetime)
        {
            generics.params.push(parse_quote!(#lifetime));
        }
    }
    let types: Vec<_> = generics.type_params().map(|it| it.ident.clone()).collect();
    let borrows = input.generics.lifetimes().count() == 2;
    let clause = generics.make_where_clause();
    if borrows {
        // Text that is borrowed from the object must not outlive the token.
        clause.predicates.push(parse_quote!(#py: #borrow));
    }
    for name in types {
        clause
            .predicates
            .push(parse_quote!(#name: #krate::conversion::FromPyObjectOwned<#py>));
    }
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = input.generics.split_for_impl();

    let object = hygienic("object");
    let extract = match &body {
        Body::Struct(container) => extract_container(container, &krate),
        Body::Enum(variants) => extract_enum(&ident.to_string(), variants, &krate),
    };
    let input_type = hint::declaration(
        &krate,
        "INPUT_TYPE",
        &body,
        |field| match &field.options.from_py_with {
            Some(_) => Expression::in_module("_typeshed", "Incomplete"),
            None => {
                let ty = &field.ty;
                Expression::rust(quote_spanned! { ty.span() =>
                    <#ty as #krate::FromPyObject<#borrow, #py>>::INPUT_TYPE
                })
            }
        },
        hint::object,
    );
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics #krate::FromPyObject<#borrow, #py> for #ident #type_generics
        #where_clause
        {
            type Error = #krate::PyErr;
            #input_type

            fn extract(
                #object: #krate::Borrowed<#borrow, #py, #krate::PyAny>,
            ) -> ::core::result::Result<Self, #krate::PyErr> {
                #extract
            }
        }
    })
}

/// Returns the lifetimes of the object's borrow and of the token. The type's only lifetime is the
/// token's; of two lifetimes, `'py` is.
fn lifetimes(generics: &Generics) -> syn::Result<(Lifetime, Lifetime)> {
    let free = |name: &str| Lifetime::new(name, proc_macro2::Span::mixed_site());
    let own: Vec<_> = generics.lifetimes().map(|it| it.lifetime.clone()).collect();
    match own.as_slice() {
        [] => Ok((free("'object"), free("'py"))),
        [py] => Ok((free("'object"), py.clone())),
        [borrow, py] | [py, borrow] if py.ident == "py" => Ok((borrow.clone(), py.clone())),
        _ => Err(syn::Error::new(
            generics.span(),
            "FromPyObject can be derived with at most one lifetime parameter, or two if one of \
             them is `'py`",
        )),
    }
}

/// Returns an expression of type `Result<Self, PyErr>`: the first variant that can be extracted.
fn extract_enum(name: &str, variants: &[Container], krate: &Krate) -> TokenStream {
    let hidden = krate.hidden();
    let object = hygienic("object");
    let failures = variants.iter().map(|variant| {
        let extract = extract_container(variant, krate);
        let (variant, annotation) = (&variant.variant, &variant.annotation);
        quote! {{
            let extract = || -> ::core::result::Result<Self, #krate::PyErr> { #extract };
            match extract() {
                ::core::result::Result::Ok(value) => return ::core::result::Result::Ok(value),
                ::core::result::Result::Err(error) => {
                    #hidden::convert::failed_variant(#object.py(), #variant, #annotation, error)?
                }
            }
        }}
    });
    quote! {
        let failures = [#(#failures),*];
        ::core::result::Result::Err(
            #hidden::convert::failed_to_extract_enum(#object.py(), #name, &failures)
        )
    }
}

/// Returns an expression of type `Result<Self, PyErr>`.
fn extract_container(container: &Container, krate: &Krate) -> TokenStream {
    let hidden = krate.hidden();
    let object = hygienic("object");
    let name = &container.name;
    let variables = container.variables();
    let fields = &container.fields;
    let steps = match container.shape {
        Shape::Transparent => {
            let extract = extract_field(&fields[0], name, &quote!(#object), krate);
            quote!(#(let #variables = #extract;)*)
        }
        Shape::Tuple => {
            let len = fields.len();
            let items = hygienic("items");
            let steps = fields.iter().enumerate().map(|(index, field)| {
                let variable = &variables[index];
                let extract = extract_field(field, name, &quote!(#items[#index]), krate);
                quote!(let #variable = #extract;)
            });
            quote! {
                let #items = #hidden::convert::tuple_items::<#len>(#object)?;
                #(#steps)*
            }
        }
        Shape::Named => fields
            .iter()
            .zip(&variables)
            .map(|(field, variable)| {
                let extract = get_field(field, name, krate);
                quote!(let #variable = #extract;)
            })
            .collect(),
    };
    let value = container.with_variables();
    quote! {
        #steps
        ::core::result::Result::Ok(#value)
    }
}

/// Gets the attribute or item of a named field and extracts it, or evaluates its default.
fn get_field(field: &Field, container: &str, krate: &Krate) -> TokenStream {
    let hidden = krate.hidden();
    let (object, value) = (hygienic("object"), hygienic("value"));
    let got = match &field.access {
        Access::Attribute(name) => quote! {
            #hidden::convert::get_attribute(#object, #krate::intern!(#object.py(), #name))
        },
        Access::Item(syn::Lit::Str(key)) => quote! {
            #hidden::convert::get_item(#object, #krate::intern!(#object.py(), #key))
        },
        Access::Item(key) => quote!(#hidden::convert::get_item(#object, #key)),
    };
    let extract = extract_field(field, container, &quote!(#value.as_borrowed()), krate);
    let Some((default, _)) = &field.options.default else {
        return quote!({
            let #value = #got?;
            #extract
        });
    };
    let default = match default {
        Some(value) => quote!(#value),
        None => quote!(::core::default::Default::default()),
    };
    quote! {
        match #got {
            ::core::result::Result::Ok(#value) => #extract,
            ::core::result::Result::Err(_) => #default,
        }
    }
}

/// Returns an expression of the field's type. It returns from the function on an error.
fn extract_field(
    field: &Field,
    container: &str,
    object: &TokenStream,
    krate: &Krate,
) -> TokenStream {
    let hidden = krate.hidden();
    let (name, ty) = (&field.name, &field.ty);
    match &field.options.from_py_with {
        Some(function) => quote_spanned! { function.span() =>
            {
                let from_py_with: fn(_) -> _ = #function;
                #hidden::convert::extract_field_with(from_py_with, &#object, #container, #name)?
            }
        },
        None => quote_spanned! { ty.span() =>
            #hidden::convert::extract_field::<#ty>(#object, #container, #name)?
        },
    }
}
