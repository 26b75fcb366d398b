//! The module's definition and entry point.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::Ident;

use super::options::ModuleOptions;
use crate::attributes::python_name;
use crate::doc::Doc;

/// The names of a module.
pub(super) struct Names {
    /// The name without packages.
    pub(super) name: String,
    /// The name with the packages that contain the module.
    pub(super) full: String,
    span: Span,
}

impl Names {
    pub(super) fn new(ident: &Ident, options: &ModuleOptions) -> Self {
        let (name, span) = match &options.name {
            Some(name) => (name.name.clone(), name.span),
            None => (python_name(ident), ident.span()),
        };
        let full = match &options.module {
            Some(module) => format!("{module}.{name}"),
            None => name.clone(),
        };
        Self { name, full, span }
    }
}

/// Generates the module's definition, its entry point, and the items that `wrap_pymodule!`,
/// `append_to_inittab!` and parent modules use.
pub(super) fn definition(
    options: &ModuleOptions,
    names: &Names,
    doc: &Doc,
    body: &TokenStream,
    marker: &TokenStream,
) -> TokenStream {
    let krate = &options.krate;
    let hidden = krate.hidden();
    let policy = options.policy();
    let gil_used = options.gil_used.unwrap_or(false);
    let full = format!("{}\0", names.full);
    let name = format!("{}\0", names.name);
    // The import system looks up the symbol by the last part of a dotted name.
    let symbol = syn::LitStr::new(&format!("PyInit_{}", names.name), names.span);
    let slots_symbol = syn::LitStr::new(&format!("PyModExport_{}", names.name), names.span);
    let (export, export_slots) = if options.submodule.is_some() {
        (TokenStream::new(), TokenStream::new())
    } else {
        (
            quote!(#[unsafe(export_name = #symbol)]),
            quote!(#hidden::module::module_export! { #slots_symbol, __PYATOLL_MODULE }),
        )
    };
    let module = format_ident!("module");
    quote! {
        fn __pyatoll_initialize(
            #module: &#krate::Bound<'_, #krate::types::PyModule>,
        ) -> #krate::PyResult<()> {
            #body
        }

        static __PYATOLL_MODULE: #hidden::module::ModuleDefinition =
            #hidden::module::ModuleDefinition::new(
                #hidden::call::c_text(#full),
                #hidden::call::c_text(#doc),
                __pyatoll_initialize,
                #hidden::module::MultipleInterpreters::#policy,
                #gil_used,
            );

        #export
        unsafe extern "C" fn __pyatoll_init() -> *mut #krate::ffi::PyObject {
            // SAFETY: the import system calls this attached.
            unsafe { __PYATOLL_MODULE.init() }
        }

        #export_slots

        impl #marker {
            pub const NAME: &'static ::core::ffi::CStr = #hidden::call::c_text(#name);
            pub const INIT: unsafe extern "C" fn() -> *mut #krate::ffi::PyObject = __pyatoll_init;
            pub fn definition() -> &'static #hidden::module::ModuleDefinition {
                &__PYATOLL_MODULE
            }
        }

        impl #hidden::module::AddToModule for #marker {
            fn add_to_module(
                &self,
                module: &#krate::Bound<'_, #krate::types::PyModule>,
            ) -> #krate::PyResult<()> {
                #hidden::module::add_submodule(&__PYATOLL_MODULE, module)
            }
        }
    }
}
