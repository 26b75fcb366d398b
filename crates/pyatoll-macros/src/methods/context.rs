//! Code shared by the expansions of all functions: the block's class, the receiver, the result.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::receiver::Receiver;
use crate::doc::Doc;
use crate::function::convention::Convention;
use crate::function::coroutine::HeldLeading;
use crate::function::types::elided;
use crate::hygiene::{hygienic, located};
use crate::krate::Krate;

/// The block, as the expansion of each item needs it.
pub(super) struct Context<'a> {
    pub(super) krate: &'a Krate,
    pub(super) class: &'a Type,
}

/// The expansion of one item, or of several.
#[derive(Default)]
pub(super) struct Expanded {
    /// Functions for the generated `impl`.
    pub(super) functions: TokenStream,
    /// `MethodItem`s, each followed by a comma.
    pub(super) methods: TokenStream,
    /// `SlotItem`s, each followed by a comma.
    pub(super) slots: TokenStream,
    /// The records for stubs, as items.
    pub(super) records: TokenStream,
}

impl Expanded {
    pub(super) fn add(&mut self, other: Self) {
        self.functions.extend(other.functions);
        self.methods.extend(other.methods);
        self.slots.extend(other.slots);
        self.records.extend(other.records);
    }

    pub(super) fn and(mut self, other: Self) -> Self {
        self.add(other);
        self
    }
}

impl Context<'_> {
    /// Returns the path of the hidden module that generated code uses.
    pub(super) fn hidden(&self) -> TokenStream {
        self.krate.hidden()
    }

    /// Returns a name as a `&'static CStr` expression.
    pub(super) fn c_name(&self, name: &str) -> TokenStream {
        Doc::from(name.to_owned()).c_str(&self.hidden())
    }

    /// Returns the statements that prepare the receiver, with `slf` and `py` in scope, and the
    /// expression to pass for it.
    pub(super) fn receiver(&self, receiver: &Receiver) -> (TokenStream, Vec<TokenStream>) {
        let (krate, hidden) = (self.krate, self.hidden());
        let [py, slf, value] = ["py", "slf", "receiver"].map(hygienic);
        match receiver {
            Receiver::None => (TokenStream::new(), Vec::new()),
            Receiver::Shared(span) => {
                let span = located(*span);
                let hidden = self.krate.hidden_at(span);
                let [py, slf, value] = ["py", "slf", "receiver"].map(|name| Ident::new(name, span));
                let statement = quote_spanned! {span=>
                    let #value = unsafe { #hidden::slots::borrow_receiver::<Self>(#py, #slf) }?;
                };
                (statement, vec![quote_spanned!(span=> &*#value)])
            }
            Receiver::Mutable(span) => {
                let span = located(*span);
                let hidden = self.krate.hidden_at(span);
                let [py, slf, value] = ["py", "slf", "receiver"].map(|name| Ident::new(name, span));
                let statement = quote_spanned! {span=>
                    let mut #value =
                        unsafe { #hidden::slots::borrow_receiver_mut::<Self>(#py, #slf) }?;
                };
                (statement, vec![quote_spanned!(span=> &mut *#value)])
            }
            Receiver::Handle(ty) | Receiver::Class(ty) => {
                let target = match receiver {
                    Receiver::Class(_) => quote!(#krate::types::PyType),
                    _ => quote!(Self),
                };
                let handle = elided(ty);
                (
                    quote! {
                        let #value = unsafe {
                            #hidden::call::required(#py, #slf).cast_unchecked::<#target>()
                        };
                    },
                    vec![quote_spanned! {located(ty.span())=>
                        <#handle as #hidden::slots::Receiver<'_, '_, #target>>::receive(&#value)?
                    }],
                )
            }
        }
    }

    /// Returns what an `async fn` does with its receiver, with `slf` and `py` in scope, and in the
    /// future `token`.
    pub(super) fn held_receiver(
        &self,
        receiver: &Receiver,
        convention: Convention,
    ) -> Option<HeldLeading> {
        let (krate, hidden) = (self.krate, self.hidden());
        let [py, slf, token] = ["py", "slf", "token"].map(hygienic);
        let [object, holder] = ["receiver", "held"].map(hygienic);
        let (declarations, value) = match receiver {
            Receiver::None => return None,
            Receiver::Shared(span) => (
                quote!(let mut #holder = ::core::option::Option::None;),
                quote_spanned! {located(*span)=>
                    unsafe { #hidden::coroutine::borrow::<Self>(#token, &#object, &mut #holder) }?
                },
            ),
            Receiver::Mutable(span) => (
                quote!(let mut #holder = ::core::option::Option::None;),
                quote_spanned! {located(*span)=>
                    unsafe { #hidden::coroutine::borrow_mut::<Self>(#token, &#object, &mut #holder) }?
                },
            ),
            Receiver::Handle(ty) | Receiver::Class(ty) => {
                let target = match receiver {
                    Receiver::Class(_) => quote!(#krate::types::PyType),
                    _ => quote!(Self),
                };
                let handle = elided(ty);
                (
                    TokenStream::new(),
                    quote_spanned! {located(ty.span())=>
                        unsafe {
                            #hidden::coroutine::receive::<#handle, #target>(#token, &#object)
                        }?
                    },
                )
            }
        };
        // A slot of a class method gets an instance.
        let pointer = match (receiver, convention) {
            (Receiver::Class(_), Convention::Slot) => {
                quote!(unsafe { #krate::ffi::Py_TYPE(#slf) }.cast())
            }
            _ => quote!(#slf),
        };
        Some(HeldLeading {
            setup: quote! {
                // SAFETY: the object whose method CPython calls.
                let #object = unsafe { #hidden::coroutine::own_receiver(#py, #pointer) };
            },
            declarations,
            value,
        })
    }

    /// Does what [`receiver`](Self::receiver) does, for a slot: `slf` is an instance even if the
    /// method takes the class.
    pub(super) fn slot_receiver(&self, receiver: &Receiver) -> (TokenStream, Vec<TokenStream>) {
        let krate = self.krate;
        let (statements, values) = self.receiver(receiver);
        if !matches!(receiver, Receiver::Class(_)) {
            return (statements, values);
        }
        let [slf, instance] = ["slf", "instance"].map(hygienic);
        let statements = quote! {
            let #instance = #slf;
            let #slf: *mut #krate::ffi::PyObject =
                unsafe { #krate::ffi::Py_TYPE(#instance) }.cast();
            #statements
            let #slf = #instance;
        };
        (statements, values)
    }

    /// Generates a constant named after the slot: a second method for the slot, in any block, is a
    /// compile error.
    pub(super) fn slot_marker(
        &self,
        slot: &str,
        condition: &TokenStream,
        span: Span,
    ) -> TokenStream {
        let marker = format_ident!("__PYATOLL_SLOT_{slot}", span = span);
        quote_spanned! {located(span)=>
            #[cfg(#condition)]
            const #marker: () = ();
        }
    }
}
