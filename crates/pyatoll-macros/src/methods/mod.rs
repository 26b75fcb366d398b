//! `#[pymethods]`.
//!
//! - [`dunder`]: the special methods that fill a slot, as a table.
//! - [`model`]: a function of the block, read from its attributes and its signature.
//! - [`call`]: expands what Python calls with a full signature: methods, constructors, `__call__`.
//! - [`attribute`]: expands getters, setters, deleters and class attributes.
//! - [`slot`]: expands the other special methods; [`body`] is the code that calls one.
//!
//! The expansion is the block itself, a second `impl` with the generated functions, and a static
//! with the records that `class::items` describes.

mod attribute;
mod body;
mod call;
mod dunder;
mod model;
mod slot;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{ImplItem, ItemImpl, Type};

use self::dunder::Dunder;
use self::model::{Constant, Method, Receiver, Role};
use self::slot::SharedSlots;
use crate::attributes::{parse_options, take_pyo3_options};
use crate::function::lints;
use crate::krate::{Krate, hygienic};

/// Expands `#[pymethods]`.
pub(crate) fn pymethods(attribute: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut block: ItemImpl = syn::parse2(item)?;
    let mut options: Vec<CrateOption> = parse_options(attribute)?;
    options.extend(take_pyo3_options(&mut block.attrs)?);
    let mut krate = None;
    for CrateOption(span, option) in options {
        crate::attributes::set_once(&mut krate, option, span, "crate")?;
    }
    let krate = krate.unwrap_or_default();
    if let Some((_, path, _)) = &block.trait_ {
        return Err(syn::Error::new(
            path.span(),
            "#[pymethods] cannot be used on trait impl blocks",
        ));
    }
    if !block.generics.params.is_empty() {
        return Err(syn::Error::new(
            block.generics.span(),
            "#[pymethods] cannot be used with lifetime parameters or generics",
        ));
    }

    let class = (*block.self_ty).clone();
    let context = Context {
        krate: &krate,
        class: &class,
    };
    let mut shared = SharedSlots::default();
    let mut expanded = Expanded::default();
    let mut errors: Option<syn::Error> = None;
    for item in &mut block.items {
        match context.expand_item(item, &mut shared) {
            Ok(part) => expanded.add(part),
            Err(error) => match &mut errors {
                Some(errors) => errors.combine(error),
                None => errors = Some(error),
            },
        }
    }
    expanded.add(shared.expand(&context));
    let generated = match errors {
        // The block stays as it is, so that nothing else is reported than what is wrong.
        Some(errors) => errors.to_compile_error(),
        None => context.assemble(&expanded),
    };
    Ok(quote!(#block #generated))
}

/// What functions that another macro wrote contribute to a class.
pub(crate) struct Contribution {
    /// Functions for an `impl` of the class.
    pub(crate) functions: TokenStream,
    /// Expressions of type `MethodItem`.
    pub(crate) methods: Vec<TokenStream>,
    /// Expressions of type `SlotItem`.
    pub(crate) slots: Vec<TokenStream>,
}

/// Expands functions as those of a block, for `#[pyclass]` to place. Their helper attributes are
/// taken off.
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
    let mut expanded = Expanded::default();
    for item in items {
        expanded.add(context.expand_item(item, &mut shared)?);
    }
    expanded.add(shared.expand(&context));
    let split = |tokens: TokenStream| -> syn::Result<Vec<TokenStream>> {
        use quote::ToTokens as _;
        use syn::parse::Parser as _;
        type Items = syn::punctuated::Punctuated<syn::Expr, syn::Token![,]>;
        let items = Items::parse_terminated.parse2(tokens)?;
        Ok(items.iter().map(|item| item.to_token_stream()).collect())
    };
    Ok(Contribution {
        functions: expanded.functions,
        methods: split(expanded.methods)?,
        slots: split(expanded.slots)?,
    })
}

/// `crate = "…"`, the one option of a block.
struct CrateOption(Span, Krate);

impl syn::parse::Parse for CrateOption {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        let span = input.parse::<syn::Token![crate]>()?.span;
        input.parse::<syn::Token![=]>()?;
        Ok(Self(span, input.parse()?))
    }
}

/// What the expansion of each item needs of the block.
struct Context<'a> {
    krate: &'a Krate,
    class: &'a Type,
}

/// What one item, or all, come to.
#[derive(Default)]
struct Expanded {
    /// Functions for the generated `impl`.
    functions: TokenStream,
    /// `MethodItem`s, each with a comma.
    methods: TokenStream,
    /// `SlotItem`s, each with a comma.
    slots: TokenStream,
}

impl Expanded {
    fn add(&mut self, other: Self) {
        self.functions.extend(other.functions);
        self.methods.extend(other.methods);
        self.slots.extend(other.slots);
    }

    fn and(mut self, other: Self) -> Self {
        self.add(other);
        self
    }
}

impl Context<'_> {
    fn hidden(&self) -> TokenStream {
        self.krate.hidden()
    }

    fn expand_item(&self, item: &mut ImplItem, shared: &mut SharedSlots) -> syn::Result<Expanded> {
        match item {
            ImplItem::Fn(function) => {
                let method = Method::new(function)?;
                self.expand_method(&method, shared)
            }
            ImplItem::Const(constant) => match Constant::new(constant)? {
                Some(constant) => Ok(attribute::constant(self, &constant)),
                None => Ok(Expanded::default()),
            },
            ImplItem::Macro(invocation) => Err(syn::Error::new(
                invocation.span(),
                "macros cannot be used as items in `#[pymethods]` impl blocks\n\
                 = note: this was previously accepted and ignored",
            )),
            _ => Ok(Expanded::default()),
        }
    }

    fn expand_method(&self, method: &Method, shared: &mut SharedSlots) -> syn::Result<Expanded> {
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
                        refuse_signature(method)?;
                        slot::expand(self, method, dunder, shared)
                    }
                }
            }
        }
    }

    /// The generated `impl`, and the static with the records.
    fn assemble(&self, expanded: &Expanded) -> TokenStream {
        let hidden = self.hidden();
        let class = self.class;
        let lints = lints();
        let Expanded {
            functions,
            methods,
            slots,
        } = expanded;
        let register = if cfg!(feature = "multiple-pymethods") {
            quote! {
                #hidden::class::inventory::submit! {
                    #hidden::class::MethodsBlock::new::<#class>(&ITEMS)
                }
            }
        } else {
            quote! {
                impl #hidden::class::MethodsOf<#class> for #hidden::class::ItemsOf<#class> {
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
        }
    }

    /// Statements that make the receiver ready, with `slf` and `py` in scope, and the expression to
    /// pass for it.
    fn receiver(&self, receiver: &Receiver) -> (TokenStream, Vec<TokenStream>) {
        let (krate, hidden) = (self.krate, self.hidden());
        let [py, slf, value] = ["py", "slf", "receiver"].map(hygienic);
        match receiver {
            Receiver::None => (TokenStream::new(), Vec::new()),
            Receiver::Shared(span) => (
                quote_spanned! {located(*span)=>
                    let #value = unsafe { #hidden::slots::borrow_receiver::<Self>(#py, #slf) }?;
                },
                vec![quote_spanned!(located(*span)=> &*#value)],
            ),
            Receiver::Mutable(span) => (
                quote_spanned! {located(*span)=>
                    let mut #value = unsafe { #hidden::slots::borrow_receiver_mut::<Self>(#py, #slf) }?;
                },
                vec![quote_spanned!(located(*span)=> &mut *#value)],
            ),
            Receiver::Handle(ty) | Receiver::Class(ty) => {
                let target = match receiver {
                    Receiver::Class(_) => quote!(#krate::types::PyType),
                    _ => quote!(Self),
                };
                let handle = crate::function::types::elided(ty);
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

    /// As [`receiver`](Self::receiver), for a slot, where `slf` is an instance also if the method
    /// takes the class.
    fn slot_receiver(&self, receiver: &Receiver) -> (TokenStream, Vec<TokenStream>) {
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

    /// A marker whose name another block's method for the same slot would also have.
    fn slot_marker(&self, slot: &str, condition: &TokenStream, span: Span) -> TokenStream {
        let marker = format_ident!("__PYATOLL_SLOT_{slot}", span = span);
        quote_spanned! {located(span)=>
            #[cfg(#condition)]
            const #marker: () = ();
        }
    }
}

/// The special methods whose arguments CPython prescribes take no signature.
fn refuse_signature(method: &Method) -> syn::Result<()> {
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

/// The place of the user's tokens, for errors, with the hygiene of the macro's own names.
fn located(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// A name as a NUL-terminated literal.
fn c_name(context: &Context<'_>, name: &str) -> TokenStream {
    crate::doc::Doc::from(name.to_owned()).c_str(&context.hidden())
}

#[cfg(test)]
mod tests;
