//! The model of a type: its containers (the struct, or an enum's variants) and their fields, with
//! the options resolved.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Fields, Ident, Lit, LitStr, Member, Token, Type};

use super::options::{AccessOption, ContainerOptions, FieldOptions};
use crate::attributes::python_name;
use crate::errors::Errors;
use crate::krate::Krate;
use crate::rename::RenameRule;

/// The direction in which a macro converts; the two have different rules.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    FromPython,
    ToPython,
}

impl Direction {
    fn trait_name(self) -> &'static str {
        match self {
            Self::FromPython => "FromPyObject",
            Self::ToPython => "IntoPyObject",
        }
    }
}

/// A type whose conversion is derived.
pub(super) struct Model {
    pub(super) ident: Ident,
    pub(super) krate: Krate,
    pub(super) body: Body,
}

pub(super) enum Body {
    Struct(Box<Container>),
    Enum(Vec<Container>),
}

/// A struct or a variant.
pub(super) struct Container {
    /// The path in Rust: `Name` or `Name::Variant`.
    pub(super) path: TokenStream,
    /// The path, for messages.
    pub(super) name: String,
    /// The variant's name.
    pub(super) variant: String,
    /// The variant's name in messages: its `annotation`, or its name.
    pub(super) annotation: String,
    pub(super) shape: Shape,
    /// At least one field; exactly one if transparent.
    pub(super) fields: Vec<Field>,
}

#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// Converted like its only field.
    Transparent,
    /// A tuple.
    Tuple,
    /// An object with attributes or items; to Python, a `dict`.
    Named,
}

pub(super) struct Field {
    pub(super) member: Member,
    /// The name or index, for messages.
    pub(super) name: String,
    /// The name in Python, with `rename_all` applied.
    pub(super) python_name: LitStr,
    pub(super) ty: Type,
    pub(super) access: Access,
    pub(super) options: FieldOptions,
}

/// The access to a named field in the Python object.
pub(super) enum Access {
    Attribute(LitStr),
    Item(Lit),
}

impl Container {
    /// Returns a variable for each field.
    pub(super) fn variables(&self) -> Vec<Ident> {
        (0..self.fields.len())
            .map(|index| format_ident!("field_{}", index, span = Span::mixed_site()))
            .collect()
    }

    /// Returns the pattern that binds these variables, which is also the expression that uses them.
    pub(super) fn with_variables(&self) -> TokenStream {
        let path = &self.path;
        let members = self.fields.iter().map(|field| &field.member);
        let variables = self.variables();
        quote!(#path { #(#members: #variables),* })
    }
}

fn error<T>(span: Span, message: impl std::fmt::Display) -> syn::Result<T> {
    Err(syn::Error::new(span, message))
}

impl Model {
    /// Reads a type and its options.
    pub(super) fn new(input: &DeriveInput, direction: Direction) -> syn::Result<Self> {
        let ident = input.ident.clone();
        let mut options = ContainerOptions::of(&input.attrs)?;
        let krate = options.krate.take().unwrap_or_default();
        let body = match &input.data {
            Data::Struct(data) => {
                if let (Direction::FromPython, Some(text)) = (direction, &options.annotation) {
                    return error(text.span(), "`annotation` is unsupported for structs");
                }
                let (path, name) = (quote!(#ident), python_name(&ident));
                let fields = &data.fields;
                let container = container(path, name, &ident, fields, &options, direction)?;
                Body::Struct(Box::new(container))
            }
            Data::Enum(data) => Body::Enum(variants(input, data, &options, direction)?),
            Data::Union(_) => {
                return error(
                    ident.span(),
                    format!(
                        "#[derive({})] is not supported for unions",
                        direction.trait_name()
                    ),
                );
            }
        };
        Ok(Self { ident, krate, body })
    }
}

fn variants(
    input: &DeriveInput,
    data: &syn::DataEnum,
    options: &ContainerOptions,
    direction: Direction,
) -> syn::Result<Vec<Container>> {
    let ident = &input.ident;
    if data.variants.is_empty() {
        return error(
            ident.span(),
            format!("cannot derive {} for empty enum", direction.trait_name()),
        );
    }
    if let Some(span) = options.transparent {
        return error(
            span,
            "`transparent` is not supported at top level for enums",
        );
    }
    if let Some(text) = &options.annotation {
        return error(
            text.span(),
            "`annotation` is not supported at top level for enums",
        );
    }
    let convert = |variant: &syn::Variant| {
        let mut own = ContainerOptions::of(&variant.attrs)?;
        if let Some(rule) = options.rename_all {
            if let Some((_, span)) = own.rename_all {
                return error(
                    span,
                    "Useless variant `rename_all` - enum is already annotated with `rename_all`",
                );
            }
            // Other variants have no names to convert.
            if matches!(variant.fields, Fields::Named(_)) && own.transparent.is_none() {
                own.rename_all = Some(rule);
            }
        }
        let name = &variant.ident;
        let text = format!("{}::{}", python_name(ident), python_name(name));
        let path = quote!(#ident::#name);
        container(path, text, name, &variant.fields, &own, direction)
    };
    let mut variants = Vec::new();
    let mut errors = Errors::default();
    for variant in data.variants.iter().map(convert) {
        match variant {
            Ok(variant) => variants.push(variant),
            Err(error) => errors.push(error),
        }
    }
    errors.finish().map(|()| variants)
}

fn container(
    path: TokenStream,
    name: String,
    ident: &Ident,
    fields: &Fields,
    options: &ContainerOptions,
    direction: Direction,
) -> syn::Result<Container> {
    let (shape, converted) = match fields {
        Fields::Unnamed(unnamed) if !unnamed.unnamed.is_empty() => (
            Shape::Tuple,
            unnamed_fields(&unnamed.unnamed, options, direction)?,
        ),
        Fields::Named(named) if !named.named.is_empty() => (
            Shape::Named,
            named_fields(fields, &named.named, options, direction)?,
        ),
        _ => {
            return error(
                ident.span(),
                format!(
                    "cannot derive {} for empty structs and variants",
                    direction.trait_name()
                ),
            );
        }
    };
    let shape = resolve_shape(shape, &converted, fields, options, direction)?;
    let variant = python_name(ident);
    let annotation = match &options.annotation {
        Some(text) => text.value(),
        None => variant.clone(),
    };
    Ok(Container {
        path,
        name,
        variant,
        annotation,
        shape,
        fields: converted,
    })
}

/// Returns the shape. A container with one field is transparent if it is a tuple or says so.
fn resolve_shape(
    shape: Shape,
    converted: &[Field],
    fields: &Fields,
    options: &ContainerOptions,
    direction: Direction,
) -> syn::Result<Shape> {
    if options.transparent.is_some() && converted.len() != 1 {
        return error(
            fields.span(),
            "transparent structs and variants can only have 1 field",
        );
    }
    let [field] = converted else {
        return Ok(shape);
    };
    if options.transparent.is_none() && matches!(shape, Shape::Named) {
        return Ok(shape);
    }
    if let (Direction::ToPython, Some((_, span))) = (direction, &field.options.into_py_with) {
        return error(
            *span,
            "`into_py_with` is not permitted on `transparent` structs or variants",
        );
    }
    Ok(Shape::Transparent)
}

fn unnamed_fields(
    fields: &Punctuated<syn::Field, Token![,]>,
    options: &ContainerOptions,
    direction: Direction,
) -> syn::Result<Vec<Field>> {
    if let Some((_, span)) = options.rename_all {
        return error(
            span,
            "`rename_all` is useless on tuple structs and variants.",
        );
    }
    fields
        .iter()
        .enumerate()
        .map(|(index, field)| unnamed_field(index, field, direction))
        .collect()
}

fn named_fields(
    all: &Fields,
    fields: &Punctuated<syn::Field, Token![,]>,
    options: &ContainerOptions,
    direction: Direction,
) -> syn::Result<Vec<Field>> {
    if let (Some(_), Some((_, span))) = (options.transparent, options.rename_all) {
        return error(
            span,
            "`rename_all` is not permitted on `transparent` structs and variants",
        );
    }
    let converted = fields
        .iter()
        .map(|field| named_field(field, options, direction))
        .collect::<syn::Result<Vec<_>>>()?;
    if direction == Direction::FromPython
        && converted
            .iter()
            .all(|field| field.options.default.is_some())
    {
        return error(
            all.span(),
            "cannot derive FromPyObject for structs and variants with only default values",
        );
    }
    Ok(converted)
}

fn unnamed_field(index: usize, field: &syn::Field, direction: Direction) -> syn::Result<Field> {
    let options = FieldOptions::of(&field.attrs)?;
    if let Some((_, span)) = &options.access {
        return error(
            *span,
            "`item` and `attribute` are not permitted on tuple struct elements.",
        );
    }
    if let (Direction::FromPython, Some((_, span))) = (direction, &options.default) {
        return error(
            *span,
            "`default` is not permitted on tuple struct elements.",
        );
    }
    let name = index.to_string();
    let python_name = LitStr::new(&name, field.span());
    Ok(Field {
        member: Member::Unnamed(index.into()),
        access: Access::Attribute(python_name.clone()),
        name,
        python_name,
        ty: field.ty.clone(),
        options,
    })
}

fn named_field(
    field: &syn::Field,
    container: &ContainerOptions,
    direction: Direction,
) -> syn::Result<Field> {
    let ident = field.ident.clone().expect("a named field has a name");
    let options = FieldOptions::of(&field.attrs)?;
    if let (Some(_), Some((_, span))) = (container.transparent, &options.access) {
        return error(
            *span,
            "`transparent` structs may not have `item` nor `attribute` for the inner field",
        );
    }
    check_from_item_all(&options, container, direction)?;
    let name = python_name(&ident);
    let python_name = LitStr::new(
        &match container.rename_all {
            Some((rule, _)) => RenameRule::apply(rule, &name),
            None => name.clone(),
        },
        ident.span(),
    );
    let access = access(&options, container, &python_name);
    Ok(Field {
        member: Member::Named(ident),
        name,
        python_name,
        ty: field.ty.clone(),
        access,
        options,
    })
}

/// Rejects options of a field that `from_item_all` implies or excludes.
fn check_from_item_all(
    options: &FieldOptions,
    container: &ContainerOptions,
    direction: Direction,
) -> syn::Result<()> {
    let (Direction::FromPython, Some(span)) = (direction, container.from_item_all) else {
        return Ok(());
    };
    match &options.access {
        Some((AccessOption::Item(None), _)) => error(
            span,
            "Useless `item` - the struct is already annotated with `from_item_all`",
        ),
        Some((AccessOption::Attribute(_), _)) => error(
            span,
            "The struct is already annotated with `from_item_all`, `attribute` is not allowed",
        ),
        _ => Ok(()),
    }
}

/// Returns how a named field is accessed: by its attribute of the same name unless an option says
/// otherwise.
fn access(options: &FieldOptions, container: &ContainerOptions, python_name: &LitStr) -> Access {
    let option = options.access.as_ref().map(|(access, _)| access);
    match (option, container.from_item_all) {
        (Some(AccessOption::Item(Some(key))), _) => Access::Item(key.clone()),
        (Some(AccessOption::Item(None)), _) | (None, Some(_)) => {
            Access::Item(Lit::Str(python_name.clone()))
        }
        (Some(AccessOption::Attribute(Some(name))), _) => Access::Attribute(name.clone()),
        (Some(AccessOption::Attribute(None)) | None, _) => Access::Attribute(python_name.clone()),
    }
}
