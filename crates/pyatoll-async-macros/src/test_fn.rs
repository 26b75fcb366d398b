//! `#[test]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, ItemFn, Path, Result};

use crate::options;

pub(crate) fn expand(options: TokenStream, function: &ItemFn, krate: Path) -> Result<TokenStream> {
    let options = options::parse(options, krate, &[])?;
    let signature = &function.sig;
    let is_async = signature.asyncness.is_some();
    let takes = signature.inputs.len();
    if takes > usize::from(!is_async) {
        let message = match is_async {
            true => "an `async` test cannot accept arguments",
            false => "a test accepts only the event loop",
        };
        return Err(Error::new_spanned(&signature.inputs, message));
    }
    let krate = &options.krate;
    let (attrs, vis, body) = (&function.attrs, &function.vis, &function.block);
    let name = &signature.ident;
    let start = match (is_async, takes) {
        (true, _) => quote!(#name()),
        (false, 0) => quote!(#krate::tokio::private::blocking(#name)),
        (false, _) => quote! {{
            let event_loop = #krate::tokio::private::current_loop();
            #krate::tokio::private::blocking(move || #name(event_loop))
        }},
    };
    Ok(quote! {
        #(#attrs)*
        #vis fn #name() -> ::std::pin::Pin<::std::boxed::Box<
            dyn ::core::future::Future<Output = #krate::private::PyResult<()>>
                + ::core::marker::Send,
        >> {
            #signature #body

            ::std::boxed::Box::pin(#start)
        }

        #krate::inventory::submit! {
            #krate::testing::Test {
                name: ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)),
                test_fn: &#name,
            }
        }
    })
}
