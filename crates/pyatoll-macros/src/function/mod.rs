//! `#[pyfunction]`, and the model of a function that Python calls, which `#[pymethods]` shares.
//!
//! | file | concern |
//! |---|---|
//! | `options` | the options of the attribute |
//! | `argument` | an argument of the Rust function |
//! | `signature` | `signature = (…)`, and the Python parameters |
//! | `model` | the Rust function, its arguments tied to Python parameters |
//! | `convention` | how CPython passes the arguments |
//! | `extract` | the code that converts one argument |
//! | `scalars` | the code that converts several numbers together |
//! | `body` | the code that matches and converts arguments, calls, and converts the result |
//! | `held` | the code that converts one argument within the future of an `async fn` |
//! | `coroutine` | the code that matches arguments and creates the coroutine of an `async fn` |
//! | `text` | `__text_signature__` |
//! | `types` | types as written |

pub(crate) mod argument;
pub(crate) mod body;
pub(crate) mod convention;
pub(crate) mod coroutine;
mod extract;
mod held;
pub(crate) mod model;
pub(crate) mod options;
mod scalars;
mod signature;
pub(crate) mod text;
pub(crate) mod types;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ItemFn;

use self::body::Callee;
use self::coroutine::{AsyncResult, HeldLeading};
use self::model::{FunctionModel, Leading};
use self::options::FunctionOptions;
use self::text::text_signature;
use crate::attributes::{
    cfgs, parse_options, python_name, strip_helpers, strip_helpers_of_arguments, take_pyo3_options,
};
use crate::doc::Doc;
use crate::hidden_module::hidden_module;
use crate::hygiene::{hygienic, located};
use crate::inspect::{self, FunctionRecord, Parameters, hint};
use crate::krate::Krate;
use crate::lints::lints;

/// Expands `#[pyfunction]`.
pub(crate) fn pyfunction(attribute: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut function: ItemFn = syn::parse2(item)?;
    let export =
        expand(attribute, &mut function).unwrap_or_else(|error| unexported(&mut function, &error));
    Ok(quote!(#function #export))
}

fn expand(attribute: TokenStream, function: &mut ItemFn) -> syn::Result<TokenStream> {
    let options = FunctionOptions::new(
        parse_options(attribute)?,
        take_pyo3_options(&mut function.attrs)?,
    )?;
    export(function, &options)
}

/// Generates the error of a function, and stand-ins for the items that other code refers to, so
/// that no further errors follow from their absence.
fn unexported(function: &mut ItemFn, error: &syn::Error) -> TokenStream {
    strip_helpers(&mut function.attrs);
    strip_helpers_of_arguments(&mut function.sig);
    let error = error.to_compile_error();
    if function.sig.receiver().is_some() {
        // In an `impl`, where there is no place for a module.
        return error;
    }
    let hidden = Krate::default().hidden();
    let ident = &function.sig.ident;
    let cfgs = cfgs(&function.attrs);
    let module = hidden_module(function, "");
    quote! {
        #error
        #module

        #(#cfgs)*
        impl #hidden::module::FunctionExport for #ident::__Pyatoll {
            const DEFINITION: #hidden::call::FunctionDefinition = ::core::panic!();
        }
    }
}

/// Generates the hidden module of the function's name, and the `FunctionExport` behind it.
fn export(function: &mut ItemFn, options: &FunctionOptions) -> syn::Result<TokenStream> {
    let leading = match options.pass_module {
        Some(_) => Leading::Module,
        None => Leading::None,
    };
    let model = FunctionModel::new(&mut function.sig, options, leading)?;
    let krate = &options.krate;
    let hidden = krate.hidden();
    let ident = &function.sig.ident;
    let name = match &options.name {
        Some(name) => name.name.clone(),
        None => python_name(ident),
    };
    let id = inspect::unique_id();
    let module = hidden_module(function, &id);
    let record = record(function, options, &model, &name, id)?;
    let doc = docstring(function, options, &model, &name).c_str(&hidden);
    let entry = entry(ident, options, &model, &name);
    let entry_point = model
        .convention()
        .entry_point(krate, &quote!(__pyatoll_entry));
    let pass_module = options.pass_module.is_some();
    let name = Doc::from(name).c_str(&hidden);
    let cfgs = cfgs(&function.attrs);
    let lints = lints();

    Ok(quote! {
        #module

        #(#cfgs)*
        #lints
        const _: () = {
            #entry

            impl #hidden::module::FunctionExport for #ident::__Pyatoll {
                const DEFINITION: #hidden::call::FunctionDefinition =
                    #hidden::call::FunctionDefinition::new(
                        #name,
                        #doc,
                        #entry_point,
                        #pass_module,
                    );
            }

            #record
        };
    })
}

/// Generates the record of the function, for stubs.
fn record(
    function: &ItemFn,
    options: &FunctionOptions,
    model: &FunctionModel,
    name: &str,
    id: String,
) -> syn::Result<Option<TokenStream>> {
    if !inspect::ENABLED {
        return Ok(None);
    }
    let krate = &options.krate;
    let given = options.signature.as_ref();
    let record = FunctionRecord {
        name: name.to_owned(),
        id: Some(id),
        parameters: Parameters::of(krate, model)?,
        returns: match given.and_then(|signature| signature.returns.as_ref()) {
            Some(given) => Some(given.expression()?),
            None => hint::returned(krate, &model.output),
        },
        is_async: model.asyncness.is_some(),
        doc: Doc::of(&function.attrs),
        ..FunctionRecord::default()
    };
    Ok(Some(inspect::symbol(krate, &record.json(krate))))
}

fn docstring(
    function: &ItemFn,
    options: &FunctionOptions,
    model: &FunctionModel,
    name: &str,
) -> Doc {
    let prefix = options.pass_module.map(|_| "$module");
    let doc = Doc::of(&function.attrs);
    match text_signature(options.text_signature.as_ref(), &model.signature, prefix) {
        Some(signature) => doc.with_signature(name, &signature),
        None => doc,
    }
}

/// Generates the function that CPython calls, and the one that it calls through the trampoline.
fn entry(
    ident: &syn::Ident,
    options: &FunctionOptions,
    model: &FunctionModel,
    name: &str,
) -> TokenStream {
    let krate = &options.krate;
    let hidden = krate.hidden();
    let m_self = hygienic("m_self");
    let py = hygienic("py");
    let (token, leading) = if options.pass_module.is_some() {
        let span = located(model.leading_span);
        let at_type = krate.hidden_at(span);
        (
            quote!(#hidden::call::token_of_call()),
            vec![quote_spanned! {span=>
                #at_type::call::module_argument(
                    // SAFETY: `m_self` is the object that CPython passed to the function.
                    &*unsafe { #hidden::call::passed_module(#py, #m_self) }?
                )
            }],
        )
    } else {
        (quote!(#hidden::call::token_of_module(#m_self)), Vec::new())
    };
    let convention = model.convention();
    let callee = Callee {
        convention,
        name,
        class: None,
        path: &quote!(#ident),
        leading: &leading,
    };
    let body = match model.asyncness {
        Some(_) => model.coroutine(krate, &callee, held_module(options), AsyncResult::Value),
        None => model.body(krate, &callee),
    };
    let parameters = convention.parameters(krate);
    let call = convention.trampoline(krate, &token, &m_self, &quote!(__pyatoll_run));
    quote! {
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
            // SAFETY: CPython calls this attached, with the `m_self` and the arguments of the
            // definition below.
            unsafe { #call }
        }
    }
}

/// Returns the module that an `async fn` with `pass_module` takes.
fn held_module(options: &FunctionOptions) -> Option<HeldLeading> {
    options.pass_module?;
    let hidden = options.krate.hidden();
    let [py, m_self, token, module] = ["py", "m_self", "token", "module"].map(hygienic);
    Some(HeldLeading {
        setup: quote! {
            // SAFETY: `m_self` is the object that CPython passed to the function.
            let #module = unsafe { #hidden::coroutine::own_module(#py, #m_self) }?;
        },
        declarations: TokenStream::new(),
        value: quote!(#hidden::coroutine::module(#token, &#module)),
    })
}
