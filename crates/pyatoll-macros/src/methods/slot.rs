//! Expands the special methods: a function for each, and a trampoline for each slot that one method
//! fills alone.

use quote::quote;
use syn::spanned::Spanned;

use super::body::{c_parameters, c_result, expand_body};
use super::context::{Context, Expanded};
use super::dunder::{Dunder, Shape, Single, SlotArgument, SlotResult};
use super::model::Method;
use super::receiver::Receiver;
use super::shared_slots::{Fragment, SharedSlots};
use super::slot_item::{existence, plain, slot_item};
use crate::function::argument::ArgumentKind;

/// Expands a special method. One that shares a slot is also added to `shared`.
pub(super) fn expand(
    context: &Context<'_>,
    method: &Method,
    dunder: Dunder,
    shared: &mut SharedSlots,
) -> syn::Result<Expanded> {
    match dunder {
        Dunder::Single(single) => expand_single(context, method, &single),
        Dunder::Operator { .. }
        | Dunder::Comparison(_)
        | Dunder::Pair { .. }
        | Dunder::Attribute { .. } => expand_shared(context, method, &dunder, shared),
        Dunder::Traverse => expand_traverse(context, method),
        Dunder::Clear => expand_clear(context, method),
        Dunder::Del => expand_unraisable(context, method, "tp_finalize", &[]),
        Dunder::ReleaseBuffer => {
            require_unsafe(method)?;
            let arguments = &[SlotArgument::Buffer];
            expand_unraisable(context, method, "bf_releasebuffer", arguments)
        }
        Dunder::New | Dunder::Init | Dunder::Call => {
            unreachable!("methods with a full signature are expanded by `call`")
        }
    }
}

/// Expands a method that shares its slot with others.
fn expand_shared(
    context: &Context<'_>,
    method: &Method,
    dunder: &Dunder,
    shared: &mut SharedSlots,
) -> syn::Result<Expanded> {
    use SlotArgument::{Object, ObjectOrNull};
    let (fragment, shape) = match *dunder {
        Dunder::Operator { slot, reflected } => {
            let shape = if slot == "nb_power" {
                Shape::operator(&[Object, ObjectOrNull], SlotResult::Object).last_optional()
            } else {
                Shape::operator(&[Object], SlotResult::Object)
            };
            let fragments = shared.operators.entry(slot).or_default();
            (&mut fragments[usize::from(reflected)], shape)
        }
        Dunder::Comparison(number) => (
            &mut shared.comparisons[number],
            Shape::operator(&[Object], SlotResult::Object),
        ),
        Dunder::Pair { pair, deletes } => {
            let arguments: &[_] = if deletes {
                &[Object]
            } else {
                &[Object, Object]
            };
            let fragments = shared.pairs.entry(pair).or_default();
            (
                &mut fragments[usize::from(deletes)],
                Shape::new(arguments, SlotResult::Unit),
            )
        }
        Dunder::Attribute { fallback } => (
            &mut shared.attribute[usize::from(fallback)],
            Shape::new(&[Object], SlotResult::Object),
        ),
        _ => unreachable!("the method fills its slot alone"),
    };
    let name = method.generated("body");
    *fragment = Some(Fragment::new(method, &name));
    expand_body(context, method, &name, &shape)
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

fn expand_single(context: &Context<'_>, method: &Method, single: &Single) -> syn::Result<Expanded> {
    if single.is_unsafe {
        require_unsafe(method)?;
    }
    let Single { slot, shape, .. } = single;
    let name = method.generated("body");
    let body = expand_body(context, method, &name, shape)?;
    let (names, types) = c_parameters(context, shape.arguments);
    let result = c_result(context, shape.result);
    let hidden = context.hidden();
    let call = quote! {
        #hidden::slots::slot::<__PyatollClass, _>(slf, |py| <__PyatollClass>::#name(py, slf, #(#names),*))
    };
    let call = match *slot {
        "bf_getbuffer" => {
            let view = &names[0];
            quote!(#hidden::slots::checked_view::<__PyatollClass>(slf, #view, #call))
        }
        _ => call,
    };
    let condition = existence(method);
    let parameters: (&[_], &[_]) = (&names, &types);
    let item = slot_item(context, slot, &condition, parameters, &result, &call);
    Ok(body.and(item))
}

/// Expands `__del__` and `__releasebuffer__`, whose errors cannot be raised.
fn expand_unraisable(
    context: &Context<'_>,
    method: &Method,
    slot: &'static str,
    arguments: &'static [SlotArgument],
) -> syn::Result<Expanded> {
    let shape = Shape::new(arguments, SlotResult::Unit);
    let name = method.generated("body");
    let body = expand_body(context, method, &name, &shape)?;
    let (names, types) = c_parameters(context, arguments);
    let hidden = context.hidden();
    let call = quote! {
        #hidden::slots::slot_unraisable::<__PyatollClass>(
            slf,
            |py| <__PyatollClass>::#name(py, slf, #(#names),*),
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
            "`__clear__` takes no argument besides `self`",
        ));
    }
    let shape = Shape::new(&[], SlotResult::Status);
    let name = method.generated("body");
    let body = expand_body(context, method, &name, &shape)?;
    let hidden = context.hidden();
    let result = c_result(context, shape.result);
    let call =
        quote!(#hidden::slots::clear::<__PyatollClass>(slf, |py| <__PyatollClass>::#name(py, slf)));
    let condition = existence(method);
    let item = slot_item(context, "tp_clear", &condition, (&[], &[]), &result, &call);
    Ok(body.and(item))
}

fn expand_traverse(context: &Context<'_>, method: &Method) -> syn::Result<Expanded> {
    check_traverse(method)?;
    let (krate, hidden) = (context.krate, context.hidden());
    let ident = &method.ident;
    let names = ["visit", "argument"].map(plain);
    let types = [
        quote!(#krate::ffi::visitproc),
        quote!(*mut ::std::ffi::c_void),
    ];
    let call = quote! {
        #hidden::slots::traverse::<__PyatollClass>(
            slf,
            visit,
            argument,
            |slf, visit| <__PyatollClass>::#ident(slf, visit),
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

/// Rejects a `__traverse__` that is not `fn(&self, PyVisit<'_>) -> …`.
fn check_traverse(method: &Method) -> syn::Result<()> {
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
        .find(|argument| argument.kind == ArgumentKind::Token);
    if let Some(token) = token {
        return Err(syn::Error::new(
            token.ty.span(),
            "__traverse__ may not take a `Python` token: no Python code may run during a traversal",
        ));
    }
    if method.values().count() != 1 {
        return Err(syn::Error::new(
            method.ident.span(),
            format!(
                "`__traverse__` takes 1 argument besides `&self`, the `PyVisit<'_>`, not {}",
                method.values().count()
            ),
        ));
    }
    Ok(())
}
