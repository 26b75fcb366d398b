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
                    let #value = unsafe { #hidden::slots::shared::<Self>(#py, #slf) }?;
                },
                vec![quote_spanned!(located(*span)=> &*#value)],
            ),
            Receiver::Mutable(span) => (
                quote_spanned! {located(*span)=>
                    let mut #value = unsafe { #hidden::slots::locked::<Self>(#py, #slf) }?;
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
    let hidden = context.hidden();
    let name = format!("{name}\0");
    quote!(#hidden::call::c_text(#name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages of what the block's expansion refuses.
    fn refused(items: TokenStream) -> String {
        refused_block(quote!(impl Class { #items }))
    }

    fn refused_block(block: TokenStream) -> String {
        match pymethods(TokenStream::new(), block) {
            Ok(expansion) => expansion.to_string(),
            Err(error) => error.to_compile_error().to_string(),
        }
    }

    #[test]
    fn what_cannot_be_a_block_is_refused() {
        assert!(refused_block(quote!(impl Trait for Class {})).contains("trait impl blocks"));
        assert!(
            refused_block(quote!(
                impl<T> Class<T> {}
            ))
            .contains("lifetime parameters or generics")
        );
        assert!(refused(quote!(some_macro!();)).contains("macros cannot be used as items"));
    }

    #[test]
    fn what_cannot_be_a_method_is_refused() {
        for (item, message) in [
            (
                quote!(
                    fn f() {}
                ),
                "static method needs #[staticmethod] attribute",
            ),
            (
                quote!(
                    fn f(self) {}
                ),
                "unexpected receiver",
            ),
            (
                quote!(
                    #[staticmethod]
                    fn f(&self) {}
                ),
                "unexpected receiver",
            ),
            (
                quote!(
                    #[new]
                    fn f(&self) {}
                ),
                "unexpected receiver",
            ),
            (
                quote!(
                    #[classmethod]
                    fn f() {}
                ),
                "Expected `&Bound<PyType>` or `Py<PyType>` as the first argument to `#[classmethod]`",
            ),
            (
                quote!(
                    #[getter]
                    #[setter]
                    fn f(&self) {}
                ),
                "`#[getter]` may not be combined with `#[setter]`",
            ),
            (
                quote!(
                    #[staticmethod(x)]
                    fn f() {}
                ),
                "`#[staticmethod]` does not take any arguments",
            ),
            (
                quote!(
                    #[new]
                    #[pyo3(name = "other")]
                    fn f() -> Self {
                        Self
                    }
                ),
                "`name` not allowed with `#[new]`",
            ),
            (
                quote!(
                    #[pyo3(pass_module)]
                    fn f(&self) {}
                ),
                "`pass_module` cannot be used on Python methods",
            ),
            (
                quote!(
                    #[pyfunction]
                    fn f(&self) {}
                ),
                "functions inside #[pymethods] do not need to be annotated with #[pyfunction]",
            ),
            (
                quote!(
                    fn f<T>(&self, x: T) {}
                ),
                "Python functions cannot have generic type parameters",
            ),
        ] {
            let refused = refused(item);
            assert!(refused.contains(message), "{refused}");
        }
    }

    #[test]
    fn what_cannot_be_an_attribute_is_refused() {
        for (item, message) in [
            (
                quote!(
                    #[getter]
                    fn f(&self, x: i32) {}
                ),
                "getter function can only have one argument (of type pyo3::Python)",
            ),
            (
                quote!(
                    #[setter]
                    fn f(&mut self) {}
                ),
                "setter function expected to have one argument",
            ),
            (
                quote!(
                    #[setter]
                    fn f(&mut self, x: i32, y: i32) {}
                ),
                "setter function can have at most two arguments ([pyo3::Python,] and value)",
            ),
            (
                quote!(
                    #[deleter]
                    fn f(&mut self, x: i32) {}
                ),
                "deleter function can have at most one argument ([pyo3::Python,])",
            ),
            (
                quote!(
                    #[getter]
                    fn f() {}
                ),
                "expected receiver for `#[getter]`",
            ),
            (
                quote!(
                    #[getter = "x"]
                    fn f(&self) {}
                ),
                "expected `#[getter(name)]` to set the name",
            ),
            (
                quote!(
                    #[getter(1)]
                    fn f(&self) {}
                ),
                "expected ident or string literal for property name",
            ),
            (
                quote!(
                    #[getter(a)]
                    #[pyo3(name = "b")]
                    fn f(&self) {}
                ),
                "`name` may only be specified once",
            ),
            (
                quote!(
                    #[getter]
                    #[pyo3(signature = ())]
                    fn f(&self) {}
                ),
                "`signature` not allowed with `getter`",
            ),
            (
                quote!(
                    #[classattr]
                    fn f(x: i32) -> i32 {
                        x
                    }
                ),
                "#[classattr] can only have one argument (of type pyo3::Python)",
            ),
            (
                quote!(
                    #[classattr]
                    #[pyo3(warn(message = "x"))]
                    fn f() -> i32 {
                        1
                    }
                ),
                "#[classattr] cannot be used with #[pyo3(warn)]",
            ),
            (
                quote!(
                    #[staticmethod]
                    const X: i32 = 1;
                ),
                "a constant can only be a `#[classattr]`",
            ),
        ] {
            let refused = refused(item);
            assert!(refused.contains(message), "{refused}");
        }
    }

    #[test]
    fn what_cannot_be_a_special_method_is_refused() {
        for (item, message) in [
            (
                quote!(
                    fn __add__(&self) -> i32 {
                        1
                    }
                ),
                "Expected 1 arguments, got 0",
            ),
            (
                quote!(
                    fn __neg__(&self, x: i32) -> i32 {
                        x
                    }
                ),
                "Expected at most 0 non-python arguments",
            ),
            (
                quote!(
                    #[pyo3(signature = (x))]
                    fn __add__(&self, x: i32) -> i32 {
                        x
                    }
                ),
                "`signature` cannot be used with magic method `__add__`",
            ),
            (
                quote!(
                    fn __getbuffer__(&self, view: *mut Py_buffer, flags: c_int) {}
                ),
                "`__getbuffer__` must be `unsafe fn`",
            ),
            (
                quote!(
                    fn __traverse__(slf: PyRef<Self>, visit: PyVisit) {}
                ),
                "__traverse__ may not take a receiver other than `&self`",
            ),
            (
                quote!(
                    fn __traverse__(&self, py: Python<'_>, visit: PyVisit) {}
                ),
                "__traverse__ may not take a `Python` token",
            ),
            (
                quote!(
                    fn __clear__(&mut self, x: i32) {}
                ),
                "`__clear__` function expected to have no arguments",
            ),
            (
                quote!(
                    fn __contains__(&self, #[pyo3(from_py_with = f)] x: i32, y: i32) {}
                ),
                "Expected at most 1 non-python arguments",
            ),
            (
                quote!(
                    fn __repeat__(&self, #[pyo3(from_py_with = f)] count: usize) {}
                ),
                "`from_py_with` cannot be used here",
            ),
        ] {
            let refused = refused(item);
            assert!(refused.contains(message), "{refused}");
        }
    }
}
