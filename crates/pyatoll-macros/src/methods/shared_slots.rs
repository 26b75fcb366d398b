//! The slots that several methods of a block share.
//!
//! Methods that share a slot (`__add__` and `__radd__`, `__setitem__` and `__delitem__`, the six
//! comparisons, …) are collected first: a slot can be filled only once.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::context::{Context, Expanded};
use super::dunder::Pair;
use super::model::{Method, condition};
use super::slot_item::{plain, slot_item};

/// The methods of one block that share slots, by slot.
#[derive(Default)]
pub(super) struct SharedSlots {
    /// The method and its reflected form, by the slot's name.
    pub(super) operators: BTreeMap<&'static str, [Option<Fragment>; 2]>,
    pub(super) comparisons: [Option<Fragment>; 6],
    /// The method that sets and the method that deletes.
    pub(super) pairs: BTreeMap<Pair, [Option<Fragment>; 2]>,
    /// `__getattribute__` and `__getattr__`.
    pub(super) attribute: [Option<Fragment>; 2],
}

/// One method's part in a shared slot.
pub(super) struct Fragment {
    /// The generated function that calls the method.
    body: Ident,
    /// The span of the method's name.
    span: Span,
    cfgs: Vec<syn::Attribute>,
}

impl Fragment {
    /// Returns the fragment of a method whose generated function is `body`.
    pub(super) fn new(method: &Method, body: &Ident) -> Self {
        Self {
            body: body.clone(),
            span: method.ident.span(),
            cfgs: method.cfgs.clone(),
        }
    }

    /// Returns the condition under which the method exists, as the inside of a `cfg`.
    fn condition(&self) -> TokenStream {
        condition(&self.cfgs)
    }
}

impl SharedSlots {
    /// Expands the collected slots.
    pub(super) fn expand(&self, context: &Context<'_>) -> Expanded {
        let mut expanded = Expanded::default();
        for (slot, fragments) in &self.operators {
            expanded.add(expand_operator(context, slot, fragments));
        }
        if self.comparisons.iter().any(Option::is_some) {
            expanded.add(expand_comparisons(context, &self.comparisons));
        }
        for (pair, fragments) in &self.pairs {
            expanded.add(expand_pair(context, *pair, fragments));
        }
        if self.attribute.iter().any(Option::is_some) {
            expanded.add(expand_attribute(context, &self.attribute));
        }
        expanded
    }
}

/// Expands an operator and its reflected form.
fn expand_operator(
    context: &Context<'_>,
    slot: &str,
    fragments: &[Option<Fragment>; 2],
) -> Expanded {
    let (krate, hidden) = (context.krate, context.hidden());
    let bodies = |kind| [0, 1].map(|index| context.optional_body(&fragments[index], kind));
    let (parameters, call) = if slot == "nb_power" {
        let [forward, reflected] = bodies("TernaryBody");
        let call = quote! {
            #hidden::slots::power::<__PyatollClass>(
                trampoline,
                [slf, other, modulus],
                #forward,
                #reflected,
            )
        };
        (&["other", "modulus"][..], call)
    } else {
        let [forward, reflected] = bodies("BinaryBody");
        let slot_id = format_ident!("Py_{slot}");
        let call = quote! {
            #hidden::slots::binary::<__PyatollClass, { #krate::ffi::#slot_id }>(
                trampoline,
                slf,
                other,
                #forward,
                #reflected,
            )
        };
        (&["other"][..], call)
    };
    let object = quote!(*mut #krate::ffi::PyObject);
    shared_item(context, slot, fragments, parameters, &object, &call)
}

/// Expands the comparisons.
fn expand_comparisons(context: &Context<'_>, fragments: &[Option<Fragment>; 6]) -> Expanded {
    let (krate, hidden) = (context.krate, context.hidden());
    let bodies = fragments
        .iter()
        .map(|fragment| context.optional_body(fragment, "CompareBody"));
    let call = quote! {
        #hidden::slots::comparisons::<__PyatollClass>(
            trampoline,
            slf,
            other,
            operator,
            &const { [#(#bodies),*] },
        )
    };
    let object = quote!(*mut #krate::ffi::PyObject);
    let names = ["other", "operator"].map(plain);
    let types = [object.clone(), quote!(::std::ffi::c_int)];
    slot_item(
        context,
        "tp_richcompare",
        &any_of(fragments),
        (&names, &types),
        &object,
        &call,
    )
}

/// Expands a method that sets and a method that deletes.
fn expand_pair(context: &Context<'_>, pair: Pair, fragments: &[Option<Fragment>; 2]) -> Expanded {
    let hidden = context.hidden();
    let (slot, kind) = match pair {
        Pair::Attribute => ("tp_setattro", "Attribute"),
        Pair::Item => ("mp_ass_subscript", "Item"),
        Pair::Descriptor => ("tp_descr_set", "Descriptor"),
    };
    let kind = format_ident!("{kind}");
    let set = context.optional_body(&fragments[0], "SetBody");
    let delete = context.optional_body(&fragments[1], "DeleteBody");
    let call = quote! {
        #hidden::slots::set_or_delete::<__PyatollClass>(
            #hidden::slots::Pair::#kind,
            trampoline,
            [slf, key, value],
            #set,
            #delete,
        )
    };
    let result = quote!(::std::ffi::c_int);
    shared_item(context, slot, fragments, &["key", "value"], &result, &call)
}

/// Expands `__getattribute__` and `__getattr__`.
fn expand_attribute(context: &Context<'_>, fragments: &[Option<Fragment>; 2]) -> Expanded {
    let (krate, hidden) = (context.krate, context.hidden());
    let getattribute = context.optional_body(&fragments[0], "GetBody");
    let getattr = context.optional_body(&fragments[1], "GetBody");
    let call = quote! {
        #hidden::slots::getattro::<__PyatollClass>(slf, name, #getattribute, #getattr)
    };
    let object = quote!(*mut #krate::ffi::PyObject);
    shared_item(context, "tp_getattro", fragments, &["name"], &object, &call)
}

/// Generates a [`slot_item`] for a slot whose parameters are objects.
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

/// Returns the condition under which any of the methods exists, and the span of the first.
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
    /// Returns an expression of type `Option<…Body>`: the method may be missing or configured out.
    fn optional_body(&self, fragment: &Option<Fragment>, kind: &str) -> TokenStream {
        let hidden = self.hidden();
        let kind = format_ident!("{kind}");
        let Some(fragment) = fragment else {
            return quote!(::core::option::Option::None);
        };
        let body = &fragment.body;
        if fragment.cfgs.is_empty() {
            return quote!(::core::option::Option::Some(<__PyatollClass>::#body));
        }
        let condition = fragment.condition();
        quote! {{
            #[cfg(#condition)]
            let body: ::core::option::Option<#hidden::slots::#kind> =
                ::core::option::Option::Some(<__PyatollClass>::#body);
            #[cfg(not(#condition))]
            let body: ::core::option::Option<#hidden::slots::#kind> = ::core::option::Option::None;
            body
        }}
    }
}
