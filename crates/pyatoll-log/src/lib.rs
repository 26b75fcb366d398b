//! Sends the records of [`log`], and the events of `tracing`, to Python's
//! [`logging`](https://docs.python.org/3/library/logging.html), in the interpreter that the thread
//! is in.
//!
//! The function of a module calls [`init`] once per interpreter:
//!
//! ```
//! use pyatoll::prelude::*;
//!
//! #[pymodule]
//! mod greeter {
//!     use super::*;
//!
//!     #[pymodule_init]
//!     fn init(_module: &Bound<'_, PyModule>) -> PyResult<()> {
//!         pyatoll_log::init();
//!         Ok(())
//!     }
//!
//!     #[pyfunction]
//!     fn greet(name: &str) -> String {
//!         log::info!("greeting {name}");
//!         format!("Hello, {name}!")
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! A record with the target `my_crate::net` goes to the logger `my_crate.net`. The levels are
//! Python's; [`Trace`](log::Level::Trace) is 5.
//!
//! # Which interpreter
//! The one that the thread is attached to, or was before it was detached; each has its own loggers,
//! handlers and levels. On a thread that belongs to no interpreter it is the one that
//! [`Python::attach`] enters there: the main interpreter, or the one of
//! [`Interpreter::keep_thread_state`]. In an interpreter without a [`Logger`] of its own, the
//! settings of the one that was installed first apply. Once an interpreter has ended, records for
//! it are dropped.
//!
//! # Errors
//! An exception or a panic in Python's logging (a filter that raises, for instance) goes to
//! [`sys.unraisablehook`](https://docs.python.org/3/library/sys.html#sys.unraisablehook): whoever
//! logs a line does not expect it. An exception that is set when a line is logged stays set.
//!
//! # Levels are cached
//! Asking Python for each record whether it is wanted would cost an attachment; see [`Caching`].

#![forbid(unsafe_code)]

mod config;
#[cfg(feature = "tracing")]
mod layer;
mod record;

use std::collections::HashMap;
use std::sync::Arc;

use log::{LevelFilter, Log, Metadata, Record, SetLoggerError};
use pyatoll::interpreter::Interpreter;
use pyatoll::prelude::*;

use self::config::{Config, Settings};
#[cfg(feature = "tracing")]
pub use self::layer::{Layer, layer};

/// What is remembered between records, per interpreter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Caching {
    /// Nothing: each record asks Python.
    Nothing,
    /// The logger of each target. Its level is asked for each record.
    Loggers,
    /// The logger and its level. A record below that does not attach the thread, and a later change
    /// of the level in Python goes unnoticed until [`ResetHandle::reset`].
    #[default]
    LoggersAndLevels,
}

/// Forgets cached loggers and levels.
#[derive(Clone, Debug)]
pub struct ResetHandle(Arc<Config>);

impl ResetHandle {
    /// Forgets them, so that changed levels in Python's logging take effect. Any thread may call
    /// it; it does not attach.
    pub fn reset(&self) {
        self.0.reset();
    }
}

/// The settings of one interpreter, before they are installed.
///
/// ```
/// use log::LevelFilter;
/// use pyatoll::prelude::*;
/// use pyatoll_log::{Caching, Logger};
///
/// Python::attach(|py| {
///     let handle = Logger::new(py, Caching::LoggersAndLevels)?
///         .filter(LevelFilter::Info)
///         .filter_target("my_crate::net".to_owned(), LevelFilter::Trace)
///         .install()
///         .expect("no other logger is installed");
///     py.run(c"import logging; logging.getLogger('my_crate').setLevel('ERROR')", None, None)?;
///     handle.reset();
///     PyResult::Ok(())
/// })?;
/// # PyResult::Ok(())
/// ```
#[derive(Debug)]
pub struct Logger {
    interpreter: Interpreter,
    settings: Settings,
}

impl Logger {
    /// Creates settings for the interpreter of the token, with the filter
    /// [`Debug`](LevelFilter::Debug).
    ///
    /// # Errors
    /// If `logging` cannot be imported.
    pub fn new(py: Python<'_>, caching: Caching) -> PyResult<Self> {
        py.import("logging")?;
        Ok(Self {
            interpreter: py.interpreter(),
            settings: Settings {
                caching,
                filter: LevelFilter::Debug,
                filters: HashMap::new(),
                prefix: None,
            },
        })
    }

    /// Sets the filter of targets that have none of their own. It applies before Python's levels.
    pub fn filter(mut self, filter: LevelFilter) -> Self {
        self.settings.filter = filter;
        self
    }

    /// Sets the filter of a target and of those below it.
    pub fn filter_target(mut self, target: String, filter: LevelFilter) -> Self {
        self.settings.filters.insert(target, filter);
        self
    }

    /// Sets what the names of Python's loggers begin with: `app` makes the logger `app.my_crate` of
    /// the target `my_crate`.
    pub fn set_prefix(mut self, prefix: &str) -> Self {
        self.settings.prefix = Some(prefix.replace("::", "."));
        self
    }

    /// Installs the settings for their interpreter, until it ends, and the logger for the process
    /// if it is not installed yet.
    ///
    /// # Errors
    /// If `log` has another logger in this binary, or the interpreter has settings already, or it
    /// has ended.
    pub fn install(self) -> Result<ResetHandle, SetLoggerError> {
        config::claim_log(&Router)?;
        let config = Arc::new(Config::new(self.interpreter, self.settings));
        if config::install(&config) {
            return Ok(ResetHandle(config));
        }
        // `log` alone can make the error.
        match log::set_logger(&Router) {
            Err(error) => Err(error),
            Ok(()) => unreachable!("a logger is installed"),
        }
    }
}

impl Default for Logger {
    /// Creates the settings that [`init`] installs.
    ///
    /// # Panics
    /// If `logging` cannot be imported.
    fn default() -> Self {
        Python::attach(|py| Self::new(py, Caching::default()))
            .unwrap_or_else(|error| panic!("Python's `logging` cannot be imported: {error}"))
    }
}

/// Installs the default settings for the current interpreter.
///
/// # Errors
/// As for [`Logger::install`].
pub fn try_init() -> Result<ResetHandle, SetLoggerError> {
    Logger::default().install()
}

/// Installs the default settings for the current interpreter.
///
/// # Panics
/// Where [`try_init`] returns an error.
#[track_caller]
pub fn init() -> ResetHandle {
    match try_init() {
        Ok(handle) => handle,
        Err(error) => panic!("cannot install the logger: {error}"),
    }
}

/// The logger of the process: it finds the settings of the interpreter.
struct Router;

impl Log for Router {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        config::may_want(metadata.target(), metadata.level())
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            record::send(&record::Line::from(record));
        }
    }

    fn flush(&self) {}
}
