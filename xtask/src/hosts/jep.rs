//! JEP: Python in a Java program, in interpreters that share the GIL or have their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::host::{Course, Figures, Host};
use super::module;
use super::scale::PARALLEL;
use super::site::{FOLDER, Site};
use super::{process, program};
use crate::python::Python;
use crate::run;
use crate::wheels::Venv;

/// The host.
pub struct Jep;

/// The package, which pip compiles with the JDK.
const REQUIREMENTS: &str = "hosts/jep/requirements.txt";

/// The last minor version that it supports.
const LAST: u32 = 14;

/// The first minor version with interpreters that have their own GIL.
const FIRST_WITH_OWN_GIL: u32 = 12;

impl Host for Jep {
    fn name(&self) -> &'static str {
        "jep"
    }

    fn packages(&self, python: &Python) -> &'static [&'static str] {
        match is_supported(python) {
            true => &["default-jdk-headless"],
            false => &[],
        }
    }

    fn modes(&self, python: &Python) -> Result<Vec<&'static str>> {
        ensure!(
            is_supported(python),
            "JEP is not for Python {}",
            python.short()
        );
        Ok(match python.minor {
            FIRST_WITH_OWN_GIL.. => vec!["shared", "isolated"],
            _ => vec!["shared"],
        })
    }

    fn run(&self, course: &Course<'_>) -> Result<Figures> {
        let site = Site::new(&course.library)?;
        let java = Java::prepare(course.python)?;
        let scale = course.scale;
        let mut command = process::command(java.program("java"));
        command
            .args([
                "--enable-native-access=ALL-UNNAMED",
                "-XX:-CreateCoredumpOnCrash",
            ])
            // The heap is as large from the beginning as it can get: what grows is not Java's.
            .args(["-Xms64m", "-Xmx64m", "-XX:+AlwaysPreTouch"])
            .arg(format!("-XX:ErrorFile={}.java", course.log.display()))
            .arg(format!("-Djava.library.path={}", java.jep.display()))
            .arg("-cp")
            .arg(format!("{}:{}", java.jar.display(), java.classes.display()))
            .args(["Host", course.mode])
            .arg(site.python())
            .arg(&java.packages)
            .args([scale.requests, scale.interpreters].map(|n| n.to_string()))
            .arg(PARALLEL.to_string())
            // Extension modules expect Python's symbols to be global, but Java loads libraries
            // without that.
            .env("LD_PRELOAD", libpython(course.python)?)
            .env("LD_LIBRARY_PATH", run::library_path(&java.jep)?)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        program::run(&mut command, course)
    }
}

/// Returns whether the version of JEP supports a Python.
fn is_supported(python: &Python) -> bool {
    python.minor <= LAST && !python.is_free_threaded()
}

/// What is needed to run the program.
struct Java {
    home: PathBuf,
    packages: PathBuf,
    jep: PathBuf,
    jar: PathBuf,
    classes: PathBuf,
}

impl Java {
    /// Installs JEP and compiles the program, unless both are there.
    fn prepare(python: &Python) -> Result<Self> {
        let compiler =
            run::output(Command::new("sh").args(["-c", "readlink -f \"$(command -v javac)\""]))?;
        let home = Path::new(compiler.trim())
            .ancestors()
            .nth(2)
            .context("javac is in a JDK")?
            .to_owned();
        let variables = [("JAVA_HOME", home.as_os_str())];
        let venv = Venv::make_with(python, REQUIREMENTS, &variables)?;
        let packages = venv.packages()?;
        let jep = packages.join("jep");
        let is_jar = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "jar");
        let jar = fs::read_dir(&jep)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(is_jar)
            .context("JEP has no jar")?;
        let classes = module::folder(python)?.join("jep");
        let java = Self {
            home,
            packages,
            jep,
            jar,
            classes,
        };
        run::output(
            Command::new(java.program("javac"))
                .arg("-d")
                .arg(&java.classes)
                .arg("-cp")
                .arg(&java.jar)
                .arg(run::root().join(FOLDER).join("jep/Host.java")),
        )?;
        Ok(java)
    }

    /// Returns the path of a program of the JDK.
    fn program(&self, name: &str) -> PathBuf {
        self.home.join("bin").join(name)
    }
}

/// Returns the path of libpython.
fn libpython(python: &Python) -> Result<PathBuf> {
    let code = "import sysconfig; print(sysconfig.get_config_var('INSTSONAME'))";
    let name = run::output(Command::new(&python.executable).args(["-I", "-c", code]))?;
    Ok(python.libdir.join(name.trim()))
}
