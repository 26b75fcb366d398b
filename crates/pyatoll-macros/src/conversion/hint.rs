//! The type hints of derived conversions. Nothing is generated without the feature
//! `experimental-inspect`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Lit;

use super::model::{Access, Body, Container, Field, Shape};
use crate::inspect::{ENABLED, Expression};
use crate::krate::Krate;

/// Returns the declaration of the constant. `field` returns the hint of a field; `named` that of a
/// container with named fields.
pub(super) fn declaration(
    krate: &Krate,
    constant: &str,
    body: &Body,
    field: impl Fn(&Field) -> Expression,
    named: impl Fn(&Container) -> Expression,
) -> Option<TokenStream> {
    if !ENABLED {
        return None;
    }
    let of_container = |container: &Container| match container.shape {
        Shape::Transparent => field(&container.fields[0]),
        Shape::Tuple => Expression::name("tuple").subscript(Expression::Tuple(
            container.fields.iter().map(&field).collect(),
        )),
        Shape::Named => named(container),
    };
    let hint = match body {
        Body::Struct(container) => of_container(container),
        Body::Enum(variants) => {
            let mut hints: Vec<_> = variants.iter().map(of_container).collect();
            // Two variants with named fields have the same hint.
            hints.dedup();
            let union = hints.into_iter().rev().reduce(|rest, hint| hint.or(rest));
            union.unwrap_or_else(|| Expression::in_module("typing", "Never"))
        }
    };
    let constant = format_ident!("{constant}");
    let hint = hint.tokens(krate);
    Some(quote! {
        const #constant: #krate::inspect::PyStaticExpr = #hint;
    })
}

/// Returns the hint of an object with named fields, which no class describes.
pub(super) fn object(_: &Container) -> Expression {
    Expression::in_module("_typeshed", "Incomplete")
}

/// Returns the hint of the `dict` that a container with named fields becomes.
pub(super) fn dict(container: &Container) -> Expression {
    let has_names = container.fields.iter().all(|field| {
        matches!(
            field.access,
            Access::Attribute(_) | Access::Item(Lit::Str(_))
        )
    });
    let key = if has_names {
        Expression::name("str")
    } else {
        Expression::any()
    };
    Expression::name("dict").subscript(Expression::Tuple(vec![key, Expression::any()]))
}
