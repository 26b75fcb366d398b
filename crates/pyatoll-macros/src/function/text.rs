//! `__text_signature__`, derived from the parameters.

use syn::{Expr, Lit, UnOp};

use super::options::TextSignature;
use super::signature::{Parameter, SignatureModel};

/// Returns the text signature: the attribute's, or one derived from the parameters, with `prefix`
/// (`$self`, `$cls`, `$module`) first. `None` if the attribute asks for none.
pub(crate) fn text_signature(
    attribute: Option<&TextSignature>,
    signature: &SignatureModel,
    prefix: Option<&str>,
) -> Option<String> {
    match attribute {
        Some(attribute) => attribute.text.clone(),
        None => Some(derived(signature, prefix)),
    }
}

fn derived(signature: &SignatureModel, prefix: Option<&str>) -> String {
    let mut parts: Vec<String> = prefix.map(str::to_owned).into_iter().collect();
    for (index, parameter) in signature.positional.iter().enumerate() {
        parts.push(parameter_text(parameter));
        if index + 1 == signature.positional_only {
            parts.push("/".to_owned());
        }
    }
    if let Some(name) = &signature.varargs {
        parts.push(format!("*{name}"));
    } else if !signature.keyword_only.is_empty() {
        parts.push("*".to_owned());
    }
    parts.extend(signature.keyword_only.iter().map(parameter_text));
    if let Some(name) = &signature.varkeywords {
        parts.push(format!("**{name}"));
    }
    format!("({})", parts.join(", "))
}

fn parameter_text(parameter: &Parameter) -> String {
    match &parameter.default {
        Some(default) => format!("{}={}", parameter.name, python_value(default)),
        None => parameter.name.clone(),
    }
}

/// Formats a default as Python source; `...` if it is not a literal.
fn python_value(default: &Expr) -> String {
    match default {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Bool(value) if value.value => "True".to_owned(),
            Lit::Bool(_) => "False".to_owned(),
            Lit::Int(value) => value.base10_digits().to_owned(),
            Lit::Float(value) => value.base10_digits().to_owned(),
            Lit::Str(value) => quoted(&value.value(), '"'),
            Lit::Char(value) => quoted(&value.value().to_string(), '\''),
            _ => "...".to_owned(),
        },
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => match &*unary.expr {
            Expr::Lit(literal) if matches!(literal.lit, Lit::Int(_) | Lit::Float(_)) => {
                format!("-{}", python_value(&unary.expr))
            }
            _ => "...".to_owned(),
        },
        Expr::Path(path) if path.path.is_ident("None") => "None".to_owned(),
        Expr::Group(group) => python_value(&group.expr),
        Expr::Paren(paren) => python_value(&paren.expr),
        _ => "...".to_owned(),
    }
}

/// Formats a text as a Python string literal.
fn quoted(text: &str, quote: char) -> String {
    let mut out = String::from(quote);
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0' => out.push_str("\\0"),
            other if other == quote => {
                out.push('\\');
                out.push(other);
            }
            other => out.push(other),
        }
    }
    out.push(quote);
    out
}
