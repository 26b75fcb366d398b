//! Types as written: a macro sees the tokens of a type, not what they resolve to.

use proc_macro2::Ident;
use quote::format_ident;
use syn::visit_mut::{self, VisitMut};
use syn::{GenericArgument, Lifetime, PathArguments, TraitBound, Type, TypeBareFn};

/// Strips parentheses, and the invisible groups that `macro_rules!` puts around a type.
pub(crate) fn ungrouped(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            other => return other,
        };
    }
}

/// Returns whether the type is `Python<'_>`.
pub(crate) fn is_python(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == "Python")
}

/// Returns the name of `Bound<'_, _>`, `Borrowed<'_, '_, _>` or a reference to one.
pub(crate) fn handle_with_token(ty: &Type) -> Option<&'static str> {
    let ty = match ungrouped(ty) {
        Type::Reference(reference) => &*reference.elem,
        ty => ty,
    };
    let segment = last_segment(ty)?;
    ["Bound", "Borrowed"]
        .into_iter()
        .find(|name| segment.ident == name)
}

/// Returns the `T` of an `Option<T>`.
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

/// Common types of std. They are not aliases, so they are extracted by value.
const NOT_ALIASES: &[&str] = &[
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32",
    "u64", "u128", "usize", "String",
];

/// Returns whether a type is a name, perhaps with lifetimes, that may be an alias of a reference.
fn may_be_alias(ty: &Type) -> bool {
    let Some(segment) = last_segment(ty) else {
        return false;
    };
    let has_types = match &segment.arguments {
        PathArguments::None => false,
        PathArguments::AngleBracketed(arguments) => arguments
            .args
            .iter()
            .any(|argument| !matches!(argument, GenericArgument::Lifetime(_))),
        PathArguments::Parenthesized(_) => true,
    };
    !has_types && !NOT_ALIASES.iter().any(|name| segment.ident == name)
}

fn last_segment(ty: &Type) -> Option<&syn::PathSegment> {
    match ungrouped(ty) {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

/// The form of an argument's type, which decides how it is extracted.
pub(crate) enum Form<'a> {
    /// Any other type.
    Value(&'a Type),
    /// A name without type arguments, or an `Option` of one: it may be an alias of a reference.
    Named(Named<'a>),
    /// `&T`, `&mut T`, or an `Option` of one.
    Reference(Reference<'a>),
}

/// The name in an argument's type.
pub(crate) struct Named<'a> {
    pub(crate) ty: &'a Type,
    pub(crate) optional: bool,
}

/// The reference in an argument's type.
pub(crate) struct Reference<'a> {
    /// The type it refers to.
    pub(crate) ty: &'a Type,
    pub(crate) mutable: bool,
    pub(crate) optional: bool,
}

impl<'a> Form<'a> {
    /// Returns the form of a type.
    pub(crate) fn of(ty: &'a Type) -> Self {
        let (inner, optional) = match option_argument(ty) {
            Some(inner) => (inner, true),
            None => (ty, false),
        };
        match ungrouped(inner) {
            Type::Reference(reference) => Self::Reference(Reference {
                ty: &reference.elem,
                mutable: reference.mutability.is_some(),
                optional,
            }),
            ty if may_be_alias(ty) => Self::Named(Named { ty, optional }),
            _ => Self::Value(ty),
        }
    }

    /// Returns the type to extract: the whole type, the name, or what the reference refers to.
    pub(crate) fn ty(&self) -> &'a Type {
        match self {
            Self::Value(ty) => ty,
            Self::Named(named) => named.ty,
            Self::Reference(reference) => reference.ty,
        }
    }
}

impl Named<'_> {
    /// Returns the name of the function that extracts it.
    pub(crate) fn function(&self) -> Ident {
        match self.optional {
            false => format_ident!("extract_named"),
            true => format_ident!("extract_optional_named"),
        }
    }
}

impl Reference<'_> {
    /// Returns the name of the function that extracts it.
    pub(crate) fn function(&self) -> Ident {
        match (self.mutable, self.optional) {
            (false, false) => format_ident!("extract_ref"),
            (false, true) => format_ident!("extract_optional_ref"),
            (true, false) => format_ident!("extract_mut"),
            (true, true) => format_ident!("extract_optional_mut"),
        }
    }

    /// Returns the name of the trait that the referenced type implements.
    pub(crate) fn argument_trait(&self) -> Ident {
        if self.mutable {
            format_ident!("RefMutArgument")
        } else {
            format_ident!("RefArgument")
        }
    }
}

/// Replaces the function's own lifetimes by `'_`.
pub(crate) fn elided(ty: &Type) -> Type {
    struct Elide;
    impl VisitMut for Elide {
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            if lifetime.ident != "static" {
                *lifetime = Lifetime::new("'_", lifetime.span());
            }
        }

        // `for<'a> fn(&'a T)` and `for<'a> Trait<'a>` declare lifetimes of their own.
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
