//! The role of a function in the class: the attributes that set it, and the name that goes with it.

use proc_macro2::{Ident, Span};
use quote::ToTokens;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Attribute, LitStr, Meta};

use crate::attributes::python_name;
use crate::function::options::FunctionOptions;

/// The kind of attribute that a function becomes in Python.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A method of instances, or a special method.
    Method,
    /// The constructor: `#[new]` or `__new__`.
    New,
    /// A method of the class.
    Class,
    /// A function in the class's namespace.
    Static,
    /// A value in the class's namespace.
    ClassAttribute,
    /// Reads an attribute.
    Getter,
    /// Sets an attribute.
    Setter,
    /// Deletes an attribute.
    Deleter,
}

impl Role {
    /// Returns the attribute that gives a function the role, without `#[…]`.
    pub(super) fn attribute(self) -> &'static str {
        match self {
            Self::Method => "pyo3",
            Self::New => "new",
            Self::Class => "classmethod",
            Self::Static => "staticmethod",
            Self::ClassAttribute => "classattr",
            Self::Getter => "getter",
            Self::Setter => "setter",
            Self::Deleter => "deleter",
        }
    }

    fn is_accessor(self) -> bool {
        matches!(self, Self::Getter | Self::Setter | Self::Deleter)
    }

    /// Returns the role that an attribute gives.
    fn of(path: &syn::Path) -> Option<Self> {
        const ROLES: [Role; 7] = [
            Role::New,
            Role::Class,
            Role::Static,
            Role::ClassAttribute,
            Role::Getter,
            Role::Setter,
            Role::Deleter,
        ];
        if path.is_ident("__new__") {
            return Some(Self::New);
        }
        ROLES
            .into_iter()
            .find(|role| path.is_ident(role.attribute()))
    }

    /// Returns the prefix that the Rust name of an accessor may have.
    fn prefix(self) -> &'static str {
        match self {
            Self::Getter => "get_",
            Self::Setter => "set_",
            Self::Deleter => "delete_",
            _ => "",
        }
    }
}

/// An attribute that gives a function its role.
pub(super) struct RoleAttribute {
    pub(super) role: Role,
    pub(super) span: Span,
    /// The name in the parentheses.
    name: Option<(String, Span)>,
}

/// Removes the attributes that give a role, and returns them.
pub(super) fn take_roles(attributes: &mut Vec<Attribute>) -> syn::Result<Vec<RoleAttribute>> {
    let mut roles = Vec::new();
    let mut kept = Vec::new();
    for attribute in attributes.drain(..) {
        match Role::of(attribute.path()) {
            Some(role) => roles.push(RoleAttribute::new(role, &attribute)?),
            None => kept.push(attribute),
        }
    }
    *attributes = kept;
    Ok(roles)
}

impl RoleAttribute {
    fn new(role: Role, attribute: &Attribute) -> syn::Result<Self> {
        let word = attribute.path().to_token_stream().to_string();
        let name = match &attribute.meta {
            Meta::Path(_) => None,
            Meta::NameValue(pair) if role.is_accessor() => {
                return Err(syn::Error::new(
                    pair.eq_token.span(),
                    format!("expected `#[{word}(name)]` to set the name"),
                ));
            }
            Meta::List(list) if role.is_accessor() => Some(list.parse_args_with(property_name)?),
            meta => {
                return Err(syn::Error::new(
                    meta.span(),
                    format!("`#[{word}]` does not take any arguments"),
                ));
            }
        };
        Ok(Self {
            role,
            span: attribute.span(),
            name,
        })
    }
}

/// Parses the name in the parentheses of an accessor's attribute.
fn property_name(input: ParseStream<'_>) -> syn::Result<(String, Span)> {
    let span = input.span();
    if input.peek(LitStr) {
        return Ok((input.parse::<LitStr>()?.value(), span));
    }
    let name = input
        .call(syn::ext::IdentExt::parse_any)
        .map_err(|_| syn::Error::new(span, "expected ident or string literal for property name"))?;
    Ok((python_name(&name), span))
}

/// Combines the attributes into one role. A constructor may also be a class method.
pub(super) fn combine(roles: &[RoleAttribute], ident: &Ident) -> syn::Result<Role> {
    let found = match roles {
        [] if ident == "__new__" => Role::New,
        [] => Role::Method,
        [only] if only.role == Role::Class && ident == "__new__" => Role::New,
        [only] => only.role,
        [first, second]
            if [first.role, second.role].contains(&Role::New)
                && [first.role, second.role].contains(&Role::Class) =>
        {
            Role::New
        }
        [first, rest @ ..] => {
            let others: Vec<String> = rest
                .iter()
                .map(|other| format!("`#[{}]`", other.role.attribute()))
                .collect();
            return Err(syn::Error::new(
                rest[0].span,
                format!(
                    "`#[{}]` may not be combined with {}",
                    first.role.attribute(),
                    others.join(", ")
                ),
            ));
        }
    };
    Ok(found)
}

/// Returns the Python name: of `name = "…"`, of the role's parentheses, or the Rust name without
/// the role's prefix.
pub(super) fn name_of(
    role: Role,
    roles: &[RoleAttribute],
    options: &FunctionOptions,
    ident: &Ident,
) -> syn::Result<String> {
    let in_role = roles.iter().find_map(|role| role.name.as_ref());
    match (&options.name, in_role) {
        (Some(name), Some(_)) => Err(syn::Error::new(
            name.span,
            "`name` may only be specified once",
        )),
        (Some(name), None) if role == Role::New => Err(syn::Error::new(
            name.span,
            "`name` not allowed with `#[new]`",
        )),
        (Some(name), None) => Ok(name.name.clone()),
        (None, Some((name, _))) => Ok(name.clone()),
        (None, None) if role == Role::New => Ok("__new__".to_owned()),
        (None, None) => {
            let name = python_name(ident);
            Ok(match name.strip_prefix(role.prefix()) {
                Some(rest) if !rest.is_empty() => rest.to_owned(),
                _ => name,
            })
        }
    }
}

/// Rejects options that have no meaning for the role.
pub(super) fn check_options(role: Role, options: &FunctionOptions) -> syn::Result<()> {
    if !role.is_accessor() && role != Role::ClassAttribute {
        return Ok(());
    }
    let word = role.attribute();
    if let Some(signature) = &options.signature {
        return Err(syn::Error::new(
            signature.span,
            format!("`signature` not allowed with `{word}`"),
        ));
    }
    if let Some(text) = &options.text_signature {
        return Err(syn::Error::new(
            text.span,
            format!("`text_signature` not allowed with `{word}`"),
        ));
    }
    if let (Role::ClassAttribute, Some(warn)) = (role, options.warnings.first()) {
        return Err(syn::Error::new(
            warn.span,
            "#[classattr] cannot be used with #[pyo3(warn)]",
        ));
    }
    Ok(())
}
