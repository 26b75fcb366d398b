//! What the items of a `#[pymodule] mod` put into the Python module.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::{Attribute, Ident, Item, Meta, UseTree};

use super::cfgs;
use super::init::InitCall;
use crate::attributes::python_name;
use crate::krate::Krate;

/// The statements that fill the module: its items in order, and `#[pymodule_init]` last. Takes the
/// marker attributes off the items, and tells nested classes and modules where they are.
pub(super) fn statements(
    items: &mut [Item],
    krate: &Krate,
    full_name: &str,
    module: &Ident,
) -> syn::Result<TokenStream> {
    let mut statements = TokenStream::new();
    let mut init = None;
    for item in items {
        match item {
            Item::Use(item) => {
                if !take_marker(&mut item.attrs, "pymodule_export")? {
                    continue;
                }
                let cfgs = cfgs(&item.attrs);
                let mut names = Vec::new();
                collect_names(&item.tree, &mut names)?;
                for name in names {
                    statements.extend(export(&cfgs, name, module));
                }
            }
            Item::Const(item) => {
                if !take_marker(&mut item.attrs, "pymodule_export")? {
                    continue;
                }
                let cfgs = cfgs(&item.attrs);
                let ident = &item.ident;
                let name = python_name(ident);
                statements.extend(quote!(#cfgs #module.add(#name, #ident)?;));
            }
            Item::Fn(item) => {
                refuse_export(&item.attrs)?;
                if take_marker(&mut item.attrs, "pymodule_init")? {
                    if init.is_some() {
                        return Err(syn::Error::new(
                            item.sig.ident.span(),
                            "only one `#[pymodule_init]` may be specified",
                        ));
                    }
                    let ident = &item.sig.ident;
                    let cfgs = cfgs(&item.attrs);
                    let call = InitCall::of(item)?.statement(krate, &quote!(#ident), module);
                    init = Some(quote!(#cfgs { #call }));
                } else if has(&item.attrs, "pyfunction") {
                    statements.extend(export(&cfgs(&item.attrs), &item.sig.ident, module));
                }
            }
            Item::Struct(item) => {
                refuse_export(&item.attrs)?;
                if has(&item.attrs, "pyclass") {
                    name_module(&mut item.attrs, full_name);
                    statements.extend(export(&cfgs(&item.attrs), &item.ident, module));
                }
            }
            Item::Enum(item) => {
                refuse_export(&item.attrs)?;
                if has(&item.attrs, "pyclass") {
                    name_module(&mut item.attrs, full_name);
                    statements.extend(export(&cfgs(&item.attrs), &item.ident, module));
                }
            }
            Item::Mod(item) => {
                refuse_export(&item.attrs)?;
                if has(&item.attrs, "pymodule") {
                    name_module(&mut item.attrs, full_name);
                    item.attrs.push(syn::parse_quote!(#[pyo3(submodule)]));
                    statements.extend(export(&cfgs(&item.attrs), &item.ident, module));
                }
            }
            _ => {}
        }
    }
    statements.extend(init);
    Ok(statements)
}

fn export(cfgs: &TokenStream, name: &Ident, module: &Ident) -> TokenStream {
    quote!(#cfgs #name::_PYATOLL_DEF.add_to_module(#module)?;)
}

/// The names that a `use` brings into scope.
fn collect_names<'a>(tree: &'a UseTree, names: &mut Vec<&'a Ident>) -> syn::Result<()> {
    match tree {
        UseTree::Path(path) => collect_names(&path.tree, names),
        UseTree::Name(name) => {
            names.push(&name.ident);
            Ok(())
        }
        UseTree::Rename(rename) => {
            names.push(&rename.rename);
            Ok(())
        }
        UseTree::Group(group) => group
            .items
            .iter()
            .try_for_each(|tree| collect_names(tree, names)),
        UseTree::Glob(glob) => Err(syn::Error::new_spanned(
            glob,
            "`#[pymodule_export]` cannot be used on a glob import: name what to export",
        )),
    }
}

fn is_named(attribute: &Attribute, name: &str) -> bool {
    attribute
        .path()
        .segments
        .last()
        .is_some_and(|segment| segment.ident == name)
}

fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().any(|attribute| is_named(attribute, name))
}

/// Takes a marker attribute off; whether it was there.
fn take_marker(attributes: &mut Vec<Attribute>, name: &str) -> syn::Result<bool> {
    let Some(place) = attributes.iter().position(|a| is_named(a, name)) else {
        return Ok(false);
    };
    let attribute = attributes.remove(place);
    match &attribute.meta {
        Meta::Path(_) => Ok(true),
        meta => Err(syn::Error::new_spanned(
            meta,
            format!("`#[{name}]` takes no arguments"),
        )),
    }
}

fn refuse_export(attributes: &[Attribute]) -> syn::Result<()> {
    match attributes.iter().find(|a| is_named(a, "pymodule_export")) {
        Some(attribute) => Err(syn::Error::new_spanned(
            attribute,
            "`#[pymodule_export]` may only be used on `use` or `const` statements",
        )),
        None => Ok(()),
    }
}

/// Tells a nested class or module which module it is in, unless it says so itself.
fn name_module(attributes: &mut Vec<Attribute>, full_name: &str) {
    let says = attributes.iter().any(|attribute| {
        let ours = ["pyclass", "pymodule", "pyo3"]
            .iter()
            .any(|name| is_named(attribute, name));
        let Meta::List(list) = &attribute.meta else {
            return false;
        };
        ours && gives_module(list.tokens.clone())
    });
    if !says {
        attributes.push(syn::parse_quote!(#[pyo3(module = #full_name)]));
    }
}

/// Whether there is a `module = …` among the options.
fn gives_module(tokens: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    tokens.windows(2).any(|pair| {
        matches!(&pair[0], TokenTree::Ident(ident) if ident == "module")
            && matches!(&pair[1], TokenTree::Punct(punct) if punct.as_char() == '=')
    })
}
