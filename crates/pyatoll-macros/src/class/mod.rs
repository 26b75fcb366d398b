//! `#[pyclass]`.
//!
//! | file | concern |
//! |---|---|
//! | `options` | parsing the options of classes, fields and variants |
//! | `structs`, `simple_enum`, `complex_enum` | from an item to its model |
//! | `extras` | `eq`, `ord`, `hash`, `str` |
//! | `constructor` | constructors that the macro writes |
//! | `model` | what a class comes to, and its expansion |

mod constructor;
mod extras;
mod model;
mod options;
mod structs;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Generics, Item};

use options::ClassOptions;

/// Expands `#[pyclass]`.
pub(crate) fn pyclass(attribute: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut item: Item = syn::parse2(item)?;
    let expansion = match &mut item {
        Item::Struct(item) => {
            check_generics(&item.generics)?;
            let options = ClassOptions::of(attribute, &mut item.attrs)?;
            structs::expand(&options, item)?
        }
        other => {
            return Err(syn::Error::new(
                other.span(),
                "#[pyclass] only supports structs and enums.",
            ));
        }
    };
    let item = item.to_token_stream();
    Ok(quote! {
        #item
        #expansion
    })
}

/// A class is one Python type: it cannot have parameters.
fn check_generics(generics: &Generics) -> syn::Result<()> {
    if let Some(lifetime) = generics.lifetimes().next() {
        return Err(syn::Error::new(
            lifetime.span(),
            "#[pyclass] cannot have lifetime parameters: a Python object may outlive everything \
             it was made from",
        ));
    }
    if let Some(parameter) = generics.params.first() {
        return Err(syn::Error::new(
            parameter.span(),
            "#[pyclass] cannot have generic parameters: each Python class is one type",
        ));
    }
    Ok(())
}
