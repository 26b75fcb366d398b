//! Finding the Python to work with and checking that it is complete.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::run;

/// The Python versions that Pyatoll supports: 3.11 to 3.15.
const MINOR_VERSIONS: std::ops::RangeInclusive<u32> = 11..=15;

/// The platforms whose programs an emulator runs, as `sysconfig` names them, and their targets.
const EMULATED: &[(&str, &str)] = &[
    ("linux-aarch64", "aarch64-unknown-linux-gnu"),
    ("linux-s390x", "s390x-unknown-linux-gnu"),
];

/// Advice for a Python that cannot be used.
const HINT: &str = "install CPython 3.11 to 3.15, or name one with --python or PYO3_PYTHON";

/// Python code that prints one `key=value` per line; an empty value means that the piece is
/// missing.
const PROBE: &str = r#"
import os, sys, sysconfig
var = sysconfig.get_config_var

def first(*paths):
    return next((p for p in paths if p and os.path.exists(p)), "")

library = var("INSTSONAME") or var("LDLIBRARY") or ""
shared = var("Py_ENABLE_SHARED") or var("PYTHONFRAMEWORK") or os.name == "nt"
if os.name == "nt":
    library = "python%d%d.dll" % sys.version_info[:2]
found = shared and library and first(
    os.path.join(var("LIBDIR") or "", library),
    os.path.join(sys.base_prefix, "lib", library),
    os.path.join(var("PYTHONFRAMEWORKPREFIX") or "", library),
    os.path.join(sys.base_prefix, library),
)
headers = first(os.path.join(sysconfig.get_path("include"), "Python.h"))
headers = headers and first(sysconfig.get_config_h_filename())
try:
    import ensurepip, venv
    pip = "yes"
except ImportError:
    pip = ""
print("implementation=" + sys.implementation.name)
print("major=%d\nminor=%d" % sys.version_info[:2])
print("version=" + sys.version.split()[0])
print("flags=" + ("t" if var("Py_GIL_DISABLED") else "") + ("d" if var("Py_DEBUG") else ""))
print("executable=" + sys.executable)
print("libdir=" + (os.path.dirname(found) if found else ""))
print("headers=" + headers)
print("platform=" + sysconfig.get_platform())
print("pip=" + pip)
"#;

/// A Python that was checked to be complete.
pub struct Python {
    /// Its `sys.executable`.
    pub executable: PathBuf,
    /// The version for display: "3.14.10", with "t" for free-threaded, "d" for a debug build.
    pub version: String,
    /// The minor version: 14 for 3.14.
    pub minor: u32,
    /// The folder with libpython.
    pub libdir: PathBuf,
    /// rustc's target for this Python, if it is for another processor than this program.
    pub target: Option<&'static str>,
}

impl Python {
    /// Returns whether it is a free-threaded build.
    pub fn is_free_threaded(&self) -> bool {
        self.version.contains('t')
    }

    /// Returns "3.14", with "t" for free-threaded, "d" for a debug build.
    pub fn short(&self) -> String {
        let flags = self
            .version
            .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let flags: String = flags.chars().filter(|flag| "td".contains(*flag)).collect();
        format!("3.{}{flags}", self.minor)
    }

    /// Returns a command for cargo that builds for this Python.
    pub fn cargo(&self) -> Command {
        let mut cargo = run::cargo();
        cargo.env("PYO3_PYTHON", &self.executable);
        if let Some(target) = self.target {
            cargo.env("CARGO_BUILD_TARGET", target);
        }
        cargo
    }

    /// Returns the folder, in a target folder, of what [`cargo`](Self::cargo) builds.
    pub fn built(&self, target_dir: &Path, profile: &str) -> PathBuf {
        target_dir
            .join(self.target.unwrap_or_default())
            .join(profile)
    }

    /// Finds the Python to use: `choice`, else `PYO3_PYTHON`, else `python3` on the path.
    pub fn find(choice: Option<PathBuf>) -> Result<Self> {
        let program = choice
            .or_else(|| env::var_os("PYO3_PYTHON").map(PathBuf::from))
            .unwrap_or_else(|| PathBuf::from("python3"));
        match Command::new(&program).args(["-I", "-c", PROBE]).output() {
            Ok(output) if output.status.success() => {
                Self::check(&program, &String::from_utf8_lossy(&output.stdout))
            }
            Ok(output) => bail!(
                "{} is not a working Python ({}): {HINT}",
                program.display(),
                output.status
            ),
            Err(error) => bail!(
                "cannot run the Python {} ({error}): {HINT}",
                program.display()
            ),
        }
    }

    /// Evaluates the output of [`PROBE`].
    fn check(program: &Path, probe: &str) -> Result<Self> {
        let get = |key: &str| {
            probe
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
                .unwrap_or("")
        };
        let version = format!("{}{}", get("version"), get("flags"));
        let what = format!("Python {version} ({})", program.display());
        let short = format!("{}.{}", get("major"), get("minor"));
        let minor = get("minor").parse();
        let minor = match minor {
            Ok(minor)
                if get("implementation") == "cpython"
                    && get("major") == "3"
                    && MINOR_VERSIONS.contains(&minor) =>
            {
                minor
            }
            _ => bail!("{what} is not CPython 3.11 to 3.15: {HINT}"),
        };
        if get("libdir").is_empty() {
            bail!(
                "{what} has no shared libpython: install libpython{short}-dev (Debian, Ubuntu), \
                 python{short}-devel (Fedora), or `PYTHON_CONFIGURE_OPTS=--enable-shared pyenv \
                 install {short}`"
            );
        }
        if get("headers").is_empty() {
            bail!(
                "{what} has no headers (Python.h): install python{short}-dev (Debian, Ubuntu) or \
                 python{short}-devel (Fedora)"
            );
        }
        if get("pip").is_empty() {
            bail!(
                "{what} has no pip for virtual environments (modules venv, ensurepip): install \
                 python{short}-venv (Debian, Ubuntu) or python3-pip (Fedora)"
            );
        }
        Ok(Self {
            executable: PathBuf::from(get("executable")),
            version,
            minor,
            libdir: PathBuf::from(get("libdir")),
            target: EMULATED
                .iter()
                .find(|(platform, _)| *platform == get("platform"))
                .map(|&(_, target)| target)
                .filter(|target| !target.starts_with(env::consts::ARCH)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "implementation=cpython\nmajor=3\nminor=14\nversion=3.14.10\nflags=t\n\
        executable=/usr/bin/python3.14\nlibdir=/usr/lib\nheaders=/usr/include/Python.h\npip=yes\n";

    fn check(probe: &str) -> Result<Python, String> {
        Python::check(Path::new("python3"), probe).map_err(|error| error.to_string())
    }

    #[test]
    fn a_complete_python_is_accepted() {
        let python = check(GOOD).expect("the Python is complete");
        assert_eq!(python.version, "3.14.10t");
        assert_eq!(python.short(), "3.14t");
        assert_eq!(python.executable, Path::new("/usr/bin/python3.14"));
        assert_eq!(python.libdir, Path::new("/usr/lib"));
    }

    #[test]
    fn a_missing_piece_gives_one_line_that_names_the_package() {
        for (line, package) in [
            ("libdir=/usr/lib", "libpython3.14-dev"),
            ("headers=/usr/include/Python.h", "python3.14-dev"),
            ("pip=yes", "python3.14-venv"),
        ] {
            let key = line.split_once('=').expect("a key").0;
            let message = check(&GOOD.replace(line, &format!("{key}=")))
                .err()
                .expect("missing");
            assert!(message.contains("install"), "{message}");
            assert!(message.contains(package), "{message}");
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }

    #[test]
    fn the_target_is_set_for_another_processor_only() {
        let target = |platform: &str| {
            let probe = format!("{GOOD}platform={platform}\n");
            check(&probe).expect("the Python is complete").target
        };
        let own = format!("linux-{}", env::consts::ARCH);
        assert_eq!(target(&own), None);
        let (other, triple) = match own.as_str() {
            "linux-s390x" => ("linux-aarch64", "aarch64-unknown-linux-gnu"),
            _ => ("linux-s390x", "s390x-unknown-linux-gnu"),
        };
        assert_eq!(target(other), Some(triple));
    }

    #[test]
    fn other_versions_and_implementations_are_refused() {
        for (from, to) in [
            ("minor=14", "minor=10"),
            ("minor=14", "minor=16"),
            ("implementation=cpython", "implementation=pypy"),
        ] {
            let message = check(&GOOD.replace(from, to)).err().expect("refused");
            assert!(message.contains("3.11 to 3.15"), "{message}");
        }
    }
}
