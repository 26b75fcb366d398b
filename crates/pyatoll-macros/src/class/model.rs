//! [`ClassModel`]: a class as the expansion sees it, whether it comes from a struct, an enum or a
//! variant.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};

use super::options::ClassOptions;
use crate::doc::Doc;
use crate::krate::Krate;

/// A class, ready to be expanded.
pub(crate) struct ClassModel<'a> {
    pub(crate) krate: &'a Krate,
    /// The Rust type.
    pub(crate) ident: &'a Ident,
    /// The class's name in Python.
    pub(crate) name: String,
    pub(crate) module: Option<String>,
    pub(crate) doc: Doc,
    pub(crate) options: &'a ClassOptions,
    /// The path of the base class; `None` for `PyAny`.
    pub(crate) base: Option<TokenStream>,
    pub(crate) frozen: bool,
    pub(crate) subclass: bool,
    /// The `__qualname__`, for the class of a variant.
    pub(crate) variant: Option<String>,
    /// Expressions of type `MethodItem`.
    pub(crate) methods: Vec<TokenStream>,
    /// Expressions of type `SlotItem`.
    pub(crate) slots: Vec<TokenStream>,
    /// The functions that `methods` and `slots` refer to.
    pub(crate) functions: Vec<TokenStream>,
    /// Functions for an `impl` of the type.
    pub(crate) inherent: TokenStream,
    /// The records of its attributes and methods, for stubs, as items.
    pub(crate) records: TokenStream,
    /// The Rust type of the class that contains it.
    pub(crate) parent: Option<Ident>,
    /// The id of its record.
    pub(crate) id: String,
    /// Implementations of further traits.
    pub(crate) traits: TokenStream,
    /// Statements that describe the fields of a class with `cross_module`.
    pub(crate) cross_module_fields: TokenStream,
    /// The body of `IntoPyObject::into_pyobject`, with `self` and `py` in scope; `None` for the
    /// default one.
    pub(crate) into_object: Option<TokenStream>,
}

impl<'a> ClassModel<'a> {
    /// Creates the model of a class without methods, as its options describe it.
    pub(crate) fn new(options: &'a ClassOptions, ident: &'a Ident, name: String, doc: Doc) -> Self {
        Self {
            krate: &options.krate,
            ident,
            name,
            module: options
                .module
                .as_ref()
                .or(options.inherited_module.as_ref())
                .map(syn::LitStr::value),
            doc,
            options,
            base: options.extends.as_ref().map(ToTokens::to_token_stream),
            frozen: options.frozen.is_some(),
            subclass: options.subclass.is_some(),
            variant: None,
            methods: Vec::new(),
            slots: Vec::new(),
            functions: Vec::new(),
            inherent: TokenStream::new(),
            records: TokenStream::new(),
            parent: None,
            id: crate::inspect::unique_id(),
            traits: TokenStream::new(),
            cross_module_fields: TokenStream::new(),
            into_object: None,
        }
    }

    /// Adds a function that fills a slot.
    pub(crate) fn add_slot(&mut self, slot: &str, function: &Ident) {
        let krate = self.krate;
        let hidden = krate.hidden();
        let slot = Ident::new(slot, Span::mixed_site());
        self.slots.push(quote! {
            #hidden::class::SlotItem(#krate::ffi::PyType_Slot {
                slot: #krate::ffi::#slot,
                pfunc: #function as *const () as *mut ::core::ffi::c_void,
            })
        });
    }
}

/// Returns a `&'static CStr` literal.
pub(crate) fn c_str(text: &str, span: Span) -> syn::Result<TokenStream> {
    let text = std::ffi::CString::new(text)
        .map_err(|_| syn::Error::new(span, "a name may not contain a NUL byte"))?;
    let literal = proc_macro2::Literal::c_string(&text);
    Ok(literal.into_token_stream())
}
