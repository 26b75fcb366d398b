//! The lowest versions that the manifests of the published crates name.
//!
//! A package whose lock file has them must compile with Pyatoll. Cargo prefers the newest versions,
//! so no other build notices that a requirement is too low.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use toml::{Table, Value};

use crate::package::CRATES;
use crate::run;

/// The packages that are used in PyO3's place.
const COMPAT: [&str; 3] = ["pyo3", "pyo3-async-runtimes", "pyo3-log"];

/// Features of the packages in [`COMPAT`]: all that need other crates.
const COMPAT_FEATURES: [&str; 5] = [
    "pyo3/full",
    "pyo3-async-runtimes/attributes",
    "pyo3-async-runtimes/testing",
    "pyo3-async-runtimes/tokio-runtime",
    "pyo3-log/kv",
];

/// Compiles the crates with the lowest version of each direct dependency, with all features at
/// once. Fails, too, if another dependency needs a higher one: the manifest would name one that is
/// never compiled.
///
/// The crates are compiled where they are, by copies of their manifests in a workspace of its own.
pub fn check() -> Result<()> {
    let workspace = run::target_dir().join("lint/minimal-versions");
    let mut members = Vec::new();
    let mut features: Vec<String> = COMPAT_FEATURES.map(str::to_owned).into();
    let folders = CRATES
        .map(|name| format!("crates/{name}"))
        .into_iter()
        .chain(COMPAT.map(|name| format!("compat/{name}")));
    for folder in folders {
        let original = run::root().join(&folder);
        let manifest = read(&original)?;
        features.extend(features_of_docs_rs(&manifest));
        write(&workspace.join(&folder), member(manifest, &original))?;
        members.push(folder);
    }
    write(&workspace, root(read(run::root())?, members))?;

    let manifest = workspace.join("Cargo.toml");
    run::status(
        run::cargo()
            .args(["generate-lockfile", "--quiet", "-Zdirect-minimal-versions"])
            .arg("--manifest-path")
            .arg(&manifest)
            // For the option. The crates are compiled without it.
            .env("RUSTC_BOOTSTRAP", "1"),
    )?;
    run::status(
        run::cargo()
            .args(["check", "--workspace", "--locked"])
            .args(["--features", &features.join(",")])
            .arg("--manifest-path")
            .arg(&manifest)
            .arg("--target-dir")
            .arg(workspace.join("target")),
    )
}

/// Returns the manifest of a member. Nobody gets a crate's dev-dependencies with it, so they must
/// not have a say.
fn member(mut manifest: Table, original: &Path) -> Table {
    for key in ["bench", "dev-dependencies", "test", "workspace"] {
        manifest.remove(key);
    }
    let path = |file: &str| Value::from(original.join(file).display().to_string());
    let library = manifest.entry("lib").or_insert_with(|| Table::new().into());
    if let Some(library) = library.as_table_mut() {
        library.insert("path".to_owned(), path("src/lib.rs"));
    }
    if original.join("build.rs").exists()
        && let Some(package) = manifest.get_mut("package").and_then(Value::as_table_mut)
    {
        package.insert("build".to_owned(), path("build.rs"));
    }
    manifest
}

/// Returns the manifest of the workspace.
fn root(mut manifest: Table, members: Vec<String>) -> Table {
    manifest.remove("profile");
    if let Some(workspace) = manifest.get_mut("workspace").and_then(Value::as_table_mut) {
        workspace.remove("exclude");
        workspace.insert("members".to_owned(), members.into());
    }
    manifest
}

/// Returns the features that docs.rs turns on, with the package's name before each.
fn features_of_docs_rs(manifest: &Table) -> Vec<String> {
    let features = || {
        let package = manifest.get("package")?;
        let features = package.get("metadata")?.get("docs")?.get("rs")?;
        let features = features.get("features")?.as_array()?.iter();
        let name = package.get("name")?.as_str()?;
        Some(features.filter_map(move |it| Some(format!("{name}/{}", it.as_str()?))))
    };
    features().into_iter().flatten().collect()
}

/// Reads the manifest of a folder.
fn read(folder: &Path) -> Result<Table> {
    let path = folder.join("Cargo.toml");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse()
        .with_context(|| format!("cannot parse {}", path.display()))
}

/// Writes the manifest of a folder, which is created.
fn write(folder: &Path, manifest: Table) -> Result<()> {
    fs::create_dir_all(folder)?;
    run::write_if_changed(&folder.join("Cargo.toml"), &toml::to_string(&manifest)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_have_no_dev_dependencies() {
        let manifest = "[package]\nname = \"a\"\n[package.metadata.docs.rs]\nfeatures = [\"f\"]\n\
             [lib]\nproc-macro = true\n[dependencies]\nb = \"1\"\n\
             [dev-dependencies]\na = { path = \".\" }\n[[test]]\nname = \"t\"\n[workspace]\n";
        let manifest: Table = manifest.parse().unwrap();
        assert_eq!(features_of_docs_rs(&manifest), ["a/f"]);
        let member = member(manifest, Path::new("folder"));
        let keys: Vec<&str> = member.keys().map(String::as_str).collect();
        assert_eq!(keys, ["dependencies", "lib", "package"]);
        assert_eq!(member["lib"]["proc-macro"].as_bool(), Some(true));
        assert!(
            member["lib"]["path"]
                .as_str()
                .unwrap()
                .starts_with("folder")
        );
        assert!(member["package"].get("build").is_none());
    }
}
