//! Counting the tests of a file that may not compile: by parsing it, and the modules it has in
//! other files, with the `cfg`s in mind. A macro of the file that has tests in it has as many at
//! each use.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Item, ItemMod, Lit, Meta, Token};

use crate::run;

/// The `cfg`s that hold.
pub struct Cfgs(HashSet<String>);

impl Cfgs {
    /// The compiler's own, those of these features, and those that a build script set.
    pub fn new(features: &[&str], set: &[String]) -> Result<Self> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let own = run::output(Command::new(rustc).args(["--print", "cfg"]))?;
        let all = own
            .lines()
            .map(str::to_owned)
            .chain(set.iter().cloned())
            .chain(features.iter().map(|name| format!("feature=\"{name}\"")))
            .chain(["test".to_owned()]);
        Ok(Self(all.collect()))
    }

    /// Whether what `#[cfg(…)]` asks for holds.
    fn holds(&self, condition: &Meta) -> Result<bool> {
        let name = condition
            .path()
            .get_ident()
            .context("a `cfg` has a name")?
            .to_string();
        match condition {
            Meta::Path(_) => Ok(match &*name {
                "true" => true,
                "false" => false,
                _ => self.0.contains(&name),
            }),
            Meta::NameValue(pair) => match &pair.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(value),
                    ..
                }) => Ok(self.0.contains(&format!("{name}=\"{}\"", value.value()))),
                _ => Err(anyhow!("the value of the `cfg` '{name}' is no text")),
            },
            Meta::List(list) => {
                let parts =
                    list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)?;
                let parts: Vec<bool> = parts
                    .iter()
                    .map(|part| self.holds(part))
                    .collect::<Result<_>>()?;
                match &*name {
                    "all" => Ok(parts.iter().all(|part| *part)),
                    "any" => Ok(parts.iter().any(|part| *part)),
                    "not" => Ok(!parts.iter().all(|part| *part)),
                    _ => Err(anyhow!("unknown `cfg`: '{name}(…)'")),
                }
            }
        }
    }

    /// Whether what has these attributes is compiled.
    fn keep(&self, attributes: &[Attribute]) -> Result<bool> {
        for attribute in attributes {
            if attribute.path().is_ident("cfg") && !self.holds(&attribute.parse_args()?)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// How many tests there are in this file.
pub fn tests(path: &Path, cfgs: &Cfgs) -> Result<usize> {
    count(path, cfgs).with_context(|| format!("cannot count the tests of {}", path.display()))
}

fn count(path: &Path, cfgs: &Cfgs) -> Result<usize> {
    let file = syn::parse_file(&fs::read_to_string(path)?)?;
    if !cfgs.keep(&file.attrs)? {
        return Ok(0);
    }
    of_items(&file.items, path, cfgs)
}

fn of_items(items: &[Item], path: &Path, cfgs: &Cfgs) -> Result<usize> {
    let mut sum = 0;
    // Of the macros that items before the current one define.
    let mut in_macros = HashMap::new();
    for item in items {
        sum += match item {
            Item::Fn(function) => {
                let is_test = function.attrs.iter().any(|one| one.path().is_ident("test"));
                usize::from(is_test && cfgs.keep(&function.attrs)?)
            }
            Item::Mod(module) if cfgs.keep(&module.attrs)? => match &module.content {
                Some((_, items)) => of_items(items, path, cfgs)?,
                None => of_file(module, path, cfgs)?,
            },
            Item::Macro(item) if cfgs.keep(&item.attrs)? => match &item.ident {
                Some(name) => {
                    in_macros.insert(name, of_tokens(item.mac.tokens.clone()));
                    0
                }
                None => {
                    let name = item.mac.path.get_ident();
                    name.and_then(|name| in_macros.get(name))
                        .copied()
                        .unwrap_or(0)
                }
            },
            _ => 0,
        };
    }
    Ok(sum)
}

/// How often `#[test]` is in the definition of a macro.
fn of_tokens(tokens: TokenStream) -> usize {
    let mut sum = 0;
    let mut after_hash = false;
    for token in tokens {
        match token {
            TokenTree::Group(group)
                if after_hash
                    && group.delimiter() == Delimiter::Bracket
                    && group.stream().to_string() == "test" =>
            {
                sum += 1;
            }
            TokenTree::Group(group) => sum += of_tokens(group.stream()),
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                after_hash = true;
                continue;
            }
            _ => {}
        }
        after_hash = false;
    }
    sum
}

/// The tests of `mod name;` in the file at `path`.
fn of_file(module: &ItemMod, path: &Path, cfgs: &Cfgs) -> Result<usize> {
    let folder = path.parent().context("a file is in a folder")?;
    for attribute in &module.attrs {
        if let Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("path")
            && let Expr::Lit(ExprLit {
                lit: Lit::Str(value),
                ..
            }) = &pair.value
        {
            return count(&folder.join(value.value()), cfgs);
        }
    }
    let plain = folder.join(format!("{}.rs", module.ident));
    if plain.exists() {
        return count(&plain, cfgs);
    }
    count(&folder.join(module.ident.to_string()).join("mod.rs"), cfgs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(code: &str) -> usize {
        let cfgs = Cfgs(
            ["unix", "feature=\"a\"", "Py_3_14"]
                .map(str::to_owned)
                .into_iter()
                .collect(),
        );
        let file = syn::parse_file(code).expect("it parses");
        of_items(&file.items, Path::new("."), &cfgs).expect("it can be counted")
    }

    #[test]
    fn only_tests_count() {
        assert_eq!(count("#[test] fn a() {} fn b() {} #[other] fn c() {}"), 1);
        assert_eq!(
            count("mod inner { #[test] fn a() {} #[test] fn b() {} }"),
            2
        );
    }

    #[test]
    fn each_use_of_a_macro_with_a_test_in_it_counts() {
        let define = "macro_rules! case { ($name:ident) => { mod $name { #[test] fn a() {} } } }";
        assert_eq!(count(define), 0);
        assert_eq!(
            count(&format!("{define} case!(one); case!(two); other!(three);")),
            2
        );
    }

    #[test]
    fn what_is_configured_away_does_not_count() {
        for (condition, kept) in [
            ("unix", 1),
            ("windows", 0),
            ("feature = \"a\"", 1),
            ("feature = \"b\"", 0),
            ("not(unix)", 0),
            ("any()", 0),
            ("all()", 1),
            ("all(unix, not(Py_3_15))", 1),
            ("any(windows, Py_3_14)", 1),
        ] {
            let test = format!("#[cfg({condition})] #[test] fn a() {{}}");
            assert_eq!(count(&test), kept, "{condition}");
            let module = format!("#[cfg({condition})] mod inner {{ #[test] fn a() {{}} }}");
            assert_eq!(count(&module), kept, "{condition}");
        }
    }
}
