//! `#[main]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, ItemFn, Path, Result};

use crate::options::{self, Flavor};

pub(crate) fn expand(options: TokenStream, function: &ItemFn, krate: Path) -> Result<TokenStream> {
    let options = options::parse(options, krate, &["flavor", "worker_threads"])?;
    let signature = &function.sig;
    if signature.asyncness.is_none() {
        let message = "the async keyword is missing from the function declaration";
        return Err(Error::new_spanned(signature.fn_token, message));
    }
    if !signature.inputs.is_empty() {
        let message = "the main function cannot accept arguments";
        return Err(Error::new_spanned(&signature.inputs, message));
    }
    let workers = match (options.flavor, options.worker_threads) {
        (Some(Flavor::CurrentThread), _) => quote!(::core::option::Option::None),
        (_, None) => quote!(::core::option::Option::Some(::core::option::Option::None)),
        (_, Some((count, _))) => {
            quote!(::core::option::Option::Some(::core::option::Option::Some(#count)))
        }
    };
    let krate = &options.krate;
    let (attrs, vis, body) = (&function.attrs, &function.vis, &function.block);
    let name = &signature.ident;
    let output = &signature.output;
    Ok(quote! {
        #(#attrs)*
        #vis fn #name() {
            async fn #name() #output #body

            #krate::tokio::private::main(#workers, #name());
        }
    })
}
