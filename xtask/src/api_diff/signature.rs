//! Whole declarations as text: functions, types, traits, implementations.

use std::collections::{BTreeMap, BTreeSet};

use rustdoc_types::{
    Function, FunctionHeader, GenericParamDefKind, Generics, Impl, ItemEnum, Term, Type,
    WherePredicate,
};

use super::printer::{Elided, Printer};

/// What comes before each bound at the end of a declaration.
pub const BOUND: &str = "\n        where ";

/// The generics of a declaration: parameters that can be given explicitly, and bounds.
#[derive(Default)]
struct Scope<'a> {
    generics: Vec<&'a Generics>,
}

impl Scope<'_> {
    /// Returns the type and const parameters of the innermost declaration, in their order.
    fn parameters(&self, printer: &mut Printer) -> String {
        let Some(generics) = self.generics.last() else {
            return String::new();
        };
        let names: Vec<_> = generics
            .params
            .iter()
            .filter(|parameter| match parameter.kind {
                GenericParamDefKind::Lifetime { .. } => false,
                GenericParamDefKind::Type { is_synthetic, .. } => !is_synthetic,
                GenericParamDefKind::Const { .. } => true,
            })
            .map(|parameter| printer.parameter(&parameter.name))
            .collect();
        if names.is_empty() {
            String::new()
        } else {
            format!("<{}>", names.join(", "))
        }
    }

    /// Returns the bounds of all parameters, wherever they are written.
    fn bounds(&self, printer: &mut Printer) -> String {
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        printer.elided = Elided::Local;
        for generics in &self.generics {
            for parameter in &generics.params {
                let (name, bounds) = match &parameter.kind {
                    GenericParamDefKind::Lifetime { outlives } => {
                        let bounds = outlives.iter().map(|one| printer.lifetime(Some(one)));
                        let bounds = bounds.collect();
                        (printer.lifetime(Some(&parameter.name)), bounds)
                    }
                    GenericParamDefKind::Type {
                        bounds,
                        is_synthetic: false,
                        ..
                    } => (printer.parameter(&parameter.name), printer.bounds(bounds)),
                    GenericParamDefKind::Type { .. } => continue,
                    GenericParamDefKind::Const { type_, .. } => (
                        printer.parameter(&parameter.name),
                        vec![format!("const {}", printer.type_(type_))],
                    ),
                };
                all.entry(name).or_default().extend(bounds);
            }
            for predicate in &generics.where_predicates {
                let (name, bounds) = match predicate {
                    WherePredicate::BoundPredicate { type_, bounds, .. } => {
                        (printer.type_(type_), printer.bounds(bounds))
                    }
                    WherePredicate::LifetimePredicate { lifetime, outlives } => {
                        let bounds = outlives.iter().map(|one| printer.lifetime(Some(one)));
                        let bounds = bounds.collect();
                        (printer.lifetime(Some(lifetime)), bounds)
                    }
                    WherePredicate::EqPredicate { lhs, rhs } => {
                        let rhs = match rhs {
                            Term::Type(type_) => printer.type_(type_),
                            Term::Constant(constant) => constant.expr.clone(),
                        };
                        (printer.type_(lhs), vec![format!("= {rhs}")])
                    }
                };
                all.entry(name).or_default().extend(bounds);
            }
        }
        let mut text = String::new();
        for (name, bounds) in all {
            for bound in bounds {
                let name = match &*bound {
                    // A reference is one if the value is.
                    "Eq" | "Hash" | "Ord" => referent(&name),
                    _ => &name,
                };
                text += &format!("{BOUND}{name}: {bound}");
            }
        }
        text
    }
}

/// Returns the text of a function or method; `of` is the implementation that it is in.
pub fn function(function: &Function, of: Option<&Impl>) -> String {
    let mut printer = Printer::default();
    let mut scope = Scope::default();
    let self_type = of.map(|of| {
        scope.generics.push(&of.generics);
        let text = printer.type_(&of.for_);
        printer.self_text = self_text(of, &text);
        text
    });
    scope.generics.push(&function.generics);

    printer.seen.clear();
    let mut from_self = None;
    let mut inputs = Vec::new();
    for (name, type_) in &function.sig.inputs {
        let text = printer.type_(type_);
        if name == "self" && matches!(type_, Type::BorrowedRef { .. }) {
            from_self = printer.seen.first().cloned();
        }
        let name = if name == "self" { "self: " } else { "" };
        inputs.push(format!("{name}{text}"));
    }
    let seen: BTreeSet<_> = printer.seen.drain(..).collect();
    printer.elided = match (from_self, seen.len()) {
        (Some(lifetime), _) => Elided::Is(lifetime),
        (None, 1) => seen.first().cloned().map_or(Elided::Local, Elided::Is),
        (None, _) => Elided::Local,
    };
    let output = printer.output(function.sig.output.as_ref());
    let bounds = scope.bounds(&mut printer);
    let parameters = scope.parameters(&mut printer);
    let header = header(&function.header);
    let text = format!("({}){output}{bounds}", inputs.join(", "));
    match self_type {
        Some(self_type) => format!("impl {self_type}: {header}fn{parameters}{text}"),
        None => format!("{header}fn{parameters}{text}"),
    }
}

/// Returns the text of what a reference refers to.
fn referent(text: &str) -> &str {
    match text.strip_prefix("&'") {
        Some(rest) => rest.split_once(' ').map_or(text, |(_, type_)| type_),
        None => text,
    }
}

/// Returns the text that stands for `Self` in an implementation, unless it is a parameter.
fn self_text(of: &Impl, text: &str) -> Option<String> {
    (!matches!(of.for_, Type::Generic(_))).then(|| text.to_owned())
}

fn header(header: &FunctionHeader) -> String {
    let mut text = String::new();
    for (is_set, word) in [
        (header.is_const, "const "),
        (header.is_async, "async "),
        (header.is_unsafe, "unsafe "),
    ] {
        if is_set {
            text += word;
        }
    }
    text
}

/// Returns the text of any other item, without its members.
pub fn item(item: &ItemEnum) -> String {
    let mut printer = Printer::default();
    let generic = |word: &str, generics, tail: String, printer: &mut Printer| {
        let scope = Scope {
            generics: vec![generics],
        };
        let lifetimes = lifetimes(generics);
        let bounds = scope.bounds(printer);
        let parameters = scope.parameters(printer);
        format!("{word}{lifetimes}{parameters}{tail}{bounds}")
    };
    match item {
        ItemEnum::Function(one) => function(one, None),
        ItemEnum::Struct(one) => generic("struct", &one.generics, String::new(), &mut printer),
        ItemEnum::Union(one) => generic("union", &one.generics, String::new(), &mut printer),
        ItemEnum::Enum(one) => generic("enum", &one.generics, String::new(), &mut printer),
        ItemEnum::Trait(one) => {
            let safety = if one.is_unsafe { "unsafe " } else { "" };
            // Names are numbered from the declaration on.
            let lifetimes = lifetimes(&one.generics);
            for parameter in &one.generics.params {
                if matches!(parameter.kind, GenericParamDefKind::Lifetime { .. }) {
                    printer.lifetime(Some(&parameter.name));
                }
            }
            let bounds = printer.bounds(&one.bounds);
            let tail = format!("{lifetimes}: {}", bounds.join(" + "));
            generic(&format!("{safety}trait"), &one.generics, tail, &mut printer)
        }
        ItemEnum::TypeAlias(one) => {
            let type_ = printer.type_(&one.type_);
            generic("type", &one.generics, format!(" = {type_}"), &mut printer)
        }
        ItemEnum::Constant { type_, .. } => format!("const: {}", printer.type_(type_)),
        ItemEnum::AssocConst { type_, .. } => format!("const: {}", printer.type_(type_)),
        ItemEnum::Static(one) => format!("static: {}", printer.type_(&one.type_)),
        ItemEnum::StructField(type_) => format!("field: {}", printer.type_(type_)),
        ItemEnum::AssocType {
            generics, bounds, ..
        } => {
            let bounds = printer.bounds(bounds).join(" + ");
            generic("type", generics, format!(": {bounds}"), &mut printer)
        }
        _ => String::new(),
    }
}

/// Returns the number of lifetimes that a type or a trait has, as text.
fn lifetimes(generics: &Generics) -> String {
    let count = generics
        .params
        .iter()
        .filter(|one| matches!(one.kind, GenericParamDefKind::Lifetime { .. }))
        .count();
    "'".repeat(count)
}

/// Returns the text of an implementation of a trait, with its bounds and associated types.
pub fn implementation(one: &Impl, types: &[(&str, &Type)]) -> String {
    let mut printer = Printer::default();
    let scope = Scope {
        generics: vec![&one.generics],
    };
    let for_ = printer.type_(&one.for_);
    let trait_ = one.trait_.as_ref().map(|path| printer.path(path));
    printer.elided = Elided::Local;
    printer.self_text = self_text(one, &for_);
    printer.members = types
        .iter()
        .map(|(name, type_)| ((*name).to_owned(), (*type_).clone()))
        .collect();
    let mut members = Vec::new();
    for (name, type_) in types {
        members.push(format!("{name} = {}", printer.type_(type_)));
    }
    members.sort();
    let bounds = scope.bounds(&mut printer);
    let mut trait_ = trait_.unwrap_or_default();
    if is_default(&anonymous(&trait_), &anonymous(&for_)) {
        trait_.truncate(trait_.find('<').unwrap_or(trait_.len()));
    }
    let members = members.join(", ");
    format!("impl {trait_} for {for_} {{ {members} }}{bounds}")
}

/// Returns the name of an implementation: trait and type, without lifetimes, parameters as `_`.
pub fn implementation_name(one: &Impl) -> Option<String> {
    let mut printer = Printer::default();
    let trait_ = printer.path(one.trait_.as_ref()?);
    let for_ = printer.type_(&one.for_);
    let negation = if one.is_negative { "!" } else { "" };
    let (for_, trait_) = (anonymous(&for_), anonymous(&trait_));
    let trait_ = match trait_.split_once('<') {
        Some((name, _)) if is_default(&trait_, &for_) => name,
        _ => &trait_,
    };
    Some(format!("{negation}{trait_} for {for_}"))
}

/// Returns whether a trait's only argument is the type itself, usually the default: `Add<X> for X`.
fn is_default(trait_: &str, for_: &str) -> bool {
    trait_
        .split_once('<')
        .is_some_and(|(_, rest)| rest.strip_suffix('>') == Some(for_))
}

/// Replaces numbered parameters by `_` and removes lifetimes.
fn anonymous(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text.chars().peekable();
    let mut before = ' ';
    while let Some(char) = rest.next() {
        let starts_word = !before.is_alphanumeric() && before != '_';
        let mut digits = false;
        match char {
            '\'' => {
                while rest
                    .next_if(|next| next.is_alphanumeric() || *next == '_')
                    .is_some()
                {}
                // The separator after it goes, too.
                if rest.next_if_eq(&',').is_some() || rest.peek() == Some(&' ') {
                    rest.next_if_eq(&' ');
                }
            }
            'T' if starts_word && rest.peek().is_some_and(char::is_ascii_digit) => {
                while rest.next_if(char::is_ascii_digit).is_some() {}
                result.push('_');
                digits = true;
            }
            _ => result.push(char),
        }
        before = if digits { '_' } else { char };
    }
    result.replace("<>", "")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn text(inputs: Value, output: Value, params: Value) -> String {
        let value = json!({
            "sig": {"inputs": inputs, "output": output, "is_c_variadic": false},
            "generics": {"params": params, "where_predicates": []},
            "header": {"is_const": false, "is_unsafe": false, "is_async": false, "abi": "Rust"},
            "has_body": true
        });
        function(&serde_json::from_value(value).expect("a function"), None)
    }

    fn reference(lifetime: Value, to: Value) -> Value {
        json!({"borrowed_ref": {"lifetime": lifetime, "is_mutable": false, "type": to}})
    }

    fn lifetime(name: &str) -> Value {
        json!({"name": name, "kind": {"lifetime": {"outlives": []}}})
    }

    #[test]
    fn an_elided_lifetime_of_the_result_is_that_of_self() {
        let str_ = json!({"primitive": "str"});
        let self_ = json!({"generic": "Self"});
        let elided = text(
            json!([
                ["self", reference(json!(null), self_.clone())],
                ["x", reference(json!(null), str_.clone())]
            ]),
            reference(json!(null), str_.clone()),
            json!([]),
        );
        let named = text(
            json!([
                ["self", reference(json!("'a"), self_.clone())],
                ["x", reference(json!("'b"), str_.clone())]
            ]),
            reference(json!("'a"), str_.clone()),
            json!([lifetime("'a"), lifetime("'b")]),
        );
        assert_eq!(elided, "fn(self: &'0 Self, &'1 str) -> &'0 str");
        assert_eq!(elided, named);
        let other = text(
            json!([
                ["self", reference(json!("'a"), self_)],
                ["x", reference(json!("'b"), str_.clone())]
            ]),
            reference(json!("'b"), str_),
            json!([lifetime("'a"), lifetime("'b")]),
        );
        assert_ne!(elided, other);
    }

    #[test]
    fn bounds_are_the_same_wherever_they_are_written() {
        let bound = |name: &str| {
            json!({"trait_bound": {
                "trait": {"path": name, "id": 1, "args": null}, "generic_params": [], "modifier": "none"
            }})
        };
        let param = |bounds: Value| {
            json!([{"name": "F", "kind": {"type": {
                "bounds": bounds, "default": null, "is_synthetic": false
            }}}])
        };
        let inputs = json!([["f", {"generic": "F"}]]);
        let one = text(
            inputs.clone(),
            json!(null),
            param(json!([bound("Send"), bound("Sync")])),
        );
        let other = text(
            inputs,
            json!(null),
            param(json!([bound("Sync"), bound("Send")])),
        );
        assert_eq!(one, format!("fn<T0>(T0){BOUND}T0: Send{BOUND}T0: Sync"));
        assert_eq!(one, other);
    }

    #[test]
    fn names_of_implementations_have_no_lifetimes() {
        assert_eq!(
            anonymous("From<&'0 T0> for Bound<'1, T1>"),
            "From<&_> for Bound<_>"
        );
        assert_eq!(anonymous("X<'0, '1> for [T0; T1]"), "X for [_; _]");
        assert_eq!(anonymous("Send for Python<'0>"), "Send for Python");
    }
}
