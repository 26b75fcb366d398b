//! `sys.path`, `sys.argv`, virtual environments.

use std::ffi::{CStr, OsString};
use std::path::{Path, PathBuf};

use super::{SubInterpreterBuilder, step};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::types::{PyAnyMethods, PyDict, PyDictMethods};

impl SubInterpreterBuilder {
    /// Puts folders in front of the interpreter's `sys.path`, in this order. A further call puts
    /// its folders in front of those.
    ///
    /// Relative paths are made absolute when the interpreter is created. Default: the `sys.path`
    /// that Python gives each new interpreter, as configured for the process. `.pth` files in the
    /// folders are not read.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::SubInterpreter;
    ///
    /// # Python::initialize();
    /// let folders = ["/srv/plugins/tide", "/srv/plugins"];
    /// let sub = SubInterpreter::builder().sys_path(folders).build()?;
    /// let path: Vec<String> =
    ///     sub.attach_and_then(|py| py.import("sys")?.getattr("path")?.extract())?;
    /// # if cfg!(unix) {
    /// assert_eq!(path[..2], folders);
    /// # }
    /// assert!(path.len() > 2);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn sys_path<I>(self, folders: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<PathBuf>,
    {
        let folders: Vec<PathBuf> = folders.into_iter().map(Into::into).collect();
        let set = move |py: Python<'_>| {
            let path = py.import("sys")?.getattr("path")?;
            for (index, folder) in folders.iter().enumerate() {
                path.call_method1("insert", (index, absolute(folder).as_os_str()))?;
            }
            Ok(())
        };
        self.add_step("sys_path", step(set))
    }

    /// Sets the interpreter's `sys.argv`, with the name of the program or script first. Default:
    /// that of the process (`['']` after [`Python::initialize`]).
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::interpreter::SubInterpreter;
    ///
    /// # Python::initialize();
    /// let sub = SubInterpreter::builder().argv(["tide", "--height", "3"]).build()?;
    /// let height: String = sub.attach_and_then(|py| {
    ///     let arguments = py.import("sys")?.getattr("argv")?;
    ///     arguments.get_item(2)?.extract()
    /// })?;
    /// assert_eq!(height, "3");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn argv<I>(self, arguments: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
        let set = move |py: Python<'_>| py.import("sys")?.setattr("argv", &arguments);
        self.replace_step("argv", step(set))
    }

    /// Lets the interpreter find packages as the Python of a virtual environment does.
    ///
    /// - The environment's `site-packages` is on its `sys.path`, behind the standard library, and
    ///   the `.pth` files there have been read. Those of the Python that runs are not, unless
    ///   the environment was created with `--system-site-packages`; entries that `.pth` files there
    ///   have added stay.
    /// - `sys.prefix` and `sys.exec_prefix` are the environment's folder, and `sys.executable` its
    ///   `python`. The standard library stays that of the Python that runs.
    ///
    /// The environment must have been created with the same version of Python.
    ///
    /// # Errors
    /// [`build`](SubInterpreterBuilder::build) returns an error if the folder has no `pyvenv.cfg`,
    /// or no `site-packages` for the version of Python that runs.
    ///
    /// ```
    /// use pyatoll::interpreter::SubInterpreter;
    ///
    /// # pyatoll::Python::initialize();
    /// let error = SubInterpreter::builder().virtual_env("/no/such/folder").build().unwrap_err();
    /// assert!(error.to_string().contains("is not a virtual environment"));
    /// ```
    ///
    /// See: [`site`](https://docs.python.org/3/library/site.html).
    #[must_use]
    pub fn virtual_env(self, folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        let set = move |py: Python<'_>| use_environment(py, &absolute(&folder));
        self.replace_step("virtual_env", step(set))
    }
}

/// Makes a path absolute; the empty one, which Python takes for the current folder, stays.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Code that does what `site` does when Python is started from the environment in `folder`, as far
/// as that is possible later.
const USE_ENVIRONMENT: &CStr = c"
import os, site, sys

try:
    with open(os.path.join(folder, 'pyvenv.cfg'), encoding='utf-8') as file:
        lines = [line.partition('=') for line in file]
except OSError as error:
    raise ValueError(f'{folder} is not a virtual environment: {error}') from None
settings = {key.strip().lower(): value.strip().lower() for key, _, value in lines}

# Those that are on the path now.
outer = site.getsitepackages()
if site.ENABLE_USER_SITE:
    outer.insert(0, site.getusersitepackages())

# First: Debian's `site` looks for other folders if the prefix is not an environment's.
sys.prefix = sys.exec_prefix = folder
packages = [path for path in site.getsitepackages([folder]) if os.path.isdir(path)]
if not packages:
    version = '.'.join(map(str, sys.version_info[:2]))
    raise ValueError(
        f'{folder} has no site-packages for Python {version}, which runs: create the environment '
        'with that version'
    )

is_outer = {os.path.normcase(path) for path in outer}
later = [path for path in sys.path if os.path.normcase(path) in is_outer]
sys.path[:] = [path for path in sys.path if os.path.normcase(path) not in is_outer]
for path in packages:
    site.addsitedir(path)
if settings.get('include-system-site-packages') == 'true':
    sys.path += later
    site.PREFIXES.insert(0, folder)
else:
    site.PREFIXES[:] = [folder]
    site.ENABLE_USER_SITE = False

python = ('Scripts', 'python.exe') if os.name == 'nt' else ('bin', 'python')
python = os.path.join(folder, *python)
if os.path.exists(python):
    sys.executable = python
";

fn use_environment(py: Python<'_>, folder: &Path) -> PyResult<()> {
    let names = PyDict::new(py);
    names.set_item("folder", folder.as_os_str())?;
    py.run(USE_ENVIRONMENT, Some(&names), None)
}
