//! The options of the macros.

use proc_macro2::{Span, TokenStream};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, Lit, LitInt, LitStr, Meta, Path, Result, Token};

/// The kind of the runtime.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Flavor {
    CurrentThread,
    MultiThread,
}

/// The options as given.
pub(crate) struct Options {
    pub(crate) krate: Path,
    pub(crate) flavor: Option<Flavor>,
    pub(crate) worker_threads: Option<(usize, Span)>,
}

/// Parses options, of which `allowed` exist besides `crate`.
pub(crate) fn parse(tokens: TokenStream, krate: Path, allowed: &[&str]) -> Result<Options> {
    let mut options = Options {
        krate,
        flavor: None,
        worker_threads: None,
    };
    let metas = Punctuated::<Meta, Token![,]>::parse_terminated.parse2(tokens)?;
    for meta in metas {
        let name = match meta.path().get_ident() {
            Some(name) => name.to_string(),
            None => return Err(Error::new(meta.span(), "expected the name of an option")),
        };
        if name != "crate" && !allowed.contains(&name.as_str()) {
            return Err(unknown(&meta, &name, allowed));
        }
        let Meta::NameValue(pair) = &meta else {
            let message = format!("the `{name}` option requires a value: `{name} = …`");
            return Err(Error::new(meta.span(), message));
        };
        match name.as_str() {
            "crate" => options.krate = text(&pair.value)?.parse()?,
            "flavor" if options.flavor.is_none() => {
                options.flavor = Some(flavor(&text(&pair.value)?)?);
            }
            "worker_threads" if options.worker_threads.is_none() => {
                let count = number(&pair.value)?;
                let value: usize = count.base10_parse()?;
                if value == 0 {
                    return Err(Error::new(count.span(), "`worker_threads` may not be 0"));
                }
                options.worker_threads = Some((value, pair.span()));
            }
            _ => {
                let message = format!("`{name}` set multiple times");
                return Err(Error::new(meta.span(), message));
            }
        }
    }
    if let (Some(Flavor::CurrentThread), Some((_, span))) = (options.flavor, options.worker_threads)
    {
        let message = "the `worker_threads` option requires the `multi_thread` runtime flavor";
        return Err(Error::new(span, message));
    }
    Ok(options)
}

fn unknown(meta: &Meta, name: &str, allowed: &[&str]) -> Error {
    let message = match name {
        "multi_thread" | "current_thread" if allowed.contains(&"flavor") => {
            format!("set the runtime flavor with `flavor = \"{name}\"`")
        }
        _ => {
            let names: Vec<_> = allowed.iter().map(|name| format!("`{name}`, ")).collect();
            format!(
                "unknown option `{name}`; expected one of: {}`crate`",
                names.concat()
            )
        }
    };
    Error::new(meta.span(), message)
}

fn flavor(text: &LitStr) -> Result<Flavor> {
    match text.value().as_str() {
        "current_thread" => Ok(Flavor::CurrentThread),
        "multi_thread" => Ok(Flavor::MultiThread),
        other => Err(Error::new(
            text.span(),
            format!(
                "no such runtime flavor `{other}`; the runtime flavors are `current_thread` and \
                 `multi_thread`"
            ),
        )),
    }
}

fn literal(value: &Expr) -> Option<&Lit> {
    match value {
        Expr::Lit(ExprLit { lit, .. }) => Some(lit),
        _ => None,
    }
}

fn text(value: &Expr) -> Result<LitStr> {
    match literal(value) {
        Some(Lit::Str(text)) => Ok(text.clone()),
        _ => Err(Error::new(value.span(), "expected a string literal")),
    }
}

fn number(value: &Expr) -> Result<LitInt> {
    match literal(value) {
        Some(Lit::Int(number)) => Ok(number.clone()),
        _ => Err(Error::new(value.span(), "expected a number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;
    use syn::parse_quote;

    const ALL: &[&str] = &["flavor", "worker_threads"];

    fn error(tokens: TokenStream) -> String {
        match parse(tokens, parse_quote!(::x), ALL) {
            Ok(_) => panic!("the options are accepted"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn options_are_read() {
        let tokens = quote!(flavor = "multi_thread", worker_threads = 3, crate = "a::b");
        let options = parse(tokens, parse_quote!(::x), ALL).unwrap();
        assert_eq!(options.flavor, Some(Flavor::MultiThread));
        assert_eq!(options.worker_threads.unwrap().0, 3);
        let krate = options.krate;
        assert_eq!(quote!(#krate).to_string(), "a :: b");
    }

    #[test]
    fn wrong_options_are_refused() {
        for (tokens, expected) in [
            (quote!(flavor), "requires a value"),
            (quote!(flavor = 1), "expected a string literal"),
            (quote!(flavor = "green"), "no such runtime flavor `green`"),
            (quote!(current_thread), "set the runtime flavor with"),
            (quote!(worker_threads = 0), "may not be 0"),
            (quote!(worker_threads = "1"), "expected a number"),
            (
                quote!(threads = 1),
                "expected one of: `flavor`, `worker_threads`, `crate`",
            ),
            (
                quote!(flavor = "current_thread", worker_threads = 2),
                "requires the `multi_thread` runtime flavor",
            ),
            (
                quote!(flavor = "multi_thread", flavor = "multi_thread"),
                "set multiple times",
            ),
        ] {
            let message = error(tokens);
            assert!(message.contains(expected), "{message}");
        }
    }
}
