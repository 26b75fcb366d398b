//! The options of `#[pyfunction]`, which methods share.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Ident, LitStr, Path, Token, parenthesized};

use super::signature::SignatureAttribute;
use crate::attributes::{PythonName, set_once};
use crate::krate::Krate;

/// One option of a function.
pub(crate) enum FunctionOption {
    Signature(SignatureAttribute),
    TextSignature(TextSignature),
    Name(PythonName),
    PassModule(Span),
    Krate(Span, Krate),
    Warn(Warn),
}

/// The options of a function.
#[derive(Default)]
pub(crate) struct FunctionOptions {
    pub(crate) signature: Option<SignatureAttribute>,
    pub(crate) text_signature: Option<TextSignature>,
    pub(crate) name: Option<PythonName>,
    /// The span of `pass_module`.
    pub(crate) pass_module: Option<Span>,
    pub(crate) krate: Krate,
    pub(crate) warnings: Vec<Warn>,
}

/// `text_signature = "…"`, or `None`.
#[derive(Clone)]
pub(crate) struct TextSignature {
    /// `None` omits the signature.
    pub(crate) text: Option<String>,
    pub(crate) span: Span,
}

/// `warn(message = "…", category = path)`.
#[derive(Clone)]
pub(crate) struct Warn {
    message: LitStr,
    category: Option<Path>,
    pub(crate) span: Span,
}

impl FunctionOptions {
    /// Combines the options of the attribute itself (`own`) with those of `#[pyo3(…)]` (`helper`).
    pub(crate) fn new(own: Vec<FunctionOption>, helper: Vec<FunctionOption>) -> syn::Result<Self> {
        let mut options = Self::default();
        for option in own.into_iter().chain(helper) {
            options.add(option)?;
        }
        Ok(options)
    }

    fn add(&mut self, option: FunctionOption) -> syn::Result<()> {
        match option {
            FunctionOption::Signature(signature) => {
                let span = signature.span;
                set_once(&mut self.signature, signature, span, "signature")
            }
            FunctionOption::TextSignature(text) => {
                let span = text.span;
                set_once(&mut self.text_signature, text, span, "text_signature")
            }
            FunctionOption::Name(name) => {
                let span = name.span;
                set_once(&mut self.name, name, span, "name")
            }
            FunctionOption::PassModule(span) => {
                set_once(&mut self.pass_module, span, span, "pass_module")
            }
            FunctionOption::Krate(span, krate) => {
                if self.krate.is_given() {
                    return Err(syn::Error::new(span, "`crate` may only be specified once"));
                }
                self.krate = krate;
                Ok(())
            }
            FunctionOption::Warn(warn) => {
                self.warnings.push(warn);
                Ok(())
            }
        }
    }
}

impl Parse for FunctionOption {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Token![crate]) {
            let span = input.parse::<Token![crate]>()?.span;
            input.parse::<Token![=]>()?;
            return Ok(Self::Krate(span, input.parse()?));
        }
        let unknown = "expected one of: `signature`, `text_signature`, `name`, `pass_module`, \
                       `warn`, `crate`";
        let ident: Ident = input
            .parse()
            .map_err(|error| syn::Error::new(error.span(), unknown))?;
        match ident.to_string().as_str() {
            "signature" => {
                input.parse::<Token![=]>()?;
                Ok(Self::Signature(SignatureAttribute::parse(
                    ident.span(),
                    input,
                )?))
            }
            "text_signature" => {
                input.parse::<Token![=]>()?;
                Ok(Self::TextSignature(input.parse()?))
            }
            "name" => {
                input.parse::<Token![=]>()?;
                Ok(Self::Name(input.parse()?))
            }
            "pass_module" => Ok(Self::PassModule(ident.span())),
            "warn" => Ok(Self::Warn(Warn::parse(ident.span(), input)?)),
            _ => Err(syn::Error::new(ident.span(), unknown)),
        }
    }
}

impl Parse for TextSignature {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let span = input.span();
        if input.peek(LitStr) {
            let text = Some(input.parse::<LitStr>()?.value());
            return Ok(Self { text, span });
        }
        let none: Ident = input.parse()?;
        if none != "None" {
            return Err(syn::Error::new(
                none.span(),
                "`text_signature` must be a string or `None`",
            ));
        }
        Ok(Self { text: None, span })
    }
}

/// One part of `warn(…)`.
enum WarnPart {
    Message(LitStr),
    Category(Path),
}

impl Parse for WarnPart {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let ident: Ident = input.parse()?;
        input.parse::<Token![=]>()?;
        if ident == "message" {
            input.parse().map(Self::Message)
        } else if ident == "category" {
            input.parse().map(Self::Category)
        } else {
            Err(syn::Error::new(
                ident.span(),
                "expected `message` or `category`",
            ))
        }
    }
}

impl Warn {
    /// Parses what follows `warn`.
    fn parse(span: Span, input: ParseStream<'_>) -> syn::Result<Self> {
        let content;
        parenthesized!(content in input);
        let (mut message, mut category) = (None, None);
        for part in Punctuated::<WarnPart, Token![,]>::parse_terminated(&content)? {
            match part {
                WarnPart::Message(text) => set_once(&mut message, text, span, "message")?,
                WarnPart::Category(path) => set_once(&mut category, path, span, "category")?,
            }
        }
        let Some(message) = message else {
            return Err(syn::Error::new(
                span,
                "missing `message` in `warn` attribute",
            ));
        };
        Ok(Self {
            message,
            category,
            span,
        })
    }

    /// Returns the statement that issues the warning.
    pub(crate) fn statement(&self, krate: &Krate, py: &Ident) -> TokenStream {
        let message = format!("{}\0", self.message.value());
        let hidden = krate.hidden();
        let category = match &self.category {
            Some(path) => quote!(#path),
            None => quote!(#krate::exceptions::PyUserWarning),
        };
        quote! {
            #hidden::call::warn::<#category>(#py, #hidden::call::c_text(#message))?;
        }
    }
}
