//! The record of a slot, with its trampoline.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::context::{Context, Expanded};
use super::model::Method;

/// Generates the record of a slot, with its trampoline, which evaluates `call`.
pub(super) fn slot_item(
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
                    type __PyatollClass = #class;
                    unsafe extern "C" fn trampoline(
                        slf: *mut #krate::ffi::PyObject,
                        #(#names: #types,)*
                    ) -> #result {
                        // SAFETY: CPython calls this attached, with the slot's arguments.
                        unsafe { #call }
                    }
                    trampoline as *mut ::std::ffi::c_void
                },
            }),
        },
        ..Expanded::default()
    }
}

/// Returns the condition under which the method exists, and its span.
pub(super) fn existence(method: &Method) -> (TokenStream, Span) {
    (method.condition(), method.ident.span())
}

/// Creates an identifier for a trampoline, in which no name of the user's is in scope.
pub(super) fn plain(name: &str) -> Ident {
    format_ident!("{name}")
}
