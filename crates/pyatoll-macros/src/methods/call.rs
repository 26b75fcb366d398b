//! Expands what Python calls with a full signature: methods of instances and of the class, static
//! methods, constructors, `__init__` and `__call__`.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};

use super::model::{Method, Role};
use super::{Context, Expanded, c_name, located};
use crate::function::body::Convention;
use crate::function::text::text_signature;
use crate::krate::hygienic;

/// What the generated function returns, and how it makes that of the method's result.
struct Output {
    ty: TokenStream,
    /// With `py`, `slf` and `result` in scope.
    conversion: TokenStream,
}

impl Context<'_> {
    /// A new reference.
    fn object_output(&self, method: &Method) -> Output {
        let (krate, hidden) = (self.krate, self.hidden());
        let py = hygienic("py");
        let span = located(method.function.output_span);
        let result = Ident::new("result", span);
        Output {
            ty: quote!(*mut #krate::ffi::PyObject),
            conversion: quote_spanned!(span=> #hidden::call::return_value(#py, #result)),
        }
    }

    /// The generated function that matches the arguments, calls the method and converts the result.
    fn called_body(&self, method: &Method, convention: Convention, output: &Output) -> TokenStream {
        let krate = self.krate;
        let [py, slf, result] = ["py", "slf", "result"].map(hygienic);
        let name = method.generated("call");
        let ident = &method.ident;
        let is_slot = convention == Convention::TupleDict && method.role != Role::New;
        let (receiver, leading) = if is_slot {
            self.slot_receiver(&method.receiver)
        } else {
            self.receiver(&method.receiver)
        };
        let (setup, call) = method.function.call(
            krate,
            convention,
            &method.python_name,
            Some(&self.class_name()),
            &quote!(Self::#ident),
            &leading,
        );
        let parameters = convention.parameters(krate);
        let cfg = &method.cfg;
        let Output { ty, conversion } = output;
        quote! {
            #(#cfg)*
            fn #name(
                #py: #krate::Python<'_>,
                #slf: *mut #krate::ffi::PyObject,
                #parameters
            ) -> #krate::PyResult<#ty> {
                #setup
                #receiver
                let #result = #call;
                #conversion
            }
        }
    }

    /// The class's name for messages about wrong calls.
    fn class_name(&self) -> String {
        match self.class {
            syn::Type::Path(path) => path.path.segments.last().map_or_else(String::new, |last| {
                crate::attributes::python_name(&last.ident)
            }),
            _ => String::new(),
        }
    }
}

/// An ordinary method: of instances, of the class, or static.
pub(super) fn method(context: &Context<'_>, method: &Method) -> syn::Result<Expanded> {
    let (krate, hidden) = (context.krate, context.hidden());
    let class = context.class;
    let slf = hygienic("slf");
    let convention = method.function.convention();
    let body = context.called_body(method, convention, &context.object_output(method));
    let name = method.generated("call");
    let (flags, prefix, token) = match method.role {
        Role::Class => (
            quote!(#krate::ffi::METH_CLASS),
            Some("$cls"),
            quote!(#hidden::call::token_of_call()),
        ),
        Role::Static => (
            quote!(#krate::ffi::METH_STATIC),
            None,
            quote!(#hidden::call::token_of_call()),
        ),
        _ => (
            quote!(0),
            Some("$self"),
            quote!(#hidden::slots::token_of_instance::<Class>(#slf)),
        ),
    };
    let parameters = convention.parameters(krate);
    let call = convention.trampoline(krate, &token, &slf, &quote!(<Class>::#name));
    let entry = convention.entry_point(krate, &quote!(entry));
    let text = text_signature(
        method.options.text_signature.as_ref(),
        &method.function.signature,
        prefix,
    );
    let doc = match text {
        Some(text) => method
            .doc
            .clone()
            .with_signature(&method.python_name, &text),
        None => method.doc.clone(),
    };
    let doc = doc.c_str(&hidden);
    let python_name = c_name(context, &method.python_name);
    let condition = method.condition();
    Ok(Expanded {
        functions: body,
        methods: quote! {
            #[cfg(#condition)]
            #hidden::class::MethodItem::Method({
                type Class = #class;
                unsafe extern "C" fn entry(
                    #slf: *mut #krate::ffi::PyObject,
                    #parameters
                ) -> *mut #krate::ffi::PyObject {
                    // SAFETY: CPython calls this attached, with an instance of the class (or the
                    // class itself) and the arguments that go with the record around this.
                    unsafe { #call }
                }
                #hidden::call::method_definition(
                    #python_name,
                    #doc,
                    #entry,
                    #flags,
                )
            }),
        },
        ..Expanded::default()
    })
}

/// A slot that CPython calls with a tuple and a dict.
fn slot_with_signature(
    context: &Context<'_>,
    method: &Method,
    slot: &str,
    output: &Output,
    token: &TokenStream,
    first: &TokenStream,
) -> Expanded {
    let (krate, hidden) = (context.krate, context.hidden());
    let class = context.class;
    let slf = hygienic("slf");
    let convention = Convention::TupleDict;
    let body = context.called_body(method, convention, output);
    let name = method.generated("call");
    let parameters = convention.parameters(krate);
    let arguments = convention.arguments();
    let slot_id = quote::format_ident!("Py_{slot}");
    let condition = method.condition();
    let marker = context.slot_marker(slot, &condition, method.ident.span());
    let result = &output.ty;
    Expanded {
        functions: quote!(#body #marker),
        slots: quote! {
            #[cfg(#condition)]
            #hidden::class::SlotItem(#krate::ffi::PyType_Slot {
                slot: #krate::ffi::#slot_id,
                pfunc: {
                    type Class = #class;
                    unsafe extern "C" fn entry(#slf: *mut #first, #parameters) -> #result {
                        // SAFETY: CPython calls this attached, for the class this slot is of.
                        unsafe {
                            #hidden::call::trampoline(#token, |py| {
                                <Class>::#name(py, #slf.cast(), #arguments)
                            })
                        }
                    }
                    entry as *mut ::std::ffi::c_void
                },
            }),
        },
        ..Expanded::default()
    }
}

/// `__call__`.
pub(super) fn call(context: &Context<'_>, method: &Method) -> syn::Result<Expanded> {
    let (krate, hidden) = (context.krate, context.hidden());
    let slf = hygienic("slf");
    let output = context.object_output(method);
    let token = quote!(#hidden::slots::token_of_instance::<Class>(#slf));
    let first = quote!(#krate::ffi::PyObject);
    Ok(slot_with_signature(
        context, method, "tp_call", &output, &token, &first,
    ))
}

/// `__init__`.
pub(super) fn init(context: &Context<'_>, method: &Method) -> syn::Result<Expanded> {
    let (krate, hidden) = (context.krate, context.hidden());
    let [py, slf] = ["py", "slf"].map(hygienic);
    let span = located(method.function.output_span);
    let result = Ident::new("result", span);
    let output = Output {
        ty: quote!(::std::ffi::c_int),
        conversion: quote_spanned! {span=>
            {
                let () = #hidden::call::IntoOutput::<()>::into_output(#result, #py)?;
                ::core::result::Result::Ok(0)
            }
        },
    };
    let token = quote!(#hidden::slots::token_of_instance::<Class>(#slf));
    let first = quote!(#krate::ffi::PyObject);
    Ok(slot_with_signature(
        context, method, "tp_init", &output, &token, &first,
    ))
}

/// `#[new]`.
pub(super) fn constructor(context: &Context<'_>, method: &Method) -> syn::Result<Expanded> {
    let (krate, hidden) = (context.krate, context.hidden());
    let [py, slf] = ["py", "slf"].map(hygienic);
    let span = located(method.function.output_span);
    let result = Ident::new("result", span);
    let output = Output {
        ty: quote!(*mut #krate::ffi::PyObject),
        conversion: quote_spanned! {span=>
            {
                use #hidden::slots::NewObject as _;
                unsafe { #hidden::slots::New::<Self, _>::of(#result).object(#py, #slf.cast()) }
            }
        },
    };
    let condition = method.condition();
    let convention = Convention::FastWithKeywords;
    let body = context.called_body(method, convention, &output);
    let call = method.generated("call");
    let marker = context.slot_marker("tp_new", &condition, method.ident.span());
    let class = context.class;
    let cfg = &method.cfg;
    let (construct, new) = (method.generated("construct"), method.generated("tp_new"));
    let parameters = [
        quote!(*const *mut #krate::ffi::PyObject),
        quote!(*mut #krate::ffi::PyObject),
    ];
    let [array, object] = &parameters;
    let signature = match text_signature(
        method.options.text_signature.as_ref(),
        &method.function.signature,
        None,
    ) {
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => quote!(::core::option::Option::None),
    };
    Ok(Expanded {
        functions: quote! {
            #body
            #marker
            #(#cfg)*
            unsafe extern "C" fn #construct(
                class: #object,
                args: #array,
                nargs: usize,
                names: #object,
            ) -> #object {
                // SAFETY: CPython calls this with the type it was put into, or `tp_new` does.
                unsafe {
                    #hidden::slots::construct_call(
                        Self::#new,
                        class,
                        args,
                        nargs,
                        names,
                        Self::#call,
                    )
                }
            }
            #(#cfg)*
            unsafe extern "C" fn #new(
                class: *mut #krate::ffi::PyTypeObject,
                args: #object,
                kwargs: #object,
            ) -> #object {
                // SAFETY: CPython calls this attached, with the class or one that derives from it.
                unsafe { #hidden::slots::new_from_tuple(class, args, kwargs, Self::#construct) }
            }
        },
        methods: quote! {
            #[cfg(#condition)]
            #hidden::class::MethodItem::Constructor {
                function: <#class>::#construct,
                new: <#class>::#new,
                signature: #signature,
            },
        },
        ..Expanded::default()
    })
}
