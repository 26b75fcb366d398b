//! Downloading and unpacking, and raising requirements.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value as Json;
use toml::{Table, Value};

use super::catalog::{Catalog, Crate, Package};
use super::library::{FOLDER, Library};
use crate::compat::PYO3;
use crate::run;
use crate::wheels::Venv;

/// PyO3's own crates, which have one version.
const PYO3_CRATES: &[&str] = &[
    "pyo3",
    "pyo3-ffi",
    "pyo3-build-config",
    "pyo3-macros",
    "pyo3-macros-backend",
];

/// Downloads a package's source distribution, unpacks it and raises its requirements. Returns the
/// folder.
pub fn package(package: &Package, library: Library, venv: &Venv) -> Result<PathBuf> {
    let folder = library.folder()?.join("source").join(&package.name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let archives = run::target_dir().join("ports/archives");
    fs::create_dir_all(&archives)?;
    run::status(
        venv.python()
            .arg(run::root().join(FOLDER).join("download.py"))
            .args([&package.name, &package.version])
            .args([&archives, &folder]),
    )?;
    raise_all(&folder)?;
    for edit in &package.edits {
        let path = folder.join(&edit.file);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if !text.contains(&edit.from) {
            bail!("{} does not contain {:?}", path.display(), edit.from);
        }
        fs::write(&path, text.replace(&edit.from, &edit.to))?;
    }
    lock(&folder)?;
    Ok(folder)
}

/// Copies a crate from cargo's registry and raises its requirements. Returns the folder.
pub fn krate(krate: &Crate, library: Library) -> Result<PathBuf> {
    let found = in_registry(&krate.name, &krate.version)?;
    let folder = library.folder()?.join("source").join(&krate.name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    copy(&found, &folder)?;
    raise_all(&folder)?;
    Ok(folder)
}

/// Returns the folder of a crate that cargo unpacked for a package that depends on it.
fn in_registry(name: &str, version: &str) -> Result<PathBuf> {
    let folder = run::target_dir().join("ports/registry").join(name);
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    fs::write(
        folder.join("Cargo.toml"),
        format!(
            "[package]\nname = \"registry\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\n{name} = \"={version}\"\n\n[workspace]\n"
        ),
    )?;
    let metadata = run::output(
        run::cargo()
            .args(["metadata", "--format-version", "1", "--manifest-path"])
            .arg(folder.join("Cargo.toml")),
    )?;
    let metadata: Json = serde_json::from_str(&metadata)?;
    let manifest = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == name)
        .and_then(|package| package["manifest_path"].as_str())
        .with_context(|| format!("cargo found no package {name}"))?;
    let folder = Path::new(manifest).parent();
    Ok(folder.context("the manifest has no folder")?.to_owned())
}

/// Copies a folder, but for cargo's own files in it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to.join(name))?;
        } else if name != ".cargo-ok" && name != "Cargo.toml.orig" && name != "Cargo.lock" {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}

/// Calls `visit` for each manifest in a folder.
fn each_manifest(folder: &Path, visit: &mut dyn FnMut(&Path) -> Result<()>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            each_manifest(&entry.path(), visit)?;
        } else if entry.file_name() == "Cargo.toml" {
            visit(&entry.path())?;
        }
    }
    Ok(())
}

/// Raises the requirements in all manifests of a folder.
fn raise_all(folder: &Path) -> Result<()> {
    let others = Catalog::read()?.raised;
    each_manifest(folder, &mut |path| {
        let text = fs::read_to_string(path)?;
        let mut manifest: Table =
            toml::from_str(&text).with_context(|| format!("cannot parse {}", path.display()))?;
        if raise(&mut manifest, &others) {
            fs::write(path, toml::to_string(&manifest)?)?;
        }
        Ok(())
    })
}

/// Raises the requirements in a manifest. Returns whether there are any.
fn raise(table: &mut Table, others: &BTreeMap<String, String>) -> bool {
    let mut found = false;
    for (key, value) in table.iter_mut() {
        let Value::Table(inner) = value else { continue };
        if !key.ends_with("dependencies") {
            // `[workspace]`, `[target.…]`
            found |= raise(inner, others);
            continue;
        }
        for (name, dependency) in inner.iter_mut() {
            let name = dependency
                .get("package")
                .and_then(Value::as_str)
                .unwrap_or(name);
            let raised = match others.get(name) {
                Some(version) => version,
                None if PYO3_CRATES.contains(&name) => PYO3,
                None => continue,
            };
            let requirement = match dependency {
                Value::Table(dependency) => match dependency.get_mut("version") {
                    Some(requirement) => requirement,
                    None => continue, // inherited from the workspace
                },
                requirement => requirement,
            };
            *requirement = raised.into();
            found = true;
        }
    }
    found
}

/// Brings the lock files up to date: some packages are built with `--locked`.
fn lock(folder: &Path) -> Result<()> {
    let mut locked = Vec::new();
    each_manifest(folder, &mut |path| {
        if path.with_file_name("Cargo.lock").exists() {
            locked.push(path.to_owned());
        }
        Ok(())
    })?;
    for manifest in locked {
        run::output(
            run::cargo()
                .args(["metadata", "--format-version", "1", "--manifest-path"])
                .arg(&manifest)
                .current_dir(folder),
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_raised_wherever_they_are() {
        let mut manifest: Table = toml::from_str(
            r#"
            [dependencies]
            pyo3 = "0.26"
            numpy = { version = "0.29", optional = true }
            other = "0.26"
            [dependencies.binding]
            package = "pyo3-ffi"
            version = "=0.29"
            [workspace.dependencies]
            pyo3 = { version = "0.26", features = ["abi3"] }
            [target.'cfg(unix)'.build-dependencies]
            pyo3-build-config = { workspace = true }
            "#,
        )
        .expect("the manifest is valid");
        let others = BTreeMap::from([("numpy".to_owned(), "0.30".to_owned())]);
        assert!(raise(&mut manifest, &others));
        let dependencies = &manifest["dependencies"];
        assert_eq!(dependencies["pyo3"].as_str(), Some(PYO3));
        assert_eq!(dependencies["numpy"]["version"].as_str(), Some("0.30"));
        assert_eq!(dependencies["other"].as_str(), Some("0.26"));
        assert_eq!(dependencies["binding"]["version"].as_str(), Some(PYO3));
        let shared = &manifest["workspace"]["dependencies"]["pyo3"];
        assert_eq!(shared["version"].as_str(), Some(PYO3));
        assert_eq!(shared["features"][0].as_str(), Some("abi3"));
        let unix = &manifest["target"]["cfg(unix)"]["build-dependencies"];
        assert_eq!(unix["pyo3-build-config"]["workspace"].as_bool(), Some(true));
        assert!(!raise(&mut Table::new(), &others));
    }
}
