//! `#[pyclass]`.
//!
//! | file | concern |
//! |---|---|
//! | `options` | the options of classes, fields and variants |
//! | `structs` | from a struct to its model |
//! | `simple_enum` | from an enum without fields to its model |
//! | `native_enum` | an enum without fields as one of Python's enums |
//! | `complex_enum` | from an enum with fields to the models of its class and its variants' classes |
//! | `derived_slots` | `eq`, `eq_int`, `ord`, `hash`, `str` |
//! | `pickle` | `pickle` |
//! | `shareable` | `shareable` |
//! | `record` | the records of a class and its attributes, for stubs |
//! | `constructor` | constructors that the macro generates |
//! | `model` | the class as the expansion sees it |
//! | `expand` | from the model to the generated code |

mod complex_enum;
mod constructor;
mod derived_slots;
mod expand;
mod model;
mod native_enum;
mod options;
mod pickle;
mod record;
mod shareable;
mod simple_enum;
mod structs;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Fields, Generics, Item, ItemEnum};

use self::options::ClassOptions;

/// Expands `#[pyclass]`.
pub(crate) fn pyclass(attribute: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut item: Item = syn::parse2(item)?;
    let expansion = match &mut item {
        Item::Struct(item) => {
            check_generics(&item.generics)?;
            let options = ClassOptions::take(attribute, &mut item.attrs)?;
            if let Some(base) = &options.native_enum {
                return Err(syn::Error::new(
                    base.span(),
                    "`enum` can only be used on enums",
                ));
            }
            shareable::check(&options)?;
            structs::expand(&options, item)?
        }
        Item::Enum(item) => {
            check_generics(&item.generics)?;
            let options = ClassOptions::take(attribute, &mut item.attrs)?;
            check_enum(&options, item)?;
            if let Some(base) = &options.native_enum {
                let expansion = native_enum::expand(&options, base, item)?;
                return Ok(quote!(#item #expansion));
            }
            let is_simple = item
                .variants
                .iter()
                .all(|variant| matches!(variant.fields, Fields::Unit));
            if is_simple {
                simple_enum::expand(&options, item)?
            } else {
                complex_enum::expand(&options, item)?
            }
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

/// Rejects empty enums, and options that no enum can have.
fn check_enum(options: &ClassOptions, item: &ItemEnum) -> syn::Result<()> {
    if item.variants.is_empty() {
        return Err(syn::Error::new(
            item.brace_token.span.join(),
            "#[pyclass] can't be used on enums without any variants",
        ));
    }
    if let Some(span) = options.shareable {
        return Err(shareable::refuse_enum(span));
    }
    shareable::check(options)?;
    let rejected = [
        (
            options.extends.as_ref().map(Spanned::span),
            "enums can't extend from other classes",
        ),
        (
            options.bases.iter().flatten().next().map(Spanned::span),
            "enums can't extend from other classes",
        ),
        (
            options.metaclass.as_ref().map(Spanned::span),
            "`metaclass` can't be used on enums",
        ),
        (
            options.subclass,
            "enums can't be inherited by other classes",
        ),
        (options.generic, "enums do not support #[pyclass(generic)]"),
        (options.new, "`new` can't be used on enums"),
        (options.get_all, "`get_all` can't be used on enums"),
        (options.set_all, "`set_all` can't be used on enums"),
    ];
    for (span, message) in rejected {
        if let Some(span) = span {
            return Err(syn::Error::new(span, message));
        }
    }
    Ok(())
}

/// Rejects parameters: a class is one Python type.
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
