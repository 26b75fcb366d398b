//! Expands functions that Python calls with a full signature: methods of instances and of the
//! class, static methods, constructors, `__init__` and `__call__`.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::context::{Context, Expanded};
use super::model::Method;
use super::role::Role;
use crate::doc::Doc;
use crate::function::body::Callee;
use crate::function::convention::Convention;
use crate::function::coroutine::AsyncResult;
use crate::function::text::text_signature;
use crate::hygiene::{hygienic, located};

/// The result type of the generated function, and the conversion from the method's result.
struct Output {
    ty: TokenStream,
    /// An expression with `py`, `slf` and `result` in scope.
    conversion: TokenStream,
}

impl Context<'_> {
    /// Returns the output of a function that returns a new reference.
    fn object_output(&self, method: &Method) -> Output {
        let krate = self.krate;
        let (_, conversion) = method.function.conversion(krate);
        Output {
            ty: quote!(*mut #krate::ffi::PyObject),
            conversion,
        }
    }

    /// Generates the function that matches the arguments, calls the method and converts the result.
    fn called_body(&self, method: &Method, convention: Convention, output: &Output) -> TokenStream {
        let krate = self.krate;
        let [py, slf, result] = ["py", "slf", "result"].map(hygienic);
        let name = method.generated("call");
        let ident = &method.ident;
        let (receiver, leading) = if convention == Convention::Slot {
            self.slot_receiver(&method.receiver)
        } else {
            self.receiver(&method.receiver)
        };
        let callee = Callee {
            convention,
            name: &method.python_name,
            class: Some(self.class),
            path: &quote!(Self::#ident),
            leading: &leading,
        };
        let parameters = convention.parameters(krate);
        let cfgs = &method.cfgs;
        let Output { ty, conversion } = output;
        let body = if method.function.asyncness.is_some() {
            let leading = self.held_receiver(&method.receiver, convention);
            method
                .function
                .coroutine(krate, &callee, leading, AsyncResult::Value)
        } else {
            let (setup, call) = method.function.call(krate, &callee);
            quote! {
                #setup
                #receiver
                let #result = #call;
                #conversion
            }
        };
        quote! {
            #(#cfgs)*
            fn #name(
                #py: #krate::Python<'_>,
                #slf: *mut #krate::ffi::PyObject,
                #parameters
            ) -> #krate::PyResult<#ty> {
                #body
            }
        }
    }
}

/// Expands an ordinary method: of instances, of the class, or static.
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
            quote!(#hidden::slots::token_of_instance::<__PyatollClass>(#slf)),
        ),
    };
    let parameters = convention.parameters(krate);
    let call = convention.trampoline(krate, &token, &slf, &quote!(<__PyatollClass>::#name));
    let entry = convention.entry_point(krate, &quote!(entry));
    let doc = docstring(method, prefix).c_str(&hidden);
    let python_name = context.c_name(&method.python_name);
    let condition = method.condition();
    Ok(Expanded {
        functions: body,
        methods: quote! {
            #[cfg(#condition)]
            #hidden::class::MethodItem::Method({
                type __PyatollClass = #class;
                unsafe extern "C" fn entry(
                    #slf: *mut #krate::ffi::PyObject,
                    #parameters
                ) -> *mut #krate::ffi::PyObject {
                    // SAFETY: CPython calls this attached, with an instance of the class (or the
                    // class itself) and the arguments of the surrounding record.
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

/// Returns the docstring of a method, with its text signature.
fn docstring(method: &Method, prefix: Option<&str>) -> Doc {
    let text = text_signature(
        method.options.text_signature.as_ref(),
        &method.function.signature,
        prefix,
    );
    let doc = method.doc.clone();
    match text {
        Some(text) => doc.with_signature(&method.python_name, &text),
        None => doc,
    }
}

/// Expands a slot that CPython calls with a tuple and a dict.
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
    let convention = Convention::Slot;
    let body = context.called_body(method, convention, output);
    let name = method.generated("call");
    let parameters = convention.parameters(krate);
    let arguments = convention.arguments();
    let slot_id = format_ident!("Py_{slot}");
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
                    type __PyatollClass = #class;
                    unsafe extern "C" fn entry(#slf: *mut #first, #parameters) -> #result {
                        // SAFETY: CPython calls this attached, with an instance of the class.
                        unsafe {
                            #hidden::call::trampoline(#token, |py| {
                                <__PyatollClass>::#name(py, #slf.cast(), #arguments)
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

/// Expands `__call__`.
pub(super) fn call(context: &Context<'_>, method: &Method) -> syn::Result<Expanded> {
    let (krate, hidden) = (context.krate, context.hidden());
    let slf = hygienic("slf");
    let output = context.object_output(method);
    let token = quote!(#hidden::slots::token_of_instance::<__PyatollClass>(#slf));
    let first = quote!(#krate::ffi::PyObject);
    Ok(slot_with_signature(
        context, method, "tp_call", &output, &token, &first,
    ))
}

/// Expands `__init__`.
pub(super) fn init(context: &Context<'_>, method: &Method) -> syn::Result<Expanded> {
    let (krate, hidden) = (context.krate, context.hidden());
    let slf = hygienic("slf");
    let span = located(method.function.output_span);
    let at_output = krate.hidden_at(span);
    let result = Ident::new("result", span);
    let output = Output {
        ty: quote!(::std::ffi::c_int),
        conversion: quote_spanned!(span=> #at_output::call::status(#result)),
    };
    let token = quote!(#hidden::slots::token_of_instance::<__PyatollClass>(#slf));
    let first = quote!(#krate::ffi::PyObject);
    Ok(slot_with_signature(
        context, method, "tp_init", &output, &token, &first,
    ))
}

/// Expands `#[new]`.
pub(super) fn constructor(context: &Context<'_>, method: &Method) -> syn::Result<Expanded> {
    let (krate, hidden) = (context.krate, context.hidden());
    let span = located(method.function.output_span);
    let at_output = krate.hidden_at(span);
    let [py, slf, result] = ["py", "slf", "result"].map(|name| Ident::new(name, span));
    let output = Output {
        ty: quote!(*mut #krate::ffi::PyObject),
        conversion: quote_spanned! {span=>
            {
                use #at_output::slots::NewObject as _;
                unsafe { #at_output::slots::New::<Self, _>::of(#result).object(#py, #slf.cast()) }
            }
        },
    };
    let condition = method.condition();
    let body = context.called_body(method, Convention::FastWithKeywords, &output);
    let marker = context.slot_marker("tp_new", &condition, method.ident.span());
    let entries = constructor_entries(context, method);
    let class = context.class;
    let (construct, new) = (method.generated("construct"), method.generated("tp_new"));
    let signature = match text_signature(
        method.options.text_signature.as_ref(),
        &method.function.signature,
        None,
    ) {
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => quote!(::core::option::Option::None),
    };
    Ok(Expanded {
        functions: quote!(#body #marker #entries),
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

/// Generates the two entry points of a constructor: the type's vectorcall, and `tp_new`.
fn constructor_entries(context: &Context<'_>, method: &Method) -> TokenStream {
    let (krate, hidden) = (context.krate, context.hidden());
    let object = quote!(*mut #krate::ffi::PyObject);
    let cfgs = &method.cfgs;
    let [call, construct, new] = ["call", "construct", "tp_new"].map(|kind| method.generated(kind));
    quote! {
        #(#cfgs)*
        unsafe extern "C" fn #construct(
            class: #object,
            args: *const #object,
            nargs: usize,
            names: #object,
        ) -> #object {
            // SAFETY: CPython or `tp_new` calls this, with the class or one that extends it.
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
        #(#cfgs)*
        unsafe extern "C" fn #new(
            class: *mut #krate::ffi::PyTypeObject,
            args: #object,
            kwargs: #object,
        ) -> #object {
            // SAFETY: CPython calls this attached, with the class or one that extends it.
            unsafe { #hidden::slots::new_from_tuple(class, args, kwargs, Self::#construct) }
        }
    }
}
