//! The settings of each interpreter, and its cached loggers and levels.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use log::{Level, LevelFilter, Log, SetLoggerError};
use pyatoll::interpreter::Interpreter;
use pyatoll::prelude::*;

use crate::Caching;

/// A target's logger, and the most verbose level that it is enabled for.
struct Cached {
    logger: Py<PyAny>,
    wanted: LevelFilter,
}

/// The settings of a [`Logger`](crate::Logger).
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) caching: Caching,
    pub(crate) filter: LevelFilter,
    pub(crate) filters: HashMap<String, LevelFilter>,
    pub(crate) prefix: Option<String>,
}

impl Settings {
    /// Returns the filter of a target: that of the longest prefix that has a filter.
    fn filter_of(&self, target: &str) -> LevelFilter {
        let mut name = target;
        loop {
            if let Some(filter) = self.filters.get(name) {
                return *filter;
            }
            match name.rsplit_once("::") {
                Some((above, _)) => name = above,
                None => return self.filter,
            }
        }
    }

    /// Returns the most verbose of all filters.
    fn most_verbose(&self) -> LevelFilter {
        let filters = self.filters.values().copied();
        filters.fold(self.filter, std::cmp::max)
    }

    /// Returns the name of the Python logger of a target.
    fn name(&self, target: &str) -> String {
        let name = target.replace("::", ".");
        match &self.prefix {
            Some(prefix) => format!("{prefix}.{name}"),
            None => name,
        }
    }
}

/// The settings of one interpreter.
pub(crate) struct Config {
    interpreter: Interpreter,
    settings: Settings,
    /// Whether the settings were copied from another interpreter, since this one has installed
    /// none.
    is_inherited: bool,
    /// By target. Cleared when the interpreter ends, because a handle that is left would keep its
    /// memory. Never locked while Python code runs.
    cache: Mutex<HashMap<String, Cached>>,
}

impl Config {
    pub(crate) fn new(interpreter: Interpreter, settings: Settings) -> Self {
        Self {
            interpreter,
            settings,
            is_inherited: false,
            cache: Mutex::default(),
        }
    }

    fn cache(&self) -> MutexGuard<'_, HashMap<String, Cached>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn reset(&self) {
        // Dropping a handle can run Python code, so the lock must be released first.
        drop(std::mem::take(&mut *self.cache()));
    }

    /// Returns whether Python has to be asked: whether the record passes the filters and, if there
    /// is one, the cached level.
    pub(crate) fn may_want(&self, target: &str, level: Level) -> bool {
        level <= self.settings.filter_of(target)
            && self
                .cache()
                .get(target)
                .is_none_or(|cached| level <= cached.wanted)
    }

    /// Returns the name of the Python logger of a target.
    pub(crate) fn name(&self, target: &str) -> String {
        self.settings.name(target)
    }

    /// Returns the logger of a target, from the cache if possible.
    pub(crate) fn logger<'py>(&self, py: Python<'py>, target: &str) -> PyResult<Bound<'py, PyAny>> {
        if let Some(cached) = self.cache().get(target) {
            return Ok(cached.logger.bind(py).clone());
        }
        let logger = py
            .import("logging")?
            .call_method1("getLogger", (self.name(target),))?;
        let wanted = match self.settings.caching {
            Caching::Nothing => return Ok(logger),
            Caching::Loggers => LevelFilter::Trace,
            Caching::LoggersAndLevels => wanted(&logger)?,
        };
        let cached = Cached {
            logger: logger.clone().unbind(),
            wanted,
        };
        // Another thread may have stored one, which must be dropped without the lock.
        let replaced = self.cache().insert(target.to_owned(), cached);
        drop(replaced);
        Ok(logger)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("interpreter", &self.interpreter)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Returns the number of a level in Python's `logging`.
pub(crate) fn number(level: Level) -> u8 {
    match level {
        Level::Error => 40,
        Level::Warn => 30,
        Level::Info => 20,
        Level::Debug => 10,
        Level::Trace => 5,
    }
}

/// Returns the most verbose level that a logger is enabled for.
fn wanted(logger: &Bound<'_, PyAny>) -> PyResult<LevelFilter> {
    for level in [
        Level::Trace,
        Level::Debug,
        Level::Info,
        Level::Warn,
        Level::Error,
    ] {
        if is_enabled_for(logger, level)? {
            return Ok(level.to_level_filter());
        }
    }
    Ok(LevelFilter::Off)
}

pub(crate) fn is_enabled_for(logger: &Bound<'_, PyAny>, level: Level) -> PyResult<bool> {
    let answer = logger.call_method1("isEnabledFor", (number(level),))?;
    answer.is_truthy()
}

/// The settings of all interpreters that have some, oldest first.
static CONFIGS: RwLock<Vec<Arc<Config>>> = RwLock::new(Vec::new());

/// Sets the logger of `log`, unless this was done before.
pub(crate) fn claim_log(logger: &'static dyn Log) -> Result<(), SetLoggerError> {
    static IS_OURS: OnceLock<bool> = OnceLock::new();
    let mut error = None;
    let is_ours = *IS_OURS.get_or_init(|| match log::set_logger(logger) {
        Ok(()) => true,
        Err(refused) => {
            error = Some(refused);
            false
        }
    });
    match error {
        Some(refused) => Err(refused),
        None if is_ours => Ok(()),
        // `log` refused before, so it returns the error again.
        None => log::set_logger(logger),
    }
}

/// Adds settings, which are removed when their interpreter ends. Returns `false` if it has ended,
/// or if it already has settings; inherited ones are replaced by others.
pub(crate) fn install(config: &Arc<Config>) -> bool {
    let removed = Arc::clone(config);
    let at_end = config.interpreter.at_end(move |_| remove(&removed));
    if at_end.is_err() {
        return false;
    }
    let mut all = CONFIGS.write().unwrap_or_else(PoisonError::into_inner);
    let mut same = all
        .iter_mut()
        .filter(|other| other.interpreter == config.interpreter);
    let replaced = match same.next() {
        Some(old) if old.is_inherited && !config.is_inherited => {
            Some(std::mem::replace(old, Arc::clone(config)))
        }
        Some(_) => return false,
        None => {
            all.push(Arc::clone(config));
            None
        }
    };
    set_max_level(&all);
    // The drop of the replaced settings drops handles, which must not happen under the lock.
    drop(all);
    drop(replaced);
    true
}

/// Removes settings, and drops their handles.
pub(crate) fn remove(config: &Arc<Config>) {
    let mut all = CONFIGS.write().unwrap_or_else(PoisonError::into_inner);
    all.retain(|other| !Arc::ptr_eq(other, config));
    set_max_level(&all);
    drop(all);
    config.reset();
}

fn set_max_level(all: &[Arc<Config>]) {
    let levels = all.iter().map(|config| config.settings.most_verbose());
    log::set_max_level(levels.max().unwrap_or(LevelFilter::Off));
}

fn find(all: &[Arc<Config>], interpreter: Interpreter) -> Option<&Arc<Config>> {
    all.iter().find(|config| config.interpreter == interpreter)
}

/// Returns whether a record may be wanted in the interpreter that this thread is in. Does not
/// attach; if the thread is detached, all interpreters are considered.
pub(crate) fn may_want(target: &str, level: Level) -> bool {
    let all = CONFIGS.read().unwrap_or_else(PoisonError::into_inner);
    match Interpreter::current() {
        Some(current) => match (find(&all, current), all.first()) {
            (Some(config), _) => config.may_want(target, level),
            (None, Some(first)) => level <= first.settings.filter_of(target),
            (None, None) => false,
        },
        // Detached: its interpreter is only known once it attaches again.
        None => all.iter().any(|config| config.may_want(target, level)),
    }
}

/// Returns the settings of the token's interpreter. If it has none, it gets a copy of those that
/// were installed first.
pub(crate) fn of(py: Python<'_>) -> Option<Arc<Config>> {
    let interpreter = py.interpreter();
    let found = || {
        let all = CONFIGS.read().unwrap_or_else(PoisonError::into_inner);
        let first = || Some(all.first()?.settings.clone());
        find(&all, interpreter).cloned().ok_or_else(first)
    };
    let settings = match found() {
        Ok(config) => return Some(config),
        Err(first) => first?,
    };
    install(&Arc::new(Config {
        is_inherited: true,
        ..Config::new(interpreter, settings)
    }));
    // Another thread may have installed settings first.
    found().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(filter: LevelFilter, filters: &[(&str, LevelFilter)]) -> Settings {
        let filters = filters
            .iter()
            .map(|(target, filter)| ((*target).to_owned(), *filter));
        Settings {
            caching: Caching::default(),
            filter,
            filters: filters.collect(),
            prefix: None,
        }
    }

    #[test]
    fn the_filter_of_the_longest_prefix_applies() {
        let settings = settings(
            LevelFilter::Warn,
            &[
                ("app", LevelFilter::Debug),
                ("app::net", LevelFilter::Trace),
            ],
        );
        for (target, expected) in [
            ("other", LevelFilter::Warn),
            ("application", LevelFilter::Warn),
            ("app", LevelFilter::Debug),
            ("app::disk", LevelFilter::Debug),
            ("app::net", LevelFilter::Trace),
            ("app::net::tls::record", LevelFilter::Trace),
        ] {
            assert_eq!(settings.filter_of(target), expected, "{target}");
        }
        assert_eq!(settings.most_verbose(), LevelFilter::Trace);
    }

    #[test]
    fn a_prefix_becomes_part_of_the_name() {
        let mut settings = settings(LevelFilter::Warn, &[]);
        assert_eq!(settings.name("a::b"), "a.b");
        settings.prefix = Some("app.core".to_owned());
        assert_eq!(settings.name("a::b"), "app.core.a.b");
    }
}
