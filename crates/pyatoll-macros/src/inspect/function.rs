//! The record of a function or method.

use proc_macro2::TokenStream;

use super::hint;
use super::json::{Expression, Values, value_of};
use crate::doc::Doc;
use crate::function::argument::ParameterSlot;
use crate::function::model::FunctionModel;
use crate::krate::Krate;

/// A parameter.
pub(crate) struct ParameterRecord {
    pub(crate) name: String,
    pub(crate) annotation: Option<Expression>,
    pub(crate) default: Option<Expression>,
}

impl ParameterRecord {
    /// Creates a parameter without a default.
    pub(crate) fn new(name: &str, annotation: Option<Expression>) -> Self {
        Self {
            name: name.to_owned(),
            annotation,
            default: None,
        }
    }

    fn json(&self, values: Values<'_>) -> TokenStream {
        let expression = |it: &Option<Expression>| Some(values.expression(it.as_ref()?));
        values.object(&[
            ("name", Some(values.text(&parameter_name(&self.name)))),
            ("annotation", expression(&self.annotation)),
            ("default", expression(&self.default)),
        ])
    }
}

/// Returns the name of a parameter in a stub. A Python keyword is not valid there, so an underscore
/// is appended.
fn parameter_name(name: &str) -> String {
    const KEYWORDS: &[&str] = &[
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class",
        "continue", "def", "del", "elif", "else", "except", "finally", "for", "from", "global",
        "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return",
        "try", "while", "with", "yield",
    ];
    let end = if KEYWORDS.contains(&name) { "_" } else { "" };
    format!("{name}{end}")
}

/// The parameters of a function.
#[derive(Default)]
pub(crate) struct Parameters {
    pub(crate) positional_only: Vec<ParameterRecord>,
    pub(crate) positional: Vec<ParameterRecord>,
    pub(crate) varargs: Option<ParameterRecord>,
    pub(crate) keyword_only: Vec<ParameterRecord>,
    pub(crate) varkeywords: Option<ParameterRecord>,
}

impl Parameters {
    /// Returns the parameters of a function with a full signature.
    pub(crate) fn of(krate: &Krate, function: &FunctionModel) -> syn::Result<Self> {
        let mut parameters = Self::default();
        let signature = &function.signature;
        for argument in function.arguments.iter().filter(|it| it.is_parameter()) {
            let given = signature.annotation_of(argument.slot);
            let is_variadic = matches!(
                argument.slot,
                ParameterSlot::VarArgs | ParameterSlot::VarKeywords
            );
            let annotation = match given {
                Some(given) => Some(given.expression()?),
                None if is_variadic || argument.from_py_with.is_some() => None,
                None => Some(hint::argument(krate, &argument.ty)),
            };
            let parameter = ParameterRecord {
                name: signature.name_of(argument.slot).to_owned(),
                annotation,
                default: signature.default_of(argument.slot).map(value_of),
            };
            match argument.slot {
                ParameterSlot::Positional(index) if index < signature.positional_only => {
                    parameters.positional_only.push(parameter);
                }
                ParameterSlot::Positional(_) => parameters.positional.push(parameter),
                ParameterSlot::KeywordOnly(_) => parameters.keyword_only.push(parameter),
                ParameterSlot::VarArgs => parameters.varargs = Some(parameter),
                ParameterSlot::VarKeywords => parameters.varkeywords = Some(parameter),
            }
        }
        Ok(parameters)
    }

    /// Adds `self` or `cls`.
    pub(crate) fn with_first(mut self, name: &str) -> Self {
        let first = ParameterRecord::new(name, None);
        self.positional_only.insert(0, first);
        self
    }

    fn json(&self, values: Values<'_>) -> TokenStream {
        let list = |parameters: &[ParameterRecord]| {
            let items: Vec<_> = parameters.iter().map(|it| it.json(values)).collect();
            (!items.is_empty()).then(|| values.list(&items))
        };
        let one = |parameter: &Option<ParameterRecord>| Some(parameter.as_ref()?.json(values));
        values.object(&[
            ("posonlyargs", list(&self.positional_only)),
            ("args", list(&self.positional)),
            ("vararg", one(&self.varargs)),
            ("kwonlyargs", list(&self.keyword_only)),
            ("kwarg", one(&self.varkeywords)),
        ])
    }
}

/// A function or method.
#[derive(Default)]
pub(crate) struct FunctionRecord {
    pub(crate) name: String,
    /// The id, if something refers to it.
    pub(crate) id: Option<String>,
    /// The id of the class: an expression of type `&'static str`.
    pub(crate) parent: Option<TokenStream>,
    pub(crate) parameters: Parameters,
    pub(crate) returns: Option<Expression>,
    pub(crate) decorators: Vec<Expression>,
    pub(crate) is_async: bool,
    pub(crate) doc: Doc,
}

impl FunctionRecord {
    /// Returns the record: an expression of type `Json`.
    pub(crate) fn json(&self, krate: &Krate) -> TokenStream {
        let values = Values(krate);
        let decorators: Vec<_> = self
            .decorators
            .iter()
            .map(|decorator| values.expression(decorator))
            .collect();
        values.object(&[
            ("type", Some(values.text("function"))),
            ("name", Some(values.text(&self.name))),
            ("id", self.id.as_ref().map(|id| values.text(id))),
            (
                "parent",
                self.parent.as_ref().map(|id| values.constant_text(id)),
            ),
            ("arguments", Some(self.parameters.json(values))),
            (
                "returns",
                self.returns.as_ref().map(|hint| values.expression(hint)),
            ),
            (
                "decorators",
                (!decorators.is_empty()).then(|| values.list(&decorators)),
            ),
            ("async", self.is_async.then(|| values.bool(true))),
            ("doc", values.doc(&self.doc)),
        ])
    }
}
