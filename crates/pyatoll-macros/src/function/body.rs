//! The code of a function that Python calls: match the arguments, convert each, call, convert the
//! result.
//!
//! It uses hygienic names: `py`, and the parameters that [`Convention::parameters`] declares.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Type;

use super::convention::{Convention, names};
use super::extract::{Extraction, extract, or_return};
use super::model::FunctionModel;
use super::scalars::Run;
use crate::hygiene::{hygienic, located};
use crate::krate::Krate;

/// The function that the generated code calls, and its calling convention.
pub(crate) struct Callee<'a> {
    pub(crate) convention: Convention,
    /// The function's Python name, for error messages.
    pub(crate) name: &'a str,
    /// The class, for its name in error messages.
    pub(crate) class: Option<&'a Type>,
    /// The path of the Rust function.
    pub(crate) path: &'a TokenStream,
    /// The leading argument, if the model has one: an expression that may use `?`.
    pub(crate) leading: &'a [TokenStream],
}

impl FunctionModel {
    /// Returns the fastest convention for the function.
    pub(crate) fn convention(&self) -> Convention {
        Convention::of(&self.signature)
    }

    /// Returns the function's body, an expression of type `PyResult<*mut PyObject>`.
    ///
    /// `py` (see [`hygienic`]) and the parameters of the convention must be in scope.
    pub(crate) fn body(&self, krate: &Krate, callee: &Callee<'_>) -> TokenStream {
        let (setup, call) = self.call(krate, callee);
        let (result, convert) = self.conversion(krate);
        quote! {
            #setup
            let #result = #call;
            #convert
        }
    }

    /// Returns the variable of the result, and the expression that converts it to a new reference,
    /// with `py` in scope. Both are at the return type, where errors belong.
    pub(crate) fn conversion(&self, krate: &Krate) -> (Ident, TokenStream) {
        let span = located(self.output_span);
        let hidden = krate.hidden_at(span);
        let [py, result] = ["py", "result"].map(|name| Ident::new(name, span));
        let convert = quote_spanned! {span=>
            {
                use #hidden::call::ReturnedValue as _;
                #hidden::call::Returned(#result).into_object(#py)
            }
        };
        (result, convert)
    }

    /// Returns the statements that prepare the arguments, and the call itself.
    pub(crate) fn call(&self, krate: &Krate, callee: &Callee<'_>) -> (TokenStream, TokenStream) {
        let py = hygienic("py");
        let mut setup = self.matching_and_warnings(krate, callee);
        let mut leading: Vec<TokenStream> = Vec::new();
        if self.token_first {
            leading.push(quote!(#py));
        }
        leading.extend(callee.leading.iter().cloned());
        let mut arguments: Vec<TokenStream> = Vec::new();
        for (number, argument) in self.arguments.iter().enumerate() {
            if !argument.is_parameter() {
                arguments.push(quote!(#py));
                continue;
            }
            let Extraction {
                declarations,
                value,
            } = extract(krate, &self.signature, number, argument);
            setup.extend(declarations);
            arguments.push(value);
        }
        let path = callee.path;
        let call = |arguments: &[TokenStream]| {
            let arguments = leading.iter().chain(arguments);
            if self.is_unsafe {
                // SAFETY: upheld by the author, who exports an `unsafe fn` to Python.
                quote!(unsafe { #path(#(#arguments),*) })
            } else {
                quote!(#path(#(#arguments),*))
            }
        };
        let runs = Run::all(&self.signature, &self.arguments);
        if runs.is_empty() {
            return (setup, call(&arguments));
        }
        // Unoptimized, a conversion per argument is smaller.
        let one_by_one = call(&arguments);
        let mut declarations = TokenStream::new();
        for run in &runs {
            declarations.extend(run.declarations());
            arguments.splice(run.range(), run.values(krate, &self.signature));
        }
        let together = call(&arguments);
        let call = quote! {{
            #[cfg(debug_assertions)]
            {
                #one_by_one
            }
            #[cfg(not(debug_assertions))]
            {
                #declarations
                #together
            }
        }};
        (setup, call)
    }

    /// Returns the statements that fill `values` and issue the warnings, in PyO3's order: after
    /// matching, except for `__new__` and `__init__`.
    pub(super) fn matching_and_warnings(&self, krate: &Krate, callee: &Callee<'_>) -> TokenStream {
        let py = hygienic("py");
        let warnings = self.warnings.iter().map(|warn| warn.statement(krate, &py));
        let matching = self.matching(krate, callee);
        if matches!(callee.name, "__new__" | "__init__") {
            quote!(#(#warnings)* #matching)
        } else {
            quote!(#matching #(#warnings)*)
        }
    }

    /// Returns the statements that fill `values`, with one pointer per parameter slot.
    fn matching(&self, krate: &Krate, callee: &Callee<'_>) -> TokenStream {
        let hidden = krate.hidden();
        let [one, args, nargs, kwnames, kwargs] = names();
        let [py, values, storage, signature] =
            ["py", "values", "storage", "signature"].map(hygienic);
        let slots = self.signature.slot_count();
        let record = self.signature.record(krate, callee.class, callee.name);
        let declare = quote!(let #signature = const { #record };);
        let names = if callee.convention == Convention::Fast {
            quote!(::core::ptr::null_mut())
        } else {
            quote!(#kwnames)
        };
        // Matching that creates the tuple of `*args` or the dict of `**kwargs`, or reads from both.
        let with_temporaries = |function: &str, arguments: &TokenStream| {
            let function = format_ident!("{function}");
            let temporaries = hygienic("temporaries");
            let matched = or_return(
                Span::mixed_site(),
                &quote! {
                    unsafe {
                        #signature.#function(#py, #arguments, &mut #storage, &mut #temporaries)
                    }
                },
            );
            quote! {
                #declare
                let mut #storage: [*mut #krate::ffi::PyObject; #slots] =
                    [::core::ptr::null_mut(); #slots];
                let mut #temporaries = #hidden::call::Temporaries::default();
                let () = #matched;
                let #values = &#storage;
            }
        };
        match callee.convention {
            Convention::NoArguments => TokenStream::new(),
            Convention::OneArgument => quote!(let #values = &[#one];),
            Convention::VarArgsKeywords => quote! {
                let #values = &[#args, unsafe { #hidden::call::keywords_or_none(#kwargs) }];
            },
            Convention::Fast | Convention::FastWithKeywords if self.signature.is_variadic() => {
                with_temporaries("match_fast_variadic", &quote!(#args, #nargs, #names))
            }
            Convention::Fast | Convention::FastWithKeywords => {
                let matched = or_return(
                    Span::mixed_site(),
                    &quote! {
                        unsafe { #signature.match_fast(#py, #args, #nargs, #names, &mut #storage) }
                    },
                );
                quote! {
                    #declare
                    let mut #storage = ::core::mem::MaybeUninit::uninit();
                    let #values: &[_; #slots] = #matched;
                }
            }
            Convention::Slot => with_temporaries("match_tuple_dict", &quote!(#args, #kwargs)),
        }
    }
}
