//! `#[pymodule]`, on a function and on an inline `mod`.
//!
//! | file | concern |
//! |---|---|
//! | `options` | what may stand in the attribute |
//! | `items` | what a `mod` puts into the module |
//! | `init` | the user's own initialisation code |

mod init;
mod items;
mod options;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{Ident, Item, ItemFn, ItemMod, Stmt};

use self::init::InitCall;
use self::options::ModuleOptions;
use crate::attributes::{parse_options, python_name, take_pyo3_options};
use crate::doc::Doc;
use crate::function::lints;
use crate::krate::Krate;

/// Expands `#[pymodule]`.
pub(crate) fn pymodule(attribute: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let own = parse_options(attribute)?;
    match syn::parse2(item)? {
        Item::Fn(mut function) => {
            let helper = take_pyo3_options(&mut function.attrs)?;
            function_module(function, ModuleOptions::new(own, helper)?)
        }
        Item::Mod(mut module) => {
            let helper = take_pyo3_options(&mut module.attrs)?;
            inline_module(module, ModuleOptions::new(own, helper)?)
        }
        other => Err(syn::Error::new_spanned(
            other,
            "`#[pymodule]` only supports modules and functions",
        )),
    }
}

/// `#[pymodule] fn name(m: &Bound<'_, PyModule>) -> PyResult<()>`.
fn function_module(mut function: ItemFn, options: ModuleOptions) -> syn::Result<TokenStream> {
    let krate = &options.krate;
    expand_pyfn(&mut function, krate)?;
    let call = InitCall::of(&function)?;
    if !call.takes_module() {
        return Err(syn::Error::new(
            function.sig.paren_token.span.join(),
            "`#[pymodule]` on a function needs the module: `fn name(m: &Bound<'_, PyModule>)`",
        ));
    }
    let ident = &function.sig.ident;
    let names = Names::new(ident, &options);
    let doc = Doc::of(&function.attrs);
    let visibility = &function.vis;
    let module = format_ident!("module");
    let statement = call.statement(krate, &quote!(#ident), &module);
    let body = quote!(#statement ::core::result::Result::Ok(()));
    let code = definition(&options, &names, &doc, &body, &quote!(#ident::__Pyatoll));
    let cfgs = cfgs(&function.attrs);
    let lints = lints();
    Ok(quote! {
        #function

        #cfgs
        #[doc(hidden)]
        #visibility mod #ident {
            pub struct __Pyatoll;
            pub const _PYATOLL_DEF: __Pyatoll = __Pyatoll;
        }

        #cfgs
        #lints
        const _: () = { #code };
    })
}

/// `#[pymodule] mod name { … }`.
fn inline_module(mut module: ItemMod, options: ModuleOptions) -> syn::Result<TokenStream> {
    let krate = &options.krate;
    let Some((_, content)) = &mut module.content else {
        return Err(syn::Error::new_spanned(
            &module,
            "`#[pymodule]` can only be used on inline modules",
        ));
    };
    let names = Names::new(&module.ident, &options);
    let doc = Doc::of(&module.attrs);
    let variable = format_ident!("module");
    let statements = items::statements(content, krate, &names.full, &variable)?;
    let hidden = krate.hidden();
    let body = quote! {
        use #hidden::module::{AddToModule as _, ExportType as _};
        use #krate::types::PyModuleMethods as _;
        #statements
        ::core::result::Result::Ok(())
    };
    let code = definition(&options, &names, &doc, &body, &quote!(__Pyatoll));
    let lints = lints();
    let hidden_items: [Item; 3] = [
        syn::parse_quote! {
            #[doc(hidden)]
            pub struct __Pyatoll;
        },
        syn::parse_quote! {
            #[doc(hidden)]
            pub const _PYATOLL_DEF: __Pyatoll = __Pyatoll;
        },
        syn::parse_quote! {
            #lints
            const _: () = { #code };
        },
    ];
    content.extend(hidden_items);
    let allow = quote!(#[allow(non_snake_case)]);
    Ok(quote!(#allow #module))
}

/// What a module is called.
struct Names {
    /// Where it is imported: after the last dot.
    name: String,
    /// With the packages it is in.
    full: String,
    span: Span,
}

impl Names {
    fn new(ident: &Ident, options: &ModuleOptions) -> Self {
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

/// The module's definition, its entry point, and what `wrap_pymodule!` and the like read.
fn definition(
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
    // Dots would be a package's; the symbol is of the last part.
    let symbol = syn::LitStr::new(&format!("PyInit_{}", names.name), names.span);
    let export = if options.submodule.is_some() {
        TokenStream::new()
    } else {
        quote!(#[unsafe(export_name = #symbol)])
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

/// The `#[cfg]` attributes of an item, for what goes with it.
fn cfgs(attributes: &[syn::Attribute]) -> TokenStream {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .map(ToTokens::to_token_stream)
        .collect()
}

/// Turns `#[pyfn(m, …)] fn f(…)` in the function's body into a `#[pyfunction]` that is added to
/// `m`.
fn expand_pyfn(function: &mut ItemFn, krate: &Krate) -> syn::Result<()> {
    let mut statements = Vec::with_capacity(function.block.stmts.len());
    for mut statement in function.block.stmts.drain(..) {
        let mut module = None;
        if let Stmt::Item(Item::Fn(inner)) = &mut statement {
            let place = inner.attrs.iter().position(|a| a.path().is_ident("pyfn"));
            if let Some(place) = place {
                let attribute = inner.attrs.remove(place);
                let arguments =
                    attribute.parse_args_with(|input: syn::parse::ParseStream<'_>| {
                        let module: syn::Path = input.parse()?;
                        if !input.is_empty() {
                            input.parse::<syn::Token![,]>()?;
                        }
                        Ok((module, input.parse::<TokenStream>()?))
                    })?;
                let rest = arguments.1;
                inner
                    .attrs
                    .insert(place, syn::parse_quote!(#[#krate::pyfunction(#rest)]));
                module = Some((arguments.0, inner.sig.ident.clone()));
            }
        }
        statements.push(statement);
        if let Some((module, name)) = module {
            statements.push(syn::parse_quote! {
                #krate::types::PyModuleMethods::add_function(
                    #module,
                    #krate::wrap_pyfunction!(#name, #module.as_borrowed())?,
                )?;
            });
        }
    }
    function.block.stmts = statements;
    Ok(())
}
