//! Expands `#[derive(IntoPyObject)]` and `#[derive(IntoPyObjectRef)]`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Ident, Lifetime, Lit, parse_quote};

use super::hint;
use super::model::{Access, Body, Container, Direction, Field, Model, Shape};
use crate::hygiene::hygienic;
use crate::inspect::Expression;
use crate::krate::Krate;

/// The `self` of the conversion.
pub(super) enum Receiver {
    /// The value.
    Value,
    /// A reference to it.
    Reference,
}

pub(super) fn expand(input: &DeriveInput, receiver: &Receiver) -> syn::Result<TokenStream> {
    let Model { ident, krate, body } = Model::new(input, Direction::ToPython)?;
    let borrow = match receiver {
        Receiver::Value => None,
        Receiver::Reference => Some(Lifetime::new("'value", Span::mixed_site())),
    };
    let reference = borrow.iter().map(|borrow| quote!(&#borrow)).collect();
    let expansion = Expansion { krate, reference };
    let krate = &expansion.krate;

    let mut generics = input.generics.clone();
    // A `'py` of the type is the token's.
    let py = match input
        .generics
        .lifetimes()
        .find(|it| it.lifetime.ident == "py")
    {
        Some(own) => own.lifetime.clone(),
        None => {
            let py = Lifetime::new("'py", Span::mixed_site());
            generics.params.push(parse_quote!(#py));
            py
        }
    };
    generics.params.extend(
        borrow
            .iter()
            .map(|it| -> syn::GenericParam { parse_quote!(#it) }),
    );
    let types: Vec<_> = generics.type_params().map(|it| it.ident.clone()).collect();
    let reference = &expansion.reference;
    let clause = generics.make_where_clause();
    for name in types {
        clause
            .predicates
            .push(parse_quote!(#reference #name: #krate::conversion::IntoPyObject<#py>));
    }
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = input.generics.split_for_impl();

    let (target, output, error) = expansion.types(&body, &py);
    let token = hygienic("py");
    let output_type = hint::declaration(
        krate,
        "OUTPUT_TYPE",
        &body,
        |field| match &field.options.into_py_with {
            Some(_) => Expression::in_module("_typeshed", "Incomplete"),
            None => {
                let ty = &field.ty;
                Expression::rust(quote_spanned! { ty.span() =>
                    <#reference #ty as #krate::conversion::IntoPyObject<#py>>::OUTPUT_TYPE
                })
            }
        },
        hint::dict,
    );
    let convert = expansion.convert(&body, &py);
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics #krate::conversion::IntoPyObject<#py>
            for #reference #ident #type_generics
        #where_clause
        {
            type Target = #target;
            type Output = #output;
            type Error = #error;
            #output_type

            fn into_pyobject(
                self,
                #token: #krate::Python<#py>,
            ) -> ::core::result::Result<Self::Output, Self::Error> {
                #convert
            }
        }
    })
}

/// The expansion of one derive macro.
struct Expansion {
    krate: Krate,
    /// `&'value`, or empty.
    reference: TokenStream,
}

impl Expansion {
    /// Returns the associated types `Target`, `Output` and `Error`.
    fn types(&self, body: &Body, py: &Lifetime) -> (TokenStream, TokenStream, TokenStream) {
        let Self { krate, reference } = self;
        let class = match body {
            Body::Enum(_) => quote!(#krate::PyAny),
            Body::Struct(container) => match container.shape {
                Shape::Tuple => quote!(#krate::types::PyTuple),
                Shape::Named => quote!(#krate::types::PyDict),
                Shape::Transparent => {
                    let ty = &container.fields[0].ty;
                    let conversion = quote_spanned! { ty.span() =>
                        #reference #ty as #krate::conversion::IntoPyObject<#py>
                    };
                    return (
                        quote!(<#conversion>::Target),
                        quote!(<#conversion>::Output),
                        quote!(<#conversion>::Error),
                    );
                }
            },
        };
        (
            class.clone(),
            quote!(#krate::Bound<#py, #class>),
            quote!(#krate::PyErr),
        )
    }

    /// Returns the function's body.
    fn convert(&self, body: &Body, py: &Lifetime) -> TokenStream {
        let hidden = self.krate.hidden();
        match body {
            Body::Struct(container) => {
                let pattern = container.with_variables();
                let convert = self.convert_container(container, py, false);
                quote! {
                    let #pattern = self;
                    #convert
                }
            }
            Body::Enum(variants) => {
                let arms = variants.iter().map(|variant| {
                    let pattern = variant.with_variables();
                    let convert = self.convert_container(variant, py, true);
                    match variant.shape {
                        Shape::Transparent => quote!(#pattern => #convert,),
                        _ => quote!(#pattern => #hidden::convert::untyped({ #convert }),),
                    }
                });
                quote!(match self { #(#arms)* })
            }
        }
    }

    /// Returns an expression of type `Result` that converts the container's variables. A
    /// transparent container converts like its field, or to `Bound<PyAny>` if `untyped`.
    fn convert_container(
        &self,
        container: &Container,
        py: &Lifetime,
        untyped: bool,
    ) -> TokenStream {
        let krate = &self.krate;
        let hidden = krate.hidden();
        let token = hygienic("py");
        let variables = container.variables();
        let fields = &container.fields;
        match container.shape {
            Shape::Transparent => {
                let (field, variable) = (&fields[0], &variables[0]);
                if untyped {
                    quote_spanned! { field.ty.span() =>
                        #hidden::convert::into_any(#variable, #token)
                    }
                } else {
                    quote_spanned! { field.ty.span() =>
                        #krate::conversion::IntoPyObject::into_pyobject(#variable, #token)
                    }
                }
            }
            Shape::Tuple => {
                let items = fields
                    .iter()
                    .zip(&variables)
                    .map(|(field, variable)| self.convert_field(field, variable, py));
                quote!(#hidden::convert::new_tuple(#token, [#(#items),*]))
            }
            Shape::Named => {
                let dict = hygienic("dict");
                let steps = fields.iter().zip(&variables).map(|(field, variable)| {
                    let key = match &field.access {
                        // `attribute` only applies to the other direction.
                        Access::Attribute(_) => {
                            let name = &field.python_name;
                            quote!(#krate::intern!(#token, #name))
                        }
                        Access::Item(Lit::Str(name)) => quote!(#krate::intern!(#token, #name)),
                        Access::Item(key) => quote!(#key),
                    };
                    let value = self.convert_field(field, variable, py);
                    quote!(#hidden::convert::set_item(&#dict, #key, #value)?;)
                });
                quote! {
                    let #dict = #krate::types::PyDict::new(#token);
                    #(#steps)*
                    ::core::result::Result::Ok::<_, #krate::PyErr>(#dict)
                }
            }
        }
    }

    /// Returns an expression of type `Bound<PyAny>`. It returns from the function on an error.
    fn convert_field(&self, field: &Field, variable: &Ident, py: &Lifetime) -> TokenStream {
        let krate = &self.krate;
        let hidden = krate.hidden();
        let token = hygienic("py");
        let Some((function, _)) = &field.options.into_py_with else {
            return quote_spanned! { field.ty.span() =>
                #hidden::convert::into_any(#variable, #token)?
            };
        };
        let cow = if self.reference.is_empty() {
            quote!(Owned)
        } else {
            quote!(Borrowed)
        };
        quote_spanned! { function.span() =>
            {
                let into_py_with: fn(
                    ::std::borrow::Cow<'_, _>,
                    #krate::Python<#py>,
                ) -> #krate::PyResult<#krate::Bound<#py, #krate::PyAny>> = #function;
                into_py_with(::std::borrow::Cow::#cow(#variable), #token)?
            }
        }
    }
}
