//! The path by which generated code names the library: `::pyatoll`, or what `crate = "…"` says.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{LitStr, Path};

/// The library's path in generated code.
#[derive(Clone, Default)]
pub(crate) struct Krate(Option<Path>);

impl Krate {
    /// The path that `crate = "…"` gave.
    pub(crate) fn new(path: Path) -> Self {
        Self(Some(path))
    }

    /// Whether `crate = "…"` was given.
    pub(crate) fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// What generated code uses of the library: its hidden module.
    pub(crate) fn hidden(&self) -> TokenStream {
        quote!(#self::impl_)
    }
}

impl ToTokens for Krate {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match &self.0 {
            Some(path) => path.to_tokens(tokens),
            None => default_path().to_tokens(tokens),
        }
    }
}

/// `::pyatoll`. The drop-in package for PyO3's users has these same sources as its `pyo3-macros`:
/// its users depend on `pyo3` only.
fn default_path() -> TokenStream {
    if env!("CARGO_PKG_NAME") == "pyo3-macros" {
        quote!(::pyo3)
    } else {
        quote!(::pyatoll)
    }
}

/// The value of `crate = "…"`.
impl Parse for Krate {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let literal: LitStr = input.parse()?;
        let path = literal.parse_with(Path::parse_mod_style).map_err(|_| {
            syn::Error::new(literal.span(), "`crate` must be the path of the library")
        })?;
        Ok(Self(Some(path)))
    }
}

/// An identifier that user code cannot name.
pub(crate) fn hygienic(name: &str) -> syn::Ident {
    syn::Ident::new(name, Span::mixed_site())
}
