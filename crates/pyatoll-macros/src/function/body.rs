//! The code of a function that Python calls: match the arguments, convert each, call, convert the
//! result.
//!
//! The names it uses are hygienic: `py`, and what [`Convention::parameters`] declares.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Ident, Type};

use super::model::{Argument, FunctionModel};
use super::signature::Place;
use super::types::{elided, option_argument, ungrouped};
use crate::krate::{Krate, hygienic};

/// How CPython passes the arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Convention {
    /// `METH_NOARGS`.
    NoArguments,
    /// `METH_O`.
    OneArgument,
    /// `METH_FASTCALL`.
    Fast,
    /// `METH_FASTCALL | METH_KEYWORDS`.
    FastWithKeywords,
    /// `METH_VARARGS | METH_KEYWORDS`: a tuple and a dict, which are all that the function takes.
    Whole,
    /// A tuple and a dict: `tp_new`, `tp_init`, `tp_call`.
    TupleDict,
}

impl Convention {
    /// The parameters of an entry point after its first (`m_self`, `self` or the class).
    pub(crate) fn parameters(self, krate: &Krate) -> TokenStream {
        let [one, args, nargs, kwnames, kwargs] = names();
        let object = quote!(*mut #krate::ffi::PyObject);
        let size = quote!(#krate::ffi::Py_ssize_t);
        match self {
            Self::NoArguments | Self::OneArgument => quote!(#one: #object),
            // As pyo3-ffi declares it.
            Self::Fast => quote!(#args: *mut #object, #nargs: #size),
            Self::FastWithKeywords => quote! {
                #args: *const #object, #nargs: #size, #kwnames: #object
            },
            Self::Whole | Self::TupleDict => quote!(#args: #object, #kwargs: #object),
        }
    }

    /// The same, as arguments to pass on.
    pub(crate) fn arguments(self) -> TokenStream {
        let [one, args, nargs, kwnames, kwargs] = names();
        match self {
            Self::NoArguments | Self::OneArgument => quote!(#one),
            Self::Fast => quote!(#args, #nargs),
            Self::FastWithKeywords => quote!(#args, #nargs, #kwnames),
            Self::Whole | Self::TupleDict => quote!(#args, #kwargs),
        }
    }

    /// The call of the function `run` with `slf` (or `m_self`) and the parameters, behind the
    /// trampoline. There is none for a tuple and a dict that are not all the function takes.
    pub(crate) fn trampoline(
        self,
        krate: &Krate,
        token: &TokenStream,
        slf: &Ident,
        run: &TokenStream,
    ) -> TokenStream {
        let hidden = krate.hidden();
        let arguments = self.arguments();
        let caller = match self {
            Self::NoArguments | Self::OneArgument => quote!(call_one),
            Self::Fast => quote!(call_fast),
            Self::FastWithKeywords => quote!(call_fast_with_keywords),
            Self::Whole => quote!(call_with_keywords),
            Self::TupleDict => unreachable!("slots are not in a method table"),
        };
        quote!(#hidden::call::#caller(#token, #slf, #arguments, #run))
    }

    /// The `EntryPoint` of a function with this convention; there is none for a tuple and a dict.
    pub(crate) fn entry_point(self, krate: &Krate, function: &TokenStream) -> TokenStream {
        let hidden = krate.hidden();
        let variant = match self {
            Self::NoArguments => quote!(NoArguments),
            Self::OneArgument => quote!(OneArgument),
            Self::Fast => quote!(Fast),
            Self::FastWithKeywords => quote!(FastWithKeywords),
            Self::Whole => quote!(WithKeywords),
            Self::TupleDict => unreachable!("slots are not in a method table"),
        };
        quote!(#hidden::call::EntryPoint::#variant(#function))
    }
}

fn names() -> [Ident; 5] {
    ["argument", "args", "nargs", "kwnames", "kwargs"].map(hygienic)
}

impl FunctionModel {
    /// The fastest convention that fits: without keywords where none can occur.
    pub(crate) fn convention(&self) -> Convention {
        let signature = &self.signature;
        let is_whole = signature.positional.is_empty()
            && signature.keyword_only.is_empty()
            && signature.varargs.is_some()
            && signature.varkeywords.is_some();
        if is_whole {
            return Convention::Whole;
        }
        let no_names = signature.positional_only == signature.positional.len()
            && signature.keyword_only.is_empty()
            && signature.varkeywords.is_none();
        if !no_names {
            return Convention::FastWithKeywords;
        }
        let fixed = signature.varargs.is_none();
        match (
            fixed,
            signature.positional.len(),
            signature.required_positional(),
        ) {
            (true, 0, _) => Convention::NoArguments,
            (true, 1, 1) => Convention::OneArgument,
            _ => Convention::Fast,
        }
    }

    /// The function's body, an expression of type `PyResult<*mut PyObject>`.
    ///
    /// In scope must be: `py` (see [`hygienic`]), and the parameters of the convention. `callable`
    /// is the path to call; `leading` is the leading argument, if the model has one: an expression
    /// that may use `?`.
    pub(crate) fn body(
        &self,
        krate: &Krate,
        convention: Convention,
        name: &str,
        class: Option<&str>,
        callable: &TokenStream,
        leading: &[TokenStream],
    ) -> TokenStream {
        let hidden = krate.hidden();
        let (setup, call) = self.call(krate, convention, name, class, callable, leading);
        let py = hygienic("py");
        let result = hygienic("result");
        let convert = quote_spanned! {located(self.output_span)=>
            #hidden::call::return_value(#py, #result)
        };
        quote! {
            #setup
            let #result = #call;
            #convert
        }
    }

    /// The statements that get the arguments, and the call itself.
    pub(crate) fn call(
        &self,
        krate: &Krate,
        convention: Convention,
        name: &str,
        class: Option<&str>,
        callable: &TokenStream,
        leading: &[TokenStream],
    ) -> (TokenStream, TokenStream) {
        let py = hygienic("py");
        let warnings = self.warnings.iter().map(|warn| warn.statement(krate, &py));
        let mut setup = quote!(#(#warnings)*);
        setup.extend(self.matching(krate, convention, name, class));
        let mut arguments: Vec<TokenStream> = Vec::new();
        if self.token_first {
            arguments.push(quote!(#py));
        }
        arguments.extend(leading.iter().cloned());
        for (number, argument) in self.arguments.iter().enumerate() {
            if argument.is_token {
                arguments.push(quote!(#py));
                continue;
            }
            let (declarations, value) = self.argument(krate, number, argument);
            setup.extend(declarations);
            arguments.push(value);
        }
        let call = if self.is_unsafe {
            // SAFETY: whoever exports an `unsafe fn` to Python vouches for its callers.
            quote!(unsafe { #callable(#(#arguments),*) })
        } else {
            quote!(#callable(#(#arguments),*))
        };
        (setup, call)
    }

    /// The statements that fill `values`, one pointer for each place.
    fn matching(
        &self,
        krate: &Krate,
        convention: Convention,
        name: &str,
        class: Option<&str>,
    ) -> TokenStream {
        let hidden = krate.hidden();
        let [one, args, nargs, kwnames, kwargs] = names();
        let py = hygienic("py");
        let (values, room, made) = (hygienic("values"), hygienic("room"), hygienic("made"));
        let places = self.signature.places();
        let array = {
            let object = quote!(*mut #krate::ffi::PyObject);
            quote! {
                let mut #room: [#object; #places] = [::core::ptr::null_mut(); #places];
            }
        };
        let signature = hygienic("signature");
        let declare = {
            let record = self.signature.record(krate, class, name);
            quote!(let #signature: &'static #hidden::call::Signature = &#record;)
        };
        let variadic = self.signature.varargs.is_some() || self.signature.varkeywords.is_some();
        let names = if convention == Convention::Fast {
            quote!(::core::ptr::null_mut())
        } else {
            quote!(#kwnames)
        };
        match convention {
            Convention::NoArguments => TokenStream::new(),
            Convention::OneArgument => quote!(let #values = &[#one];),
            Convention::Whole => quote! {
                let #values = &[#args, unsafe { #hidden::call::keywords_or_none(#kwargs) }];
            },
            Convention::Fast | Convention::FastWithKeywords if variadic => {
                let matched = or_return(&quote! {
                    unsafe {
                        #signature.match_fast_variadic(
                            #py, #args, #nargs, #names, &mut #room, &mut #made,
                        )
                    }
                });
                quote! {
                    #declare
                    #array
                    let mut #made = #hidden::call::Temporaries::default();
                    let () = #matched;
                    let #values = &#room;
                }
            }
            Convention::Fast | Convention::FastWithKeywords => {
                let matched = or_return(&quote! {
                    unsafe { #signature.match_fast(#py, #args, #nargs, #names, &mut #room) }
                });
                quote! {
                    #declare
                    let mut #room = ::core::mem::MaybeUninit::uninit();
                    let #values: &[_; #places] = #matched;
                }
            }
            Convention::TupleDict => {
                let matched = or_return(&quote! {
                    unsafe {
                        #signature.match_tuple_dict(#py, #args, #kwargs, &mut #room, &mut #made)
                    }
                });
                quote! {
                    #declare
                    #array
                    let mut #made = #hidden::call::Temporaries::default();
                    let () = #matched;
                    let #values = &#room;
                }
            }
        }
    }

    /// What to declare before the call for an argument, and the expression of its value.
    fn argument(
        &self,
        krate: &Krate,
        number: usize,
        argument: &Argument,
    ) -> (TokenStream, TokenStream) {
        let hidden = krate.hidden();
        let py = hygienic("py");
        let values = hygienic("values");
        let index = self.signature.index(argument.place);
        let name = self.parameter_name(argument.place);
        let default = self.signature.default_of(argument.place);
        let object = hygienic("object");
        let get = if default.is_some() {
            quote!(unsafe { #hidden::call::optional(#py, #values[#index]) })
        } else {
            quote!(unsafe { #hidden::call::required(#py, #values[#index]) })
        };
        let span = located(argument.ty.span());
        let kept = format_ident!("kept_{number}", span = Span::mixed_site());

        if let Some(function) = &argument.from_py_with {
            // The function may borrow from the handle, so that is declared before the call.
            let declarations = quote!(let #kept = #get;);
            let extract = |object: TokenStream| {
                or_return(&quote_spanned! {located(function.span())=>
                    #hidden::call::extract_with(#object, #function, #name)
                })
            };
            let value = match default {
                None => extract(quote!(&#kept)),
                Some(default) => {
                    let value = extract(quote!(#object));
                    let default = default_value(krate, default, &argument.ty);
                    quote! {
                        match &#kept {
                            ::core::option::Option::Some(#object) => #value,
                            ::core::option::Option::None => #default,
                        }
                    }
                }
            };
            return (declarations, value);
        }

        let form = Form::of(&argument.ty);
        let ty = elided(form.ty());
        let mut declarations = TokenStream::new();
        let (function, holder) = match form {
            Form::Value(_) => (quote!(extract), TokenStream::new()),
            Form::Reference {
                mutable, optional, ..
            } => {
                let (function, of) = match (mutable, optional) {
                    (false, false) => (quote!(extract_ref), quote!(RefArgument)),
                    (false, true) => (quote!(extract_optional_ref), quote!(RefArgument)),
                    (true, false) => (quote!(extract_mut), quote!(RefMutArgument)),
                    (true, true) => (quote!(extract_optional_mut), quote!(RefMutArgument)),
                };
                declarations = quote_spanned! {span=>
                    let mut #kept =
                        <#ty as #hidden::call::#of<'_, '_, '_>>::Holder::default();
                };
                (function, quote!(&mut #kept,))
            }
        };
        let extract = |object: TokenStream| {
            or_return(&quote_spanned! {span=>
                #hidden::call::#function::<#ty>(#object, #holder #name)
            })
        };
        let value = match default {
            None if holder.is_empty() => {
                let function = quote_spanned!(span=> #hidden::call::extract_at::<#ty>);
                or_return(&quote!(unsafe { #function(#py, #values, #index, #name) }))
            }
            None => extract(get),
            Some(default) => {
                let value = extract(quote!(#object));
                let default = default_value(krate, default, &argument.ty);
                quote! {
                    match #get {
                        ::core::option::Option::Some(#object) => #value,
                        ::core::option::Option::None => #default,
                    }
                }
            }
        };
        (declarations, value)
    }

    fn parameter_name(&self, place: Place) -> &str {
        let signature = &self.signature;
        match place {
            Place::Positional(index) => &signature.positional[index].name,
            Place::KeywordOnly(index) => &signature.keyword_only[index].name,
            Place::VarArgs => signature.varargs.as_deref().unwrap_or("args"),
            Place::VarKeywords => signature.varkeywords.as_deref().unwrap_or("kwargs"),
        }
    }
}

/// How a parameter's type is written, which says how to convert.
enum Form<'a> {
    /// Anything but a reference.
    Value(&'a Type),
    /// `&T`, `&mut T`, or an `Option` of one; `ty` is `T`.
    Reference {
        ty: &'a Type,
        mutable: bool,
        optional: bool,
    },
}

impl<'a> Form<'a> {
    fn of(ty: &'a Type) -> Self {
        let (inner, optional) = match option_argument(ty) {
            Some(inner) => (inner, true),
            None => (ty, false),
        };
        match ungrouped(inner) {
            Type::Reference(reference) => Self::Reference {
                ty: &reference.elem,
                mutable: reference.mutability.is_some(),
                optional,
            },
            _ => Self::Value(ty),
        }
    }

    fn ty(&self) -> &'a Type {
        match self {
            Self::Value(ty) | Self::Reference { ty, .. } => ty,
        }
    }
}

/// The value of a `PyResult`, or the end of the generated function. An operator `?` would be two
/// calls at each place in a build without optimisation, and there is one for each parameter.
fn or_return(result: &TokenStream) -> TokenStream {
    let [value, error] = ["value", "error"].map(hygienic);
    quote! {
        match #result {
            ::core::result::Result::Ok(#value) => #value,
            ::core::result::Result::Err(#error) => return ::core::result::Result::Err(#error),
        }
    }
}

/// The default of a parameter: for an `Option<T>`, a `T` will do.
fn default_value(krate: &Krate, default: &Expr, ty: &Type) -> TokenStream {
    let hidden = krate.hidden();
    let is_none = matches!(default, Expr::Path(path) if path.path.is_ident("None"));
    if is_none || option_argument(ty).is_none() {
        return quote!(#default);
    }
    quote!(#hidden::call::OptionalDefault::into_option(#default))
}

/// The place of the user's tokens, for errors, with the hygiene of the macro's own names.
fn located(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}
