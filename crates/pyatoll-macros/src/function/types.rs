//! What a macro can tell from how a type is written.

use syn::visit_mut::{self, VisitMut};
use syn::{GenericArgument, Lifetime, PathArguments, TraitBound, Type, TypeBareFn};

/// The type without the invisible groups that `macro_rules!` puts around it, and parentheses.
pub(crate) fn ungrouped(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            other => return other,
        };
    }
}

/// Whether it is `Python<'_>`.
pub(crate) fn is_python(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == "Python")
}

/// `T` of an `Option<T>`.
pub(crate) fn option_argument(ty: &Type) -> Option<&Type> {
    let segment = last_segment(ty)?;
    if segment.ident != "Option" {
        return None;
    }
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) if arguments.args.len() == 1 => Some(inner),
        _ => None,
    }
}

fn last_segment(ty: &Type) -> Option<&syn::PathSegment> {
    match ungrouped(ty) {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

/// The type with every lifetime of the function's own left to inference.
pub(crate) fn elided(ty: &Type) -> Type {
    struct Elide;
    impl VisitMut for Elide {
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            if lifetime.ident != "static" {
                *lifetime = Lifetime::new("'_", lifetime.span());
            }
        }

        // `fn(&'a T)` and `for<'a> Trait<'a>` bring their own lifetimes.
        fn visit_type_bare_fn_mut(&mut self, function: &mut TypeBareFn) {
            if function.lifetimes.is_none() {
                visit_mut::visit_type_bare_fn_mut(self, function);
            }
        }

        fn visit_trait_bound_mut(&mut self, bound: &mut TraitBound) {
            if bound.lifetimes.is_none() {
                visit_mut::visit_trait_bound_mut(self, bound);
            }
        }
    }
    let mut ty = ty.clone();
    Elide.visit_type_mut(&mut ty);
    ty
}
