//! Types and bounds as text. Lifetimes and generic parameters are numbered in the order of their
//! appearance, elided lifetimes get the ones they stand for, and paths are reduced to their last
//! segment, so that declarations with the same meaning get the same text.

use std::collections::BTreeMap;

use rustdoc_types::{
    AssocItemConstraintKind, FunctionPointer, GenericArg, GenericArgs, GenericBound, Path,
    PreciseCapturingArg, Term, TraitBoundModifier, Type,
};

/// The meaning of an elided lifetime at the place that is being printed.
#[derive(Clone, Default)]
pub enum Elided {
    /// A new one, as in a function's parameters.
    #[default]
    Fresh,
    /// This one, as in a function's result.
    Is(String),
    /// One of its own, as in the parameters of a closure.
    Local,
}

/// Hidden traits and types whose names differ from PyO3's. Users can name neither, so their
/// arguments are not compared.
const HIDDEN: [(&str, &str); 5] = [
    ("Boolean", "Frozen"),
    ("ClassBase", "PyClassBaseType"),
    ("ClassImpl", "PyClassImpl"),
    ("IntoOutput", "IntoPyCallbackOutput"),
    ("NativeInitializer", "PyNativeTypeInitializer"),
];

/// Prints the types of one declaration.
#[derive(Clone, Default)]
pub struct Printer {
    /// The text of what `Self` stands for.
    pub self_text: Option<String>,
    /// The associated types of the implementation that is being printed.
    pub members: Vec<(String, Type)>,
    /// The numbered names of lifetimes (with their apostrophe) and parameters, by declared name.
    names: BTreeMap<String, String>,
    lifetimes: usize,
    parameters: usize,
    pub elided: Elided,
    /// The lifetimes printed since it was last emptied.
    pub seen: Vec<String>,
}

impl Printer {
    /// Returns the number of lifetimes so far.
    pub fn lifetime(&mut self, name: Option<&str>) -> String {
        let name = match name {
            Some("'static") => return "'static".to_owned(),
            Some("'_") | None => match &self.elided {
                Elided::Fresh => {
                    let name = format!("'{}", self.lifetimes);
                    self.lifetimes += 1;
                    name
                }
                Elided::Is(name) => name.clone(),
                Elided::Local => return "'_".to_owned(),
            },
            Some(name) => match self.names.get(name) {
                Some(known) => known.clone(),
                None => {
                    let new = format!("'{}", self.lifetimes);
                    self.lifetimes += 1;
                    self.names.insert(name.to_owned(), new.clone());
                    new
                }
            },
        };
        self.seen.push(name.clone());
        name
    }

    /// Returns the text of a generic parameter.
    pub fn parameter(&mut self, name: &str) -> String {
        if name == "Self" {
            return name.to_owned();
        }
        if let Some(known) = self.names.get(name) {
            return known.clone();
        }
        let new = format!("T{}", self.parameters);
        self.parameters += 1;
        self.names.insert(name.to_owned(), new.clone());
        new
    }

    /// Returns the text of a type.
    pub fn type_(&mut self, type_: &Type) -> String {
        let text = self.spelled_out(type_);
        if self.self_text.as_ref() == Some(&text) {
            return "Self".to_owned();
        }
        text
    }

    fn spelled_out(&mut self, type_: &Type) -> String {
        match type_ {
            Type::ResolvedPath(path) => self.path(path),
            Type::Generic(name) => self.parameter(name),
            Type::Primitive(name) if name == "never" => "!".to_owned(),
            Type::Primitive(name) => name.clone(),
            Type::Tuple(types) => {
                let types: Vec<_> = types.iter().map(|one| self.type_(one)).collect();
                format!("({})", types.join(", "))
            }
            Type::Slice(type_) => format!("[{}]", self.type_(type_)),
            Type::Array { type_, len } => {
                let type_ = self.type_(type_);
                let is_number = len.starts_with(|first: char| first.is_ascii_digit());
                let len = if is_number {
                    len.clone()
                } else {
                    self.parameter(len)
                };
                format!("[{type_}; {len}]")
            }
            Type::Pat { type_, .. } => self.type_(type_),
            Type::ImplTrait(bounds) => format!("impl {}", self.bounds(bounds).join(" + ")),
            Type::Infer => "_".to_owned(),
            Type::RawPointer { is_mutable, type_ } => {
                let kind = if *is_mutable { "mut" } else { "const" };
                format!("*{kind} {}", self.type_(type_))
            }
            Type::BorrowedRef {
                lifetime,
                is_mutable,
                type_,
            } => {
                let lifetime = self.lifetime(lifetime.as_deref());
                let kind = if *is_mutable { "mut " } else { "" };
                format!("&{lifetime} {kind}{}", self.type_(type_))
            }
            Type::QualifiedPath {
                name,
                args,
                self_type,
                ..
            } => {
                let member = self.members.iter().find(|member| member.0 == *name);
                if let Some((_, type_)) = member
                    && !has_parameters(self_type)
                {
                    // The implementation's own: `Bound<'py, Self::Target>`.
                    let type_ = type_.clone();
                    // It may be defined by another implementation's: `f64::Error`.
                    let members = std::mem::take(&mut self.members);
                    let text = self.type_(&type_);
                    self.members = members;
                    return text;
                }
                let self_type = self.type_(self_type);
                format!("{self_type}::{name}{}", self.arguments(args.as_deref()))
            }
            Type::DynTrait(object) => {
                let mut traits: Vec<_> = object
                    .traits
                    .iter()
                    .map(|one| self.path(&one.trait_))
                    .collect();
                traits.sort();
                if let Some(lifetime) = &object.lifetime {
                    traits.push(self.lifetime(Some(lifetime)));
                }
                format!("dyn {}", traits.join(" + "))
            }
            Type::FunctionPointer(pointer) => self.pointer(pointer),
        }
    }

    fn pointer(&mut self, pointer: &FunctionPointer) -> String {
        let outer = std::mem::replace(&mut self.elided, Elided::Local);
        let inputs: Vec<_> = pointer
            .sig
            .inputs
            .iter()
            .map(|(_, type_)| self.type_(type_))
            .collect();
        let output = self.output(pointer.sig.output.as_ref());
        self.elided = outer;
        let safety = if pointer.header.is_unsafe {
            "unsafe "
        } else {
            ""
        };
        let abi = &pointer.header.abi;
        format!("{safety}{abi:?} fn({}){output}", inputs.join(", "))
    }

    /// Returns ` -> …`, or nothing for a function without a result.
    pub fn output(&mut self, output: Option<&Type>) -> String {
        match output {
            Some(type_) => format!(" -> {}", self.type_(type_)),
            None => String::new(),
        }
    }

    /// Returns the last segment of a path, with its arguments.
    pub fn path(&mut self, path: &Path) -> String {
        let name = last_segment(&path.path);
        let is_hidden = |(ours, theirs): &&(&str, &str)| *ours == name || *theirs == name;
        if let Some((_, theirs)) = HIDDEN.iter().find(is_hidden) {
            return (*theirs).to_owned();
        }
        let arguments = self.arguments(path.args.as_deref());
        match name {
            // The aliases of both libraries, and what they stand for.
            "PyResult" => match arguments.strip_suffix('>') {
                Some(arguments) => format!("Result{arguments}, PyErr>"),
                None => name.to_owned(),
            },
            _ => format!("{name}{arguments}"),
        }
    }

    fn arguments(&mut self, arguments: Option<&GenericArgs>) -> String {
        match arguments {
            None | Some(GenericArgs::ReturnTypeNotation) => String::new(),
            Some(GenericArgs::AngleBracketed { args, constraints }) => {
                let mut all: Vec<_> = args.iter().map(|one| self.argument(one)).collect();
                for constraint in constraints {
                    let value = match &constraint.binding {
                        AssocItemConstraintKind::Equality(Term::Type(type_)) => {
                            format!(" = {}", self.type_(type_))
                        }
                        AssocItemConstraintKind::Equality(Term::Constant(value)) => {
                            format!(" = {}", value.expr)
                        }
                        AssocItemConstraintKind::Constraint(bounds) => {
                            format!(": {}", self.bounds(bounds).join(" + "))
                        }
                    };
                    all.push(format!("{}{value}", constraint.name));
                }
                if all.is_empty() {
                    String::new()
                } else {
                    format!("<{}>", all.join(", "))
                }
            }
            Some(GenericArgs::Parenthesized { inputs, output }) => {
                let outer = std::mem::replace(&mut self.elided, Elided::Local);
                let inputs: Vec<_> = inputs.iter().map(|one| self.type_(one)).collect();
                let output = self.output(output.as_ref());
                self.elided = outer;
                format!("({}){output}", inputs.join(", "))
            }
        }
    }

    fn argument(&mut self, argument: &GenericArg) -> String {
        match argument {
            GenericArg::Lifetime(name) => self.lifetime(Some(name)),
            GenericArg::Type(type_) => self.type_(type_),
            GenericArg::Const(constant) if constant.is_literal => constant.expr.clone(),
            GenericArg::Const(constant) => self.parameter(&constant.expr),
            GenericArg::Infer => "_".to_owned(),
        }
    }

    /// Returns the texts of bounds, sorted. Bounds that seal a trait are left out: they say nothing
    /// to its users.
    pub fn bounds(&mut self, bounds: &[GenericBound]) -> Vec<String> {
        let mut all: Vec<_> = bounds
            .iter()
            .filter_map(|bound| match bound {
                GenericBound::TraitBound {
                    trait_, modifier, ..
                } => {
                    let modifier = match modifier {
                        TraitBoundModifier::Maybe => "?",
                        TraitBoundModifier::None | TraitBoundModifier::MaybeConst => "",
                    };
                    let is_seal = trait_.path.to_lowercase().contains("sealed");
                    (!is_seal).then(|| format!("{modifier}{}", self.path(trait_)))
                }
                GenericBound::Outlives(name) => Some(self.lifetime(Some(name))),
                GenericBound::Use(arguments) => {
                    let arguments: Vec<_> = arguments
                        .iter()
                        .map(|one| match one {
                            PreciseCapturingArg::Lifetime(name) => self.lifetime(Some(name)),
                            PreciseCapturingArg::Param(name) => self.parameter(name),
                        })
                        .collect();
                    Some(format!("use<{}>", arguments.join(", ")))
                }
            })
            .collect();
        all.sort();
        all
    }
}

/// Returns whether a type is a parameter or a reference to one.
fn has_parameters(type_: &Type) -> bool {
    match type_ {
        Type::Generic(name) => name != "Self",
        Type::BorrowedRef { type_, .. } => has_parameters(type_),
        _ => false,
    }
}

/// Returns the last segment of a path.
pub fn last_segment(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn print(types: &[Value]) -> Vec<String> {
        let mut printer = Printer::default();
        types
            .iter()
            .map(|value| {
                let type_ = serde_json::from_value(value.clone()).expect("a type");
                printer.type_(&type_)
            })
            .collect()
    }

    fn path(path: &str, arguments: &[Value]) -> Value {
        let args = json!({"angle_bracketed": {"args": arguments, "constraints": []}});
        json!({"resolved_path": {"path": path, "id": 1, "args": args}})
    }

    #[test]
    fn names_are_numbered_by_appearance() {
        let type_ = |lifetime: &str, name: &str| {
            let arguments = [
                json!({"lifetime": lifetime}),
                json!({"type": {"generic": name}}),
            ];
            path("crate::instance::Bound", &arguments)
        };
        let one = print(&[type_("'py", "T"), type_("'_", "U"), type_("'py", "U")]);
        let other = print(&[type_("'a", "A"), type_("'b", "B"), type_("'a", "B")]);
        assert_eq!(one, ["Bound<'0, T0>", "Bound<'1, T1>", "Bound<'0, T1>"]);
        assert_eq!(one, other);
    }

    #[test]
    fn the_alias_of_results_is_expanded() {
        let alias = path("PyResult", &[json!({"type": {"primitive": "u8"}})]);
        let error = json!({"type": path("PyErr", &[])});
        let whole = path("Result", &[json!({"type": {"primitive": "u8"}}), error]);
        assert_eq!(print(&[alias]), print(&[whole]));
    }

    #[test]
    fn a_closure_has_elided_lifetimes_of_its_own() {
        let reference = json!({"borrowed_ref": {
            "lifetime": null, "is_mutable": true, "type": {"primitive": "str"}
        }});
        let bound = json!({"trait_bound": {
            "trait": {"path": "FnOnce", "id": 1, "args": {"parenthesized": {
                "inputs": [reference], "output": null
            }}},
            "generic_params": [],
            "modifier": "none"
        }});
        let types = [json!({"impl_trait": [bound]}), reference];
        assert_eq!(print(&types), ["impl FnOnce(&'_ mut str)", "&'0 mut str"]);
    }
}
