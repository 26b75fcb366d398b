//! The model of a `#[pymethods]` block: what each function is to Python, and what it takes.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Expr, Type};

use super::{Context, at};
use crate::doc::Doc;

/// What a function of the block is to Python.
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

/// A function of the block.
pub(super) struct Method {
    /// Its name in Rust.
    pub(super) ident: Ident,
    /// Its name in Python, or the attribute's.
    pub(super) python_name: String,
    pub(super) role: Role,
    /// Its `#[cfg]` attributes.
    pub(super) cfg: Vec<Attribute>,
    pub(super) parameters: Vec<MethodParameter>,
    pub(super) doc: Doc,
    pub(super) is_unsafe: bool,
    /// Its result type, if written.
    pub(super) output: Option<Type>,
}

/// One parameter, in the order of the Rust function.
pub(super) enum MethodParameter {
    Receiver(Receiver),
    /// The class, where a constructor or a class method takes it.
    Class(Type),
    /// The token.
    Python(Type),
    Value(Parameter),
}

/// How a method takes its instance.
pub(super) enum Receiver {
    /// `&self`
    Shared(Span),
    /// `&mut self`
    Mutable(Span),
    /// `slf: PyRef<'_, Self>` and the like.
    Handle(Box<Type>),
}

impl Receiver {
    pub(super) fn span(&self) -> Span {
        match self {
            Self::Shared(span) | Self::Mutable(span) => *span,
            Self::Handle(ty) => ty.span(),
        }
    }
}

/// A parameter that Python gives a value for.
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) ty: Type,
    /// `#[pyo3(from_py_with = …)]`
    pub(super) from_py_with: Option<Expr>,
}

impl Method {
    /// The name of the generated function that calls the method.
    pub(super) fn body_name(&self) -> Ident {
        let prefix = match self.role {
            Role::Getter => "get_",
            Role::Setter => "set_",
            Role::Deleter => "delete_",
            _ => "",
        };
        let name = syn::ext::IdentExt::unraw(&self.ident);
        format_ident!("__pyatoll_{prefix}{name}", span = Span::call_site())
    }

    pub(super) fn receiver(&self) -> Option<&Receiver> {
        self.parameters.iter().find_map(|parameter| match parameter {
            MethodParameter::Receiver(receiver) => Some(receiver),
            _ => None,
        })
    }

    /// The parameters that Python gives values for.
    pub(super) fn values(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter_map(|parameter| match parameter {
            MethodParameter::Value(parameter) => Some(parameter),
            _ => None,
        })
    }

    /// Where the token is taken.
    pub(super) fn python_parameter(&self) -> Option<Span> {
        self.parameters.iter().find_map(|parameter| match parameter {
            MethodParameter::Python(ty) => Some(ty.span()),
            _ => None,
        })
    }

    /// Where the result type stands.
    pub(super) fn output_span(&self) -> Span {
        self.output
            .as_ref()
            .map_or(self.ident.span(), |output| output.span())
    }

    /// The call, with `py` in scope; values the method leaves out are not passed.
    pub(super) fn call(&self, receiver: &TokenStream, values: &[TokenStream]) -> TokenStream {
        let mut values = values.iter();
        let arguments = self.parameters.iter().map(|parameter| match parameter {
            MethodParameter::Receiver(_) | MethodParameter::Class(_) => receiver.clone(),
            MethodParameter::Python(_) => quote!(py),
            MethodParameter::Value(_) => values.next().cloned().unwrap_or_default(),
        });
        let ident = &self.ident;
        quote!(Self::#ident(#(#arguments),*))
    }
}

impl Parameter {
    /// A declaration of the holder, and an expression of type `PyResult<…>` that converts the
    /// argument `object: Borrowed`.
    pub(super) fn extraction(
        &self,
        context: &Context<'_>,
        object: &Ident,
        holder: &Ident,
    ) -> (TokenStream, TokenStream) {
        let hidden = context.hidden();
        let name = &self.name;
        let span = at(self.ty.span());
        if let Some(function) = &self.from_py_with {
            let function_span = at(function.span());
            return (
                TokenStream::new(),
                quote_spanned!(function_span=>
                    #hidden::call::extract_with(&#object, #function, #name)
                ),
            );
        }
        let declaration = quote! {
            let mut #holder = ::core::default::Default::default();
        };
        let ty = &self.ty;
        match referenced(ty) {
            Some((target, false)) => (
                declaration,
                quote_spanned!(span=>
                    #hidden::call::extract_ref::<#target>(#object, &mut #holder, #name)
                ),
            ),
            Some((target, true)) => (
                declaration,
                quote_spanned!(span=>
                    #hidden::call::extract_mut::<#target>(#object, &mut #holder, #name)
                ),
            ),
            None => match optional(ty).and_then(referenced) {
                Some((target, false)) => (
                    declaration,
                    quote_spanned!(span=>
                        #hidden::call::extract_optional_ref::<#target>(#object, &mut #holder, #name)
                    ),
                ),
                Some((target, true)) => (
                    declaration,
                    quote_spanned!(span=>
                        #hidden::call::extract_optional_mut::<#target>(#object, &mut #holder, #name)
                    ),
                ),
                None => (
                    TokenStream::new(),
                    quote_spanned!(span=> #hidden::call::extract::<#ty>(#object, #name)),
                ),
            },
        }
    }

    /// Refuses `from_py_with` where the slot's argument is no object.
    pub(super) fn refuse_options(&self) -> syn::Result<()> {
        match &self.from_py_with {
            Some(function) => Err(syn::Error::new(
                function.span(),
                "`from_py_with` cannot be used here: the argument is not a Python object",
            )),
            None => Ok(()),
        }
    }
}

/// What a reference type refers to, and whether mutably.
fn referenced(ty: &Type) -> Option<(&Type, bool)> {
    match ty {
        Type::Reference(reference) => Some((&reference.elem, reference.mutability.is_some())),
        Type::Paren(inner) => referenced(&inner.elem),
        Type::Group(inner) => referenced(&inner.elem),
        _ => None,
    }
}

/// The type in an `Option<…>`.
fn optional(ty: &Type) -> Option<&Type> {
    let path = match ty {
        Type::Path(path) => &path.path,
        Type::Paren(inner) => return optional(&inner.elem),
        Type::Group(inner) => return optional(&inner.elem),
        _ => return None,
    };
    let last = path.segments.last()?;
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first()? {
        syn::GenericArgument::Type(ty) if last.ident == "Option" => Some(ty),
        _ => None,
    }
}
