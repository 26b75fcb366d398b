//! `#[pymodule]`, on a function and on an inline `mod`.
//!
//! | file | concern |
//! |---|---|
//! | `options` | the options of the attribute |
//! | `items` | the items of a `mod` that become members of the module |
//! | `pyfn` | `#[pyfn(…)]` in a function |
//! | `init` | the user's initialization function |
//! | `definition` | the module's names, definition and entry point |

mod definition;
mod init;
mod items;
mod options;
mod pyfn;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Item, ItemFn, ItemMod};

use self::definition::{Names, definition};
use self::init::InitCall;
use self::options::{ModuleOption, ModuleOptions};
use self::pyfn::expand_pyfn;
use crate::attributes::{cfgs, parse_options, take_pyo3_options};
use crate::doc::Doc;
use crate::errors::Errors;
use crate::hidden_module::hidden_module;
use crate::inspect::{ENABLED, ModuleRecord, id_constant, symbol, unique_id};
use crate::lints::lints;

/// Expands `#[pymodule]`.
pub(crate) fn pymodule(attribute: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let own = parse_options(attribute);
    match syn::parse2(item)? {
        Item::Fn(mut function) => {
            let helper = take_pyo3_options(&mut function.attrs);
            let mut errors = Errors::default();
            let options = options(own, helper, &mut errors);
            let mut tokens = function_module(function, options, &mut errors)?;
            tokens.extend(errors.finish().err().map(|error| error.to_compile_error()));
            Ok(tokens)
        }
        Item::Mod(mut module) => {
            let helper = take_pyo3_options(&mut module.attrs);
            let mut errors = Errors::default();
            let options = options(own, helper, &mut errors);
            let mut tokens = inline_module(module, options, &mut errors)?;
            tokens.extend(errors.finish().err().map(|error| error.to_compile_error()));
            Ok(tokens)
        }
        other => Err(syn::Error::new_spanned(
            other,
            "`#[pymodule]` only supports modules and functions",
        )),
    }
}

/// Returns the options without those that have a mistake: the module is generated all the same,
/// since its absence would cause further errors.
fn options(
    own: syn::Result<Vec<ModuleOption>>,
    helper: syn::Result<Vec<ModuleOption>>,
    errors: &mut Errors,
) -> ModuleOptions {
    let mut good = |options: syn::Result<Vec<ModuleOption>>| match options {
        Ok(options) => options,
        Err(error) => {
            errors.push(error);
            Vec::new()
        }
    };
    let (own, helper) = (good(own), good(helper));
    ModuleOptions::new(own, helper).unwrap_or_else(|error| {
        errors.push(error);
        ModuleOptions::default()
    })
}

/// Expands `#[pymodule] fn name(m: &Bound<'_, PyModule>) -> PyResult<()>`.
fn function_module(
    mut function: ItemFn,
    options: ModuleOptions,
    errors: &mut Errors,
) -> syn::Result<TokenStream> {
    let krate = &options.krate;
    expand_pyfn(&mut function, krate)?;
    let call = InitCall::of(&function).and_then(|call| match call.takes_module() {
        true => Ok(call),
        false => Err(syn::Error::new(
            function.sig.paren_token.span.join(),
            "`#[pymodule]` on a function needs the module: `fn name(m: &Bound<'_, PyModule>)`",
        )),
    });
    let call = call.map_err(|error| errors.push(error)).ok();
    let ident = &function.sig.ident;
    let names = Names::new(ident, &options);
    let doc = Doc::of(&function.attrs);
    let module = format_ident!("module");
    let statement = call.map(|call| call.statement(krate, &quote!(#ident), &module));
    let body = quote!(#statement ::core::result::Result::Ok(()));
    let code = definition(&options, &names, &doc, &body, &quote!(#ident::__Pyatoll));
    let id = unique_id();
    let hidden_module = hidden_module(&function, &id);
    let record = ModuleRecord {
        name: &names.name,
        id: &id,
        members: Vec::new(),
        is_incomplete: true,
        doc: &doc,
    };
    let record = ENABLED.then(|| symbol(krate, &record.json(krate)));
    let cfgs = cfgs(&function.attrs);
    let lints = lints();
    Ok(quote! {
        #function
        #hidden_module

        #(#cfgs)*
        #lints
        const _: () = { #code #record };
    })
}

/// Expands `#[pymodule] mod name { … }`.
fn inline_module(
    mut module: ItemMod,
    options: ModuleOptions,
    errors: &mut Errors,
) -> syn::Result<TokenStream> {
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
    let id = unique_id();
    let items::Members {
        statements,
        record,
        attributes,
    } = items::members(content, krate, &names, &id, &doc, &variable, errors);
    let hidden = krate.hidden();
    let body = quote! {
        use #hidden::module::{AddToModule as _, AddType as _, ExportType as _};
        use #hidden::module::plain::in_module::*;
        use #krate::types::PyModuleMethods as _;
        #statements
        ::core::result::Result::Ok(())
    };
    let code = definition(&options, &names, &doc, &body, &quote!(__Pyatoll));
    let lints = lints();
    let records = ENABLED.then(|| {
        let record = symbol(krate, &record);
        quote! {
            #[allow(unused_imports)]
            use #hidden::module::ExportId as _;
            #record
            #attributes
        }
    });
    if let Some(id_constant) = id_constant(&id) {
        content.push(Item::Verbatim(id_constant));
    }
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
            const _: () = { #code #records };
        },
    ];
    content.extend(hidden_items);
    let allow = quote!(#[allow(non_snake_case)]);
    Ok(quote!(#allow #module))
}
