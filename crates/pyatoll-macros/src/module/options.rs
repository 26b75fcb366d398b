//! The options of `#[pymodule]`.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::{Ident, LitBool, LitStr, Token};

use crate::attributes::{PythonName, set_once};
use crate::krate::Krate;

/// One option.
pub(super) enum ModuleOption {
    Name(PythonName),
    Module(LitStr),
    Krate(Span, Krate),
    Submodule(Span),
    GilUsed(LitBool),
    MultipleInterpreters(Ident),
}

/// The options of a module.
#[derive(Default)]
pub(super) struct ModuleOptions {
    pub(super) name: Option<PythonName>,
    /// The package that contains the module.
    pub(super) module: Option<String>,
    pub(super) krate: Krate,
    /// The span of `submodule`.
    pub(super) submodule: Option<Span>,
    pub(super) gil_used: Option<bool>,
    /// The variant of `MultipleInterpreters`.
    multiple_interpreters: Option<Ident>,
}

impl ModuleOptions {
    /// Combines the options of the attribute itself (`own`) with those of `#[pyo3(…)]` (`helper`).
    pub(super) fn new(own: Vec<ModuleOption>, helper: Vec<ModuleOption>) -> syn::Result<Self> {
        let mut options = Self::default();
        for option in own.into_iter().chain(helper) {
            options.add(option)?;
        }
        Ok(options)
    }

    fn add(&mut self, option: ModuleOption) -> syn::Result<()> {
        match option {
            ModuleOption::Name(name) => {
                let span = name.span;
                set_once(&mut self.name, name, span, "name")
            }
            ModuleOption::Module(module) => {
                let span = module.span();
                set_once(&mut self.module, module.value(), span, "module")
            }
            ModuleOption::Krate(span, krate) => {
                if self.krate.is_given() {
                    return Err(syn::Error::new(span, "`crate` may only be specified once"));
                }
                self.krate = krate;
                Ok(())
            }
            // A `#[pymodule] mod` adds it to nested modules, which may have it already.
            ModuleOption::Submodule(span) => {
                self.submodule = Some(span);
                Ok(())
            }
            ModuleOption::GilUsed(value) => {
                set_once(&mut self.gil_used, value.value, value.span, "gil_used")
            }
            ModuleOption::MultipleInterpreters(variant) => {
                let span = variant.span();
                let option = &mut self.multiple_interpreters;
                set_once(option, variant, span, "multiple_interpreters")
            }
        }
    }

    /// Returns the variant of `MultipleInterpreters`.
    pub(super) fn policy(&self) -> Ident {
        self.multiple_interpreters
            .clone()
            .unwrap_or_else(|| Ident::new("PerInterpreterGil", Span::call_site()))
    }
}

impl Parse for ModuleOption {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Token![crate]) {
            let span = input.parse::<Token![crate]>()?.span;
            input.parse::<Token![=]>()?;
            return Ok(Self::Krate(span, input.parse()?));
        }
        let unknown = "expected one of: `name`, `module`, `submodule`, `gil_used`, \
                       `multiple_interpreters`, `crate`";
        let ident: Ident = input
            .parse()
            .map_err(|error| syn::Error::new(error.span(), unknown))?;
        if ident == "submodule" {
            return Ok(Self::Submodule(ident.span()));
        }
        if !["name", "module", "gil_used", "multiple_interpreters"]
            .iter()
            .any(|name| ident == name)
        {
            return Err(syn::Error::new(ident.span(), unknown));
        }
        input.parse::<Token![=]>()?;
        match ident.to_string().as_str() {
            "name" => Ok(Self::Name(input.parse()?)),
            "module" => Ok(Self::Module(input.parse()?)),
            "gil_used" => Ok(Self::GilUsed(input.parse()?)),
            _ => {
                let value: Ident = input.parse()?;
                let variant = match value.to_string().as_str() {
                    "per_interpreter_gil" => "PerInterpreterGil",
                    "shared_gil" => "SharedGil",
                    "not_supported" => "NotSupported",
                    _ => {
                        return Err(syn::Error::new(
                            value.span(),
                            "expected `per_interpreter_gil`, `shared_gil` or `not_supported`",
                        ));
                    }
                };
                Ok(Self::MultipleInterpreters(Ident::new(
                    variant,
                    value.span(),
                )))
            }
        }
    }
}
