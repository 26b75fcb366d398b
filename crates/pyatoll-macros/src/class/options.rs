//! The options of `#[pyclass]`, of fields and of variants.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, Ident, LitStr, Path, Token, bracketed, parenthesized, token};

use crate::attributes::{self, PythonName, set_once};
use crate::krate::Krate;
use crate::rename::RenameRule;

/// `str`, or `str = "format"`.
pub(crate) struct StrOption {
    pub(crate) span: Span,
    pub(crate) format: Option<LitStr>,
}

/// The options of `#[pyclass(…)]`. A flag is the span of its keyword.
#[derive(Default)]
pub(crate) struct ClassOptions {
    pub(crate) krate: Krate,
    pub(crate) atomic_buffer: Option<Span>,
    /// `bases = ["module:qualname"]`: Python classes.
    pub(crate) bases: Option<Vec<LitStr>>,
    pub(crate) cross_module: Option<Span>,
    pub(crate) dict: Option<Span>,
    pub(crate) eq: Option<Span>,
    pub(crate) eq_int: Option<Span>,
    pub(crate) extends: Option<Path>,
    pub(crate) freelist: Option<Expr>,
    pub(crate) from_py_object: Option<Span>,
    pub(crate) frozen: Option<Span>,
    pub(crate) generic: Option<Span>,
    pub(crate) get_all: Option<Span>,
    pub(crate) hash: Option<Span>,
    pub(crate) immutable_type: Option<Span>,
    /// The `mod` with `#[pymodule]` around the class. Set by that macro only.
    pub(crate) inherited_module: Option<LitStr>,
    pub(crate) mapping: Option<Span>,
    /// `metaclass = "module:qualname"`.
    pub(crate) metaclass: Option<LitStr>,
    pub(crate) module: Option<LitStr>,
    pub(crate) name: Option<PythonName>,
    /// `enum = "…"`: the class of Python's `enum` module.
    pub(crate) native_enum: Option<LitStr>,
    /// `new = "from_fields"`.
    pub(crate) new: Option<Span>,
    pub(crate) ord: Option<Span>,
    pub(crate) pickle: Option<Span>,
    pub(crate) rename_all: Option<RenameRule>,
    pub(crate) sequence: Option<Span>,
    pub(crate) set_all: Option<Span>,
    pub(crate) shareable: Option<Span>,
    pub(crate) skip_from_py_object: Option<Span>,
    pub(crate) str: Option<StrOption>,
    pub(crate) subclass: Option<Span>,
    pub(crate) unsendable: Option<Span>,
    pub(crate) weakref: Option<Span>,
}

const CLASS_OPTIONS: &str = "`atomic_buffer`, `bases`, `crate`, `cross_module`, `dict`, `enum`, `eq`, `eq_int`, \
    `extends`, `freelist`, `from_py_object`, `frozen`, `generic`, `get_all`, `hash`, `immutable_type`, \
    `mapping`, `metaclass`, `module`, `name`, `new`, `ord`, `pickle`, `rename_all`, `sequence`, \
    `set_all`, `shareable`, `skip_from_py_object`, `str`, `subclass`, `unsendable`, `weakref`";

type Set = Box<dyn FnOnce(&mut ClassOptions) -> syn::Result<()>>;

/// One option of a class: a function that adds it to the options.
pub(crate) struct ClassOption(Set);

impl Parse for ClassOption {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let word = Ident::parse_any(input)?;
        let span = word.span();
        let name = word.to_string();
        macro_rules! flag {
            ($field:ident) => {
                Box::new(move |options: &mut ClassOptions| {
                    set_once(&mut options.$field, span, span, stringify!($field))
                })
            };
        }
        macro_rules! value {
            ($field:ident, $value:expr) => {{
                input.parse::<Token![=]>()?;
                let value = $value;
                Box::new(move |options: &mut ClassOptions| {
                    set_once(&mut options.$field, value, span, stringify!($field))
                })
            }};
        }
        let set: Set = match name.as_str() {
            "atomic_buffer" => flag!(atomic_buffer),
            "cross_module" => flag!(cross_module),
            "dict" => flag!(dict),
            "eq" => flag!(eq),
            "eq_int" => flag!(eq_int),
            "from_py_object" => flag!(from_py_object),
            "frozen" => flag!(frozen),
            "generic" => flag!(generic),
            "get_all" => flag!(get_all),
            "hash" => flag!(hash),
            "immutable_type" => flag!(immutable_type),
            "mapping" => flag!(mapping),
            "ord" => flag!(ord),
            "pickle" => flag!(pickle),
            "sequence" => flag!(sequence),
            "set_all" => flag!(set_all),
            "shareable" => flag!(shareable),
            "skip_from_py_object" => flag!(skip_from_py_object),
            "subclass" => flag!(subclass),
            "unsendable" => flag!(unsendable),
            "weakref" => flag!(weakref),
            "bases" => value!(bases, python_classes(input)?),
            "enum" => value!(native_enum, input.parse::<LitStr>()?),
            "extends" => value!(extends, input.call(Path::parse_mod_style)?),
            "freelist" => value!(freelist, input.parse::<Expr>()?),
            "inherited_module" => value!(inherited_module, input.parse::<LitStr>()?),
            "metaclass" => value!(metaclass, python_class(input)?),
            "module" => value!(module, input.parse::<LitStr>()?),
            "name" => value!(name, input.parse::<PythonName>()?),
            "rename_all" => value!(rename_all, input.parse::<RenameRule>()?),
            "new" => value!(new, {
                let literal: LitStr = input.parse()?;
                if literal.value() != "from_fields" {
                    return Err(syn::Error::new(literal.span(), "expected \"from_fields\""));
                }
                literal.span()
            }),
            "crate" => {
                input.parse::<Token![=]>()?;
                let krate: Krate = input.parse()?;
                Box::new(move |options: &mut ClassOptions| {
                    if options.krate.is_given() {
                        return Err(syn::Error::new(span, "`crate` may only be specified once"));
                    }
                    options.krate = krate;
                    Ok(())
                })
            }
            "str" => {
                let format = match input.parse::<Option<Token![=]>>()? {
                    Some(_) => Some(input.parse::<LitStr>()?),
                    None => None,
                };
                let value = StrOption { span, format };
                Box::new(move |options: &mut ClassOptions| {
                    set_once(&mut options.str, value, span, "str")
                })
            }
            _ => {
                return Err(syn::Error::new(
                    span,
                    format!("expected one of: {CLASS_OPTIONS}"),
                ));
            }
        };
        Ok(Self(set))
    }
}

/// Parses `"module:qualname"`, or several in brackets.
fn python_classes(input: ParseStream<'_>) -> syn::Result<Vec<LitStr>> {
    if !input.peek(token::Bracket) {
        return Ok(vec![python_class(input)?]);
    }
    let content;
    bracketed!(content in input);
    let classes = Punctuated::<_, Token![,]>::parse_terminated_with(&content, |content| {
        python_class(content)
    })?;
    Ok(classes.into_iter().collect())
}

/// Parses `"module:qualname"`.
fn python_class(input: ParseStream<'_>) -> syn::Result<LitStr> {
    let literal: LitStr = input.parse()?;
    let is_dotted_name = |name: &str| name.split('.').all(|part| !part.is_empty());
    match literal.value().split_once(':') {
        Some((module, qualname)) if is_dotted_name(module) && is_dotted_name(qualname) => {
            Ok(literal)
        }
        _ => Err(syn::Error::new(
            literal.span(),
            "expected \"module:qualname\", such as \"collections.abc:Mapping\"",
        )),
    }
}

impl ClassOptions {
    /// Reads the options in the macro's own parentheses, and in `#[pyo3(…)]` on the item, which is
    /// removed.
    pub(crate) fn take(
        own: TokenStream,
        attributes: &mut Vec<syn::Attribute>,
    ) -> syn::Result<Self> {
        let mut this = Self::default();
        for ClassOption(set) in attributes::parse_options::<ClassOption>(own)? {
            set(&mut this)?;
        }
        for ClassOption(set) in attributes::take_pyo3_options::<ClassOption>(attributes)? {
            set(&mut this)?;
        }
        this.check()?;
        Ok(this)
    }

    /// Reads those options in the macro's own parentheses that can be read, for a class with a
    /// mistake elsewhere.
    pub(crate) fn lenient(own: TokenStream) -> Self {
        let mut this = Self::default();
        let parse = |input: ParseStream<'_>| {
            while !input.is_empty() {
                let mut option = TokenStream::new();
                while !input.is_empty() && !input.peek(Token![,]) {
                    option.extend([input.parse::<proc_macro2::TokenTree>()?]);
                }
                let _ = input.parse::<Token![,]>();
                if let Ok(ClassOption(set)) = syn::parse2(option) {
                    let _ = set(&mut this);
                }
            }
            Ok(())
        };
        let _ = syn::parse::Parser::parse2(parse, own);
        // The code for these requires more of the type, and no other code refers to it.
        Self {
            eq: None,
            eq_int: None,
            get_all: None,
            hash: None,
            new: None,
            ord: None,
            pickle: None,
            set_all: None,
            str: None,
            ..this
        }
    }

    /// Checks the rules that apply to structs and enums alike.
    fn check(&self) -> syn::Result<()> {
        let requires = |option: Option<Span>, other: Option<Span>, message: &str| match option {
            Some(span) if other.is_none() => Err(syn::Error::new(span, message)),
            _ => Ok(()),
        };
        requires(
            self.ord,
            self.eq,
            "The `ord` option requires the `eq` option.",
        )?;
        requires(
            self.eq_int,
            self.eq,
            "The `eq_int` option requires the `eq` option.",
        )?;
        requires(
            self.hash,
            self.eq,
            "The `hash` option requires the `eq` option.",
        )?;
        if let (Some(span), Some(_)) = (self.mapping, self.sequence) {
            return Err(syn::Error::new(
                span,
                "a `#[pyclass]` cannot be both a `mapping` and a `sequence`",
            ));
        }
        if let (Some(span), Some(_)) = (self.from_py_object, self.skip_from_py_object) {
            return Err(syn::Error::new(
                span,
                "`skip_from_py_object` and `from_py_object` are mutually exclusive",
            ));
        }
        Ok(())
    }

    /// Returns the options that describe instances with a Rust value, and their names.
    pub(crate) fn of_instances(&self) -> [(Option<Span>, &'static str); 20] {
        [
            (self.atomic_buffer, "atomic_buffer"),
            (self.cross_module, "cross_module"),
            (self.dict, "dict"),
            (self.eq, "eq"),
            (self.eq_int, "eq_int"),
            (self.freelist.as_ref().map(Spanned::span), "freelist"),
            (self.frozen, "frozen"),
            (self.hash, "hash"),
            (self.immutable_type, "immutable_type"),
            (self.mapping, "mapping"),
            (self.ord, "ord"),
            (self.pickle, "pickle"),
            (self.sequence, "sequence"),
            (self.shareable, "shareable"),
            (self.skip_from_py_object, "skip_from_py_object"),
            (self.str.as_ref().map(|option| option.span), "str"),
            (self.unsendable, "unsendable"),
            (self.weakref, "weakref"),
            (self.get_all, "get_all"),
            (self.set_all, "set_all"),
        ]
    }

    /// Returns the options of the classes of an enum's variants.
    pub(crate) fn of_variant(&self) -> Self {
        Self {
            krate: self.krate.clone(),
            inherited_module: self.inherited_module.clone(),
            module: self.module.clone(),
            ..Self::default()
        }
    }

    /// Returns the class's name in Python: its `name` option, or the Rust name.
    pub(crate) fn class_name(&self, ident: &Ident) -> String {
        match &self.name {
            Some(name) => name.name.clone(),
            None => attributes::python_name(ident),
        }
    }

    /// Returns a member's name in Python: its own option, or the Rust name, converted by
    /// `rename_all`.
    pub(crate) fn name_of(&self, own: Option<&PythonName>, ident: &Ident) -> String {
        match (own, self.rename_all) {
            (Some(own), _) => own.name.clone(),
            (None, Some(rule)) => rule.apply(&attributes::python_name(ident)),
            (None, None) => attributes::python_name(ident),
        }
    }
}

/// The options of a field: `#[pyo3(get, set, name = "…")]`.
#[derive(Default)]
pub(crate) struct FieldOptions {
    pub(crate) get: Option<Span>,
    pub(crate) set: Option<Span>,
    pub(crate) name: Option<PythonName>,
}

enum FieldOption {
    Get(Span),
    Set(Span),
    Name(PythonName),
}

impl Parse for FieldOption {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let word = Ident::parse_any(input)?;
        match word.to_string().as_str() {
            "get" => Ok(Self::Get(word.span())),
            "set" => Ok(Self::Set(word.span())),
            "name" => {
                input.parse::<Token![=]>()?;
                Ok(Self::Name(input.parse()?))
            }
            _ => Err(syn::Error::new(
                word.span(),
                "expected one of: `get`, `set`, `name`",
            )),
        }
    }
}

impl FieldOptions {
    /// Removes the options from a field.
    pub(crate) fn take(attributes: &mut Vec<syn::Attribute>) -> syn::Result<Self> {
        let mut this = Self::default();
        for option in attributes::take_pyo3_options(attributes)? {
            match option {
                FieldOption::Get(span) => set_once(&mut this.get, span, span, "get")?,
                FieldOption::Set(span) => set_once(&mut this.set, span, span, "set")?,
                FieldOption::Name(name) => {
                    let span = name.span;
                    set_once(&mut this.name, name, span, "name")?;
                }
            }
        }
        Ok(this)
    }
}

/// The options of a variant: `#[pyo3(name = "…", constructor = (…))]`.
#[derive(Default)]
pub(crate) struct VariantOptions {
    pub(crate) name: Option<PythonName>,
    /// The tokens between the parentheses, and the span of the keyword.
    pub(crate) constructor: Option<(TokenStream, Span)>,
}

enum VariantOption {
    Name(PythonName),
    Constructor(TokenStream, Span),
}

impl Parse for VariantOption {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let word = Ident::parse_any(input)?;
        match word.to_string().as_str() {
            "name" => {
                input.parse::<Token![=]>()?;
                Ok(Self::Name(input.parse()?))
            }
            "constructor" => {
                input.parse::<Token![=]>()?;
                let content;
                parenthesized!(content in input);
                Ok(Self::Constructor(content.parse()?, word.span()))
            }
            _ => Err(syn::Error::new(
                word.span(),
                "expected one of: `name`, `constructor`",
            )),
        }
    }
}

impl VariantOptions {
    /// Removes the options from a variant.
    pub(crate) fn take(attributes: &mut Vec<syn::Attribute>) -> syn::Result<Self> {
        let mut this = Self::default();
        for option in attributes::take_pyo3_options(attributes)? {
            match option {
                VariantOption::Name(name) => {
                    let span = name.span;
                    set_once(&mut this.name, name, span, "name")?;
                }
                VariantOption::Constructor(tokens, span) => {
                    set_once(&mut this.constructor, (tokens, span), span, "constructor")?;
                }
            }
        }
        Ok(this)
    }
}
