//! The records of classes, attributes and modules.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Expr, Ident, Path, Token, Type};

use super::hint;
use super::json::{Expression, Values};
use crate::doc::Doc;
use crate::krate::Krate;

/// A class.
pub(crate) struct ClassRecord<'a> {
    /// The name in Python.
    pub(crate) name: &'a str,
    /// The id: an expression of type `&'static str`.
    pub(crate) id: TokenStream,
    /// The id of the class that contains it.
    pub(crate) parent: Option<TokenStream>,
    pub(crate) bases: Vec<Expression>,
    /// An expression of type `Json`, a list.
    pub(crate) decorators: Option<TokenStream>,
    pub(crate) doc: &'a Doc,
}

impl ClassRecord<'_> {
    /// Returns the record: an expression of type `Json`.
    pub(crate) fn json(&self, krate: &Krate) -> TokenStream {
        let values = Values(krate);
        let bases: Vec<_> = self.bases.iter().map(|it| values.expression(it)).collect();
        values.object(&[
            ("type", Some(values.text("class"))),
            ("name", Some(values.text(self.name))),
            ("id", Some(values.constant_text(&self.id))),
            (
                "parent",
                self.parent.as_ref().map(|id| values.constant_text(id)),
            ),
            ("bases", (!bases.is_empty()).then(|| values.list(&bases))),
            ("decorators", self.decorators.clone()),
            ("doc", values.doc(self.doc)),
        ])
    }

    /// Returns the decorators of a class that Python code cannot extend.
    pub(crate) fn is_final(krate: &Krate) -> TokenStream {
        let values = Values(krate);
        values.list(&[values.expression(&Expression::in_module("typing", "final"))])
    }

    /// Returns the decorators of a class that Python code can extend: `disjoint_base` if its
    /// instances are larger than those of its base (PEP 800).
    pub(crate) fn is_extensible(krate: &Krate, class: &Ident) -> TokenStream {
        let values = Values(krate);
        let hidden = krate.hidden();
        let module = Expression::rust(quote!(#hidden::inspect::since_3_15()));
        let disjoint = values.list(&[values.expression(&module.attribute("disjoint_base"))]);
        let none = values.list(&[]);
        quote! {
            {
                const DISJOINT: #hidden::inspect::Json = #disjoint;
                const NONE: #hidden::inspect::Json = #none;
                if #hidden::inspect::is_disjoint_base::<#class>() { DISJOINT } else { NONE }
            }
        }
    }
}

/// An attribute of a class or a module.
pub(crate) struct AttributeRecord<'a> {
    pub(crate) name: &'a str,
    /// The id of the class or module.
    pub(crate) parent: TokenStream,
    pub(crate) annotation: Option<Expression>,
    pub(crate) value: Option<Expression>,
    pub(crate) doc: &'a Doc,
}

impl AttributeRecord<'_> {
    /// Returns the record: an expression of type `Json`.
    pub(crate) fn json(&self, krate: &Krate) -> TokenStream {
        let values = Values(krate);
        let expression = |it: &Option<Expression>| Some(values.expression(it.as_ref()?));
        values.object(&[
            ("type", Some(values.text("attribute"))),
            ("name", Some(values.text(self.name))),
            ("parent", Some(values.constant_text(&self.parent))),
            ("annotation", expression(&self.annotation)),
            ("value", expression(&self.value)),
            ("doc", values.doc(self.doc)),
        ])
    }

    /// Returns the annotation of an attribute that is not assigned to: `Final[…]`.
    pub(crate) fn is_final(hint: Expression) -> Expression {
        Expression::in_module("typing", "Final").subscript(hint)
    }
}

/// A module.
pub(crate) struct ModuleRecord<'a> {
    pub(crate) name: &'a str,
    pub(crate) id: &'a str,
    /// The ids of the members: expressions of type `&'static str`.
    pub(crate) members: Vec<(Vec<Attribute>, TokenStream)>,
    /// Whether the module has further members.
    pub(crate) is_incomplete: bool,
    pub(crate) doc: &'a Doc,
}

impl ModuleRecord<'_> {
    /// Returns the record: an expression of type `Json`.
    pub(crate) fn json(&self, krate: &Krate) -> TokenStream {
        let values = Values(krate);
        let members: Vec<_> = self
            .members
            .iter()
            .map(|(cfgs, id)| (cfgs.clone(), values.constant_text(id)))
            .collect();
        values.object(&[
            ("type", Some(values.text("module"))),
            ("name", Some(values.text(self.name))),
            ("id", Some(values.text(self.id))),
            ("members", Some(values.conditional_list(&members))),
            ("incomplete", Some(values.bool(self.is_incomplete))),
            ("doc", values.doc(self.doc)),
        ])
    }
}

/// The arguments of `exception_record!`: `path of the library, Name, Base[, doc]`.
struct ExceptionInput {
    krate: Path,
    name: Ident,
    base: Type,
    doc: Option<Expr>,
}

impl Parse for ExceptionInput {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let krate = input.call(Path::parse_mod_style)?;
        input.parse::<Token![,]>()?;
        let name = input.parse()?;
        input.parse::<Token![,]>()?;
        let base = input.parse()?;
        let doc = if input.is_empty() {
            None
        } else {
            input.parse::<Token![,]>()?;
            Some(input.parse()?)
        };
        Ok(Self {
            krate,
            name,
            base,
            doc,
        })
    }
}

/// Expands to the record of a class of `create_exception!`.
pub(crate) fn exception_record(input: TokenStream) -> syn::Result<TokenStream> {
    let ExceptionInput {
        krate,
        name,
        base,
        doc,
    } = syn::parse2(input)?;
    if !super::ENABLED {
        return Ok(TokenStream::new());
    }
    let krate = Krate::at(krate);
    let record = ClassRecord {
        name: &crate::attributes::python_name(&name),
        id: hint::id_of(&krate, &name),
        parent: None,
        bases: vec![hint::class(&krate, &quote!(#base))],
        decorators: None,
        doc: &doc.map(|doc| Doc::of_expression(&doc)).unwrap_or_default(),
    };
    Ok(super::symbol(&krate, &record.json(&krate)))
}
