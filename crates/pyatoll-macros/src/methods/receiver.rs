//! The receiver of a method: `self` in any form, or the class.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{FnArg, Type};

use super::role::Role;
use crate::function::types::is_python;

/// The argument of a method before its Python arguments.
pub(super) enum Receiver {
    /// There is none.
    None,
    /// `&self`
    Shared(Span),
    /// `&mut self`
    Mutable(Span),
    /// `slf: PyRef<'_, Self>` and the like.
    Handle(Box<Type>),
    /// The class: `cls: &Bound<'_, PyType>` and the like.
    Class(Box<Type>),
}

impl Receiver {
    /// Returns the span of the receiver.
    pub(super) fn span(&self) -> Option<Span> {
        match self {
            Self::None => None,
            Self::Shared(span) | Self::Mutable(span) => Some(*span),
            Self::Handle(ty) | Self::Class(ty) => Some(ty.span()),
        }
    }

    /// Reads the receiver of a function. `takes_class` tells whether it is a `#[classmethod]`.
    pub(super) fn of(
        signature: &syn::Signature,
        role: Role,
        takes_class: bool,
    ) -> syn::Result<Self> {
        let is_token =
            |input: &&FnArg| matches!(input, FnArg::Typed(typed) if is_python(&typed.ty));
        let first = signature.inputs.iter().find(|input| !is_token(input));
        if takes_class {
            return match first {
                Some(FnArg::Typed(typed)) => Ok(Receiver::Class(typed.ty.clone())),
                _ => Err(syn::Error::new(
                    signature.paren_token.span.join(),
                    "a `#[classmethod]` takes the class as its first argument: \
                     `cls: &Bound<'_, PyType>`",
                )),
            };
        }
        if matches!(role, Role::New | Role::Static | Role::ClassAttribute) {
            return match first {
                Some(FnArg::Receiver(receiver)) => Err(syn::Error::new(
                    receiver.span(),
                    format!(
                        "`#[{}]` takes no `self`: there is no instance{}",
                        role.attribute(),
                        if role == Role::New { " yet" } else { "" }
                    ),
                )),
                _ => Ok(Receiver::None),
            };
        }
        match first {
            Some(FnArg::Receiver(receiver)) => receiver_of_self(receiver),
            Some(FnArg::Typed(typed)) => Ok(Receiver::Handle(typed.ty.clone())),
            None if role == Role::Method => Err(syn::Error::new(
                signature.ident.span(),
                "a function without `self` needs `#[staticmethod]`, `#[classmethod]` or, if it creates \
                 an instance, `#[new]`",
            )),
            None => Err(syn::Error::new(
                signature.ident.span(),
                format!("a `#[{}]` takes `&self`", role.attribute()),
            )),
        }
    }
}

/// Reads `self` in any of its forms.
fn receiver_of_self(receiver: &syn::Receiver) -> syn::Result<Receiver> {
    let by_value = || {
        syn::Error::new(
            receiver.span(),
            "unexpected receiver: take `&self`, `&mut self`, or a handle such as \
             `slf: PyRef<'_, Self>`",
        )
    };
    if receiver.colon_token.is_none() {
        return match (&receiver.reference, &receiver.mutability) {
            (Some(_), None) => Ok(Receiver::Shared(receiver.span())),
            (Some(_), Some(_)) => Ok(Receiver::Mutable(receiver.span())),
            (None, _) => Err(by_value()),
        };
    }
    match &*receiver.ty {
        Type::Path(path) if path.path.is_ident("Self") => Err(by_value()),
        Type::Reference(reference) if is_self(&reference.elem) => Ok(match reference.mutability {
            None => Receiver::Shared(receiver.span()),
            Some(_) => Receiver::Mutable(receiver.span()),
        }),
        ty => Ok(Receiver::Handle(Box::new(ty.clone()))),
    }
}

fn is_self(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident("Self"))
}
