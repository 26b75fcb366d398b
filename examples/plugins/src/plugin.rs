//! A plug-in: a folder with a `plugin.py`, which defines `handle(text)` and perhaps `stop()`.
//!
//! It runs in an interpreter of its own, with the folder on `sys.path`, so plug-ins share no
//! modules. Any number of threads may call it. To reload it, a second interpreter is started: new
//! calls go there, and the old one ends after the last call that is still in it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use pyatoll::RaisedException;
use pyatoll::exceptions::PySystemExit;
use pyatoll::interpreter::{AttachError, BuildError, SubInterpreter};
use pyatoll::prelude::*;

use crate::api::{Log, NAME, Output};
use crate::limit::with_limit;

/// A loaded plug-in.
pub struct Plugin {
    name: String,
    folder: PathBuf,
    limits: Limits,
    log: Arc<Log>,
    running: RwLock<Arc<Instance>>,
    ends: Ends,
}

/// The time that a plug-in may take.
#[derive(Clone, Copy)]
pub struct Limits {
    /// For being loaded.
    pub load: Duration,
    /// For a call.
    pub call: Duration,
    /// For `stop()`, and then for its threads to end.
    pub end: Duration,
}

/// The failure of a plug-in. It holds no Python object, so it can be kept and sent.
#[derive(Debug)]
pub enum PluginError {
    /// It raised an exception.
    Raised(Box<RaisedException>),
    /// It called `sys.exit`, with this argument.
    Exited(String),
    /// It took too long.
    TimedOut,
    /// Its interpreter could not be created.
    Build(BuildError),
    /// Its interpreter could not be entered.
    Attach(AttachError),
}

impl fmt::Display for PluginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raised(error) => write!(f, "{}: {}", error.type_name(), error.message()),
            Self::Exited(status) => write!(f, "it wanted to exit with {status}"),
            Self::TimedOut => f.write_str("it took too long"),
            Self::Build(error) => error.fmt(f),
            Self::Attach(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PluginError {}

/// The end of a plug-in's interpreter.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything in it is gone.
    Closed,
    /// Threads that the plug-in has started still run in it, for this reason.
    Left(String),
}

/// The threads that end interpreters.
type Ends = Arc<Mutex<Vec<JoinHandle<Ended>>>>;

impl Plugin {
    /// Loads the plug-in in `folder`; its name is the folder's.
    ///
    /// # Errors
    /// If the interpreter cannot be created, or importing the plug-in fails.
    pub fn load(folder: &Path, limits: Limits, log: &Arc<Log>) -> Result<Self, PluginError> {
        let name = folder.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        let ends = Ends::default();
        let first = Instance::start(&name, folder, limits, log, &ends)?;
        Ok(Self {
            name,
            folder: folder.to_owned(),
            limits,
            log: Arc::clone(log),
            running: RwLock::new(Arc::new(first)),
            ends,
        })
    }

    /// Calls the plug-in's `handle`. The thread must not be attached.
    ///
    /// # Errors
    /// If the plug-in fails, in any way that [`PluginError`] lists.
    pub fn call(&self, text: &str) -> Result<String, PluginError> {
        let running = self.running.read().unwrap_or_else(PoisonError::into_inner);
        let instance = Arc::clone(&running);
        // From here on the plug-in can be reloaded.
        drop(running);
        instance.run(self.limits.call, |py| {
            py.import("plugin")?
                .call_method1("handle", (text,))?
                .extract()
        })
    }

    /// Loads the plug-in's files again. Calls that are running go on with the old code.
    ///
    /// # Errors
    /// As for [`load`](Self::load). The old code then stays in use.
    pub fn reload(&self) -> Result<(), PluginError> {
        let next = Instance::start(&self.name, &self.folder, self.limits, &self.log, &self.ends)?;
        *self.running.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        Ok(())
    }

    /// Ends the plug-in, and returns how each of its interpreters has ended.
    pub fn unload(self) -> Vec<Ended> {
        drop(self.running);
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let panicked = |_| Ended::Left("the thread that ends it panicked".to_owned());
        ends.drain(..)
            .map(|end| end.join().unwrap_or_else(panicked))
            .collect()
    }
}

/// The plug-in as it was loaded at some time. Dropping it ends the interpreter.
struct Instance {
    /// `None` once it is being ended.
    interpreter: Option<SubInterpreter>,
    limits: Limits,
    ends: Ends,
}

impl Instance {
    fn start(
        name: &str,
        folder: &Path,
        limits: Limits,
        log: &Arc<Log>,
        ends: &Ends,
    ) -> Result<Self, PluginError> {
        let interpreter = SubInterpreter::builder()
            .sys_path([folder])
            .stdout(Output::new(name, log))
            .stderr(Output::new(name, log))
            .build()
            .map_err(PluginError::Build)?;
        let this = Self {
            interpreter: Some(interpreter),
            limits,
            ends: Arc::clone(ends),
        };
        this.run(limits.load, |py| {
            NAME.get_or_init(py, || name.to_owned());
            // A stale `.pyc` would hide a change of the file within a second.
            py.import("sys")?.setattr("dont_write_bytecode", true)?;
            py.import("plugin").map(drop)
        })?;
        Ok(this)
    }

    /// Runs `run` in the interpreter.
    fn run<T>(
        &self,
        limit: Duration,
        run: impl FnOnce(Python<'_>) -> PyResult<T>,
    ) -> Result<T, PluginError> {
        let interpreter = self.interpreter.as_ref().expect("present until the drop");
        let result = interpreter.attach(|py| {
            let (result, is_late) = with_limit(py, limit, || run(py));
            // A `PyErr` belongs to the interpreter: its text leaves it.
            result.map_err(|error| {
                if is_late {
                    PluginError::TimedOut
                } else if error.is_instance_of::<PySystemExit>(py) {
                    PluginError::Exited(error.value(py).to_string())
                } else {
                    PluginError::Raised(Box::new(RaisedException::new(py, &error)))
                }
            })
        });
        result.map_err(PluginError::Attach)?
    }
}

/// Runs on the last thread that calls it, or on the one that reloads or unloads it. Neither waits.
impl Drop for Instance {
    fn drop(&mut self) {
        let Some(interpreter) = self.interpreter.take() else {
            return;
        };
        let limit = self.limits.end;
        let end = thread::spawn(move || end(interpreter, limit));
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.push(end);
    }
}

/// Lets the plug-in stop its threads, and ends its interpreter.
fn end(interpreter: SubInterpreter, limit: Duration) -> Ended {
    let stopped = interpreter.attach(|py| {
        let stop = || -> PyResult<()> {
            let plugin = py.import("plugin")?;
            if plugin.hasattr("stop")? {
                plugin.call_method0("stop")?;
            }
            Ok(())
        };
        let (result, _) = with_limit(py, limit, stop);
        result.map_err(|error| error.to_string())
    });
    if let Ok(Err(error)) = stopped {
        eprintln!("a plug-in's `stop` failed: {error}");
    }
    match interpreter.close_timeout(limit) {
        Ok(()) => Ended::Closed,
        // The interpreter is in the error, and forgotten with it: a drop after `TimedOut` does not
        // wait.
        Err(error) => Ended::Left(error.to_string()),
    }
}
