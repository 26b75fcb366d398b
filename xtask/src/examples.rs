//! `cargo xtask examples`: the examples as users take them, copied to a folder of their own,
//! outside of the workspace.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::compat;
use crate::python::Python;
use crate::run;

/// The folder with a folder for each example.
const EXAMPLES: &str = "examples";

/// What a user replaces in an example's manifest: the path of this library's crates.
const CRATES: &str = "\"../../crates/";

/// Runs `cargo xtask examples`.
pub fn run(python: Option<PathBuf>) -> Result<()> {
    build_copies(&Python::find(python)?)
}

/// Copies each example out of the workspace, and builds the copy.
fn build_copies(python: &Python) -> Result<()> {
    let mut names = Vec::new();
    for entry in fs::read_dir(run::root().join(EXAMPLES))? {
        let entry = entry?;
        // One without a manifest has Python code only.
        if entry.path().join("Cargo.toml").exists() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    for name in &names {
        build_copy(python, name)
            .with_context(|| format!("examples/{name} does not stand alone"))?;
    }
    Ok(())
}

fn build_copy(python: &Python, name: &str) -> Result<()> {
    let from = run::root().join(EXAMPLES).join(name);
    let to = run::target_dir().join("copies").join(name);
    run::remove_folder(&to)?;
    run::copy(&from, &to)?;
    let manifest = to.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).context("it has no Cargo.toml")?;
    fs::write(&manifest, standalone(&text, run::root())?)?;
    // The versions that the workspace is tested with.
    run::copy(&run::root().join("Cargo.lock"), &to.join("Cargo.lock"))?;
    let mut cargo = run::cargo();
    cargo
        .current_dir(&to)
        .args(["build", "--quiet"])
        // Shared by the copies: the library is compiled once.
        .arg("--target-dir")
        .arg(run::target_dir().join("copies").join("target"))
        .env("PYO3_PYTHON", &python.executable);
    if text.contains("\npyo3 = ") {
        cargo.arg("--config").arg(compat::patch());
    }
    run::status(&mut cargo)
}

/// Returns a manifest for a copy of the folder: the path of the clone replaced, as a user does.
fn standalone(manifest: &str, root: &Path) -> Result<String> {
    ensure!(
        !manifest.contains("workspace = true"),
        "its manifest inherits from the workspace: write the values"
    );
    let crates = format!("\"{}/crates/", root.display());
    let replaced = manifest.replace(CRATES, &crates);
    ensure!(
        !replaced.contains("\"../"),
        "its manifest refers to other files of the workspace"
    );
    // A copy is not in this workspace, wherever the target folder is.
    let own = match replaced.contains("[workspace]") {
        true => "",
        false => "\n[workspace]\n",
    };
    Ok(replaced + own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_path_of_the_library_is_replaced() {
        let root = Path::new("/clone");
        let manifest = "[dependencies]\npyatoll = { path = \"../../crates/pyatoll\" }\n";
        assert_eq!(
            standalone(manifest, root).unwrap(),
            "[dependencies]\npyatoll = { path = \"/clone/crates/pyatoll\" }\n\n[workspace]\n"
        );
        assert!(standalone("edition.workspace = true\n", root).is_err());
        assert!(standalone("helper = { path = \"../helper\" }\n", root).is_err());
    }
}
