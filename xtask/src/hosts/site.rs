//! The files of one run of a host, in a temporary folder.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};

use crate::run;

/// The folder with the applications and the hosts' configurations.
pub const FOLDER: &str = "hosts";

/// The folder of a run; it is deleted when this is dropped. Every user can read it, since servers
/// change their user.
pub struct Site {
    folder: PathBuf,
}

impl Site {
    /// Creates a folder with the applications and a copy of the module.
    pub fn new(module: &Path) -> Result<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("pyatoll-hosts-{}-{number}", std::process::id());
        let folder = env::temp_dir().join(name);
        run::remove_folder(&folder)?;
        let site = Self { folder };
        run::copy(&run::root().join(FOLDER).join("apps"), &site.path("python"))?;
        run::copy(module, &site.path("python/probe.so"))?;
        Ok(site)
    }

    /// Returns the path of a file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Returns the folder with the module and the applications, for the hosts' module search path.
    pub fn python(&self) -> PathBuf {
        self.path("python")
    }

    /// Creates a folder in it.
    pub fn create_folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.path(name);
        fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(path)
    }

    /// Writes a configuration: a file of [`FOLDER`] in which each `@NAME@` is replaced. `@SITE@` is
    /// this folder.
    pub fn configure(&self, template: &str, values: &[(&str, String)]) -> Result<PathBuf> {
        let from = run::root().join(FOLDER).join(template);
        let text =
            fs::read_to_string(&from).with_context(|| format!("cannot read {}", from.display()))?;
        let site = [("SITE", self.folder.display().to_string())];
        let filled = fill(&text, site.iter().chain(values))?;
        let path = self.path(
            from.file_name()
                .and_then(|name| name.to_str())
                .unwrap_or(template),
        );
        fs::write(&path, filled).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Sets the time of the last change of a file to now.
    pub fn touch(&self, name: &str) -> Result<()> {
        run::touch(&self.path(name))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn fill<'a>(text: &str, values: impl Iterator<Item = &'a (&'a str, String)>) -> Result<String> {
    let filled = values.fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("@{name}@"), value)
    });
    let left = filled.lines().find(|line| line.contains('@'));
    ensure!(left.is_none(), "no value for {left:?}");
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_in_a_configuration_has_a_value() {
        let values = [("PORT", "80".to_owned()), ("SITE", "/srv".to_owned())];
        let filled = fill("Listen @PORT@\nLog @SITE@/log @PORT@", values.iter());
        assert_eq!(filled.expect("complete"), "Listen 80\nLog /srv/log 80");
        let error = fill("Listen @PORT@\nUser @USER@", values.iter()).expect_err("no user");
        assert!(error.to_string().contains("User @USER@"), "{error}");
    }
}
