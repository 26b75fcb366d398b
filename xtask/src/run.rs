//! Running child processes, and the folders and files they run in.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

/// The variable with the loader's search path for libraries.
pub const LIBRARY_PATH: &str = if cfg!(target_os = "macos") {
    "DYLD_LIBRARY_PATH"
} else if cfg!(windows) {
    "PATH"
} else {
    "LD_LIBRARY_PATH"
};

/// Returns the workspace's root, where all commands run.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is a folder in the workspace")
}

/// Returns cargo's target folder.
pub fn target_dir() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// Returns a command for the cargo that runs xtask, started in the workspace's root.
///
/// Removes the variables that cargo sets about `xtask` (`CARGO_MANIFEST_DIR`, `CARGO_PKG_…`): they
/// would make some build scripts of the children rerun.
pub fn cargo() -> Command {
    cargo_of(Path::new(
        &env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
    ))
}

/// Returns a command like [`cargo`], for another cargo.
pub fn cargo_of(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Returns the value of [`LIBRARY_PATH`] with `folder` prepended.
pub fn library_path(folder: &Path) -> Result<OsString> {
    let old = env::var_os(LIBRARY_PATH).unwrap_or_default();
    let folders = env::split_paths(&old).filter(|path| !path.as_os_str().is_empty());
    Ok(env::join_paths(
        std::iter::once(folder.to_owned()).chain(folders),
    )?)
}

/// Deletes a folder with all it contains, if it exists.
pub fn remove_folder(path: &Path) -> Result<()> {
    if path.exists() {
        fs::remove_dir_all(path).with_context(|| format!("cannot delete {}", path.display()))?;
    }
    Ok(())
}

/// Copies a file or a folder. The folder that it is copied to is created.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            copy(&from.join(&name), &to.join(&name))?;
        }
    } else {
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    }
    Ok(())
}

/// Writes a file, unless it has this content already: cargo compiles what was written again.
pub fn write_if_changed(path: &Path, content: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

/// Sets the time of the last change of a file to now.
pub fn touch(path: &Path) -> Result<()> {
    let file = fs::File::options().append(true).open(path)?;
    Ok(file.set_modified(SystemTime::now())?)
}

/// Runs `command` with inherited input and output. Returns an error if it fails.
pub fn status(command: &mut Command) -> Result<()> {
    let name = display(command);
    let status = command
        .status()
        .with_context(|| format!("cannot run `{name}`"))?;
    if !status.success() {
        bail!("`{name}` failed ({status})");
    }
    Ok(())
}

/// Runs `command` and returns its stdout. If it fails, the error includes its stderr.
pub fn output(command: &mut Command) -> Result<String> {
    let name = display(command);
    let output = command
        .output()
        .with_context(|| format!("cannot run `{name}`"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("`{name}` failed ({})\n{}", output.status, errors.trim_end());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn display(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut text = program.file_name().map_or_else(
        || program.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    );
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}
