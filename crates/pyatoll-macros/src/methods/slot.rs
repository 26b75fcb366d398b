//! Expands the special methods: a body for each, and a trampoline for each slot.
//!
//! Methods that share a slot (`__add__` and `__radd__`, `__setitem__` and `__delitem__`, the six
//! comparisons, …) are collected first: a slot can be filled once.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::spanned::Spanned;

use super::body::{Shape, c_parameters, c_result, expand_body};
use super::dunder::{Dunder, Pair, Single, SlotArgument, SlotResult};
use super::model::{Method, Receiver, condition};
use super::{Context, Expanded};

/// The methods of one block that share slots, by slot.
#[derive(Default)]
pub(super) struct SharedSlots {
    /// By the slot's name: the method and its reflected form.
    operators: BTreeMap<&'static str, [Option<Fragment>; 2]>,
    comparisons: [Option<Fragment>; 6],
    /// The one that sets and the one that deletes.
    pairs: BTreeMap<Pair, [Option<Fragment>; 2]>,
    /// `__getattribute__` and `__getattr__`.
    attribute: [Option<Fragment>; 2],
}

/// One method's part in a slot.
struct Fragment {
    body: Ident,
    /// Where the method's name stands.
    span: Span,
    cfg: Vec<syn::Attribute>,
}

impl Fragment {
    /// The condition under which the method exists, as the inside of a `cfg`.
    fn condition(&self) -> TokenStream {
        condition(&self.cfg)
    }
}

/// Expands a special method. What it shares with others waits in `shared`.
pub(super) fn expand(
    context: &Context<'_>,
    method: &Method,
    dunder: Dunder,
    shared: &mut SharedSlots,
) -> syn::Result<Expanded> {
    use SlotArgument::{Object, ObjectOrNull};
    let body = method.generated("body");
    let fragment = || {
        Some(Fragment {
            body: body.clone(),
            span: method.ident.span(),
            cfg: method.cfg.clone(),
        })
    };
    Ok(match dunder {
        Dunder::Single(single) => expand_single(context, method, &single)?,
        Dunder::Operator { slot, reflected } => {
            shared.operators.entry(slot).or_default()[usize::from(reflected)] = fragment();
            let (arguments, optional): (&[_], _) = if slot == "nb_power" {
                (&[Object, ObjectOrNull], 1)
            } else {
                (&[Object], 0)
            };
            let shape = Shape {
                arguments,
                optional,
                result: SlotResult::Object,
                is_operator: true,
            };
            expand_body(context, method, &method.generated("body"), &shape)?
        }
        Dunder::Comparison(number) => {
            shared.comparisons[number] = fragment();
            let shape = Shape {
                arguments: &[Object],
                optional: 0,
                result: SlotResult::Object,
                is_operator: true,
            };
            expand_body(context, method, &method.generated("body"), &shape)?
        }
        Dunder::Pair { pair, deletes } => {
            shared.pairs.entry(pair).or_default()[usize::from(deletes)] = fragment();
            let shape = Shape {
                arguments: if deletes {
                    &[Object]
                } else {
                    &[Object, Object]
                },
                optional: 0,
                result: SlotResult::Nothing,
                is_operator: false,
            };
            expand_body(context, method, &method.generated("body"), &shape)?
        }
        Dunder::Attribute { fallback } => {
            shared.attribute[usize::from(fallback)] = fragment();
            let shape = Shape {
                arguments: &[Object],
                optional: 0,
                result: SlotResult::Object,
                is_operator: false,
            };
            expand_body(context, method, &method.generated("body"), &shape)?
        }
        Dunder::Traverse => expand_traverse(context, method)?,
        Dunder::Clear => expand_clear(context, method)?,
        Dunder::Del => expand_unraisable(context, method, "tp_finalize", &[])?,
        Dunder::ReleaseBuffer => {
            require_unsafe(method)?;
            let arguments = &[SlotArgument::Buffer];
            expand_unraisable(context, method, "bf_releasebuffer", arguments)?
        }
        Dunder::New | Dunder::Init | Dunder::Call => {
            unreachable!("methods with a full signature are expanded by their own file")
        }
    })
}

fn require_unsafe(method: &Method) -> syn::Result<()> {
    if method.function.is_unsafe {
        return Ok(());
    }
    Err(syn::Error::new(
        method.ident.span(),
        format!("`{}` must be `unsafe fn`", method.python_name),
    ))
}

/// A slot item, with its trampoline.
fn slot_item(
    context: &Context<'_>,
    slot: &str,
    (condition, span): &(TokenStream, Span),
    parameters: (&[Ident], &[TokenStream]),
    result: &TokenStream,
    call: &TokenStream,
) -> Expanded {
    let (krate, hidden) = (context.krate, context.hidden());
    let class = context.class;
    let (names, types) = parameters;
    let slot_id = format_ident!("Py_{slot}");
    Expanded {
        functions: context.slot_marker(slot, condition, *span),
        slots: quote! {
            #[cfg(#condition)]
            #hidden::class::SlotItem(#krate::ffi::PyType_Slot {
                slot: #krate::ffi::#slot_id,
                pfunc: {
                    type Class = #class;
                    unsafe extern "C" fn trampoline(
                        slf: *mut #krate::ffi::PyObject,
                        #(#names: #types,)*
                    ) -> #result {
                        // SAFETY: CPython calls the slot with what goes in it.
                        unsafe { #call }
                    }
                    trampoline as *mut ::std::ffi::c_void
                },
            }),
        },
        ..Expanded::default()
    }
}

fn expand_single(context: &Context<'_>, method: &Method, single: &Single) -> syn::Result<Expanded> {
    if single.is_unsafe {
        require_unsafe(method)?;
    }
    let shape = Shape {
        arguments: single.arguments,
        optional: single.optional,
        result: single.result,
        is_operator: single.is_operator,
    };
    let body = expand_body(context, method, &method.generated("body"), &shape)?;
    let (names, types) = c_parameters(context, single.arguments);
    let result = c_result(context, single.result);
    let hidden = context.hidden();
    let name = method.generated("body");
    let call = quote! {
        #hidden::slots::slot::<Class, _>(slf, |py| <Class>::#name(py, slf, #(#names),*))
    };
    let condition = existence(method);
    Ok(body.and(slot_item(
        context,
        single.slot,
        &condition,
        (&names, &types),
        &result,
        &call,
    )))
}

/// `__del__` and `__releasebuffer__`, whose errors nobody can take.
fn expand_unraisable(
    context: &Context<'_>,
    method: &Method,
    slot: &'static str,
    arguments: &'static [SlotArgument],
) -> syn::Result<Expanded> {
    let shape = Shape {
        arguments,
        optional: 0,
        result: SlotResult::Nothing,
        is_operator: false,
    };
    let body = expand_body(context, method, &method.generated("body"), &shape)?;
    let (names, types) = c_parameters(context, arguments);
    let hidden = context.hidden();
    let name = method.generated("body");
    let call = quote! {
        #hidden::slots::slot_unraisable::<Class>(
            slf,
            |py| <Class>::#name(py, slf, #(#names),*),
        )
    };
    let condition = existence(method);
    let parameters: (&[_], &[_]) = (&names, &types);
    let item = slot_item(context, slot, &condition, parameters, &quote!(()), &call);
    Ok(body.and(item))
}

fn expand_clear(context: &Context<'_>, method: &Method) -> syn::Result<Expanded> {
    if let Some(argument) = method.values().next() {
        return Err(syn::Error::new(
            argument.ty.span(),
            "`__clear__` function expected to have no arguments",
        ));
    }
    let shape = Shape {
        arguments: &[],
        optional: 0,
        result: SlotResult::Status,
        is_operator: false,
    };
    let name = method.generated("body");
    let body = expand_body(context, method, &name, &shape)?;
    let hidden = context.hidden();
    let result = c_result(context, shape.result);
    let call = quote!(#hidden::slots::clear::<Class>(slf, |py| <Class>::#name(py, slf)));
    let condition = existence(method);
    Ok(body.and(slot_item(
        context,
        "tp_clear",
        &condition,
        (&[], &[]),
        &result,
        &call,
    )))
}

fn expand_traverse(context: &Context<'_>, method: &Method) -> syn::Result<Expanded> {
    let (krate, hidden) = (context.krate, context.hidden());
    if !matches!(method.receiver, Receiver::Shared(_)) {
        return Err(syn::Error::new(
            method.receiver.span().unwrap_or(method.ident.span()),
            "__traverse__ may not take a receiver other than `&self`. Usually, an implementation \
             of `__traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError>` should do \
             nothing but calls to `visit.call`. Most importantly, safe access to the Python \
             interpreter is prohibited inside implementations of `__traverse__`, i.e. \
             `Python::attach` will panic.",
        ));
    }
    if let Some(warn) = method.options.warnings.first() {
        return Err(syn::Error::new(
            warn.span,
            "__traverse__ cannot be used with #[pyo3(warn)]",
        ));
    }
    let token = method
        .function
        .arguments
        .iter()
        .find(|argument| argument.is_token);
    if let Some(token) = token {
        return Err(syn::Error::new(
            token.ty.span(),
            "__traverse__ may not take a `Python` token: no Python code runs while the collector \
             looks",
        ));
    }
    if method.values().count() != 1 {
        return Err(syn::Error::new(
            method.ident.span(),
            format!("Expected 1 arguments, got {}", method.values().count()),
        ));
    }
    let ident = &method.ident;
    let names = ["visit", "argument"].map(plain);
    let types = [
        quote!(#krate::ffi::visitproc),
        quote!(*mut ::std::ffi::c_void),
    ];
    let call = quote! {
        #hidden::slots::traverse::<Class>(
            slf,
            visit,
            argument,
            |slf, visit| <Class>::#ident(slf, visit),
        )
    };
    Ok(slot_item(
        context,
        "tp_traverse",
        &existence(method),
        (&names, &types),
        &quote!(::std::ffi::c_int),
        &call,
    ))
}

impl SharedSlots {
    /// Expands the slots that several methods share.
    pub(super) fn expand(&self, context: &Context<'_>) -> Expanded {
        let (krate, hidden) = (context.krate, context.hidden());
        let object = quote!(*mut #krate::ffi::PyObject);
        let mut expanded = Expanded::default();

        for (slot, fragments) in &self.operators {
            let slot_id = format_ident!("Py_{slot}");
            let kind = if *slot == "nb_power" {
                "TernaryBody"
            } else {
                "BinaryBody"
            };
            let forward = context.optional_body(&fragments[0], kind);
            let reflected = context.optional_body(&fragments[1], kind);
            let (parameters, call) = if *slot == "nb_power" {
                let call = quote! {
                    #hidden::slots::power::<Class>(
                        trampoline,
                        [slf, other, modulus],
                        #forward,
                        #reflected,
                    )
                };
                (&["other", "modulus"][..], call)
            } else {
                let call = quote! {
                    #hidden::slots::binary::<Class, { #krate::ffi::#slot_id }>(
                        trampoline,
                        slf,
                        other,
                        #forward,
                        #reflected,
                    )
                };
                (&["other"][..], call)
            };
            expanded = expanded.and(shared_item(
                context, slot, fragments, parameters, &object, &call,
            ));
        }

        if self.comparisons.iter().any(Option::is_some) {
            let bodies: Vec<TokenStream> = self
                .comparisons
                .iter()
                .map(|fragment| context.optional_body(fragment, "CompareBody"))
                .collect();
            let call = quote! {
                #hidden::slots::comparisons::<Class>(
                    trampoline,
                    slf,
                    other,
                    operator,
                    &const { [#(#bodies),*] },
                )
            };
            let names = ["other", "operator"].map(plain);
            let types = [object.clone(), quote!(::std::ffi::c_int)];
            expanded = expanded.and(slot_item(
                context,
                "tp_richcompare",
                &any_of(&self.comparisons),
                (&names, &types),
                &object,
                &call,
            ));
        }

        for (pair, fragments) in &self.pairs {
            let (slot, kind) = match pair {
                Pair::Attribute => ("tp_setattro", "Attribute"),
                Pair::Item => ("mp_ass_subscript", "Item"),
                Pair::Descriptor => ("tp_descr_set", "Descriptor"),
            };
            let kind = format_ident!("{kind}");
            let set = context.optional_body(&fragments[0], "SetBody");
            let delete = context.optional_body(&fragments[1], "DeleteBody");
            let call = quote! {
                #hidden::slots::set_or_delete::<Class>(
                    #hidden::slots::Pair::#kind,
                    trampoline,
                    [slf, key, value],
                    #set,
                    #delete,
                )
            };
            let result = quote!(::std::ffi::c_int);
            let parameters = &["key", "value"];
            expanded = expanded.and(shared_item(
                context, slot, fragments, parameters, &result, &call,
            ));
        }

        if self.attribute.iter().any(Option::is_some) {
            let getattribute = context.optional_body(&self.attribute[0], "GetBody");
            let getattr = context.optional_body(&self.attribute[1], "GetBody");
            let call = quote! {
                #hidden::slots::getattro::<Class>(trampoline, slf, name, #getattribute, #getattr)
            };
            let fragments = &self.attribute;
            expanded = expanded.and(shared_item(
                context,
                "tp_getattro",
                fragments,
                &["name"],
                &object,
                &call,
            ));
        }
        expanded
    }
}

/// A name in a trampoline, where nothing of the user's is in scope.
fn plain(name: &str) -> Ident {
    format_ident!("{name}")
}

/// As [`slot_item`], for a slot whose parameters are objects.
fn shared_item(
    context: &Context<'_>,
    slot: &str,
    fragments: &[Option<Fragment>],
    parameters: &[&str],
    result: &TokenStream,
    call: &TokenStream,
) -> Expanded {
    let krate = context.krate;
    let names: Vec<Ident> = parameters.iter().map(|name| plain(name)).collect();
    let types: Vec<TokenStream> = names
        .iter()
        .map(|_| quote!(*mut #krate::ffi::PyObject))
        .collect();
    slot_item(
        context,
        slot,
        &any_of(fragments),
        (&names, &types),
        result,
        call,
    )
}

/// The condition under which the method exists, and where.
fn existence(method: &Method) -> (TokenStream, Span) {
    (method.condition(), method.ident.span())
}

/// The condition under which any of the methods exists, and where the first is.
fn any_of(fragments: &[Option<Fragment>]) -> (TokenStream, Span) {
    let mut first = Span::call_site();
    let mut conditions = Vec::new();
    for fragment in fragments.iter().flatten() {
        if conditions.is_empty() {
            first = fragment.span;
        }
        conditions.push(fragment.condition());
    }
    (quote!(any(#(#conditions),*)), first)
}

impl Context<'_> {
    /// An expression of type `Option<…Body>` for a method that may be missing, or be configured out.
    fn optional_body(&self, fragment: &Option<Fragment>, kind: &str) -> TokenStream {
        let hidden = self.hidden();
        let kind = format_ident!("{kind}");
        let Some(fragment) = fragment else {
            return quote!(::core::option::Option::None);
        };
        let body = &fragment.body;
        if fragment.cfg.is_empty() {
            return quote!(::core::option::Option::Some(<Class>::#body));
        }
        let condition = fragment.condition();
        quote! {{
            #[cfg(#condition)]
            let body: ::core::option::Option<#hidden::slots::#kind> =
                ::core::option::Option::Some(<Class>::#body);
            #[cfg(not(#condition))]
            let body: ::core::option::Option<#hidden::slots::#kind> = ::core::option::Option::None;
            body
        }}
    }
}
