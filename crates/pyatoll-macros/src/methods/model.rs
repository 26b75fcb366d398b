//! The model of a function in a `#[pymethods]` block: what it is to Python, and what it takes.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, ImplItemFn, LitStr, Meta, Token, Type};

use crate::attributes::{python_name, take_pyo3_options};
use crate::doc::Doc;
use crate::function::model::{Argument, FunctionModel, Leading};
use crate::function::options::FunctionOptions;
use crate::function::types::is_python;

/// What a function of the block is to Python.
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
    /// The attribute that gives a function the role, without `#[…]`.
    fn attribute(self) -> &'static str {
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

    /// What the Rust name of an accessor may begin with.
    fn prefix(self) -> &'static str {
        match self {
            Self::Getter => "get_",
            Self::Setter => "set_",
            Self::Deleter => "delete_",
            _ => "",
        }
    }
}

/// What a method takes before its Python arguments.
pub(super) enum Receiver {
    /// Nothing.
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
    /// Where it stands.
    pub(super) fn span(&self) -> Option<Span> {
        match self {
            Self::None => None,
            Self::Shared(span) | Self::Mutable(span) => Some(*span),
            Self::Handle(ty) | Self::Class(ty) => Some(ty.span()),
        }
    }
}

/// A function of the block.
pub(super) struct Method {
    /// Its name in Rust.
    pub(super) ident: Ident,
    /// Its name in Python, or the attribute's.
    pub(super) python_name: String,
    pub(super) role: Role,
    pub(super) receiver: Receiver,
    /// Its `#[cfg]` attributes.
    pub(super) cfg: Vec<Attribute>,
    pub(super) doc: Doc,
    pub(super) options: FunctionOptions,
    pub(super) function: FunctionModel,
}

impl Method {
    /// Reads a function of the block; takes the attributes off it that are ours.
    pub(super) fn new(function: &mut ImplItemFn) -> syn::Result<Self> {
        let roles = take_roles(&mut function.attrs)?;
        let options = FunctionOptions::new(Vec::new(), take_pyo3_options(&mut function.attrs)?)?;
        if let Some(attribute) = function.attrs.iter().find(|attribute| {
            attribute
                .path()
                .segments
                .last()
                .is_some_and(|last| last.ident == "pyfunction")
        }) {
            return Err(syn::Error::new(
                attribute.span(),
                "functions inside #[pymethods] do not need to be annotated with #[pyfunction]",
            ));
        }
        if let Some(span) = options.pass_module {
            return Err(syn::Error::new(
                span,
                "`pass_module` cannot be used on Python methods",
            ));
        }
        let ident = function.sig.ident.clone();
        let takes_class = roles.iter().any(|role| role.role == Role::Class);
        let role = combined(&roles, &ident)?;
        let python_name = name_of(role, &roles, &options, &ident)?;
        check_options(role, &options)?;

        let receiver = receiver_of(&function.sig, role, takes_class)?;
        let leading = match &receiver {
            Receiver::None => Leading::None,
            _ => Leading::Receiver,
        };
        let model = FunctionModel::new(&mut function.sig, &options, leading)?;
        let cfg = function
            .attrs
            .iter()
            .filter(|attribute| attribute.path().is_ident("cfg"));
        Ok(Self {
            ident,
            python_name,
            role,
            receiver,
            cfg: cfg.cloned().collect(),
            doc: Doc::of(&function.attrs),
            options,
            function: model,
        })
    }

    /// The name of a generated function for the method.
    pub(super) fn generated(&self, kind: &str) -> Ident {
        let name = syn::ext::IdentExt::unraw(&self.ident);
        format_ident!("__pyatoll_{kind}_{name}", span = Span::call_site())
    }

    /// The arguments that Python gives values for.
    pub(super) fn values(&self) -> impl Iterator<Item = &Argument> {
        self.function
            .arguments
            .iter()
            .filter(|argument| !argument.is_token)
    }

    /// The condition under which the method exists, as the inside of a `cfg`.
    pub(super) fn condition(&self) -> TokenStream {
        condition(&self.cfg)
    }
}

/// All conditions of an item's `#[cfg]` attributes, as the inside of one.
pub(super) fn condition(cfg: &[Attribute]) -> TokenStream {
    let conditions = cfg.iter().filter_map(|attribute| {
        let list = attribute.meta.require_list().ok()?;
        Some(&list.tokens)
    });
    quote!(all(#(#conditions),*))
}

/// An attribute that says what a function is to Python.
struct RoleAttribute {
    role: Role,
    span: Span,
    /// The name in its parentheses.
    name: Option<(String, Span)>,
}

fn take_roles(attributes: &mut Vec<Attribute>) -> syn::Result<Vec<RoleAttribute>> {
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
        let is_accessor = matches!(role, Role::Getter | Role::Setter | Role::Deleter);
        let name = match &attribute.meta {
            Meta::Path(_) => None,
            Meta::NameValue(pair) if is_accessor => {
                return Err(syn::Error::new(
                    pair.eq_token.span(),
                    format!("expected `#[{word}(name)]` to set the name"),
                ));
            }
            Meta::List(list) if is_accessor => {
                Some(list.parse_args_with(|input: syn::parse::ParseStream<'_>| {
                    let span = input.span();
                    if input.peek(LitStr) {
                        return Ok((input.parse::<LitStr>()?.value(), span));
                    }
                    let name = input.call(syn::ext::IdentExt::parse_any).map_err(|_| {
                        syn::Error::new(span, "expected ident or string literal for property name")
                    })?;
                    Ok((python_name(&name), span))
                })?)
            }
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

/// The one role that the attributes come to. A constructor may also be a class method.
fn combined(roles: &[RoleAttribute], ident: &Ident) -> syn::Result<Role> {
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

fn name_of(
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

/// Refuses options that mean nothing for the role.
fn check_options(role: Role, options: &FunctionOptions) -> syn::Result<()> {
    if !matches!(
        role,
        Role::Getter | Role::Setter | Role::Deleter | Role::ClassAttribute
    ) {
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

/// What the function takes before its Python arguments.
fn receiver_of(signature: &syn::Signature, role: Role, takes_class: bool) -> syn::Result<Receiver> {
    let is_token = |input: &&FnArg| matches!(input, FnArg::Typed(typed) if is_python(&typed.ty));
    let first = signature.inputs.iter().find(|input| !is_token(input));
    if takes_class {
        return match first {
            Some(FnArg::Typed(typed)) => Ok(Receiver::Class(typed.ty.clone())),
            _ => Err(syn::Error::new(
                signature.paren_token.span.join(),
                "Expected `&Bound<PyType>` or `Py<PyType>` as the first argument to `#[classmethod]`",
            )),
        };
    }
    if matches!(role, Role::New | Role::Static | Role::ClassAttribute) {
        return match first {
            Some(FnArg::Receiver(receiver)) => {
                Err(syn::Error::new(receiver.span(), "unexpected receiver"))
            }
            _ => Ok(Receiver::None),
        };
    }
    match first {
        Some(FnArg::Receiver(receiver)) => receiver_of_self(receiver),
        Some(FnArg::Typed(typed)) => Ok(Receiver::Handle(typed.ty.clone())),
        None if role == Role::Method => Err(syn::Error::new(
            signature.ident.span(),
            "static method needs #[staticmethod] attribute",
        )),
        None => Err(syn::Error::new(
            signature.ident.span(),
            format!("expected receiver for `#[{}]`", role.attribute()),
        )),
    }
}

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

/// A constant of the block that is a class attribute.
pub(super) struct Constant {
    pub(super) ident: Ident,
    pub(super) python_name: String,
    pub(super) cfg: Vec<Attribute>,
}

impl Constant {
    /// Reads a constant, if it has `#[classattr]`; takes our attributes off it.
    pub(super) fn new(constant: &mut syn::ImplItemConst) -> syn::Result<Option<Self>> {
        let roles = take_roles(&mut constant.attrs)?;
        let [role] = &*roles else {
            return match roles.get(1) {
                Some(second) => Err(syn::Error::new(
                    second.span,
                    "a constant can only be a `#[classattr]`",
                )),
                None => Ok(None),
            };
        };
        if role.role != Role::ClassAttribute {
            return Err(syn::Error::new(
                role.span,
                "a constant can only be a `#[classattr]`",
            ));
        }
        let mut name = None;
        for NameOption(option) in take_pyo3_options(&mut constant.attrs)? {
            let span = option.span;
            crate::attributes::set_once(&mut name, option, span, "name")?;
        }
        let cfg = constant
            .attrs
            .iter()
            .filter(|attribute| attribute.path().is_ident("cfg"));
        Ok(Some(Self {
            python_name: name.map_or_else(|| python_name(&constant.ident), |name| name.name),
            ident: constant.ident.clone(),
            cfg: cfg.cloned().collect(),
        }))
    }
}

/// `name = "…"`, the one option of a class attribute.
struct NameOption(crate::attributes::PythonName);

impl syn::parse::Parse for NameOption {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        let word: Ident = input.parse()?;
        if word != "name" {
            return Err(syn::Error::new(word.span(), "expected `name`"));
        }
        input.parse::<Token![=]>()?;
        input.parse().map(Self)
    }
}
