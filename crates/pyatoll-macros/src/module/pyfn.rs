//! `#[pyfn(m, …)]` on functions within a `#[pymodule] fn`.

use proc_macro2::TokenStream;
use syn::parse::ParseStream;
use syn::{Ident, Item, ItemFn, Path, Stmt, Token};

use crate::krate::Krate;

/// Turns each `#[pyfn(m, …)] fn f(…)` in the function's body into a `#[pyfunction]` that is added
/// to `m`.
pub(super) fn expand_pyfn(function: &mut ItemFn, krate: &Krate) -> syn::Result<()> {
    let mut statements = Vec::with_capacity(function.block.stmts.len());
    for mut statement in function.block.stmts.drain(..) {
        let added = match &mut statement {
            Stmt::Item(Item::Fn(inner)) => replace_pyfn(inner, krate)?,
            _ => None,
        };
        statements.push(statement);
        if let Some((module, name)) = added {
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

/// Replaces `#[pyfn(m, …)]` by `#[pyfunction(…)]`. Returns `m` and the function's name; `None`
/// without such an attribute.
fn replace_pyfn(function: &mut ItemFn, krate: &Krate) -> syn::Result<Option<(Path, Ident)>> {
    let position = function
        .attrs
        .iter()
        .position(|attribute| attribute.path().is_ident("pyfn"));
    let Some(position) = position else {
        return Ok(None);
    };
    let (module, options) =
        function.attrs[position].parse_args_with(|input: ParseStream<'_>| {
            let module: Path = input.parse()?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
            Ok((module, input.parse::<TokenStream>()?))
        })?;
    function.attrs[position] = syn::parse_quote!(#[#krate::pyfunction(#options)]);
    Ok(Some((module, function.sig.ident.clone())))
}
