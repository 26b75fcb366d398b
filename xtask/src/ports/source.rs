//! Downloading and unpacking sources, raising their requirements, and editing them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use toml::{Table, Value};

use super::catalog::{Crate, Edit, Package, Requirements};
use super::library::{FOLDER, Library};
use crate::compat::PYO3;
use crate::wheels::Venv;
use crate::{registry, run};

/// PyO3's own crates, which all have the same version.
const PYO3_CRATES: &[&str] = &[
    "pyo3",
    "pyo3-ffi",
    "pyo3-build-config",
    "pyo3-macros",
    "pyo3-macros-backend",
];

/// Downloads a package's source distribution, unpacks it, raises its requirements and edits it.
/// Returns the folder.
pub fn package(
    package: &Package,
    library: Library,
    raised: &Requirements,
    venv: &Venv,
) -> Result<PathBuf> {
    let folder = library.folder()?.join("source").join(&package.name);
    run::remove_folder(&folder)?;
    let archives = run::target_dir().join("ports/archives");
    fs::create_dir_all(&archives)?;
    run::status(
        venv.python()
            .arg(run::root().join(FOLDER).join("download.py"))
            .args([&package.name, &package.version])
            .args([&archives, &folder]),
    )?;
    for name in &package.edited_crates {
        copy_dependency(&folder, name, &locked_version(&folder, name)?)?;
    }
    raise_all(&folder, raised, library.features(&package.pyo3_features))?;
    lock(&folder)?;
    edit_all(&folder, library, &package.edit)?;
    Ok(folder)
}

/// Returns the version of a crate that a package's `Cargo.lock` has.
fn locked_version(folder: &Path, name: &str) -> Result<String> {
    let locked: Table = toml::from_str(&fs::read_to_string(folder.join("Cargo.lock"))?)?;
    let version = locked["package"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|locked| locked["name"].as_str() == Some(name))
        .and_then(|locked| locked["version"].as_str())
        .with_context(|| format!("Cargo.lock has no crate {name}"))?;
    Ok(version.to_owned())
}

/// Copies a crate that another one depends on into the latter's source, and replaces the dependency
/// with the copy.
fn copy_dependency(folder: &Path, name: &str, version: &str) -> Result<()> {
    let copy = folder.join("edited").join(name);
    run::copy(&registry::folder_of(name, version)?, &copy)?;
    let manifest = folder.join("Cargo.toml");
    let mut root: Table = toml::from_str(&fs::read_to_string(&manifest)?)?;
    let path = Table::from_iter([("path".to_owned(), format!("edited/{name}").into())]);
    let mut patched = &mut root;
    for key in ["patch", "crates-io"] {
        patched = patched
            .entry(key)
            .or_insert_with(|| Table::new().into())
            .as_table_mut()
            .with_context(|| format!("{key} is no table"))?;
    }
    patched.insert(name.to_owned(), path.into());
    fs::write(manifest, toml::to_string(&root)?)?;
    Ok(())
}

/// Makes the changes in a source that are for this library.
fn edit_all(folder: &Path, library: Library, changes: &[Edit]) -> Result<()> {
    for change in changes {
        if library == Library::Pyatoll || !change.pyatoll_only {
            edit(folder, change)?;
        }
    }
    Ok(())
}

/// Makes a change in a source.
fn edit(folder: &Path, change: &Edit) -> Result<()> {
    let path = folder.join(&change.file);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let found = text.matches(&change.from).count();
    ensure!(
        found == 1,
        "{} has `{}` {found} times",
        path.display(),
        change.from
    );
    fs::write(path, text.replace(&change.from, &change.to))?;
    Ok(())
}

/// Copies a crate from cargo's registry, raises its requirements and edits it. Returns the folder.
pub fn krate(krate: &Crate, library: Library, raised: &Requirements) -> Result<PathBuf> {
    let found = registry::folder_of(&krate.name, &krate.version)?;
    let folder = library.folder()?.join("source").join(&krate.name);
    run::remove_folder(&folder)?;
    run::copy(&found, &folder)?;
    // Without a lock file, cargo selects the newest versions, as it does for packages that depend
    // on the crate.
    let lock = folder.join("Cargo.lock");
    if lock.exists() {
        fs::remove_file(lock)?;
    }
    for (name, version) in &krate.raised_crates {
        copy_dependency(&folder, name, version)?;
    }
    raise_all(&folder, raised, library.features(&krate.pyo3_features))?;
    edit_all(&folder, library, &krate.edit)?;
    Ok(folder)
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

/// Raises the requirements in all manifests of a folder, and adds features to those of `pyo3`.
fn raise_all(folder: &Path, others: &Requirements, features: &[String]) -> Result<()> {
    each_manifest(folder, &mut |path| {
        let text = fs::read_to_string(path)?;
        let mut manifest: Table =
            toml::from_str(&text).with_context(|| format!("cannot parse {}", path.display()))?;
        if raise(&mut manifest, others) {
            add_features(&mut manifest, features);
            fs::write(path, toml::to_string(&manifest)?)?;
        }
        Ok(())
    })
}

/// Raises the requirements in a table of a manifest. Returns whether it has any.
fn raise(table: &mut Table, others: &Requirements) -> bool {
    let mut found = false;
    for (key, value) in table.iter_mut() {
        let Value::Table(inner) = value else { continue };
        if !key.ends_with("dependencies") {
            // `[workspace]` and `[target.…]` contain further tables of dependencies.
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

/// Adds features to the requirements of `pyo3`, except those that are inherited from a workspace.
fn add_features(table: &mut Table, features: &[String]) {
    if features.is_empty() {
        return;
    }
    for (key, value) in table.iter_mut() {
        let Value::Table(inner) = value else { continue };
        if !key.ends_with("dependencies") {
            add_features(inner, features);
            continue;
        }
        let Some(dependency) = inner.get_mut("pyo3") else {
            continue;
        };
        if let Value::String(version) = dependency {
            let version = ("version".to_owned(), Value::String(version.clone()));
            *dependency = Value::Table(Table::from_iter([version]));
        }
        if let Value::Table(dependency) = dependency
            && dependency.contains_key("version")
            && let Value::Array(own) = dependency
                .entry("features")
                .or_insert_with(|| Value::Array(Vec::new()))
        {
            own.extend(features.iter().cloned().map(Value::String));
        }
    }
}

/// Updates the lock files, since some packages are built with `--locked`. A lock file that names a
/// version that the registry does not have is generated again.
fn lock(folder: &Path) -> Result<()> {
    let mut locked = Vec::new();
    each_manifest(folder, &mut |path| {
        if path.with_file_name("Cargo.lock").exists() {
            locked.push(path.to_owned());
        }
        Ok(())
    })?;
    for manifest in locked {
        let resolve = || {
            run::output(
                run::cargo()
                    .args(["metadata", "--format-version", "1", "--manifest-path"])
                    .arg(&manifest)
                    .current_dir(folder),
            )
        };
        if resolve().is_err() {
            fs::remove_file(manifest.with_file_name("Cargo.lock"))?;
            resolve()?;
        }
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
        let others = Requirements::from([("numpy".to_owned(), "0.30".to_owned())]);
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

        add_features(&mut manifest, &["more".to_owned()]);
        assert_eq!(
            manifest["dependencies"]["pyo3"]["version"].as_str(),
            Some(PYO3)
        );
        assert_eq!(
            manifest["dependencies"]["pyo3"]["features"][0].as_str(),
            Some("more")
        );
        let shared = &manifest["workspace"]["dependencies"]["pyo3"];
        assert_eq!(shared["features"][1].as_str(), Some("more"));
        assert_eq!(manifest["dependencies"]["other"].as_str(), Some("0.26"));
    }
}
