//! Building the workspace's extension packages as wheels, in a virtual environment.

use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::python::Python;
use crate::run;

/// An extension package that is tested as a wheel.
pub struct Extension {
    /// The folder of its manifest.
    pub folder: &'static str,
    /// Its library target, which is also its Python module.
    pub module: &'static str,
    /// The folders or files of its Python tests.
    pub tests: &'static [&'static str],
}

/// Every extension package of the workspace.
pub const EXTENSIONS: &[Extension] = &[
    Extension {
        folder: "tests/python/extension",
        module: "pyatoll_tests",
        tests: &["tests/python"],
    },
    Extension {
        folder: "examples/textstats",
        module: "textstats",
        tests: &["examples/textstats/tests"],
    },
];

/// Packages that share classes, and one with another build of the same classes.
pub const CROSS_MODULE: &[Extension] = &[
    Extension {
        folder: "tests/cross_module/one",
        module: "cross_one",
        tests: &[],
    },
    Extension {
        folder: "tests/cross_module/two",
        module: "cross_two",
        tests: &[],
    },
    Extension {
        folder: "tests/cross_module/other",
        module: "cross_other",
        tests: &["tests/cross_module/tests"],
    },
];

/// Packages that contain code of other crates which uses thread-locals and allocates, such as a
/// runtime. They are only tested: the checks of [`EXTENSIONS`] are about the library's own code.
pub const WITH_RUNTIME: &[Extension] = &[
    INTERPSHARE,
    Extension {
        folder: "examples/async-http",
        module: "async_http",
        tests: &["examples/async-http/tests"],
    },
];

/// The package of shared objects, which comes with its stub.
pub const INTERPSHARE: Extension = Extension {
    folder: "examples/interpshare",
    module: "interpshare",
    tests: &["examples/interpshare/tests"],
};

/// The requirements of the tests' virtual environment.
pub const REQUIREMENTS: &str = "tests/python/requirements.txt";

/// Returns the target folder of wheels. It is separate because maturin's settings for extension
/// modules and cargo's for tests would otherwise invalidate each other's builds.
pub fn target_dir() -> PathBuf {
    run::target_dir().join("wheels")
}

/// Returns the target folder of wheels for a stable ABI, which need the library with another
/// feature.
pub fn stable_abi_target_dir(abi: &str) -> PathBuf {
    run::target_dir().join(format!("wheels-{abi}"))
}

/// The feature of a wheel for the stable ABI: that of the oldest supported version.
pub const ABI3_FEATURE: &str = "pyatoll/abi3-py311";

/// The feature of a wheel for the stable ABI of Pythons with and without a GIL.
pub const ABI3T_FEATURE: &str = "pyatoll/abi3t-py315";

/// The profile of wheels that are tested (`Cargo.toml`).
pub const PROFILE: &str = "optimized";

/// The profile of a wheel that is compiled for size, for which the library has code of its own.
pub const PROFILE_FOR_SIZE: &str = "small";

/// The features of the library in [`target_dir`]: what any of the packages there needs, so that it
/// is compiled once for all of them but [`CROSS_MODULE`].
pub const FEATURES: &str =
    "pyatoll/experimental-async,pyatoll/multiple-pymethods,pyatoll/num-bigint";

/// A wheel to build.
pub struct Build<'a> {
    /// The package's manifest.
    pub manifest: &'a Path,
    /// cargo's profile.
    pub profile: &'a str,
    /// Features besides the package's default ones.
    pub features: &'a [&'a str],
    /// The folder in which cargo runs, and finds its configuration.
    pub folder: &'a Path,
    /// The target folder.
    pub target: PathBuf,
}

/// A virtual environment with the packages of a requirements file.
pub struct Venv {
    folder: PathBuf,
}

impl Venv {
    /// Creates the environment for a Python and requirements, or reuses an existing one.
    pub fn make(python: &Python, requirements: &str) -> Result<Self> {
        Self::make_with(python, requirements, &[])
    }

    /// Creates the environment, or reuses an existing one; pip sees these environment variables.
    pub fn make_with(
        python: &Python,
        requirements: &str,
        variables: &[(&str, &OsStr)],
    ) -> Result<Self> {
        let wanted = fs::read_to_string(run::root().join(requirements))
            .with_context(|| format!("cannot read {requirements}"))?;
        let mut hasher = DefaultHasher::new();
        (&python.executable, &python.version, &wanted).hash(&mut hasher);
        let folder = run::target_dir()
            .join("pyatoll-venv")
            .join(format!("{:016x}", hasher.finish()));
        let venv = Self { folder };
        let complete = venv.folder.join("complete");
        if !complete.exists() {
            run::remove_folder(&venv.folder)?;
            run::output(
                Command::new(&python.executable)
                    .args(["-m", "venv"])
                    .arg(&venv.folder),
            )?;
            // The package index, or a mirror of it, may refuse for a moment.
            let install = || {
                let arguments = ["-m", "pip", "install", "--quiet", "-r", requirements];
                run::status(
                    venv.python()
                        .args(arguments)
                        .envs(variables.iter().copied()),
                )
            };
            install().or_else(|_| install()).or_else(|_| install())?;
            fs::write(&complete, "")?;
        }
        Ok(venv)
    }

    /// Returns a command for the environment's Python, started in the workspace's root.
    pub fn python(&self) -> Command {
        self.program("python")
    }

    /// Returns a command for a program of the environment, started in the workspace's root.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin().join(name));
        command.current_dir(run::root());
        command
    }

    /// Returns the folder with the environment's programs.
    pub fn bin(&self) -> PathBuf {
        self.folder
            .join(if cfg!(windows) { "Scripts" } else { "bin" })
    }

    /// Returns the folder with the environment's packages.
    pub fn packages(&self) -> Result<PathBuf> {
        let code = "import sysconfig; print(sysconfig.get_path('platlib'))";
        let folder = run::output(self.python().args(["-c", code]))?;
        Ok(folder.trim().into())
    }

    /// Builds extension packages as wheels and installs them.
    pub fn install_extensions(&self, python: &Python, extensions: &[Extension]) -> Result<()> {
        self.install_with_profile(PROFILE, python, extensions)
    }

    /// Builds extension packages as wheels with a Cargo profile, and installs them.
    pub fn install_with_profile(
        &self,
        profile: &str,
        python: &Python,
        extensions: &[Extension],
    ) -> Result<()> {
        for extension in extensions {
            let manifest = Path::new(extension.folder).join("Cargo.toml");
            let build = Build {
                manifest: &manifest,
                profile,
                features: &[FEATURES],
                folder: run::root(),
                target: target_dir(),
            };
            self.install(&self.build_wheel(python, build)?)?;
        }
        Ok(())
    }

    /// Builds a package as a wheel and returns its path.
    pub fn build_wheel(&self, python: &Python, build: Build<'_>) -> Result<PathBuf> {
        let wheels = self.folder.join("wheels");
        run::remove_folder(&wheels)?;
        // `--compatibility linux`: for this machine only, so nothing needs to be bundled.
        run::status(
            self.python()
                .args(["-m", "maturin", "build"])
                .args(["--compatibility", "linux", "--auditwheel", "skip"])
                .arg("--manifest-path")
                .arg(run::root().join(build.manifest))
                .arg("--interpreter")
                .arg(&python.executable)
                .arg("--target-dir")
                .arg(build.target)
                .arg("--out")
                .arg(&wheels)
                .args(python.target.iter().flat_map(|name| ["--target", name]))
                .args(["--profile", build.profile])
                .args(build.features.iter().flat_map(|name| ["--features", name]))
                .current_dir(build.folder)
                .env("PYO3_PYTHON", &python.executable),
        )?;
        only_wheel(&wheels)
    }

    /// Installs a wheel, replacing an older one of the same name.
    pub fn install(&self, wheel: &Path) -> Result<()> {
        run::status(
            self.python()
                .args(["-m", "pip", "install", "--quiet"])
                .args(["--force-reinstall", "--no-deps", "--no-index"])
                .arg(wheel),
        )
    }

    /// Returns the path of the installed shared library of an extension package.
    pub fn library(&self, extension: &Extension) -> Result<PathBuf> {
        let packages = self.packages()?;
        for folder in [packages.join(extension.module), packages.clone()] {
            let Ok(entries) = fs::read_dir(&folder) else {
                continue;
            };
            for entry in entries {
                let path = entry?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                // Next to other modules it is recognized by name, in its own package by extension.
                let ours =
                    folder != packages || name.starts_with(&format!("{}.", extension.module));
                if ours && (name.ends_with(".so") || name.ends_with(".pyd")) {
                    return Ok(path);
                }
            }
        }
        bail!(
            "{} is not installed in {}",
            extension.module,
            packages.display()
        )
    }
}

/// Returns the only wheel in a folder.
pub fn only_wheel(folder: &Path) -> Result<PathBuf> {
    let mut wheels = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "whl") {
            wheels.push(path);
        }
    }
    match wheels.pop() {
        Some(wheel) if wheels.is_empty() => Ok(wheel),
        _ => bail!("expected exactly one wheel in {}", folder.display()),
    }
}
