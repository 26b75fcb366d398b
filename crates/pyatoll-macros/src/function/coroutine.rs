//! The code of an `async fn` that Python calls: match the arguments, and create a coroutine whose
//! future owns them, converts each, calls, awaits and converts the result.
//!
//! Arguments are converted in the future, since borrows (`&self`, `&str`) must be kept in it.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::argument::ArgumentKind;
use super::body::Callee;
use super::convention::Convention;
use super::extract::Extraction;
use super::held::extract_held;
use super::model::FunctionModel;
use crate::hygiene::{hygienic, located};
use crate::krate::Krate;

/// The leading argument of an `async fn`: the receiver, or the module.
pub(crate) struct HeldLeading {
    /// Statements of the call, which put what the argument is created from into a handle.
    pub(crate) setup: TokenStream,
    /// Statements of the future; the value may borrow from what they declare.
    pub(crate) declarations: TokenStream,
    /// An expression of the argument, which may use `?`.
    pub(crate) value: TokenStream,
}

/// What the value of the future means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AsyncResult {
    /// The value that the caller awaits.
    Value,
    /// The next item of an asynchronous iteration, or its end.
    Next,
}

impl FunctionModel {
    /// Returns the body of an `async fn`, an expression of type `PyResult<*mut PyObject>`.
    ///
    /// `py` (see [`hygienic`]) and the parameters of the convention must be in scope.
    pub(crate) fn coroutine(
        &self,
        krate: &Krate,
        callee: &Callee<'_>,
        leading: Option<HeldLeading>,
        kind: AsyncResult,
    ) -> TokenStream {
        let hidden = krate.hidden();
        let [py, token] = ["py", "token"].map(hygienic);
        let matching = self.matching_and_warnings(krate, callee);
        let own = self.own(krate, callee);
        let (cancel_handle, throw_callback) = self.cancel_handle(krate);
        let name = callee.name;
        let class = match callee.class {
            Some(_) => quote!(::core::option::Option::Some(<Self as #krate::PyClass>::NAME)),
            None => quote!(::core::option::Option::None),
        };
        let (setup, declarations, values) = match leading {
            Some(leading) => (leading.setup, leading.declarations, vec![leading.value]),
            None => Default::default(),
        };
        let future = self.future(krate, callee, declarations, values, kind);
        quote! {
            #matching
            #own
            #setup
            #cancel_handle
            // SAFETY: used by the future below only.
            let #token = unsafe { #hidden::coroutine::CoroutineToken::new(#py) };
            #hidden::coroutine::new_coroutine(#py, #name, #class, #throw_callback, async move {
                #future
            })
        }
    }

    /// Returns the statement that puts the matched arguments into handles.
    fn own(&self, krate: &Krate, callee: &Callee<'_>) -> Option<TokenStream> {
        let hidden = krate.hidden();
        let [py, values, arguments] = ["py", "values", "arguments"].map(hygienic);
        (callee.convention != Convention::NoArguments).then(|| {
            quote! {
                // SAFETY: null, or objects that the call keeps alive.
                let #arguments = unsafe { #hidden::coroutine::own(#py, #values) };
            }
        })
    }

    /// Returns the statement that creates the cancel handle, and an expression of the coroutine's
    /// end of it.
    fn cancel_handle(&self, krate: &Krate) -> (TokenStream, TokenStream) {
        let [handle, callback] = ["cancel_handle", "throw_callback"].map(hygienic);
        let mut arguments = self.arguments.iter();
        if !arguments.any(|argument| argument.kind == ArgumentKind::CancelHandle) {
            return (TokenStream::new(), quote!(::core::option::Option::None));
        }
        let statements = quote! {
            let #handle = #krate::coroutine::CancelHandle::new();
            let #callback = #handle.throw_callback();
        };
        (statements, quote!(::core::option::Option::Some(#callback)))
    }

    /// Returns the code of the future.
    fn future(
        &self,
        krate: &Krate,
        callee: &Callee<'_>,
        mut declarations: TokenStream,
        mut values: Vec<TokenStream>,
        kind: AsyncResult,
    ) -> TokenStream {
        let [token, future] = ["token", "future"].map(hygienic);
        for (number, argument) in self.arguments.iter().enumerate() {
            if argument.kind == ArgumentKind::CancelHandle {
                let handle = hygienic("cancel_handle");
                values.push(quote!(#handle));
                continue;
            }
            let extraction = extract_held(krate, &self.signature, number, argument);
            let Extraction {
                declarations: declaration,
                value,
            } = extraction;
            declarations.extend(declaration);
            values.push(value);
        }
        let path = callee.path;
        let mut call = quote!(#path(#(#values),*));
        if self.is_unsafe {
            // SAFETY: upheld by the author, who exports an `unsafe fn` to Python.
            call = quote!(unsafe { #call });
        }
        let span = located(self.output_span);
        let hidden = krate.hidden_at(span);
        let (result, conversion) = self.conversion(krate);
        let py = hygienic("py");
        let conversion = match kind {
            AsyncResult::Value => conversion,
            AsyncResult::Next => quote_spanned! {span=>
                {
                    use #hidden::slots::NextValue as _;
                    #hidden::slots::AsyncNext(#result).convert(#py)
                }
            },
        };
        let output = quote_spanned! {span=>
            // SAFETY: the conversion returns a new reference.
            unsafe { #hidden::coroutine::converted(#token, |#py| #conversion) }
        };
        quote! {
            #declarations
            let #future = #call;
            let #result = #future.await;
            #output
        }
    }
}
