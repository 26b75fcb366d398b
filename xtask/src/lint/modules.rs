//! The modules of a crate and what each refers to, from the crate's tokens.
//!
//! Test code is left out. A reference is a path of two or more segments, in a `use` or in code,
//! that begins with `crate`, `self`, `super` or a name the module knows; it counts for the module
//! that defines the named item, through re-exports. Paths that begin with `$crate` belong to
//! the macro's caller. Methods and fields are not seen: they need types.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use proc_macro2::{Delimiter, TokenTree};

use super::files::Files;
use super::tokens;

/// Maximum number of re-exports followed for one name: more is a circle of re-exports.
const MAX_REEXPORTS: usize = 16;

/// The index of a module in [`Crate::modules`].
type Id = usize;

/// A crate's modules, the root first.
pub struct Crate {
    modules: Vec<Module>,
    /// Macros that `#[macro_export]` puts into the root, with the modules that define them.
    exported_macros: BTreeMap<String, Id>,
}

/// A module, in a file of its own or inline.
#[derive(Default)]
struct Module {
    file: String,
    parent: Option<Id>,
    children: BTreeMap<String, Id>,
    /// The items that `use` imports, by their names in this module.
    imports: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    items: BTreeSet<String>,
    paths: Vec<Path>,
}

/// A path as it is written.
struct Path {
    segments: Vec<String>,
    line: usize,
    is_reexport: bool,
}

/// A file's reference to something that another file of the crate defines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    pub from: String,
    pub line: usize,
    pub to: String,
    /// The path as it is written.
    pub path: String,
    /// Whether it only passes the name on: `pub use`.
    pub is_reexport: bool,
}

impl Crate {
    /// Reads the crate whose root is the file `root`.
    pub fn read(files: &Files, root: &str) -> Result<Self> {
        let mut this = Self {
            modules: Vec::new(),
            exported_macros: BTreeMap::new(),
        };
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
        this.read_file(files, root, folder, None)?;
        Ok(this)
    }

    /// Returns the references between files, sorted.
    pub fn references(&self) -> Vec<Reference> {
        let mut references = Vec::new();
        for (id, module) in self.modules.iter().enumerate() {
            for path in &module.paths {
                let Some(target) = self.resolve(id, &path.segments, MAX_REEXPORTS) else {
                    continue;
                };
                let to = &self.modules[target].file;
                if *to != module.file {
                    references.push(Reference {
                        from: module.file.clone(),
                        line: path.line,
                        to: to.clone(),
                        path: path.segments.join("::"),
                        is_reexport: path.is_reexport,
                    });
                }
            }
        }
        references.sort();
        references.dedup();
        references
    }

    /// Returns the module that defines the item that the path names in module `id`.
    fn resolve(&self, id: Id, path: &[String], reexports: usize) -> Option<Id> {
        let (first, rest) = path.split_first()?;
        match &**first {
            "crate" => self.descend(0, rest, reexports),
            "self" => self.descend(id, rest, reexports),
            "super" => {
                let mut parent = self.modules[id].parent?;
                let mut rest = rest;
                while let Some((next, after)) = rest.split_first()
                    && next == "super"
                {
                    parent = self.modules[parent].parent?;
                    rest = after;
                }
                self.descend(parent, rest, reexports)
            }
            name => self.find(id, name, rest, reexports),
        }
    }

    /// Follows the path down from module `id`. A name that is not found counts for the module that
    /// should have it: macros define some.
    fn descend(&self, id: Id, path: &[String], reexports: usize) -> Option<Id> {
        let Some((first, rest)) = path.split_first() else {
            return Some(id);
        };
        let module = &self.modules[id];
        let is_known = module.children.contains_key(first) || module.imports.contains_key(first);
        let found = self.find(id, first, rest, reexports);
        // A known path that is not found belongs to another crate.
        if is_known { found } else { found.or(Some(id)) }
    }

    /// Finds a name in module `id`, and what follows it.
    fn find(&self, id: Id, name: &str, rest: &[String], reexports: usize) -> Option<Id> {
        let module = &self.modules[id];
        if let Some(&child) = module.children.get(name) {
            return self.descend(child, rest, reexports);
        }
        if module.items.contains(name) {
            return Some(id);
        }
        let reexports = reexports.checked_sub(1)?;
        if let Some(import) = module.imports.get(name) {
            // `use name::…` of another crate may have a child's name first: not through itself.
            if import.first().is_some_and(|first| first == name) {
                return None;
            }
            let path: Vec<String> = import.iter().chain(rest).cloned().collect();
            return self.resolve(id, &path, reexports);
        }
        if id == 0
            && let Some(&module) = self.exported_macros.get(name)
        {
            return Some(module);
        }
        module.globs.iter().find_map(|glob| {
            let target = self.resolve(id, glob, reexports)?;
            (target != id).then(|| self.find(target, name, rest, reexports))?
        })
    }

    /// Reads a module's file; `folder` is where the files of its children are.
    fn read_file(
        &mut self,
        files: &Files,
        file: &str,
        folder: &str,
        parent: Option<Id>,
    ) -> Result<Id> {
        let trees = tokens::parse(file, files.text(file)?)?;
        let id = self.add(file, parent);
        self.read_scope(files, id, folder, &trees, true)?;
        Ok(id)
    }

    fn add(&mut self, file: &str, parent: Option<Id>) -> Id {
        self.modules.push(Module {
            file: file.to_owned(),
            parent,
            ..Module::default()
        });
        self.modules.len() - 1
    }

    /// Reads tokens of module `id`; `is_scope` outside of any group, where items are the module's.
    fn read_scope(
        &mut self,
        files: &Files,
        id: Id,
        folder: &str,
        trees: &[TokenTree],
        is_scope: bool,
    ) -> Result<()> {
        let mut index = 0;
        let mut is_public = false;
        let mut is_exported = false;
        let mut path_attribute = None;
        while index < trees.len() {
            if let Some((attribute, after)) = tokens::attribute(trees, index) {
                index = after;
                match tokens::ident(attribute.first()).as_deref() {
                    _ if tokens::is_for_tests(&attribute) => {
                        index = tokens::skip_item(trees, after);
                        (is_public, is_exported, path_attribute) = (false, false, None);
                    }
                    Some("macro_export") => is_exported = true,
                    Some("path") => {
                        path_attribute = attribute
                            .get(2)
                            .map(|literal| literal.to_string().trim_matches('"').to_owned());
                    }
                    _ => {}
                }
                continue;
            }
            let name = tokens::ident(trees.get(index + 1));
            let word = tokens::ident(trees.get(index));
            match (word.as_deref(), name) {
                (Some("pub"), _) => {
                    is_public = true;
                    index += 1;
                    let restricted = trees.get(index);
                    if restricted
                        .is_some_and(|tree| tokens::group(tree, Delimiter::Parenthesis).is_some())
                    {
                        index += 1;
                    }
                    continue;
                }
                (Some("mod"), Some(name)) => {
                    let content = trees.get(index + 2);
                    let child = match content.and_then(|tree| tokens::group(tree, Delimiter::Brace))
                    {
                        Some(content) => {
                            let file = self.modules[id].file.clone();
                            let child = self.add(&file, Some(id));
                            let folder = format!("{folder}/{name}");
                            self.read_scope(files, child, &folder, &content, true)?;
                            child
                        }
                        None => {
                            let own = path_attribute.take();
                            self.read_child(files, id, folder, &name, own.as_deref())?
                        }
                    };
                    self.modules[id].children.insert(name, child);
                    index += 3;
                }
                (Some("use"), _) if !tokens::is_punct(trees.get(index + 1), '<') => {
                    let line = tokens::line(&trees[index]);
                    let end = (index..trees.len())
                        .find(|&end| tokens::is_punct(trees.get(end), ';'))
                        .unwrap_or(trees.len());
                    self.read_use(id, line, is_public, &trees[index + 1..end], &[]);
                    index = end + 1;
                }
                (Some("macro_rules"), _) if tokens::is_punct(trees.get(index + 1), '!') => {
                    if let Some(name) = tokens::ident(trees.get(index + 2)) {
                        self.modules[id].items.insert(name.clone());
                        if is_exported {
                            self.exported_macros.insert(name, id);
                        }
                    }
                    index += 3;
                }
                (
                    Some(
                        "fn" | "struct" | "enum" | "union" | "trait" | "type" | "const" | "static",
                    ),
                    Some(name),
                ) if !is_part_of_type(trees, index) => {
                    if is_scope {
                        self.modules[id].items.insert(name);
                    }
                    index += 1;
                    // The name begins no path; `const fn` and the like are not names.
                    let next = tokens::ident(trees.get(index));
                    if !next.is_some_and(|next| ["fn", "unsafe", "extern"].contains(&&*next)) {
                        index += 1;
                    }
                }
                (Some(_), _) => index = self.read_path(id, trees, index),
                (None, _) => {
                    if let Some(TokenTree::Group(group)) = trees.get(index) {
                        let inner: Vec<_> = group.stream().into_iter().collect();
                        self.read_scope(files, id, folder, &inner, false)?;
                    }
                    index += 1;
                }
            }
            (is_public, is_exported, path_attribute) = (false, false, None);
        }
        Ok(())
    }

    /// Reads the file of `mod name;`.
    fn read_child(
        &mut self,
        files: &Files,
        id: Id,
        folder: &str,
        name: &str,
        own: Option<&str>,
    ) -> Result<Id> {
        let candidates = match own {
            Some(own) => {
                let file = &self.modules[id].file;
                let here = file.rsplit_once('/').map_or("", |(here, _)| here);
                vec![format!("{here}/{own}")]
            }
            None => vec![
                format!("{folder}/{name}.rs"),
                format!("{folder}/{name}/mod.rs"),
            ],
        };
        let file = candidates
            .iter()
            .find(|file| files.exists(file))
            .with_context(|| format!("none of {candidates:?} exists"))?;
        // The children of a file that `#[path]` names are beside it.
        let folder = match own {
            Some(_) => file.rsplit_once('/').map_or("", |(here, _)| here),
            None => &format!("{folder}/{name}"),
        };
        self.read_file(files, file, folder, Some(id))
    }

    /// Reads the tree of a `use`, with the segments that lead to it.
    fn read_use(
        &mut self,
        id: Id,
        line: usize,
        is_public: bool,
        trees: &[TokenTree],
        prefix: &[String],
    ) {
        let mut segments = prefix.to_vec();
        let mut index = 0;
        while index < trees.len() {
            if tokens::is_punct(trees.get(index), ':') {
                index += 1;
            } else if let Some(branches) = tokens::group(&trees[index], Delimiter::Brace) {
                for branch in branches.split(|tree| tokens::is_punct(Some(tree), ',')) {
                    if !branch.is_empty() {
                        self.read_use(id, line, is_public, branch, &segments);
                    }
                }
                return;
            } else if tokens::is_punct(trees.get(index), '*') {
                self.modules[id].globs.push(segments.clone());
                break;
            } else if let Some(name) = tokens::ident(trees.get(index)) {
                if name == "as" {
                    let alias = tokens::ident(trees.get(index + 1));
                    if let Some(alias) = alias.filter(|alias| alias != "_") {
                        self.modules[id].imports.insert(alias, segments.clone());
                    }
                    self.add_path(id, segments, line, is_public);
                    return;
                }
                if name != "self" || segments.is_empty() {
                    segments.push(name);
                }
                index += 1;
            } else {
                return;
            }
        }
        let is_glob = tokens::is_punct(trees.get(index), '*');
        if let Some(name) = segments.last().filter(|_| !is_glob) {
            let name = name.clone();
            self.modules[id].imports.insert(name, segments.clone());
        }
        self.add_path(id, segments, line, is_public);
    }

    /// Reads the path that begins at `index`, if one does; returns the index after it.
    fn read_path(&mut self, id: Id, trees: &[TokenTree], start: usize) -> usize {
        let mut segments = Vec::new();
        let mut index = start;
        while let Some(name) = tokens::ident(trees.get(index)) {
            segments.push(name);
            index += 1;
            let goes_on = tokens::is_path_separator(trees, index)
                && tokens::ident(trees.get(index + 2)).is_some();
            if !goes_on {
                break;
            }
            index += 2;
        }
        let before = start.checked_sub(1).and_then(|before| trees.get(before));
        let is_callers = tokens::is_punct(before, '$');
        let is_absolute = start >= 2 && tokens::is_path_separator(trees, start - 2);
        let is_method = tokens::is_punct(before, '.');
        if segments.len() > 1 && !is_callers && !is_absolute && !is_method {
            self.add_path(id, segments, tokens::line(&trees[start]), false);
        }
        index
    }

    fn add_path(&mut self, id: Id, segments: Vec<String>, line: usize, is_reexport: bool) {
        self.modules[id].paths.push(Path {
            segments,
            line,
            is_reexport,
        });
    }
}

/// Returns whether the keyword at `index` belongs to a type or a borrow: `*const`, `'static`,
/// `&raw const`.
fn is_part_of_type(trees: &[TokenTree], index: usize) -> bool {
    let before = index.checked_sub(1).and_then(|before| trees.get(before));
    tokens::is_punct(before, '*')
        || tokens::is_punct(before, '\'')
        || tokens::ident(before).is_some_and(|before| before == "raw")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the files that `b.rs` refers to, in a crate with these texts.
    fn targets(root: &str, b: &str) -> Vec<String> {
        let files = Files::of(&[
            ("src/lib.rs", root),
            ("src/a/mod.rs", "mod c; pub use self::c::C; pub struct A;"),
            ("src/a/c.rs", "pub struct C;"),
            ("src/b.rs", b),
        ]);
        let references = Crate::read(&files, "src/lib.rs").unwrap().references();
        let from_b = references.into_iter().filter(|it| it.from == "src/b.rs");
        from_b.map(|reference| reference.to).collect()
    }

    #[test]
    fn a_reference_counts_for_the_file_that_defines_its_name() {
        let root = "mod a; mod b; pub use a::A;";
        assert_eq!(targets(root, "use crate::a::C;"), ["src/a/c.rs"]);
        assert_eq!(targets(root, "use crate::A;"), ["src/a/mod.rs"]);
        assert_eq!(
            targets(root, "use crate::a; fn f(_: a::C) {}"),
            ["src/a/c.rs", "src/a/mod.rs"]
        );
        assert_eq!(
            targets(root, "use super::*; fn f() { A::new() }"),
            ["src/a/mod.rs", "src/lib.rs"]
        );
        assert_eq!(targets(root, "fn f(_: std::fmt::Error) {}"), [""; 0]);
    }

    #[test]
    fn the_attribute_path_names_a_modules_file() {
        let root =
            "#[path = \"a/mod.rs\"] mod other; mod b; pub mod a { pub use crate::other::*; }";
        assert_eq!(targets(root, "use crate::a::C;"), ["src/a/c.rs"]);
        assert_eq!(targets(root, "use crate::other::A;"), ["src/a/mod.rs"]);
    }
}
