//! The calling conventions by which CPython passes arguments (`METH_…`).
//!
//! Generated functions declare their parameters under hygienic names; [`names`] lists them.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::signature::SignatureModel;
use crate::hygiene::hygienic;
use crate::krate::Krate;

/// The way in which CPython passes the arguments.
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
    /// `METH_VARARGS | METH_KEYWORDS`: a tuple and a dict, for exactly `(*args, **kwargs)`.
    VarArgsKeywords,
    /// A tuple and a dict: `tp_new`, `tp_init`, `tp_call`.
    Slot,
}

impl Convention {
    /// Returns the fastest convention for a signature: without keywords where none can occur.
    pub(super) fn of(signature: &SignatureModel) -> Self {
        let is_args_and_kwargs = signature.positional.is_empty()
            && signature.keyword_only.is_empty()
            && signature.varargs.is_some()
            && signature.varkeywords.is_some();
        if is_args_and_kwargs {
            return Self::VarArgsKeywords;
        }
        let takes_keywords = signature.positional_only != signature.positional.len()
            || !signature.keyword_only.is_empty()
            || signature.varkeywords.is_some();
        if takes_keywords {
            return Self::FastWithKeywords;
        }
        let fixed = signature.varargs.is_none();
        match (
            fixed,
            signature.positional.len(),
            signature.required_positional(),
        ) {
            (true, 0, _) => Self::NoArguments,
            (true, 1, 1) => Self::OneArgument,
            _ => Self::Fast,
        }
    }

    /// Declares the parameters of an entry point after its first (`m_self`, `self` or the class).
    pub(crate) fn parameters(self, krate: &Krate) -> TokenStream {
        let [one, args, nargs, kwnames, kwargs] = names();
        let object = quote!(*mut #krate::ffi::PyObject);
        let size = quote!(#krate::ffi::Py_ssize_t);
        match self {
            Self::NoArguments | Self::OneArgument => quote!(#one: #object),
            // `args` is `*mut`, as in pyo3-ffi's `PyCFunctionFast`.
            Self::Fast => quote!(#args: *mut #object, #nargs: #size),
            Self::FastWithKeywords => quote! {
                #args: *const #object, #nargs: #size, #kwnames: #object
            },
            Self::VarArgsKeywords | Self::Slot => quote!(#args: #object, #kwargs: #object),
        }
    }

    /// Returns these parameters as arguments of a call.
    pub(crate) fn arguments(self) -> TokenStream {
        let [one, args, nargs, kwnames, kwargs] = names();
        match self {
            Self::NoArguments | Self::OneArgument => quote!(#one),
            Self::Fast => quote!(#args, #nargs),
            Self::FastWithKeywords => quote!(#args, #nargs, #kwnames),
            Self::VarArgsKeywords | Self::Slot => quote!(#args, #kwargs),
        }
    }

    /// Calls the function `run` with `slf` (or `m_self`) and the parameters, through the
    /// trampoline.
    ///
    /// Panics for [`Slot`](Self::Slot), which is not in a method table.
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
            Self::VarArgsKeywords => quote!(call_with_keywords),
            Self::Slot => unreachable!("slots are not in a method table"),
        };
        quote!(#hidden::call::#caller(#token, #slf, #arguments, #run))
    }

    /// Returns the `EntryPoint` of a function with this convention.
    ///
    /// Panics for [`Slot`](Self::Slot), which is not in a method table.
    pub(crate) fn entry_point(self, krate: &Krate, function: &TokenStream) -> TokenStream {
        let hidden = krate.hidden();
        let variant = match self {
            Self::NoArguments => quote!(NoArguments),
            Self::OneArgument => quote!(OneArgument),
            Self::Fast => quote!(Fast),
            Self::FastWithKeywords => quote!(FastWithKeywords),
            Self::VarArgsKeywords => quote!(WithKeywords),
            Self::Slot => unreachable!("slots are not in a method table"),
        };
        quote!(#hidden::call::EntryPoint::#variant(#function))
    }
}

/// Returns the parameters' names: `METH_O`'s argument, `args`, `nargs`, `kwnames` and `kwargs`.
pub(super) fn names() -> [Ident; 5] {
    ["argument", "args", "nargs", "kwnames", "kwargs"].map(hygienic)
}
