//! [`ClassModel`]: what a class comes to, whether it was a struct, an enum or a variant; and its
//! expansion into the traits the runtime asks for.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

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
    /// What it extends, as a path; `PyAny` if nothing.
    pub(crate) base: Option<TokenStream>,
    pub(crate) frozen: bool,
    pub(crate) subclass: Option<Span>,
    /// For the class of a variant, its `__qualname__`.
    pub(crate) variant: Option<String>,
    /// Expressions of type `MethodItem`.
    pub(crate) methods: Vec<TokenStream>,
    /// Expressions of type `SlotItem`.
    pub(crate) slots: Vec<TokenStream>,
    /// The functions these name.
    pub(crate) functions: Vec<TokenStream>,
    /// Functions for an `impl` of the type.
    pub(crate) inherent: TokenStream,
    /// The body of `IntoPyObject::into_pyobject`, of `self` and `py`, if not the usual one.
    pub(crate) into_object: Option<TokenStream>,
}

/// A `SlotItem` of a function.
pub(crate) fn slot_item(krate: &Krate, slot: &str, function: &Ident) -> TokenStream {
    let hidden = krate.hidden();
    let slot = Ident::new(slot, Span::mixed_site());
    quote! {
        #hidden::class::SlotItem(#krate::ffi::PyType_Slot {
            slot: #krate::ffi::#slot,
            pfunc: #function as *const () as *mut ::core::ffi::c_void,
        })
    }
}

/// A `&'static CStr` of a text from the macro.
pub(crate) fn c_str(text: &str, span: Span) -> syn::Result<TokenStream> {
    let text = std::ffi::CString::new(text)
        .map_err(|_| syn::Error::new(span, "a name may not contain a NUL byte"))?;
    let literal = proc_macro2::Literal::c_string(&text);
    Ok(literal.into_token_stream())
}

/// A doc as an expression of type `Option<&'static CStr>`.
pub(crate) fn optional_doc(hidden: &TokenStream, doc: &Doc) -> TokenStream {
    if doc.is_empty() {
        quote!(::core::option::Option::None)
    } else {
        let doc = doc.c_str(hidden);
        quote!(::core::option::Option::Some(#doc))
    }
}

impl ClassModel<'_> {
    /// Everything but the item itself.
    pub(crate) fn expand(self) -> TokenStream {
        let Self {
            krate,
            ident,
            name,
            module,
            doc,
            options,
            base,
            frozen,
            subclass,
            methods,
            slots,
            functions,
            inherent,
            variant,
            into_object,
        } = self;
        let variant = match variant {
            Some(qualname) => quote!(::core::option::Option::Some(#qualname)),
            None => quote!(::core::option::Option::None),
        };
        let hidden = krate.hidden();
        let doc = optional_doc(&hidden, &doc);
        let module = match module {
            Some(module) => quote!(::core::option::Option::Some(#module)),
            None => quote!(::core::option::Option::None),
        };
        let (frozen_type, flag) = if frozen {
            (quote!(True), quote!(NoBorrowFlag))
        } else {
            (quote!(False), quote!(BorrowFlag))
        };
        let place = |wanted: Option<Span>| {
            if wanted.is_some() {
                quote!(#hidden::class::ObjectSlot)
            } else {
                quote!(#hidden::class::NoSlot)
            }
        };
        let (dict, weak_list) = (place(options.dict), place(options.weakref));
        let thread_check = if options.unsendable.is_some() {
            quote!(#hidden::class::Unsendable)
        } else {
            quote!(#hidden::class::Sendable)
        };
        let send_sync = options.unsendable.is_none().then(|| {
            quote_spanned! { ident.span() =>
                const _: () = #hidden::class::assert_send_sync::<#ident>();
            }
        });
        let subclassable =
            subclass.map(|_| quote!(impl #hidden::class::Subclassable for #ident {}));
        let (subclass, immutable_type, mapping, sequence, generic) = (
            subclass.is_some(),
            options.immutable_type.is_some(),
            options.mapping.is_some(),
            options.sequence.is_some(),
            options.generic.is_some(),
        );
        let freelist = match &options.freelist {
            Some(limit) => limit.to_token_stream(),
            None => quote!(0),
        };
        let blocks = if cfg!(feature = "multiple-pymethods") {
            quote!(#hidden::class::blocks_of::<Self>())
        } else {
            quote! {{
                use #hidden::class::MethodsOf as _;
                #hidden::class::MethodBlocks::One(#hidden::class::ItemsOf::<Self>::new().items())
            }}
        };
        let inherent = (!inherent.is_empty()).then(|| {
            let lints = crate::function::lints();
            quote! {
                #lints
                #[doc(hidden)]
                impl #ident {
                    #inherent
                }
            }
        });
        let into_object = (base.is_none() || into_object.is_some()).then(|| {
            let body =
                into_object.unwrap_or_else(|| quote!(#hidden::class::value_into_object(py, self)));
            quote! {
                #[automatically_derived]
                impl<'py> #krate::IntoPyObject<'py> for #ident {
                    type Target = Self;
                    type Output = #krate::Bound<'py, Self>;
                    type Error = #krate::PyErr;

                    fn into_pyobject(
                        self,
                        py: #krate::Python<'py>,
                    ) -> ::core::result::Result<Self::Output, Self::Error> {
                        #body
                    }
                }
            }
        });
        let base = base.unwrap_or_else(|| quote!(#krate::PyAny));
        let from_object = options.from_py_object.map(|span| {
            let clone = quote_spanned!(span => #hidden::class::clone_value::<#ident>(object));
            quote! {
                impl<'a, 'py> #krate::FromPyObject<'a, 'py> for #ident {
                    type Error = #krate::PyErr;

                    fn extract(
                        object: #krate::Borrowed<'a, 'py, #krate::PyAny>,
                    ) -> ::core::result::Result<Self, Self::Error> {
                        #clone
                    }
                }
            }
        });
        quote! {
            const _: () = {
                #(#functions)*

                #inherent

                static STATICS: #hidden::class::ClassStatics =
                    #hidden::class::ClassStatics::of::<#ident>();

                #send_sync

                #[automatically_derived]
                impl #krate::PyClass for #ident {
                    const NAME: &'static str = #name;
                    type Frozen = #krate::pyclass::boolean_struct::#frozen_type;
                }

                #[automatically_derived]
                impl #krate::DerefToPyAny for #ident {}

                #subclassable

                // SAFETY: the runtime makes the type, for this class alone.
                #[automatically_derived]
                unsafe impl #krate::PyTypeInfo for #ident {
                    #[inline]
                    fn type_object_raw(py: #krate::Python<'_>) -> *mut #krate::ffi::PyTypeObject {
                        #hidden::class::type_object_raw::<Self>(py)
                    }

                    #[inline]
                    fn is_type_of(object: &#krate::Bound<'_, #krate::PyAny>) -> bool {
                        #hidden::class::is_instance::<Self>(object)
                    }
                }

                // SAFETY: the statics are this class's own, and it has a borrow flag unless it is
                // frozen.
                #[automatically_derived]
                unsafe impl #hidden::class::ClassImpl for #ident {
                    type BaseType = #base;
                    type BorrowFlag = #hidden::class::#flag;
                    type ThreadCheck = #thread_check;
                    type Dict = #dict;
                    type WeakList = #weak_list;
                    const OPTIONS: #hidden::class::SpecOptions = #hidden::class::SpecOptions {
                        subclass: #subclass,
                        immutable_type: #immutable_type,
                        mapping: #mapping,
                        sequence: #sequence,
                        generic: #generic,
                        freelist: #freelist,
                        variant: #variant,
                    };
                    const MODULE: ::core::option::Option<&'static str> = #module;
                    const DOC: ::core::option::Option<&'static ::core::ffi::CStr> = #doc;

                    const ITEMS: &'static #hidden::class::ClassItems =
                        &#hidden::class::ClassItems {
                            methods: &[#(#methods),*],
                            slots: &[#(#slots),*],
                        };

                    fn methods() -> #hidden::class::MethodBlocks {
                        #blocks
                    }

                    #[inline]
                    fn statics() -> &'static #hidden::class::ClassStatics {
                        &STATICS
                    }
                }

                #into_object

                #from_object
            };
        }
    }
}
