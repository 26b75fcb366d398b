//! [`Handlers`]: a pool of interpreters with the Python handlers loaded, and calls of them.

use std::ffi::CString;
use std::path::Path;

use anyhow::{Context, Result};
use pyatoll::exceptions::{PyTypeError, PyValueError};
use pyatoll::pool::{JobHandle, PoolError, TrySubmitError};
use pyatoll::prelude::*;
use pyatoll::types::{IntoPyDict, PyModule, PyString};
use pyatoll::{InterpreterPool, intern};

/// The name of the pool's threads.
pub const THREAD_NAME: &str = "handler";

/// The Python source of the handlers.
pub struct Source {
    code: CString,
    file: CString,
    /// The folder from which the handlers import other files.
    folder: Option<String>,
}

impl Source {
    /// Reads the handlers of a file, or returns the default ones.
    pub fn read(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Self {
                code: CString::new(include_str!("handlers.py"))?,
                file: c"handlers.py".to_owned(),
                folder: None,
            });
        };
        let read = || {
            let path = std::path::absolute(path)?;
            let folder = path.parent().map(|folder| folder.display().to_string());
            Ok::<_, anyhow::Error>(Self {
                code: CString::new(std::fs::read(&path)?)?,
                file: CString::new(path.display().to_string())?,
                folder,
            })
        };
        read().with_context(|| format!("cannot read the handlers in {}", path.display()))
    }

    /// Creates the module `handlers` in the interpreter of `py`.
    fn load(&self, py: Python<'_>) -> PyResult<()> {
        if let Some(folder) = &self.folder {
            let path = py.import("sys")?.getattr("path")?;
            path.call_method1("insert", (0, folder))?;
        }
        PyModule::from_code(py, &self.code, &self.file, c"handlers")?;
        names(py).map(drop)
    }
}

/// Returns the names of the handlers.
fn names(py: Python<'_>) -> PyResult<Vec<String>> {
    let module = py.import("handlers")?;
    let names: Vec<String> = module.getattr("__all__")?.extract()?;
    if names.is_empty() {
        return Err(PyValueError::new_err("`__all__` names no handlers"));
    }
    for name in &names {
        if !module.getattr(name)?.is_callable() {
            let message = format!("`{name}`, which `__all__` names, is not a function");
            return Err(PyTypeError::new_err(message));
        }
    }
    Ok(names)
}

/// The result of a handler.
pub enum Reply {
    /// The string that it returned.
    Html(String),
    /// Anything else.
    Json(String),
}

/// Calls a handler in the interpreter of `py`.
fn call(py: Python<'_>, name: &str, text: &str) -> PyResult<Reply> {
    let result = py
        .import(intern!(py, "handlers"))?
        .getattr(name)?
        .call1((text,))?;
    if let Ok(page) = result.cast::<PyString>() {
        return Ok(Reply::Html(page.to_str()?.to_owned()));
    }
    // JSON has no NaN.
    let options = [("allow_nan", false)].into_py_dict(py)?;
    let json = py.import(intern!(py, "json"))?;
    let json = json.call_method("dumps", (result,), Some(&options))?;
    Ok(Reply::Json(json.extract()?))
}

/// Interpreters with the handlers loaded.
pub struct Handlers {
    /// The pool.
    pub pool: InterpreterPool,
    /// The names of the handlers.
    pub names: Vec<String>,
    /// Whether each interpreter has its own GIL, or Python has none.
    pub own_gil: bool,
}

impl Handlers {
    /// Starts the interpreters, and loads the handlers in each.
    pub fn start(source: Source, interpreters: usize, queue: usize) -> Result<Self> {
        let file = source.file.to_string_lossy().into_owned();
        let pool = InterpreterPool::builder()
            .size(interpreters)
            .queue_capacity(queue)
            .thread_name(THREAD_NAME)
            .initializer(move |py| source.load(py))
            .build()
            .with_context(|| format!("cannot start interpreters with {file}"))?;
        let names = pool.submit(names).join()?;
        Ok(Self {
            pool,
            names,
            own_gil: own_gil(),
        })
    }

    /// Queues a call of a handler; it never waits.
    ///
    /// # Errors
    /// The queue is full (`None`), or the pool takes no more calls.
    pub fn submit(&self, name: String, text: String) -> Result<Call, Option<PoolError>> {
        match self.pool.try_submit(move |py| call(py, &name, &text)) {
            Ok(job) => Ok(Call(job)),
            Err(TrySubmitError::Full { .. }) => Err(None),
            Err(TrySubmitError::Refused { why, .. }) => Err(Some(why)),
        }
    }
}

/// A call of a handler. Dropping it cancels the call if it has not begun, and otherwise interrupts
/// the handler with a `KeyboardInterrupt`: nobody waits for the result any more.
pub struct Call(JobHandle<Reply>);

impl Call {
    /// Waits for the result, without a thread that waits.
    pub async fn result(&mut self) -> Result<Reply, PoolError> {
        (&mut self.0).await
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // Does nothing if the handler has returned.
        self.0.interrupt();
    }
}

/// Returns whether each interpreter has its own GIL, or Python has none.
pub fn own_gil() -> bool {
    Python::attach(|py| py.version_info() >= (3, 12))
}

/// Returns the version of Python.
pub fn python_version() -> String {
    let version = Python::attach(|py| py.version().to_owned());
    version.split_whitespace().take(1).collect()
}
