//! What `signature = (…)` says, and the Python parameters it comes to.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, LitStr, Token, parenthesized};

use super::model::Argument;
use crate::attributes::python_name;
use crate::krate::Krate;

/// The value of `signature = …`, as written.
#[derive(Clone)]
pub(crate) struct SignatureAttribute {
    items: Vec<Item>,
    pub(crate) span: Span,
}

#[derive(Clone)]
enum Item {
    /// `name` or `name = default`.
    Parameter(Ident, Option<Expr>),
    /// `/`.
    EndOfPositionalOnly(Span),
    /// `*`.
    StartOfKeywordOnly(Span),
    /// `*name`.
    VarArgs(Ident),
    /// `**name`.
    VarKeywords(Ident),
}

impl SignatureAttribute {
    /// Parses what follows `signature =`.
    pub(crate) fn parse(span: Span, input: ParseStream<'_>) -> syn::Result<Self> {
        let content;
        parenthesized!(content in input);
        let items = Punctuated::<Item, Token![,]>::parse_terminated(&content)?;
        if input.peek(Token![->]) {
            // A return annotation, for tools.
            input.parse::<Token![->]>()?;
            input.parse::<LitStr>()?;
        }
        Ok(Self {
            items: items.into_iter().collect(),
            span,
        })
    }
}

fn skip_annotation(input: ParseStream<'_>) -> syn::Result<()> {
    if input.peek(Token![:]) {
        input.parse::<Token![:]>()?;
        input.parse::<LitStr>()?;
    }
    Ok(())
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Token![/]) {
            return Ok(Self::EndOfPositionalOnly(input.parse::<Token![/]>()?.span));
        }
        if input.peek(Token![*]) {
            let star: Token![*] = input.parse()?;
            if input.peek(Token![*]) {
                input.parse::<Token![*]>()?;
                let name = input.call(Ident::parse_any)?;
                skip_annotation(input)?;
                return Ok(Self::VarKeywords(name));
            }
            if input.peek(Ident::peek_any) {
                let name = input.call(Ident::parse_any)?;
                skip_annotation(input)?;
                return Ok(Self::VarArgs(name));
            }
            return Ok(Self::StartOfKeywordOnly(star.span));
        }
        let name = input.call(Ident::parse_any)?;
        skip_annotation(input)?;
        let default = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Some(input.parse()?)
        } else {
            None
        };
        Ok(Self::Parameter(name, default))
    }
}

/// A parameter with a name that callers use.
#[derive(Clone)]
pub(crate) struct Parameter {
    /// Its Python name.
    pub(crate) name: String,
    pub(crate) default: Option<Expr>,
}

/// The Python parameters of a function. Their order is that of the places in the array that
/// matching fills: positional, keyword-only, `*args`, `**kwargs`.
#[derive(Clone, Default)]
pub(crate) struct SignatureModel {
    pub(crate) positional: Vec<Parameter>,
    pub(crate) positional_only: usize,
    pub(crate) keyword_only: Vec<Parameter>,
    /// The name of `*args`.
    pub(crate) varargs: Option<String>,
    /// The name of `**kwargs`.
    pub(crate) varkeywords: Option<String>,
    /// Whether there was a `*` of its own.
    bare_star: bool,
}

/// Where an argument of the Rust function is in the array.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    Positional(usize),
    KeywordOnly(usize),
    VarArgs,
    VarKeywords,
}

impl SignatureModel {
    /// Without `signature = (…)`: every argument is required, by position or name. With it: as it
    /// says. Sets the place of each argument.
    pub(crate) fn new(
        attribute: Option<&SignatureAttribute>,
        arguments: &mut [Argument],
    ) -> syn::Result<Self> {
        let mut model = Self::default();
        let Some(attribute) = attribute else {
            for argument in arguments.iter_mut().filter(|argument| !argument.is_token) {
                argument.place = Place::Positional(model.positional.len());
                model.positional.push(Parameter {
                    name: python_name(&argument.name),
                    default: None,
                });
            }
            return Ok(model);
        };
        let mut values = arguments.iter_mut().filter(|argument| !argument.is_token);
        let mut next = |name: &Ident, place: Place| -> syn::Result<()> {
            let Some(argument) = values.next() else {
                return Err(syn::Error::new(
                    name.span(),
                    "signature entry does not have a corresponding function argument",
                ));
            };
            if argument.name.unraw() != name.unraw() {
                return Err(syn::Error::new(
                    name.span(),
                    format!(
                        "expected argument from function definition `{}` but got argument `{}`",
                        argument.name.unraw(),
                        name.unraw()
                    ),
                ));
            }
            argument.place = place;
            Ok(())
        };
        for item in &attribute.items {
            model.add(item, &mut next)?;
        }
        if let Some(rest) = values.next() {
            return Err(syn::Error::new(
                attribute.span,
                format!(
                    "missing signature entry for argument `{}`",
                    rest.name.unraw()
                ),
            ));
        }
        Ok(model)
    }

    fn add(
        &mut self,
        item: &Item,
        next: &mut impl FnMut(&Ident, Place) -> syn::Result<()>,
    ) -> syn::Result<()> {
        let error = |span: Span, text: &str| Err(syn::Error::new(span, text));
        let variadic = self.varargs.is_some() || self.bare_star;
        if let Some(name) = &self.varkeywords {
            let span = item.span();
            return error(span, &format!("nothing may follow `**{name}`"));
        }
        match item {
            Item::Parameter(name, default) => {
                let parameter = Parameter {
                    name: python_name(name),
                    default: default.clone(),
                };
                if variadic {
                    next(name, Place::KeywordOnly(self.keyword_only.len()))?;
                    self.keyword_only.push(parameter);
                    return Ok(());
                }
                let after_default = self.positional.last().is_some_and(|p| p.default.is_some());
                if after_default && default.is_none() {
                    return error(
                        name.span(),
                        "cannot have required positional parameter after an optional parameter",
                    );
                }
                next(name, Place::Positional(self.positional.len()))?;
                self.positional.push(parameter);
            }
            Item::EndOfPositionalOnly(span) => {
                if variadic {
                    return error(*span, "`/` must come before `*` and `*args`");
                }
                if self.positional_only > 0 {
                    return error(*span, "`/` may only be given once");
                }
                if self.positional.is_empty() {
                    return error(*span, "`/` must follow at least one parameter");
                }
                self.positional_only = self.positional.len();
            }
            Item::StartOfKeywordOnly(span) => {
                if variadic {
                    return error(*span, "`*` may only be given once, and not with `*args`");
                }
                self.bare_star = true;
            }
            Item::VarArgs(name) => {
                if variadic {
                    return error(
                        name.span(),
                        "`*args` may only be given once, and not with `*`",
                    );
                }
                next(name, Place::VarArgs)?;
                self.varargs = Some(python_name(name));
            }
            Item::VarKeywords(name) => {
                next(name, Place::VarKeywords)?;
                self.varkeywords = Some(python_name(name));
            }
        }
        Ok(())
    }

    /// How many of the positional parameters are required.
    pub(crate) fn required_positional(&self) -> usize {
        self.positional
            .iter()
            .filter(|parameter| parameter.default.is_none())
            .count()
    }

    /// How many places the array has.
    pub(crate) fn places(&self) -> usize {
        self.positional.len()
            + self.keyword_only.len()
            + usize::from(self.varargs.is_some())
            + usize::from(self.varkeywords.is_some())
    }

    /// The index of a place.
    pub(crate) fn index(&self, place: Place) -> usize {
        let named = self.positional.len() + self.keyword_only.len();
        match place {
            Place::Positional(index) => index,
            Place::KeywordOnly(index) => self.positional.len() + index,
            Place::VarArgs => named,
            Place::VarKeywords => named + usize::from(self.varargs.is_some()),
        }
    }

    /// The default of the parameter at a place.
    pub(crate) fn default_of(&self, place: Place) -> Option<&Expr> {
        match place {
            Place::Positional(index) => self.positional[index].default.as_ref(),
            Place::KeywordOnly(index) => self.keyword_only[index].default.as_ref(),
            Place::VarArgs | Place::VarKeywords => None,
        }
    }

    /// The `Signature` record.
    pub(crate) fn record(&self, krate: &Krate, class: Option<&str>, function: &str) -> TokenStream {
        let hidden = krate.hidden();
        let class = match class {
            Some(class) => quote!(::core::option::Option::Some(#class)),
            None => quote!(::core::option::Option::None),
        };
        let positional = self.positional.iter().map(|parameter| &parameter.name);
        let positional_only = self.positional_only;
        let required = self.required_positional();
        let keyword_only = self.keyword_only.iter().map(|parameter| {
            let name = &parameter.name;
            let required = parameter.default.is_none();
            quote!(#hidden::call::KeywordOnly { name: #name, required: #required })
        });
        let varargs = self.varargs.is_some();
        let varkeywords = self.varkeywords.is_some();
        quote! {
            #hidden::call::Signature {
                class_name: #class,
                function_name: #function,
                positional_names: &[#(#positional),*],
                positional_only: #positional_only,
                required_positional: #required,
                keyword_only: &[#(#keyword_only),*],
                varargs: #varargs,
                varkeywords: #varkeywords,
            }
        }
    }
}

impl Item {
    fn span(&self) -> Span {
        match self {
            Self::EndOfPositionalOnly(span) | Self::StartOfKeywordOnly(span) => *span,
            Self::Parameter(name, _) | Self::VarArgs(name) | Self::VarKeywords(name) => name.span(),
        }
    }
}
