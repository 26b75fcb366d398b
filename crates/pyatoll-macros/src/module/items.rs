//! The items of a `#[pymodule] mod` that become members of the Python module.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::{Attribute, Ident, Item, ItemFn, Meta, ReturnType, Token, UseTree};

use super::definition::Names;
use super::init::InitCall;
use crate::attributes::{cfgs, python_name};
use crate::doc::Doc;
use crate::errors::Errors;
use crate::hygiene::located;
use crate::inspect::{AttributeRecord, ENABLED, Expression, ModuleRecord, hint, symbol, value_of};
use crate::krate::Krate;

/// The members of a module.
pub(super) struct Members {
    /// The statements that fill the module: its items in order, then the call of
    /// `#[pymodule_init]`.
    pub(super) statements: TokenStream,
    /// The module's record, for stubs: an expression of type `Json`.
    pub(super) record: TokenStream,
    /// The records of its constants, as items.
    pub(super) attributes: TokenStream,
}

/// Reads the members among the items.
///
/// Removes the marker attributes, and tells nested classes and modules which module they are in.
/// An item with a mistake is left out.
pub(super) fn members(
    items: &mut [Item],
    krate: &Krate,
    names: &Names,
    id: &str,
    doc: &Doc,
    module: &Ident,
    errors: &mut Errors,
) -> Members {
    let mut filler = Filler {
        krate,
        full_name: &names.full,
        id,
        module,
        statements: TokenStream::new(),
        members: Vec::new(),
        attributes: TokenStream::new(),
        init: None,
    };
    for item in items {
        if let Err(error) = filler.add(item) {
            errors.push(error);
        }
    }
    let Filler {
        mut statements,
        members,
        attributes,
        init,
        ..
    } = filler;
    let record = ModuleRecord {
        name: &names.name,
        id,
        members,
        // The function may add anything.
        is_incomplete: init.is_some(),
        doc,
    }
    .json(krate);
    statements.extend(init);
    Members {
        statements,
        record,
        attributes,
    }
}

/// The collector of the members.
struct Filler<'a> {
    krate: &'a Krate,
    /// The module's name with its packages.
    full_name: &'a str,
    /// The id of the module's record.
    id: &'a str,
    /// The variable that holds the module.
    module: &'a Ident,
    statements: TokenStream,
    /// The ids of the members' records.
    members: Vec<(Vec<Attribute>, TokenStream)>,
    /// The records of constants.
    attributes: TokenStream,
    /// The call of `#[pymodule_init]`.
    init: Option<TokenStream>,
}

impl Filler<'_> {
    fn add(&mut self, item: &mut Item) -> syn::Result<()> {
        match item {
            Item::Use(item) => {
                if take_marker(&mut item.attrs, "pymodule_export")? {
                    let mut names = Vec::new();
                    collect_names(&item.tree, &mut names)?;
                    for name in names {
                        self.export(&item.attrs, name);
                    }
                }
                Ok(())
            }
            Item::Const(item) => {
                if take_marker(&mut item.attrs, "pymodule_export")? {
                    let cfgs = cfgs(&item.attrs);
                    let ident = &item.ident;
                    let name = python_name(ident);
                    let module = self.module;
                    self.statements
                        .extend(quote!(#(#cfgs)* #module.add(#name, #ident)?;));
                    self.record_constant(item, &name, &cfgs);
                }
                Ok(())
            }
            Item::Fn(item) => self.add_function(item),
            Item::Struct(item) => self.add_class(&mut item.attrs, &item.ident),
            Item::Enum(item) => self.add_class(&mut item.attrs, &item.ident),
            Item::Mod(item) => {
                reject_export(&mut item.attrs)?;
                if has(&item.attrs, "pymodule") {
                    name_module(&mut item.attrs, self.full_name, "module");
                    item.attrs.push(syn::parse_quote!(#[pyo3(submodule)]));
                    self.export(&item.attrs, &item.ident);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn add_function(&mut self, item: &mut ItemFn) -> syn::Result<()> {
        reject_export(&mut item.attrs)?;
        let ident = &item.sig.ident;
        if take_marker(&mut item.attrs, "pymodule_init")? {
            if self.init.is_some() {
                return Err(syn::Error::new(
                    ident.span(),
                    "only one `#[pymodule_init]` may be specified",
                ));
            }
            let cfgs = cfgs(&item.attrs);
            let call = InitCall::of(item)?.statement(self.krate, &quote!(#ident), self.module);
            self.init = Some(quote!(#(#cfgs)* { #call }));
        } else if has(&item.attrs, "pyfunction") {
            self.export(&item.attrs, ident);
        }
        Ok(())
    }

    fn add_class(&mut self, attributes: &mut Vec<Attribute>, ident: &Ident) -> syn::Result<()> {
        reject_export(attributes)?;
        if has(attributes, "pyclass") {
            name_module(attributes, self.full_name, "inherited_module");
            self.export(attributes, ident);
        }
        Ok(())
    }

    /// Adds an item with a `_PYATOLL_DEF` to the module.
    fn export(&mut self, attributes: &[Attribute], name: &Ident) {
        let cfgs = cfgs(attributes);
        let module = self.module;
        // A function without `#[pyfunction]` has no module of its name: the `exported` of
        // `impl_::module::plain` is used then, which says so.
        self.statements
            .extend(quote_spanned! {located(name.span())=>
                #(#cfgs)*
                {
                    use self::#name as exported;
                    exported::_PYATOLL_DEF.add_to_module(#module)?;
                }
            });
        self.members.push((cfgs, quote!(#name::_PYATOLL_ID)));
    }

    /// Adds the record of a constant.
    fn record_constant(&mut self, item: &syn::ItemConst, name: &str, cfgs: &[Attribute]) {
        if !ENABLED {
            return;
        }
        let id = self.id;
        let value = value_of(&item.expr);
        let is_literal = value != Expression::Ellipsis;
        let ty = Box::new((*item.ty).clone());
        let ty = ReturnType::Type(Token![->](Span::call_site()), ty);
        let hint = hint::returned(self.krate, &ty);
        let record = AttributeRecord {
            name,
            parent: quote!(#id),
            annotation: match hint {
                Some(hint) if !is_literal => Some(AttributeRecord::is_final(hint)),
                _ => Some(Expression::in_module("typing", "Final")),
            },
            value: is_literal.then_some(value),
            doc: &Doc::of(&item.attrs),
        };
        let record = symbol(self.krate, &record.json(self.krate));
        self.attributes.extend(quote!(#(#cfgs)* #record));
    }
}

/// Collects the names that a `use` brings into scope.
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

/// Removes a marker attribute. Returns whether it was present.
fn take_marker(attributes: &mut Vec<Attribute>, name: &str) -> syn::Result<bool> {
    let Some(index) = attributes.iter().position(|a| is_named(a, name)) else {
        return Ok(false);
    };
    let attribute = attributes.remove(index);
    match &attribute.meta {
        Meta::Path(_) => Ok(true),
        meta => Err(syn::Error::new_spanned(
            meta,
            format!("`#[{name}]` takes no arguments"),
        )),
    }
}

fn reject_export(attributes: &mut Vec<Attribute>) -> syn::Result<()> {
    let place = attributes
        .iter()
        .position(|a| is_named(a, "pymodule_export"));
    match place.map(|place| attributes.remove(place)) {
        Some(attribute) => Err(syn::Error::new_spanned(
            attribute,
            "`#[pymodule_export]` may only be used on `use` or `const` statements",
        )),
        None => Ok(()),
    }
}

/// Sets an option of a nested class or module that has no option `module` to the module's name.
fn name_module(attributes: &mut Vec<Attribute>, full_name: &str, option: &str) {
    let is_given = attributes.iter().any(|attribute| {
        let ours = ["pyclass", "pymodule", "pyo3"]
            .iter()
            .any(|name| is_named(attribute, name));
        let Meta::List(list) = &attribute.meta else {
            return false;
        };
        ours && gives_module(list.tokens.clone())
    });
    if !is_given {
        let option = Ident::new(option, Span::call_site());
        attributes.push(syn::parse_quote!(#[pyo3(#option = #full_name)]));
    }
}

/// Returns whether the options include `module = …`.
fn gives_module(tokens: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    tokens.windows(2).any(|pair| {
        matches!(&pair[0], TokenTree::Ident(ident) if ident == "module")
            && matches!(&pair[1], TokenTree::Punct(punct) if punct.as_char() == '=')
    })
}
