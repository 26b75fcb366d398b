//! `signature = (…)`, and the model of a function's Python parameters.

use proc_macro2::{Literal, Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, LitStr, Token, Type, parenthesized};

use super::argument::{Argument, ArgumentKind, ParameterSlot};
use crate::attributes::python_name;
use crate::inspect::Annotation;
use crate::krate::Krate;

/// The value of `signature = …`, as parsed.
#[derive(Clone)]
pub(crate) struct SignatureAttribute {
    items: Vec<Item>,
    /// The type hint after `->`.
    pub(crate) returns: Option<Annotation>,
    pub(crate) span: Span,
}

#[derive(Clone)]
enum Item {
    /// `name` or `name = default`, each perhaps with a type hint.
    Parameter(Ident, Option<Annotation>, Option<Expr>),
    /// `/`.
    EndOfPositionalOnly(Span),
    /// `*`.
    StartOfKeywordOnly(Span),
    /// `*name`.
    VarArgs(Ident, Option<Annotation>),
    /// `**name`.
    VarKeywords(Ident, Option<Annotation>),
}

impl SignatureAttribute {
    /// Parses what follows `signature =`.
    pub(crate) fn parse(span: Span, input: ParseStream<'_>) -> syn::Result<Self> {
        let content;
        parenthesized!(content in input);
        let items = Punctuated::<Item, Token![,]>::parse_terminated(&content)?;
        let mut returns = None;
        if input.peek(Token![->]) {
            input.parse::<Token![->]>()?;
            returns = Some(Annotation::new(&input.parse::<LitStr>()?));
        }
        Ok(Self {
            returns,
            items: items.into_iter().collect(),
            span,
        })
    }
}

fn parse_annotation(input: ParseStream<'_>) -> syn::Result<Option<Annotation>> {
    if !input.peek(Token![:]) {
        return Ok(None);
    }
    input.parse::<Token![:]>()?;
    Ok(Some(Annotation::new(&input.parse::<LitStr>()?)))
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
                return Ok(Self::VarKeywords(name, parse_annotation(input)?));
            }
            if input.peek(Ident::peek_any) {
                let name = input.call(Ident::parse_any)?;
                return Ok(Self::VarArgs(name, parse_annotation(input)?));
            }
            return Ok(Self::StartOfKeywordOnly(star.span));
        }
        let name = input.call(Ident::parse_any)?;
        let annotation = parse_annotation(input)?;
        let default = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Some(input.parse()?)
        } else {
            None
        };
        Ok(Self::Parameter(name, annotation, default))
    }
}

/// A parameter with a name and perhaps a default: all but `*args` and `**kwargs`.
#[derive(Clone)]
pub(crate) struct Parameter {
    /// The Python name.
    pub(crate) name: String,
    /// The type hint that is given as text.
    annotation: Option<Annotation>,
    pub(crate) default: Option<Expr>,
}

/// The Python parameters of a function. The array that matching fills holds them in this order:
/// positional, keyword-only, `*args`, `**kwargs`.
#[derive(Clone, Default)]
pub(crate) struct SignatureModel {
    pub(crate) positional: Vec<Parameter>,
    pub(crate) positional_only: usize,
    pub(crate) keyword_only: Vec<Parameter>,
    /// The name of `*args`.
    pub(crate) varargs: Option<String>,
    /// The name of `**kwargs`.
    pub(crate) varkeywords: Option<String>,
    varargs_annotation: Option<Annotation>,
    varkeywords_annotation: Option<Annotation>,
    /// Whether there is a `*` without a name.
    bare_star: bool,
}

impl SignatureModel {
    /// Creates the model from `signature = (…)`, or without it with every argument required, by
    /// position or name. Sets the slot of each argument.
    pub(crate) fn new(
        attribute: Option<&SignatureAttribute>,
        arguments: &mut [Argument],
    ) -> syn::Result<Self> {
        match attribute {
            Some(attribute) => Self::from_attribute(attribute, arguments),
            None => Ok(Self::all_required(arguments)),
        }
    }

    fn all_required(arguments: &mut [Argument]) -> Self {
        let mut model = Self::default();
        for argument in arguments
            .iter_mut()
            .filter(|argument| argument.is_parameter())
        {
            argument.slot = ParameterSlot::Positional(model.positional.len());
            model.positional.push(Parameter {
                name: python_name(&argument.name),
                annotation: None,
                default: None,
            });
        }
        model
    }

    fn from_attribute(
        attribute: &SignatureAttribute,
        arguments: &mut [Argument],
    ) -> syn::Result<Self> {
        let mut model = Self::default();
        reject_cancel_handle(attribute, arguments)?;
        let mut values = arguments
            .iter_mut()
            .filter(|argument| argument.is_parameter());
        let mut next = |name: &Ident, slot: ParameterSlot| -> syn::Result<()> {
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
            argument.slot = slot;
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

    /// Adds an entry of `signature = (…)`. `next` ties the next argument to a slot.
    fn add(
        &mut self,
        item: &Item,
        next: &mut impl FnMut(&Ident, ParameterSlot) -> syn::Result<()>,
    ) -> syn::Result<()> {
        let error = |span: Span, text: &str| Err(syn::Error::new(span, text));
        let variadic = self.varargs.is_some() || self.bare_star;
        if let Some(name) = &self.varkeywords {
            let span = item.span();
            return error(span, &format!("nothing may follow `**{name}`"));
        }
        match item {
            Item::Parameter(name, annotation, default) => {
                let parameter = Parameter {
                    name: python_name(name),
                    annotation: annotation.clone(),
                    default: default.clone(),
                };
                if variadic {
                    next(name, ParameterSlot::KeywordOnly(self.keyword_only.len()))?;
                    self.keyword_only.push(parameter);
                } else {
                    next(name, self.next_positional(name, default.is_some())?)?;
                    self.positional.push(parameter);
                }
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
            Item::VarArgs(name, annotation) => {
                if variadic {
                    return error(
                        name.span(),
                        "`*args` may only be given once, and not with `*`",
                    );
                }
                next(name, ParameterSlot::VarArgs)?;
                self.varargs = Some(python_name(name));
                self.varargs_annotation.clone_from(annotation);
            }
            Item::VarKeywords(name, annotation) => {
                next(name, ParameterSlot::VarKeywords)?;
                self.varkeywords = Some(python_name(name));
                self.varkeywords_annotation.clone_from(annotation);
            }
        }
        Ok(())
    }

    /// Returns the slot of the next positional parameter, which may not be required after one with
    /// a default.
    fn next_positional(&self, name: &Ident, has_default: bool) -> syn::Result<ParameterSlot> {
        let after_default = self
            .positional
            .last()
            .is_some_and(|last| last.default.is_some());
        if after_default && !has_default {
            return Err(syn::Error::new(
                name.span(),
                "cannot have required positional parameter after an optional parameter",
            ));
        }
        Ok(ParameterSlot::Positional(self.positional.len()))
    }

    /// Returns the number of required positional parameters.
    pub(crate) fn required_positional(&self) -> usize {
        self.positional
            .iter()
            .filter(|parameter| parameter.default.is_none())
            .count()
    }

    /// Returns whether there is a `*args` or `**kwargs`.
    pub(crate) fn is_variadic(&self) -> bool {
        self.varargs.is_some() || self.varkeywords.is_some()
    }

    /// Returns the length of the array that matching fills.
    pub(crate) fn slot_count(&self) -> usize {
        self.positional.len()
            + self.keyword_only.len()
            + usize::from(self.varargs.is_some())
            + usize::from(self.varkeywords.is_some())
    }

    /// Returns the index of a slot in that array.
    pub(crate) fn slot_index(&self, slot: ParameterSlot) -> usize {
        let named = self.positional.len() + self.keyword_only.len();
        match slot {
            ParameterSlot::Positional(index) => index,
            ParameterSlot::KeywordOnly(index) => self.positional.len() + index,
            ParameterSlot::VarArgs => named,
            ParameterSlot::VarKeywords => named + usize::from(self.varargs.is_some()),
        }
    }

    /// Returns the name of the parameter that a slot belongs to.
    pub(crate) fn name_of(&self, slot: ParameterSlot) -> &str {
        match slot {
            ParameterSlot::Positional(index) => &self.positional[index].name,
            ParameterSlot::KeywordOnly(index) => &self.keyword_only[index].name,
            ParameterSlot::VarArgs => self.varargs.as_deref().unwrap_or("args"),
            ParameterSlot::VarKeywords => self.varkeywords.as_deref().unwrap_or("kwargs"),
        }
    }

    /// Returns the default of the parameter that a slot belongs to.
    pub(crate) fn default_of(&self, slot: ParameterSlot) -> Option<&Expr> {
        match slot {
            ParameterSlot::Positional(index) => self.positional[index].default.as_ref(),
            ParameterSlot::KeywordOnly(index) => self.keyword_only[index].default.as_ref(),
            ParameterSlot::VarArgs | ParameterSlot::VarKeywords => None,
        }
    }

    /// Returns the type hint that is given for the parameter that a slot belongs to.
    pub(crate) fn annotation_of(&self, slot: ParameterSlot) -> Option<&Annotation> {
        match slot {
            ParameterSlot::Positional(index) => self.positional[index].annotation.as_ref(),
            ParameterSlot::KeywordOnly(index) => self.keyword_only[index].annotation.as_ref(),
            ParameterSlot::VarArgs => self.varargs_annotation.as_ref(),
            ParameterSlot::VarKeywords => self.varkeywords_annotation.as_ref(),
        }
    }

    /// Returns the `Signature` for the runtime, a constant.
    pub(crate) fn record(
        &self,
        krate: &Krate,
        class: Option<&Type>,
        function: &str,
    ) -> TokenStream {
        let hidden = krate.hidden();
        let mut text = Vec::new();
        for parameter in self.positional.iter().chain(&self.keyword_only) {
            push_name(&mut text, &parameter.name);
        }
        let names = text.len();
        let keyword_only = self.keyword_only.iter();
        text.extend(keyword_only.map(|parameter| u8::from(parameter.default.is_none())));
        push_name(&mut text, function);
        // Without a suffix, so that the compiler infers the type.
        let count = Literal::usize_unsuffixed;
        let names = count(names);
        let len = count(text.len());
        let text = Literal::byte_string(&text);
        let positional = count(self.positional.len());
        let positional_only = count(self.positional_only);
        let required = count(self.required_positional());
        let keyword_only = count(self.keyword_only.len());
        let varargs = self.varargs.is_some();
        let varkeywords = self.varkeywords.is_some();
        let data = quote! {
            #hidden::call::SignatureData {
                counts: #hidden::call::Counts {
                    positional: #positional,
                    positional_only: #positional_only,
                    required_positional: #required,
                    keyword_only: #keyword_only,
                    names: #names,
                    text: #len,
                    varargs: #varargs,
                    varkeywords: #varkeywords,
                },
                text: *#text,
            }
        };
        let declaration = match class {
            None => quote!(const DATA: &#hidden::call::SignatureData<#len> = &#data;),
            Some(class) => quote! {
                const CLASS: &::core::primitive::str = <#class as #krate::PyClass>::NAME;
                const DATA: &#hidden::call::SignatureData<{ #len + 2 + CLASS.len() }> =
                    &#data.of_class(CLASS);
            },
        };
        quote! {
            #declaration
            #hidden::call::Signature::new(DATA)
        }
    }
}

/// Adds a name after its length in two bytes.
fn push_name(text: &mut Vec<u8>, name: &str) {
    let len = u16::try_from(name.len()).expect("names have fewer than 2^16 bytes");
    text.extend(len.to_le_bytes());
    text.extend(name.bytes());
}

/// Rejects an entry for the cancel handle, which is not a Python parameter.
fn reject_cancel_handle(attribute: &SignatureAttribute, arguments: &[Argument]) -> syn::Result<()> {
    let handles = arguments
        .iter()
        .filter(|argument| argument.kind == ArgumentKind::CancelHandle);
    for handle in handles {
        let mut names = attribute.items.iter().filter_map(Item::name);
        if let Some(name) = names.find(|name| name.unraw() == handle.name.unraw()) {
            return Err(syn::Error::new(
                name.span(),
                "`cancel_handle` argument must not be part of the signature",
            ));
        }
    }
    Ok(())
}

impl Item {
    /// Returns the name of the argument that it stands for.
    fn name(&self) -> Option<&Ident> {
        match self {
            Self::Parameter(name, ..) | Self::VarArgs(name, _) | Self::VarKeywords(name, _) => {
                Some(name)
            }
            Self::EndOfPositionalOnly(_) | Self::StartOfKeywordOnly(_) => None,
        }
    }

    fn span(&self) -> Span {
        match self {
            Self::EndOfPositionalOnly(span) | Self::StartOfKeywordOnly(span) => *span,
            Self::Parameter(name, ..) | Self::VarArgs(name, _) | Self::VarKeywords(name, _) => {
                name.span()
            }
        }
    }
}
