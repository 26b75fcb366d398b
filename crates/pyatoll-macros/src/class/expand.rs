//! Expands a [`ClassModel`] into the traits that the runtime requires.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use super::model::ClassModel;
use super::record;
use crate::lints::lints;

impl ClassModel<'_> {
    /// Generates everything but the item itself.
    pub(crate) fn expand(&self) -> TokenStream {
        let Self {
            krate,
            ident,
            name,
            functions,
            ..
        } = self;
        let hidden = krate.hidden();
        let inherent = self.impl_inherent();
        let is_checked = self.options.unsendable.is_none() && self.options.shareable.is_none();
        let send_sync = is_checked.then(|| {
            let hidden = krate.hidden_at(ident.span());
            quote_spanned! { ident.span() =>
                const _: fn() = {
                    use #hidden::class::SyncFirst as _;
                    #hidden::class::SendAndSync::<#ident>::assert
                };
            }
        });
        let frozen = if self.frozen {
            quote!(True)
        } else {
            quote!(False)
        };
        let subclassable = self
            .subclass
            .then(|| quote!(impl #hidden::class::Subclassable for #ident {}));
        let class_impl = self.impl_class_impl();
        let into_object = self.impl_into_py_object();
        let from_object = self.impl_from_py_object();
        let traits = &self.traits;
        let type_hint = self.type_hint();
        let (record, records) = (self.record(), &self.records);
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
                    type Frozen = #krate::pyclass::boolean_struct::#frozen;
                }

                #[automatically_derived]
                impl #krate::types::DerefToPyAny for #ident {}

                #subclassable

                // SAFETY: the type object is the one that the runtime creates for this class alone.
                #[automatically_derived]
                unsafe impl #krate::PyTypeInfo for #ident {
                    #type_hint

                    #[inline]
                    fn type_object_raw(py: #krate::Python<'_>) -> *mut #krate::ffi::PyTypeObject {
                        #hidden::class::type_object_raw::<Self>(py)
                    }

                    #[inline]
                    fn is_type_of(object: &#krate::Bound<'_, #krate::PyAny>) -> bool {
                        #hidden::class::is_instance::<Self>(object)
                    }
                }

                #class_impl

                #into_object

                #from_object

                #traits

                #record
                #records
            };
        }
    }

    /// Generates the `impl` with the functions of constructors.
    fn impl_inherent(&self) -> Option<TokenStream> {
        let Self {
            ident, inherent, ..
        } = self;
        (!inherent.is_empty()).then(|| {
            let lints = lints();
            quote! {
                #lints
                #[doc(hidden)]
                impl #ident {
                    #inherent
                }
            }
        })
    }

    /// Generates `ClassImpl`: the static description of the class.
    fn impl_class_impl(&self) -> TokenStream {
        let Self {
            krate,
            ident,
            options,
            methods,
            slots,
            ..
        } = self;
        let hidden = krate.hidden();
        let base = match &self.base {
            Some(base) => base.clone(),
            None => quote!(#krate::PyAny),
        };
        let flag = if self.frozen {
            quote!(NoBorrowFlag)
        } else {
            quote!(BorrowFlag)
        };
        let thread_check = if options.unsendable.is_some() {
            quote!(Unsendable)
        } else {
            quote!(Sendable)
        };
        let object_slot = |option: Option<Span>| {
            if option.is_some() {
                quote!(ObjectSlot)
            } else {
                quote!(NoSlot)
            }
        };
        let (dict, weak_list) = (object_slot(options.dict), object_slot(options.weakref));
        let (storage, share) = self.storage();
        let class_options = self.class_options();
        let module = optional_str(self.module.as_deref());
        let doc = self.doc.optional_c_str(&hidden);
        let blocks = if cfg!(feature = "multiple-pymethods") {
            quote!(#hidden::class::blocks_of::<Self>())
        } else {
            quote! {{
                use #hidden::class::OnlyOneBlockWithoutFeatureMultiplePymethods as _;
                #hidden::class::MethodBlocks::One(#hidden::class::ItemsOf::<Self>::new().items())
            }}
        };
        quote! {
            // SAFETY: the statics are this class's own, and it has a borrow flag unless it is
            // frozen.
            #[automatically_derived]
            unsafe impl #hidden::class::ClassImpl for #ident {
                type BaseType = #base;
                type BorrowFlag = #hidden::class::#flag;
                type ThreadCheck = #hidden::class::#thread_check;
                type Dict = #hidden::class::#dict;
                type WeakList = #hidden::class::#weak_list;
                type Storage = #storage;
                const SHARE: ::core::option::Option<&'static #hidden::class::ShareFunctions> =
                    #share;
                const OPTIONS: #hidden::class::SpecOptions = #class_options;
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
        }
    }

    /// Generates the runtime's `ClassOptions`.
    fn class_options(&self) -> TokenStream {
        let hidden = self.krate.hidden();
        let options = self.options;
        let subclass = self.subclass;
        let (immutable_type, mapping, sequence, generic) = (
            options.immutable_type.is_some(),
            options.mapping.is_some(),
            options.sequence.is_some(),
            options.generic.is_some(),
        );
        let freelist = match &options.freelist {
            Some(limit) => limit.to_token_stream(),
            None => quote!(0),
        };
        let inherits_module = options.inherited_module.is_some();
        let atomic_buffer = options.atomic_buffer.is_some();
        let cross_module = self.cross_module();
        let variant = optional_str(self.variant.as_deref());
        let python = self.python_classes();
        quote! {
            #hidden::class::SpecOptions {
                subclass: #subclass,
                immutable_type: #immutable_type,
                mapping: #mapping,
                sequence: #sequence,
                generic: #generic,
                freelist: #freelist,
                inherits_module: #inherits_module,
                atomic_buffer: #atomic_buffer,
                cross_module: #cross_module,
                variant: #variant,
                python: #python,
            }
        }
    }

    /// Generates the runtime's `Option<&'static PythonClasses>`.
    fn python_classes(&self) -> TokenStream {
        let hidden = self.krate.hidden();
        let options = self.options;
        if options.bases.is_none() && options.metaclass.is_none() {
            return quote!(::core::option::Option::None);
        }
        let bases = options.bases.iter().flatten();
        let metaclass = match &options.metaclass {
            Some(name) => quote!(::core::option::Option::Some(#name)),
            None => quote!(::core::option::Option::None),
        };
        quote! {
            ::core::option::Option::Some(&#hidden::class::PythonClasses {
                bases: &[#(#bases),*],
                metaclass: #metaclass,
            })
        }
    }

    /// Generates `IntoPyObject`. A class with a base has none by default: creating an instance
    /// takes a value of the base, too.
    fn impl_into_py_object(&self) -> Option<TokenStream> {
        let Self { krate, ident, .. } = self;
        let hidden = krate.hidden();
        let body = match (&self.into_object, &self.base) {
            (Some(body), _) => body.clone(),
            (None, None) => quote!(#hidden::class::value_into_object(py, self)),
            (None, Some(_)) => return None,
        };
        let output_type = record::conversion_hint(krate, "OUTPUT_TYPE");
        Some(quote! {
            #[automatically_derived]
            impl<'py> #krate::IntoPyObject<'py> for #ident {
                type Target = Self;
                type Output = #krate::Bound<'py, Self>;
                type Error = #krate::PyErr;
                #output_type

                fn into_pyobject(
                    self,
                    py: #krate::Python<'py>,
                ) -> ::core::result::Result<Self::Output, Self::Error> {
                    #body
                }
            }
        })
    }

    /// Generates `FromPyObject`, for `from_py_object`.
    fn impl_from_py_object(&self) -> Option<TokenStream> {
        let Self { krate, ident, .. } = self;
        let hidden = krate.hidden();
        let span = self.options.from_py_object?;
        let clone = quote_spanned!(span => #hidden::class::clone_value::<#ident>(object));
        let input_type = record::conversion_hint(krate, "INPUT_TYPE");
        Some(quote! {
            impl<'a, 'py> #krate::FromPyObject<'a, 'py> for #ident {
                type Error = #krate::PyErr;
                #input_type

                fn extract(
                    object: #krate::Borrowed<'a, 'py, #krate::PyAny>,
                ) -> ::core::result::Result<Self, Self::Error> {
                    #clone
                }
            }
        })
    }
}

/// Returns an expression of type `Option<&'static str>`.
fn optional_str(text: Option<&str>) -> TokenStream {
    match text {
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => quote!(::core::option::Option::None),
    }
}
