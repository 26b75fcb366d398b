//! `#[pymethods]`.
//!
//! | file | concern |
//! |---|---|
//! | `role` | the role of a function in the class |
//! | `receiver` | `self` in any form, or the class |
//! | `model` | a function or constant of the block, read from its attributes and signature |
//! | `context` | code shared by the expansions of all functions |
//! | `call` | expands functions with a full signature: methods, constructors, `__call__` |
//! | `attribute` | expands getters, setters, deleters and class attributes |
//! | `dunder` | the special methods that fill a slot, as a table |
//! | `slot` | expands the special methods |
//! | `shared_slots` | expands the slots that several methods share |
//! | `slot_item` | the record of a slot, with its trampoline |
//! | `body` | the function that a slot or an accessor runs |
//! | `record` | the records of the items, for stubs |
//! | `arguments` | converts the arguments of a slot |
//!
//! The expansion is the block itself, a second `impl` with the generated functions, and a static
//! with the records that `class::items` describes.

mod arguments;
mod attribute;
mod body;
mod call;
mod context;
mod dunder;
mod model;
mod receiver;
pub(crate) mod record;
mod role;
mod shared_slots;
mod slot;
mod slot_item;
#[cfg(test)]
mod tests;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{ImplItem, ItemImpl, Type};

use self::context::{Context, Expanded};
use self::dunder::{Dunder, SlotResult};
use self::model::{Constant, Method};
use self::role::Role;
use self::shared_slots::SharedSlots;
use crate::attributes::{
    parse_options, set_once, strip_helpers, strip_helpers_of_arguments, take_pyo3_options,
};
use crate::errors::Errors;
use crate::krate::Krate;
use crate::lints::lints;

/// Expands `#[pymethods]`.
pub(crate) fn pymethods(attribute: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut block: ItemImpl = syn::parse2(item)?;
    let generated = expand(attribute, &mut block).unwrap_or_else(|error| {
        // The block is kept, so that no further errors follow from its absence.
        strip(&mut block);
        error.to_compile_error()
    });
    Ok(quote!(#block #generated))
}

/// Removes the helper attributes from a block that has a mistake.
fn strip(block: &mut ItemImpl) {
    strip_helpers(&mut block.attrs);
    for item in &mut block.items {
        match item {
            ImplItem::Fn(function) => {
                strip_helpers(&mut function.attrs);
                function
                    .attrs
                    .retain(|attribute| !attribute.path().is_ident("pyfunction"));
                strip_helpers_of_arguments(&mut function.sig);
            }
            ImplItem::Const(constant) => strip_helpers(&mut constant.attrs),
            _ => {}
        }
    }
}

/// Generates everything but the block itself, and removes its helper attributes.
fn expand(attribute: TokenStream, block: &mut ItemImpl) -> syn::Result<TokenStream> {
    let mut options: Vec<CrateOption> = parse_options(attribute)?;
    options.extend(take_pyo3_options(&mut block.attrs)?);
    let mut krate = None;
    for CrateOption(span, option) in options {
        set_once(&mut krate, option, span, "crate")?;
    }
    let krate = krate.unwrap_or_default();
    check_block(block)?;
    let class = (*block.self_ty).clone();
    let context = Context {
        krate: &krate,
        class: &class,
    };
    let mut shared = SharedSlots::default();
    let mut methods = Vec::new();
    let mut expanded = Expanded::default();
    let mut errors = Errors::default();
    for item in &mut block.items {
        match context.expand_item(item, &mut shared, &mut methods) {
            Ok(part) => expanded.add(part),
            Err(error) => errors.push(error),
        }
    }
    match record::of_methods(&context, &methods) {
        Ok(part) => expanded.add(part),
        Err(error) => errors.push(error),
    }
    expanded.add(shared.expand(&context));
    errors.finish()?;
    Ok(context.assemble(&expanded))
}

/// Rejects blocks of traits and generic blocks.
fn check_block(block: &ItemImpl) -> syn::Result<()> {
    if let Some((_, path, _)) = &block.trait_ {
        return Err(syn::Error::new(
            path.span(),
            "#[pymethods] cannot be used on an `impl` of a trait: call its functions from methods in an `impl` \
             of the class alone",
        ));
    }
    if !block.generics.params.is_empty() {
        return Err(syn::Error::new(
            block.generics.span(),
            "#[pymethods] cannot be used with lifetime parameters or generics: each Python class is one type",
        ));
    }
    Ok(())
}

/// The expansion of functions that another macro generated.
pub(crate) struct Contribution {
    /// Functions for an `impl` of the class.
    pub(crate) functions: TokenStream,
    /// Expressions of type `MethodItem`.
    pub(crate) methods: Vec<TokenStream>,
    /// Expressions of type `SlotItem`.
    pub(crate) slots: Vec<TokenStream>,
    /// The records of the functions.
    pub(crate) records: TokenStream,
}

/// Expands functions like those of a block, for `#[pyclass]`, and removes their helper attributes.
pub(crate) fn contribution(
    krate: &Krate,
    class: &syn::Ident,
    items: &mut [ImplItem],
) -> syn::Result<Contribution> {
    let class: Type = syn::parse_quote!(#class);
    let context = Context {
        krate,
        class: &class,
    };
    let mut shared = SharedSlots::default();
    let mut methods = Vec::new();
    let mut expanded = Expanded::default();
    for item in items {
        expanded.add(context.expand_item(item, &mut shared, &mut methods)?);
    }
    expanded.add(record::of_methods(&context, &methods)?);
    expanded.add(shared.expand(&context));
    let split = |tokens: TokenStream| -> syn::Result<Vec<TokenStream>> {
        let items = Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated.parse2(tokens)?;
        Ok(items.iter().map(ToTokens::to_token_stream).collect())
    };
    Ok(Contribution {
        functions: expanded.functions,
        methods: split(expanded.methods)?,
        slots: split(expanded.slots)?,
        records: expanded.records,
    })
}

/// `crate = "…"`, the only option of a block.
struct CrateOption(Span, Krate);

impl Parse for CrateOption {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let span = input.parse::<syn::Token![crate]>()?.span;
        input.parse::<syn::Token![=]>()?;
        Ok(Self(span, input.parse()?))
    }
}

impl Context<'_> {
    /// Expands an item, and adds a method to `methods`.
    fn expand_item(
        &self,
        item: &mut ImplItem,
        shared: &mut SharedSlots,
        methods: &mut Vec<Method>,
    ) -> syn::Result<Expanded> {
        match item {
            ImplItem::Fn(function) => {
                let method = Method::new(function)?;
                let expanded = self.expand_method(&method, shared)?;
                methods.push(method);
                Ok(expanded)
            }
            ImplItem::Const(constant) => {
                match Constant::new(constant)? {
                    Some(constant) => Ok(attribute::constant(self, &constant)
                        .and(record::of_constant(self, &constant))),
                    None => Ok(Expanded::default()),
                }
            }
            ImplItem::Macro(invocation) => Err(syn::Error::new(
                invocation.span(),
                "macros cannot be used as items in `#[pymethods]` impl blocks\n\
                 = note: this was previously accepted and ignored",
            )),
            _ => Ok(Expanded::default()),
        }
    }

    fn expand_method(&self, method: &Method, shared: &mut SharedSlots) -> syn::Result<Expanded> {
        reject_async(method)?;
        match method.role {
            Role::New => call::constructor(self, method),
            Role::ClassAttribute => attribute::function(self, method),
            Role::Getter => attribute::getter(self, method),
            Role::Setter => attribute::setter(self, method),
            Role::Deleter => attribute::deleter(self, method),
            Role::Method | Role::Class | Role::Static => {
                match dunder::dunder(&method.python_name) {
                    None => call::method(self, method),
                    Some(Dunder::New) => Err(syn::Error::new(
                        method.ident.span(),
                        "`__new__` is a constructor: use `#[new]`",
                    )),
                    Some(Dunder::Call) => call::call(self, method),
                    Some(Dunder::Init) => call::init(self, method),
                    Some(dunder) => {
                        reject_signature(method)?;
                        slot::expand(self, method, dunder, shared)
                    }
                }
            }
        }
    }

    /// Generates the `impl` with the functions, and the static with the records.
    fn assemble(&self, expanded: &Expanded) -> TokenStream {
        let hidden = self.hidden();
        let class = self.class;
        let lints = lints();
        let Expanded {
            functions,
            methods,
            slots,
            records,
        } = expanded;
        let register = if cfg!(feature = "multiple-pymethods") {
            quote! {
                #hidden::class::inventory::submit! {
                    #hidden::class::MethodsBlock::new::<#class>(&ITEMS)
                }
            }
        } else {
            quote! {
                impl #hidden::class::OnlyOneBlockWithoutFeatureMultiplePymethods<#class>
                    for #hidden::class::ItemsOf<#class>
                {
                    fn items(self) -> &'static #hidden::class::ClassItems {
                        &ITEMS
                    }
                }
            }
        };
        quote! {
            #lints
            #[doc(hidden)]
            impl #class {
                #functions
            }

            #lints
            const _: () = {
                static ITEMS: #hidden::class::ClassItems = #hidden::class::ClassItems {
                    methods: &[#methods],
                    slots: &[#slots],
                };
                #register
            };

            #records
        }
    }
}

/// Rejects an `async fn` where CPython does not expect an awaitable object.
fn reject_async(method: &Method) -> syn::Result<()> {
    let Some(span) = method.function.asyncness else {
        return Ok(());
    };
    let name = &method.python_name;
    let place = match method.role {
        Role::Method | Role::Class | Role::Static => match dunder::dunder(name) {
            None | Some(Dunder::Call) => return Ok(()),
            Some(Dunder::Single(slot)) if slot.shape.result == SlotResult::AsyncNext => {
                return Ok(());
            }
            Some(_) => format!("magic method `{name}`"),
        },
        role => format!("`#[{}]`", role.attribute()),
    };
    Err(syn::Error::new(
        span,
        format!("`async fn` cannot be used with {place}: return an awaitable object instead"),
    ))
}

/// Rejects signatures of special methods, whose arguments CPython prescribes.
fn reject_signature(method: &Method) -> syn::Result<()> {
    let name = &method.python_name;
    if let Some(signature) = &method.options.signature {
        return Err(syn::Error::new(
            signature.span,
            format!("`signature` cannot be used with magic method `{name}`"),
        ));
    }
    if let Some(text) = &method.options.text_signature {
        return Err(syn::Error::new(
            text.span,
            format!("`text_signature` cannot be used with magic method `{name}`"),
        ));
    }
    Ok(())
}
