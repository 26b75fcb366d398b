//! `#[pyfunction]`, and the model of a Rust function that Python calls, which `#[pymethods]` shares.
//!
//! | file | concern |
//! |---|---|
//! | `options` | what may stand in the attribute |
//! | `signature` | what `signature = (…)` says |
//! | `model` | a Rust function, its arguments tied to Python parameters |
//! | `body` | the code that matches and converts arguments, calls, and converts back |
//! | `text` | `__text_signature__` |
//! | `types` | what can be told from how a type is written |

pub(crate) mod body;
pub(crate) mod model;
pub(crate) mod options;
pub(crate) mod signature;
pub(crate) mod text;
pub(crate) mod types;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ItemFn;

use self::model::{FunctionModel, Leading};
use self::options::FunctionOptions;
use crate::attributes::{parse_options, python_name, take_pyo3_options};
use crate::doc::Doc;
use crate::krate::hygienic;

/// Expands `#[pyfunction]`.
pub(crate) fn pyfunction(attribute: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut function: ItemFn = syn::parse2(item)?;
    let options = FunctionOptions::new(
        parse_options(attribute)?,
        take_pyo3_options(&mut function.attrs)?,
    )?;
    let wrapper = wrapper(&mut function, options)?;
    Ok(quote!(#function #wrapper))
}

/// The hidden module that goes with a function, and its entry point.
fn wrapper(function: &mut ItemFn, options: FunctionOptions) -> syn::Result<TokenStream> {
    let leading = if options.pass_module.is_some() {
        Leading::Module
    } else {
        Leading::None
    };
    let model = FunctionModel::new(&mut function.sig, &options, leading)?;
    let krate = &options.krate;
    let hidden = krate.hidden();
    let ident = &function.sig.ident;
    let visibility = &function.vis;
    let name = options
        .name
        .as_ref()
        .map_or_else(|| python_name(ident), |name| name.name.clone());

    let convention = model.convention();
    let m_self = hygienic("m_self");
    let py = hygienic("py");
    let (token, leading) = if options.pass_module.is_some() {
        (
            quote!(#hidden::call::token_of_call()),
            vec![quote! {
                ::core::convert::Into::into(
                    // SAFETY: what CPython called the function with.
                    &*unsafe { #hidden::call::passed_module(#py, #m_self) }?
                )
            }],
        )
    } else {
        (quote!(#hidden::call::token_of_module(#m_self)), Vec::new())
    };
    let body = model.body(krate, convention, &name, None, &quote!(#ident), &leading);
    let parameters = convention.parameters(krate);
    let call = convention.trampoline(krate, &token, &m_self, &quote!(__pyatoll_run));
    let entry = convention.entry_point(krate, &quote!(__pyatoll_entry));

    let prefix = options.pass_module.map(|_| "$module");
    let doc = Doc::of(&function.attrs);
    let doc = match text::text_signature(options.text_signature.as_ref(), &model.signature, prefix)
    {
        Some(signature) => doc.with_signature(&name, &signature),
        None => doc,
    };
    let pass_module = options.pass_module.is_some();
    let name = Doc::from(name).c_str(&hidden);
    let doc = doc.c_str(&hidden);
    let cfgs = function
        .attrs
        .iter()
        .filter(|attr| attr.path().is_ident("cfg"));
    let cfgs = quote!(#(#cfgs)*);
    let lints = lints();
    let definition = format_ident!("__Pyatoll");

    Ok(quote! {
        #cfgs
        #[doc(hidden)]
        #visibility mod #ident {
            pub struct #definition;
            pub const _PYATOLL_DEF: #definition = #definition;
        }

        #cfgs
        #lints
        const _: () = {
            fn __pyatoll_run(
                #py: #krate::Python<'_>,
                #m_self: *mut #krate::ffi::PyObject,
                #parameters
            ) -> #krate::PyResult<*mut #krate::ffi::PyObject> {
                #body
            }

            unsafe extern "C" fn __pyatoll_entry(
                #m_self: *mut #krate::ffi::PyObject,
                #parameters
            ) -> *mut #krate::ffi::PyObject {
                // SAFETY: CPython calls this attached, with the `m_self` and the arguments that go
                // with the definition below.
                unsafe { #call }
            }

            impl #hidden::module::FunctionExport for #ident::#definition {
                const DEFINITION: #hidden::call::FunctionDefinition =
                    #hidden::call::FunctionDefinition::new(
                        #name,
                        #doc,
                        #entry,
                        #pass_module,
                    );
            }
        };
    })
}

/// Lints that generated code may trip.
pub(crate) fn lints() -> TokenStream {
    quote! {
        #[allow(
            unknown_lints,
            dead_code,
            deprecated,
            non_snake_case,
            non_upper_case_globals,
            unreachable_code,
            unused_imports,
            unused_mut,
            unused_qualifications,
            unused_variables,
            clippy::all,
            clippy::pedantic,
            clippy::undocumented_unsafe_blocks,
        )]
    }
}
