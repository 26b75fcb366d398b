//! The path by which generated code names the library: what `crate = "…"` says, else the name it
//! has in the user's `Cargo.toml`, where `pyo3 = { package = "pyatoll" }` may have renamed it.

use std::cell::OnceCell;
use std::rc::Rc;

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Ident, LitStr, Path};

/// The library's path in generated code.
#[derive(Clone, Default)]
pub(crate) struct Krate {
    given: Option<Path>,
    /// Else the library's name, once it was looked up: that reads the user's `Cargo.toml`.
    found: Rc<OnceCell<Ident>>,
}

impl Krate {
    /// Whether `crate = "…"` was given.
    pub(crate) fn is_given(&self) -> bool {
        self.given.is_some()
    }

    /// What generated code uses of the library: its hidden module.
    pub(crate) fn hidden(&self) -> TokenStream {
        quote!(#self::impl_)
    }
}

impl ToTokens for Krate {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match &self.given {
            Some(path) => path.to_tokens(tokens),
            None => {
                let name = self
                    .found
                    .get_or_init(|| Ident::new(&dependency_name(), Span::call_site()));
                quote!(::#name).to_tokens(tokens);
            }
        }
    }
}

/// The library's name among the dependencies of the crate that is being compiled. A crate that has
/// it only through a package named `pyo3` that re-exports it uses that.
fn dependency_name() -> String {
    const LIBRARY: &str = "pyatoll";
    ["pyatoll", "pyo3"]
        .into_iter()
        .find_map(|package| match crate_name(package) {
            Ok(FoundCrate::Name(name)) => Some(name),
            // The library's own tests and examples, which see it from outside.
            Ok(FoundCrate::Itself) => Some(LIBRARY.to_owned()),
            Err(_) => None,
        })
        .unwrap_or_else(|| LIBRARY.to_owned())
}

/// The value of `crate = "…"`.
impl Parse for Krate {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let literal: LitStr = input.parse()?;
        let path = literal.parse_with(Path::parse_mod_style).map_err(|_| {
            syn::Error::new(literal.span(), "`crate` must be the path of the library")
        })?;
        Ok(Self {
            given: Some(path),
            ..Self::default()
        })
    }
}

/// An identifier that user code cannot name.
pub(crate) fn hygienic(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
