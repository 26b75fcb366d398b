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
//! | `cross_module` | `cross_module` |
//! | `shareable` | `shareable` |
//! | `record` | the records of a class and its attributes, for stubs |
//! | `constructor` | constructors that the macro generates |
//! | `model` | the class as the expansion sees it |
//! | `expand` | from the model to the generated code |

mod complex_enum;
mod constructor;
mod cross_module;
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
use quote::quote;
use syn::spanned::Spanned;
use syn::{Fields, Generics, Item, ItemEnum};

use self::options::ClassOptions;
use crate::attributes::strip_helpers;

/// Expands `#[pyclass]`.
pub(crate) fn pyclass(attribute: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut item: Item = syn::parse2(item)?;
    let original = item.clone();
    let expansion = match expand(attribute.clone(), &mut item) {
        Ok(expansion) => expansion,
        Err(error) => {
            item = original;
            let class = unchecked(attribute, &mut item);
            let error = error.to_compile_error();
            quote!(#error #class)
        }
    };
    Ok(quote! {
        #item
        #expansion
    })
}

/// Expands an item with mistakes in its options or members, leaving those out, so that no further
/// errors follow from the absence of a class. `None`: it cannot be a class at all.
fn unchecked(attribute: TokenStream, item: &mut Item) -> Option<TokenStream> {
    let (attributes, generics) = match item {
        Item::Struct(item) => {
            for field in &mut item.fields {
                strip_helpers(&mut field.attrs);
            }
            (&mut item.attrs, &item.generics)
        }
        Item::Enum(item) => {
            for variant in &mut item.variants {
                strip_helpers(&mut variant.attrs);
                for field in &mut variant.fields {
                    strip_helpers(&mut field.attrs);
                }
            }
            (&mut item.attrs, &item.generics)
        }
        _ => return None,
    };
    strip_helpers(attributes);
    if !generics.params.is_empty() {
        return None;
    }
    let mut options = ClassOptions::lenient(attribute);
    if cross_module::check(&options).is_err() {
        options.cross_module = None;
    }
    if shareable::check(&options).is_err() {
        (options.shareable, options.atomic_buffer) = (None, None);
    }
    let attempt = |options: &ClassOptions, item: &mut Item| match item {
        Item::Struct(item) => structs::expand(options, item).ok(),
        Item::Enum(item)
            if item
                .variants
                .iter()
                .all(|variant| variant.fields.is_empty()) =>
        {
            check_enum(options, item)
                .and_then(|()| simple_enum::expand(options, item))
                .ok()
        }
        _ => None,
    };
    attempt(&options, item).or_else(|| attempt(&ClassOptions::default(), item))
}

fn expand(attribute: TokenStream, item: &mut Item) -> syn::Result<TokenStream> {
    Ok(match item {
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
            cross_module::check(&options)?;
            structs::expand(&options, item)?
        }
        Item::Enum(item) => {
            check_generics(&item.generics)?;
            let options = ClassOptions::take(attribute, &mut item.attrs)?;
            check_enum(&options, item)?;
            if let Some(base) = &options.native_enum {
                return native_enum::expand(&options, base, item);
            }
            let is_simple = item
                .variants
                .iter()
                .all(|variant| matches!(variant.fields, Fields::Unit));
            if is_simple {
                simple_enum::expand(&options, item)?
            } else {
                if let Some(span) = options.cross_module {
                    return Err(cross_module::refuse_complex_enum(span));
                }
                complex_enum::expand(&options, item)?
            }
        }
        other => {
            return Err(syn::Error::new(
                other.span(),
                "#[pyclass] only supports structs and enums.",
            ));
        }
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
    cross_module::check(options)?;
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
             it was made from. Own the data (`String` for `&str`, `Vec<T>` for `&[T]`), or keep a \
             `Py<T>` of the object that owns it",
        ));
    }
    if let Some(parameter) = generics.params.first() {
        return Err(syn::Error::new(
            parameter.span(),
            "#[pyclass] cannot have generic parameters: each Python class is one type. Define one \
             class for each type that is needed, for instance with a macro, around a common \
             generic struct",
        ));
    }
    Ok(())
}
