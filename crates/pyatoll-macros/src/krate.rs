//! The path by which generated code names the library: the value of `crate = "…"`, or else the
//! library's name in the user's `Cargo.toml`, where `pyo3 = { package = "pyatoll" }` may rename it.

use std::cell::OnceCell;
use std::rc::Rc;

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Ident, LitStr, Path};

use crate::hygiene::{located, respanned};

/// The library's path in generated code.
#[derive(Clone, Default)]
pub(crate) struct Krate {
    given: Option<Path>,
    /// The library's name in `Cargo.toml`, if no path is given. Looking it up reads the file, so
    /// all clones share the result: one lookup per expansion.
    found: Rc<OnceCell<Ident>>,
}

impl Krate {
    /// Returns the library at a path.
    pub(crate) fn at(path: Path) -> Self {
        Self {
            given: Some(path),
            ..Self::default()
        }
    }

    /// Returns whether `crate = "…"` was given.
    pub(crate) fn is_given(&self) -> bool {
        self.given.is_some()
    }

    /// Returns the path of the hidden module that generated code uses.
    pub(crate) fn hidden(&self) -> TokenStream {
        quote!(#self::impl_)
    }

    /// Returns this path at a span. The compiler shows an error in an expression at the user's
    /// tokens only if all tokens of the expression are there.
    pub(crate) fn hidden_at(&self, span: Span) -> TokenStream {
        respanned(self.hidden(), located(span))
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

/// Looks up the library's name among the dependencies of the crate being compiled. A package named
/// `pyo3` that re-exports the library is used if the crate does not depend on the library itself.
fn dependency_name() -> String {
    const LIBRARY: &str = "pyatoll";
    ["pyatoll", "pyo3"]
        .into_iter()
        .find_map(|package| match crate_name(package) {
            Ok(FoundCrate::Name(name)) => Some(name),
            // The library's own tests and examples, for which it is an external crate.
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
        Ok(Self::at(path))
    }
}
