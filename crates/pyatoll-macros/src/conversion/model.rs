//! What the derive macros know of a type: its containers (the struct, or an enum's variants), and
//! their fields with the options resolved.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Fields, Ident, Lit, LitStr, Member, Type};

use super::options::{ContainerOptions, FieldOptions, Place};
use crate::attributes::python_name;
use crate::krate::Krate;
use crate::rename::RenameRule;

/// Which way a macro converts; the two have different rules.
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

/// The type.
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
    /// Its path in Rust: `Name` or `Name::Variant`.
    pub(super) path: TokenStream,
    /// Its path, for messages.
    pub(super) name: String,
    /// The variant's name.
    pub(super) variant: String,
    /// What to call the variant in messages: its `annotation`, or its name.
    pub(super) annotation: String,
    pub(super) shape: Shape,
    /// At least one; exactly one if transparent.
    pub(super) fields: Vec<Field>,
}

#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// Converted as its only field.
    Transparent,
    /// A tuple.
    Tuple,
    /// An object with attributes or items; to Python, a `dict`.
    Named,
}

pub(super) struct Field {
    pub(super) member: Member,
    /// Its name or number, for messages.
    pub(super) name: String,
    /// Its name in Python, with `rename_all` applied.
    pub(super) python_name: LitStr,
    pub(super) ty: Type,
    pub(super) place: Target,
    pub(super) options: FieldOptions,
}

/// Where a named field is got from, or put.
pub(super) enum Target {
    Attribute(LitStr),
    Item(Lit),
}

impl Container {
    /// A variable for each field.
    pub(super) fn variables(&self) -> Vec<Ident> {
        (0..self.fields.len())
            .map(|place| format_ident!("field_{}", place, span = Span::mixed_site()))
            .collect()
    }

    /// The pattern that binds those variables, or the expression that is made of them.
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
            // It is about names: other variants have none.
            if matches!(variant.fields, Fields::Named(_)) && own.transparent.is_none() {
                own.rename_all = Some(rule);
            }
        }
        let name = &variant.ident;
        let text = format!("{}::{}", python_name(ident), python_name(name));
        let path = quote!(#ident::#name);
        container(path, text, name, &variant.fields, &own, direction)
    };
    // All errors at once.
    let mut variants = Vec::new();
    let mut errors: Option<syn::Error> = None;
    for variant in data.variants.iter().map(convert) {
        match (variant, &mut errors) {
            (Ok(variant), _) => variants.push(variant),
            (Err(error), Some(errors)) => errors.combine(error),
            (Err(error), None) => errors = Some(error),
        }
    }
    errors.map_or(Ok(variants), Err)
}

fn container(
    path: TokenStream,
    name: String,
    ident: &Ident,
    fields: &Fields,
    options: &ContainerOptions,
    direction: Direction,
) -> syn::Result<Container> {
    let (shape, fields) = match fields {
        Fields::Unnamed(unnamed) if !unnamed.unnamed.is_empty() => {
            if let Some((_, span)) = options.rename_all {
                return error(
                    span,
                    "`rename_all` is useless on tuple structs and variants.",
                );
            }
            let converted = unnamed
                .unnamed
                .iter()
                .enumerate()
                .map(|(place, field)| unnamed_field(place, field, direction))
                .collect::<syn::Result<Vec<_>>>()?;
            one_or_all(converted, fields, options, Shape::Tuple, direction)?
        }
        Fields::Named(named) if !named.named.is_empty() => {
            if let (Some(_), Some((_, span))) = (options.transparent, options.rename_all) {
                return error(
                    span,
                    "`rename_all` is not permitted on `transparent` structs and variants",
                );
            }
            let converted = named
                .named
                .iter()
                .map(|field| named_field(field, options, direction))
                .collect::<syn::Result<Vec<_>>>()?;
            if direction == Direction::FromPython
                && converted
                    .iter()
                    .all(|field| field.options.default.is_some())
            {
                return error(
                    fields.span(),
                    "cannot derive FromPyObject for structs and variants with only default values",
                );
            }
            one_or_all(converted, fields, options, Shape::Named, direction)?
        }
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
        fields,
    })
}

/// A tuple struct of one field is always transparent; others if they say so.
fn one_or_all(
    converted: Vec<Field>,
    fields: &Fields,
    options: &ContainerOptions,
    shape: Shape,
    direction: Direction,
) -> syn::Result<(Shape, Vec<Field>)> {
    if options.transparent.is_some() && converted.len() != 1 {
        return error(
            fields.span(),
            "transparent structs and variants can only have 1 field",
        );
    }
    let [field] = converted.as_slice() else {
        return Ok((shape, converted));
    };
    if options.transparent.is_none() && matches!(shape, Shape::Named) {
        return Ok((shape, converted));
    }
    if let (Direction::ToPython, Some((_, span))) = (direction, &field.options.into_py_with) {
        return error(
            *span,
            "`into_py_with` is not permitted on `transparent` structs or variants",
        );
    }
    Ok((Shape::Transparent, converted))
}

fn unnamed_field(place: usize, field: &syn::Field, direction: Direction) -> syn::Result<Field> {
    let options = FieldOptions::of(&field.attrs)?;
    if let Some((_, span)) = &options.place {
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
    let name = place.to_string();
    let python_name = LitStr::new(&name, field.span());
    Ok(Field {
        member: Member::Unnamed(place.into()),
        place: Target::Attribute(python_name.clone()),
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
    if let (Some(_), Some((_, span))) = (container.transparent, &options.place) {
        return error(
            *span,
            "`transparent` structs may not have `item` nor `attribute` for the inner field",
        );
    }
    if let (Direction::FromPython, Some(span)) = (direction, container.from_item_all) {
        match &options.place {
            Some((Place::Item(None), _)) => {
                return error(
                    span,
                    "Useless `item` - the struct is already annotated with `from_item_all`",
                );
            }
            Some((Place::Attribute(_), _)) => {
                return error(
                    span,
                    "The struct is already annotated with `from_item_all`, `attribute` is not \
                     allowed",
                );
            }
            _ => {}
        }
    }
    let name = python_name(&ident);
    let python_name = LitStr::new(
        &match container.rename_all {
            Some((rule, _)) => RenameRule::apply(rule, &name),
            None => name.clone(),
        },
        ident.span(),
    );
    let place = options.place.as_ref().map(|(place, _)| place.clone());
    let place = match (place, container.from_item_all) {
        (Some(Place::Item(Some(key))), _) => Target::Item(key),
        (Some(Place::Item(None)), _) | (None, Some(_)) => {
            Target::Item(Lit::Str(python_name.clone()))
        }
        (Some(Place::Attribute(Some(name))), _) => Target::Attribute(name),
        (Some(Place::Attribute(None)) | None, _) => Target::Attribute(python_name.clone()),
    };
    Ok(Field {
        member: Member::Named(ident),
        name,
        python_name,
        ty: field.ty.clone(),
        place,
        options,
    })
}
