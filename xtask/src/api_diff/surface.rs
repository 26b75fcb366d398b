//! The public items and implementations of a crate.
//!
//! An item has a path for each way to it: through its modules and through re-exports. Hidden items
//! are not in the document. Implementations count if the type and the trait are public or from
//! another crate.

use std::collections::{BTreeMap, BTreeSet};

use rustdoc_types::{
    Crate, Id, Impl, Item, ItemEnum, ItemKind, StructKind, Type, Use, VariantKind, Visibility,
};

use super::signature;

/// The traits whose implementations are conversions.
const CONVERSIONS: [&str; 2] = ["FromPyObject<", "IntoPyObject "];

/// Traits of the compiler's own that no user can name.
const UNNAMED: [&str; 3] = ["Freeze ", "StructuralPartialEq ", "UnsafeUnpin "];

/// The public surface of a crate.
#[derive(Default)]
pub struct Surface {
    /// The declarations of all items, by path.
    pub items: BTreeMap<String, String>,
    /// The declarations of conversions, by name.
    pub conversions: BTreeMap<String, BTreeSet<String>>,
    /// The declarations of other implementations, by name.
    pub impls: BTreeMap<String, BTreeSet<String>>,
}

impl Surface {
    /// Collects the surface of a crate.
    pub fn of(document: &Crate) -> Self {
        let mut walk = Walk {
            document,
            surface: Self::default(),
            public: BTreeSet::new(),
            open: Vec::new(),
        };
        walk.module(document.root, "");
        for item in document.index.values() {
            if let ItemEnum::Impl(one) = &item.inner {
                walk.implementation(one);
            }
        }
        walk.surface
    }
}

struct Walk<'a> {
    document: &'a Crate,
    surface: Surface,
    /// The items that have a path.
    public: BTreeSet<Id>,
    /// The modules that are being walked, since a module can re-export its parent.
    open: Vec<Id>,
}

impl<'a> Walk<'a> {
    fn get(&self, id: Id) -> Option<&'a Item> {
        self.document.index.get(&id)
    }

    /// Returns the items of this list that are in the document: hidden ones are not.
    fn all(&self, ids: &'a [Id]) -> impl Iterator<Item = &'a Item> + use<'a> {
        let index = &self.document.index;
        ids.iter().filter_map(|id| index.get(id))
    }

    fn module(&mut self, id: Id, path: &str) {
        let Some(ItemEnum::Module(module)) = self.get(id).map(|item| &item.inner) else {
            return;
        };
        if self.open.contains(&id) {
            return;
        }
        self.open.push(id);
        for item in self.all(&module.items) {
            match &item.inner {
                ItemEnum::Use(one) => self.re_export(one, path),
                ItemEnum::Impl(_) => {}
                _ => {
                    if let Some(name) = item.name.as_deref().filter(|_| is_public(item)) {
                        self.item(item, &join(path, name));
                    }
                }
            }
        }
        self.open.pop();
    }

    fn re_export(&mut self, one: &'a Use, path: &str) {
        let Some(id) = one.id else { return };
        match self.get(id) {
            Some(target) if one.is_glob => match &target.inner {
                ItemEnum::Enum(target) => {
                    for variant in self.all(&target.variants) {
                        let name = variant.name.as_deref().unwrap_or_default();
                        self.add(variant, &join(path, name));
                    }
                }
                _ => self.module(id, path),
            },
            Some(target) => self.item(target, &join(path, &one.name)),
            None if one.is_glob => {}
            None => {
                // An item of another crate: only its kind is known.
                let kind = self.document.paths.get(&id).map(|summary| summary.kind);
                let text = match kind {
                    Some(ItemKind::Macro | ItemKind::ProcAttribute | ItemKind::ProcDerive) => {
                        "macro".to_owned()
                    }
                    Some(ItemKind::Module) => "module".to_owned(),
                    kind => format!("re-export of {kind:?}"),
                };
                self.surface.items.insert(join(path, &one.name), text);
            }
        }
    }

    fn add(&mut self, item: &Item, path: &str) {
        self.public.insert(item.id);
        let text = match &item.inner {
            ItemEnum::Module(_) => "module".to_owned(),
            ItemEnum::Macro(_) | ItemEnum::ProcMacro(_) => "macro".to_owned(),
            ItemEnum::Variant(variant) => match &variant.kind {
                VariantKind::Plain => "variant".to_owned(),
                VariantKind::Tuple(fields) => format!("variant({})", fields.len()),
                VariantKind::Struct { fields, .. } => format!("variant {{{}}}", fields.len()),
            },
            inner => signature::item(inner),
        };
        self.surface.items.insert(path.to_owned(), text);
    }

    fn item(&mut self, item: &'a Item, path: &str) {
        if let ItemEnum::Use(one) = &item.inner {
            // A re-export of a re-export; the name is that of the outer one.
            if let Some(target) = one.id.and_then(|id| self.get(id)) {
                self.item(target, path);
            }
            return;
        }
        self.add(item, path);
        match &item.inner {
            ItemEnum::Module(_) => self.module(item.id, path),
            ItemEnum::Trait(one) => self.members(&one.items, path, |_| true),
            ItemEnum::Struct(one) => {
                match &one.kind {
                    StructKind::Unit => {}
                    StructKind::Tuple(fields) => {
                        for field in fields.iter().flatten() {
                            self.members(std::slice::from_ref(field), path, is_public);
                        }
                    }
                    StructKind::Plain { fields, .. } => self.members(fields, path, is_public),
                }
                self.inherent(&one.impls, path);
            }
            ItemEnum::Enum(one) => {
                self.members(&one.variants, path, |_| true);
                self.inherent(&one.impls, path);
            }
            ItemEnum::Union(one) => self.inherent(&one.impls, path),
            _ => {}
        }
    }

    fn members(&mut self, ids: &'a [Id], path: &str, filter: impl Fn(&Item) -> bool) {
        for member in self.all(ids) {
            if let Some(name) = member.name.as_deref().filter(|_| filter(member)) {
                self.add(member, &join(path, name));
            }
        }
    }

    /// Adds the methods of a type's own implementations.
    fn inherent(&mut self, impls: &'a [Id], path: &str) {
        for item in self.all(impls) {
            let ItemEnum::Impl(one) = &item.inner else {
                continue;
            };
            if one.trait_.is_some() {
                continue;
            }
            for member in self.all(&one.items) {
                let Some(name) = member.name.as_deref().filter(|_| is_public(member)) else {
                    continue;
                };
                let text = match &member.inner {
                    ItemEnum::Function(function) => signature::function(function, Some(one)),
                    inner => signature::item(inner),
                };
                // Blocks for different arguments can each have a method of this name.
                let path = join(path, name);
                self.surface
                    .items
                    .entry(path)
                    .and_modify(|old| {
                        let mut all: BTreeSet<_> = old.split(" | ").map(str::to_owned).collect();
                        all.insert(text.clone());
                        *old = all.into_iter().collect::<Vec<_>>().join(" | ");
                    })
                    .or_insert(text);
            }
        }
    }

    fn implementation(&mut self, one: &'a Impl) {
        let Some(trait_) = &one.trait_ else { return };
        if one.blanket_impl.is_some() || !self.is_visible(trait_.id) {
            return;
        }
        if target(&one.for_).is_some_and(|id| !self.is_visible(id)) {
            return;
        }
        let Some(name) = signature::implementation_name(one) else {
            return;
        };
        if UNNAMED
            .iter()
            .any(|unnamed| name.trim_start_matches('!').starts_with(unnamed))
        {
            return;
        }
        let types: Vec<_> = self
            .all(&one.items)
            .filter_map(|item| match &item.inner {
                ItemEnum::AssocType {
                    type_: Some(type_), ..
                } => Some((item.name.as_deref()?, type_)),
                _ => None,
            })
            .collect();
        let text = signature::implementation(one, &types);
        let is_conversion = CONVERSIONS.iter().any(|start| name.starts_with(start))
            || name.starts_with("FromPyObject ");
        let map = if is_conversion {
            &mut self.surface.conversions
        } else {
            &mut self.surface.impls
        };
        map.entry(name).or_default().insert(text);
    }

    /// Returns whether an item has a path, or belongs to another crate.
    fn is_visible(&self, id: Id) -> bool {
        self.public.contains(&id)
            || self
                .document
                .paths
                .get(&id)
                .is_some_and(|summary| summary.crate_id != 0)
    }
}

/// Returns the item that a type is made of: itself, or what it refers to.
fn target(type_: &Type) -> Option<Id> {
    match type_ {
        Type::ResolvedPath(path) => Some(path.id),
        Type::BorrowedRef { type_, .. } | Type::Slice(type_) | Type::Array { type_, .. } => {
            target(type_)
        }
        _ => None,
    }
}

fn is_public(item: &Item) -> bool {
    matches!(item.visibility, Visibility::Public) || matches!(item.inner, ItemEnum::Macro(_))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}::{name}")
    }
}

#[cfg(test)]
pub mod tests {
    use serde_json::{Map, Value, json};

    use super::*;

    /// Returns a document with these items, by id; the first is the crate's root.
    pub fn document(items: &[(Option<&str>, &str, Value)]) -> Crate {
        let index: Map<String, Value> = items
            .iter()
            .enumerate()
            .map(|(id, (name, visibility, inner))| {
                let item = json!({
                    "id": id, "crate_id": 0, "name": name, "span": null,
                    "visibility": visibility, "docs": null, "links": {}, "attrs": [],
                    "deprecation": null, "inner": inner
                });
                (id.to_string(), item)
            })
            .collect();
        let value = json!({
            "root": 0, "crate_version": null, "includes_private": false, "index": index,
            "paths": {}, "external_crates": {}, "format_version": 57,
            "target": {"triple": "", "target_features": []}
        });
        serde_json::from_value(value).expect("a document")
    }

    pub fn module(items: &[u32]) -> Value {
        json!({"module": {"is_crate": false, "items": items, "is_stripped": false}})
    }

    pub fn generics() -> Value {
        json!({"params": [], "where_predicates": []})
    }

    pub fn unit_struct(impls: &[u32]) -> Value {
        json!({"struct": {"kind": "unit", "generics": generics(), "impls": impls}})
    }

    pub fn function() -> Value {
        json!({"function": {
            "sig": {"inputs": [], "output": null, "is_c_variadic": false},
            "generics": generics(),
            "header": {"is_const": false, "is_unsafe": false, "is_async": false, "abi": "Rust"},
            "has_body": true
        }})
    }

    pub fn re_export(name: &str, id: u32, is_glob: bool) -> Value {
        json!({"use": {"source": name, "name": name, "id": id, "is_glob": is_glob}})
    }

    pub fn implementation(trait_: Option<(&str, u32)>, for_: u32, items: &[u32]) -> Value {
        let path = |(name, id)| json!({"path": name, "id": id, "args": null});
        json!({"impl": {
            "is_unsafe": false, "generics": generics(), "provided_trait_methods": [],
            "trait": trait_.map(path), "for": {"resolved_path": path(("Type", for_))},
            "items": items, "is_negative": false, "is_synthetic": false, "blanket_impl": null
        }})
    }

    fn paths(surface: &Surface) -> Vec<&str> {
        surface.items.keys().map(String::as_str).collect()
    }

    #[test]
    fn an_item_has_a_path_for_each_re_export() {
        let document = document(&[
            (Some("root"), "public", module(&[1, 4, 5])),
            (Some("inner"), "default", module(&[2, 3])),
            (Some("Type"), "public", unit_struct(&[])),
            (Some("hidden"), "default", function()),
            (None, "public", re_export("*", 1, true)),
            (None, "public", re_export("Renamed", 2, false)),
        ]);
        assert_eq!(paths(&Surface::of(&document)), ["Renamed", "Type"]);
    }

    #[test]
    fn a_module_that_contains_itself_is_walked_once() {
        let document = document(&[
            (Some("root"), "public", module(&[1, 2])),
            (None, "public", re_export("again", 0, false)),
            (Some("f"), "public", function()),
        ]);
        assert_eq!(paths(&Surface::of(&document)), ["again", "f"]);
    }

    #[test]
    fn methods_and_implementations_belong_to_public_types() {
        let empty_trait = json!({"trait": {
            "is_auto": false, "is_unsafe": false, "is_dyn_compatible": true, "items": [],
            "generics": generics(), "bounds": [], "implementations": []
        }});
        let document = document(&[
            (Some("root"), "public", module(&[1, 2, 3])),
            (Some("Type"), "public", unit_struct(&[4, 6])),
            (Some("Private"), "default", unit_struct(&[7])),
            (Some("Trait"), "public", empty_trait),
            (None, "default", implementation(None, 1, &[5])),
            (Some("method"), "public", function()),
            (None, "default", implementation(Some(("Trait", 3)), 1, &[])),
            (None, "default", implementation(Some(("Trait", 3)), 2, &[])),
        ]);
        let surface = Surface::of(&document);
        assert_eq!(paths(&surface), ["Trait", "Type", "Type::method"]);
        assert_eq!(surface.items["Type::method"], "impl Type: fn()");
        assert_eq!(surface.impls.keys().collect::<Vec<_>>(), ["Trait for Type"]);
        assert_eq!(surface.impls["Trait for Type"].len(), 1);
    }
}
