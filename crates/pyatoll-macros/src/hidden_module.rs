//! The hidden module that has the name of a function, through which `#[pymodule_export]` and
//! `wrap_pyfunction!` find what the macro has generated for it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemFn;

use crate::attributes::cfgs;
use crate::inspect::id_constant;

/// Generates the module, with the type whose traits lead to the definition, and the function's id.
pub(crate) fn hidden_module(function: &ItemFn, id: &str) -> TokenStream {
    let (visibility, ident) = (&function.vis, &function.sig.ident);
    let cfgs = cfgs(&function.attrs);
    let id_constant = id_constant(id);
    quote! {
        #(#cfgs)*
        #[doc(hidden)]
        #visibility mod #ident {
            pub struct __Pyatoll;
            pub const _PYATOLL_DEF: __Pyatoll = __Pyatoll;
            #id_constant
        }
    }
}
