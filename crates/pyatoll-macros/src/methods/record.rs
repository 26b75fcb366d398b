//! The records of the block's items, for the stubs of the module (see `crate::inspect`).
//!
//! A record is a constant of the class, where `Self` means what it means in the block.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::ReturnType;

use super::context::{Context, Expanded};
use super::dunder::{Dunder, SlotResult, dunder};
use super::model::{Constant, Method, condition};
use super::role::Role;
use crate::doc::Doc;
use crate::inspect::{
    self, AttributeRecord, Expression, FunctionRecord, ParameterRecord, Parameters, hint, value_of,
};

/// The comparisons that `__richcmp__` implements.
const COMPARISONS: [&str; 6] = ["__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"];

/// Returns the records of a block's methods; nothing without the feature.
pub(super) fn of_methods(context: &Context<'_>, methods: &[Method]) -> syn::Result<Expanded> {
    let mut records = Expanded::default();
    if inspect::ENABLED {
        for method in methods {
            records.add(of_method(context, method, methods)?);
        }
    }
    Ok(records)
}

/// Returns the records of one of a block's methods.
fn of_method(context: &Context<'_>, method: &Method, methods: &[Method]) -> syn::Result<Expanded> {
    let condition = method.condition();
    let name = method.python_name.as_str();
    if method.role == Role::ClassAttribute {
        let krate = context.krate;
        let returned = hint::returned(krate, &method.function.output);
        let json = AttributeRecord {
            name,
            parent: parent(context),
            annotation: Some(AttributeRecord::is_final(
                returned.unwrap_or_else(Expression::any),
            )),
            value: None,
            doc: &method.doc,
        }
        .json(krate);
        return Ok(expanded(context, &method.ident, "", &condition, &json));
    }
    let has = |role, name| {
        let mut others = methods.iter();
        others.any(|other| other.role == role && other.python_name == name)
    };
    if matches!(method.role, Role::Setter | Role::Deleter) && !has(Role::Getter, name) {
        let has_setter = method.role == Role::Deleter && has(Role::Setter, name);
        return without_getter(context, method, has_setter);
    }
    // Methods of the C API have other names in Python, or none.
    let names: &[&str] = match name {
        "__richcmp__" => &COMPARISONS,
        "__concat__" => &["__add__"],
        "__repeat__" => &["__mul__"],
        "__inplace_concat__" => &["__iadd__"],
        "__inplace_repeat__" => &["__imul__"],
        "__getbuffer__" | "__releasebuffer__" | "__traverse__" | "__clear__" => &[],
        _ => &[name],
    };
    let mut records = Expanded::default();
    for name in names {
        if *name != method.python_name && has(Role::Method, name) {
            // CPython tries the operator of numbers first.
            continue;
        }
        let json = function(context, method, name)?.json(context.krate);
        let kind = method.role.attribute();
        let kind = format!("{kind}_{name}");
        records.add(expanded(context, &method.ident, &kind, &condition, &json));
    }
    Ok(records)
}

/// Returns the record of a constant; nothing without the feature.
pub(super) fn of_constant(context: &Context<'_>, constant: &Constant) -> Expanded {
    if !inspect::ENABLED {
        return Expanded::default();
    }
    let krate = context.krate;
    let value = value_of(&constant.value);
    let (annotation, value) = if value == Expression::Ellipsis {
        let hint = hint::returned(krate, &constant.ty);
        let hint = hint.unwrap_or_else(Expression::any);
        (AttributeRecord::is_final(hint), None)
    } else {
        (Expression::in_module("typing", "Final"), Some(value))
    };
    let json = AttributeRecord {
        name: &constant.python_name,
        parent: parent(context),
        annotation: Some(annotation),
        value,
        doc: &constant.doc,
    }
    .json(krate);
    let condition = condition(&constant.cfgs);
    expanded(context, &constant.ident, "", &condition, &json)
}

/// Returns the id of the block's class.
fn parent(context: &Context<'_>) -> TokenStream {
    hint::id_of(context.krate, &quote!(Self))
}

/// Declares a record as a constant of the class, and puts it into the module.
fn expanded(
    context: &Context<'_>,
    item: &Ident,
    kind: &str,
    condition: &TokenStream,
    json: &TokenStream,
) -> Expanded {
    let class = context.class;
    let (constant, declaration) = declared(context, item, kind, condition, json);
    let symbol = inspect::symbol(context.krate, &quote!(<#class>::#constant));
    Expanded {
        functions: declaration,
        records: quote! {
            #[cfg(#condition)]
            #symbol
        },
        ..Expanded::default()
    }
}

/// Returns a constant of the class for a record, and its declaration.
fn declared(
    context: &Context<'_>,
    item: &Ident,
    kind: &str,
    condition: &TokenStream,
    json: &TokenStream,
) -> (Ident, TokenStream) {
    let hidden = context.hidden();
    let item = syn::ext::IdentExt::unraw(item);
    let constant = format_ident!("__PYATOLL_RECORD_{kind}_{item}");
    let declaration = quote! {
        #[cfg(#condition)]
        const #constant: #hidden::inspect::Json = #json;
    };
    (constant, declaration)
}

/// Returns the record of a setter or a deleter without a getter in the block. If the getter is that
/// of a field, the record describes an accessor of that property. Otherwise, it describes an
/// attribute, since Python has no syntax for a property without a getter. A deleter then needs no
/// record if the block has a setter.
fn without_getter(
    context: &Context<'_>,
    method: &Method,
    has_setter: bool,
) -> syn::Result<Expanded> {
    let (krate, hidden) = (context.krate, context.hidden());
    let name = method.python_name.as_str();
    let condition = method.condition();
    let hint = match method.values().next() {
        Some(argument) if argument.from_py_with.is_none() => hint::argument(krate, &argument.ty),
        _ => Expression::any(),
    };
    let attribute = AttributeRecord {
        name,
        // A record without a parent is left out of the stubs.
        parent: if has_setter {
            quote!("")
        } else {
            parent(context)
        },
        annotation: Some(hint),
        value: None,
        doc: &method.doc,
    };
    let accessor = function(context, method, name)?.json(krate);
    let kind = method.role.attribute();
    let declared =
        |kind: &str, json: &TokenStream| declared(context, &method.ident, kind, &condition, json);
    let (accessor, accessor_declaration) = declared(&format!("{kind}_of_property"), &accessor);
    let attribute = attribute.json(krate);
    let (attribute, attribute_declaration) = declared(&format!("{kind}_alone"), &attribute);
    let record = quote! {
        if #hidden::inspect::has_field_getter::<Self>(#name) {
            Self::#accessor
        } else {
            Self::#attribute
        }
    };
    let mut records = expanded(context, &method.ident, kind, &condition, &record);
    records.functions.extend(accessor_declaration);
    records.functions.extend(attribute_declaration);
    Ok(records)
}

/// Returns the record of a method under one of its names.
fn function(context: &Context<'_>, method: &Method, name: &str) -> syn::Result<FunctionRecord> {
    let krate = context.krate;
    let this = hint::class(krate, &quote!(Self));
    let special = match method.role {
        Role::Method | Role::Class | Role::Static => dunder(&method.python_name),
        _ => None,
    };
    let parameters = match &special {
        None | Some(Dunder::Call | Dunder::Init | Dunder::New) if !is_accessor(method.role) => {
            Parameters::of(krate, &method.function)?
        }
        _ => slot_parameters(context, method, name),
    };
    let first = match method.role {
        Role::New | Role::Class => Some("cls"),
        Role::Static => None,
        _ => Some("self"),
    };
    let property = |accessor: &str| this.clone().attribute(name).attribute(accessor);
    let decorators = match method.role {
        Role::Class => vec![Expression::name("classmethod")],
        Role::Static => vec![Expression::name("staticmethod")],
        Role::Getter => vec![Expression::name("property")],
        Role::Setter => vec![property("setter")],
        Role::Deleter => vec![property("deleter")],
        _ => Vec::new(),
    };
    let output = &method.function.output;
    let given = method.options.signature.as_ref();
    let returns = match given.and_then(|signature| signature.returns.as_ref()) {
        Some(given) => Some(given.expression()?),
        None => match method.role {
            Role::New => Some(this),
            Role::Setter | Role::Deleter => Some(Expression::None),
            _ => slot_result(special.as_ref())
                .and_then(|result| slot_hint(context, result, output, this))
                .or_else(|| hint::returned(krate, output)),
        },
    };
    Ok(FunctionRecord {
        name: name.to_owned(),
        id: None,
        parent: Some(parent(context)),
        parameters: match first {
            Some(first) => parameters.with_first(first),
            None => parameters,
        },
        returns,
        decorators,
        is_async: method.function.asyncness.is_some(),
        doc: method.doc.clone(),
    })
}

fn is_accessor(role: Role) -> bool {
    matches!(role, Role::Getter | Role::Setter | Role::Deleter)
}

/// Returns the parameters of a method that CPython calls through a slot: by position only.
fn slot_parameters(context: &Context<'_>, method: &Method, name: &str) -> Parameters {
    let krate = context.krate;
    let is_equality = matches!(name, "__eq__" | "__ne__");
    // The operator of `__richcmp__` is the method's name in Python.
    let is_rich = method.python_name == "__richcmp__";
    let mut parameters: Vec<_> = method
        .values()
        .take(if is_rich { 1 } else { usize::MAX })
        .map(|argument| {
            let hint = if is_equality {
                Some(Expression::name("object"))
            } else if argument.from_py_with.is_some() {
                None
            } else {
                Some(hint::argument(krate, &argument.ty))
            };
            let name = crate::attributes::python_name(&argument.name);
            ParameterRecord::new(&name, hint)
        })
        .collect();
    // CPython passes `None` for a missing one.
    let may_miss_last = matches!(name, "__get__" | "__pow__" | "__rpow__" | "__ipow__");
    if let [_, last] = parameters.as_mut_slice()
        && may_miss_last
    {
        last.default = Some(Expression::None);
    }
    Parameters {
        positional_only: parameters,
        ..Parameters::default()
    }
}

/// Returns what a slot returns, if the method's own return type does not tell.
fn slot_result(special: Option<&Dunder>) -> Option<SlotResult> {
    match special? {
        Dunder::Single(single) => Some(single.shape.result),
        Dunder::Pair { .. } | Dunder::Init | Dunder::Del => Some(SlotResult::Unit),
        _ => None,
    }
}

fn slot_hint(
    context: &Context<'_>,
    result: SlotResult,
    output: &ReturnType,
    this: Expression,
) -> Option<Expression> {
    match result {
        SlotResult::Object => None,
        SlotResult::Receiver => hint::is_unit(output).then_some(this),
        SlotResult::Next | SlotResult::AsyncNext => hint::next(context.krate, output),
        SlotResult::Size | SlotResult::Hash => Some(Expression::name("int")),
        SlotResult::Truth => Some(Expression::name("bool")),
        SlotResult::Status | SlotResult::Unit => Some(Expression::None),
    }
}

/// Returns the record of a special method that `#[pyclass]` generates, with an argument for each
/// hint.
pub(crate) fn generated(
    name: &str,
    class: &TokenStream,
    arguments: Vec<Expression>,
    returns: Expression,
) -> FunctionRecord {
    let arguments = arguments.into_iter();
    FunctionRecord {
        name: name.to_owned(),
        parent: Some(class.clone()),
        parameters: Parameters {
            positional_only: arguments
                .map(|hint| ParameterRecord::new("other", Some(hint)))
                .collect(),
            ..Parameters::default()
        }
        .with_first("self"),
        returns: Some(returns),
        doc: Doc::default(),
        ..FunctionRecord::default()
    }
}
