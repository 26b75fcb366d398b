//! Sends the records of [`log`], and the events of `tracing`, to Python's
//! [`logging`](https://docs.python.org/3/library/logging.html), in the interpreter that the thread
//! is in.
//!
//! Call [`init`] once per interpreter, in `#[pymodule_init]`:
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
//! A record goes to the interpreter that the thread is attached to, or was attached to before it
//! was detached. On a thread that belongs to no interpreter, it goes to the one that
//! [`Python::attach`] enters: the main interpreter, or that of [`Interpreter::keep_thread_state`].
//! Each interpreter has its own loggers, handlers and levels. If it has no [`Logger`] of its own,
//! the settings that were installed first apply. A record is dropped if the thread cannot attach to
//! the interpreter, because that is ending.
//!
//! # Errors
//! Logging macros return nothing, so an exception or a panic in Python's `logging` (a filter that
//! raises, for instance) goes to
//! [`sys.unraisablehook`](https://docs.python.org/3/library/sys.html#sys.unraisablehook). An
//! exception that is set when a record is logged stays set.
//!
//! # Levels are cached
//! To ask Python whether a record is wanted, the thread must attach. To avoid that for records that
//! are not wanted, levels are cached: see [`Caching`].

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

/// What is cached between records, per interpreter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Caching {
    /// Nothing: Python is asked for each record.
    Nothing,
    /// The logger of each target. Python is asked for its level for each record.
    Loggers,
    /// The logger of each target, and its level. A record below the level is dropped without
    /// attaching the thread. A later change of the level in Python has no effect until
    /// [`ResetHandle::reset`] is called.
    #[default]
    LoggersAndLevels,
}

/// A handle that clears the cached loggers and levels of one interpreter.
#[derive(Clone, Debug)]
pub struct ResetHandle(Arc<Config>);

impl ResetHandle {
    /// Clears the cache, so that changed levels in Python's `logging` take effect. Any thread may
    /// call it; it does not attach.
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
    /// Creates settings for the token's interpreter, with the filter
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

    /// Sets the filter of all targets that have no filter of their own. Records that it refuses are
    /// dropped without asking Python.
    pub fn filter(mut self, filter: LevelFilter) -> Self {
        self.settings.filter = filter;
        self
    }

    /// Sets the filter of a target and of those below it.
    pub fn filter_target(mut self, target: String, filter: LevelFilter) -> Self {
        self.settings.filters.insert(target, filter);
        self
    }

    /// Sets a prefix for the names of Python's loggers: with `app`, records of the target
    /// `my_crate` go to the logger `app.my_crate`.
    pub fn set_prefix(mut self, prefix: &str) -> Self {
        self.settings.prefix = Some(prefix.replace("::", "."));
        self
    }

    /// Installs the settings for their interpreter, until it ends. The first call in a binary also
    /// installs the logger of `log`.
    ///
    /// # Errors
    /// If `log` already has another logger in this binary, if the interpreter already has settings,
    /// or if it has ended.
    pub fn install(self) -> Result<ResetHandle, SetLoggerError> {
        config::claim_log(&Router)?;
        let config = Arc::new(Config::new(self.interpreter, self.settings));
        if config::install(&config) {
            return Ok(ResetHandle(config));
        }
        // Only `log` can create this error.
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

/// The logger of `log`, which passes each record to the interpreter that the thread is in.
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
