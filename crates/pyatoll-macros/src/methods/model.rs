//! The models of a function and of a constant in a `#[pymethods]` block.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Attribute, ImplItemFn, Token};

use super::receiver::Receiver;
use super::role::{Role, check_options, combine, name_of, take_roles};
use crate::attributes::{PythonName, cfgs, python_name, set_once, take_pyo3_options};
use crate::doc::Doc;
use crate::function::argument::Argument;
use crate::function::model::{FunctionModel, Leading};
use crate::function::options::FunctionOptions;

/// A function of the block.
pub(super) struct Method {
    /// The name in Rust.
    pub(super) ident: Ident,
    /// The name of the method or attribute in Python.
    pub(super) python_name: String,
    pub(super) role: Role,
    pub(super) receiver: Receiver,
    pub(super) cfgs: Vec<Attribute>,
    pub(super) doc: Doc,
    pub(super) options: FunctionOptions,
    pub(super) function: FunctionModel,
}

impl Method {
    /// Reads a function of the block and removes its helper attributes.
    pub(super) fn new(function: &mut ImplItemFn) -> syn::Result<Self> {
        let roles = take_roles(&mut function.attrs)?;
        let options = FunctionOptions::new(Vec::new(), take_pyo3_options(&mut function.attrs)?)?;
        check_not_function(&function.attrs, &options)?;
        let ident = function.sig.ident.clone();
        let takes_class = roles.iter().any(|role| role.role == Role::Class);
        let role = combine(&roles, &ident)?;
        let python_name = name_of(role, &roles, &options, &ident)?;
        check_options(role, &options)?;

        let receiver = Receiver::of(&function.sig, role, takes_class)?;
        let leading = match &receiver {
            Receiver::None => Leading::None,
            _ => Leading::Receiver,
        };
        let model = FunctionModel::new(&mut function.sig, &options, leading)?;
        Ok(Self {
            ident,
            python_name,
            role,
            receiver,
            cfgs: cfgs(&function.attrs),
            doc: Doc::of(&function.attrs),
            options,
            function: model,
        })
    }

    /// Returns the name of a function generated for the method.
    pub(super) fn generated(&self, kind: &str) -> Ident {
        let name = syn::ext::IdentExt::unraw(&self.ident);
        format_ident!("__pyatoll_{kind}_{name}", span = Span::call_site())
    }

    /// Returns the arguments that are Python parameters.
    pub(super) fn values(&self) -> impl Iterator<Item = &Argument> {
        self.function
            .arguments
            .iter()
            .filter(|argument| argument.is_parameter())
    }

    /// Returns the condition under which the method exists, as the inside of a `cfg`.
    pub(super) fn condition(&self) -> TokenStream {
        condition(&self.cfgs)
    }
}

/// Rejects what only a `#[pyfunction]` can have.
fn check_not_function(attributes: &[Attribute], options: &FunctionOptions) -> syn::Result<()> {
    if let Some(attribute) = attributes.iter().find(|attribute| {
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
    match options.pass_module {
        Some(span) => Err(syn::Error::new(
            span,
            "`pass_module` cannot be used on Python methods",
        )),
        None => Ok(()),
    }
}

/// Combines the conditions of `#[cfg]` attributes, as the inside of one.
pub(super) fn condition(cfgs: &[Attribute]) -> TokenStream {
    let conditions = cfgs.iter().filter_map(|attribute| {
        let list = attribute.meta.require_list().ok()?;
        Some(&list.tokens)
    });
    quote!(all(#(#conditions),*))
}

/// A constant of the block that is a class attribute.
pub(super) struct Constant {
    pub(super) ident: Ident,
    pub(super) python_name: String,
    /// The type, in the form of a return type.
    pub(super) ty: syn::ReturnType,
    pub(super) value: syn::Expr,
    pub(super) doc: Doc,
    pub(super) cfgs: Vec<Attribute>,
}

impl Constant {
    /// Reads a constant and removes its helper attributes; `None` without `#[classattr]`.
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
            set_once(&mut name, option, span, "name")?;
        }
        Ok(Some(Self {
            python_name: name.map_or_else(|| python_name(&constant.ident), |name| name.name),
            ident: constant.ident.clone(),
            ty: syn::ReturnType::Type(Token![->](Span::call_site()), Box::new(constant.ty.clone())),
            value: constant.expr.clone(),
            doc: Doc::of(&constant.attrs),
            cfgs: cfgs(&constant.attrs),
        }))
    }
}

/// `name = "…"`, the only option of a class attribute.
struct NameOption(PythonName);

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
